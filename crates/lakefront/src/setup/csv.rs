//! The CSV, read by an engine worker: it may be large, and it is hostile until proven otherwise.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use lakefront_engine::infer::FileKind;
use lakefront_engine::{
    Compression, DataFile, EngineError, Explain, InferRequest, InferredSchema, Job, Limits, Meter, Pool, PoolConfig,
    Running, Storage, Table,
};

/// A scan keeps a few batches; this leaves room for lines of 16 MiB.
const SCAN_MEMORY: u64 = 512 << 20;
/// A terabyte at 20 MB/s takes half a day.
const SCAN_TIME: Duration = Duration::from_secs(24 * 3600);

/// A CSV with its columns. Cheap to clone.
#[derive(Clone)]
pub struct Csv {
    pool: Pool,
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// The name of its table: lower-case letters, digits and underscores.
    pub table: String,
    /// `.csv`, `.tsv.gz`, …
    pub ending: String,
    file: DataFile,
    root: PathBuf,
    pub inferred: InferredSchema,
    /// Where things are put that do not stay.
    pub spill: PathBuf,
}

impl Csv {
    /// Looks at a file's first rows. `spill` is a folder for the workers.
    pub async fn open(path: &Path, spill: PathBuf) -> anyhow::Result<Self> {
        let path = std::fs::canonicalize(path).with_context(|| format!("{} can't be read", path.display()))?;
        let metadata = std::fs::metadata(&path)?;
        if !metadata.is_file() {
            bail!("{} is no file", path.display());
        }
        let name = path.file_name().and_then(|name| name.to_str()).context("the file's name is no UTF-8")?;
        let (stem, kind, ending) = kind_of(name).ok_or_else(|| {
            anyhow!("{name} is no CSV by its name: it ends in .csv or .tsv, and .gz or .zst after it")
        })?;
        let root = path.parent().context("the file is in no folder")?.to_owned();
        let file = DataFile {
            path: name.to_owned(),
            size: metadata.len(),
            modified_ms: metadata.mtime() * 1000 + metadata.mtime_nsec() / 1_000_000,
            etag: None,
            partition_values: Vec::new(),
        };
        let worker = std::env::current_exe().context("the path of this program is unknown")?;
        let pool = Pool::start(PoolConfig { spares: 1, ..PoolConfig::new(worker, spill.clone()) })?;
        let request = InferRequest {
            storage: Storage::Local { root: root.clone() },
            kind,
            files: vec![file.clone()],
            files_total: 1,
        };
        let inferred = pool.infer(request).await.map_err(told)?;
        Ok(Self { pool, size: file.size, table: identifier(stem), ending, file, root, inferred, path, spill })
    }

    /// The rows, in their order.
    pub async fn rows(&self) -> anyhow::Result<Rows> {
        let table = Table {
            catalog: "setup".to_owned(),
            database: "csv".to_owned(),
            name: "rows".to_owned(),
            version: format!("{}-{}", self.file.size, self.file.modified_ms),
            schema: Arc::clone(&self.inferred.schema),
            partitions: Vec::new(),
            format: self.inferred.format,
            storage: Storage::Local { root: self.root.clone() },
            files: vec![self.file.clone()],
        };
        let job = Job {
            sql: "SELECT * FROM setup.csv.rows".to_owned(),
            parameters: Vec::new(),
            tables: vec![Arc::new(table)],
            catalog: "setup".to_owned(),
            database: "csv".to_owned(),
            limits: Limits {
                deadline: SCAN_TIME,
                memory_bytes: SCAN_MEMORY,
                spill_bytes: 0,
                result_rows: u64::MAX,
                result_bytes: u64::MAX,
            },
            meter: Meter::Embedded,
            explain: Explain::Nothing,
        };
        let prepared = self.pool.prepare(job).await.map_err(told)?;
        let mut decoder = StreamDecoder::new();
        let mut head = Buffer::from(schema_message(&prepared.schema)?);
        decoder.decode(&mut head)?;
        Ok(Rows { decoder, running: prepared.run().await.map_err(told)? })
    }

    /// Names the file's bytes.
    pub async fn digest(&self) -> anyhow::Result<String> {
        let path = self.path.clone();
        let hash = tokio::task::spawn_blocking(move || {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(std::fs::File::open(path)?)?;
            std::io::Result::Ok(hasher.finalize())
        });
        Ok(hash.await??.to_hex().to_string())
    }
}

/// Rows on their way; dropping them ends the scan.
pub struct Rows {
    decoder: StreamDecoder,
    running: Running,
}

impl Rows {
    pub async fn next(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        let Some(frame) = self.running.next().await else { return Ok(None) };
        let mut bytes = Buffer::from(frame.map_err(told)?.ipc);
        let batch = self.decoder.decode(&mut bytes)?;
        Ok(Some(batch.context("a worker sent no whole batch")?))
    }
}

fn schema_message(schema: &SchemaRef) -> anyhow::Result<Bytes> {
    let writer = StreamWriter::try_new(Vec::new(), schema)?;
    Ok(Bytes::copy_from_slice(writer.get_ref()))
}

fn told(error: EngineError) -> anyhow::Error {
    anyhow!("{}: {}", error.code(), error.message)
}

/// Stem, kind and endings of a file's name.
fn kind_of(name: &str) -> Option<(&str, FileKind, String)> {
    let lower = name.to_ascii_lowercase();
    let (plain, compression) = [(".gz", Compression::Gzip), (".zst", Compression::Zstd)]
        .into_iter()
        .find_map(|(ending, compression)| Some((lower.strip_suffix(ending)?, compression)))
        .unwrap_or((lower.as_str(), Compression::None));
    let (stem, tabs) = match (plain.strip_suffix(".csv"), plain.strip_suffix(".tsv")) {
        (Some(stem), _) => (stem, false),
        (None, Some(stem)) => (stem, true),
        (None, None) => return None,
    };
    // Lower-casing ASCII keeps every position.
    Some((&name[..stem.len()], FileKind::Csv { compression, tabs }, lower[stem.len()..].to_owned()))
}

/// A name that Glue, Athena and S3 take without quotes.
pub fn identifier(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|letter| match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9' | '_') => letter,
            _ => '_',
        })
        .take(120)
        .collect();
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name.insert_str(0, "t_");
    }
    name
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    #[test]
    fn names_become_identifiers() {
        assert_eq!(identifier("Forecast Data (2025)"), "forecast_data__2025_");
        assert_eq!(identifier("2025"), "t_2025");
        assert_eq!(identifier("${AWS::AccountId}"), "t___aws__accountid_");
        let (stem, kind, ending) = kind_of("Sales.TSV.gz").unwrap();
        assert_eq!((stem, ending.as_str()), ("Sales", ".tsv.gz"));
        assert_eq!(kind, FileKind::Csv { compression: Compression::Gzip, tabs: true });
        assert!(kind_of("sales.parquet").is_none());
    }
}
