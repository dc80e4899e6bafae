//! Equality of answers, by the type that Trino says a column has.

use lakefront_trino::types::Type;
use lakefront_trino::zone::Zone;
use serde_json::Value;

/// How the rows differ, if they do.
pub(crate) fn rows(types: &[&str], expected: &[Vec<Value>], found: &[Vec<Value>], ordered: bool) -> Option<String> {
    let types: Vec<Type> = types.iter().map(|name| Type::parse(name).unwrap()).collect();
    if expected.len() != found.len() {
        return Some(format!("{} rows, not {}", found.len(), expected.len()));
    }
    if let Some(row) = found.first()
        && row.len() != types.len()
    {
        return Some(format!("{} columns, not {}", row.len(), types.len()));
    }
    let alike = |a: &[Value], b: &[Value]| types.iter().zip(a).zip(b).all(|((of, a), b)| equal(of, a, b));
    let differing = |expected: &[Value], found: Option<&Vec<Value>>| {
        Some(format!("{}, not {}", Value::from(found.cloned().unwrap_or_default()), Value::from(expected.to_vec())))
    };
    if ordered {
        let pair = expected.iter().zip(found).find(|(expected, found)| !alike(expected, found));
        return pair.and_then(|(expected, found)| differing(expected, Some(found)));
    }
    let mut left: Vec<&Vec<Value>> = found.iter().collect();
    for row in expected {
        match left.iter().position(|other| alike(row, other)) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => return differing(row, left.first().copied()),
        }
    }
    None
}

fn equal(of: &Type, expected: &Value, found: &Value) -> bool {
    if expected.is_null() || found.is_null() {
        return expected.is_null() && found.is_null();
    }
    let texts = || expected.as_str().zip(found.as_str());
    match of {
        Type::Double | Type::Real => {
            let tolerance = if *of == Type::Double { 1e-9 } else { 2e-6 };
            match (expected.as_f64(), found.as_f64()) {
                // Fewer digits may name the same number.
                (Some(a), Some(b)) if *of == Type::Real && a as f32 == b as f32 => true,
                (Some(a), Some(b)) => (a - b).abs() <= tolerance * a.abs().max(b.abs()) || (a - b).abs() < 1e-300,
                _ => expected == found,
            }
        }
        Type::Decimal { .. } => texts().is_some_and(|(a, b)| plain_decimal(a) == plain_decimal(b)),
        Type::Char(_) => texts().is_some_and(|(a, b)| a.trim_end_matches(' ') == b.trim_end_matches(' ')),
        Type::Time(_) | Type::Timestamp(_) => texts().is_some_and(|(a, b)| plain_time(a) == plain_time(b)),
        Type::TimestampTz(_) | Type::TimeTz(_) => texts().is_some_and(|(a, b)| zoned(a) == zoned(b)),
        Type::Json => {
            texts().is_some_and(|(a, b)| match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
                (Ok(a), Ok(b)) => same_json(&a, &b),
                _ => a == b,
            })
        }
        Type::Array(element) => match (expected, found) {
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(element, a, b))
            }
            _ => false,
        },
        Type::Row(fields) => match (expected, found) {
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).zip(fields).all(|((a, b), (_, of))| equal(of, a, b))
            }
            _ => false,
        },
        Type::Map(key, value) => match (expected, found) {
            (Value::Object(a), Value::Object(b)) => {
                let same_key = |a: &str, b: &str| match key.as_ref() {
                    Type::Double | Type::Real => a.parse::<f64>().ok() == b.parse::<f64>().ok() || a == b,
                    Type::Array(_) | Type::Row(_) | Type::Map(..) => same_nested_key(a, b),
                    of => equal(of, &Value::from(a), &Value::from(b)) || a == b,
                };
                a.len() == b.len()
                    && a.iter().all(|(k, v)| b.iter().any(|(other, w)| same_key(k, other) && equal(value, v, w)))
            }
            _ => false,
        },
        Type::Integer | Type::Bigint | Type::Smallint | Type::Tinyint => {
            let number = |value: &Value| match value {
                Value::String(text) => text.parse::<i64>().ok(),
                other => other.as_i64(),
            };
            number(expected) == number(found)
        }
        _ => expected == found,
    }
}

/// Trino writes what is within a key as Java would, and a map's entries in the order of its hash table.
fn same_nested_key(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let text = text.replace([' ', '"'], "").replace('=', ":");
        let mut parts: Vec<String> = match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(entries) => entries.split(',').map(str::to_owned).collect(),
            None => return vec![text],
        };
        parts.sort_unstable();
        parts
    };
    parts(a) == parts(b)
}

fn same_json(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same_json(a, b)))
        }
        _ => a == b,
    }
}

fn plain_decimal(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() || digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    if digits == "0" { digits } else { format!("{sign}{digits}") }
}

/// Without zeros at the end of a fraction.
fn plain_time(text: &str) -> String {
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    text.trim_start_matches('+').to_owned()
}

/// Local time, and offset from UTC.
fn zoned(text: &str) -> Option<(String, i64)> {
    let (local, zone) = match text.rsplit_once(' ') {
        Some((local, zone)) if zone.starts_with(|first: char| first.is_ascii_alphabetic() || "+-".contains(first)) => {
            (local, zone)
        }
        _ => text.split_at(text.rfind(['+', '-'])?),
    };
    let zone = Zone::parse(zone)?;
    let seconds = local
        .split_once(' ')
        .and_then(|_| chrono::NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S%.f").ok())
        .map_or(0, |at| at.and_utc().timestamp());
    let instant = zone.instant(i128::from(seconds) * 1_000_000_000_000);
    Some((plain_time(local), zone.offset_at(instant)))
}
