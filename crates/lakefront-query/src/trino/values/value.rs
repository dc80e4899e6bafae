//! Reads the protocol's values into their columns.

use arrow::array::StringBuilder;
use arrow::datatypes::DataType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Row;
use crate::values::{Column, Values};

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
        let taken = match &self.column.values {
            Values::Binary(_) => STANDARD.decode(value).ok().and_then(|bytes| self.column.bytes(&bytes)),
            _ => self.column.text(value),
        };
        // The value itself may be anyone's secret, and errors go to the log.
        taken.ok_or_else(|| E::custom(format_args!("text that is no value of {:?}", self.column.data_type)))
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
