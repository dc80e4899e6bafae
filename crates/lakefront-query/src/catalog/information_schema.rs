//! `information_schema` of a catalog: files with what is known of it, written when somebody asks and read like any other
//! table.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow::datatypes::{DataType, Field, Schema};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use lakefront_engine::{Compression, DataFile, Format, Storage, Table};
use serde_json::{Value, json};

use super::bound::Bound;
use super::{Catalogs, TableInfo};
use crate::QueryError;

const NAME: &str = "information_schema";
/// Tables whose columns are looked up at the same time.
const SIDE_BY_SIDE: usize = 4;
/// No statement reads a file for as long as this.
const OUTDATED: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy)]
enum View {
    Schemata,
    Tables,
    Columns,
}

impl View {
    fn find(name: &str) -> Option<Self> {
        let views = [View::Schemata, View::Tables, View::Columns];
        views.into_iter().find(|view| view.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            View::Schemata => "schemata",
            View::Tables => "tables",
            View::Columns => "columns",
        }
    }

    /// As Trino has them.
    fn columns(self) -> &'static [&'static str] {
        match self {
            View::Schemata => &["catalog_name", "schema_name"],
            View::Tables => &["table_catalog", "table_schema", "table_name", "table_type"],
            View::Columns => &[
                "table_catalog",
                "table_schema",
                "table_name",
                "column_name",
                "ordinal_position",
                "column_default",
                "is_nullable",
                "data_type",
            ],
        }
    }

    fn schema(self) -> Schema {
        let kind = |name: &str| if name == "ordinal_position" { DataType::Int64 } else { DataType::Utf8 };
        Schema::new(self.columns().iter().map(|name| Field::new(*name, kind(name), true)).collect::<Vec<_>>())
    }
}

/// The table, if the names are those of one.
pub(super) async fn bind(
    catalogs: &Catalogs,
    catalog: &str,
    database: &str,
    table: &str,
) -> Result<Option<Bound>, QueryError> {
    let Some(view) = View::find(table).filter(|_| database.eq_ignore_ascii_case(NAME)) else { return Ok(None) };
    let catalog = catalog.to_lowercase();
    let rows = rows(catalogs, &catalog, view).await?;
    let folder = catalogs.inner.config.folder.join(NAME).join(&catalog);
    let written = tokio::task::spawn_blocking(move || write(&folder, view, &rows).map(|file| (folder, file)));
    let (root, file) = written.await.map_err(QueryError::internal)?.map_err(QueryError::internal)?;
    Ok(Some(Bound::of_files(Arc::new(Table {
        catalog,
        database: NAME.to_owned(),
        name: view.name().to_owned(),
        version: file.path.clone(),
        schema: Arc::new(view.schema()),
        partitions: Vec::new(),
        format: Format::Json { compression: Compression::None },
        storage: Storage::Local { root },
        files: vec![file],
    }))))
}

async fn rows(catalogs: &Catalogs, catalog: &str, view: View) -> Result<Vec<Vec<Value>>, QueryError> {
    let databases = catalogs.databases(catalog).await?;
    let own = |name: &str| vec![json!(catalog), json!(name)];
    if let View::Schemata = view {
        let names = databases.iter().map(|database| database.name.as_str()).chain([NAME]);
        return Ok(names.map(own).collect());
    }
    let mut rows = Vec::new();
    for database in databases {
        let tables = catalogs.tables(catalog, &database.name, None).await?;
        if let View::Tables = view {
            let row = |table: String| [own(&database.name), vec![json!(table), json!("BASE TABLE")]].concat();
            rows.extend(tables.into_iter().map(|table| row(table.name)));
            continue;
        }
        let infos: Vec<BoxFuture<'_, _>> =
            tables.iter().map(|table| catalogs.table(catalog, &database.name, &table.name).boxed()).collect();
        let infos: Vec<Arc<TableInfo>> = futures::stream::iter(infos).buffered(SIDE_BY_SIDE).try_collect().await?;
        for info in infos {
            rows.extend(info.columns.iter().zip(1..).map(|(column, position)| {
                let of_column = [
                    json!(info.name),
                    json!(column.name),
                    json!(position),
                    Value::Null,
                    json!("YES"),
                    json!(column.type_name),
                ];
                [own(&database.name), of_column.to_vec()].concat()
            }));
        }
    }
    Ok(rows)
}

/// The same rows are the same file.
fn write(folder: &Path, view: View, rows: &[Vec<Value>]) -> io::Result<DataFile> {
    let mut text = String::new();
    for row in rows {
        let object: serde_json::Map<_, _> =
            view.columns().iter().map(|name| (*name).to_owned()).zip(row.iter().cloned()).collect();
        text.push_str(&Value::Object(object).to_string());
        text.push('\n');
    }
    let prefix = format!("{}-", view.name());
    let name = format!("{prefix}{}.json", &blake3::hash(text.as_bytes()).to_hex()[..32]);
    let path = folder.join(&name);
    if !path.exists() {
        fs::create_dir_all(folder)?;
        remove_outdated(folder, &prefix)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(&path).map_err(|error| error.error)?;
    }
    described(name, &path)
}

fn described(name: String, path: &PathBuf) -> io::Result<DataFile> {
    let metadata = fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(DataFile {
        path: name,
        size: metadata.len(),
        modified_ms: i64::try_from(modified.as_millis()).map_err(io::Error::other)?,
        etag: None,
        partition_values: Vec::new(),
    })
}

fn remove_outdated(folder: &Path, prefix: &str) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let age = SystemTime::now().duration_since(file.metadata()?.modified()?).unwrap_or_default();
        if age > OUTDATED && file.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}
