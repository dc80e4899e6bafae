//! Tables as the Glue catalog declares them: their columns in Trino's words, and their files where the embedded engine
//! reads them exactly as Athena does. Where it would not, the table is left to Athena, and says why.

mod files;
mod iceberg;
mod owned;
mod partitions;
mod projection;
mod reading;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

pub(crate) use files::{Lister, with_credentials};
pub(crate) use iceberg::Snapshots;
pub(crate) use owned::Unfollowed;
pub(super) use types::hive;

use super::condition::KeyOrder;
use super::definition::Definition;
use super::info::ColumnInfo;
use super::linked::LinkedTable;
use crate::aws::{GlueColumn, GlueTable};
use projection::Projection;
use reading::Reading;

/// A table whose files can be read here.
#[derive(Debug, PartialEq)]
pub(crate) struct Declared {
    database: String,
    name: String,
    /// Columns in the files.
    schema: SchemaRef,
    keys: Vec<Key>,
    reading: Reading,
    /// `s3://bucket/prefix`.
    location: String,
    /// Of the table; a partition with others is written in another way.
    input_format: Option<String>,
    serde: Option<String>,
    partitions: Partitions,
    /// Lakefront made it, and keeps it up with its files.
    is_owned: bool,
    /// Glue's parameters of the table, where they say what its partitions are.
    properties: BTreeMap<String, String>,
}

/// Names who made a table and keeps it up with its files, among its parameters.
const OWNER: &str = "lakefront.owner";

/// A partition key.
#[derive(Debug, PartialEq)]
struct Key {
    /// In lower case.
    name: String,
    data_type: DataType,
}

#[derive(Debug, PartialEq)]
enum Partitions {
    None,
    Registered,
    Projected(Projection),
}

impl Key {
    fn order(&self) -> KeyOrder {
        match self.data_type {
            DataType::Utf8 => KeyOrder::Text,
            DataType::Date32 => KeyOrder::Date,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => KeyOrder::Integer,
            _ => KeyOrder::Unknown,
        }
    }

    fn field(&self) -> Field {
        Field::new(&self.name, self.data_type.clone(), true)
    }
}

/// A table of Glue as people see it.
pub(crate) fn linked(table: &GlueTable) -> LinkedTable {
    let is_view = table.table_type.as_deref() == Some("VIRTUAL_VIEW");
    let column = |column: &GlueColumn, partition| ColumnInfo {
        name: column.name.to_lowercase(),
        type_name: types::trino_name(&column.data_type),
        comment: column.comment.clone().filter(|comment| !comment.is_empty()),
        partition,
    };
    let file_columns = table.columns.iter().map(|of| column(of, false));
    let reading = reading::of(table);
    LinkedTable {
        database: table.database.to_lowercase(),
        name: table.name.to_lowercase(),
        columns: file_columns.chain(table.partition_keys.iter().map(|of| column(of, true))).collect(),
        is_view,
        format: reading.as_ref().ok().map(Reading::format),
        format_text: match &reading {
            Ok(reading) => Some(reading.text()),
            Err(_) => table.serde.as_deref().map(|serde| serde.rsplit('.').next().unwrap_or(serde).to_owned()),
        },
        location: table.location.clone(),
        content: table.metadata_location.clone(),
        definition: Some(Arc::new(Definition::of_glue(table))),
        is_governed: table.is_governed,
        files: reading.and_then(|reading| Declared::of(table, reading)).map(Arc::new).map_err(Some),
    }
}

impl Declared {
    /// Or why its files are not read here, as a clause.
    fn of(table: &GlueTable, reading: Reading) -> Result<Self, String> {
        let location = table.location.clone().ok_or("it has no location")?;
        if !location.starts_with("s3://") {
            return Err("its files are not in S3".to_owned());
        }
        let mut fields = Vec::new();
        for column in &table.columns {
            let data_type = types::arrow(&column.data_type).filter(|data_type| reading.takes(data_type));
            let Some(data_type) = data_type else {
                return Err(format!(
                    "column \"{}\" of type {} is read by Athena only",
                    column.name,
                    types::trino_name(&column.data_type)
                ));
            };
            fields.push(Field::new(column.name.to_lowercase(), data_type, true));
        }
        let mut keys = Vec::new();
        for key in &table.partition_keys {
            let data_type = types::arrow(&key.data_type).filter(types::is_key);
            let Some(data_type) = data_type else {
                let name = types::trino_name(&key.data_type);
                return Err(format!("partition key \"{}\" of type {name} is read by Athena only", key.name));
            };
            keys.push(Key { name: key.name.to_lowercase(), data_type });
        }
        let partitions = if keys.is_empty() {
            Partitions::None
        } else if table.has_projection() {
            Partitions::Projected(Projection::of(&table.parameters, &keys, &location)?)
        } else {
            Partitions::Registered
        };
        Ok(Self {
            database: table.database.clone(),
            name: table.name.clone(),
            schema: Arc::new(Schema::new(fields)),
            keys,
            reading,
            location,
            input_format: table.input_format.clone(),
            serde: table.serde.clone(),
            partitions,
            is_owned: table.parameters.contains_key(OWNER),
            properties: if table.has_projection() { table.parameters.clone() } else { BTreeMap::new() },
        })
    }
}
