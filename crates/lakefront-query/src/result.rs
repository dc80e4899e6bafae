//! A result is immutable and has a key.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use serde::Serialize;

use crate::QueryError;

/// A column of a result, with Trino's name for its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    pub name: String,
    pub r#type: String,
}

/// The rows of one finished execution.
pub struct ResultSet {}

impl ResultSet {
    pub fn schema(&self) -> &SchemaRef {
        todo!()
    }

    pub fn columns(&self) -> Vec<Column> {
        todo!()
    }

    pub fn rows(&self) -> u64 {
        todo!()
    }

    /// The result was cut at the configured limit.
    pub fn truncated(&self) -> bool {
        todo!()
    }

    /// Rows `offset..offset + limit` in order, read one batch at a time. Finding the first one
    /// takes the same time wherever it lies. Reads files: call it where blocking is allowed.
    pub fn batches(
        &self,
        offset: u64,
        limit: Option<u64>,
    ) -> impl Iterator<Item = Result<RecordBatch, QueryError>> + Send + use<> {
        std::iter::empty()
    }

    /// The same rows as the pieces of one Arrow IPC stream. Whole batches are passed on as the
    /// engine wrote them.
    pub fn ipc(
        &self,
        offset: u64,
        limit: Option<u64>,
    ) -> impl Iterator<Item = Result<Bytes, QueryError>> + Send + use<> {
        std::iter::empty()
    }
}
