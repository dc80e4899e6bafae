//! A lake in a temporary folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use lakefront_query::{CatalogSource, Catalogs, CatalogsConfig, Infer, QueryError, TableInfo};
use parquet::arrow::ArrowWriter;

pub(crate) struct Lake {
    dir: tempfile::TempDir,
}

impl Lake {
    pub(crate) fn new() -> Lake {
        let lake = Lake { dir: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(lake.root()).expect("a folder");
        lake
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("lake")
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, key: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(key);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn parquet(&self, key: &str, batch: &RecordBatch) {
        self.write(key, parquet(batch));
    }

    pub(crate) fn gzip(&self, key: &str, text: &str) {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory");
        self.write(key, encoder.finish().expect("memory"));
    }

    pub(crate) fn zstd(&self, key: &str, text: &str) {
        self.write(key, zstd::encode_all(text.as_bytes(), 1).expect("memory"));
    }

    /// Catalogs with this lake as `lake`, not yet listed.
    pub(crate) async fn attach(&self, infer: Infer) -> Catalogs {
        let config =
            CatalogsConfig { local_interval: Duration::ZERO, ..CatalogsConfig::new(self.path().join("catalogs")) };
        let catalogs = Catalogs::new(config, infer);
        let path = self.root().to_str().expect("UTF-8").to_owned();
        catalogs.add("lake", CatalogSource::Local { path }).await.expect("the folder is a catalog");
        catalogs
    }

    /// Catalogs with this lake as `lake`, listed.
    pub(crate) async fn catalogs(&self) -> Catalogs {
        let catalogs = self.attach(in_process()).await;
        catalogs.refresh("lake", None).await.expect("the folder lists");
        catalogs
    }

    /// Table `default.t`.
    pub(crate) async fn table(&self) -> Arc<TableInfo> {
        self.catalogs().await.table("lake", "default", "t").await.expect("a table")
    }

    /// What keeps `default.t` from being read.
    pub(crate) async fn error(&self) -> QueryError {
        self.table().await.engine_table().expect_err("a table that can't be read")
    }
}

/// Inference without worker processes.
pub(crate) fn in_process() -> Infer {
    Arc::new(|request| Box::pin(lakefront_engine::infer::infer(request)))
}

pub(crate) fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a schema Parquet has");
    writer.write(batch).expect("memory");
    writer.close().expect("memory");
    bytes
}

/// `name type` for each column.
pub(crate) fn columns(table: &Arc<TableInfo>) -> Vec<String> {
    table.columns.iter().map(|column| format!("{} {}", column.name, column.type_name)).collect()
}
