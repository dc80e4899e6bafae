//! A schema inside serde's formats, as the bytes of an empty Arrow IPC stream.

use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(schema: &SchemaRef, serializer: S) -> Result<S::Ok, S::Error> {
    StreamWriter::try_new(Vec::new(), schema)
        .and_then(StreamWriter::into_inner)
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SchemaRef, D::Error> {
    let bytes = Vec::<u8>::deserialize(deserializer)?;
    let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(D::Error::custom)?;
    Ok(Arc::clone(&reader.schema()))
}
