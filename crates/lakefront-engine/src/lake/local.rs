//! Local folders, walked and opened by file descriptor so that a link swapped in on the way is never followed.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use tokio::sync::mpsc;

use super::{Object, Page, SkipReason, Skipped, is_hidden};
use crate::error::{EngineError, EngineErrorKind};

const PAGE: usize = 1024;
const DEEPEST: usize = 64;

/// Walks a folder on a blocking thread; the walk ends when the stream is dropped.
pub(super) fn list(root: PathBuf) -> BoxStream<'static, Result<Page, EngineError>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut walk = Walk { root: &root, page: Page::default(), sender };
        let end = open_folder(&root)
            .map_err(|error| {
                EngineError::new(
                    EngineErrorKind::InvalidLocation,
                    "The catalog's folder can't be opened: check that it exists and may be read.",
                )
                .with_detail(error.to_string())
            })
            .map_err(Stop::Failed)
            .and_then(|folder| walk.folder(folder, "", 0));
        // A closed channel means that nobody listens any more.
        let _ = match end {
            Ok(()) => walk.flush(),
            Err(Stop::Gone) => Ok(()),
            Err(Stop::Failed(error)) => walk.sender.blocking_send(Err(error)).map_err(|_| Stop::Gone),
        };
    });
    stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|page| (page, receiver)) }).boxed()
}

/// Opens a file below the root for reading. No segment of the key may be a link.
///
/// The answer `NotFound` also covers keys that are not literal paths below the root.
pub fn open_file(root: &Path, key: &str) -> io::Result<File> {
    let mut folder = open_folder(root)?;
    let (folders, name) = key.rsplit_once('/').map_or(("", key), |(folders, name)| (folders, name));
    for segment in folders.split('/').filter(|_| !folders.is_empty()) {
        folder = rustix::fs::openat(&folder, literal(segment)?, FOLDER, Mode::empty())?;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::openat(&folder, literal(name)?, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "not a regular file"));
    }
    Ok(file)
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The root was resolved when it was parsed; that it has become a link since is an error.
fn open_folder(root: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(CWD, root, FOLDER, Mode::empty())?)
}

fn literal(segment: &str) -> io::Result<&str> {
    match segment {
        "" | "." | ".." => Err(io::Error::new(io::ErrorKind::NotFound, "not a literal path")),
        _ => Ok(segment),
    }
}

struct Walk<'a> {
    root: &'a Path,
    page: Page,
    sender: mpsc::Sender<Result<Page, EngineError>>,
}

enum Stop {
    Gone,
    Failed(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Stop::Failed(error)
    }
}

impl Walk<'_> {
    fn folder(&mut self, folder: OwnedFd, prefix: &str, depth: usize) -> Result<(), Stop> {
        // Names first: a wide tree must not hold one open folder per level and sibling.
        let mut folders = Vec::new();
        let entries = Dir::read_from(&folder).map_err(unreadable)?;
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let Ok(text) = name.to_str() else {
                self.skip(format!("{prefix}{}", name.to_string_lossy()), SkipReason::Unreadable)?;
                continue;
            };
            if is_hidden(text) {
                continue;
            }
            if text.chars().any(char::is_control) {
                let shown: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
                self.skip(format!("{prefix}{shown}"), SkipReason::Unreadable)?;
                continue;
            }
            let key = format!("{prefix}{text}");
            // A file that vanished between the listing and this look is simply not there.
            let Ok(stat) = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => self.object(Object {
                    key,
                    size: u64::try_from(stat.st_size).unwrap_or(0),
                    modified_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
                    etag: None,
                })?,
                FileType::Directory if depth + 1 >= DEEPEST => self.skip(key, SkipReason::TooDeep)?,
                FileType::Directory => folders.push(text.to_owned()),
                FileType::Symlink => {
                    let inside = self.root.join(&key).canonicalize().is_ok_and(|to| to.starts_with(self.root));
                    let reason = if inside { SkipReason::Link } else { SkipReason::LinkOutside };
                    self.skip(key, reason)?;
                }
                _ => self.skip(key, SkipReason::NotAFile)?,
            }
        }
        folders.sort_unstable();
        for name in folders {
            let key = format!("{prefix}{name}");
            match rustix::fs::openat(&folder, &name, FOLDER, Mode::empty()) {
                Ok(inner) => self.folder(inner, &format!("{key}/"), depth + 1)?,
                Err(rustix::io::Errno::ACCESS) => self.skip(key, SkipReason::Forbidden)?,
                Err(rustix::io::Errno::NOENT) => {}
                Err(_) => self.skip(key, SkipReason::Link)?,
            }
        }
        Ok(())
    }

    fn object(&mut self, object: Object) -> Result<(), Stop> {
        self.page.objects.push(object);
        if self.page.objects.len() >= PAGE { self.flush() } else { Ok(()) }
    }

    fn skip(&mut self, key: String, reason: SkipReason) -> Result<(), Stop> {
        self.page.skipped.push(Skipped { key, reason });
        if self.page.skipped.len() >= PAGE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let page = std::mem::take(&mut self.page);
        self.sender.blocking_send(Ok(page)).map_err(|_| Stop::Gone)
    }
}

fn nanoseconds(seconds: impl Into<i64>, nanoseconds: impl TryInto<i64>) -> i64 {
    let seconds: i64 = seconds.into();
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds.try_into().unwrap_or(0))
}

fn unreadable(error: rustix::io::Errno) -> EngineError {
    EngineError::new(EngineErrorKind::Execution, "A folder of the catalog can't be read.")
        .with_detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    async fn listed(root: &Path) -> (Vec<String>, Vec<(String, SkipReason)>) {
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        let mut pages = list(root.to_path_buf());
        while let Some(page) = pages.next().await {
            let page = page.expect("lists");
            keys.extend(page.objects.into_iter().map(|object| object.key));
            skipped.extend(page.skipped.into_iter().map(|skipped| (skipped.key, skipped.reason)));
        }
        keys.sort();
        skipped.sort_by(|a, b| a.0.cmp(&b.0));
        (keys, skipped)
    }

    fn write(root: &Path, key: &str) {
        let path = root.join(key);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, "x").expect("file");
    }

    #[tokio::test]
    async fn keys_are_literal_hidden_names_are_left_out_and_links_are_told() {
        let dir = tempfile::tempdir().expect("folder");
        let root = dir.path().join("lake");
        for key in [
            "t/a b+c%2Fd.csv",
            "t/ü.csv",
            "t/back\\slash.csv",
            "t/_SUCCESS",
            "t/.a.csv.crc",
            "t/_temporary/0/p.csv",
            "t/_day=1/p.csv",
            "t/new\nline.csv",
        ] {
            write(&root, key);
        }
        write(dir.path(), "secret/s.csv");
        symlink(dir.path().join("secret"), root.join("t/out")).expect("link");
        symlink(root.join("t/ü.csv"), root.join("t/in.csv")).expect("link");
        symlink(&root, root.join("t/loop")).expect("link");

        let (keys, skipped) = listed(&root).await;
        assert_eq!(keys, ["t/_day=1/p.csv", "t/a b+c%2Fd.csv", "t/back\\slash.csv", "t/ü.csv"]);
        assert_eq!(
            skipped,
            [
                ("t/in.csv".to_owned(), SkipReason::Link),
                ("t/loop".to_owned(), SkipReason::Link),
                ("t/new\u{fffd}line.csv".to_owned(), SkipReason::Unreadable),
                ("t/out".to_owned(), SkipReason::LinkOutside),
            ]
        );
        for key in keys {
            open_file(&root, &key).expect("every listed key opens");
        }
        for key in ["t/out/s.csv", "t/in.csv", "../secret/s.csv", "t/../../secret/s.csv", "/etc/passwd", "t", ""] {
            assert!(open_file(&root, key).is_err(), "{key}");
        }
    }

    #[tokio::test]
    async fn a_missing_folder_is_an_invalid_location() {
        let mut pages = list(PathBuf::from("/nowhere/at/all"));
        let error = pages.next().await.expect("an answer").expect_err("no folder");
        assert_eq!(error.code(), "INVALID_LOCATION");
    }
}
