//! One value of any type, for the functions that can't work on whole arrays.
//!
//! How the arrays of [`Type::arrow`] carry values, where the Arrow type does not tell:
//! `time` is picoseconds of the day; `timestamp` of more than 6 digits is picoseconds since the epoch; the intervals are
//! milliseconds and months; `ipaddress` and `uuid` are 16 bytes; `char` is without the spaces at its end; `json` is its
//! canonical text; zoned types are an instant (picoseconds, UTC) with a [`Zone`], or the local picoseconds of the day with
//! minutes of offset.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanBuilder, Decimal128Array, Decimal128Builder, Int16Builder,
    Int64Builder, ListArray, MapArray, NullArray, PrimitiveBuilder, StringBuilder, StructArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType,
};

use crate::error::{Code, Error, Result};
use crate::types::{MAX_PRECISION, Type};
use crate::zone::Zone;

const PICOS_OF_MILLI: i128 = 1_000_000_000;
const PICOS_OF_MICRO: i128 = 1_000_000;

#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Boolean(bool),
    /// All integers; days of a date; picoseconds of a time; milliseconds or months of an interval.
    Int(i64),
    Real(f32),
    Double(f64),
    /// Without its point.
    Decimal(i128),
    /// Also `char`, without the spaces at its end, and `json`.
    Text(String),
    Bytes(Vec<u8>),
    /// Picoseconds since the epoch, whatever the precision.
    Timestamp(i128),
    TimestampTz(i128, Zone),
    /// Local picoseconds of the day, and the offset from UTC in minutes.
    TimeTz(i64, i16),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Row(Vec<Value>),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn or_null(value: Option<Value>) -> Value {
        value.unwrap_or(Value::Null)
    }
}

/// `=`: `None` where a null within makes it undecided.
pub fn equal(a: &Value, b: &Value) -> Option<bool> {
    let all = |pairs: &mut dyn Iterator<Item = (&Value, &Value)>| {
        let mut undecided = false;
        for (a, b) in pairs {
            match equal(a, b) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => undecided = true,
            }
        }
        (!undecided).then_some(true)
    };
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Real(a), Value::Real(b)) => Some(a == b),
        (Value::Double(a), Value::Double(b)) => Some(a == b),
        (Value::Array(a), Value::Array(b)) => {
            if a.len() == b.len() {
                all(&mut a.iter().zip(b))
            } else {
                Some(false)
            }
        }
        (Value::Row(a), Value::Row(b)) => all(&mut a.iter().zip(b)),
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            let mut undecided = false;
            for (key, value) in a {
                let other = b.iter().find(|(other, _)| is_key(key, other));
                match other.map(|(_, other)| equal(value, other)) {
                    None | Some(Some(false)) => return Some(false),
                    Some(Some(true)) => {}
                    Some(None) => undecided = true,
                }
            }
            (!undecided).then_some(true)
        }
        _ => Some(order(a, b) == Ordering::Equal),
    }
}

/// `IS NOT DISTINCT FROM`: nulls are alike, and so are NaNs.
pub fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        // They may hold maps, which have no order.
        (Value::Array(a), Value::Array(b)) | (Value::Row(a), Value::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| identical(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.iter().any(|(other, other_value)| is_key(key, other) && identical(value, other_value))
                })
        }
        _ => order(a, b) == Ordering::Equal,
    }
}

/// Whether a map's key is found by another, which NaN never is.
pub fn is_key(key: &Value, other: &Value) -> bool {
    equal(key, other) == Some(true)
}

pub fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) | Value::Row(items) => items.iter().any(holds_null),
        Value::Map(entries) => entries.iter().any(|(key, item)| holds_null(key) || holds_null(item)),
        _ => false,
    }
}

/// Whether there is a map within that is not even the same as itself.
pub fn has_lost_key(value: &Value) -> bool {
    match value {
        Value::Array(items) | Value::Row(items) => items.iter().any(has_lost_key),
        Value::Map(entries) => entries.iter().any(|(key, item)| !is_key(key, key) || has_lost_key(item)),
        _ => false,
    }
}

/// `<`, `=` or `>` by Trino's comparison operators; `None` where a null or a NaN makes it undecided. Within arrays and rows
/// NaN is the largest number.
pub fn compare(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    match (a, b) {
        (Value::Array(_), _) | (Value::Row(_), _) => compare_by(a, b, |a, b| Some(order_doubles(a, b))),
        _ => compare_by(a, b, |a, b| a.partial_cmp(&b)),
    }
}

/// As [`compare`], with NaN as the least number of all.
pub fn compare_nan_first(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    compare_by(a, b, |a, b| Some(order_doubles_or(a, b, Ordering::Less)))
}

/// As [`compare`], with NaN as the greatest number of all.
pub fn compare_nan_last(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    compare_by(a, b, |a, b| Some(order_doubles_or(a, b, Ordering::Greater)))
}

/// `of_nan`: how NaN is to a number.
fn order_doubles_or(a: f64, b: f64, of_nan: Ordering) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, false) => of_nan,
        (false, true) => of_nan.reverse(),
        _ => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
    }
}

fn compare_by(a: &Value, b: &Value, doubles: fn(f64, f64) -> Option<Ordering>) -> Result<Option<Ordering>> {
    let within = |a: &[Value], b: &[Value], nulls: &str| {
        for (a, b) in a.iter().zip(b) {
            if a.is_null() || b.is_null() {
                return Err(Error::new(Code::NotSupported, nulls));
            }
            match compare_by(a, b, doubles)? {
                Some(Ordering::Equal) => {}
                decided => return Ok(decided),
            }
        }
        Ok(Some(a.len().cmp(&b.len())))
    };
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(None),
        (Value::Real(a), Value::Real(b)) => Ok(doubles((*a).into(), (*b).into())),
        (Value::Double(a), Value::Double(b)) => Ok(doubles(*a, *b)),
        (Value::Array(a), Value::Array(b)) => {
            within(a, b, "ARRAY comparison not supported for arrays with null elements")
        }
        (Value::Row(a), Value::Row(b)) => within(a, b, "ROW comparison not supported for rows with null elements"),
        _ => Ok(Some(order(a, b))),
    }
}

/// # Errors
/// Where a null stands within an array or a row, which Trino can't put before or behind another.
pub fn sortable(value: &Value) -> Result<()> {
    let (items, what) = match value {
        Value::Array(items) => (items, "ARRAY comparison not supported for arrays with null elements"),
        Value::Row(items) => (items, "ROW comparison not supported for fields with null elements"),
        _ => return Ok(()),
    };
    items.iter().try_for_each(|item| match item {
        Value::Null => Err(Error::new(Code::NotSupported, what)),
        item => sortable(item),
    })
}

/// The total order of sorting: NaN is the largest number, null is last.
pub fn order(a: &Value, b: &Value) -> Ordering {
    order_with(a, b, order_doubles)
}

/// The order of what is sorted behind nulls, where NaN is the least number.
pub fn order_after_nulls(a: &Value, b: &Value) -> Ordering {
    order_with(a, b, |a, b| a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())))
}

fn order_with(a: &Value, b: &Value, doubles: fn(f64, f64) -> Ordering) -> Ordering {
    let by_items = |a: &[Value], b: &[Value]| {
        let differing = a.iter().zip(b).map(|(a, b)| order_with(a, b, doubles)).find(|order| order.is_ne());
        differing.unwrap_or_else(|| a.len().cmp(&b.len()))
    };
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::TimestampTz(a, _), Value::TimestampTz(b, _)) => a.cmp(b),
        (Value::TimeTz(a, offset_a), Value::TimeTz(b, offset_b)) => {
            utc_of_day(*a, *offset_a).cmp(&utc_of_day(*b, *offset_b))
        }
        (Value::Real(a), Value::Real(b)) => doubles((*a).into(), (*b).into()),
        (Value::Double(a), Value::Double(b)) => doubles(*a, *b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) | (Value::Row(a), Value::Row(b)) => by_items(a, b),
        (Value::Map(a), Value::Map(b)) => a.len().cmp(&b.len()),
        // Analysis gives both the same type.
        _ => Ordering::Equal,
    }
}

fn order_doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Picoseconds of the day in UTC.
pub fn utc_of_day(picos: i64, offset_minutes: i16) -> i64 {
    (picos - i64::from(offset_minutes) * 60_000_000_000_000).rem_euclid(86_400_000_000_000_000)
}

/// A value as a key of a hash table, under [`identical`].
#[derive(Debug, Clone)]
pub struct Key(pub Value);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        identical(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fn double(value: f64, state: &mut impl Hasher) {
            // -0 is 0, and there is one NaN.
            let canonical = if value.is_nan() { f64::NAN } else { value + 0.0 };
            canonical.to_bits().hash(state);
        }
        fn value(of: &Value, state: &mut impl Hasher) {
            match of {
                Value::Null => 0u8.hash(state),
                Value::Boolean(it) => it.hash(state),
                Value::Int(it) => it.hash(state),
                Value::Real(it) => double((*it).into(), state),
                Value::Double(it) => double(*it, state),
                Value::Decimal(it) | Value::Timestamp(it) | Value::TimestampTz(it, _) => it.hash(state),
                Value::Text(it) => it.hash(state),
                Value::Bytes(it) => it.hash(state),
                Value::TimeTz(picos, offset) => utc_of_day(*picos, *offset).hash(state),
                Value::Array(items) | Value::Row(items) => items.iter().for_each(|item| value(item, state)),
                // Its entries have no order.
                Value::Map(entries) => entries.len().hash(state),
            }
        }
        value(&self.0, state);
    }
}

/// Reads the rows of an array as values of its type.
#[derive(Debug)]
pub struct Values<'a> {
    array: &'a ArrayRef,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Plain(&'a Type),
    Array(&'a ListArray, Box<Values<'a>>),
    Map(&'a MapArray, Box<(Values<'a>, Values<'a>)>),
    Row(Vec<Values<'a>>),
}

impl<'a> Values<'a> {
    pub fn new(array: &'a ArrayRef, of: &'a Type) -> Self {
        let kind = match of {
            Type::Array(element) => {
                let list = array.as_list::<i32>();
                Kind::Array(list, Box::new(Values::new(list.values(), element)))
            }
            Type::Map(key, value) => {
                let map = array.as_map();
                Kind::Map(map, Box::new((Values::new(map.keys(), key), Values::new(map.values(), value))))
            }
            Type::Row(fields) => {
                let columns = array.as_struct().columns();
                Kind::Row(columns.iter().zip(fields).map(|(column, (_, of))| Values::new(column, of)).collect())
            }
            plain => Kind::Plain(plain),
        };
        Values { array, kind }
    }

    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// Of the array, where it is a part of another those of the part.
    pub fn bytes(&self) -> usize {
        self.array.to_data().get_slice_memory_size().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.array.is_empty()
    }

    pub fn get(&self, row: usize) -> Value {
        if self.array.is_null(row) || matches!(self.kind, Kind::Plain(Type::Unknown)) {
            return Value::Null;
        }
        match &self.kind {
            Kind::Plain(of) => plain(self.array, of, row),
            Kind::Array(list, elements) => {
                let (start, end) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
                Value::Array((start..end).map(|at| elements.get(at)).collect())
            }
            Kind::Map(map, entries) => {
                let (start, end) = (map.value_offsets()[row] as usize, map.value_offsets()[row + 1] as usize);
                Value::Map((start..end).map(|at| (entries.0.get(at), entries.1.get(at))).collect())
            }
            Kind::Row(columns) => Value::Row(columns.iter().map(|column| column.get(row)).collect()),
        }
    }
}

fn plain(array: &ArrayRef, of: &Type, row: usize) -> Value {
    match of {
        Type::Boolean => Value::Boolean(array.as_boolean().value(row)),
        Type::Tinyint => Value::Int(array.as_primitive::<Int8Type>().value(row).into()),
        Type::Smallint => Value::Int(array.as_primitive::<Int16Type>().value(row).into()),
        Type::Integer | Type::IntervalYearToMonth => Value::Int(array.as_primitive::<Int32Type>().value(row).into()),
        Type::Date => Value::Int(array.as_primitive::<Date32Type>().value(row).into()),
        Type::Bigint | Type::Time(_) | Type::IntervalDayToSecond => {
            Value::Int(array.as_primitive::<Int64Type>().value(row))
        }
        Type::Real => Value::Real(array.as_primitive::<Float32Type>().value(row)),
        Type::Double => Value::Double(array.as_primitive::<Float64Type>().value(row)),
        Type::Decimal { .. } => Value::Decimal(array.as_primitive::<Decimal128Type>().value(row)),
        Type::Varchar(_) | Type::Char(_) | Type::Json => Value::Text(array.as_string::<i32>().value(row).to_owned()),
        Type::Timestamp(0..=3) => {
            Value::Timestamp(i128::from(array.as_primitive::<TimestampMillisecondType>().value(row)) * PICOS_OF_MILLI)
        }
        Type::Timestamp(4..=6) => {
            Value::Timestamp(i128::from(array.as_primitive::<TimestampMicrosecondType>().value(row)) * PICOS_OF_MICRO)
        }
        Type::Timestamp(_) => Value::Timestamp(array.as_primitive::<Decimal128Type>().value(row)),
        Type::TimestampTz(_) => {
            let parts = array.as_struct();
            Value::TimestampTz(
                parts.column(0).as_primitive::<Decimal128Type>().value(row),
                Zone::from_key(parts.column(1).as_primitive::<Int16Type>().value(row)),
            )
        }
        Type::TimeTz(_) => {
            let parts = array.as_struct();
            Value::TimeTz(
                parts.column(0).as_primitive::<Int64Type>().value(row),
                parts.column(1).as_primitive::<Int16Type>().value(row),
            )
        }
        _ => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
    }
}

/// Makes the array of a type out of values of that type.
///
/// # Errors
/// Where an integer is too large for the type.
pub fn array_of(of: &Type, values: &[Value]) -> Result<ArrayRef> {
    macro_rules! integers {
        ($arrow:ty) => {{
            let mut builder = PrimitiveBuilder::<$arrow>::with_capacity(values.len());
            for value in values {
                match value {
                    Value::Int(value) => builder.append_value(
                        (*value)
                            .try_into()
                            .map_err(|_| Error::out_of_range(format!("Value {value} exceeds range of {of}")))?,
                    ),
                    Value::Null => builder.append_null(),
                    other => return Err(misfit(of, other)),
                }
            }
            Arc::new(builder.finish())
        }};
    }
    macro_rules! built {
        ($builder:expr, $variant:ident, $convert:expr) => {{
            let mut builder = $builder;
            for value in values {
                match value {
                    Value::$variant(value) => builder.append_value($convert(value)),
                    Value::Null => builder.append_null(),
                    other => return Err(misfit(of, other)),
                }
            }
            Arc::new(builder.finish())
        }};
    }
    Ok(match of {
        Type::Unknown => Arc::new(NullArray::new(values.len())),
        Type::Boolean => built!(BooleanBuilder::new(), Boolean, |it: &bool| *it),
        Type::Tinyint => integers!(Int8Type),
        Type::Smallint => integers!(Int16Type),
        Type::Integer | Type::IntervalYearToMonth => integers!(Int32Type),
        Type::Date => integers!(Date32Type),
        Type::Bigint | Type::Time(_) | Type::IntervalDayToSecond => integers!(Int64Type),
        Type::Real => built!(PrimitiveBuilder::<Float32Type>::new(), Real, |it: &f32| *it),
        Type::Double => built!(PrimitiveBuilder::<Float64Type>::new(), Double, |it: &f64| *it),
        Type::Decimal { precision, scale } => {
            let builder = Decimal128Builder::new().with_data_type(DataType::Decimal128(*precision, *scale as i8));
            built!(builder, Decimal, |it: &i128| *it)
        }
        Type::Varchar(_) | Type::Char(_) | Type::Json => built!(StringBuilder::new(), Text, |it: &String| it.clone()),
        Type::Timestamp(0..=3) => timestamps::<TimestampMillisecondType>(of, values, PICOS_OF_MILLI)?,
        Type::Timestamp(4..=6) => timestamps::<TimestampMicrosecondType>(of, values, PICOS_OF_MICRO)?,
        Type::Timestamp(_) => {
            let builder = Decimal128Builder::new().with_data_type(DataType::Decimal128(MAX_PRECISION, 0));
            built!(builder, Timestamp, |it: &i128| *it)
        }
        Type::TimestampTz(_) => {
            let mut instants = Decimal128Builder::new().with_data_type(DataType::Decimal128(MAX_PRECISION, 0));
            let mut zones = Int16Builder::new();
            for value in values {
                match value {
                    Value::TimestampTz(instant, zone) => {
                        instants.append_value(*instant);
                        zones.append_value(zone.key());
                    }
                    Value::Null => {
                        instants.append_null();
                        zones.append_null();
                    }
                    other => return Err(misfit(of, other)),
                }
            }
            parts(of, vec![Arc::new(instants.finish()), Arc::new(zones.finish())], values)
        }
        Type::TimeTz(_) => {
            let (mut picos, mut offsets) = (Int64Builder::new(), Int16Builder::new());
            for value in values {
                match value {
                    Value::TimeTz(at, offset) => {
                        picos.append_value(*at);
                        offsets.append_value(*offset);
                    }
                    Value::Null => {
                        picos.append_null();
                        offsets.append_null();
                    }
                    other => return Err(misfit(of, other)),
                }
            }
            parts(of, vec![Arc::new(picos.finish()), Arc::new(offsets.finish())], values)
        }
        Type::Array(element) => {
            let mut items = Vec::new();
            let mut lengths = Vec::with_capacity(values.len());
            for value in values {
                match value {
                    Value::Array(elements) => {
                        lengths.push(elements.len());
                        items.extend_from_slice(elements);
                    }
                    Value::Null => lengths.push(0),
                    other => return Err(misfit(of, other)),
                }
            }
            let DataType::List(field) = of.arrow() else { return Err(misfit(of, &Value::Null)) };
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::try_new(field, offsets, array_of(element, &items)?, nulls(values))?)
        }
        Type::Map(key, item) => {
            let (mut keys, mut items) = (Vec::new(), Vec::new());
            let mut lengths = Vec::with_capacity(values.len());
            for value in values {
                match value {
                    Value::Map(entries) => {
                        lengths.push(entries.len());
                        keys.extend(entries.iter().map(|(key, _)| key.clone()));
                        items.extend(entries.iter().map(|(_, item)| item.clone()));
                    }
                    Value::Null => lengths.push(0),
                    other => return Err(misfit(of, other)),
                }
            }
            let DataType::Map(field, _) = of.arrow() else { return Err(misfit(of, &Value::Null)) };
            let DataType::Struct(fields) = field.data_type().clone() else { return Err(misfit(of, &Value::Null)) };
            let columns = vec![array_of(key, &keys)?, array_of(item, &items)?];
            let entries = StructArray::try_new(fields, columns, None)?;
            Arc::new(MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, nulls(values), false)?)
        }
        Type::Row(fields) => {
            let mut columns = Vec::with_capacity(fields.len());
            for (at, (_, field)) in fields.iter().enumerate() {
                let column: Vec<Value> = values
                    .iter()
                    .map(|value| match value {
                        Value::Row(values) => values.get(at).cloned().unwrap_or(Value::Null),
                        _ => Value::Null,
                    })
                    .collect();
                columns.push(array_of(field, &column)?);
            }
            parts(of, columns, values)
        }
        _ => built!(BinaryBuilder::new(), Bytes, |it: &Vec<u8>| it.clone()),
    })
}

fn misfit(of: &Type, value: &Value) -> Error {
    Error::new(Code::GenericInternalError, format!("{value:?} is no value of type {of}"))
}

fn nulls(values: &[Value]) -> Option<NullBuffer> {
    let valid = NullBuffer::from_iter(values.iter().map(|value| !value.is_null()));
    (valid.null_count() > 0).then_some(valid)
}

fn parts(of: &Type, columns: Vec<ArrayRef>, values: &[Value]) -> ArrayRef {
    let DataType::Struct(fields) = of.arrow() else { return Arc::new(NullArray::new(values.len())) };
    Arc::new(StructArray::new(fields, columns, nulls(values)))
}

fn timestamps<T>(of: &Type, values: &[Value], picos_of_unit: i128) -> Result<ArrayRef>
where
    T: datafusion::arrow::datatypes::ArrowPrimitiveType<Native = i64>,
{
    let mut builder = PrimitiveBuilder::<T>::with_capacity(values.len());
    for value in values {
        match value {
            Value::Timestamp(picos) => builder.append_value(
                i64::try_from(picos.div_euclid(picos_of_unit))
                    .map_err(|_| Error::out_of_range(format!("The time is out of the range of {of}")))?,
            ),
            Value::Null => builder.append_null(),
            other => return Err(misfit(of, other)),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Instants (picoseconds) of an array of zoned timestamps.
pub(crate) fn instants(array: &ArrayRef) -> Decimal128Array {
    array.as_struct().column(0).as_primitive::<Decimal128Type>().clone()
}
