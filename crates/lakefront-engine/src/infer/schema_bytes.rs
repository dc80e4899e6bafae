//! A schema inside serde's formats, as the bytes of an empty Arrow IPC stream.

use arrow::datatypes::SchemaRef;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::{decode_schema, encode_schema};

pub(super) fn serialize<S: Serializer>(schema: &SchemaRef, serializer: S) -> Result<S::Ok, S::Error> {
    encode_schema(schema).map_err(S::Error::custom)?.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SchemaRef, D::Error> {
    decode_schema(&Vec::<u8>::deserialize(deserializer)?).map_err(D::Error::custom)
}
