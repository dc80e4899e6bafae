//! The Glue catalog: what tables are declared, and where their files lie. Reading it runs no query and scans nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Aws, AwsError, AwsErrorKind};
use crate::{ErrorKind, QueryError};

/// The most that Glue gives.
const PAGE: u32 = 100;
const PARTITIONS: u32 = 1000;
/// What may be said of a table; the rest Glue says itself.
const INPUT: [&str; 10] = [
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
];

/// One account's catalog in the region of the client.
#[derive(Debug, Clone)]
pub struct Glue {
    aws: Aws,
    catalog_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueDatabase {
    pub name: String,
    pub description: Option<String>,
    pub location: Option<String>,
}

/// A table as it is declared; nothing is checked against its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueTable {
    pub database: String,
    pub name: String,
    pub description: Option<String>,
    /// Without partition keys.
    pub columns: Vec<GlueColumn>,
    pub partition_keys: Vec<GlueColumn>,
    /// `s3://bucket/prefix/`.
    pub location: Option<String>,
    /// Class names, as Hive has them.
    pub input_format: Option<String>,
    pub output_format: Option<String>,
    pub serde: Option<String>,
    pub serde_parameters: BTreeMap<String, String>,
    /// `projection.*`, `classification`, `skip.header.line.count`, …
    pub parameters: BTreeMap<String, String>,
    /// `EXTERNAL_TABLE`, `VIRTUAL_VIEW`, …
    pub table_type: Option<String>,
    /// A view's statement, decoded.
    pub view_text: Option<String>,
    /// Where the current metadata of an Iceberg table lies.
    pub metadata_location: Option<String>,
    /// Lake Formation says who sees which rows and columns.
    pub is_governed: bool,
}

impl GlueTable {
    /// Whether partitions are computed and the registered ones ignored.
    pub fn has_projection(&self) -> bool {
        self.parameters.get("projection.enabled").is_some_and(|enabled| enabled.eq_ignore_ascii_case("true"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueColumn {
    pub name: String,
    /// In Hive's words: `array<struct<a:int>>`.
    pub data_type: String,
    pub comment: Option<String>,
}

/// A registered partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GluePartition {
    /// One per partition key, in their order.
    pub values: Vec<String>,
    pub location: Option<String>,
    /// Class names, as Hive has them.
    pub input_format: Option<String>,
    pub serde: Option<String>,
}

impl Glue {
    /// `catalog_id` is another account's number, if it is not one's own.
    pub fn new(aws: Aws, catalog_id: Option<String>) -> Self {
        Self { aws, catalog_id }
    }

    pub async fn databases(&self) -> Result<Vec<GlueDatabase>, QueryError> {
        let mut databases = Vec::new();
        let mut token = None;
        loop {
            let call = Call { max_results: PAGE, ..self.call(token.as_deref()) };
            let page: DatabasePage = self.aws.glue("GetDatabases", &call).await?;
            databases.extend(page.database_list.into_iter().map(Database::into_database));
            token = match next(page.next_token, token) {
                None => return Ok(databases),
                token => token,
            };
        }
    }

    pub async fn tables(&self, database: &str) -> Result<Vec<GlueTable>, AwsError> {
        let mut tables = Vec::new();
        let mut token = None;
        loop {
            let call = Call { max_results: PAGE, database_name: Some(database), ..self.call(token.as_deref()) };
            let page: TablePage = self.aws.glue("GetTables", &call).await?;
            tables.extend(page.table_list.into_iter().map(|table| table.into_table(database)));
            token = match next(page.next_token, token) {
                None => return Ok(tables),
                token => token,
            };
        }
    }

    /// Registered partitions in pages of up to 1,000, those that match the expression: `day >= '2024-05-01' AND
    /// state = 'CA'`. `TABLE_NOT_FOUND`; nothing follows an error.
    pub fn partitions(
        &self,
        database: &str,
        table: &str,
        expression: Option<&str>,
    ) -> impl Stream<Item = Result<Vec<GluePartition>, QueryError>> + Send + use<> {
        let reader = PartitionReader {
            glue: self.clone(),
            database: database.to_owned(),
            table: table.to_owned(),
            expression: expression.map(str::to_owned),
        };
        // Outer: whether there is a page; inner: its token.
        stream::try_unfold((reader, Some(None)), |(reader, at)| async move {
            let Some(token) = at else { return Ok(None) };
            let (page, token) = reader.page(token).await?;
            Ok(Some((page, (reader, token.map(Some)))))
        })
    }

    pub async fn table(&self, database: &str, table: &str) -> Result<GlueTable, QueryError> {
        let call = self.write(json!({"DatabaseName": database, "Name": table}));
        match self.aws.glue::<TableAnswer>("GetTable", &call).await {
            Ok(answer) => Ok(answer.table.into_table(database)),
            Err(error) => Err(missing(error, &format!("{database}.{table}"))),
        }
    }

    /// A table as [`update_table`](Self::update_table) takes it, with its version. `TABLE_NOT_FOUND`.
    pub async fn table_input(&self, database: &str, table: &str) -> Result<(Value, Option<String>), QueryError> {
        let call = self.write(json!({"DatabaseName": database, "Name": table}));
        let answer: Value = match self.aws.glue("GetTable", &call).await {
            Ok(answer) => answer,
            Err(error) => return Err(missing(error, &format!("{database}.{table}"))),
        };
        let part = |name: &&str| Some(((*name).to_owned(), answer["Table"].get(*name)?.clone()));
        let input = INPUT.iter().filter_map(part).collect::<serde_json::Map<_, _>>();
        Ok((Value::Object(input), answer["Table"]["VersionId"].as_str().map(str::to_owned)))
    }

    /// Declares a table anew, unless it is at another version by now.
    pub async fn update_table(&self, database: &str, input: &Value, version: Option<&str>) -> Result<(), QueryError> {
        let mut call = self.write(json!({"DatabaseName": database, "TableInput": input}));
        if let Some(version) = version {
            call["VersionId"] = version.into();
        }
        let _: Value = self.aws.glue("UpdateTable", &call).await?;
        Ok(())
    }

    /// Registers up to 100 partitions. Those that are there already stay as they are.
    pub async fn create_partitions(&self, database: &str, table: &str, inputs: &[Value]) -> Result<(), QueryError> {
        let call = self.write(json!({"DatabaseName": database, "TableName": table, "PartitionInputList": inputs}));
        let answer: Value = self.aws.glue("BatchCreatePartition", &call).await?;
        let code = |error: &Value| error["ErrorDetail"]["ErrorCode"].as_str().unwrap_or("unknown").to_owned();
        let errors = answer["Errors"].as_array().into_iter().flatten().map(code);
        match errors.into_iter().find(|code| code != "AlreadyExistsException") {
            None => Ok(()),
            Some(code) => Err(QueryError::new(
                "ENGINE_REFUSED",
                ErrorKind::Unavailable,
                format!("Glue registers no partition of \"{database}.{table}\": {code}."),
            )),
        }
    }

    fn write(&self, mut call: Value) -> Value {
        if let Some(id) = &self.catalog_id {
            call["CatalogId"] = id.as_str().into();
        }
        call
    }

    /// The first page of databases, as AWS answers it: for checks.
    pub(super) async fn databases_page(&self) -> Result<Vec<GlueDatabase>, AwsError> {
        let call = Call { max_results: PAGE, ..self.call(None) };
        let page: DatabasePage = self.aws.glue("GetDatabases", &call).await?;
        Ok(page.database_list.into_iter().map(Database::into_database).collect())
    }

    pub(super) async fn tables_page(&self, database: &str) -> Result<Vec<GlueTable>, AwsError> {
        let call = Call { max_results: PAGE, database_name: Some(database), ..self.call(None) };
        let page: TablePage = self.aws.glue("GetTables", &call).await?;
        Ok(page.table_list.into_iter().map(|table| table.into_table(database)).collect())
    }

    /// How many partitions the first page has.
    pub(super) async fn partitions_page(&self, database: &str, table: &str) -> Result<usize, AwsError> {
        let (database_name, table_name) = (Some(database), Some(table));
        let call = Call { max_results: PARTITIONS, database_name, table_name, ..self.call(None) };
        let page: PartitionPage = self.aws.glue("GetPartitions", &call).await?;
        Ok(page.partitions.len())
    }

    fn call<'a>(&'a self, next_token: Option<&'a str>) -> Call<'a> {
        Call { catalog_id: self.catalog_id.as_deref(), next_token, ..Call::default() }
    }
}

struct PartitionReader {
    glue: Glue,
    database: String,
    table: String,
    expression: Option<String>,
}

impl PartitionReader {
    async fn page(&self, token: Option<String>) -> Result<(Vec<GluePartition>, Option<String>), QueryError> {
        let call = Call {
            max_results: PARTITIONS,
            database_name: Some(&self.database),
            table_name: Some(&self.table),
            expression: self.expression.as_deref(),
            exclude_column_schema: Some(true),
            ..self.glue.call(token.as_deref())
        };
        let page: PartitionPage = match self.glue.aws.glue("GetPartitions", &call).await {
            Ok(page) => page,
            Err(error) => {
                let name = format!("{}.{}", self.database, self.table);
                return Err(missing(error, &name));
            }
        };
        let partitions = page.partitions.into_iter().map(|partition| {
            let storage = partition.storage_descriptor.unwrap_or_default();
            let named = |text: Option<String>| text.filter(|text| !text.is_empty());
            GluePartition {
                values: partition.values,
                location: named(storage.location),
                input_format: named(storage.input_format),
                serde: named(storage.serde_info.unwrap_or_default().serialization_library),
            }
        });
        Ok((partitions.collect(), next(page.next_token, token)))
    }
}

/// The token of the next page. An empty one is none, and one that was there before would never end.
fn next(token: Option<String>, before: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty() && Some(token) != before.as_ref())
}

fn missing(error: AwsError, table: &str) -> QueryError {
    match error.kind {
        AwsErrorKind::Missing => {
            let message = format!("The Glue catalog has no table \"{table}\".");
            QueryError::new("TABLE_NOT_FOUND", ErrorKind::NotFound, message)
        }
        _ => error.into(),
    }
}

/// What the three calls take.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_column_schema: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<&'a str>,
    max_results: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DatabasePage {
    #[serde(default)]
    database_list: Vec<Database>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Database {
    name: String,
    description: Option<String>,
    location_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TablePage {
    #[serde(default)]
    table_list: Vec<Table>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableAnswer {
    table: Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    name: String,
    description: Option<String>,
    storage_descriptor: Option<StorageDescriptor>,
    partition_keys: Option<Vec<Column>>,
    view_original_text: Option<String>,
    view_expanded_text: Option<String>,
    table_type: Option<String>,
    parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    is_registered_with_lake_formation: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct StorageDescriptor {
    columns: Option<Vec<Column>>,
    location: Option<String>,
    input_format: Option<String>,
    output_format: Option<String>,
    serde_info: Option<SerdeInfo>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SerdeInfo {
    serialization_library: Option<String>,
    parameters: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Column {
    name: String,
    #[serde(rename = "Type", default)]
    data_type: String,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartitionPage {
    #[serde(default)]
    partitions: Vec<Partition>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Partition {
    #[serde(default)]
    values: Vec<String>,
    storage_descriptor: Option<StorageDescriptor>,
}

impl Database {
    fn into_database(self) -> GlueDatabase {
        GlueDatabase { name: self.name, description: self.description, location: self.location_uri }
    }
}

impl Table {
    fn into_table(self, database: &str) -> GlueTable {
        let storage = self.storage_descriptor.unwrap_or_default();
        let serde = storage.serde_info.unwrap_or_default();
        let parameters = self.parameters.unwrap_or_default();
        let is_iceberg = parameters.get("table_type").is_some_and(|kind| kind.eq_ignore_ascii_case("iceberg"));
        let columns = |columns: Option<Vec<Column>>| {
            let columns = columns.unwrap_or_default().into_iter();
            columns
                .map(|column| GlueColumn { name: column.name, data_type: column.data_type, comment: column.comment })
                .collect()
        };
        GlueTable {
            database: database.to_owned(),
            name: self.name,
            description: self.description.filter(|text| !text.is_empty()),
            columns: columns(storage.columns),
            partition_keys: columns(self.partition_keys),
            location: storage.location.filter(|location| !location.is_empty()),
            input_format: storage.input_format.filter(|name| !name.is_empty()),
            output_format: storage.output_format.filter(|name| !name.is_empty()),
            serde: serde.serialization_library.filter(|name| !name.is_empty()),
            serde_parameters: serde.parameters.unwrap_or_default(),
            metadata_location: parameters.get("metadata_location").filter(|_| is_iceberg).cloned(),
            parameters,
            is_governed: self.is_registered_with_lake_formation,
            table_type: self.table_type,
            view_text: view_text(self.view_original_text, self.view_expanded_text),
        }
    }
}

/// Presto and Athena write a view as a comment around base64 of a JSON text; Hive writes the statement itself.
fn view_text(original: Option<String>, expanded: Option<String>) -> Option<String> {
    let present = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let Some(original) = present(original) else { return present(expanded) };
    let decoded = || {
        let code = original.trim().strip_prefix("/* Presto View:")?.strip_suffix("*/")?;
        let json: serde_json::Value = serde_json::from_slice(&STANDARD.decode(code.trim()).ok()?).ok()?;
        Some(json.get("originalSql")?.as_str()?.to_owned())
    };
    Some(decoded().unwrap_or(original))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_its_statement() {
        let code = STANDARD.encode(r#"{"originalSql":"SELECT 1 AS \"a\"","catalog":"awsdatacatalog"}"#);
        let presto = format!("/* Presto View: {code} */");
        assert_eq!(view_text(Some(presto), Some("/* Presto View */".into())).as_deref(), Some("SELECT 1 AS \"a\""));
        assert_eq!(view_text(Some("SELECT 2".into()), None).as_deref(), Some("SELECT 2"));
        assert_eq!(view_text(Some("/* Presto View: ??? */".into()), None).as_deref(), Some("/* Presto View: ??? */"));
        assert_eq!(view_text(Some(String::new()), Some(String::new())), None);
    }
}
