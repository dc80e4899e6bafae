//! Somebody says that an object changed. It is only a hint: what is true a listing finds out, so hints may come twice,
//! late, in any order or never. However many come, each catalog has one listing ahead of it at most.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{Catalogs, Known};

/// Hints that come so soon after each other are one.
const GATHERING: Duration = Duration::from_millis(200);
/// Listings after hints take at most one part in this many of the time.
const REST: u32 = 4;

/// Where something may have changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hint {
    pub catalog: String,
    /// Database and name, where the catalog's files are listed by table.
    pub table: Option<(String, String)>,
}

impl Catalogs {
    /// The places that an object of a bucket belongs to: none for what listings leave out.
    pub fn holding(&self, bucket: &str, key: &str) -> BTreeSet<Hint> {
        let attached = self.inner.attached.read().unwrap_or_else(PoisonError::into_inner);
        let mut hints = BTreeSet::new();
        for (name, entry) in attached.iter() {
            let hint = |table| Hint { catalog: name.clone(), table };
            match &entry.catalog {
                Known::Files(catalog) => {
                    let below = catalog.bucket().filter(|(of, _)| *of == bucket);
                    let below = below.and_then(|(_, prefix)| key.strip_prefix(prefix));
                    if below.is_some_and(|below| !is_left_out(below)) {
                        hints.insert(hint(None));
                    }
                }
                Known::Linked(catalog) => {
                    hints.extend(catalog.holding(bucket, key).into_iter().map(|table| hint(Some(table))));
                }
            }
        }
        hints
    }

    /// Has the catalog look soon, if it is there.
    pub fn hint(&self, hint: &Hint) {
        match (self.known(&hint.catalog), &hint.table) {
            (Ok(Known::Files(catalog)), _) => catalog.hint(),
            (Ok(Known::Linked(catalog)), Some(table)) => catalog.hint(table),
            (Ok(Known::Linked(catalog)), None) => catalog.hint_at_tables(),
            (Err(_), _) => {}
        }
    }
}

/// When the listing after a hint may begin, if the last one took so long until now.
pub(super) async fn gathered(last: Duration, ended: Instant) {
    let rest = (ended + last * REST).saturating_duration_since(Instant::now());
    tokio::time::sleep(rest.max(GATHERING)).await;
}

/// What writers keep for themselves. A partition folder may begin so.
pub(super) fn is_left_out(below: &str) -> bool {
    let hidden = |segment: &str| segment.starts_with(['_', '.']) && !segment.contains('=');
    below.ends_with('/') || below.split('/').any(hidden)
}

/// Whether an object lies in the folder that a table's location names.
pub(super) fn lies_in(location: &str, bucket: &str, key: &str) -> bool {
    let Some((of, folder)) = location.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        return false;
    };
    let below = key.strip_prefix(folder.trim_end_matches('/'));
    let below = if folder.is_empty() { Some(key) } else { below.and_then(|below| below.strip_prefix('/')) };
    of == bucket && below.is_some_and(|below| !is_left_out(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_belongs_to_the_folder_it_lies_in() {
        for (location, key, lies) in [
            ("s3://lake/sales/", "sales/a.parquet", true),
            ("s3://lake/sales", "sales/_hive=1/a.parquet", true),
            ("s3://lake/sales", "sales2/a.parquet", false),
            ("s3://lake/sales", "sales/_temporary/a.parquet", false),
            ("s3://lake/sales", "sales/day=1/", false),
            ("s3://lake", "a.parquet", true),
            ("s3://other/sales", "sales/a.parquet", false),
            ("file:///sales", "sales/a.parquet", false),
        ] {
            assert_eq!(lies_in(location, "lake", key), lies, "{location} {key}");
        }
    }
}
