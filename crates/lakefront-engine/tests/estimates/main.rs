//! Estimates for Trino against what a real one read of the same files. `make bench-estimates` asks it anew and keeps
//! its answers in `trino.tsv`; these tests need no Trino.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::print_stdout, reason = "the table is what people run it for")]

mod data;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field};
use data::TableFiles;
use lakefront_engine::{
    DataFile, Estimate, Explain, Format, Job, Limits, Meter, Pool, PoolConfig, Storage, Table, infer::trino_type,
};
use parquet::file::reader::{FileReader, SerializedFileReader};

const QUERIES: &str = include_str!("queries.sql");
const RECORDED: &str = include_str!("trino.tsv");

fn queries() -> impl Iterator<Item = &'static str> {
    QUERIES.lines().filter(|line| !line.is_empty() && !line.starts_with("--"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trino_reads_what_was_foreseen() {
    let folder = tempfile::TempDir::new().unwrap();
    let tables = data::write_all(folder.path());
    let recorded = Recorded::read(RECORDED);
    assert_eq!(
        fingerprints(folder.path(), &tables),
        recorded.tables,
        "the files are written otherwise than when Trino was asked: run `make bench-estimates`"
    );
    let pool = pool(folder.path());
    let tables = engine_tables(folder.path(), &tables);
    let mut rows = Vec::new();
    for sql in queries() {
        let read = *recorded.bytes.get(sql).unwrap_or_else(|| panic!("Trino was not asked: {sql}"));
        let foreseen = estimate(&pool, &tables, sql, Meter::Trino).await;
        rows.push(Row { sql, foreseen: foreseen.bytes, exact: foreseen.exact, read });
    }
    let (table, near) = told(&rows);
    println!("{table}");
    assert!(near * 100 >= rows.len() * 95, "fewer than 95 % are within 1 %\n{table}");
    for row in &rows {
        assert!(row.foreseen * 10 >= row.read * 9, "more than 10 % under\n{table}");
        assert!(!row.exact || row.is_near(), "called exact: {}\n{table}", row.sql);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_engine_reads_what_was_foreseen() {
    let folder = tempfile::TempDir::new().unwrap();
    let tables = data::write_all(folder.path());
    let pool = pool(folder.path());
    let tables = engine_tables(folder.path(), &tables);
    let mut wrong = String::new();
    for sql in queries() {
        let prepared =
            pool.prepare(job(&tables, sql, Meter::Embedded)).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        let foreseen = prepared.estimate.clone();
        let mut running = prepared.run().await.unwrap();
        while let Some(frame) = running.next().await {
            frame.unwrap();
        }
        let read = running.statistics().scanned_bytes;
        let holds = if foreseen.exact { foreseen.bytes == read } else { foreseen.bytes >= read };
        if !holds {
            let exact = if foreseen.exact { "exactly" } else { "at most" };
            writeln!(wrong, "{exact} {} foreseen, {read} read: {sql}", foreseen.bytes).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Writes the files, and what a Trino must be told of them, into `LAKEFRONT_ESTIMATES_DATA`.
#[test]
#[ignore = "a step of make bench-estimates"]
fn write_for_trino() {
    let folder = PathBuf::from(std::env::var("LAKEFRONT_ESTIMATES_DATA").unwrap());
    let tables = data::write_all(&folder);
    let mut statements = String::new();
    for table in &tables {
        let fields: Vec<Field> = table.schema.fields().iter().map(|field| Field::clone(field)).collect();
        let keys: Vec<Field> = table.keys.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
        let columns: Vec<String> = fields
            .iter()
            .chain(&keys)
            .map(|field| format!("{} {}", field.name().to_lowercase(), trino_type_of(field.data_type())))
            .collect();
        let names: Vec<String> = keys.iter().map(|key| format!("'{}'", key.name())).collect();
        let partitioned = match names.as_slice() {
            [] => String::new(),
            names => format!(", partitioned_by = array[{}]", names.join(", ")),
        };
        writeln!(
            statements,
            "create table lake.estimates.{name} ({}) with (format = 'PARQUET', external_location = '{{location}}/{name}'{partitioned})",
            columns.join(", "),
            name = table.name,
        )
        .unwrap();
        if !keys.is_empty() {
            writeln!(statements, "call lake.system.sync_partition_metadata('estimates', '{}', 'ADD')", table.name)
                .unwrap();
        }
    }
    std::fs::write(folder.with_extension("sql"), statements).unwrap();
    let prints: Vec<String> =
        fingerprints(&folder, &tables).iter().map(|(name, bytes)| format!("# {name} {bytes}")).collect();
    std::fs::write(folder.with_extension("prints"), prints.join("\n") + "\n").unwrap();
}

fn trino_type_of(data_type: &DataType) -> String {
    match data_type {
        // Hive knows no more digits than three of them.
        DataType::Timestamp(..) => "timestamp(3)".to_owned(),
        other => trino_type(other),
    }
}

struct Row {
    sql: &'static str,
    foreseen: u64,
    exact: bool,
    read: u64,
}

impl Row {
    fn off(&self) -> f64 {
        match (self.foreseen, self.read) {
            (0, 0) => 0.0,
            (_, 0) => 1.0,
            (foreseen, read) => foreseen as f64 / read as f64 - 1.0,
        }
    }

    fn is_near(&self) -> bool {
        self.off().abs() <= 0.01
    }
}

/// The result as people read it, and how many are within 1 %.
fn told(rows: &[Row]) -> (String, usize) {
    let near = rows.iter().filter(|row| row.is_near()).count();
    let within = |share: f64| rows.iter().filter(|row| row.off().abs() <= share).count();
    let under = rows.iter().filter(|row| row.off() < -0.1).count();
    let exact = rows.iter().filter(|row| row.exact).count();
    let mut table = format!(
        "{} statements: {near} within 1 %, {} within 10 %, {under} more than 10 % under; {exact} said to be exact\n",
        rows.len(),
        within(0.1)
    );
    for row in rows.iter().filter(|row| !row.is_near()) {
        writeln!(
            table,
            "{:>10} foreseen {:>10} read {:>+8.1} %  {}",
            row.foreseen,
            row.read,
            row.off() * 100.0,
            row.sql
        )
        .unwrap();
    }
    (table, near)
}

/// What Trino was asked of, and its answers.
struct Recorded {
    /// Bytes of column chunks by table.
    tables: BTreeMap<String, u64>,
    /// Bytes read without footers, by statement.
    bytes: BTreeMap<&'static str, u64>,
}

impl Recorded {
    fn read(text: &'static str) -> Self {
        let (mut tables, mut bytes) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some(print) = line.strip_prefix("# ") {
                if let Some((name, size)) = print.split_once(' ')
                    && let Ok(size) = size.parse()
                {
                    tables.insert(name.to_owned(), size);
                }
            } else if let [data, _physical, _tails, _requests, sql] = line.splitn(5, '\t').collect::<Vec<_>>()[..]
                && let Ok(data) = data.parse()
            {
                bytes.insert(sql, data);
            }
        }
        Recorded { tables, bytes }
    }
}

/// A sum over all column chunks of each table, and their places: other bytes, other print.
fn fingerprints(folder: &Path, tables: &[TableFiles]) -> BTreeMap<String, u64> {
    let print = |table: &TableFiles| {
        let mut sum = 0;
        for (path, _) in &table.files {
            let file = SerializedFileReader::new(std::fs::File::open(folder.join(path)).unwrap()).unwrap();
            for group in file.metadata().row_groups() {
                sum += group.columns().iter().map(|chunk| chunk.byte_range().1).sum::<u64>();
            }
        }
        (table.name.to_owned(), sum)
    };
    tables.iter().map(print).collect()
}

fn pool(folder: &Path) -> Pool {
    let spill = folder.join("spill");
    let mut config = PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_lakefront-engine-worker")), spill);
    config.arguments.clear();
    Pool::start(config).unwrap()
}

fn engine_tables(folder: &Path, tables: &[TableFiles]) -> Vec<Arc<Table>> {
    let file = |path: &String, values: &Vec<String>| {
        let metadata = std::fs::metadata(folder.join(path)).unwrap();
        let modified = metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
        DataFile {
            path: path.clone(),
            size: metadata.len(),
            modified_ms: modified.as_millis() as i64,
            etag: None,
            partition_values: values.iter().cloned().map(Some).collect(),
        }
    };
    let table = |table: &TableFiles| Table {
        catalog: "local".to_owned(),
        database: "estimates".to_owned(),
        name: table.name.to_owned(),
        version: "1".to_owned(),
        schema: Arc::clone(&table.schema),
        partitions: table.keys.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect(),
        format: Format::Parquet,
        storage: Storage::Local { root: folder.to_owned() },
        files: table.files.iter().map(|(path, values)| file(path, values)).collect(),
    };
    tables.iter().map(|each| Arc::new(table(each))).collect()
}

fn job(tables: &[Arc<Table>], sql: &str, meter: Meter) -> Job {
    let used =
        |table: &&Arc<Table>| sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == table.name);
    Job {
        sql: sql.to_owned(),
        parameters: Vec::new(),
        tables: tables.iter().filter(used).cloned().collect(),
        catalog: "local".to_owned(),
        database: "estimates".to_owned(),
        limits: Limits {
            deadline: Duration::from_secs(60),
            memory_bytes: 512 << 20,
            spill_bytes: 1 << 30,
            result_rows: 10_000_000,
            result_bytes: 1 << 30,
        },
        meter,
        explain: Explain::Nothing,
    }
}

async fn estimate(pool: &Pool, tables: &[Arc<Table>], sql: &str, meter: Meter) -> Estimate {
    let prepared = pool.prepare(job(tables, sql, meter)).await;
    prepared.unwrap_or_else(|error| panic!("{sql}: {error:?}")).estimate.clone()
}
