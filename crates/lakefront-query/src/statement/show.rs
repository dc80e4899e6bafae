//! SHOW and DESCRIBE, answered by the catalogs.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::Field;
use lakefront_trino::{FunctionKind, functions};
use sqlparser::ast::ObjectName;

use super::names::{self, Defaults};
use super::rules::Show;
use crate::{Catalogs, ErrorKind, QueryError, TableInfo};

/// The rows that Trino would answer.
pub(super) async fn answer(show: &Show, defaults: &Defaults, catalogs: &Catalogs) -> Result<RecordBatch, QueryError> {
    match show {
        Show::Catalogs { like } => {
            let names = catalogs.list().into_iter().map(|catalog| catalog.name).collect();
            names_like("Catalog", names, like.as_deref())
        }
        Show::Schemas { within, like } => {
            let catalog = within
                .as_ref()
                .and_then(|name| names::parts(name).pop())
                .or_else(|| defaults.catalog.clone())
                .ok_or_else(|| unnamed("catalog", "SHOW SCHEMAS FROM catalog"))?;
            let databases = catalogs.databases(&catalog).await.map_err(|error| misnamed(error, within.as_ref()))?;
            names_like("Schema", databases.into_iter().map(|database| database.name).collect(), like.as_deref())
        }
        Show::Tables { within, like } => {
            let parts = within.as_ref().map(names::parts).unwrap_or_default();
            let (catalog, database) = match parts.as_slice() {
                [] => (defaults.catalog.clone(), defaults.database.clone()),
                [database] => (defaults.catalog.clone(), Some(database.clone())),
                [catalog, database] => (Some(catalog.clone()), Some(database.clone())),
                _ => (None, None),
            };
            let (Some(catalog), Some(database)) = (catalog, database) else {
                return Err(unnamed("database", "SHOW TABLES FROM catalog.database"));
            };
            let tables = catalogs.tables(&catalog, &database, None).await;
            let tables = tables.map_err(|error| misnamed(error, within.as_ref()))?;
            names_like("Table", tables.into_iter().map(|table| table.name).collect(), like.as_deref())
        }
        Show::Columns { table } => {
            let table = names::find(catalogs, defaults, &names::parts(table)).await?;
            let (mut names, mut types, mut extras, mut comments) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for column in &table.columns {
                names.push(column.name.clone());
                types.push(column.type_name.clone());
                extras.push(if column.partition { "partition key" } else { "" }.to_owned());
                comments.push(column.comment.clone().unwrap_or_default());
            }
            batch([("Column", names), ("Type", types), ("Extra", extras), ("Comment", comments)])
        }
        Show::Partitions { table } => partitions(&*names::find(catalogs, defaults, &names::parts(table)).await?),
        Show::CreateTable { table } => {
            lines("createtab_stmt", names::find(catalogs, defaults, &names::parts(table)).await?.definition()?)
        }
        Show::Functions { like } => functions_like(like.as_deref()),
    }
}

/// Each once, in Hive's words.
fn partitions(table: &TableInfo) -> Result<RecordBatch, QueryError> {
    let name = &table.name;
    if !table.columns.iter().any(|column| column.partition) {
        return Err(QueryError::user("NOT_SUPPORTED", format!("Table `{name}` has no partitions.")));
    }
    if table.is_kept_elsewhere() {
        let message = format!("The partitions of `{name}` are known to the system that keeps it.");
        return Err(QueryError::user("NOT_SUPPORTED", message).with_hint("Select its partition keys with DISTINCT."));
    }
    let files = table.engine_table()?;
    let written = |values: &[Option<String>]| {
        let keys = files.partitions.iter().zip(values);
        let folder = |(key, value): (&Field, &Option<String>)| {
            format!("{}={}", key.name(), value.as_deref().unwrap_or("__HIVE_DEFAULT_PARTITION__"))
        };
        keys.map(folder).collect::<Vec<_>>().join("/")
    };
    let partitions: BTreeSet<String> = files.files.iter().map(|file| written(&file.partition_values)).collect();
    lines("partition", partitions.into_iter().collect())
}

/// One row for each overload.
fn functions_like(pattern: Option<&str>) -> Result<RecordBatch, QueryError> {
    let pattern: Option<Vec<char>> = pattern.map(|pattern| pattern.chars().collect());
    let fits = |name: &str| match &pattern {
        Some(pattern) => like(&name.chars().collect::<Vec<_>>(), pattern),
        None => true,
    };
    let (mut names, mut returns, mut arguments, mut kinds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for function in functions().iter().filter(|function| fits(function.name)) {
        for signature in &function.signatures {
            let (takes, gives) = signature.rsplit_once("->").unwrap_or((signature, ""));
            let (gives, _bounds) = gives.split_once(" where ").unwrap_or((gives, ""));
            let takes = takes.trim();
            names.push(function.name.to_owned());
            returns.push(gives.trim().to_owned());
            arguments
                .push(takes.strip_prefix('(').and_then(|takes| takes.strip_suffix(')')).unwrap_or(takes).to_owned());
            kinds.push(
                match function.kind {
                    FunctionKind::Scalar => "scalar",
                    FunctionKind::Aggregate => "aggregate",
                    FunctionKind::Window => "window",
                }
                .to_owned(),
            );
        }
    }
    batch([("Function", names), ("Return Type", returns), ("Argument Types", arguments), ("Function Type", kinds)])
}

/// One column of text.
pub(crate) fn lines(name: &str, lines: Vec<String>) -> Result<RecordBatch, QueryError> {
    batch([(name, lines)])
}

/// One value.
pub(crate) fn truth(name: &str, value: bool) -> Result<RecordBatch, QueryError> {
    let column = Arc::new(BooleanArray::from(vec![value])) as ArrayRef;
    RecordBatch::try_from_iter_with_nullable([(name, column, false)]).map_err(QueryError::internal)
}

fn batch<const N: usize>(columns: [(&str, Vec<String>); N]) -> Result<RecordBatch, QueryError> {
    let columns = columns.map(|(name, values)| (name, Arc::new(StringArray::from(values)) as ArrayRef, false));
    RecordBatch::try_from_iter_with_nullable(columns).map_err(QueryError::internal)
}

fn names_like(column: &str, mut names: Vec<String>, pattern: Option<&str>) -> Result<RecordBatch, QueryError> {
    names.sort();
    if let Some(pattern) = pattern {
        let pattern: Vec<char> = pattern.chars().collect();
        names.retain(|name| like(&name.chars().collect::<Vec<_>>(), &pattern));
    }
    lines(column, names)
}

/// SQL's LIKE without an escape: `%` is any text, `_` any character. Takes time linear in the
/// product of the lengths whatever the pattern.
fn like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    let mut last_percent = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                last_percent = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(character) if *character == '_' || *character == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match &mut last_percent {
                Some((percent, from)) => {
                    *from += 1;
                    at = *from;
                    in_pattern = *percent + 1;
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|character| *character == '%')
}

/// A name that nothing has is the statement's fault.
fn misnamed(error: QueryError, name: Option<&ObjectName>) -> QueryError {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let parts: Vec<_> = name.iter().flat_map(|name| &name.0).filter_map(|part| part.as_ident().cloned()).collect();
    QueryError { kind: ErrorKind::User, ..error }.at(names::position(&parts))
}

fn unnamed(what: &str, form: &str) -> QueryError {
    QueryError::user("TABLE_NOT_FOUND", format!("No {what} is named.")).with_hint(format!("Write {form}."))
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_match_as_in_sql() {
        let matches =
            |text: &str, pattern: &str| like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>());
        assert!(matches("forecast", "fore%"));
        assert!(matches("forecast", "%cas_"));
        assert!(matches("forecast", "%e%a%"));
        assert!(matches("", "%"));
        assert!(!matches("forecast", "fore"));
        assert!(!matches("forecast", "_orecas"));
        assert!(!matches("dc", "d_c"));
    }
}
