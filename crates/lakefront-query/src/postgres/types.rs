//! From a type of PostgreSQL to an Arrow field, with the type's name as Trino has it.
//!
//! Arrow types are chosen so that no value loses anything. What no Arrow type holds in full is text, as PostgreSQL
//! writes it:
//!
//! | PostgreSQL | why text |
//! | --- | --- |
//! | `interval` | months, days and microseconds are three numbers, and no two of them can be added |
//! | `numeric` without precision, or with more than 38 digits | its scale is each value's own; see [`Numerics`](super::values::Rows) |
//! | `timetz`, `uuid`, `json`, `inet`, enums, ranges, geometry, any other type | Arrow has none like it |

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use lakefront_engine::infer::trino_type;
use lakefront_trino::types::TYPE_KEY;

/// A type: its number in `pg_type`, and its modifier (length, precision), -1 without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PgType {
    pub(super) oid: u32,
    pub(super) modifier: i32,
}

/// How values of a type are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Date,
    Time,
    Timestamp {
        utc: bool,
    },
    Bytes,
    /// Digits in all, and those after the point.
    Decimal(u8, i8),
    /// `numeric` that declares neither.
    Numeric,
    Uuid,
    Jsonb,
    /// In PostgreSQL's own words, with Trino's name of the type.
    Text(&'static str),
    /// `varchar(n)`, `char(n)`.
    Sized(&'static str, i32),
    List(Box<Kind>),
}

impl PgType {
    pub(super) fn kind(self) -> Kind {
        if let Some(item) = item(self.oid) {
            let item = PgType { oid: item, ..self }.kind();
            // Items come in binary, which is read for these; of others the whole list is text.
            return match item {
                Kind::Numeric | Kind::Text("interval" | "time with time zone" | "ipaddress") => Kind::Text("varchar"),
                item => Kind::List(Box::new(item)),
            };
        }
        match (self.oid, self.modifier - 4) {
            (16, _) => Kind::Boolean,
            (21, _) => Kind::Int2,
            (23, _) => Kind::Int4,
            (20, _) => Kind::Int8,
            (26, _) => Kind::Oid,
            (700, _) => Kind::Float4,
            (701, _) => Kind::Float8,
            (1082, _) => Kind::Date,
            (1083, _) => Kind::Time,
            (1114, _) => Kind::Timestamp { utc: false },
            (1184, _) => Kind::Timestamp { utc: true },
            (17, _) => Kind::Bytes,
            (1700, modifier) if modifier >= 0 => {
                let precision = u8::try_from(modifier >> 16).unwrap_or(u8::MAX);
                // Eleven bits with a sign.
                let scale = ((modifier & 0x7ff) ^ 1024) - 1024;
                match i8::try_from(scale) {
                    Ok(scale) if precision <= 38 && scale >= 0 && scale.unsigned_abs() <= precision => {
                        Kind::Decimal(precision, scale)
                    }
                    _ => Kind::Numeric,
                }
            }
            (1700, _) => Kind::Numeric,
            (2950, _) => Kind::Uuid,
            (3802, _) => Kind::Jsonb,
            (1043, length) if length > 0 => Kind::Sized("varchar", length),
            (1042, length) if length > 0 => Kind::Sized("char", length),
            (114, _) => Kind::Text("json"),
            (869, _) => Kind::Text("ipaddress"),
            (1186, _) => Kind::Text("interval"),
            (1266, _) => Kind::Text("time with time zone"),
            _ => Kind::Text("varchar"),
        }
    }
}

impl Kind {
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Kind::Boolean => DataType::Boolean,
            Kind::Int2 => DataType::Int16,
            Kind::Int4 => DataType::Int32,
            Kind::Int8 | Kind::Oid => DataType::Int64,
            Kind::Float4 => DataType::Float32,
            Kind::Float8 => DataType::Float64,
            Kind::Date => DataType::Date32,
            Kind::Time => DataType::Time64(TimeUnit::Microsecond),
            Kind::Timestamp { utc } => DataType::Timestamp(TimeUnit::Microsecond, utc.then(|| "UTC".into())),
            Kind::Bytes => DataType::Binary,
            Kind::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Kind::Numeric | Kind::Uuid | Kind::Jsonb | Kind::Text(_) | Kind::Sized(..) => DataType::Utf8,
            Kind::List(item) => DataType::List(Arc::new(item.field("item"))),
        }
    }

    /// Trino's name of the type, in the form that `trino_type` gives to all types. A `numeric` without precision is a
    /// `decimal` without one, which Trino has not: nothing says how many digits it has.
    pub(super) fn told(&self) -> String {
        match self {
            Kind::Numeric => "decimal".to_owned(),
            Kind::Uuid => "uuid".to_owned(),
            Kind::Jsonb => "json".to_owned(),
            Kind::Text(told) => (*told).to_owned(),
            Kind::Sized(told, length) => format!("{told}({length})"),
            Kind::List(item) => format!("array({})", item.told()),
            other => trino_type(&other.data_type()),
        }
    }

    pub(super) fn field(&self, name: &str) -> Field {
        let field = Field::new(name, self.data_type(), true);
        let told = self.told();
        if trino_type(field.data_type()) == told {
            return field;
        }
        field.with_metadata(HashMap::from([(TYPE_KEY.to_owned(), told)]))
    }

    /// Whether values are asked for as text rather than in binary.
    pub(super) fn as_text(&self) -> bool {
        matches!(self, Kind::Text(_) | Kind::Sized(..))
    }
}

/// The item type of a list type.
fn item(oid: u32) -> Option<u32> {
    Some(match oid {
        1000 => 16,
        1001 => 17,
        1003 => 19,
        1005 => 21,
        1007 => 23,
        1009 => 25,
        1014 => 1042,
        1015 => 1043,
        1016 => 20,
        1021 => 700,
        1022 => 701,
        1028 => 26,
        1041 => 869,
        1115 => 1114,
        1182 => 1082,
        1183 => 1083,
        1185 => 1184,
        1187 => 1186,
        1231 => 1700,
        1270 => 1266,
        199 => 114,
        2951 => 2950,
        3807 => 3802,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(oid: u32, modifier: i32) -> (DataType, String) {
        let kind = PgType { oid, modifier }.kind();
        (kind.data_type(), kind.told())
    }

    #[test]
    fn types_keep_what_they_declare() {
        let numeric = |precision: i32, scale: i32| (precision << 16 | scale & 0x7ff) + 4;
        assert_eq!(told(1700, numeric(12, 2)), (DataType::Decimal128(12, 2), "decimal(12,2)".to_owned()));
        assert_eq!(told(1700, numeric(38, 38)), (DataType::Decimal128(38, 38), "decimal(38,38)".to_owned()));
        for undeclared in [-1, numeric(39, 2), numeric(3, -2), numeric(2, 4)] {
            assert_eq!(told(1700, undeclared), (DataType::Utf8, "decimal".to_owned()), "{undeclared}");
        }
        assert_eq!(told(1043, 29), (DataType::Utf8, "varchar(25)".to_owned()));
        assert_eq!(told(25, -1), (DataType::Utf8, "varchar".to_owned()));
        assert_eq!(told(1007, -1).1, "array(integer)");
        assert_eq!(told(1231, numeric(6, 1)).1, "array(decimal(6,1))");
        assert_eq!(told(1231, -1), (DataType::Utf8, "varchar".to_owned()));
        assert_eq!(told(1184, -1).1, "timestamp(6) with time zone");
        assert_eq!(told(99_999, -1), (DataType::Utf8, "varchar".to_owned()));
    }
}
