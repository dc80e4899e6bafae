//! Booleans, numbers and text, cast into each other.

use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, BooleanBufferBuilder, StringBuilder,
};
use datafusion::arrow::datatypes::{
    Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};

use super::unknown;
use crate::call::Call;
use crate::decimal::{self, Parsed, fits};
use crate::error::{Code, Error, Result};
use crate::lanes;
use crate::types::Type;
use crate::value::Value;

mod java_digits;
pub(crate) mod number_text;

pub(super) fn exists(from: &Type, to: &Type) -> bool {
    use Type::{Boolean, Char, Varbinary, Varchar};
    match (from, to) {
        (Char(_), to) => matches!(to, Varchar(_) | Char(_)),
        (Varchar(_), Char(_) | Varbinary) => true,
        (Boolean | Varchar(_), Boolean | Varchar(_)) => true,
        (Boolean | Varchar(_), to) => to.is_numeric(),
        (from, Boolean | Varchar(_)) => from.is_numeric(),
        _ => from.is_numeric() && to.is_numeric(),
    }
}

/// What is cast.
#[derive(Clone, Copy)]
enum Source<'a> {
    Boolean(bool),
    Int(i64),
    Real(f32),
    Double(f64),
    Decimal {
        value: i128,
        precision: u8,
        scale: u8,
    },
    /// A `varchar`.
    Text(&'a str),
}

impl<'a> Source<'a> {
    fn of(value: &'a Value, from: &Type) -> Option<Self> {
        Some(match (value, from) {
            (Value::Boolean(value), _) => Source::Boolean(*value),
            (Value::Int(value), _) => Source::Int(*value),
            (Value::Real(value), _) => Source::Real(*value),
            (Value::Double(value), _) => Source::Double(*value),
            (Value::Decimal(value), Type::Decimal { precision, scale }) => {
                Source::Decimal { value: *value, precision: *precision, scale: *scale }
            }
            (Value::Text(text), Type::Varchar(_)) => Source::Text(text),
            _ => return None,
        })
    }

    /// As messages name it.
    fn shown(self) -> String {
        match self {
            Source::Text(text) => text.to_owned(),
            other => {
                let mut shown = String::new();
                other.write(&mut shown);
                shown
            }
        }
    }

    fn write(self, out: &mut String) {
        match self {
            Source::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
            // Writing to a text does not fail.
            Source::Int(value) => drop(write!(out, "{value}")),
            Source::Real(value) => number_text::write_real(value, out),
            Source::Double(value) => number_text::write_double(value, out),
            Source::Decimal { value, scale, .. } => decimal::write(value, scale, out),
            Source::Text(text) => out.push_str(text),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Source::Boolean(_) => "boolean",
            Source::Int(_) => "integer",
            Source::Real(_) => "real",
            Source::Double(_) => "double",
            Source::Decimal { .. } => "decimal",
            Source::Text(_) => "varchar",
        }
    }

    fn invalid(self, to: &Type) -> Error {
        Error::invalid_cast(self.shown(), self.kind(), to)
    }

    fn boolean(self, to: &Type) -> Result<bool> {
        Ok(match self {
            Source::Boolean(value) => value,
            Source::Int(value) => value != 0,
            Source::Real(value) => value != 0.0,
            Source::Double(value) => value != 0.0,
            Source::Decimal { value, .. } => value != 0,
            Source::Text(text) => match text {
                _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("t") || text == "1" => true,
                _ if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("f") || text == "0" => false,
                _ => return Err(self.invalid(to)),
            },
        })
    }

    fn int(self, to: &Type) -> Result<i64> {
        let in_range = |value: i64| match to {
            Type::Tinyint => i8::try_from(value).is_ok(),
            Type::Smallint => i16::try_from(value).is_ok(),
            Type::Integer => i32::try_from(value).is_ok(),
            _ => true,
        };
        let checked = |value: i64| {
            if in_range(value) {
                Ok(value)
            } else {
                Err(Error::out_of_range(format!("Out of range for {to}: {}", self.shown())))
            }
        };
        match self {
            Source::Boolean(value) => Ok(value.into()),
            Source::Int(value) => checked(value),
            Source::Real(value) if value.is_nan() => Err(self.invalid(to)),
            Source::Double(value) if value.is_nan() => Err(self.invalid(to)),
            Source::Real(value) => checked(f64::from(value).round() as i64),
            Source::Double(value) => {
                let rounded = value.round();
                // The upper limit is no double.
                if *to == Type::Bigint
                    && !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded)
                {
                    return Err(Error::new(
                        Code::InvalidCastArgument,
                        format!("Unable to cast {} to bigint", self.shown()),
                    ));
                }
                checked(rounded as i64)
            }
            Source::Decimal { value, scale, .. } => i64::try_from(decimal::round_off(value, scale))
                .ok()
                .filter(|value| in_range(*value))
                .ok_or_else(|| self.invalid(to)),
            Source::Text(text) => text.parse().ok().filter(|value| in_range(*value)).ok_or_else(|| self.invalid(to)),
        }
    }

    fn real(self, to: &Type) -> Result<f32> {
        Ok(match self {
            Source::Boolean(value) => f32::from(u8::from(value)),
            Source::Int(value) => value as f32,
            Source::Real(value) => value,
            Source::Double(value) => value as f32,
            Source::Decimal { value, precision, scale } => {
                if precision <= 18 || scale <= 10 && value.unsigned_abs() < 1 << 22 {
                    value as f32 / decimal::ten_to(scale) as f32
                } else {
                    decimal::text(value, scale).parse().map_err(|_| self.invalid(to))?
                }
            }
            Source::Text(text) => number_text::read(text)?.ok_or_else(|| self.invalid(to))?,
        })
    }

    fn double(self, to: &Type) -> Result<f64> {
        Ok(match self {
            Source::Boolean(value) => f64::from(u8::from(value)),
            Source::Int(value) => value as f64,
            Source::Real(value) => value.into(),
            Source::Double(value) => value,
            Source::Decimal { value, precision, scale } => {
                if precision <= 18 || scale <= 22 && value.unsigned_abs() < 1 << 52 {
                    value as f64 / decimal::ten_to(scale) as f64
                } else {
                    decimal::text(value, scale).parse().map_err(|_| self.invalid(to))?
                }
            }
            Source::Text(text) => number_text::read(text)?.ok_or_else(|| self.invalid(to))?,
        })
    }

    fn decimal(self, precision: u8, scale: u8, to: &Type) -> Result<i128> {
        let parsed = |text: &str| Parsed::of(text).and_then(|parsed| parsed.with_scale(scale));
        let value = match self {
            Source::Boolean(value) => return Ok(if value { decimal::ten_to(scale) } else { 0 }),
            Source::Int(value) => i128::from(value).checked_mul(decimal::ten_to(scale)),
            Source::Decimal { value, scale: from, .. } => decimal::rescale(value, from, scale),
            // The number that its text names, not the binary fraction.
            Source::Real(value) => parsed(&number_text::real_digits(value)),
            Source::Double(value) => parsed(&number_text::double_digits(value)),
            Source::Text(text) => parsed(text),
        };
        value.filter(|value| fits(*value, precision)).ok_or_else(|| self.invalid(to))
    }

    /// Text of a number or a boolean has to fit; text itself is cut.
    fn text(self, length: Option<u32>, out: &mut String) -> Result<()> {
        if let Source::Text(text) = self {
            out.push_str(length.map_or(text, |length| first(text, length)));
            return Ok(());
        }
        self.write(out);
        match length {
            // In Trino it is cut or an error, as what uses it looks at it.
            Some(length) if out.len() > length as usize && matches!(self, Source::Boolean(_)) => {
                Err(Error::not_here(format!("A cast to varchar({length}) of {out}, which is longer,")))
            }
            // It is all ASCII.
            Some(length) if out.len() > length as usize => Err(Error::new(
                Code::InvalidCastArgument,
                format!("Value {out} cannot be represented as varchar({length})"),
            )),
            _ => Ok(()),
        }
    }
}

/// The first characters of a text.
pub(crate) fn first(text: &str, length: u32) -> &str {
    if text.len() <= length as usize {
        return text;
    }
    match text.char_indices().nth(length as usize) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A `char` has no spaces at its end.
fn as_char(text: &str, length: u32) -> &str {
    first(text, length).trim_end_matches(' ')
}

/// A `char` with its spaces, as much of it as a `varchar` of the length holds.
fn write_padded(text: &str, own: u32, length: Option<u32>, out: &mut String) {
    let length = length.map_or(own, |length| length.min(own));
    let text = first(text, length);
    out.push_str(text);
    let missing = (length as usize).saturating_sub(text.chars().count());
    out.extend(std::iter::repeat_n(' ', missing));
}

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    match (value, from, to) {
        (Value::Text(text), _, Type::Char(length)) => return Ok(Value::Text(as_char(text, *length).to_owned())),
        (Value::Text(text), Type::Char(own), Type::Varchar(length)) => {
            let mut out = String::new();
            write_padded(text, *own, *length, &mut out);
            return Ok(Value::Text(out));
        }
        (Value::Text(text), _, Type::Varbinary) => return Ok(Value::Bytes(text.clone().into_bytes())),
        _ => {}
    }
    let source = Source::of(value, from).ok_or_else(|| unknown(from, to))?;
    Ok(match to {
        Type::Boolean => Value::Boolean(source.boolean(to)?),
        Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint => Value::Int(source.int(to)?),
        Type::Real => Value::Real(source.real(to)?),
        Type::Double => Value::Double(source.double(to)?),
        Type::Decimal { precision, scale } => Value::Decimal(source.decimal(*precision, *scale, to)?),
        Type::Varchar(length) => {
            let mut out = String::new();
            source.text(*length, &mut out)?;
            Value::Text(out)
        }
        _ => return Err(unknown(from, to)),
    })
}

/// `None` where only [`value`] knows the cast.
pub(super) fn array(call: &Call, from: &Type, to: &Type) -> Result<Option<ArrayRef>> {
    let array = call.array(0)?;
    macro_rules! primitive {
        ($arrow:ty, $source:expr) => {{
            let values = array.as_primitive::<$arrow>().values();
            column(call, &array, to, |row| $source(values[row]))
        }};
    }
    let cast = match from {
        Type::Boolean => {
            let values = array.as_boolean();
            column(call, &array, to, |row| Source::Boolean(values.value(row)))
        }
        Type::Tinyint => primitive!(Int8Type, |value: i8| Source::Int(value.into())),
        Type::Smallint => primitive!(Int16Type, |value: i16| Source::Int(value.into())),
        Type::Integer => primitive!(Int32Type, |value: i32| Source::Int(value.into())),
        Type::Bigint => primitive!(Int64Type, Source::Int),
        Type::Real => primitive!(Float32Type, Source::Real),
        Type::Double => primitive!(Float64Type, Source::Double),
        Type::Decimal { precision, scale } => {
            let (precision, scale) = (*precision, *scale);
            primitive!(Decimal128Type, |value| Source::Decimal { value, precision, scale })
        }
        Type::Varchar(_) => {
            let texts = array.as_string::<i32>();
            match to {
                Type::Char(length) => {
                    return texts_of(&array, |row, out| {
                        out.push_str(as_char(texts.value(row), *length));
                        Ok(())
                    })
                    .map(Some);
                }
                Type::Varbinary => return Ok(Some(Arc::new(BinaryArray::from(texts.clone())))),
                _ => column(call, &array, to, |row| Source::Text(texts.value(row))),
            }
        }
        Type::Char(own) => {
            let texts = array.as_string::<i32>();
            return texts_of(&array, |row, out| {
                match to {
                    Type::Char(length) => out.push_str(as_char(texts.value(row), *length)),
                    Type::Varchar(length) => write_padded(texts.value(row), *own, *length, out),
                    _ => return Err(unknown(from, to)),
                }
                Ok(())
            })
            .map(Some);
        }
        _ => return Ok(None),
    };
    cast.map(Some)
}

fn column<'a>(call: &Call, array: &ArrayRef, to: &Type, source: impl Fn(usize) -> Source<'a>) -> Result<ArrayRef> {
    match to {
        Type::Boolean => {
            let mut values = BooleanBufferBuilder::new(array.len());
            for row in 0..array.len() {
                values.append(array.is_valid(row) && source(row).boolean(to)?);
            }
            Ok(Arc::new(BooleanArray::new(values.finish(), array.nulls().cloned())))
        }
        Type::Tinyint => lanes::rows::<Int8Type>(call, |row| Ok(source(row).int(to)? as i8)),
        Type::Smallint => lanes::rows::<Int16Type>(call, |row| Ok(source(row).int(to)? as i16)),
        Type::Integer => lanes::rows::<Int32Type>(call, |row| Ok(source(row).int(to)? as i32)),
        Type::Bigint => lanes::rows::<Int64Type>(call, |row| source(row).int(to)),
        Type::Real => lanes::rows::<Float32Type>(call, |row| source(row).real(to)),
        Type::Double => lanes::rows::<Float64Type>(call, |row| source(row).double(to)),
        Type::Decimal { precision, scale } => {
            lanes::rows::<Decimal128Type>(call, |row| source(row).decimal(*precision, *scale, to))
        }
        Type::Varchar(length) => texts_of(array, |row, out| source(row).text(*length, out)),
        _ => Err(unknown(&call.types[0], to)),
    }
}

fn texts_of(array: &ArrayRef, mut of: impl FnMut(usize, &mut String) -> Result<()>) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut text = String::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.append_null();
            continue;
        }
        text.clear();
        of(row, &mut text)?;
        builder.append_value(&text);
    }
    Ok(Arc::new(builder.finish()))
}
