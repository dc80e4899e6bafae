//! From a type as Trino writes it to an Arrow field.
//!
//! A column's type is told by its Arrow type where that says the same as Trino, and otherwise by the field's metadata
//! [`TYPE_KEY`]. Arrow types are chosen so that the text of each value is Trino's as well; what no Arrow type holds
//! in full is text as Trino wrote it:
//!
//! | Trino | why text |
//! | --- | --- |
//! | `timestamp(p) with time zone`, `time(p) with time zone` | each value has a zone of its own |
//! | `timestamp(p)`, `time(p)` with p other than 0, 3, 6 (`time`: 9) | Arrow has no such number of digits; 64 bits of nanoseconds end in 2262 |
//! | `interval year to month`, `char(n)`, `json`, `uuid`, `ipaddress`, any other type | Arrow has none like it |
//! | keys of a `map` that are nested | the protocol has only their Java text |

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use lakefront_engine::infer::trino_type;
use lakefront_trino::types::TYPE_KEY;

/// Types nested deeper are text: they are an attack, not a table.
const DEEPEST: usize = 32;

/// The field of a column, or of a part of one.
pub(super) fn field(name: &str, type_text: &str) -> Field {
    nested(name, type_text, 0)
}

/// The type of a field as Trino names it, in the form that `trino_type` gives to all types: lower case, no space in
/// `decimal(10,2)`, one after each other comma.
fn told(field: &Field) -> String {
    field.metadata().get(TYPE_KEY).cloned().unwrap_or_else(|| trino_type(field.data_type()))
}

fn nested(name: &str, type_text: &str, depth: usize) -> Field {
    named(name, known(type_text, depth).unwrap_or_else(|| Known::text(type_text.trim())))
}

fn named(name: &str, known: Known) -> Field {
    let by_arrow = trino_type(&known.data_type) == known.told;
    let field = Field::new(name, known.data_type, true);
    if by_arrow { field } else { field.with_metadata(HashMap::from([(TYPE_KEY.to_owned(), known.told)])) }
}

struct Known {
    data_type: DataType,
    told: String,
}

impl Known {
    fn text(told: impl Into<String>) -> Self {
        Self { data_type: DataType::Utf8, told: told.into() }
    }

    /// A type that Arrow has.
    fn arrow(data_type: DataType) -> Self {
        Self { told: trino_type(&data_type), data_type }
    }
}

/// What a Trino type is here; `None` for one this client has never heard of. The protocol writes types as SQL does:
/// `decimal(10, 2)`, `INTERVAL DAY TO SECOND`.
fn known(text: &str, depth: usize) -> Option<Known> {
    if depth > DEEPEST {
        return None;
    }
    let text = text.trim();
    let (base, arguments, rest) = match text.split_once('(') {
        Some((base, _)) => {
            let end = closing(text, base.len())?;
            (base.trim(), Some(&text[base.len() + 1..end]), text[end + 1..].trim())
        }
        None => (text, None, ""),
    };
    let (base, rest) = (base.to_ascii_lowercase(), rest.to_ascii_lowercase());
    let data_type = match (base.as_str(), arguments, rest.as_str()) {
        ("unknown", None, "") => DataType::Null,
        ("boolean", None, "") => DataType::Boolean,
        ("tinyint", None, "") => DataType::Int8,
        ("smallint", None, "") => DataType::Int16,
        ("integer", None, "") => DataType::Int32,
        ("bigint", None, "") => DataType::Int64,
        ("real", None, "") => DataType::Float32,
        ("double", None, "") => DataType::Float64,
        ("varchar", None, "") => DataType::Utf8,
        ("varbinary", None, "") => DataType::Binary,
        ("date", None, "") => DataType::Date32,
        ("interval day to second", None, "") => DataType::Duration(TimeUnit::Millisecond),
        ("decimal", Some(arguments), "") => decimal(arguments)?,
        ("time" | "timestamp", digits, "") => {
            let digits = digits.unwrap_or("3").trim();
            match moment(&base, digits) {
                Some(data_type) => data_type,
                None => return Some(Known::text(format!("{base}({digits})"))),
            }
        }
        ("time" | "timestamp", Some(digits), "with time zone") => {
            return Some(Known::text(format!("{base}({}) with time zone", digits.trim())));
        }
        ("varchar" | "char", Some(length), "") => return Some(Known::text(format!("{base}({})", length.trim()))),
        (
            "char"
            | "json"
            | "uuid"
            | "ipaddress"
            | "interval year to month"
            | "time with time zone"
            | "timestamp with time zone",
            None,
            "",
        ) => return Some(Known::text(base)),
        ("array", Some(item), "") => {
            let item = nested("item", item, depth + 1);
            let told = format!("array({})", told(&item));
            return Some(Known { data_type: DataType::List(Arc::new(item)), told });
        }
        ("map", Some(arguments), "") => return map(arguments, depth + 1),
        ("row", Some(arguments), "") => return Some(row(arguments, depth + 1)),
        _ => return None,
    };
    Some(Known::arrow(data_type))
}

fn decimal(arguments: &str) -> Option<DataType> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let (precision, scale): (u8, u8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let possible = (1..=38).contains(&precision) && scale <= precision;
    possible.then_some(DataType::Decimal128(precision, scale as i8))
}

/// `None` where only text has the digits.
fn moment(base: &str, digits: &str) -> Option<DataType> {
    Some(match (base, digits) {
        ("time", "0") => DataType::Time32(TimeUnit::Second),
        ("time", "3") => DataType::Time32(TimeUnit::Millisecond),
        ("time", "6") => DataType::Time64(TimeUnit::Microsecond),
        ("time", "9") => DataType::Time64(TimeUnit::Nanosecond),
        ("timestamp", "0") => DataType::Timestamp(TimeUnit::Second, None),
        ("timestamp", "3") => DataType::Timestamp(TimeUnit::Millisecond, None),
        ("timestamp", "6") => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

fn map(arguments: &str, depth: usize) -> Option<Known> {
    let [key, value] = parts(arguments)[..] else { return None };
    let (mut key, value) = (nested("key", key, depth), nested("value", value, depth));
    if key.data_type().is_nested() {
        key = named("key", Known::text(told(&key)));
    }
    let told = format!("map({}, {})", told(&key), told(&value));
    let entries = Fields::from(vec![key.with_nullable(false), value]);
    let entries = Field::new("entries", DataType::Struct(entries), false);
    Some(Known { data_type: DataType::Map(Arc::new(entries), false), told })
}

fn row(arguments: &str, depth: usize) -> Known {
    let (mut fields, mut texts) = (Vec::new(), Vec::new());
    for (at, part) in parts(arguments).into_iter().enumerate() {
        let (name, field) = row_field(part, at, depth);
        texts.push(match name {
            Some(name) => format!("{} {}", written(&name), told(&field)),
            None => told(&field),
        });
        fields.push(field);
    }
    Known { data_type: DataType::Struct(fields.into()), told: format!("row({})", texts.join(", ")) }
}

/// A field, and its name if it has one: `name type`, `"name" type` or a type alone. Names may be those of types.
fn row_field(part: &str, at: usize, depth: usize) -> (Option<String>, Field) {
    let anonymous = format!("field{at}");
    if depth > DEEPEST {
        return (None, nested(&anonymous, part, depth));
    }
    let (name, type_text) = if part.starts_with('"') {
        match closing_quote(part) {
            Some(end) => (part[1..end].replace("\"\"", "\""), &part[end + 1..]),
            None => return (None, nested(&anonymous, part, depth)),
        }
    } else if let Some(known) = known(part, depth) {
        return (None, named(&anonymous, known));
    } else {
        match part.split_once(' ') {
            Some((name, type_text)) => (name.to_owned(), type_text),
            None => return (None, nested(&anonymous, part, depth)),
        }
    };
    let field = nested(&name, type_text, depth);
    (Some(name), field)
}

/// A field's name, quoted where it would not be read as one.
fn written(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The arguments between the commas that stand in no parentheses or quotes.
fn parts(arguments: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut place = Place::default();
    for (index, byte) in arguments.bytes().enumerate() {
        if place.step(byte) == 0 && byte == b',' && !place.quoted {
            parts.push(arguments[start..index].trim());
            start = index + 1;
        }
    }
    parts.push(arguments[start..].trim());
    parts
}

/// Where the parenthesis opened at `open` closes.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut place = Place::default();
    let end = text.bytes().skip(open).position(|byte| place.step(byte) == 0 && byte == b')' && !place.quoted)?;
    Some(open + end)
}

/// Where the quotes opened by the first byte close; two in a row stand for one.
fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut index = 1;
    while index < bytes.len() {
        match (bytes[index], bytes.get(index + 1)) {
            (b'"', Some(b'"')) => index += 2,
            (b'"', _) => return Some(index),
            _ => index += 1,
        }
    }
    None
}

#[derive(Default)]
struct Place {
    depth: usize,
    quoted: bool,
}

impl Place {
    /// The depth after a byte.
    fn step(&mut self, byte: u8) -> usize {
        match byte {
            b'"' => self.quoted = !self.quoted,
            b'(' if !self.quoted => self.depth += 1,
            b')' if !self.quoted => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth
    }
}

#[cfg(test)]
mod tests;
