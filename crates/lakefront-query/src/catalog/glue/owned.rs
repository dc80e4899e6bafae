//! Tables of Glue that Lakefront made itself (`lakefront.owner` among their parameters): they follow their files. New
//! partition folders are registered, new columns declared. Tables of others are never written.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use lakefront_engine::infer::{FileKind, InferRequest, sample};
use lakefront_engine::{DataFile, Storage};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::files::{Lister, data_file, objects, place};
use super::projection::Projection;
use super::reading::Reading;
use super::{Declared, Partitions, types};
use crate::QueryError;
use crate::catalog::{Infer, is_left_out};

/// A table with more files is not followed.
const MOST_FILES: usize = 200_000;
/// As many as Glue takes.
const PARTITIONS_AT_ONCE: usize = 100;
/// New files that are looked into one by one, to name the one that does not fit.
const LOOKED_INTO: usize = 8;

/// What keeps a table from following its files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfollowed {
    /// With the file and the column.
    #[error("SCHEMA_CONFLICT: {0}")]
    Conflict(String),
    #[error("{0}")]
    Other(String),
}

impl From<QueryError> for Unfollowed {
    fn from(error: QueryError) -> Self {
        match error.code {
            "SCHEMA_CONFLICT" => Self::Conflict(error.message),
            _ => Self::Other(error.to_string()),
        }
    }
}

impl Lister {
    /// Registers the partitions and columns that a table's files have and Glue lacks. Answers whether Glue says more of
    /// the table now than was listed.
    pub(crate) async fn follow(&self, table: &Declared, infer: &Infer) -> Result<bool, Unfollowed> {
        if !table.is_owned {
            return Ok(false);
        }
        let (bucket, prefix) =
            place(&table.location).ok_or_else(|| Unfollowed::Other("its location can't be read here".to_owned()))?;
        let storage = self.storage(&bucket, &prefix, self.aws().credentials().await?);
        let found = objects(storage.clone(), MOST_FILES).await.map_err(Unfollowed::Other)?;
        let found = found.ok_or_else(|| Unfollowed::Other(format!("it has more than {MOST_FILES} files")))?;
        let mut folders = BTreeMap::new();
        let mut files = Vec::new();
        for object in found.into_iter().filter(|object| !is_left_out(&object.key)) {
            let folder = object.key.rsplit_once('/').map_or("", |(folder, _)| folder);
            // Files beside the partitions belong to none, and Athena does not read them either.
            let Some(values) = values_of(table, folder) else { continue };
            folders.insert(values, format!("{}/{folder}/", table.location.trim_end_matches('/')));
            files.push(data_file(object, "", &[]));
        }
        // Columns first: where they conflict, what is registered stays readable.
        let declared = self.declare(table, storage, files, infer).await?;
        Ok(match table.partitions {
            Partitions::Registered => self.register(table, folders).await? || declared,
            Partitions::Projected(_) => self.project(table, &folders).await? || declared,
            Partitions::None => declared,
        })
    }

    /// Lets the projection reach the partitions that there are; whether it reaches more than was listed.
    async fn project(&self, table: &Declared, found: &BTreeMap<Vec<String>, String>) -> Result<bool, QueryError> {
        let widened = |properties: &BTreeMap<String, String>| -> Vec<(String, String)> {
            let keys = table.keys.iter().enumerate();
            keys.filter_map(|(at, key)| {
                Projection::widened(properties, &key.name, found.keys().map(|values| values[at].as_str()))
            })
            .collect()
        };
        if widened(&table.properties).is_empty() {
            return Ok(false);
        }
        // As it is now, which may be more than what was listed.
        let glue = self.glue();
        let (mut input, version) = glue.table_input(&table.database, &table.name).await?;
        let Some(parameters) = input["Parameters"].as_object_mut() else { return Ok(false) };
        let now = parameters.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let changes = widened(&now.collect());
        if changes.is_empty() {
            // Another instance was faster, and what was listed here is outdated.
            return Ok(true);
        }
        for (name, value) in &changes {
            parameters.insert(name.clone(), value.as_str().into());
        }
        glue.update_table(&table.database, &input, version.as_deref()).await?;
        let (database, name) = (&table.database, &table.name);
        tracing::info!(database, table = name, "the partition projection of {database}.{name} follows: {changes:?}");
        Ok(true)
    }

    async fn register(&self, table: &Declared, mut found: BTreeMap<Vec<String>, String>) -> Result<bool, QueryError> {
        let glue = self.glue();
        let mut pages = std::pin::pin!(glue.partitions(&table.database, &table.name, None));
        while let Some(page) = pages.try_next().await? {
            page.iter().for_each(|partition| drop(found.remove(&partition.values)));
        }
        if found.is_empty() {
            return Ok(false);
        }
        let (input, _) = glue.table_input(&table.database, &table.name).await?;
        let partitions: Vec<Value> = found
            .into_iter()
            .map(|(values, location)| {
                let mut storage = input["StorageDescriptor"].clone();
                storage["Location"] = location.into();
                json!({"Values": values, "StorageDescriptor": storage})
            })
            .collect();
        for some in partitions.chunks(PARTITIONS_AT_ONCE) {
            glue.create_partitions(&table.database, &table.name, some).await?;
        }
        tracing::info!(
            database = table.database,
            table = table.name,
            partitions = partitions.len(),
            "registered {} partitions of {}.{}",
            partitions.len(),
            table.database,
            table.name
        );
        Ok(true)
    }

    /// Of Parquet files, whose columns have names and types of their own.
    async fn declare(
        &self,
        table: &Declared,
        storage: Storage,
        mut files: Vec<DataFile>,
        infer: &Infer,
    ) -> Result<bool, Unfollowed> {
        if table.reading != Reading::Parquet || files.is_empty() {
            return Ok(false);
        }
        let schema = async |files: Vec<DataFile>| {
            let files_total = files.len() as u64;
            let request = InferRequest { storage: storage.clone(), kind: FileKind::Parquet, files, files_total };
            infer(request).await.map(|inferred| inferred.schema).map_err(|error| QueryError::from_engine(&error))
        };
        files.sort_by_key(|file| std::cmp::Reverse(file.modified_ms));
        let of_all = schema(sample(&files)).await?;
        let mut added = Vec::new();
        for field in of_all.fields() {
            let name = field.name().to_lowercase();
            if table.keys.iter().any(|key| key.name == name) {
                continue;
            }
            match table.schema.field_with_name(&name) {
                Ok(declared) if types::holds(declared.data_type(), field.data_type()) => {}
                Ok(declared) => {
                    let mut culprit = "one of its files".to_owned();
                    for file in files.iter().take(LOOKED_INTO) {
                        let own = schema(vec![file.clone()]).await?;
                        let own = own.fields().iter().find(|own| own.name().eq_ignore_ascii_case(&name)).cloned();
                        if own.is_some_and(|own| !types::holds(declared.data_type(), own.data_type())) {
                            culprit = format!("\"{}\"", file.path);
                            break;
                        }
                    }
                    return Err(Unfollowed::Conflict(format!(
                        "column \"{name}\" is {} in {culprit}, and {} in Glue",
                        lakefront_engine::infer::trino_type(field.data_type()),
                        lakefront_engine::infer::trino_type(declared.data_type()),
                    )));
                }
                Err(_) => match types::hive(field.data_type()) {
                    Some(hive) => added.push(json!({"Name": name, "Type": hive})),
                    None => {
                        tracing::warn!(table = table.name, "column {name} has no type in Glue's words: not declared")
                    }
                },
            }
        }
        if added.is_empty() {
            return Ok(false);
        }
        let glue = self.glue();
        let (mut input, version) = glue.table_input(&table.database, &table.name).await?;
        let Some(columns) = input["StorageDescriptor"]["Columns"].as_array_mut() else { return Ok(false) };
        let there: BTreeSet<String> =
            columns.iter().filter_map(|column| Some(column["Name"].as_str()?.to_lowercase())).collect();
        let before = columns.len();
        columns.extend(added.into_iter().filter(|column| !there.contains(column["Name"].as_str().unwrap_or_default())));
        let new = columns.len() - before;
        if new > 0 {
            glue.update_table(&table.database, &input, version.as_deref()).await?;
            let (database, name) = (&table.database, &table.name);
            tracing::info!(database, table = name, columns = new, "declared {new} new columns of {database}.{name}");
        }
        // Where another instance was faster, what was listed here is outdated.
        Ok(true)
    }
}

/// The values of the partition that a folder below the table's location is.
fn values_of(table: &Declared, folder: &str) -> Option<Vec<String>> {
    if matches!(table.partitions, Partitions::None) {
        return Some(Vec::new());
    }
    let segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.len() != table.keys.len() {
        return None;
    }
    let value = |(segment, key): (&&str, &super::Key)| {
        let (name, value) = segment.split_once('=')?;
        let value = percent_decode_str(value).decode_utf8().ok()?;
        name.eq_ignore_ascii_case(&key.name).then(|| value.into_owned())
    };
    segments.iter().zip(&table.keys).map(value).collect()
}
