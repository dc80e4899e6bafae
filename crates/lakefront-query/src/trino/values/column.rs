//! The values of one column, or of a part of one, as they come.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder,
    Int16Builder, Int32Builder, Int64Builder, ListArray, MapArray, NullArray, NullBufferBuilder, StringBuilder,
    StructArray, make_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields, TimeUnit};
use arrow::error::ArrowError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Row, text};

/// Values not yet in an array.
pub(super) struct Column {
    data_type: DataType,
    values: Values,
}

enum Values {
    Null(usize),
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    /// Times and dates too.
    Int32(Int32Builder),
    /// Times, timestamps and intervals too.
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    List {
        field: FieldRef,
        ends: Vec<i32>,
        valid: NullBufferBuilder,
        item: Box<Column>,
    },
    Map {
        entries: FieldRef,
        fields: Fields,
        ends: Vec<i32>,
        valid: NullBufferBuilder,
        key: Box<Column>,
        value: Box<Column>,
    },
    Row {
        fields: Fields,
        valid: NullBufferBuilder,
        columns: Vec<Column>,
    },
}

impl Column {
    /// For a type that `types::field` gives; of others, values are text.
    pub(super) fn new(data_type: &DataType) -> Self {
        use DataType::*;
        // A `row` may have thousands of fields, and room for none of them is taken before there is a value.
        let valid = || NullBufferBuilder::new(0);
        let values = match data_type {
            Null => Values::Null(0),
            Boolean => Values::Boolean(BooleanBuilder::with_capacity(0)),
            Int8 => Values::Int8(Int8Builder::with_capacity(0)),
            Int16 => Values::Int16(Int16Builder::with_capacity(0)),
            Int32 | Date32 | Time32(_) => Values::Int32(Int32Builder::with_capacity(0)),
            Int64 | Time64(_) | Timestamp(..) | Duration(_) => Values::Int64(Int64Builder::with_capacity(0)),
            Float32 => Values::Float32(Float32Builder::with_capacity(0)),
            Float64 => Values::Float64(Float64Builder::with_capacity(0)),
            Decimal128(..) => Values::Decimal(Decimal128Builder::with_capacity(0).with_data_type(data_type.clone())),
            Binary => Values::Binary(BinaryBuilder::with_capacity(0, 0)),
            List(field) => Values::List {
                field: field.clone(),
                ends: vec![0],
                valid: valid(),
                item: Box::new(Column::new(field.data_type())),
            },
            Struct(fields) => Values::Row {
                fields: fields.clone(),
                valid: valid(),
                columns: fields.iter().map(|field| Column::new(field.data_type())).collect(),
            },
            Map(entries, _) => match entries.data_type() {
                Struct(fields) if fields.len() == 2 => Values::Map {
                    entries: entries.clone(),
                    fields: fields.clone(),
                    ends: vec![0],
                    valid: valid(),
                    key: Box::new(Column::new(fields[0].data_type())),
                    value: Box::new(Column::new(fields[1].data_type())),
                },
                _ => Values::Text(StringBuilder::with_capacity(0, 0)),
            },
            _ => Values::Text(StringBuilder::with_capacity(0, 0)),
        };
        Self { data_type: data_type.clone(), values }
    }

    /// Counts the fields of a `row`, which take their places in it all the same.
    fn null(&mut self, bytes: &mut usize) {
        match &mut self.values {
            Values::Null(count) => *count += 1,
            Values::Boolean(builder) => builder.append_null(),
            Values::Int8(builder) => builder.append_null(),
            Values::Int16(builder) => builder.append_null(),
            Values::Int32(builder) => builder.append_null(),
            Values::Int64(builder) => builder.append_null(),
            Values::Float32(builder) => builder.append_null(),
            Values::Float64(builder) => builder.append_null(),
            Values::Decimal(builder) => builder.append_null(),
            Values::Text(builder) => builder.append_null(),
            Values::Binary(builder) => builder.append_null(),
            Values::List { ends, valid, .. } | Values::Map { ends, valid, .. } => {
                ends.push(ends.last().copied().unwrap_or_default());
                valid.append_null();
            }
            Values::Row { valid, columns, .. } => {
                valid.append_null();
                for column in columns {
                    *bytes += 8;
                    column.null(bytes);
                }
            }
        }
    }

    fn integer(&mut self, number: i64) -> Option<()> {
        match (&mut self.values, &self.data_type) {
            (Values::Int8(builder), _) => builder.append_value(number.try_into().ok()?),
            (Values::Int16(builder), _) => builder.append_value(number.try_into().ok()?),
            (Values::Int32(builder), DataType::Int32) => builder.append_value(number.try_into().ok()?),
            (Values::Int64(builder), DataType::Int64) => builder.append_value(number),
            (Values::Text(builder), _) => builder.append_value(number.to_string()),
            _ => return None,
        }
        Some(())
    }

    /// A value from its text, which is how most types come; numbers and booleans do as keys of maps.
    fn text(&mut self, text: &str) -> Option<()> {
        match (&mut self.values, &self.data_type) {
            (Values::Text(builder), _) => builder.append_value(text),
            (Values::Boolean(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Int8(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Int16(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Int32(builder), DataType::Date32) => builder.append_value(text::date(text)?.try_into().ok()?),
            (Values::Int32(builder), DataType::Time32(unit)) => {
                builder.append_value(text::time(text, digits(*unit))?.try_into().ok()?);
            }
            (Values::Int32(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Int64(builder), DataType::Time64(unit)) => builder.append_value(text::time(text, digits(*unit))?),
            (Values::Int64(builder), DataType::Timestamp(unit, _)) => {
                builder.append_value(text::timestamp(text, digits(*unit))?);
            }
            (Values::Int64(builder), DataType::Duration(_)) => builder.append_value(text::day_to_second(text)?),
            (Values::Int64(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Float32(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Float64(builder), _) => builder.append_value(text.parse().ok()?),
            (Values::Decimal(builder), DataType::Decimal128(precision, scale)) => {
                builder.append_value(text::decimal(text, *precision, *scale)?);
            }
            (Values::Binary(builder), _) => builder.append_value(STANDARD.decode(text).ok()?),
            _ => return None,
        }
        Some(())
    }

    /// What came since the last call.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let array: ArrayRef = match &mut self.values {
            Values::Null(count) => Arc::new(NullArray::new(std::mem::take(count))),
            Values::Boolean(builder) => Arc::new(builder.finish()),
            Values::Int8(builder) => Arc::new(builder.finish()),
            Values::Int16(builder) => Arc::new(builder.finish()),
            Values::Int32(builder) => Arc::new(builder.finish()),
            Values::Int64(builder) => Arc::new(builder.finish()),
            Values::Float32(builder) => Arc::new(builder.finish()),
            Values::Float64(builder) => Arc::new(builder.finish()),
            Values::Decimal(builder) => Arc::new(builder.finish()),
            Values::Text(builder) => Arc::new(builder.finish()),
            Values::Binary(builder) => Arc::new(builder.finish()),
            Values::List { field, ends, valid, item } => {
                Arc::new(ListArray::try_new(field.clone(), offsets(ends), item.finish()?, valid.finish())?)
            }
            Values::Map { entries, fields, ends, valid, key, value } => {
                let pairs = StructArray::try_new(fields.clone(), vec![key.finish()?, value.finish()?], None)?;
                Arc::new(MapArray::try_new(entries.clone(), offsets(ends), pairs, valid.finish(), false)?)
            }
            Values::Row { fields, valid, columns } => {
                let columns = columns.iter_mut().map(Column::finish).collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new(fields.clone(), columns, valid.finish())?)
            }
        };
        if array.data_type() == &self.data_type {
            return Ok(array);
        }
        // Moments are kept as integers of the same width.
        Ok(make_array(array.into_data().into_builder().data_type(self.data_type.clone()).build()?))
    }
}

fn digits(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(ends, vec![0])))
}

/// Reads one value into its column.
pub(super) struct Value<'a> {
    pub(super) column: &'a mut Column,
    /// Counts about what the values take as Arrow.
    pub(super) bytes: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.bytes += 8;
        if !matches!(self.column.data_type, DataType::Float32 | DataType::Float64) {
            return deserializer.deserialize_any(self);
        }
        // The standard library rounds a number's text correctly, and an f32 only once.
        let number = <&RawValue>::deserialize(deserializer)?.get();
        if number == "null" {
            self.column.null(self.bytes);
            return Ok(());
        }
        self.column.text(number.trim_matches('"')).ok_or_else(|| D::Error::custom("a number that is none"))
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a value for a column of {:?}", self.column.data_type)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.column.null(self.bytes);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match &mut self.column.values {
            Values::Boolean(builder) => builder.append_value(value),
            Values::Text(builder) => builder.append_value(value.to_string()),
            _ => return Err(E::custom(format_args!("a boolean in a column of {:?}", self.column.data_type))),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.column
            .integer(value)
            .ok_or_else(|| E::custom(format_args!("an integer in a column of {:?}", self.column.data_type)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_i64(value.try_into().map_err(|_| E::custom("an integer beyond bigint"))?)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        // Numbers of types that have fractions are read as text: this one is of a type that is unknown here.
        match &mut self.column.values {
            Values::Text(builder) => builder.append_value(value.to_string()),
            _ => return Err(E::custom(format_args!("a fraction in a column of {:?}", self.column.data_type))),
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        *self.bytes += value.len();
        // The value itself may be anyone's secret, and errors go to the log.
        self.column
            .text(value)
            .ok_or_else(|| E::custom(format_args!("text that is no value of {:?}", self.column.data_type)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { column, bytes } = self;
        match &mut column.values {
            Values::List { ends, valid, item, .. } => {
                let mut end = ends.last().copied().unwrap_or_default();
                while seq.next_element_seed(Value { column: item, bytes })?.is_some() {
                    end += 1;
                }
                ends.push(end);
                valid.append_non_null();
                Ok(())
            }
            Values::Row { valid, columns, .. } => {
                valid.append_non_null();
                Row { columns, bytes }.visit_seq(seq)
            }
            Values::Text(builder) => as_json(SeqAccessDeserializer::new(seq), builder, bytes),
            _ => Err(A::Error::custom(format_args!("a list in a column of {:?}", column.data_type))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { column, bytes } = self;
        match &mut column.values {
            Values::Map { ends, valid, key, value, .. } => {
                let mut end = ends.last().copied().unwrap_or_default();
                while map.next_key_seed(Key { column: key, bytes })?.is_some() {
                    map.next_value_seed(Value { column: value, bytes })?;
                    end += 1;
                }
                ends.push(end);
                valid.append_non_null();
                Ok(())
            }
            Values::Text(builder) => as_json(MapAccessDeserializer::new(map), builder, bytes),
            _ => Err(A::Error::custom(format_args!("an object in a column of {:?}", column.data_type))),
        }
    }
}

/// The key of a map, which is text whatever its type.
struct Key<'a> {
    column: &'a mut Column,
    bytes: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.bytes += 8;
        deserializer.deserialize_str(Value { column: self.column, bytes: self.bytes })
    }
}

/// A value of a type that is unknown here, as it came.
fn as_json<'de, D: Deserializer<'de>>(value: D, out: &mut StringBuilder, bytes: &mut usize) -> Result<(), D::Error> {
    let text = serde_json::Value::deserialize(value)?.to_string();
    *bytes += text.len();
    out.append_value(text);
    Ok(())
}
