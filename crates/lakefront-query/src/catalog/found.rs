//! A table as the listing found it, before anyone looked into its files.

use chrono::{DateTime, Utc};
use lakefront_engine::DataFile;
use lakefront_engine::infer::FileKind;
use lakefront_engine::lake::Object;
use serde::{Deserialize, Serialize};

use super::info::Problem;
use super::layout::Group;
use super::partition::{self, Key};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) database: String,
    pub(super) name: String,
    /// `None` where several lie together.
    pub(super) kind: Option<FileKind>,
    /// Folder with a `/` behind, or file; empty for the root.
    pub(super) location: String,
    /// By path.
    pub(super) files: Vec<DataFile>,
    pub(super) partitions: Vec<Key>,
    /// Changes if and only if path, size, ETag or time of a file does. 64 hexadecimal digits.
    pub(super) fingerprint: String,
    pub(super) problems: Vec<Problem>,
}

impl Found {
    pub(super) fn of(database: &str, name: &str, mut group: Group) -> Found {
        group.files.sort_unstable_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        let fingerprint = fingerprint(&group);
        let mut problems = Vec::new();
        let all = group.files.len();
        group.files.retain(|(_, object)| object.size > 0);
        let empty = all - group.files.len();
        if group.files.is_empty() {
            problems.push(Problem::fatal("INVALID_FILE", format!("All files of \"{database}.{name}\" are empty.")));
        } else if empty > 0 {
            problems.push(Problem::note(format!("{empty} empty files are not read.")));
        }
        let kind = one_kind(&group).unwrap_or_else(|problem| {
            problems.extend(problem);
            None
        });
        let keys = keys(&group).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });

        let folder_length = if group.location.ends_with('/') { group.location.len() } else { 0 };
        let files: Vec<DataFile> = group
            .files
            .into_iter()
            .map(|(_, object)| {
                let values = if keys.is_empty() { Vec::new() } else { values(&object, folder_length) };
                data_file(object, values)
            })
            .collect();
        let partitions = keys
            .into_iter()
            .enumerate()
            .map(|(at, name)| Key {
                name,
                kind: partition::kind(files.iter().map(|file| file.partition_values[at].as_deref())),
            })
            .collect();
        Found {
            database: database.to_owned(),
            name: name.to_owned(),
            kind,
            location: group.location,
            files,
            partitions,
            fingerprint,
            problems,
        }
    }

    /// Several things of one name.
    pub(super) fn ambiguous(database: &str, name: &str, mut group: Group, problem: Problem) -> Found {
        group.files.sort_unstable_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        Found {
            database: database.to_owned(),
            name: name.to_owned(),
            kind: None,
            fingerprint: fingerprint(&group),
            location: group.location,
            files: group.files.into_iter().map(|(_, object)| data_file(object, Vec::new())).collect(),
            partitions: Vec::new(),
            problems: vec![problem],
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.files.iter().map(|file| file.modified_ms).max().and_then(DateTime::from_timestamp_millis)
    }

    pub(super) fn format_name(&self) -> Option<&'static str> {
        self.kind.map(|kind| match kind {
            FileKind::Parquet => "parquet",
            FileKind::Csv { .. } => "csv",
            FileKind::Json { .. } => "json",
        })
    }

    pub(super) fn is_readable(&self) -> bool {
        !self.problems.iter().any(|problem| problem.fatal)
    }
}

fn data_file(object: Object, partition_values: Vec<Option<String>>) -> DataFile {
    DataFile {
        path: object.key,
        size: object.size,
        modified_ms: object.modified_ns.div_euclid(1_000_000),
        etag: object.etag,
        partition_values,
    }
}

fn fingerprint(group: &Group) -> String {
    let mut hash = blake3::Hasher::new();
    for (_, object) in &group.files {
        hash.update(object.key.as_bytes());
        hash.update(&[0]);
        hash.update(&object.size.to_le_bytes());
        match &object.etag {
            Some(etag) => hash.update(etag.as_bytes()),
            None => hash.update(&object.modified_ns.to_le_bytes()),
        };
        hash.update(&[0]);
    }
    hash.finalize().to_hex().to_string()
}

fn one_kind(group: &Group) -> Result<Option<FileKind>, Option<Problem>> {
    let Some((first, object)) = group.files.first() else {
        return Err(None);
    };
    match group.files.iter().find(|(file, _)| file.kind != first.kind) {
        None => Ok(Some(first.kind)),
        Some((_, other)) => Err(Some(Problem::fatal(
            "SCHEMA_CONFLICT",
            format!(
                "Files of different formats lie together: \"{}\" and \"{}\". Keep one format and one compression per \
                 table.",
                object.key, other.key
            ),
        ))),
    }
}

/// The folders between the table's and the file, outermost first.
fn folders<'a>(object: &'a Object, location: &str) -> impl Iterator<Item = &'a str> {
    let below = if location.ends_with('/') || location.is_empty() { &object.key[location.len()..] } else { "" };
    let folders = below.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/')
}

/// The partition keys, which all files must share.
fn keys(group: &Group) -> Result<Vec<String>, Problem> {
    let of = |object: &Object| -> Vec<String> {
        folders(object, &group.location).filter_map(|folder| Some(partition::parse(folder)?.0)).collect()
    };
    let Some((_, first)) = group.files.first() else {
        return Ok(Vec::new());
    };
    let expected = of(first);
    let mut last_folder = None;
    for (_, object) in &group.files {
        // Files of one folder have the same keys.
        let folder = object.key.rsplit_once('/').map(|(folder, _)| folder);
        if folder == last_folder {
            continue;
        }
        last_folder = folder;
        if of(object) != expected {
            return Err(Problem::fatal(
                "SCHEMA_CONFLICT",
                format!(
                    "The folders of \"{}\" and \"{}\" have different partition keys. Give all files of the table the \
                     same ones in the same order.",
                    first.key, object.key
                ),
            ));
        }
    }
    for (at, key) in expected.iter().enumerate() {
        if expected[..at].contains(key) {
            return Err(Problem::fatal(
                "SCHEMA_CONFLICT",
                format!("The partition key \"{key}\" stands twice in \"{}\".", first.key),
            ));
        }
    }
    Ok(expected)
}

fn values(object: &Object, folder_length: usize) -> Vec<Option<String>> {
    let location = &object.key[..folder_length];
    folders(object, location).filter_map(|folder| Some(partition::parse(folder)?.1)).collect()
}
