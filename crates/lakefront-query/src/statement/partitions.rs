//! Tables that are read only with conditions on their partition keys.

use arrow::datatypes::DataType;
use lakefront_engine::Table;

use super::BoundQuery;
use super::rules::TableName;
use crate::catalog::Bound;
use crate::guard::PartitionRules;
use crate::{Position, QueryError, TableInfo};

/// One place where a statement reads a table.
#[derive(Debug)]
pub(super) struct TableRead {
    key: (String, String, String),
    /// What conditions call the table, as its author wrote it.
    name: String,
    restricted: std::collections::BTreeSet<String>,
    position: Option<Position>,
}

impl TableRead {
    pub(super) fn new(name: &TableName, table: &Bound, authored: impl Fn(Position) -> Position) -> Self {
        Self {
            key: key_of(table),
            name: table.name().to_owned(),
            restricted: name.restricted.clone(),
            position: super::names::position(&name.parts).map(authored),
        }
    }
}

impl BoundQuery {
    /// `PARTITION_PREDICATE_REQUIRED` at the first table that lacks a condition which `rules` ask for.
    pub(crate) fn check_partitions(&self, rules: &PartitionRules) -> Result<(), QueryError> {
        for read in &self.places {
            let Some(keys) = rules.get(&read.key) else { continue };
            let missing: Vec<&str> =
                keys.iter().map(String::as_str).filter(|key| !read.restricted.contains(&key.to_lowercase())).collect();
            if missing.is_empty() {
                continue;
            }
            let keys: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
            let bound = self.tables.iter().find(|table| key_of(table) == read.key);
            let hint = match bound.and_then(|table| table.files().ok()).and_then(|table| newest(table, &missing)) {
                Some(predicate) => {
                    format!("Add the condition `{predicate}`, its newest partition, to the query that reads it.")
                }
                None => format!("Compare {} with constants in the query that reads it.", keys.join(" and ")),
            };
            let message = format!("Table `{}` may be read only with a condition on {}.", read.name, keys.join(" and "));
            return Err(QueryError::user("PARTITION_PREDICATE_REQUIRED", message).with_hint(hint).at(read.position));
        }
        Ok(())
    }
}

impl TableInfo {
    /// The condition for the newest partition by these keys; `None` where no file tells.
    pub fn newest_partition(&self, keys: &[String]) -> Option<String> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        newest(&*self.engine_table().ok()?, &keys)
    }
}

fn key_of(table: &Bound) -> (String, String, String) {
    (table.catalog().to_lowercase(), table.database().to_lowercase(), table.name().to_lowercase())
}

/// The condition for the newest partition: the greatest values of `keys`, text compared as text.
fn newest(table: &Table, keys: &[&str]) -> Option<String> {
    let columns = keys
        .iter()
        .map(|key| table.partitions.iter().position(|field| field.name().eq_ignore_ascii_case(key)))
        .collect::<Option<Vec<usize>>>()?;
    let is_number = |column: usize| table.partitions[column].data_type().is_numeric();
    let ordered = |values: &[Option<String>]| -> Option<Vec<(i128, String)>> {
        let value = |column: &usize| {
            let text = values.get(*column)?.clone()?;
            // Only numbers have an order of their own.
            let number = if is_number(*column) { text.parse().ok()? } else { 0 };
            Some((number, text))
        };
        columns.iter().map(value).collect()
    };
    let values = table.files.iter().filter_map(|file| ordered(&file.partition_values)).max()?;
    let conditions = columns.iter().zip(values).map(|(column, (_, text))| {
        let field = &table.partitions[*column];
        let value = match field.data_type() {
            kind if kind.is_numeric() => text,
            DataType::Date32 | DataType::Date64 => format!("date '{}'", text.replace('\'', "''")),
            _ => format!("'{}'", text.replace('\'', "''")),
        };
        format!("{} = {value}", written(field.name()))
    });
    Some(conditions.collect::<Vec<_>>().join(" and "))
}

/// A name as SQL needs it.
fn written(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { crate::quote::name(name) }
}
