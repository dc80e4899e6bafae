//! Literals.

use datafusion::arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::common::metadata::FieldMetadata;
use datafusion::logical_expr::Expr;
use sqlparser::ast::{DateTimeField, Interval, TypedString, UnaryOperator, Value as Literal};
use std::collections::BTreeMap;

use super::{Analyzer, Parameter, Typed};
use crate::error::{Code, Error, Result};
use crate::temporal;
use crate::types::Type;
use crate::value::{Value, array_of};

/// A constant of a type.
pub(crate) fn constant(value: Value, of: Type) -> Result<Typed> {
    let array = array_of(&of, &[value])?;
    let scalar =
        if array.is_null(0) { ScalarValue::try_from(&of.arrow())? } else { ScalarValue::try_from_array(&array, 0)? };
    Ok(Typed::new(Expr::Literal(scalar, None), of))
}

fn text_length(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

pub(crate) fn text(text: &str) -> Result<Typed> {
    constant(Value::Text(text.to_owned()), Type::Varchar(Some(text_length(text))))
}

impl Analyzer<'_> {
    pub(super) fn literal(&self, literal: &Literal) -> Result<Typed> {
        match literal {
            Literal::Number(number, _) => number_literal(number, false),
            Literal::SingleQuotedString(string) | Literal::UnicodeStringLiteral(string) => text(string),
            Literal::HexStringLiteral(digits) => {
                let bytes = hex_bytes(digits)
                    .ok_or_else(|| Error::new(Code::InvalidLiteral, format!("X'{digits}' is no binary literal")))?;
                constant(Value::Bytes(bytes), Type::Varbinary)
            }
            Literal::Boolean(value) => constant(Value::Boolean(*value), Type::Boolean),
            Literal::Null => constant(Value::Null, Type::Unknown),
            Literal::Placeholder(name) => {
                let at = name.trim_start_matches('$').parse::<usize>().ok().and_then(|at| at.checked_sub(1));
                match at.and_then(|at| self.session.parameters.get(at)) {
                    Some(Parameter { value, of, is_untyped }) => {
                        let mark = || FieldMetadata::from(BTreeMap::from([("parameter".to_owned(), name.clone())]));
                        Ok(Typed::new(Expr::Literal(value.clone(), is_untyped.then(mark)), of.clone()))
                    }
                    None => Err(Error::new(Code::InvalidParameterUsage, format!("There is no value for {name}"))),
                }
            }
            other => Err(Error::not_here(format!("The literal {other}"))),
        }
    }

    pub(super) fn typed_string(&self, literal: &TypedString) -> Result<Typed> {
        let Some(string) = literal.value.value.clone().into_string() else {
            return Err(Error::new(Code::SyntaxError, "A literal's value is text in single quotes"));
        };
        let asked = Type::parse(&literal.data_type.to_string())?;
        if let Type::Decimal { .. } = asked {
            let (value, of) = decimal_text(&string)?;
            return constant(value, of);
        }
        if let Type::Char(_) = asked
            && !literal.data_type.to_string().contains('(')
        {
            return constant(Value::Text(string.trim_end_matches(' ').to_owned()), Type::Char(text_length(&string)));
        }
        if asked == Type::Json {
            let json = crate::json::tree::canonical(&string)
                .map_err(|_| Error::new(Code::InvalidLiteral, format!("'{string}' is not a valid JSON literal")))?;
            return constant(Value::Text(json), asked);
        }
        let (value, of) = temporal::typed_literal(&string, &asked)?;
        constant(value, of)
    }

    pub(super) fn interval(&self, interval: &Interval) -> Result<Typed> {
        let (negative, value) = match interval.value.as_ref() {
            sqlparser::ast::Expr::UnaryOp { op, expr } => (*op == UnaryOperator::Minus, expr.as_ref()),
            plain => (false, plain),
        };
        let sqlparser::ast::Expr::Value(value) = value else {
            return Err(Error::new(Code::SyntaxError, "An interval is a text in single quotes and a unit"));
        };
        let Some(string) = value.value.clone().into_string() else {
            return Err(Error::new(Code::SyntaxError, "An interval is a text in single quotes and a unit"));
        };
        let unit = |field: &DateTimeField| field.to_string().to_lowercase();
        let from = interval.leading_field.as_ref().map(unit);
        let to = interval.last_field.as_ref().map(unit);
        let Some(from) = from else {
            return Err(Error::new(Code::SyntaxError, "An interval needs a unit, such as DAY"));
        };
        let (value, of) = temporal::interval_literal(&string, negative, &from, to.as_deref())?;
        constant(value, of)
    }
}

/// `1` is an integer, `1.5` a decimal, `1e0` a double.
pub(super) fn number_literal(number: &str, negative: bool) -> Result<Typed> {
    let digits: String = number.chars().filter(|digit| *digit != '_').collect();
    let lower = digits.to_lowercase();
    let invalid = || Error::new(Code::SyntaxError, format!("Invalid numeric literal: {number}"));
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            let value = i128::from_str_radix(rest, radix).map_err(|_| invalid())?;
            return integer(if negative { -value } else { value }).ok_or_else(invalid);
        }
    }
    if lower.contains('e') {
        let value: f64 = lower.parse().map_err(|_| invalid())?;
        return constant(Value::Double(if negative { -value } else { value }), Type::Double);
    }
    if let Some((whole, fraction)) = digits.split_once('.') {
        let (value, of) = decimal_literal(whole, fraction)?;
        return constant(Value::Decimal(if negative { -value } else { value }), of);
    }
    let value: i128 = digits.parse().map_err(|_| invalid())?;
    integer(if negative { -value } else { value }).ok_or_else(invalid)
}

fn integer(value: i128) -> Option<Typed> {
    let of = if i32::try_from(value).is_ok() { Type::Integer } else { Type::Bigint };
    constant(Value::Int(i64::try_from(value).ok()?), of).ok()
}

/// A decimal's digits, and the smallest type that holds them.
pub(crate) fn decimal_literal(whole: &str, fraction: &str) -> Result<(i128, Type)> {
    let whole = whole.trim_start_matches('0');
    let precision = (whole.len() + fraction.len()).max(1);
    if precision > 38 {
        return Err(Error::new(Code::InvalidLiteral, format!("Invalid DECIMAL literal: {whole}.{fraction}")));
    }
    let digits = format!("{whole}{fraction}");
    let value = if digits.is_empty() {
        0
    } else {
        digits.parse().map_err(|_| Error::new(Code::InvalidLiteral, "Invalid DECIMAL literal"))?
    };
    Ok((value, Type::decimal(precision as u8, fraction.len() as u8)))
}

/// The text of `DECIMAL '…'`, which has a sign perhaps.
fn decimal_text(text: &str) -> Result<(Value, Type)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || whole.is_empty() && fraction.is_empty() {
        return Err(Error::new(Code::InvalidLiteral, format!("'{text}' is not a valid DECIMAL literal")));
    }
    let (value, of) = decimal_literal(whole, fraction)?;
    Ok((Value::Decimal(if text.starts_with('-') { -value } else { value }), of))
}

fn hex_bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| Some((char::from(pair[0]).to_digit(16)? * 16 + char::from(pair[1]).to_digit(16)?) as u8))
        .collect()
}
