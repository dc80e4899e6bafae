//! One set of files in two places: as a local lake, on which an embedded engine plays Athena, and in the S3 of a moto
//! server with tables in its Glue. `LAKEFRONT_TEST_MOTO` names the server; without it nothing is tested, which is said.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampMillisecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::FutureExt;
use lakefront_query::aws::Aws;
use lakefront_query::{
    CatalogSource, EngineChoice, GlueSource, Principal, Queries, QueriesConfig, Request, ResultSet, Role,
};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Runner, Server, workgroup};

pub(crate) struct Lake {
    pub(crate) queries: Queries,
    pub(crate) athena: Server,
    pub(crate) bucket: String,
    pub(crate) database: String,
    moto: String,
    pub(crate) aws: Aws,
    source: GlueSource,
    folder: TempDir,
}

impl Lake {
    /// The catalog `aws` with the tables `sales` (Parquet by state and day), `item` (text), `note` (CSV), `event`
    /// (JSON), `log` (projected), `nested` and `ledger` (ORC). `change` is for the connection.
    pub(crate) async fn with(change: impl FnOnce(&mut GlueSource)) -> Option<Self> {
        let Ok(moto) = std::env::var("LAKEFRONT_TEST_MOTO") else {
            let note = b"Athena's road is not tested: LAKEFRONT_TEST_MOTO names no moto server\n";
            std::io::stderr().write_all(note).unwrap();
            return None;
        };
        static LAKES: AtomicUsize = AtomicUsize::new(0);
        let own = format!("lf-{}-{}", std::process::id(), LAKES.fetch_add(1, Ordering::Relaxed));
        let database = own.replace('-', "_");
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("lake").join(&database));

        let athena = Server::start().await;
        athena.world().runner = Some(embedded(folder.path()).await);
        let mut config = athena.config();
        for other in [&mut config.endpoints.glue, &mut config.endpoints.s3, &mut config.endpoints.sts] {
            *other = Some(moto.clone());
        }
        let aws = Aws::new(config.clone()).await.unwrap();
        let mut source = GlueSource {
            aws: config,
            catalog_id: None,
            athena: workgroup(),
            engine: EngineChoice::Auto,
            embedded_max_bytes: None,
            groups: Default::default(),
            unload_min_bytes: None,
            price_per_tb_usd: None,
        };
        source.athena.output_location = Some(format!("s3://{own}/out/"));
        change(&mut source);
        let put_to = moto.clone();
        athena.world().writer = Some(Arc::new(move |bucket, key, body| put(&put_to, bucket, key, body)));

        let queries = instance(&folder.path().join("data"), EVERY_STATEMENT).await;
        let lake = Self { queries, athena, bucket: own, database, moto, aws, source, folder };
        lake.fill().await;
        link(&lake.queries, &lake.source).await;
        Some(lake)
    }

    /// Another Lakefront with the same catalog, which looks at the files so often.
    pub(crate) async fn beside(&self, interval: Duration) -> Queries {
        let queries = instance(&self.folder.path().join("beside"), interval).await;
        link(&queries, &self.source).await;
        queries
    }

    /// The same as this one, with another connection.
    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut GlueSource)) -> Queries {
        let queries = instance(&self.folder.path().join("other"), EVERY_STATEMENT).await;
        let mut source = self.source.clone();
        change(&mut source);
        link(&queries, &source).await;
        queries
    }

    /// What comes after this one if it is killed once it has heard the ids of so many queries.
    pub(crate) async fn next(&self, heard: usize) -> Queries {
        let (killed, next) = (self.folder.path().join("data"), self.folder.path().join("next"));
        while journal(&killed.join("catalogs"), "\"id\":\"") < heard {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        copy(&killed.join("catalogs"), &next.join("catalogs"));
        let queries = instance(&next, EVERY_STATEMENT).await;
        link(&queries, &self.source).await;
        queries
    }

    /// Objects that UNLOAD has written and nobody has deleted.
    pub(crate) fn unloaded(&self) -> usize {
        let query = format!("/{}?list-type=2&prefix=out/unload/", self.bucket);
        let answer = exchange(&self.moto, "GET", &query, b"");
        answer.matches("<Key>").count()
    }

    /// The address of its S3.
    pub(crate) fn endpoint(&self) -> &str {
        &self.moto
    }

    pub(crate) async fn new() -> Option<Self> {
        Self::with(|_| {}).await
    }

    pub(crate) fn request(&self, sql: &str) -> Request {
        Request {
            catalog: Some("aws".to_owned()),
            database: Some(self.database.clone()),
            ..Request::new(principal("ana"), sql)
        }
    }

    pub(crate) fn on(&self, engine: EngineChoice, sql: &str) -> Request {
        Request { engine, reuse_max_age_s: Some(0), ..self.request(sql) }
    }

    async fn fill(&self) {
        self.put("", b"");
        let root = self.folder.path().join("lake").join(&self.database);
        let mut files = Vec::new();
        files_below(&root, &mut files);
        for file in files {
            let key = file.strip_prefix(&root).unwrap().to_str().unwrap();
            self.put(key, &fs::read(&file).unwrap());
        }
        let database = &self.database;
        self.glue("CreateDatabase", json!({"DatabaseInput": {"Name": database}})).await;
        let parquet = ("ql.io.parquet.MapredParquetInputFormat", "ql.io.parquet.serde.ParquetHiveSerDe");
        let sales = [
            ("id", "bigint"),
            ("item_id", "bigint"),
            ("amount", "double"),
            ("sold_at", "timestamp"),
            ("returned", "boolean"),
        ];
        self.table("sales", parquet, &sales, &[("state", "string"), ("day", "date")], json!({}), json!({})).await;
        let partitions: Vec<Value> = PARTITIONS
            .iter()
            .map(|(state, day, _)| {
                let location = format!("s3://{}/sales/state={state}/day={day}/", self.bucket);
                json!({"Values": [state, day], "StorageDescriptor": {"Location": location}})
            })
            .collect();
        let call = json!({"DatabaseName": database, "TableName": "sales", "PartitionInputList": partitions});
        self.glue("BatchCreatePartition", call).await;

        let text = ("mapred.TextInputFormat", "serde2.lazy.LazySimpleSerDe");
        let comma = json!({"field.delim": ",", "serialization.format": ","});
        let header = json!({"skip.header.line.count": "1"});
        let item = [("item_id", "bigint"), ("name", "string"), ("price", "double")];
        self.table("item", text, &item, &[], header, comma).await;
        let quoted = ("mapred.TextInputFormat", "serde2.OpenCSVSerde");
        let header = json!({"skip.header.line.count": "1"});
        self.table("note", quoted, &[("name", "string"), ("text", "string")], &[], header, json!({})).await;
        let json_lines = ("mapred.TextInputFormat", "org.openx.data.jsonserde.JsonSerDe");
        let event = [("userid", "bigint"), ("kind", "string"), ("open", "boolean")];
        self.table("event", json_lines, &event, &[], json!({}), json!({})).await;
        let projection = json!({
            "projection.enabled": "true",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": "2024-01-01,NOW",
            "projection.state.type": "enum",
            "projection.state.values": "CA,TX,NY",
            "storage.location.template": format!("s3://{}/sales/state=${{state}}/day=${{day}}", self.bucket),
        });
        self.table("log", parquet, &sales, &[("state", "string"), ("day", "string")], projection, json!({})).await;
        let nested = [("n", "bigint"), ("tags", "array<bigint>"), ("place", "struct<city:string,zip:bigint>")];
        self.table("nested", parquet, &nested, &[], json!({}), json!({})).await;
        let orc = ("ql.io.orc.OrcInputFormat", "ql.io.orc.OrcSerde");
        self.table("ledger", orc, &[("id", "bigint")], &[], json!({}), json!({})).await;
    }

    pub(crate) async fn table(
        &self,
        name: &str,
        (input, serde): (&str, &str),
        columns: &[(&str, &str)],
        keys: &[(&str, &str)],
        properties: Value,
        serde_parameters: Value,
    ) {
        let described = |columns: &[(&str, &str)]| -> Vec<Value> {
            columns.iter().map(|(name, kind)| json!({"Name": name, "Type": kind})).collect()
        };
        let serde =
            if serde.starts_with("org.") { serde.to_owned() } else { format!("org.apache.hadoop.hive.{serde}") };
        let table = json!({
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": properties,
            "PartitionKeys": described(keys),
            "StorageDescriptor": {
                "Columns": described(columns),
                "Location": format!("s3://{}/{name}/", self.bucket),
                "InputFormat": format!("org.apache.hadoop.{input}"),
                "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_parameters},
            },
        });
        self.glue("CreateTable", json!({"DatabaseName": self.database, "TableInput": table})).await;
    }

    /// Commits the `number`-th state of the Iceberg table `events`, of so many bytes.
    pub(crate) async fn commit(&self, number: u32, bytes: u64) {
        let key = format!("events/metadata/{number:05}.metadata.json");
        let snapshot = json!({
            "snapshot-id": number, "timestamp-ms": 1_700_000_000_000_u64 + u64::from(number),
            "summary": {"total-files-size": bytes.to_string(), "total-data-files": number.to_string()},
        });
        let metadata = json!({"format-version": 2, "current-snapshot-id": number, "snapshots": [snapshot]});
        self.put(&key, metadata.to_string().as_bytes());
        let table = json!({
            "Name": "events",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"table_type": "ICEBERG", "metadata_location": format!("s3://{}/{key}", self.bucket)},
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "bigint"}],
                "Location": format!("s3://{}/events", self.bucket),
            },
        });
        let operation = if number == 1 { "CreateTable" } else { "UpdateTable" };
        self.glue(operation, json!({"DatabaseName": self.database, "TableInput": table})).await;
    }

    async fn glue(&self, operation: &str, call: Value) {
        self.aws.glue::<Value>(operation, &call).await.unwrap();
    }

    /// Writes an object to S3; the bucket itself with an empty key.
    pub(crate) fn put(&self, key: &str, body: &[u8]) {
        put(&self.moto, &self.bucket, key, body);
    }
}

fn put(moto: &str, bucket: &str, key: &str, body: &[u8]) {
    let path = format!("/{bucket}/{key}");
    let path = path.trim_end_matches('/').replace('=', "%3D");
    let answer = exchange(moto, "PUT", &path, body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
}

/// A request to S3 and its answer.
fn exchange(moto: &str, method: &str, path: &str, body: &[u8]) -> String {
    let host = moto.strip_prefix("http://").unwrap();
    // The server wants to see a key, and does not check the signature.
    let signed = "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {signed}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// How often it is looked at the files.
pub(crate) const EVERY_STATEMENT: Duration = Duration::from_nanos(1);

async fn instance(folder: &Path, interval: Duration) -> Queries {
    let mut config = QueriesConfig::new(folder.to_owned(), env!("CARGO_BIN_EXE_lakefront-query-worker").into());
    config.catalogs.s3_interval = interval;
    Queries::open(config).await.unwrap()
}

/// Entries of the journals in a folder that have a text in them.
pub(crate) fn journal(folder: &Path, text: &str) -> usize {
    let mut files = Vec::new();
    files_below(folder, &mut files);
    let has = |path: &&PathBuf| fs::read_to_string(path).is_ok_and(|entry| entry.contains(text));
    files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")).filter(has).count()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

async fn link(queries: &Queries, source: &GlueSource) {
    queries.catalogs().add("aws", CatalogSource::Glue(Box::new(source.clone()))).await.unwrap();
    queries.catalogs().refresh("aws", None).await.unwrap();
}

pub(crate) fn principal(id: &str) -> Principal {
    Principal { id: id.to_owned(), name: id.to_owned(), role: Role::Viewer, groups: Vec::new() }
}

/// Names and types of columns, then the rows, as text.
pub(crate) fn shown(result: &ResultSet) -> Vec<String> {
    let columns: Vec<String> =
        result.columns().iter().map(|column| format!("{} {}", column.name, column.r#type)).collect();
    let mut shown = vec![columns.join(", ")];
    for batch in result.batches(0, None) {
        let batch = batch.unwrap();
        let texts: Vec<Vec<Option<String>>> = batch.columns().iter().map(texts).collect();
        for row in 0..batch.num_rows() {
            let values: Vec<&str> = texts.iter().map(|column| column[row].as_deref().unwrap_or("NULL")).collect();
            shown.push(values.join("|"));
        }
    }
    shown
}

/// State, day, first id.
const PARTITIONS: [(&str, &str, i64); 4] =
    [("CA", "2025-01-01", 0), ("CA", "2025-01-02", 10), ("NY", "2025-01-01", 20), ("TX", "2025-01-03", 30)];

fn write(folder: &Path) {
    for (state, day, first) in PARTITIONS {
        let path = folder.join(format!("sales/state={state}/day={day}"));
        fs::create_dir_all(&path).unwrap();
        write_parquet(&path.join("part-0.parquet"), &sales(first));
        // The same files under the name of the table whose partitions are projected.
        let path = folder.join(format!("log/state={state}/day={day}"));
        fs::create_dir_all(&path).unwrap();
        write_parquet(&path.join("part-0.parquet"), &sales(first));
    }
    fs::create_dir_all(folder.join("nested")).unwrap();
    write_parquet(&folder.join("nested/part-0.parquet"), &nested());
    for (table, text) in [
        ("item/item.csv", "item_id,name,price\n0,apple,0.50\n1,bread,2.25\n2,cheese,7.00\n3,dill,1.10\n"),
        ("note/note.csv", "name,text\nann,\"x, y\"\nben,\"a \"\"word\"\"\"\n"),
        (
            "event/event.json",
            "{\"userId\":1,\"kind\":\"open\",\"open\":true}\n{\"userId\":2,\"kind\":null,\"open\":false}\n{\"userId\":3}\n",
        ),
    ] {
        let path = folder.join(table);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The struct's fields in another order than Glue has them.
fn nested() -> RecordBatch {
    let tags = [Some(vec![Some(1), None]), Some(vec![]), Some(vec![Some(3)]), None];
    let zips: ArrayRef = Arc::new(Int64Array::from(vec![Some(150), None, None, Some(1)]));
    let cities: ArrayRef = Arc::new(StringArray::from(vec!["Oslo", "Rome", "Rome", "Bern"]));
    let place = StructArray::from(vec![
        (Arc::new(Field::new("zip", DataType::Int64, true)), zips),
        (Arc::new(Field::new("city", DataType::Utf8, true)), cities),
    ]);
    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ("tags", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(tags))),
        ("place", Arc::new(place)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

pub(crate) fn sales(first: i64) -> RecordBatch {
    let ids: Vec<i64> = (first..first + 10).collect();
    let columns: [(&str, ArrayRef); 5] = [
        ("id", Arc::new(Int64Array::from(ids.clone()))),
        ("item_id", Arc::new(Int64Array::from_iter(ids.iter().map(|id| (id % 10 != 9).then_some(id % 4))))),
        ("amount", Arc::new(Float64Array::from_iter(ids.iter().map(|id| (id % 5 != 4).then_some(*id as f64 * 1.5))))),
        (
            "sold_at",
            Arc::new(TimestampMillisecondArray::from_iter_values(ids.iter().map(|id| 1_735_725_600_000 + id * 61_001))),
        ),
        ("returned", Arc::new(BooleanArray::from_iter(ids.iter().map(|id| Some(id % 3 == 0))))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

pub(crate) fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    fs::write(path, parquet(batch)).unwrap();
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

/// An embedded engine over the local copy, whose answers are written as Athena writes them.
async fn embedded(folder: &Path) -> Runner {
    let config = QueriesConfig::new(folder.join("athena"), env!("CARGO_BIN_EXE_lakefront-query-worker").into());
    let queries = Queries::open(config).await.unwrap();
    let path = folder.join("lake").display().to_string();
    queries.catalogs().add("awsdatacatalog", CatalogSource::Local { path }).await.unwrap();
    queries.catalogs().refresh("awsdatacatalog", None).await.unwrap();
    Arc::new(move |sql| {
        let queries = queries.clone();
        async move {
            let ran = match queries.submit(Request::new(principal("athena"), sql)).await {
                Ok(execution) => execution.finished().await,
                Err(error) => Err(error),
            };
            match ran {
                Ok(result) => answer(&result),
                Err(error) => {
                    let place =
                        error.position.map(|at| format!("line {}:{}: ", at.line, at.column)).unwrap_or_default();
                    let reason = format!("{}: {place}{}", error.code, error.message);
                    Answer { failure: Some((reason.leak(), 2)), ..Answer::default() }
                }
            }
        }
        .boxed()
    })
}

fn answer(result: &ResultSet) -> Answer {
    let columns = result.columns().into_iter().map(|column| {
        let (name, kind): (&'static str, String) = (column.name.leak(), column.r#type);
        let (kind, numbers) = kind.split_once('(').unwrap_or((&kind, ")"));
        let mut numbers = numbers.trim_end_matches(')').split(',').map(|number| number.parse().unwrap_or(0));
        let kind = if kind == "real" { "float" } else { kind };
        let (precision, scale) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        // A text without a length is the longest there can be.
        let precision = if kind == "varchar" && precision == 0 { i32::MAX } else { precision };
        (name, &*kind.to_owned().leak(), precision, scale)
    });
    let columns: Vec<(&str, &str, i32, i32)> = columns.collect();
    let mut rows = Vec::new();
    for batch in result.batches(0, None) {
        let batch = batch.unwrap();
        let texts: Vec<Vec<Option<String>>> = batch.columns().iter().map(texts).collect();
        rows.extend((0..batch.num_rows()).map(|row| texts.iter().map(|column| column[row].clone()).collect()));
    }
    Answer { columns, rows, managed: true, ..Answer::default() }
}

/// A column as Athena writes its values.
fn texts(column: &ArrayRef) -> Vec<Option<String>> {
    if column.data_type().is_nested() {
        let options = FormatOptions::default().with_null("NULL");
        let shown = ArrayFormatter::try_new(column, &options).unwrap();
        return (0..column.len()).map(|row| Some(shown.value(row).to_string())).collect();
    }
    let is_time = matches!(column.data_type(), DataType::Timestamp(..));
    let texts = cast(column, &DataType::Utf8).unwrap();
    let texts: &StringArray = texts.as_string();
    let written = |text: &str| match is_time {
        true if text.contains('.') => text.replace('T', " "),
        true => format!("{}.000", text.replace('T', " ")),
        false => text.to_owned(),
    };
    texts.iter().map(|text| text.map(written)).collect()
}
