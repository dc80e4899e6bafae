//! Window functions.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_window::{cume_dist, lead_lag, nth_value, ntile, rank, row_number};
use datafusion::logical_expr::expr::{NullTreatment, Sort, WindowFunction};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
    WindowUDF,
};
use sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArguments, NullTreatment as AstNullTreatment, WindowFrame as AstFrame,
    WindowFrameBound as AstBound, WindowFrameUnits as AstUnits, WindowSpec, WindowType,
};

use super::aggregation::sort_key;
use super::function::plain_arguments;
use super::scope::Scope;
use super::{Analyzer, Typed, place};
use crate::aggregates;
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::types::Type;

impl Analyzer<'_> {
    pub(super) fn window_function(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Typed> {
        let Some(WindowType::WindowSpec(window)) = &call.over else {
            return Err(Error::new(Code::InvalidWindowFrame, "This window has no definition"));
        };
        let (definition, arguments, of) = match self.ranking(name, call, scope)? {
            Some((udwf, arguments, of)) => (WindowFunctionDefinition::WindowUDF(udwf), arguments, of),
            None if aggregates::is_aggregate(name) => {
                if call.filter.is_some() {
                    return Err(Error::new(Code::NotSupported, "Window function with FILTER is not supported"));
                }
                if let FunctionArguments::List(list) = &call.args
                    && list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
                {
                    return Err(Error::new(
                        Code::NotSupported,
                        "DISTINCT in window function parameters not yet supported",
                    ));
                }
                let called = self.aggregate_call(name, call, scope)?;
                let (udaf, _) = called.aggregation.udaf(false, &[]);
                (WindowFunctionDefinition::AggregateUDF(udaf), called.arguments, called.aggregation.returns)
            }
            None => {
                let known = crate::functions::all().contains_key(name);
                let code = if known { Code::FunctionNotWindow } else { Code::FunctionNotFound };
                return Err(Error::new(code, format!("Function '{name}' is not a window function")));
            }
        };
        for argument in &arguments {
            if argument.exists(|part| Ok(matches!(part, Expr::WindowFunction(_))))? {
                return Err(Error::new(Code::NestedWindow, "Cannot nest window functions"));
            }
        }
        let partition_by = window
            .partition_by
            .iter()
            .map(|ast| {
                let key = self.expression(ast, scope)?;
                Ok(comparison::sort_key(key.expr, &key.of))
            })
            .collect::<Result<Vec<_>>>()?;
        let order_by = window
            .order_by
            .iter()
            .map(|key| {
                let value = self.expression(&key.expr, scope)?;
                sort_key(value, key)
            })
            .collect::<Result<Vec<Sort>>>()?;
        let frame = self.frame(name, window, !order_by.is_empty(), scope)?;
        let nulls = match call.null_treatment {
            Some(AstNullTreatment::IgnoreNulls) => Some(NullTreatment::IgnoreNulls),
            Some(AstNullTreatment::RespectNulls) | None => None,
        };
        let mut function = WindowFunction::new(definition, arguments);
        function.params.partition_by = partition_by;
        function.params.order_by = order_by;
        function.params.window_frame = frame;
        function.params.null_treatment = nulls;
        Ok(self.leaf(Expr::WindowFunction(Box::new(function)), of))
    }

    /// Functions that exist for windows only, with their arguments as the engine takes them.
    fn ranking(
        &self,
        name: &str,
        call: &Function,
        scope: &Scope<'_>,
    ) -> Result<Option<(Arc<WindowUDF>, Vec<Expr>, Type)>> {
        let arguments = || {
            let asts = plain_arguments(call)?;
            asts.into_iter().map(|ast| self.expression(ast, scope)).collect::<Result<Vec<Typed>>>()
        };
        let none = |udwf: Arc<WindowUDF>, of: Type| match arguments()?.as_slice() {
            [] => Ok(Some((udwf, Vec::new(), of))),
            _ => Err(Error::new(Code::FunctionNotFound, format!("{name} takes no arguments"))),
        };
        match name {
            "row_number" => none(row_number::row_number_udwf(), Type::Bigint),
            "rank" => none(rank::rank_udwf(), Type::Bigint),
            "dense_rank" => none(rank::dense_rank_udwf(), Type::Bigint),
            "percent_rank" => none(rank::percent_rank_udwf(), Type::Double),
            "cume_dist" => none(cume_dist::cume_dist_udwf(), Type::Double),
            "ntile" => match <[Typed; 1]>::try_from(arguments()?) {
                Ok([buckets]) => {
                    let buckets = self.positive(buckets, "Buckets must be greater than 0")?;
                    Ok(Some((ntile::ntile_udwf(), vec![buckets], Type::Bigint)))
                }
                Err(_) => Err(Error::new(Code::FunctionNotFound, "ntile takes the number of buckets")),
            },
            "lag" | "lead" => {
                let udwf = if name == "lag" { lead_lag::lag_udwf() } else { lead_lag::lead_udwf() };
                let mut arguments = arguments()?.into_iter();
                let Some(value) = arguments.next() else {
                    return Err(Error::new(Code::FunctionNotFound, format!("{name} takes a value")));
                };
                let of = value.of.clone();
                let mut given = vec![value.expr];
                if let Some(offset) = arguments.next() {
                    given.push(self.coerce(offset, &Type::Bigint)?);
                }
                if let Some(default) = arguments.next() {
                    given.push(self.coerce(default, &of)?);
                }
                Ok(Some((udwf, given, of)))
            }
            "first_value" | "last_value" => {
                let udwf = match name {
                    "first_value" => nth_value::first_value_udwf(),
                    _ => nth_value::last_value_udwf(),
                };
                match <[Typed; 1]>::try_from(arguments()?) {
                    Ok([value]) => Ok(Some((udwf, vec![value.expr], value.of))),
                    Err(_) => Err(Error::new(Code::FunctionNotFound, format!("{name} takes one value"))),
                }
            }
            "nth_value" => match <[Typed; 2]>::try_from(arguments()?) {
                Ok([value, offset]) => {
                    let offset = self.positive(offset, "Offset must be at least 1")?;
                    Ok(Some((nth_value::nth_value_udwf(), vec![value.expr, offset], value.of)))
                }
                Err(_) => Err(Error::new(Code::FunctionNotFound, "nth_value takes a value and an offset")),
            },
            _ => Ok(None),
        }
    }

    fn positive(&self, number: Typed, otherwise: &str) -> Result<Expr> {
        let number = self.coerce(number, &Type::Bigint)?;
        match &number {
            Expr::Literal(ScalarValue::Int64(Some(value)), _) if *value <= 0 => Err(Error::invalid_argument(otherwise)),
            _ => Ok(number),
        }
    }

    fn frame(&self, name: &str, window: &WindowSpec, ordered: bool, scope: &Scope<'_>) -> Result<WindowFrame> {
        let Some(frame) = &window.window_frame else {
            return Ok(WindowFrame::new(ordered.then_some(false)));
        };
        let units = match frame.units {
            AstUnits::Rows => WindowFrameUnits::Rows,
            AstUnits::Range => WindowFrameUnits::Range,
            AstUnits::Groups => WindowFrameUnits::Groups,
        };
        if !ordered && units != WindowFrameUnits::Rows && has_offset(frame) {
            return Err(Error::new(Code::MissingOrderBy, format!("Window frame of {name} needs an ORDER BY")));
        }
        let end = frame.end_bound.clone().unwrap_or(AstBound::CurrentRow);
        let (start, end) = (self.bound(&frame.start_bound, units, scope)?, self.bound(&end, units, scope)?);
        match (&frame.start_bound, frame.end_bound.as_ref()) {
            (AstBound::Following(None), _) => {
                return Err(Error::new(Code::InvalidWindowFrame, "Window frame start cannot be UNBOUNDED FOLLOWING"));
            }
            (_, Some(AstBound::Preceding(None))) => {
                return Err(Error::new(Code::InvalidWindowFrame, "Window frame end cannot be UNBOUNDED PRECEDING"));
            }
            (AstBound::CurrentRow, Some(AstBound::Preceding(_)))
            | (AstBound::Following(_), Some(AstBound::Preceding(_) | AstBound::CurrentRow)) => {
                return Err(Error::new(Code::InvalidWindowFrame, "Window frame starts after it ends"));
            }
            _ => {}
        }
        Ok(WindowFrame::new_bounds(units, start, end))
    }

    fn bound(&self, bound: &AstBound, units: WindowFrameUnits, scope: &Scope<'_>) -> Result<WindowFrameBound> {
        let offset = |offset: &Option<Box<sqlparser::ast::Expr>>| -> Result<ScalarValue> {
            let Some(ast) = offset else { return Ok(ScalarValue::UInt64(None)) };
            let value = self.expression(ast, scope)?;
            match (units, value.expr) {
                (WindowFrameUnits::Rows | WindowFrameUnits::Groups, Expr::Literal(literal, _)) => {
                    let number = literal.to_array()?;
                    match crate::value::Values::new(&number, &value.of).get(0) {
                        crate::value::Value::Int(rows) if rows >= 0 => Ok(ScalarValue::UInt64(Some(rows as u64))),
                        _ => Err(Error::new(
                            Code::InvalidWindowFrame,
                            "Window frame offset value must not be negative or null",
                        )
                        .at(place(ast.as_ref()))),
                    }
                }
                (WindowFrameUnits::Range, Expr::Literal(literal, _)) if value.of.is_numeric() => Ok(literal),
                _ => Err(Error::not_here("This offset of a window frame").at(place(ast.as_ref()))),
            }
        };
        Ok(match bound {
            AstBound::CurrentRow => WindowFrameBound::CurrentRow,
            AstBound::Preceding(rows) => WindowFrameBound::Preceding(offset(rows)?),
            AstBound::Following(rows) => WindowFrameBound::Following(offset(rows)?),
        })
    }

    /// Computes the window functions among the expressions, which become columns.
    pub(super) fn windows(&self, mut plan: LogicalPlan, values: Vec<Typed>) -> Result<(LogicalPlan, Vec<Typed>)> {
        let mut functions: Vec<Expr> = Vec::new();
        for value in &values {
            value.expr.apply(|part| {
                if matches!(part, Expr::WindowFunction(_)) {
                    if !functions.contains(part) {
                        functions.push(part.clone());
                    }
                    return Ok(TreeNodeRecursion::Jump);
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        if functions.is_empty() {
            return Ok((plan, values));
        }
        // What a window function reads becomes a column first, so that two functions never share a name.
        let mut inputs: Vec<(Expr, String)> = Vec::new();
        let mut replaced: Vec<(Expr, Column)> = Vec::new();
        let mut bare = Vec::with_capacity(functions.len());
        for function in functions {
            let Expr::WindowFunction(mut window) = function.clone() else { continue };
            let mut column = |expr: Expr| {
                if matches!(expr, Expr::Column(_) | Expr::Literal(..)) {
                    return expr;
                }
                let symbol = match inputs.iter().find(|(known, _)| *known == expr) {
                    Some((_, symbol)) => symbol.clone(),
                    None => {
                        let symbol = self.symbol("window_input");
                        inputs.push((expr, symbol.clone()));
                        symbol
                    }
                };
                Expr::Column(Column::from_name(symbol))
            };
            window.params.args = window.params.args.into_iter().map(&mut column).collect();
            window.params.partition_by = window.params.partition_by.into_iter().map(&mut column).collect();
            for key in &mut window.params.order_by {
                key.expr = column(key.expr.clone());
            }
            let bared = Expr::WindowFunction(window);
            replaced.push((function, Column::from_name(bared.schema_name().to_string())));
            if !bare.contains(&bared) {
                bare.push(bared);
            }
        }
        if !inputs.is_empty() {
            let all = plan.schema().columns().into_iter().map(Expr::Column);
            let computed = inputs.into_iter().map(|(expr, symbol)| expr.alias(symbol));
            plan = LogicalPlanBuilder::from(plan.clone()).project(all.chain(computed))?.build()?;
        }
        let plan = LogicalPlanBuilder::window_plan(plan, bare)?;
        let values = values
            .into_iter()
            .map(|value| {
                let rewritten = value.expr.transform_down(|expr| {
                    match replaced.iter().find(|(function, _)| *function == expr) {
                        Some((_, column)) => {
                            // Some functions count in another width than Trino's.
                            let counts = *plan.schema().as_arrow().field_with_name(&column.name)?.data_type()
                                == DataType::UInt64;
                            let expr = Expr::Column(column.clone());
                            let expr =
                                if counts { datafusion::logical_expr::cast(expr, DataType::Int64) } else { expr };
                            Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump))
                        }
                        None => Ok(Transformed::no(expr)),
                    }
                })?;
                Ok(Typed::new(rewritten.data, value.of))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((plan, values))
    }
}

fn has_offset(frame: &AstFrame) -> bool {
    let offset = |bound: &AstBound| matches!(bound, AstBound::Preceding(Some(_)) | AstBound::Following(Some(_)));
    offset(&frame.start_bound) || frame.end_bound.as_ref().is_some_and(offset)
}
