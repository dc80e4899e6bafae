//! Expressions.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, CeilFloorKind, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, Interval, Spanned, Subscript, UnaryOperator, Value, WindowFrameBound,
    WindowSpec, WindowType,
};
use sqlparser::tokenizer::Span;

use lakefront_trino::is_processing_mode;

use super::{Checked, Walk, not_supported, postgres, refuse};

impl Walk {
    pub(super) fn expressions<'a>(&mut self, expressions: impl IntoIterator<Item = &'a Expr>) -> Checked {
        expressions.into_iter().try_for_each(|expression| self.expression(expression))
    }

    pub(super) fn expression(&mut self, expression: &Expr) -> Checked {
        // Naming a place costs a walk of its own, so only a refusal does it.
        let refused = |what: &str| Err(not_supported(what, expression.span()));
        match expression {
            Expr::Identifier(name) => {
                let told = name.quote_style.is_none() && postgres::is_value_of_the_session(&name.value);
                refuse(&format!("{name}"), self.is_postgres() && told, name.span)
            }
            Expr::CompoundIdentifier(parts) => {
                if parts.len() > 2 {
                    self.findings.long_names.push(parts.clone());
                }
                Ok(())
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.expression(root)?;
                access_chain.iter().try_for_each(|access| match access {
                    AccessExpr::Dot(field) => self.expression(field),
                    AccessExpr::Subscript(subscript) => self.subscript(subscript),
                })
            }
            Expr::IsFalse(operand)
            | Expr::IsNotFalse(operand)
            | Expr::IsTrue(operand)
            | Expr::IsNotTrue(operand)
            | Expr::IsNull(operand)
            | Expr::IsNotNull(operand)
            | Expr::IsUnknown(operand)
            | Expr::IsNotUnknown(operand)
            | Expr::Nested(operand) => self.expression(operand),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.expression(left)?;
                self.expression(right)
            }
            Expr::InList { expr, list, negated: _ } => {
                self.expression(expr)?;
                self.expressions(list)
            }
            Expr::InSubquery { expr, subquery, negated: _ } => {
                self.expression(expr)?;
                self.query(subquery)
            }
            Expr::Between { expr, negated: _, low, high } => {
                self.expression(expr)?;
                self.expression(low)?;
                self.expression(high)
            }
            Expr::BinaryOp { left, op, right } => {
                if !self.allows(op) {
                    return refused(&format!("The operator {op}"));
                }
                self.expression(left)?;
                self.expression(right)
            }
            Expr::Like { negated: _, any, expr, pattern, escape_char: _ }
            | Expr::ILike { negated: _, any, expr, pattern, escape_char: _ } => {
                if *any && !self.is_postgres() {
                    return refused("LIKE ANY");
                }
                self.expression(expr)?;
                self.expression(pattern)
            }
            Expr::AnyOp { left, compare_op, right, is_some: _ } | Expr::AllOp { left, compare_op, right } => {
                if !self.allows(compare_op) {
                    return refused(&format!("The operator {compare_op}"));
                }
                self.expression(left)?;
                self.expression(right)
            }
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not => self.expression(expr),
                UnaryOperator::AtDashAt
                | UnaryOperator::BitwiseNot
                | UnaryOperator::DoubleAt
                | UnaryOperator::Hash
                | UnaryOperator::PGAbs
                | UnaryOperator::PGCubeRoot
                | UnaryOperator::PGSquareRoot
                | UnaryOperator::QuestionDash
                | UnaryOperator::QuestionPipe
                    if self.is_postgres() =>
                {
                    self.expression(expr)
                }
                UnaryOperator::AtDashAt
                | UnaryOperator::BangNot
                | UnaryOperator::BitwiseNot
                | UnaryOperator::DoubleAt
                | UnaryOperator::Hash
                | UnaryOperator::PGAbs
                | UnaryOperator::PGCubeRoot
                | UnaryOperator::PGPostfixFactorial
                | UnaryOperator::PGPrefixFactorial
                | UnaryOperator::PGSquareRoot
                | UnaryOperator::QuestionDash
                | UnaryOperator::QuestionPipe => refused(&format!("The operator {op}")),
            },
            Expr::Cast { kind, expr, data_type, array, format } => {
                match kind {
                    CastKind::Cast | CastKind::TryCast | CastKind::DoubleColon => {}
                    CastKind::SafeCast => return refused("SAFE_CAST"),
                }
                if *array || format.is_some() {
                    return refused("CAST with options");
                }
                self.named_type(data_type, expression.span())?;
                self.expression(expr)
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.expression(timestamp)?;
                self.expression(time_zone)
            }
            Expr::Extract { field: _, syntax: _, expr } => self.expression(expr),
            Expr::Ceil { expr, field } | Expr::Floor { expr, field } => {
                match field {
                    CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => {}
                    CeilFloorKind::DateTimeField(_) | CeilFloorKind::Scale(_) => {
                        return refused("CEIL and FLOOR with a second argument");
                    }
                }
                self.expression(expr)
            }
            Expr::Position { expr, r#in } => {
                self.expression(expr)?;
                self.expression(r#in)
            }
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.expression(expr)?;
                self.expressions(substring_from.iter().chain(substring_for).map(Box::as_ref))
            }
            Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
                self.expression(expr)?;
                self.expressions(trim_what.iter().map(Box::as_ref))?;
                self.expressions(trim_characters.iter().flatten())
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.expression(expr)?;
                self.expression(overlay_what)?;
                self.expression(overlay_from)?;
                self.expressions(overlay_for.iter().map(Box::as_ref))
            }
            Expr::Value(value) => self.value(&value.value, value.span),
            Expr::TypedString(typed) => {
                self.named_type(&typed.data_type, typed.value.span)?;
                self.value(&typed.value.value, typed.value.span)
            }
            Expr::Function(function) => self.call(function),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.expressions(operand.iter().chain(else_result).map(Box::as_ref))?;
                conditions.iter().try_for_each(|when| {
                    self.expression(&when.condition)?;
                    self.expression(&when.result)
                })
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => self.expressions(sets.iter().flatten()),
            Expr::Tuple(items) => self.expressions(items),
            Expr::Array(array) => self.expressions(&array.elem),
            Expr::Map(_) => refused("MAP in braces"),
            Expr::Struct { .. } | Expr::Named { .. } => refused("STRUCT"),
            Expr::Interval(Interval { value, .. }) => self.expression(value),
            Expr::JsonAccess { .. } => refused("A JSON path"),
            Expr::IsNormalized { expr, form: _, negated: _ } if self.is_postgres() => self.expression(expr),
            Expr::IsNormalized { .. } => refused("IS NORMALIZED"),
            Expr::InUnnest { .. } => refused("IN UNNEST"),
            Expr::SimilarTo { negated: _, expr, pattern, escape_char: _ } if self.is_postgres() => {
                self.expression(expr)?;
                self.expression(pattern)
            }
            Expr::SimilarTo { .. } => refused("SIMILAR TO"),
            Expr::RLike { .. } => refused("RLIKE"),
            Expr::Convert { .. } => refused("CONVERT"),
            Expr::Collate { expr, collation: _ } if self.is_postgres() => self.expression(expr),
            Expr::Collate { .. } => refused("COLLATE"),
            // RUNNING and FINAL
            Expr::Prefixed { prefix, value } if self.in_row_pattern && is_processing_mode(prefix) => {
                self.expression(value)
            }
            Expr::Prefixed { .. } => refused("A word before an expression"),
            Expr::Dictionary(_) => refused("A dictionary in braces"),
            Expr::MatchAgainst { .. } => refused("MATCH … AGAINST"),
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => refused("* in an expression"),
            Expr::OuterJoin(_) => refused("(+)"),
            Expr::Prior(_) => refused("PRIOR"),
            Expr::Lambda(lambda) if !self.is_postgres() => self.expression(&lambda.body),
            Expr::Lambda(_) => refused("A lambda"),
            Expr::MemberOf(_) => refused("MEMBER OF"),
        }
    }

    fn allows(&self, operator: &BinaryOperator) -> bool {
        match readers(operator) {
            Readers::Everyone => true,
            Readers::Postgres => self.is_postgres(),
            Readers::Nobody => false,
        }
    }

    fn subscript(&mut self, subscript: &Subscript) -> Checked {
        match subscript {
            Subscript::Index { index } => self.expression(index),
            Subscript::Slice { lower_bound, upper_bound, stride } => {
                self.expressions(lower_bound.iter().chain(upper_bound).chain(stride))
            }
        }
    }

    fn value(&self, value: &Value, span: Span) -> Checked {
        match value {
            Value::Number(..)
            | Value::SingleQuotedString(_)
            | Value::UnicodeStringLiteral(_)
            | Value::HexStringLiteral(_)
            | Value::Boolean(_)
            | Value::Null
            | Value::Placeholder(_) => Ok(()),
            Value::DollarQuotedString(_)
            | Value::TripleSingleQuotedString(_)
            | Value::TripleDoubleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_)
            | Value::SingleQuotedRawStringLiteral(_)
            | Value::DoubleQuotedRawStringLiteral(_)
            | Value::TripleSingleQuotedRawStringLiteral(_)
            | Value::TripleDoubleQuotedRawStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::QuoteDelimitedStringLiteral(_)
            | Value::NationalQuoteDelimitedStringLiteral(_)
            | Value::DoubleQuotedString(_) => Err(not_supported("This form of string", span)),
        }
    }

    fn call(&mut self, call: &Function) -> Checked {
        let Function { name, uses_odbc_syntax, parameters, args, filter, null_treatment: _, over, within_group } = call;
        self.function(name, false)?;
        let span = name.span();
        refuse("{fn …}", *uses_odbc_syntax, span)?;
        match parameters {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) | FunctionArguments::List(_) => {
                return Err(not_supported("A function with two argument lists", span));
            }
        }
        match args {
            FunctionArguments::None => {}
            // ARRAY(SELECT …)
            FunctionArguments::Subquery(query) if self.is_postgres() => self.query(query)?,
            FunctionArguments::Subquery(_) => {
                return Err(not_supported("A query as the argument of a function", span));
            }
            FunctionArguments::List(list) => {
                self.arguments(&list.args)?;
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::IgnoreOrRespectNulls(_) => {}
                        FunctionArgumentClause::OrderBy(order) => {
                            self.order_by_expressions(order)?;
                        }
                        FunctionArgumentClause::OnOverflow(_) if !self.is_postgres() => {}
                        FunctionArgumentClause::Limit(_)
                        | FunctionArgumentClause::OnOverflow(_)
                        | FunctionArgumentClause::Having(_)
                        | FunctionArgumentClause::Separator(_)
                        | FunctionArgumentClause::JsonNullClause(_)
                        | FunctionArgumentClause::JsonReturningClause(_) => {
                            return Err(not_supported(&format!("`{clause}` in a function"), span));
                        }
                    }
                }
            }
        }
        self.expressions(filter.iter().map(Box::as_ref))?;
        self.order_by_expressions(within_group)?;
        match over {
            None | Some(WindowType::NamedWindow(_)) => Ok(()),
            Some(WindowType::WindowSpec(specification)) => self.window(specification),
        }
    }

    pub(super) fn arguments(&mut self, arguments: &[FunctionArg]) -> Checked {
        arguments.iter().try_for_each(|argument| {
            let argument = match argument {
                FunctionArg::Named { arg, .. } | FunctionArg::Unnamed(arg) => arg,
                FunctionArg::ExprNamed { name, arg, operator: _ } if self.is_postgres() => {
                    self.expression(name)?;
                    arg
                }
                FunctionArg::ExprNamed { name, .. } => {
                    return Err(not_supported("A computed argument name", name.span()));
                }
            };
            match argument {
                FunctionArgExpr::Expr(expression) => self.expression(expression),
                FunctionArgExpr::Wildcard => Ok(()),
                // The rows of a variable, as count(A.*) counts them.
                FunctionArgExpr::QualifiedWildcard(name) if self.in_row_pattern && name.0.len() == 1 => Ok(()),
                FunctionArgExpr::QualifiedWildcard(name) => Err(not_supported("`t.*` as an argument", name.span())),
                FunctionArgExpr::WildcardWithOptions(options) => {
                    Err(not_supported("`*` with options", options.wildcard_token.0.span))
                }
            }
        })
    }

    pub(super) fn window(&mut self, window: &WindowSpec) -> Checked {
        let WindowSpec { window_name: _, partition_by, order_by, window_frame } = window;
        self.expressions(partition_by)?;
        self.order_by_expressions(order_by)?;
        let bounds =
            window_frame.iter().flat_map(|frame| [Some(&frame.start_bound), frame.end_bound.as_ref()]).flatten();
        for bound in bounds {
            match bound {
                WindowFrameBound::CurrentRow => {}
                WindowFrameBound::Preceding(distance) | WindowFrameBound::Following(distance) => {
                    self.expressions(distance.iter().map(Box::as_ref))?;
                }
            }
        }
        Ok(())
    }
}

/// Who reads an operator.
enum Readers {
    Everyone,
    Postgres,
    Nobody,
}

/// Arithmetic, comparison, logic and `||` are everyone's. `OPERATOR(schema.name)` could be anybody's.
fn readers(operator: &BinaryOperator) -> Readers {
    match operator {
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo
        | BinaryOperator::StringConcat
        | BinaryOperator::Gt
        | BinaryOperator::Lt
        | BinaryOperator::GtEq
        | BinaryOperator::LtEq
        | BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::And
        | BinaryOperator::Or
        // Of PostgreSQL, and the clauses of the JSON functions.
        | BinaryOperator::Custom(_) => Readers::Everyone,
        BinaryOperator::Spaceship
        | BinaryOperator::BitwiseOr
        | BinaryOperator::BitwiseAnd
        | BinaryOperator::BitwiseXor
        | BinaryOperator::PGBitwiseXor
        | BinaryOperator::PGBitwiseShiftLeft
        | BinaryOperator::PGBitwiseShiftRight
        | BinaryOperator::PGExp
        | BinaryOperator::PGOverlap
        | BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGLikeMatch
        | BinaryOperator::PGILikeMatch
        | BinaryOperator::PGNotLikeMatch
        | BinaryOperator::PGNotILikeMatch
        | BinaryOperator::PGStartsWith
        | BinaryOperator::Arrow
        | BinaryOperator::LongArrow
        | BinaryOperator::HashArrow
        | BinaryOperator::HashLongArrow
        | BinaryOperator::AtAt
        | BinaryOperator::AtArrow
        | BinaryOperator::ArrowAt
        | BinaryOperator::HashMinus
        | BinaryOperator::AtQuestion
        | BinaryOperator::Question
        | BinaryOperator::QuestionAnd
        | BinaryOperator::QuestionPipe
        | BinaryOperator::Overlaps
        | BinaryOperator::DoubleHash
        | BinaryOperator::LtDashGt
        | BinaryOperator::AndLt
        | BinaryOperator::AndGt
        | BinaryOperator::LtLtPipe
        | BinaryOperator::PipeGtGt
        | BinaryOperator::AndLtPipe
        | BinaryOperator::PipeAndGt
        | BinaryOperator::LtCaret
        | BinaryOperator::GtCaret
        | BinaryOperator::QuestionHash
        | BinaryOperator::QuestionDash
        | BinaryOperator::QuestionDashPipe
        | BinaryOperator::QuestionDoublePipe
        | BinaryOperator::At
        | BinaryOperator::TildeEq => Readers::Postgres,
        BinaryOperator::Xor
        | BinaryOperator::DuckIntegerDivide
        | BinaryOperator::MyIntegerDivide
        | BinaryOperator::Match
        | BinaryOperator::Regexp
        | BinaryOperator::PGCustomBinaryOperator(_)
        | BinaryOperator::Assignment => Readers::Nobody,
    }
}
