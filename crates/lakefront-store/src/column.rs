//! Values between columns and Rust: ids are ULIDs in text, times milliseconds since 1970, JSON text.

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait,
    sea_query::{Expr, LikeExpr, SimpleExpr},
};
use serde_json::Value;
use ulid::Ulid;

use crate::{Result, StoreError};

pub(crate) fn id(text: &str) -> Result<Ulid> {
    Ulid::from_string(text).map_err(|error| StoreError::Internal(format!("id {text:?}: {error}").into()))
}

pub(crate) fn time(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

pub(crate) fn json(text: &str) -> Result<Value> {
    Ok(serde_json::from_str(text)?)
}

pub(crate) fn optional_json(text: Option<&String>) -> Result<Option<Value>> {
    text.map(|text| json(text)).transpose()
}

/// `column` contains `part`, which is taken literally. Both in lower case, or neither.
pub(crate) fn contains(column: impl Into<SimpleExpr>, part: &str) -> SimpleExpr {
    like(column, format!("%{}%", literal(part)))
}

pub(crate) fn begins_with(column: impl Into<SimpleExpr>, part: &str) -> SimpleExpr {
    like(column, format!("{}%", literal(part)))
}

fn like(column: impl Into<SimpleExpr>, pattern: String) -> SimpleExpr {
    let column: Expr = column.into();
    column.like(LikeExpr::new(pattern).escape('\\'))
}

fn literal(part: &str) -> String {
    part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// A person's text: without control characters but line breaks and tabs, `min` to `max` characters.
pub(crate) fn text(field: &'static str, value: &str, min: usize, max: usize) -> Result<String> {
    let invalid = |message: String| Err(StoreError::Invalid { field, message });
    let value = value.trim();
    let length = value.chars().count();
    if length < min {
        return invalid("must not be empty".into());
    }
    if length > max {
        return invalid(format!("must not be longer than {max} characters"));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return invalid("must not contain control characters".into());
    }
    Ok(value.to_owned())
}

/// Text that goes in as it is but for NUL, which PostgreSQL can't hold.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
