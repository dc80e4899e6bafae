//! Expressions.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::Case as CaseExpr;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use sqlparser::ast::{AccessExpr, BinaryOperator, CaseWhen, CastKind, Expr as Ast, Ident, Subscript, UnaryOperator};

use super::conversion::as_bound;
use super::known::check_comparison;
use super::literal::{constant, number_literal};
use super::row_pattern::Mode;
use super::scope::{Found, Scope};
use super::{Analyzer, Typed, folded, place};
use crate::coercion::{can_coerce, common_type, common_type_of};
use crate::comparison::{self, Comparison};
use crate::error::{Code, Error, Result};
use crate::short_circuit::may_fail;
use crate::types::Type;
use crate::udf::Udf;
use crate::value::Value;

/// Expressions that are looked at for one statement, those of lambdas and subqueries as often as they are.
const MOST_LOOKS: usize = 2_000_000;
/// Parts of an expression, times how often it stands in the plan.
const MOST_COPIED: usize = 100_000;

impl Analyzer<'_> {
    pub(super) fn expression(&self, ast: &Ast, scope: &Scope<'_>) -> Result<Typed> {
        self.looked.set(self.looked.get() + 1);
        if self.looked.get() > MOST_LOOKS {
            return Err(Error::too_complex("What these lambdas and subqueries do within each other"));
        }
        self.expression_unplaced(ast, scope).map_err(|error| error.at(place(ast)))
    }

    fn expression_unplaced(&self, ast: &Ast, scope: &Scope<'_>) -> Result<Typed> {
        match ast {
            Ast::Nested(inner) => self.expression(inner, scope),
            Ast::Value(value) => self.literal(&value.value),
            Ast::TypedString(literal) => self.typed_string(literal),
            Ast::Interval(interval) => self.interval(interval),
            Ast::Identifier(name) => self.name(std::slice::from_ref(name), scope),
            Ast::CompoundIdentifier(parts) => self.name(parts, scope),
            Ast::CompoundFieldAccess { root, access_chain } => {
                // `t.a[1]`: what is dotted is a name first.
                let mut parts = match root.as_ref() {
                    Ast::Identifier(name) => vec![name.clone()],
                    Ast::CompoundIdentifier(parts) => parts.clone(),
                    _ => Vec::new(),
                };
                let dotted = access_chain.iter().map_while(|access| match access {
                    AccessExpr::Dot(Ast::Identifier(name)) if !parts.is_empty() => Some(name.clone()),
                    _ => None,
                });
                let dotted: Vec<Ident> = dotted.collect();
                let rest = &access_chain[dotted.len()..];
                parts.extend(dotted);
                let mut value = match parts.is_empty() {
                    true => self.expression(root, scope)?,
                    false => self.name(&parts, scope)?,
                };
                for access in rest {
                    value = match access {
                        AccessExpr::Dot(Ast::Identifier(name)) => self.row_field(value, name)?,
                        AccessExpr::Subscript(Subscript::Index { index }) => {
                            let index = self.expression(index, scope)?;
                            self.subscript(value, index)?
                        }
                        other => return Err(Error::not_here(format!("The access {other}"))),
                    };
                }
                Ok(value)
            }
            Ast::UnaryOp { op, expr } => self.unary(*op, expr, scope),
            Ast::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            Ast::IsNull(expr) => self.is_null(expr, scope, true),
            Ast::IsNotNull(expr) => self.is_null(expr, scope, false),
            Ast::IsDistinctFrom(a, b) => self.distinct_from(a, b, scope, true),
            Ast::IsNotDistinctFrom(a, b) => self.distinct_from(a, b, scope, false),
            Ast::Between { expr, negated, low, high } => self.between(expr, low, high, *negated, scope),
            Ast::InList { expr, list, negated } => self.in_list(expr, list, *negated, scope),
            Ast::InSubquery { expr, subquery, negated } => self.in_subquery(expr, subquery, *negated, scope),
            Ast::Exists { subquery, negated } => self.exists(subquery, *negated, scope),
            Ast::Subquery(query) => self.scalar_subquery(query, scope),
            Ast::AnyOp { left, compare_op, right, .. } => self.quantified(left, compare_op, right, false, scope),
            Ast::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, true, scope),
            Ast::Like { negated, any: false, expr, pattern, escape_char } => {
                let value = self.expression(expr, scope)?;
                let pattern = self.expression(pattern, scope)?;
                let escape = match escape_char {
                    Some(escape) => Some(self.literal(&escape.value)?),
                    None => None,
                };
                let like = self.like(value, pattern, escape)?;
                Ok(boolean(if *negated { Expr::Not(Box::new(like)) } else { like }))
            }
            Ast::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), scope)
            }
            Ast::Cast { kind, expr, data_type, format: None, .. } => {
                let to = Type::parse(&data_type.to_string())?;
                let value = self.expression(expr, scope);
                match kind {
                    CastKind::Cast => self.cast(value?, &to),
                    CastKind::TryCast => self.attempt_cast(value?, &to),
                    CastKind::SafeCast | CastKind::DoubleColon => {
                        Err(Error::new(Code::SyntaxError, "Write CAST(value AS type)"))
                    }
                }
            }
            Ast::AtTimeZone { timestamp, time_zone } => {
                let time = self.expression(timestamp, scope)?;
                let zone = self.expression(time_zone, scope)?;
                self.at_time_zone(time, zone)
            }
            Ast::Extract { field, expr, .. } => {
                let value = self.expression(expr, scope)?;
                self.extract(&field.to_string(), value)
            }
            Ast::Ceil { expr, .. } => {
                let value = self.expression(expr, scope)?;
                self.call("ceiling", vec![value])
            }
            Ast::Floor { expr, .. } => {
                let value = self.expression(expr, scope)?;
                self.call("floor", vec![value])
            }
            Ast::Position { expr, r#in } => {
                let (part, whole) = (self.expression(expr, scope)?, self.expression(r#in, scope)?);
                self.call("strpos", vec![whole, part])
            }
            Ast::Substring { expr, substring_from, substring_for, special, shorthand } => {
                let mut arguments = vec![self.expression(expr, scope)?];
                for bound in [substring_from, substring_for].into_iter().flatten() {
                    arguments.push(self.expression(bound, scope)?);
                }
                // `FROM` and `FOR` say `substr`; as a function, `substring` does not know bytes.
                self.call(if *special && !*shorthand { "substring" } else { "substr" }, arguments)
            }
            Ast::Trim { expr, trim_where, trim_what, trim_characters } => {
                let name = match trim_where {
                    None | Some(sqlparser::ast::TrimWhereField::Both) => "trim",
                    Some(sqlparser::ast::TrimWhereField::Leading) => "ltrim",
                    Some(sqlparser::ast::TrimWhereField::Trailing) => "rtrim",
                };
                let mut arguments = vec![self.expression(expr, scope)?];
                if let Some(what) = trim_what {
                    arguments.push(self.expression(what, scope)?);
                }
                for what in trim_characters.iter().flatten() {
                    arguments.push(self.expression(what, scope)?);
                }
                self.call(name, arguments)
            }
            Ast::Tuple(items) => {
                let items = items.iter().map(|item| self.expression(item, scope)).collect::<Result<Vec<_>>>()?;
                self.row(items)
            }
            Ast::Array(array) => {
                let items = array.elem.iter().map(|item| self.expression(item, scope)).collect::<Result<Vec<_>>>()?;
                self.array(items)
            }
            Ast::Function(function) => self.function(function, None, scope),
            Ast::Prefixed { prefix, value } => match (Mode::of(prefix), value.as_ref()) {
                (Some(mode), Ast::Function(function)) => self.function(function, Some(mode), scope),
                _ => Err(Error::not_here(format!("The expression {ast}"))),
            },
            Ast::Lambda(_) => {
                Err(Error::type_mismatch("A lambda can only be an argument of a function that takes one"))
            }
            Ast::IsTrue(_)
            | Ast::IsFalse(_)
            | Ast::IsNotTrue(_)
            | Ast::IsNotFalse(_)
            | Ast::IsUnknown(_)
            | Ast::IsNotUnknown(_) => Err(Error::new(Code::SyntaxError, "Trino knows IS NULL and IS NOT NULL only")),
            other => Err(Error::not_here(format!("The expression {other}"))),
        }
    }

    fn name(&self, parts: &[Ident], scope: &Scope<'_>) -> Result<Typed> {
        if let Some(matching) = scope.matching {
            return self.column_of_match(parts, matching, scope);
        }
        // The longest name that is a column; what follows are fields of a row.
        for length in (1..=parts.len()).rev() {
            let (name, fields) = parts.split_at(length);
            let Some(found) = scope.find(name)? else { continue };
            let mut value = match found {
                Found::Here(field) => self.column(field.column, field.of),
                Found::Parameter(symbol, of) => self.column(datafusion::common::Column::from_name(symbol), of),
                Found::Outer(field) => {
                    let stored = self.stored.borrow().get(&Expr::Column(field.column.clone())).cloned();
                    let arrow = stored.clone().unwrap_or_else(|| field.of.arrow());
                    let arrow = datafusion::arrow::datatypes::Field::new(&field.column.name, arrow, true);
                    let outer = Expr::OuterReferenceColumn(arrow.into(), field.column);
                    if let Some(stored) = stored {
                        self.stored.borrow_mut().insert(outer.clone(), stored);
                    }
                    self.stored_value(outer, field.of)
                }
            };
            for field in fields {
                value = self.row_field(value, field)?;
            }
            return Ok(value);
        }
        let name: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        Err(Error::new(Code::ColumnNotFound, format!("Column '{}' cannot be resolved", name.join("."))))
    }

    fn row_field(&self, value: Typed, name: &Ident) -> Result<Typed> {
        let Type::Row(fields) = &value.of else {
            return Err(Error::type_mismatch(format!("Expression of type {} is not of type ROW", value.of)));
        };
        let name = folded(name);
        let mut matching = fields
            .iter()
            .enumerate()
            .filter(|(_, (known, _))| known.as_ref().is_some_and(|known| known.to_lowercase() == name));
        match (matching.next(), matching.next()) {
            (Some((at, (_, of))), None) => {
                let of = of.clone();
                self.field_at(value, at, of)
            }
            (Some(_), Some(_)) => {
                Err(Error::new(Code::AmbiguousName, format!("Ambiguous row field reference: {name}")))
            }
            (None, _) => Err(Error::new(Code::ColumnNotFound, format!("Column '{name}' cannot be resolved"))),
        }
    }

    /// The field of a row by its place, from 0.
    pub(super) fn field_at(&self, row: Typed, at: usize, of: Type) -> Result<Typed> {
        if let Expr::ScalarFunction(function) = &row.expr
            && function.func.name() == "row"
            && let Some(field) = function.args.get(at)
            && !super::aggregation::contains_aggregate(&row.expr)?
        {
            return Ok(Typed::new(field.clone(), of));
        }
        if let Expr::ScalarFunction(function) = &row.expr
            && function.func.name() == "ingest"
            && let [whole] = function.args.as_slice()
        {
            let stored = self.stored.borrow().get(whole).cloned();
            if let Some(DataType::Struct(fields)) = stored
                && let Some(field) = fields.get(at)
            {
                let part = datafusion::functions::core::expr_fn::get_field(whole.clone(), field.name().as_str());
                if *field.data_type() == of.arrow() && !matches!(of, Type::Char(_)) {
                    return Ok(Typed::new(part, of));
                }
                self.stored.borrow_mut().insert(part.clone(), field.data_type().clone());
                return Ok(self.stored_value(part, of));
            }
        }
        Ok(Typed::new(datafusion::functions::core::expr_fn::get_field(row.expr, format!("f{at}")), of))
    }

    fn subscript(&self, value: Typed, index: Typed) -> Result<Typed> {
        let Type::Row(fields) = &value.of else {
            let (of, index_of) = (value.of.clone(), index.of.clone());
            return self.call("[]", vec![value, index]).map_err(|error| match error.code {
                Code::FunctionNotFound => Error::type_mismatch(format!("Cannot use {index_of} for subscript of {of}")),
                _ => error,
            });
        };
        let at = match &index.expr {
            Expr::Literal(ScalarValue::Int32(Some(at)), _) => usize::try_from(*at).ok(),
            Expr::Literal(ScalarValue::Int64(Some(at)), _) => usize::try_from(*at).ok(),
            _ => {
                return Err(Error::new(
                    Code::ExpressionNotConstant,
                    "Subscript expression on ROW requires a constant index",
                ));
            }
        };
        match at.and_then(|at| Some((at.checked_sub(1)?, fields.get(at.checked_sub(1)?)?.1.clone()))) {
            Some((at, of)) => self.field_at(value, at, of),
            None => Err(Error::invalid_argument("ROW index out of bounds")),
        }
    }

    fn unary(&self, op: UnaryOperator, operand: &Ast, scope: &Scope<'_>) -> Result<Typed> {
        match op {
            UnaryOperator::Minus => {
                if let Ast::Value(value) = operand
                    && let sqlparser::ast::Value::Number(number, _) = &value.value
                {
                    return number_literal(number, true);
                }
                let value = self.expression(operand, scope)?;
                let of = value.of.clone();
                // Two signs are none, so the least integer may have both.
                if let Expr::ScalarFunction(call) = &value.expr
                    && call.func.name() == "negate"
                    && let [negated] = call.args.as_slice()
                {
                    return Ok(Typed::new(negated.clone(), of));
                }
                self.call("negate", vec![value]).map_err(|error| match error.code {
                    Code::FunctionNotFound => Error::type_mismatch(format!("Cannot negate {of}")),
                    _ => error,
                })
            }
            UnaryOperator::Plus => {
                let value = self.expression(operand, scope)?;
                if value.of.is_numeric() { Ok(value) } else { Err(Error::type_mismatch("Unary '+' needs a number")) }
            }
            UnaryOperator::Not => {
                let value = self.condition(operand, scope, "Value of logical NOT expression")?;
                Ok(boolean(Expr::Not(Box::new(value))))
            }
            other => Err(Error::new(Code::SyntaxError, format!("Trino has no operator {other}"))),
        }
    }

    /// A boolean.
    pub(super) fn condition(&self, ast: &Ast, scope: &Scope<'_>, what: &str) -> Result<Expr> {
        let value = self.expression(ast, scope)?;
        if !can_coerce(&value.of, &Type::Boolean) {
            let message = format!("{what} must evaluate to a boolean (actual: {})", value.of);
            return Err(Error::type_mismatch(message).at(place(ast)));
        }
        self.coerce(value, &Type::Boolean)
    }

    fn binary(&self, left: &Ast, op: &BinaryOperator, right: &Ast, scope: &Scope<'_>) -> Result<Typed> {
        let logical = match op {
            BinaryOperator::And => Some(Operator::And),
            BinaryOperator::Or => Some(Operator::Or),
            _ => None,
        };
        if let Some(logical) = logical {
            // A long chain leans to the left; it is walked in a loop.
            let mut operands = vec![right];
            let mut rest = left;
            while let Ast::BinaryOp { left, op: inner, right } = rest
                && inner == op
            {
                operands.push(right);
                rest = left;
            }
            operands.push(rest);
            let mut result: Option<Expr> = None;
            for operand in operands.into_iter().rev() {
                let next = self.condition(operand, scope, "Logical expression term")?;
                result = Some(match result {
                    Some(before) => Expr::BinaryExpr(BinaryExpr::new(Box::new(before), logical, Box::new(next))),
                    None => next,
                });
            }
            return result.map(boolean).ok_or_else(|| Error::new(Code::SyntaxError, "An operand is missing"));
        }
        let a = self.expression(left, scope)?;
        let b = self.expression(right, scope)?;
        if let Some(comparison) = Comparison::of(op) {
            check_comparison(&a, &b, !scope.parameters.is_empty())?;
            return self.compare(a, comparison, b).map(boolean);
        }
        let name = match op {
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Modulo => "%",
            BinaryOperator::StringConcat => "concat",
            other => return Err(Error::new(Code::SyntaxError, format!("Trino has no operator {other}"))),
        };
        let types = (a.of.clone(), b.of.clone());
        self.call(name, vec![a, b]).map_err(|error| match error.code {
            Code::FunctionNotFound if name != "concat" => {
                Error::type_mismatch(format!("Cannot apply operator: {} {name} {}", types.0, types.1))
            }
            _ => error,
        })
    }

    fn case(
        &self,
        operand: Option<&Ast>,
        conditions: &[CaseWhen],
        otherwise: Option<&Ast>,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let whens = match operand {
            None => {
                let conditions = conditions.iter().map(|when| &when.condition);
                conditions.map(|when| self.condition(when, scope, "CASE WHEN clause")).collect::<Result<Vec<_>>>()?
            }
            Some(operand) => {
                let operand = self.expression(operand, scope)?;
                let values = conditions.iter().map(|when| self.expression(&when.condition, scope));
                let values = values.map(|value| as_bound(value?, &operand.of)).collect::<Result<Vec<_>>>()?;
                // One type for all.
                let mut of = operand.of.clone();
                for (value, when) in values.iter().zip(conditions) {
                    of = common_type(&of, &value.of).ok_or_else(|| {
                        let message = "CASE operand type does not match WHEN clause operand type";
                        Error::type_mismatch(format!("{message}: {of} vs {}", value.of)).at(place(&when.condition))
                    })?;
                }
                let operand = self.repeated(self.coerce(operand, &of)?, values.len())?;
                let equal = |value: Typed| {
                    let value = self.coerce(value, &of)?;
                    comparison::expression(operand.clone(), Comparison::Equal, value, &of)
                };
                values.into_iter().map(equal).collect::<Result<Vec<_>>>()?
            }
        };
        let results = conditions.iter().map(|when| self.expression(&when.result, scope));
        let mut results = results.collect::<Result<Vec<_>>>()?;
        results.push(match otherwise {
            Some(otherwise) => self.expression(otherwise, scope)?,
            None => constant(Value::Null, Type::Unknown)?,
        });
        self.choose(whens, results)
    }

    /// The first result whose condition holds, else the last.
    pub(super) fn choose(&self, whens: Vec<Expr>, results: Vec<Typed>) -> Result<Typed> {
        let Some(of) = common_type_of(results.iter().map(|result| &result.of)) else {
            let types: Vec<String> = results.iter().map(|result| result.of.to_string()).collect();
            return Err(Error::type_mismatch(format!("All CASE results must be the same type: {}", types.join(", "))));
        };
        let mut results = results.into_iter().map(|result| self.coerce(result, &of)).collect::<Result<Vec<_>>>()?;
        let otherwise = results.pop().map(Box::new);
        // DataFusion makes ANDs and ORs of a CASE of booleans, which may leave out a condition; not where it has an operand.
        let must_run = of == Type::Boolean && whens.iter().any(may_fail);
        let operand = must_run.then(|| Box::new(lit(true)));
        let pairs = whens.into_iter().zip(results).map(|(when, then)| (Box::new(when), Box::new(then))).collect();
        Ok(Typed::new(Expr::Case(CaseExpr::new(operand, pairs, otherwise)), of))
    }

    /// As [`Self::copied`], of what Trino evaluates once.
    pub(super) fn repeated(&self, expr: Expr, times: usize) -> Result<Expr> {
        if times > 1 && expr.is_volatile() {
            return Err(Error::not_here("CASE, COALESCE and NULLIF of a value that is random"));
        }
        self.copied(expr, times)
    }

    /// An expression that will stand so many times: copies of copies must not outgrow the memory.
    pub(super) fn copied(&self, expr: Expr, times: usize) -> Result<Expr> {
        let mut left = MOST_COPIED / times.max(1);
        expr.apply(|_| {
            left = left.saturating_sub(1);
            Ok(if left == 0 { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        match left {
            0 => Err(Error::too_complex("An expression that is evaluated many times within itself")),
            _ => Ok(expr),
        }
    }

    pub(super) fn row(&self, items: Vec<Typed>) -> Result<Typed> {
        let of = Type::row(items.iter().map(|item| item.of.clone()));
        let types = items.iter().map(|item| item.of.clone()).collect();
        let udf = Udf { strict: false, ..Udf::new("row", crate::functions::row_kernel, types, of.clone()) };
        Ok(Typed::new(udf.on(items.into_iter().map(|item| item.expr).collect()), of))
    }

    pub(super) fn array(&self, items: Vec<Typed>) -> Result<Typed> {
        let Some(element) = common_type_of(items.iter().map(|item| &item.of)) else {
            return Err(Error::type_mismatch("All ARRAY elements must be the same type"));
        };
        let items = items.into_iter().map(|item| self.coerce(item, &element)).collect::<Result<Vec<_>>>()?;
        let types = vec![element.clone(); items.len()];
        let of = Type::array(element);
        let udf = Udf { strict: false, ..Udf::new("array", crate::functions::array_kernel, types, of.clone()) };
        Ok(Typed::new(udf.on(items), of))
    }
}

pub(super) fn boolean(expr: Expr) -> Typed {
    Typed::new(expr, Type::Boolean)
}
