//! A small lake and the road over it, workers included.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lakefront_query::{CatalogSource, Principal, Queries, QueriesConfig, Request, Role};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

pub(crate) struct Lake {
    pub(crate) queries: Queries,
    pub(crate) folder: TempDir,
}

impl Lake {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut QueriesConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_lake(&folder.path().join("lake/demo"));
        Self::open(folder, change).await
    }

    /// The same data folder, as after a restart.
    pub(crate) async fn reopened(self) -> Self {
        let Lake { queries, folder } = self;
        drop(queries);
        Self::open(folder, |_| {}).await
    }

    /// The rows of a statement, their values with `|` between them.
    pub(crate) async fn lines(&self, request: Request) -> Vec<String> {
        let sql = request.sql.clone();
        let execution = self.queries.submit(request).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let result = execution.finished().await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let options = FormatOptions::default().with_null("NULL");
        let mut lines = Vec::new();
        for batch in result.batches(0, None) {
            let batch = batch.expect("a batch");
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).expect("a column"))
                .collect();
            for row in 0..batch.num_rows() {
                lines.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"));
            }
        }
        lines
    }

    async fn open(folder: TempDir, change: impl FnOnce(&mut QueriesConfig)) -> Self {
        let worker = env!("CARGO_BIN_EXE_lakefront-query-worker");
        let mut config = QueriesConfig::new(folder.path().join("data"), worker.into());
        change(&mut config);
        let queries = Queries::open(config).await.expect("the road opens");
        let path = folder.path().join("lake").display().to_string();
        queries.catalogs().add("local", CatalogSource::Local { path }).await.expect("the lake is added");
        queries.catalogs().refresh("local", None).await.expect("the lake is listed");
        Self { queries, folder }
    }

    pub(crate) fn table_folder(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("lake/demo").join(name)
    }
}

pub(crate) fn principal(id: &str) -> Principal {
    Principal { id: id.to_owned(), name: id.to_owned(), role: Role::Viewer, groups: Vec::new() }
}

pub(crate) fn request(sql: &str) -> Request {
    Request {
        catalog: Some("local".to_owned()),
        database: Some("demo".to_owned()),
        ..Request::new(principal("ana"), sql)
    }
}

/// `sales` in Parquet by state, `item` in CSV, `event` in JSON, `numbers` in Parquet with 50,000 rows.
fn write_lake(folder: &Path) {
    for (state, first) in [("CA", 0), ("TX", 100), ("NY", 200)] {
        let path = folder.join(format!("sales/state={state}"));
        fs::create_dir_all(&path).expect("a partition's folder");
        write_parquet(&path.join("part.parquet"), &sales(first));
    }
    fs::create_dir_all(folder.join("item")).expect("a folder");
    fs::write(
        folder.join("item/item.csv"),
        "item_id,name,price\n0,apple,0.5\n1,bread,2.25\n2,\"cheese, old\",7.0\n3,dill,\n",
    )
    .expect("a CSV file");
    fs::create_dir_all(folder.join("event")).expect("a folder");
    fs::write(
        folder.join("event/event.json"),
        "{\"id\":1,\"place\":{\"city\":\"Oslo\",\"zip\":150},\"tags\":[\"a\",\"b\"]}\n\
         {\"id\":2,\"place\":{\"city\":\"Rome\",\"zip\":null},\"tags\":[]}\n\
         {\"id\":3,\"place\":null,\"tags\":null}\n",
    )
    .expect("a JSON file");
    fs::create_dir_all(folder.join("numbers")).expect("a folder");
    write_parquet(&folder.join("numbers/numbers.parquet"), &numbers(50_000));
}

fn sales(first: i64) -> RecordBatch {
    let ids: Vec<i64> = (first..first + 10).collect();
    let items = ids.iter().map(|id| (id % 10 != 9).then_some(id % 4));
    let amounts = ids.iter().map(|id| (id % 5 != 4).then_some(*id as f64 * 1.5));
    // 2025-01-01 is day 20,089 of the Unix epoch.
    let days = ids.iter().map(|id| 20_089 + (*id % 10) as i32);
    let times = ids.iter().map(|id| 1_735_725_600_000 + id * 60_000);
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(Int64Array::from(ids.clone()))),
        ("item_id", Arc::new(Int64Array::from_iter(items))),
        ("amount", Arc::new(Float64Array::from_iter(amounts))),
        ("day", Arc::new(Date32Array::from_iter_values(days))),
        ("sold_at", Arc::new(TimestampMillisecondArray::from_iter_values(times))),
        ("returned", Arc::new(BooleanArray::from_iter(ids.iter().map(|id| Some(id % 3 == 0))))),
    ];
    RecordBatch::try_from_iter(columns).expect("a batch")
}

pub(crate) fn numbers(rows: i64) -> RecordBatch {
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(
        (0..rows).map(|n| Some((0..n % 3).map(move |m| Some(n + m)))),
    );
    let label: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|n| format!("number {n}"))));
    let half: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(|n| n as f64 / 2.0)));
    let pair = StructArray::from(vec![
        (Arc::new(Field::new("label", DataType::Utf8, false)), label.clone()),
        (Arc::new(Field::new("half", DataType::Float64, false)), half),
    ]);
    let columns: [(&str, ArrayRef); 4] = [
        ("n", Arc::new(Int64Array::from_iter_values(0..rows))),
        ("label", label),
        ("list", Arc::new(list)),
        ("pair", Arc::new(pair)),
    ];
    RecordBatch::try_from_iter(columns).expect("a batch")
}

pub(crate) fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).expect("a Parquet file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("rows are written");
    writer.close().expect("the footer is written");
}
