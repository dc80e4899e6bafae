//! The CSV and its Parquet into the bucket: once per content, streaming from one to the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Context;
use lakefront_engine::Scratch;
use lakefront_query::aws::{Aws, AwsErrorKind};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::columns::Profile;
use super::csv::Csv;
use super::parquet::{Partitioner, Written};
use super::{Tell, bytes, told};

/// Batches that wait for the writer.
const WAITING_BATCHES: usize = 8;
/// Files that wait for the upload. The disk holds them; this is no limit of memory.
const WAITING_FILES: usize = 64;
const UPLOADS: usize = 4;
/// Files of another layout are written anew.
const LAYOUT: u32 = 1;

/// What is in the bucket, as the bucket itself says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    layout: u32,
    /// BLAKE3 of the CSV.
    csv: String,
    partition_key: Option<String>,
    pub rows: u64,
    pub files: u64,
    /// Of Parquet.
    pub bytes: u64,
}

impl Manifest {
    fn is(&self, csv: &str, partition_key: Option<&str>) -> bool {
        (self.layout, self.csv.as_str(), self.partition_key.as_deref()) == (LAYOUT, csv, partition_key)
    }
}

/// Where things of a table lie in its bucket.
pub struct Places {
    pub bucket: String,
    pub table: String,
}

impl Places {
    pub fn data(&self) -> String {
        format!("data/{}/", self.table)
    }

    fn manifest(&self) -> String {
        format!("setup/{}.json", self.table)
    }

    fn csv(&self, csv: &Csv) -> String {
        format!("csv/{}{}", self.table, csv.ending)
    }
}

/// The manifest in the bucket, if there is one.
pub async fn manifest(aws: &Aws, places: &Places) -> anyhow::Result<Option<Manifest>> {
    match aws.get_object(&places.bucket, &places.manifest(), None, None).await {
        // One that can't be read is none: the data is written anew.
        Ok(body) => Ok(serde_json::from_slice(&body).ok()),
        Err(error) if error.kind == AwsErrorKind::Missing => Ok(None),
        Err(error) => Err(told(error)),
    }
}

/// Whether that is the data of this CSV.
pub async fn is_same(there: &Manifest, csv: &Csv, profile: &Profile) -> anyhow::Result<bool> {
    let (digest, partition_key) = identity(csv, profile).await?;
    Ok(there.is(&digest, partition_key.as_deref()))
}

async fn identity(csv: &Csv, profile: &Profile) -> anyhow::Result<(String, Option<String>)> {
    Ok((csv.digest().await?, profile.key_column().map(|column| column.name.clone())))
}

/// Brings the bucket to the CSV's content. `None` if it has that already.
pub async fn bring(
    aws: &Aws,
    places: &Places,
    csv: &Csv,
    profile: &Profile,
    tell: Tell<'_>,
) -> anyhow::Result<Option<Manifest>> {
    let (digest, partition_key) = identity(csv, profile).await?;
    if manifest(aws, places).await?.is_some_and(|there| there.is(&digest, partition_key.as_deref())) {
        return Ok(None);
    }
    let began = Instant::now();
    aws.upload_file(&places.bucket, &places.csv(csv), &csv.path).await.map_err(told)?;
    tell(&format!("  {} of CSV are in the bucket after {:.1} s", bytes(csv.size), began.elapsed().as_secs_f64()));

    let began = Instant::now();
    let written = convert(aws, places, csv, profile, tell).await?;
    let seconds = began.elapsed().as_secs_f64();
    // What another CSV left, or another partition key.
    let kept: std::collections::HashSet<&str> = written.iter().map(|file| file.key.as_str()).collect();
    let prefix = places.data();
    for key in aws.list_keys(&places.bucket, &prefix).await.map_err(told)? {
        if !key.strip_prefix(&prefix).is_some_and(|key| kept.contains(key)) {
            aws.remove_object(&places.bucket, &key).await.map_err(told)?;
        }
    }
    let manifest = Manifest {
        layout: LAYOUT,
        csv: digest,
        partition_key,
        rows: written.iter().map(|file| file.rows).sum(),
        files: written.len() as u64,
        bytes: written.iter().map(|file| file.size).sum(),
    };
    // Last: what breaks off before it is done again.
    let body = serde_json::to_vec(&manifest)?;
    aws.write_object(&places.bucket, &places.manifest(), body).await.map_err(told)?;
    tell(&format!(
        "  {} rows are in {} Parquet files, {}, after {seconds:.1} s ({:.0} rows/s)",
        manifest.rows,
        manifest.files,
        bytes(manifest.bytes),
        manifest.rows as f64 / seconds.max(0.001)
    ));
    Ok(Some(manifest))
}

/// CSV to Parquet to bucket, all three at the same time.
async fn convert(
    aws: &Aws,
    places: &Places,
    csv: &Csv,
    profile: &Profile,
    tell: Tell<'_>,
) -> anyhow::Result<Vec<Written>> {
    let folder = Scratch::claim(&csv.spill).context("there is no folder for what is written")?;
    let (batches, mut to_write) = mpsc::channel(WAITING_BATCHES);
    let (files, to_upload) = mpsc::channel::<Written>(WAITING_FILES);
    let rows = Arc::new(AtomicU64::new(0));

    let read = async {
        let mut rows = csv.rows().await?;
        while let Some(batch) = rows.next().await? {
            if batches.send(batch).await.is_err() {
                // The writer says why.
                break;
            }
        }
        drop(batches);
        anyhow::Ok(())
    };
    let write = {
        let (profile, path, rows) = (profile.clone(), folder.path().to_owned(), Arc::clone(&rows));
        tokio::task::spawn_blocking(move || {
            let mut partitioner = Partitioner::new(&profile, &path)?;
            let mut done = |file| files.blocking_send(file).context("the upload has ended");
            while let Some(batch) = to_write.blocking_recv() {
                rows.fetch_add(arrow::array::RecordBatch::num_rows(&batch) as u64, Ordering::Relaxed);
                partitioner.push(batch, &mut done)?;
            }
            partitioner.finish(&mut done)
        })
    };
    let upload = async {
        use futures::{StreamExt, TryStreamExt, stream};
        let waiting = stream::unfold(to_upload, |mut files| async move { Some((files.recv().await?, files)) });
        let uploads = waiting.map(|file| async move {
            let key = format!("{}{}", places.data(), file.key);
            aws.upload_file(&places.bucket, &key, &file.path).await.map_err(told)?;
            tokio::fs::remove_file(&file.path).await?;
            anyhow::Ok(file)
        });
        uploads.buffer_unordered(UPLOADS).try_collect::<Vec<Written>>().await
    };
    let progress = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_secs(5));
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let rows = rows.load(Ordering::Relaxed);
            tell(&format!("  {rows} of {} rows", profile.rows));
        }
    };
    // The reader's and the uploader's complaints come before the writer's, who only hears that they have gone.
    let work = async { tokio::join!(read, upload, write) };
    let (read, uploaded, written) = tokio::select! {
        done = work => done,
        () = progress => unreachable!("progress never ends"),
    };
    read?;
    let uploaded = uploaded?;
    written??;
    Ok(uploaded)
}
