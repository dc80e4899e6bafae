//! Literals that stand outside of a statement, as the values after `USING` do, in one form for each value.

use chrono::Utc;
use datafusion::arrow::array::types::Decimal128Type;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use sqlparser::ast::{DateTimeField, Expr as Ast, SetExpr, Statement, UnaryOperator, Value};

use crate::analyze::{self, Session};
use crate::error::{Code, Error, Result};
use crate::parse;
use crate::types::Type;
use crate::zone::Zone;

/// A literal and its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// How Trino reads it, a number with its type before it: it is a number of rows or of a column nowhere by chance.
    pub sql: String,
    pub of: Type,
    /// The value alone; `None` for a null, and for an interval of several units.
    pub text: Option<String>,
}

/// The literal that an expression is.
///
/// # Errors
/// It is something else, or no value of its type.
pub fn literal(ast: &Ast) -> Result<Written> {
    let (value, of) = value(&form(ast)?)?;
    let number = |digits: String| (format!("{} '{digits}'", of.to_string().to_uppercase()), Some(digits));
    let (sql, text) = match (&value, bare(ast)) {
        (ScalarValue::Int32(Some(value)), Ast::Value(_) | Ast::UnaryOp { .. }) => number(value.to_string()),
        (ScalarValue::Int64(Some(value)), Ast::Value(_) | Ast::UnaryOp { .. }) => number(value.to_string()),
        (ScalarValue::Float64(Some(value)), Ast::Value(_) | Ast::UnaryOp { .. }) => number(format!("{value:e}")),
        (ScalarValue::Decimal128(Some(value), precision, scale), Ast::Value(_) | Ast::UnaryOp { .. }) => {
            use datafusion::arrow::datatypes::DecimalType;
            let digits = Decimal128Type::format_decimal(*value, *precision, *scale);
            (format!("DECIMAL '{digits}'"), Some(digits))
        }
        (_, plain) => (form(plain)?, text(plain, &of)),
    };
    Ok(Written { sql, of, text })
}

/// The value of a literal's text.
///
/// # Errors
/// It is no literal, or no value of its type.
pub fn value(sql: &str) -> Result<(ScalarValue, Type)> {
    let wrong = || Error::new(Code::SyntaxError, "A literal stands alone");
    let Ok(Statement::Query(query)) = parse(&format!("SELECT {sql}")) else { return Err(wrong()) };
    let SetExpr::Select(select) = *query.body else { return Err(wrong()) };
    let [sqlparser::ast::SelectItem::UnnamedExpr(ast)] = select.projection.as_slice() else { return Err(wrong()) };
    let session = Session { now: Utc::now(), zone: Zone::UTC, user: None, parameters: Vec::new() };
    match analyze::expression(ast, &session)? {
        (Expr::Literal(value, _), of) => Ok((value, of)),
        _ => Err(not_literal(ast)),
    }
}

fn bare(ast: &Ast) -> &Ast {
    match ast {
        Ast::Nested(inner) => bare(inner),
        other => other,
    }
}

/// Its text, with quotes of one kind only.
fn form(ast: &Ast) -> Result<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match bare(ast) {
        Ast::Value(value) => match &value.value {
            Value::Number(digits, _) => Ok(digits.clone()),
            Value::SingleQuotedString(text) | Value::UnicodeStringLiteral(text) => Ok(quoted(text)),
            Value::HexStringLiteral(digits) => Ok(format!("X{}", quoted(digits))),
            Value::Boolean(value) => Ok(value.to_string()),
            Value::Null => Ok("NULL".to_owned()),
            _ => Err(not_literal(ast)),
        },
        Ast::UnaryOp { op: sign @ (UnaryOperator::Minus | UnaryOperator::Plus), expr } => match bare(expr) {
            Ast::Value(value) if matches!(value.value, Value::Number(..)) => {
                let sign = if *sign == UnaryOperator::Minus { "-" } else { "" };
                Ok(format!("{sign}{}", form(expr)?))
            }
            _ => Err(not_literal(ast)),
        },
        Ast::TypedString(typed) => match &typed.value.value {
            Value::SingleQuotedString(text) | Value::UnicodeStringLiteral(text) => {
                Ok(format!("{} {}", typed.data_type.to_string().to_uppercase(), quoted(text)))
            }
            _ => Err(not_literal(ast)),
        },
        Ast::Interval(interval) => {
            let (sign, text) = interval_parts(interval).ok_or_else(|| not_literal(ast))?;
            let unit = |field: &DateTimeField| field.to_string().to_uppercase();
            let from = interval.leading_field.as_ref().map(unit).ok_or_else(|| not_literal(ast))?;
            let to = interval.last_field.as_ref().map_or(String::new(), |field| format!(" TO {}", unit(field)));
            Ok(format!("INTERVAL {sign}{} {from}{to}", quoted(text)))
        }
        _ => Err(not_literal(ast)),
    }
}

fn interval_parts(interval: &sqlparser::ast::Interval) -> Option<(&'static str, &str)> {
    let (sign, value) = match bare(&interval.value) {
        Ast::UnaryOp { op: UnaryOperator::Minus, expr } => ("-", bare(expr)),
        plain => ("", plain),
    };
    match value {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some((sign, text)),
            _ => None,
        },
        _ => None,
    }
}

fn text(ast: &Ast, of: &Type) -> Option<String> {
    match ast {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::UnicodeStringLiteral(text) => Some(text.clone()),
            Value::HexStringLiteral(digits) => {
                Some(format!("\\x{}", digits.replace(|letter: char| letter.is_whitespace(), "")))
            }
            Value::Boolean(value) => Some(value.to_string()),
            _ => None,
        },
        Ast::TypedString(typed) => match &typed.value.value {
            // PostgreSQL's bytes have another form.
            _ if *of == Type::Varbinary => None,
            Value::SingleQuotedString(text) | Value::UnicodeStringLiteral(text) => Some(text.clone()),
            _ => None,
        },
        Ast::Interval(interval) => {
            let (sign, text) = interval_parts(interval)?;
            let unit = interval.leading_field.as_ref().filter(|_| interval.last_field.is_none())?;
            let (sign, digits) = match (sign, text.strip_prefix('-')) {
                ("-", Some(digits)) => ("", digits),
                ("-", None) => ("-", text),
                (_, Some(digits)) => ("-", digits),
                (_, None) => ("", text),
            };
            Some(format!("{sign}{digits} {}", unit.to_string().to_lowercase()))
        }
        _ => None,
    }
}

fn not_literal(ast: &Ast) -> Error {
    Error::not_here(format!("The value {ast}")).at(analyze::place(ast))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> String {
        let Ok(Statement::Query(query)) = parse(&format!("SELECT {sql}")) else { panic!("{sql} is SQL") };
        let SetExpr::Select(select) = *query.body else { panic!("{sql} is an expression") };
        let [sqlparser::ast::SelectItem::UnnamedExpr(ast)] = select.projection.as_slice() else {
            panic!("{sql} is one expression")
        };
        match literal(ast) {
            Ok(Written { sql, of, text }) => {
                // What is sent elsewhere is the same value of the same type.
                assert_eq!(value(&sql).expect("its own text is read"), value(&form(ast).expect("a form")).expect("it"));
                format!("{sql} | {of} | {}", text.unwrap_or_else(|| "-".to_owned()))
            }
            Err(error) => error.code.name().to_owned(),
        }
    }

    #[test]
    fn each_kind_has_its_type_and_one_form() {
        for (sql, expected) in [
            ("1", "INTEGER '1' | integer | 1"),
            ("(-1)", "INTEGER '-1' | integer | -1"),
            ("+7", "INTEGER '7' | integer | 7"),
            ("-2147483649", "BIGINT '-2147483649' | bigint | -2147483649"),
            ("0x1F", "INTEGER '31' | integer | 31"),
            ("-1.50", "DECIMAL '-1.50' | decimal(3,2) | -1.50"),
            ("0.05", "DECIMAL '0.05' | decimal(2,2) | 0.05"),
            ("-25e-1", "DOUBLE '-2.5e0' | double | -2.5e0"),
            ("'it''s'", "'it''s' | varchar(4) | it's"),
            ("''", "'' | varchar(0) | "),
            ("X'00ff'", "X'00ff' | varbinary | \\x00ff"),
            ("true", "true | boolean | true"),
            ("null", "NULL | unknown | -"),
            ("decimal '123.4500'", "DECIMAL '123.4500' | decimal(7,4) | 123.4500"),
            ("smallint '5'", "SMALLINT '5' | smallint | 5"),
            ("date '2024-02-29'", "DATE '2024-02-29' | date | 2024-02-29"),
            (
                "timestamp '2024-05-06 10:11:12.123456 Europe/Paris'",
                "TIMESTAMP '2024-05-06 10:11:12.123456 Europe/Paris' | timestamp(6) with time zone | \
                 2024-05-06 10:11:12.123456 Europe/Paris",
            ),
            ("interval '2' day", "INTERVAL '2' DAY | interval day to second | 2 day"),
            ("interval -'2' month", "INTERVAL -'2' MONTH | interval year to month | -2 month"),
            ("interval '1-2' year to month", "INTERVAL '1-2' YEAR TO MONTH | interval year to month | -"),
        ] {
            assert_eq!(read(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for sql in ["1 + 1", "now()", "a", "(select 1)", "array[1]", "cast('1' as integer)", "-'1'", "$1"] {
            assert_eq!(read(sql), "NOT_SUPPORTED_HERE", "{sql}");
        }
        for sql in ["date 'tomorrow'", "decimal '1.x'", "123456789012345678901234567890"] {
            assert_ne!(read(sql), "NOT_SUPPORTED_HERE", "{sql}");
        }
    }
}
