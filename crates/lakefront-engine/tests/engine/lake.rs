//! Small lakes on disk, and a pool to ask them with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use lakefront_engine::{
    DataFile, EngineError, EngineErrorKind, Estimate, Explain, Format, Job, Limits, Literal, Meter, Pool, PoolConfig,
    Statistics, Storage, Table,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

pub(crate) struct Lake {
    pub(crate) pool: Pool,
    pub(crate) folder: TempDir,
    pub(crate) tables: Vec<Arc<Table>>,
    pub(crate) limits: Limits,
}

pub(crate) struct Answer {
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) schema: SchemaRef,
    pub(crate) estimate: Estimate,
    pub(crate) statistics: Statistics,
}

impl Answer {
    /// Cells as text, NULL as `NULL`.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let options = arrow::util::display::FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in &self.batches {
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| arrow::util::display::ArrayFormatter::try_new(column, &options).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
            }
        }
        rows
    }

    /// The only cell.
    pub(crate) fn cell(&self) -> String {
        let rows = self.rows();
        assert_eq!((rows.len(), rows[0].len()), (1, 1), "one cell expected, got {rows:?}");
        rows[0][0].clone()
    }
}

pub(crate) const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(30),
    memory_bytes: 512 << 20,
    spill_bytes: 1 << 30,
    result_rows: 1_000_000,
    result_bytes: 256 << 20,
};

impl Lake {
    pub(crate) fn new() -> Lake {
        Lake::with_workers(4)
    }

    pub(crate) fn with_workers(max_workers: usize) -> Lake {
        let folder = TempDir::new().unwrap();
        let mut config =
            PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_lakefront-engine-worker")), folder.path().join("spill"));
        config.arguments.clear();
        config.max_workers = max_workers;
        config.idle_after = Duration::from_secs(2);
        std::fs::create_dir(folder.path().join("lake")).unwrap();
        Lake { pool: Pool::start(config).unwrap(), folder, tables: Vec::new(), limits: LIMITS }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// Processes that work for this lake.
    pub(crate) fn worker_pids(&self) -> Vec<u32> {
        let spill = self.folder.path().join("spill");
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|folder| folder.starts_with(&spill)))
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// The most memory that each living worker has occupied, in bytes.
    pub(crate) fn peaks(&self) -> Vec<u64> {
        let peak = |pid: u32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
        };
        self.worker_pids().into_iter().filter_map(peak).collect()
    }

    /// CPU time of its living workers, in clock ticks.
    pub(crate) fn cpu_ticks(&self) -> Vec<(u32, u64)> {
        let ticks = |pid: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
            Some((pid, fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?))
        };
        self.worker_pids().into_iter().filter_map(ticks).collect()
    }

    /// Folders of its workers, which are inside that of the process.
    pub(crate) fn spill_folders(&self) -> usize {
        let folders = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let process = folders(self.folder.path().join("spill")).filter(|path| path.is_dir());
        process.flat_map(folders).filter(|path| path.is_dir()).count()
    }

    pub(crate) fn job(&self, sql: &str) -> Job {
        Job {
            sql: sql.to_owned(),
            parameters: Vec::new(),
            tables: self.tables.clone(),
            catalog: "local".to_owned(),
            database: "demo".to_owned(),
            limits: self.limits,
            meter: Meter::Embedded,
            explain: Explain::Nothing,
        }
    }

    pub(crate) async fn ask(&self, sql: &str) -> Result<Answer, EngineError> {
        self.ask_with(sql, Vec::new()).await
    }

    pub(crate) async fn ask_with(&self, sql: &str, parameters: Vec<Literal>) -> Result<Answer, EngineError> {
        let job = Job { parameters, ..self.job(sql) };
        let prepared = self.pool.prepare(job).await?;
        let (schema, estimate) = (Arc::clone(&prepared.schema), prepared.estimate.clone());
        let mut running = prepared.run().await?;
        let mut stream = schema_bytes(&schema);
        let mut rows = 0;
        while let Some(frame) = running.next().await {
            let frame = frame?;
            stream.extend_from_slice(&frame.ipc);
            rows += frame.rows;
        }
        let batches: Vec<RecordBatch> =
            StreamReader::try_new(&stream[..], None).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), rows);
        assert_eq!(running.statistics().rows, rows);
        Ok(Answer { batches, schema, estimate, statistics: running.statistics() })
    }

    pub(crate) async fn cell(&self, sql: &str) -> String {
        match self.ask(sql).await {
            Ok(answer) => answer.cell(),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    /// The error a statement ends with.
    pub(crate) async fn fails(&self, sql: &str) -> EngineError {
        match self.ask(sql).await {
            Ok(answer) => panic!("{sql} should have failed, but has {} rows", answer.statistics.rows),
            Err(error) => error,
        }
    }

    pub(crate) async fn fails_with(&self, sql: &str, kind: EngineErrorKind) -> EngineError {
        let error = self.fails(sql).await;
        assert_eq!(error.kind, kind, "{sql}: {error:?}");
        error
    }

    /// Adds a table over files below `lake/`.
    pub(crate) fn add(
        &mut self,
        name: &str,
        format: Format,
        schema: SchemaRef,
        keys: &[(&str, DataType)],
        files: &[(&str, &[&str])],
    ) {
        let root = self.root();
        let files = files.iter().map(|(path, values)| data_file(&root, path, values)).collect();
        self.tables.push(Arc::new(Table {
            catalog: "local".to_owned(),
            database: "demo".to_owned(),
            name: name.to_owned(),
            version: format!("{name}-1"),
            schema,
            partitions: keys.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect(),
            format,
            storage: Storage::Local { root },
            files,
        }));
    }

    /// `forecast`: `rows` rows, evenly in three states by partition, 91 days, row groups of `group` rows sorted by day.
    pub(crate) fn with_forecast(mut self, rows: usize, group: usize) -> Lake {
        let mut files = Vec::new();
        for state in ["CA", "NY", "TX"] {
            let path = format!("forecast/state={state}/part.parquet");
            write_parquet(&self.root().join(&path), &forecast(rows / 3), group);
            files.push((path, state));
        }
        let values: Vec<[&str; 1]> = files.iter().map(|(_, state)| [*state]).collect();
        let files: Vec<(&str, &[&str])> =
            files.iter().zip(&values).map(|((path, _), values)| (path.as_str(), &values[..])).collect();
        self.add("forecast", Format::Parquet, forecast(0).schema(), &[("state", DataType::Utf8)], &files);
        self
    }
}

pub(crate) fn data_file(root: &Path, path: &str, values: &[&str]) -> DataFile {
    let metadata = std::fs::metadata(root.join(path)).unwrap();
    let modified = metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    DataFile {
        path: path.to_owned(),
        size: metadata.len(),
        modified_ms: modified.as_millis() as i64,
        etag: None,
        partition_values: values.iter().map(|value| Some((*value).to_owned())).collect(),
    }
}

/// Rows sorted by day, with numbers that compress as badly as real ones.
pub(crate) fn forecast(rows: usize) -> RecordBatch {
    let first_day = 20_089; // 2025-01-01
    let noise = |row: usize, salt: u64| {
        let mixed = (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ salt).rotate_left(23) % 10_000;
        mixed as f64 / 100.0
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("restaurant_id", Arc::new(Int64Array::from_iter_values((0..rows).map(|row| (row as i64 * 37) % 2_750)))),
        (
            "business_date",
            Arc::new(Date32Array::from_iter_values((0..rows).map(|row| first_day + (row * 91 / rows) as i32))),
        ),
        ("dma_id", Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("D{:02}", row % 30))))),
        ("y_05", Arc::new(Float64Array::from_iter_values((0..rows).map(|row| noise(row, 1))))),
        ("y_50", Arc::new(Float64Array::from_iter_values((0..rows).map(|row| noise(row, 2))))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

pub(crate) fn write_parquet(path: &Path, batch: &RecordBatch, group: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_compression(Compression::SNAPPY)
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

pub(crate) fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn schema_bytes(schema: &Schema) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).unwrap();
    writer.flush().unwrap();
    writer.get_ref().clone()
}
