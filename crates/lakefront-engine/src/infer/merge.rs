//! One schema out of many: types widen where no value is lost, and disagree by name where not.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};

use super::trino_type;
use crate::error::{EngineError, EngineErrorKind};

/// The schemas of the files seen so far, as one.
#[derive(Default)]
pub(super) struct Merged {
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
}

struct Column {
    field: FieldRef,
    /// The file this type comes from.
    file: String,
}

impl Merged {
    /// Adds the columns of one file.
    pub(super) fn add(&mut self, file: &str, schema: &Schema) -> Result<(), EngineError> {
        for field in schema.fields() {
            let field = Arc::new(plain_field(field));
            let Some(&at) = self.by_name.get(field.name()) else {
                self.by_name.insert(field.name().clone(), self.columns.len());
                self.columns.push(Column { field, file: file.to_owned() });
                continue;
            };
            let column = &mut self.columns[at];
            if column.field.data_type() == field.data_type() {
                continue;
            }
            match widen(column.field.data_type(), field.data_type()) {
                Some(data_type) if data_type == *column.field.data_type() => {}
                Some(data_type) => {
                    column.field = Arc::new(Field::new(field.name(), data_type, true));
                    column.file = file.to_owned();
                }
                None => return Err(conflict(column, file, &field)),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> SchemaRef {
        let known = |field: FieldRef| match field.data_type() {
            DataType::Null => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
            _ => field,
        };
        Arc::new(Schema::new(self.columns.into_iter().map(|column| known(column.field)).collect::<Vec<_>>()))
    }
}

fn conflict(column: &Column, file: &str, field: &Field) -> EngineError {
    EngineError::new(
        EngineErrorKind::SchemaConflict,
        format!(
            "Column \"{}\" is {} in \"{}\" but {} in \"{file}\": write both files with one type, or keep them in \
             different tables.",
            field.name(),
            trino_type(column.field.data_type()),
            column.file,
            trino_type(field.data_type()),
        ),
    )
}

/// The field with a type people can name, nullable all the way down.
fn plain_field(field: &Field) -> Field {
    Field::new(field.name(), plain(field.data_type()), true)
}

/// Encodings become what they encode, unsigned integers the next signed type, seconds milliseconds.
fn plain(data_type: &DataType) -> DataType {
    let item = |field: &FieldRef| Arc::new(Field::new("item", plain(field.data_type()), true));
    match data_type {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Date64 => DataType::Date32,
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => DataType::List(item(field)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| Arc::new(plain_field(field))).collect()),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                map(plain(fields[0].data_type()), plain(fields[1].data_type()), *sorted)
            }
            _ => data_type.clone(),
        },
        DataType::Dictionary(_, value) => plain(value),
        DataType::RunEndEncoded(_, value) => plain(value.data_type()),
        _ => data_type.clone(),
    }
}

fn map(key: DataType, value: DataType, sorted: bool) -> DataType {
    let entries = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), sorted)
}

/// The narrowest type that holds the values of both; `None` where there is none.
pub(super) fn widen(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{
        Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, List, Map, Null, Struct, Time32, Time64,
        Timestamp,
    };
    if a == b {
        return Some(a.clone());
    }
    Some(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (Int8 | Int16 | Int32 | Int64, Int8 | Int16 | Int32 | Int64) => {
            if integer_digits(a) > integer_digits(b) {
                a.clone()
            } else {
                b.clone()
            }
        }
        (Float64, Float32 | Int8 | Int16 | Int32 | Int64 | Decimal128(..))
        | (Float32 | Int8 | Int16 | Int32 | Int64 | Decimal128(..), Float64)
        | (Float32, Int8 | Int16 | Int32 | Int64 | Decimal128(..))
        | (Int8 | Int16 | Int32 | Int64 | Decimal128(..), Float32) => Float64,
        (Decimal128(..), Int8 | Int16 | Int32 | Int64) => decimal(a, &Decimal128(integer_digits(b), 0))?,
        (Int8 | Int16 | Int32 | Int64, Decimal128(..)) => decimal(&Decimal128(integer_digits(a), 0), b)?,
        (Decimal128(..), Decimal128(..)) => decimal(a, b)?,
        (Date32, Timestamp(unit, None)) | (Timestamp(unit, None), Date32) => Timestamp(*unit, None),
        (Timestamp(a, zone), Timestamp(b, other)) if zone == other => Timestamp((*a).max(*b), zone.clone()),
        (Timestamp(a, Some(_)), Timestamp(b, Some(_))) => Timestamp((*a).max(*b), Some("UTC".into())),
        (Time32(_), Time64(unit)) | (Time64(unit), Time32(_)) => Time64(*unit),
        (Time64(a), Time64(b)) => Time64((*a).max(*b)),
        (List(a), List(b)) => List(Arc::new(Field::new("item", widen(a.data_type(), b.data_type())?, true))),
        (Struct(a), Struct(b)) => Struct(fields(a, b)?),
        (Map(a, sorted), Map(b, other)) => match (a.data_type(), b.data_type()) {
            (Struct(a), Struct(b)) if a.len() == 2 && b.len() == 2 => map(
                widen(a[0].data_type(), b[0].data_type())?,
                widen(a[1].data_type(), b[1].data_type())?,
                *sorted && *other,
            ),
            _ => return None,
        },
        _ => return None,
    })
}

/// The fields of both by name, in the order of their first appearance.
fn fields(a: &Fields, b: &Fields) -> Option<Fields> {
    let mut merged: Vec<FieldRef> = a.iter().cloned().collect();
    let positions: HashMap<&str, usize> = a.iter().enumerate().map(|(i, field)| (field.name().as_str(), i)).collect();
    for field in b {
        match positions.get(field.name().as_str()) {
            Some(&at) => {
                let data_type = widen(merged[at].data_type(), field.data_type())?;
                merged[at] = Arc::new(Field::new(field.name(), data_type, true));
            }
            None => merged.push(Arc::clone(field)),
        }
    }
    Some(merged.into())
}

/// Decimal digits of an integer type's largest value.
fn integer_digits(data_type: &DataType) -> u8 {
    match data_type {
        DataType::Int8 => 3,
        DataType::Int16 => 5,
        DataType::Int32 => 10,
        _ => 19,
    }
}

fn decimal(a: &DataType, b: &DataType) -> Option<DataType> {
    let (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) = (a, b) else {
        return None;
    };
    let scale = (*s1).max(*s2);
    let whole = (i16::from(*p1) - i16::from(*s1)).max(i16::from(*p2) - i16::from(*s2));
    let precision = u8::try_from(whole + i16::from(scale)).ok()?;
    (precision <= 38).then_some(DataType::Decimal128(precision, scale))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn types_widen_without_losing_values() {
        let ms = DataType::Timestamp(TimeUnit::Millisecond, None);
        for (a, b, expected) in [
            (DataType::Int32, DataType::Int64, Some(DataType::Int64)),
            (DataType::Int16, DataType::Float64, Some(DataType::Float64)),
            (DataType::Date32, ms.clone(), Some(ms.clone())),
            (DataType::Decimal128(10, 2), DataType::Decimal128(8, 4), Some(DataType::Decimal128(12, 4))),
            (DataType::Decimal128(38, 0), DataType::Decimal128(38, 10), None),
            (DataType::Utf8, DataType::Int64, None),
            (ms, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), None),
            (DataType::Null, DataType::Boolean, Some(DataType::Boolean)),
        ] {
            assert_eq!(widen(&a, &b), expected, "{a} and {b}");
        }
    }

    #[test]
    fn nested_fields_merge_by_name_and_conflicts_name_both_files() {
        let row = |fields: Vec<Field>| Schema::new(vec![Field::new("place", DataType::Struct(fields.into()), false)]);
        let mut merged = Merged::default();
        merged.add("a.parquet", &row(vec![Field::new("lat", DataType::Float32, false)])).expect("first");
        merged
            .add(
                "b.parquet",
                &row(vec![Field::new("lon", DataType::Int32, true), Field::new("lat", DataType::Float64, true)]),
            )
            .expect("merges");
        let error = merged.add("c.parquet", &row(vec![Field::new("lat", DataType::Utf8, true)])).expect_err("conflict");
        assert_eq!(error.code(), "SCHEMA_CONFLICT");
        for part in ["place", "b.parquet", "c.parquet", "row(lat double, lon integer)", "row(lat varchar)"] {
            assert!(error.message.contains(part), "{part} in {}", error.message);
        }
        assert_eq!(trino_type(merged.finish().field(0).data_type()), "row(lat double, lon integer)");
    }

    fn any_type() -> impl Strategy<Value = DataType> {
        let leaf = prop_oneof![
            Just(DataType::Null),
            Just(DataType::Boolean),
            Just(DataType::Int8),
            Just(DataType::Int64),
            Just(DataType::Float32),
            Just(DataType::Float64),
            Just(DataType::Utf8),
            Just(DataType::Date32),
            (1..=38u8, 0..=10i8).prop_map(|(p, s)| DataType::Decimal128(p.max(s.unsigned_abs()), s)),
            prop_oneof![Just(TimeUnit::Millisecond), Just(TimeUnit::Nanosecond)]
                .prop_map(|unit| DataType::Timestamp(unit, None)),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|t| DataType::List(Arc::new(Field::new("item", t, true)))),
                proptest::collection::btree_map("[abc]", inner, 1..3).prop_map(|fields| DataType::Struct(
                    fields.into_iter().map(|(name, t)| Field::new(name, t, true)).collect()
                )),
            ]
        })
    }

    proptest! {
        /// The order of two files decides the order of fields, never whether they fit; the result holds both.
        #[test]
        fn widening_is_fair(a in any_type(), b in any_type()) {
            let (ab, ba) = (widen(&a, &b), widen(&b, &a));
            prop_assert_eq!(ab.is_some(), ba.is_some());
            if let Some(ab) = ab {
                prop_assert_eq!(widen(&ab, &a), Some(ab.clone()));
                prop_assert_eq!(widen(&ab, &b), Some(ab));
            }
        }
    }
}
