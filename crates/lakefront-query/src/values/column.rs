//! A column that takes values in as they come.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder,
    Int16Builder, Int32Builder, Int64Builder, ListArray, MapArray, NullArray, NullBufferBuilder, StringBuilder,
    StructArray, make_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields, TimeUnit};
use arrow::error::ArrowError;

use super::text;

/// Values not yet in an array.
pub(crate) struct Column {
    pub(crate) data_type: DataType,
    pub(crate) values: Values,
}

pub(crate) enum Values {
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
    /// Of types without a builder here, values are text.
    pub(crate) fn new(data_type: &DataType) -> Self {
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
    pub(crate) fn null(&mut self, bytes: &mut usize) {
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

    pub(crate) fn integer(&mut self, number: i64) -> Option<()> {
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

    /// A value from its text. Bytes are written by each system in its own way, so they are no text here.
    pub(crate) fn text(&mut self, text: &str) -> Option<()> {
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
            _ => return None,
        }
        Some(())
    }

    /// `None` where the column is none of bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let Values::Binary(builder) = &mut self.values else { return None };
        builder.append_value(bytes);
        Some(())
    }

    /// What came since the last call.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
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
