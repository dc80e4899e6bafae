//! Hive partitions: `key=value` folders.

use arrow::datatypes::{DataType, Field};
use chrono::NaiveDate;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// How Hive writes NULL.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// A partition key of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) kind: KeyKind,
}

/// What all its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyKind {
    Bigint,
    Date,
    Varchar,
}

impl Key {
    pub(super) fn field(&self) -> Field {
        let data_type = match self.kind {
            KeyKind::Bigint => DataType::Int64,
            KeyKind::Date => DataType::Date32,
            KeyKind::Varchar => DataType::Utf8,
        };
        Field::new(&self.name, data_type, true)
    }
}

/// Whether a folder's name is a partition's.
pub(super) fn is_partition(segment: &str) -> bool {
    segment.split_once('=').is_some_and(|(key, _)| !key.is_empty())
}

/// Key (lower case) and value of a partition's folder, percent-decoded; the value is `None` for NULL.
pub(super) fn parse(segment: &str) -> Option<(String, Option<String>)> {
    let (key, value) = segment.split_once('=').filter(|(key, _)| !key.is_empty())?;
    Some((decoded(key).to_lowercase(), (value != NULL).then(|| decoded(value))))
}

/// Bytes that are not UTF-8 when decoded stay as they are written.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), |decoded| decoded.into_owned())
}

/// The type of a key by all its values: `bigint` where each is an integer, `date` where each is an ISO day.
pub(super) fn kind<'a>(values: impl Iterator<Item = Option<&'a str>>) -> KeyKind {
    let (mut integers, mut days, mut any) = (true, true, false);
    for value in values.flatten() {
        any = true;
        integers &= is_integer(value);
        days &= is_day(value);
        if !integers && !days {
            break;
        }
    }
    match (any, integers, days) {
        (true, true, _) => KeyKind::Bigint,
        (true, false, true) => KeyKind::Date,
        _ => KeyKind::Varchar,
    }
}

fn is_integer(value: &str) -> bool {
    !value.starts_with('+') && value.parse::<i64>().is_ok()
}

fn is_day(value: &str) -> bool {
    value.len() == 10 && value.as_bytes()[4] == b'-' && NaiveDate::parse_from_str(value, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_typed_over_all_of_them() {
        assert_eq!(parse("State=New%20York"), Some(("state".to_owned(), Some("New York".to_owned()))));
        assert_eq!(parse("a=__HIVE_DEFAULT_PARTITION__"), Some(("a".to_owned(), None)));
        assert_eq!(parse("a=b=c"), Some(("a".to_owned(), Some("b=c".to_owned()))));
        assert_eq!(parse("a=%ff"), Some(("a".to_owned(), Some("%ff".to_owned()))));
        assert_eq!(parse("a="), Some(("a".to_owned(), Some(String::new()))));
        assert_eq!(parse("=b"), None);
        assert_eq!(parse("plain"), None);

        let of = |values: &[&'static str]| kind(values.iter().map(|value| Some(*value)));
        assert_eq!(of(&["1", "-20", "007"]), KeyKind::Bigint);
        assert_eq!(of(&["2024-01-01", "2024-02-29"]), KeyKind::Date);
        assert_eq!(of(&["2024-01-01", "2023-02-29"]), KeyKind::Varchar);
        assert_eq!(of(&["1", "x"]), KeyKind::Varchar);
        assert_eq!(of(&["1", "2024-01-01"]), KeyKind::Varchar);
        assert_eq!(of(&["99999999999999999999"]), KeyKind::Varchar);
        assert_eq!(kind([None, Some("1")].into_iter()), KeyKind::Bigint);
        assert_eq!(kind([None].into_iter()), KeyKind::Varchar);
    }
}
