//! `UNNEST`: arrays and maps as rows.

use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use sqlparser::ast::{Expr as Ast, TableAlias};

use super::relation::aliased;
use super::scope::{Field, Relation, Scope};
use super::{Analyzer, Typed};
use crate::error::{Code, Error, Result};
use crate::functions::{lengthen_kernel, map_parts_kernel, ordinals_kernel};
use crate::types::Type;
use crate::udf::Udf;

impl Analyzer<'_> {
    /// Rows of the left relation beside the elements of the arrays, which may read it. With `outer`, rows without
    /// elements stay.
    pub(super) fn unnest(
        &self,
        left: Relation,
        arrays: &[Ast],
        ordinality: bool,
        alias: Option<&TableAlias>,
        outer: bool,
        scope: &Scope<'_>,
    ) -> Result<Relation> {
        let inside = scope.with_fields(left.fields.clone());
        // Lists side by side, and what their elements become.
        let mut lists: Vec<Typed> = Vec::new();
        let mut fields: Vec<(usize, Option<usize>, Option<String>, Type)> = Vec::new();
        for ast in arrays {
            let value = self.expression(ast, &inside)?;
            match value.of.clone() {
                Type::Array(element) => {
                    let at = lists.len();
                    match element.as_ref() {
                        Type::Row(columns) => {
                            for (place, (name, of)) in columns.iter().enumerate() {
                                fields.push((at, Some(place), name.clone(), of.clone()));
                            }
                        }
                        element => fields.push((at, None, None, element.clone())),
                    }
                    lists.push(value);
                }
                Type::Map(key, item) => {
                    let part = |of: Type, place: i64| {
                        let of = Type::array(of);
                        let types = vec![value.of.clone(), Type::Bigint];
                        let part = datafusion::logical_expr::lit(place);
                        let udf = Udf::new("map_part", map_parts_kernel, types, of.clone());
                        Typed::new(udf.on(vec![value.expr.clone(), part]), of)
                    };
                    for (of, place) in [(*key, 0), (*item, 1)] {
                        fields.push((lists.len(), None, None, of.clone()));
                        lists.push(part(of, place));
                    }
                }
                other => {
                    let message = format!("Cannot unnest type: {other}");
                    return Err(Error::new(Code::InvalidFunctionArgument, message).at(super::place(ast)));
                }
            }
        }
        if ordinality {
            let types = lists.iter().map(|list| list.of.clone()).collect();
            let of = Type::array(Type::Bigint);
            let udf = Udf { strict: false, ..Udf::new("ordinals", ordinals_kernel, types, of.clone()) };
            let ordinals = udf.on(lists.iter().map(|list| list.expr.clone()).collect());
            fields.push((lists.len(), None, None, Type::Bigint));
            lists.push(Typed::new(ordinals, of));
        }
        let symbols: Vec<String> = lists.iter().map(|_| self.symbol("unnest")).collect();
        let kept = left.fields.iter().map(|field| Expr::Column(field.column.clone()));
        let computed = lists.into_iter().zip(&symbols).map(|(list, symbol)| {
            let list = if outer {
                // A row without elements is one with an element that is null.
                let udf =
                    Udf { strict: false, ..Udf::new("lengthen", lengthen_kernel, vec![list.of.clone()], list.of) };
                udf.on(vec![list.expr])
            } else {
                list.expr
            };
            list.alias(symbol)
        });
        let expressions: Vec<Expr> = kept.chain(computed).collect();
        let columns = symbols.iter().map(Column::from_name).collect();
        let options = UnnestOptions::new().with_preserve_nulls(outer);
        let plan = LogicalPlanBuilder::from(left.plan)
            .project(expressions)?
            .unnest_columns_with_options(columns, options)?
            .build()?;
        // Elements that are rows give their fields.
        let mut expressions: Vec<Expr> = left.fields.iter().map(|field| Expr::Column(field.column.clone())).collect();
        let mut unnested = Vec::with_capacity(fields.len());
        for (list, place, name, of) in fields {
            let symbol = self.symbol("element");
            let element = Expr::Column(Column::from_name(&symbols[list]));
            let element = match place {
                Some(place) => datafusion::functions::core::expr_fn::get_field(element, format!("f{place}")),
                None => element,
            };
            expressions.push(element.alias(&symbol));
            unnested.push(Field { qualifier: Vec::new(), name, column: Column::from_name(symbol), of, hidden: false });
        }
        let plan = LogicalPlanBuilder::from(plan).project(expressions)?.build()?;
        let right = aliased(Relation { plan: plan.clone(), fields: unnested }, alias)?;
        Ok(Relation { plan, fields: [left.fields, right.fields].concat() })
    }
}
