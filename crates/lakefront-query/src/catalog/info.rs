//! What the catalogs tell about themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arrow::datatypes::{Field, Schema};
use chrono::{DateTime, Utc};
use lakefront_engine::infer::{InferredSchema, trino_type};
use lakefront_engine::{Compression, Format, Table};
use serde::{Deserialize, Serialize};

use super::bound::Bound;
use super::definition::Definition;
use super::found::Found;
use super::lake::Lake;
use super::linked::LinkedTable;
use crate::{EngineChoice, Principal, QueryError};

/// One catalog.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogInfo {
    pub name: String,
    /// `local`, `s3`, `trino` or `glue`.
    pub kind: &'static str,
    /// The folder, the `s3://` prefix, or the address.
    pub location: String,
    pub databases: usize,
    pub tables: usize,
    /// Of all its tables; `None` before the first listing, and where another system keeps the tables.
    pub files: Option<u64>,
    pub bytes: Option<u64>,
    /// When the listing shown was made; `None` before the first one.
    pub listed_at: Option<DateTime<Utc>>,
    /// Why the last listing failed; what is shown stems from the one before.
    pub error: Option<Problem>,
    /// What was found but is not shown as a table, and why.
    pub warnings: Vec<String>,
}

/// One database of a catalog.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatabaseInfo {
    pub name: String,
    pub tables: usize,
    /// `None` where another system keeps the tables.
    pub bytes: Option<u64>,
    /// Changes when a file of any of its tables does.
    pub version: String,
    /// Time of the newest file.
    pub newest: Option<DateTime<Utc>>,
}

/// One table as the listing knows it, without its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableSummary {
    pub catalog: String,
    pub database: String,
    pub name: String,
    /// `parquet`, `csv` or `json`; `None` where files of several formats lie together.
    pub format: Option<&'static str>,
    /// `None` where another system keeps the table: nobody has listed its files.
    pub files: Option<u64>,
    pub bytes: Option<u64>,
    pub newest: Option<DateTime<Utc>>,
    pub problems: Vec<Problem>,
}

/// One table with everything known of it. Immutable: a later refresh makes another.
#[derive(Debug, Serialize)]
pub struct TableInfo {
    pub catalog: String,
    pub database: String,
    pub name: String,
    /// File columns, then partition keys.
    pub columns: Vec<ColumnInfo>,
    pub format: Option<&'static str>,
    /// In words: `CSV, ";" between values, with a header, gzip`.
    pub format_text: Option<String>,
    /// Folder or file, below the catalog's location.
    pub location: String,
    /// `None` where another system keeps the table: its files are listed for each statement anew.
    pub files: Option<u64>,
    pub bytes: Option<u64>,
    /// Where every file told it.
    pub rows: Option<u64>,
    /// Changes if and only if files or columns change.
    pub data_version: String,
    pub newest: Option<DateTime<Utc>>,
    pub problems: Vec<Problem>,
    #[serde(skip)]
    pub(super) inferred: Option<InferredSchema>,
    #[serde(skip)]
    readable: Option<Readable>,
    #[serde(skip)]
    declaration: Declaration,
}

/// What is known of the statement that declares a table.
#[derive(Debug)]
pub(super) enum Declaration {
    /// Of its files.
    Files,
    Known(Arc<Definition>),
    View,
    /// What another system has declared in words of its own.
    Elsewhere(EngineChoice),
    /// It may hold columns that not everybody sees.
    PerPerson,
}

/// The table as the engine takes it; its credentials are renewed as the lake's are.
#[derive(Debug)]
struct Readable {
    lake: Arc<Lake>,
    table: Mutex<Arc<Table>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnInfo {
    pub name: String,
    /// Trino's name of the type.
    #[serde(rename = "type")]
    pub type_name: String,
    pub comment: Option<String>,
    /// Whether it is a partition key.
    pub partition: bool,
}

/// Something that people should know of a table or a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// As of an error; `NOTE` for what only explains.
    pub code: String,
    pub message: String,
    /// Whether the table can't be read until it is mended.
    pub fatal: bool,
}

/// A table that appeared, changed or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableChange {
    pub catalog: String,
    pub database: String,
    pub table: String,
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Changed,
    Removed,
}

impl TableChange {
    /// What differs between two listings, each by database and name.
    pub(super) fn between<T>(
        catalog: &str,
        before: Option<&BTreeMap<(String, String), Arc<T>>>,
        now: &BTreeMap<(String, String), Arc<T>>,
        is_same: impl Fn(&Arc<T>, &Arc<T>) -> bool,
    ) -> Vec<TableChange> {
        let change = |(database, table): &(String, String), change| TableChange {
            catalog: catalog.to_owned(),
            database: database.clone(),
            table: table.clone(),
            change,
        };
        let came = now.iter().filter_map(|(key, table)| match before.and_then(|before| before.get(key)) {
            None => Some(change(key, Change::Added)),
            Some(old) if !is_same(old, table) => Some(change(key, Change::Changed)),
            Some(_) => None,
        });
        let known = before.into_iter().flat_map(BTreeMap::keys);
        let went = known.filter(|key| !now.contains_key(*key)).map(|key| change(key, Change::Removed));
        came.chain(went).collect()
    }
}

/// What a refresh found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RefreshReport {
    /// Files that were listed; `None` where another system keeps the tables.
    pub objects: Option<u64>,
    pub tables: usize,
    /// Tables as `database.table`.
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
    pub took_ms: u64,
}

impl RefreshReport {
    /// `12 tables in 30 files`, or without the files where nobody counts them.
    pub fn extent(&self) -> String {
        match self.objects {
            Some(objects) => format!("{} tables in {objects} files", self.tables),
            None => format!("{} tables", self.tables),
        }
    }

    pub(super) fn of(changes: &[TableChange], objects: Option<u64>, tables: usize, began: Instant) -> Self {
        let named = |wanted| -> Vec<String> {
            let those = changes.iter().filter(|change| change.change == wanted);
            those.map(|change| format!("{}.{}", change.database, change.table)).collect()
        };
        Self {
            objects,
            tables,
            added: named(Change::Added),
            changed: named(Change::Changed),
            removed: named(Change::Removed),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl ColumnInfo {
    /// A column that is no partition key, by its name and Trino's name of its type.
    pub(crate) fn of(name: String, type_name: String) -> ColumnInfo {
        ColumnInfo { name, type_name, comment: None, partition: false }
    }
}

impl Problem {
    pub(super) fn fatal(code: &str, message: impl Into<String>) -> Problem {
        Problem { code: code.to_owned(), message: message.into(), fatal: true }
    }

    /// Why something can't be read, with what to do about it.
    pub(super) fn of(error: QueryError) -> Problem {
        let hint = error.hint.map_or(String::new(), |hint| format!(" {hint}"));
        Problem::fatal(error.code, error.message + &hint)
    }

    pub(super) fn note(message: impl Into<String>) -> Problem {
        Problem { code: "NOTE".to_owned(), message: message.into(), fatal: false }
    }
}

impl TableInfo {
    /// The table that an engine reads. Bound to this table's files: a query that holds it sees one snapshot.
    ///
    /// The error is the table's problem: `INVALID_FILE`, `SCHEMA_CONFLICT`, `AMBIGUOUS_TABLE`.
    pub fn engine_table(&self) -> Result<Arc<Table>, QueryError> {
        let Some(readable) = &self.readable else {
            let problem = self.problems.iter().find(|problem| problem.fatal);
            let (code, message) = match problem {
                Some(problem) => (static_code(&problem.code), problem.message.clone()),
                None => ("INVALID_FILE", format!("Table \"{}\" can't be read.", self.name)),
            };
            return Err(QueryError::user(code, message));
        };
        let storage = readable.lake.storage_now();
        let mut table = readable.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.storage != storage {
            *table = Arc::new(Table { storage, ..Table::clone(&table) });
        }
        Ok(Arc::clone(&table))
    }

    /// The lines of its `CREATE EXTERNAL TABLE`, as Athena would take it.
    pub(crate) fn definition(&self) -> Result<Vec<String>, QueryError> {
        let name = &self.name;
        let refused = |message: String| QueryError::user("NOT_SUPPORTED", message);
        let columns = format!("DESCRIBE {name} lists its columns.");
        match &self.declaration {
            Declaration::Known(definition) => Ok(definition.statement(&self.database, name)),
            Declaration::View => {
                Err(refused(format!("`{name}` is a view, whose statement is not shown.")).with_hint(columns))
            }
            Declaration::PerPerson => {
                let message = format!("Lake Formation shows each person other columns of `{name}`.");
                Err(refused(message).with_hint("Select from it to see yours."))
            }
            Declaration::Elsewhere(engine) => {
                let system = if *engine == EngineChoice::Postgres { "PostgreSQL" } else { "Trino" };
                Err(refused(format!("How `{name}` is declared is known to {system} only.")).with_hint(columns))
            }
            Declaration::Files => {
                let table = self.engine_table()?;
                let root = self.readable.as_ref().map(|readable| readable.lake.location()).unwrap_or_default();
                // Where a folder of the server's lies is nobody's business.
                let root = if root.starts_with("s3://") { root } else { String::new() };
                let between = if root.is_empty() || root.ends_with('/') { "" } else { "/" };
                let location = format!("{root}{between}{}", self.location);
                Ok(Definition::of_files(&table, location)?.statement(&self.database, name))
            }
        }
    }

    /// Whether another system keeps it, and its files are listed for each statement anew.
    pub(crate) fn is_kept_elsewhere(&self) -> bool {
        self.readable.is_none() && !self.problems.iter().any(|problem| problem.fatal)
    }

    /// The table as a statement of this person reads it.
    pub(super) async fn bound_for(&self, person: &Principal) -> Result<Bound, QueryError> {
        let table = self.engine_table()?;
        let theirs = match &self.readable {
            Some(readable) => readable.lake.storage_for(person).await?,
            None => None,
        };
        Ok(match theirs {
            None => Bound::of_files(table),
            Some(storage) => {
                let bound = Bound::of_files(Arc::new(Table { storage, ..Table::clone(&table) }));
                Bound { reader: Some(person.id.clone()), ..bound }
            }
        })
    }

    /// A table whose problem is fatal.
    pub(super) fn broken(catalog: &str, found: &Found, problem: Option<Problem>) -> TableInfo {
        let mut info = TableInfo::of(catalog, found);
        info.problems.extend(problem);
        info
    }

    pub(super) fn readable(catalog: &str, found: &Found, lake: &Arc<Lake>, inferred: InferredSchema) -> TableInfo {
        let mut info = TableInfo::of(catalog, found);
        let partitions: Vec<Field> = found.partitions.iter().map(|key| key.field()).collect();
        let (schema, notes) = without_partition_keys(&inferred, &partitions);
        info.problems.extend(inferred.notes.iter().cloned().chain(notes).map(Problem::note));
        let column = |field: &Field, partition| ColumnInfo {
            name: field.name().clone(),
            type_name: trino_type(field.data_type()),
            comment: None,
            partition,
        };
        info.columns = schema
            .fields()
            .iter()
            .map(|field| column(field, false))
            .chain(partitions.iter().map(|field| column(field, true)))
            .collect();
        info.format_text = Some(format_text(&inferred.format));
        info.rows = inferred.rows;
        let mut hash = blake3::Hasher::new();
        hash.update(found.fingerprint.as_bytes());
        hash.update(format!("{schema:?}{partitions:?}{:?}", inferred.format).as_bytes());
        info.data_version = hash.finalize().to_hex()[..32].to_owned();
        let table = Table {
            catalog: catalog.to_owned(),
            database: found.database.clone(),
            name: found.name.clone(),
            version: info.data_version.clone(),
            schema: Arc::new(schema),
            partitions,
            format: inferred.format,
            storage: lake.storage_now(),
            files: found.files.clone(),
        };
        info.readable = Some(Readable { lake: Arc::clone(lake), table: Mutex::new(Arc::new(table)) });
        info.inferred = Some(inferred);
        info
    }

    /// A table that another system keeps.
    pub(super) fn linked(catalog: &str, table: &LinkedTable, location: String, declaration: Declaration) -> TableInfo {
        let note = table.files.as_ref().err().cloned().flatten();
        TableInfo {
            catalog: catalog.to_owned(),
            database: table.database.clone(),
            name: table.name.clone(),
            columns: table.columns.clone(),
            format: table.format,
            format_text: table.format_text.clone(),
            location,
            files: None,
            bytes: None,
            rows: None,
            data_version: String::new(),
            newest: None,
            problems: note.map(|reason| Problem::note(sentence(&reason))).into_iter().collect(),
            inferred: None,
            readable: None,
            declaration,
        }
    }

    fn of(catalog: &str, found: &Found) -> TableInfo {
        TableInfo {
            catalog: catalog.to_owned(),
            database: found.database.clone(),
            name: found.name.clone(),
            columns: Vec::new(),
            format: found.format_name(),
            format_text: None,
            location: found.location.clone(),
            files: Some(found.files.len() as u64),
            bytes: Some(found.bytes()),
            rows: None,
            data_version: found.fingerprint[..32].to_owned(),
            newest: found.newest(),
            problems: found.problems.clone(),
            inferred: None,
            readable: None,
            declaration: Declaration::Files,
        }
    }
}

/// Where a partition key also stands in the files, the path's value wins. CSV columns go by position, so there the
/// file's column stays under another name.
fn without_partition_keys(inferred: &InferredSchema, partitions: &[Field]) -> (Schema, Vec<String>) {
    let mut notes = Vec::new();
    let mut fields = Vec::new();
    for field in inferred.schema.fields() {
        if !partitions.iter().any(|key| key.name().eq_ignore_ascii_case(field.name())) {
            fields.push(field.as_ref().clone());
        } else if matches!(inferred.format, Format::Csv { .. }) {
            let name = format!("{}_in_file", field.name());
            notes.push(format!(
                "Column \"{}\" of the files is called \"{name}\": the folders name one too.",
                field.name()
            ));
            fields.push(field.as_ref().clone().with_name(name));
        } else {
            notes.push(format!("Column \"{}\" of the files is not read: the folders' value wins.", field.name()));
        }
    }
    (Schema::new(fields), notes)
}

fn format_text(format: &Format) -> String {
    let compressed = |compression: Compression| match compression {
        Compression::None => "",
        Compression::Gzip => ", gzip",
        Compression::Zstd => ", zstd",
    };
    match format {
        Format::Parquet => "Parquet".to_owned(),
        Format::Csv { delimiter, quote, header, compression } => {
            let delimiter = match delimiter {
                b'\t' => "tab".to_owned(),
                other => format!("\"{}\"", char::from(*other)),
            };
            let quote = if *quote == b'\'' { ", quoted with '" } else { "" };
            let header = if *header { "with" } else { "without" };
            format!("CSV, {delimiter} between values{quote}, {header} a header{}", compressed(*compression))
        }
        Format::Json { compression } => format!("JSON lines{}", compressed(*compression)),
        Format::Lines { compression, .. } => format!("Lines of text{}", compressed(*compression)),
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Codes come back from the catalog's cache as text.
fn static_code(code: &str) -> &'static str {
    match code {
        "SCHEMA_CONFLICT" => "SCHEMA_CONFLICT",
        "AMBIGUOUS_TABLE" => "AMBIGUOUS_TABLE",
        "INVALID_LOCATION" => "INVALID_LOCATION",
        "RESOURCE_LIMIT" => "RESOURCE_LIMIT",
        "NOT_SUPPORTED" => "NOT_SUPPORTED",
        _ => "INVALID_FILE",
    }
}
