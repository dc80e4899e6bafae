//! Hive's types, as Glue has them, in Trino's and in Arrow's words.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

/// Types are nested this deep at most.
const DEPTH: usize = 32;

/// Trino's name of a type; one that is not understood stays as it is.
pub(super) fn trino_name(hive: &str) -> String {
    match Type::parse(hive) {
        Some(parsed) => parsed.trino(),
        None => hive.to_lowercase(),
    }
}

/// What the embedded engine holds values of this type in; `None` where it would not hold them exactly.
pub(super) fn arrow(hive: &str) -> Option<DataType> {
    Type::parse(hive)?.arrow()
}

/// Whether values of a partition key, which are text in Glue, are read as this type.
pub(super) fn is_key(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::Date32
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Boolean
    )
}

/// A type of files in Hive's words; `None` where it has none that holds all of its values.
pub(in crate::catalog) fn hive(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Decimal128(precision, scale) if *scale >= 0 => format!("decimal({precision},{scale})"),
        DataType::List(item) => format!("array<{}>", hive(item.data_type())?),
        DataType::Struct(fields) => {
            let field = |field: &Arc<Field>| Some(format!("{}:{}", field.name(), hive(field.data_type())?));
            format!("struct<{}>", fields.iter().map(field).collect::<Option<Vec<_>>>()?.join(","))
        }
        _ => return None,
    })
}

/// Whether a column declared so holds the values of files that have the other type.
pub(super) fn holds(declared: &DataType, found: &DataType) -> bool {
    let width = |data_type: &DataType| match data_type {
        DataType::Int8 => Some(8),
        DataType::Int16 => Some(16),
        DataType::Int32 => Some(32),
        DataType::Int64 => Some(64),
        _ => None,
    };
    match (declared, found) {
        (DataType::Float64, DataType::Float32) => true,
        _ if width(declared).is_some() => width(found).is_some_and(|found| Some(found) <= width(declared)),
        _ => hive(declared).is_some() && hive(declared) == hive(found),
    }
}

#[derive(Debug)]
enum Type {
    /// With what stands in its parentheses.
    Plain(String, Vec<u32>),
    Array(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Row(Vec<(String, Type)>),
}

impl Type {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (parsed, rest) = Self::take(&text, DEPTH)?;
        rest.trim().is_empty().then_some(parsed)
    }

    /// A type at the beginning of a text, and what follows it.
    fn take(text: &str, depth: usize) -> Option<(Self, &str)> {
        let depth = depth.checked_sub(1)?;
        let text = text.trim_start();
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let rest = rest.trim_start();
        match (name, rest.strip_prefix('<')) {
            ("", _) => None,
            ("array", Some(rest)) => {
                let (item, rest) = Self::take(rest, depth)?;
                Some((Self::Array(Box::new(item)), rest.trim_start().strip_prefix('>')?))
            }
            ("map", Some(rest)) => {
                let (key, rest) = Self::take(rest, depth)?;
                let (value, rest) = Self::take(rest.trim_start().strip_prefix(',')?, depth)?;
                Some((Self::Map(Box::new(key), Box::new(value)), rest.trim_start().strip_prefix('>')?))
            }
            ("struct", Some(mut rest)) => {
                let mut fields = Vec::new();
                loop {
                    let (name, after) = rest.split_once(':')?;
                    let (field, after) = Self::take(after, depth)?;
                    fields.push((name.trim().to_owned(), field));
                    match after.trim_start().strip_prefix(',') {
                        Some(next) => rest = next,
                        None => return Some((Self::Row(fields), after.trim_start().strip_prefix('>')?)),
                    }
                }
            }
            (_, Some(_)) => None,
            (name, None) => match rest.strip_prefix('(') {
                Some(inside) => {
                    let (numbers, rest) = inside.split_once(')')?;
                    let numbers = numbers.split(',').map(|number| number.trim().parse().ok()).collect::<Option<_>>()?;
                    Some((Self::Plain(name.to_owned(), numbers), rest))
                }
                None => Some((Self::Plain(name.to_owned(), Vec::new()), rest)),
            },
        }
    }

    fn trino(&self) -> String {
        match self {
            Self::Plain(name, numbers) => match (name.as_str(), numbers.as_slice()) {
                ("int", _) => "integer".to_owned(),
                ("float", _) => "real".to_owned(),
                ("string", _) => "varchar".to_owned(),
                ("binary", _) => "varbinary".to_owned(),
                ("timestamp", []) => "timestamp(3)".to_owned(),
                ("decimal" | "dec" | "numeric", []) => "decimal(10,0)".to_owned(),
                ("decimal" | "dec" | "numeric", [precision]) => format!("decimal({precision},0)"),
                ("decimal" | "dec" | "numeric", [precision, scale, ..]) => format!("decimal({precision},{scale})"),
                (name, []) => name.to_owned(),
                (name, numbers) => {
                    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                    format!("{name}({})", numbers.join(","))
                }
            },
            Self::Array(item) => format!("array({})", item.trino()),
            Self::Map(key, value) => format!("map({}, {})", key.trino(), value.trino()),
            Self::Row(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, field)| format!("{name} {}", field.trino())).collect();
                format!("row({})", fields.join(", "))
            }
        }
    }

    fn arrow(&self) -> Option<DataType> {
        let item = |data_type| Arc::new(Field::new("item", data_type, true));
        Some(match self {
            Self::Plain(name, numbers) => match (name.as_str(), numbers.as_slice()) {
                ("boolean", []) => DataType::Boolean,
                ("tinyint", []) => DataType::Int8,
                ("smallint", []) => DataType::Int16,
                ("int" | "integer", []) => DataType::Int32,
                ("bigint", []) => DataType::Int64,
                ("float", []) => DataType::Float32,
                ("double", []) => DataType::Float64,
                ("string", []) => DataType::Utf8,
                ("binary", []) => DataType::Binary,
                ("date", []) => DataType::Date32,
                ("timestamp", []) => DataType::Timestamp(TimeUnit::Millisecond, None),
                ("decimal" | "dec" | "numeric", numbers) => {
                    let precision = numbers.first().copied().unwrap_or(10);
                    let scale = numbers.get(1).copied().unwrap_or(0);
                    if !(1..=38).contains(&precision) || scale > precision {
                        return None;
                    }
                    DataType::Decimal128(u8::try_from(precision).ok()?, i8::try_from(scale).ok()?)
                }
                // char and varchar cut and pad what is too long or too short for them.
                _ => return None,
            },
            Self::Array(of) => DataType::List(item(of.arrow()?)),
            Self::Map(..) => return None,
            Self::Row(fields) => {
                let fields = fields.iter().map(|(name, field)| Some(Field::new(name, field.arrow()?, true)));
                DataType::Struct(fields.collect::<Option<Fields>>()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hives_types_have_trinos_names() {
        for (hive, trino, held) in [
            ("int", "integer", true),
            ("STRING", "varchar", true),
            ("float", "real", true),
            ("timestamp", "timestamp(3)", true),
            ("decimal(10,2)", "decimal(10,2)", true),
            ("decimal", "decimal(10,0)", true),
            ("varchar(20)", "varchar(20)", false),
            ("char(3)", "char(3)", false),
            ("array<struct<a:int,b:array<string>>>", "array(row(a integer, b array(varchar)))", true),
            ("map<string,double>", "map(varchar, double)", false),
            ("uniontype<int,string>", "uniontype<int,string>", false),
            ("struct<a:int", "struct<a:int", false),
            ("", "", false),
        ] {
            assert_eq!(trino_name(hive), trino, "{hive}");
            assert_eq!(arrow(hive).is_some(), held, "{hive}");
        }
        assert_eq!(trino_name(&"array<".repeat(10_000)).len(), 60_000);
    }
}
