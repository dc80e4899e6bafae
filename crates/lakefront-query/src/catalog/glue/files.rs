//! The files of declared tables, listed when a statement reads them and kept for a while.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use lakefront_engine::lake::{self, Object};
use lakefront_engine::{Compression, DataFile, S3Credentials, Storage, Table};

use super::partitions::{self, Partition};
use super::reading::Reading;
use super::{Declared, Key};
use crate::aws::{Aws, Glue};
use crate::catalog::Condition;

/// Listings at the same time.
const SIDE_BY_SIDE: usize = 16;
/// More partitions than this are listed with all that lies in their common folder, unless that is more than
/// [`MOST_BESIDE`] objects.
const LISTED_ONE_BY_ONE: usize = 64;
const MOST_BESIDE: usize = 50_000;
const MOST_FILES: usize = 200_000;
/// Files of all listings that are kept.
const MOST_KEPT: usize = 1_000_000;
const LISTING: Duration = Duration::from_secs(20);

/// Lists files, once for all who ask at the same time.
pub(crate) struct Lister {
    aws: Aws,
    glue: Glue,
    region: String,
    /// Address of a store that is not AWS's own.
    endpoint: Option<String>,
    /// A listing is good for so long.
    fresh: Duration,
    known: Mutex<HashMap<Asked, Arc<Listing>>>,
}

/// A table, by database and name, and the conditions on its keys.
type Asked = ((String, String), Vec<Vec<Condition>>);
type Listing = tokio::sync::Mutex<Option<Listed>>;

struct Listed {
    at: Instant,
    outcome: Result<Arc<Table>, String>,
}

impl fmt::Debug for Lister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lister").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Lister {
    pub(crate) fn new(aws: Aws, glue: Glue, region: String, endpoint: Option<String>, fresh: Duration) -> Self {
        Self { aws, glue, region, endpoint, fresh, known: Mutex::default() }
    }

    pub(super) fn aws(&self) -> &Aws {
        &self.aws
    }

    pub(super) fn glue(&self) -> &Glue {
        &self.glue
    }

    pub(super) fn storage(&self, bucket: &str, prefix: &str, credentials: S3Credentials) -> Storage {
        Storage::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            region: Some(self.region.clone()),
            endpoint: self.endpoint.clone(),
            credentials,
        }
    }

    /// The next question after a table, as `(database, name)`, lists anew.
    pub(crate) fn forget(&self, is_outdated: &dyn Fn(&(String, String)) -> bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(table, _), _| !is_outdated(table));
    }

    /// The files that a statement with these conditions can touch; or why the embedded engine reads none, as a clause.
    pub(crate) async fn files(
        &self,
        catalog: &str,
        table: &Declared,
        conditions: &[Vec<Condition>],
    ) -> Result<Arc<Table>, String> {
        let conditions = partitions::on_keys(&table.keys, conditions);
        let listing = self.listing(((table.database.clone(), table.name.clone()), conditions.clone()));
        let mut listing = listing.lock().await;
        let credentials =
            self.aws.credentials().await.map_err(|error| format!("its files can't be listed: {error}"))?;
        if let Some(known) = listing.as_mut().filter(|known| known.at.elapsed() < self.fresh) {
            if let Ok(table) = &mut known.outcome {
                renew(table, credentials);
            }
            return known.outcome.clone();
        }
        let at = Instant::now();
        let listed = self.list(catalog, table, &conditions, credentials);
        let outcome = match tokio::time::timeout(LISTING, listed).await {
            Ok(outcome) => outcome.map(Arc::new),
            Err(_) => Err(format!("listing its files took longer than {} s", LISTING.as_secs())),
        };
        *listing = Some(Listed { at, outcome: outcome.clone() });
        outcome
    }

    fn listing(&self, asked: Asked) -> Arc<Listing> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = known.get(&asked) {
            return Arc::clone(listing);
        }
        // Of those that nobody waits for: what is out of date goes, and all where it is too much.
        let mut kept = 0;
        known.retain(|_, listing| {
            let Ok(listed) = listing.try_lock() else { return true };
            let files = |listed: &Listed| listed.outcome.as_ref().map_or(0, |table| table.files.len());
            kept += listed.as_ref().map_or(0, files) + 100;
            listed.as_ref().is_some_and(|listed| listed.at.elapsed() < self.fresh) && kept < MOST_KEPT
        });
        Arc::clone(known.entry(asked).or_default())
    }

    async fn list(
        &self,
        catalog: &str,
        table: &Declared,
        conditions: &[Vec<Condition>],
        credentials: S3Credentials,
    ) -> Result<Table, String> {
        let mut partitions = partitions::touched(&self.glue, table, conditions).await?;
        partitions.sort_unstable_by(|a, b| a.location.cmp(&b.location));
        let (bucket, folder) = place(&table.location).ok_or("its location can't be read here")?;
        let mut places = Vec::with_capacity(partitions.len());
        for Partition { values, location } in partitions {
            let (of, prefix) = place(&location).ok_or("the location of a partition can't be read here")?;
            if of != bucket {
                return Err("its partitions lie in several buckets".to_owned());
            }
            places.push((prefix, values));
        }
        // Paths begin below this.
        let base = places.iter().map(|(prefix, _)| prefix.as_str()).reduce(common_folder).unwrap_or(&folder).to_owned();
        let storage = |prefix: &str| self.storage(&bucket, prefix, credentials.clone());
        let places: Vec<(String, Vec<Option<String>>)> =
            places.into_iter().map(|(prefix, values)| (prefix[base.len()..].to_owned(), values)).collect();
        let at_once = match places.len() > LISTED_ONE_BY_ONE {
            true => all_below(storage(&base), &places).await?,
            false => None,
        };
        let mut files = match at_once {
            Some(files) => files,
            None => {
                let places: Vec<_> = places
                    .into_iter()
                    .map(|(folder, values)| (storage(&format!("{base}{folder}")), folder, values))
                    .collect();
                let listed = stream::iter(places).map(|(storage, folder, values)| async move {
                    let found = objects(storage, MOST_FILES).await?.ok_or_else(too_many)?;
                    let files = found.into_iter().map(|object| data_file(object, &folder, &values));
                    Ok::<_, String>(files.collect::<Vec<_>>())
                });
                let pages: Vec<Vec<DataFile>> = listed.buffered(SIDE_BY_SIDE).try_collect().await?;
                pages.into_iter().flatten().collect()
            }
        };
        if files.len() > MOST_FILES {
            return Err(too_many());
        }
        files.retain(|file| file.size > 0);
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        // Partitions may lie in each other; a file is one partition's.
        if files.windows(2).any(|pair| pair[0].path == pair[1].path) {
            return Err("its partitions overlap".to_owned());
        }
        let format = table.reading.engine_format(compression(table.reading, &files)?);
        Ok(Table {
            catalog: catalog.to_owned(),
            database: table.database.to_lowercase(),
            name: table.name.to_lowercase(),
            version: version(table, &files),
            schema: table.schema.clone(),
            partitions: table.keys.iter().map(Key::field).collect(),
            format,
            storage: storage(&base),
            files,
        })
    }
}

/// Credentials change while files stay the same.
fn renew(table: &mut Arc<Table>, now: S3Credentials) {
    let is_same = matches!(&table.storage, Storage::S3 { credentials, .. } if *credentials == now);
    if !is_same {
        *table = with_credentials(table, now);
    }
}

/// The same files, read with other credentials.
pub(crate) fn with_credentials(table: &Table, now: S3Credentials) -> Arc<Table> {
    let mut table = table.clone();
    if let Storage::S3 { credentials, .. } = &mut table.storage {
        *credentials = now;
    }
    Arc::new(table)
}

/// Bucket and prefix, which ends in `/`; `None` where a key below it could not be asked for as it is.
pub(super) fn place(location: &str) -> Option<(String, String)> {
    let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| location.strip_prefix(scheme))?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let key = key.trim_end_matches('/');
    let is_literal = key.is_empty() || key.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if bucket.is_empty() || !is_literal || key.chars().any(char::is_control) {
        return None;
    }
    let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
    Some((bucket.to_owned(), prefix))
}

/// The folder that two prefixes share.
fn common_folder<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let end = one.as_bytes()[..same].iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    &one[..end]
}

/// The files of many partitions out of one listing of the folder that all of them lie in; `None` where too much else
/// lies there.
async fn all_below(
    storage: Storage,
    places: &[(String, Vec<Option<String>>)],
) -> Result<Option<Vec<DataFile>>, String> {
    let Some(found) = objects(storage, MOST_BESIDE).await? else { return Ok(None) };
    let by_folder: HashMap<&str, &Vec<Option<String>>> =
        places.iter().map(|(folder, values)| (folder.as_str(), values)).collect();
    let partition = |key: &str| {
        let ends = key.char_indices().rev().filter(|(_, c)| *c == '/').map(|(at, _)| at + 1);
        ends.chain([0]).find_map(|end| by_folder.get(&key[..end]))
    };
    let files = found.into_iter().filter_map(|object| {
        let values = partition(&object.key)?;
        Some(data_file(object, "", values))
    });
    Ok(Some(files.collect()))
}

/// All objects of a storage; `None` where there are more than so many.
pub(super) async fn objects(storage: Storage, most: usize) -> Result<Option<Vec<Object>>, String> {
    let mut objects = Vec::new();
    let mut pages = lake::list(&storage);
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            tracing::info!(detail = error.detail, "files can't be listed: {}", error.detail);
            format!("its files can't be listed: {}", error.message.trim_end_matches('.'))
        })?;
        if let Some(skipped) = page.skipped.first() {
            return Err(format!("{}: {}", skipped.key, skipped.reason.text()));
        }
        objects.extend(page.objects);
        if objects.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(objects))
}

fn too_many() -> String {
    format!("this statement touches more than {MOST_FILES} files")
}

pub(super) fn data_file(object: Object, folder: &str, values: &[Option<String>]) -> DataFile {
    DataFile {
        path: format!("{folder}{}", object.key),
        size: object.size,
        modified_ms: object.modified_ns.div_euclid(1_000_000),
        etag: object.etag,
        partition_values: values.to_vec(),
    }
}

/// By the names' endings, as Hive tells it; Parquet files say it themselves.
fn compression(reading: Reading, files: &[DataFile]) -> Result<Compression, String> {
    if reading == Reading::Parquet {
        return Ok(Compression::None);
    }
    let endings: BTreeSet<&str> = files
        .iter()
        .map(|file| match file.path.rsplit_once('.').map_or("", |(_, ending)| ending) {
            ending @ ("gz" | "zst" | "bz2" | "snappy" | "lz4" | "lzo" | "deflate") => ending,
            _ => "",
        })
        .collect();
    match endings.into_iter().collect::<Vec<_>>().as_slice() {
        [] | [""] => Ok(Compression::None),
        ["gz"] => Ok(Compression::Gzip),
        ["zst"] => Ok(Compression::Zstd),
        [one] => Err(format!("files that end in .{one} are read by Athena only")),
        _ => Err("files of several compressions lie together".to_owned()),
    }
}

fn version(table: &Declared, files: &[DataFile]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(format!("{:?}{:?}{:?}", table.schema, table.keys, table.reading).as_bytes());
    for file in files {
        hash.update(format!("{:?}", (&file.path, file.size, &file.partition_values)).as_bytes());
        match &file.etag {
            Some(etag) => hash.update(etag.as_bytes()),
            None => hash.update(&file.modified_ms.to_le_bytes()),
        };
    }
    hash.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_buckets_and_folders() {
        let is = |location: &str| place(location);
        assert_eq!(is("s3://lake/a/b"), Some(("lake".into(), "a/b/".into())));
        assert_eq!(is("s3a://lake/a%3A1/"), Some(("lake".into(), "a%3A1/".into())));
        assert_eq!(is("s3://lake"), Some(("lake".into(), String::new())));
        assert_eq!(common_folder("a/b=1/c=2/", "a/b=1/c=3/"), "a/b=1/");
        assert_eq!(common_folder("a/b/", "a/b/"), "a/b/");
        assert_eq!(common_folder("a/", "b/"), "");
        for odd in ["s3://lake/a//b", "s3://lake/../b", "hdfs://lake/a", "s3:///a", "/a"] {
            assert_eq!(is(odd), None, "{odd}");
        }
    }
}
