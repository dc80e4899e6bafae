//! From the objects of a lake to its tables, by their places alone.
//!
//! - A file right under the root is a table of database `default`, named after it.
//! - A folder right under the root is a table of `default` if it holds partition folders (`key=value`) directly, or
//!   nothing but files named like parts of one data set. Else it is a database.
//! - In a database, each file is a table, and so is each folder with all that lies in it.
//! - Partition folders right under the root make the root itself one table of `default`.

use std::collections::BTreeMap;

use lakefront_engine::lake::{Object, Skipped};

use super::file_name::{FileName, identifier, is_part};
use super::found::Found;
use super::info::Problem;
use super::partition::is_partition;

pub(super) const DEFAULT: &str = "default";
/// Most warnings that are told; more are counted.
const MOST_WARNINGS: usize = 100;

/// The tables of a lake, by database and name.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) tables: BTreeMap<(String, String), Found>,
    pub(super) warnings: Vec<String>,
}

/// Takes the objects as they are listed.
#[derive(Default)]
pub(super) struct Listing {
    /// Data files right under the root.
    files: Vec<(FileName, Object)>,
    /// Data files by their first folder.
    folders: BTreeMap<String, Vec<(FileName, Object)>>,
    skipped: Vec<String>,
    skipped_more: u64,
    /// Files that are no data by their names.
    others: u64,
    other_example: Option<String>,
    pub(super) objects: u64,
}

impl Listing {
    pub(super) fn object(&mut self, object: Object) {
        self.objects += 1;
        let name = object.key.rsplit('/').next().unwrap_or_default();
        let Some(file) = FileName::parse(name) else {
            self.others += 1;
            self.other_example.get_or_insert(object.key);
            return;
        };
        match object.key.split_once('/') {
            None => self.files.push((file, object)),
            Some((folder, _)) => match self.folders.get_mut(folder) {
                Some(files) => files.push((file, object)),
                None => {
                    self.folders.insert(folder.to_owned(), vec![(file, object)]);
                }
            },
        }
    }

    pub(super) fn skipped(&mut self, skipped: Skipped) {
        self.objects += 1;
        if self.skipped.len() < MOST_WARNINGS {
            self.skipped.push(format!("\"{}\" is not read: {}.", skipped.key, skipped.reason.text()));
        } else {
            self.skipped_more += 1;
        }
    }

    /// Sorts the objects into tables. `root_name` names a table that is the root itself.
    pub(super) fn arrange(self, root_name: &str) -> Layout {
        let mut tables: BTreeMap<(String, String), Vec<Group>> = BTreeMap::new();
        let mut add = |database: &str, name: &str, group: Group| {
            tables.entry((identifier(database), identifier(name))).or_default().push(group);
        };
        let mut warnings = self.skipped;
        if self.skipped_more > 0 {
            warnings.push(format!("{} more objects are not read.", self.skipped_more));
        }
        if let Some(example) = self.other_example {
            warnings.push(format!(
                "{} files are not read, such as \"{example}\": their names do not end in .parquet, .csv, .tsv, .json, \
                 .jsonl or .ndjson, with .gz or .zst behind.",
                self.others
            ));
        }

        for (file, object) in self.files {
            add(DEFAULT, &file.stem.clone(), Group::file(file, object));
        }
        let mut root_table = Group::folder("");
        let mut databases: BTreeMap<String, String> = BTreeMap::new();
        for (folder, files) in self.folders {
            if is_partition(&folder) {
                root_table.files.extend(files);
            } else if is_table(&folder, &files) {
                add(DEFAULT, &folder, Group { files, ..Group::folder(&format!("{folder}/")) });
            } else {
                if let Some(other) = databases.insert(identifier(&folder), folder.clone()) {
                    warnings.push(format!(
                        "Folders \"{other}\" and \"{folder}\" are both database \"{}\".",
                        identifier(&folder)
                    ));
                }
                for (name, group) in in_database(&folder, files) {
                    add(&folder, &name, group);
                }
            }
        }
        if !root_table.files.is_empty() {
            add(DEFAULT, root_name, root_table);
        }

        let mut layout = Layout { tables: BTreeMap::new(), warnings };
        for ((database, name), groups) in tables {
            let found = if groups.len() > 1 {
                let places: Vec<String> = groups.iter().map(|group| format!("\"{}\"", group.location)).collect();
                let message = format!(
                    "Table \"{database}.{name}\" can't be told from another: {} all have this name. Rename all but one.",
                    places.join(", ")
                );
                layout.warnings.push(message.clone());
                let mut all = Group::folder(&groups[0].location);
                all.files.extend(groups.into_iter().flat_map(|group| group.files));
                Found::ambiguous(&database, &name, all, Problem::fatal("AMBIGUOUS_TABLE", message))
            } else {
                let group = groups.into_iter().next().unwrap_or_else(|| Group::folder(""));
                Found::of(&database, &name, group)
            };
            layout.tables.insert((database, name), found);
        }
        layout
    }
}

/// The files of one table.
pub(super) struct Group {
    /// Folder with a `/` behind, or file.
    pub(super) location: String,
    pub(super) files: Vec<(FileName, Object)>,
}

impl Group {
    fn folder(location: &str) -> Group {
        Group { location: location.to_owned(), files: Vec::new() }
    }

    fn file(file: FileName, object: Object) -> Group {
        Group { location: object.key.clone(), files: vec![(file, object)] }
    }
}

fn below<'a>(folder: &str, object: &'a Object) -> &'a str {
    object.key.get(folder.len() + 1..).unwrap_or_default()
}

/// Whether a folder right under the root is a table.
fn is_table(folder: &str, files: &[(FileName, Object)]) -> bool {
    let mut direct = Vec::new();
    let mut folders = false;
    for (file, object) in files {
        match below(folder, object).split_once('/') {
            Some((inner, _)) if is_partition(inner) => return true,
            Some(_) => folders = true,
            None => direct.push(file.stem.as_str()),
        }
    }
    !folders && are_parts(&direct)
}

/// Whether names are those of parts of one data set: each begins with a digit or `part` or is a UUID, or they are all
/// the same but for numbers at their ends.
fn are_parts(stems: &[&str]) -> bool {
    let bare = |stem: &str| stem.trim_end_matches(|c: char| c.is_ascii_digit() || "-_. ".contains(c)).to_owned();
    stems.iter().all(|stem| is_part(stem))
        || (stems.len() > 1
            && stems.iter().all(|stem| stem.ends_with(|c: char| c.is_ascii_digit()) && bare(stem) == bare(stems[0])))
}

fn in_database(folder: &str, files: Vec<(FileName, Object)>) -> Vec<(String, Group)> {
    let mut groups = Vec::new();
    let mut folders: BTreeMap<String, Group> = BTreeMap::new();
    for (file, object) in files {
        match below(folder, &object).split_once('/') {
            None => groups.push((file.stem.clone(), Group::file(file, object))),
            Some((inner, _)) => {
                let inner = inner.to_owned();
                let group =
                    folders.entry(inner).or_insert_with_key(|inner| Group::folder(&format!("{folder}/{inner}/")));
                group.files.push((file, object));
            }
        }
    }
    groups.extend(folders);
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout(keys: &[&str]) -> Layout {
        let mut listing = Listing::default();
        for key in keys {
            listing.object(Object { key: (*key).to_owned(), size: 1, modified_ns: 0, etag: None });
        }
        listing.arrange("lake")
    }

    fn names(keys: &[&str]) -> Vec<String> {
        layout(keys)
            .tables
            .into_values()
            .map(|found| format!("{}.{}:{}", found.database, found.name, found.files.len()))
            .collect()
    }

    #[test]
    fn places_make_tables() {
        assert_eq!(
            names(&[
                "demo/forecast/state=CA/part-0.parquet",
                "demo/forecast/state=TX/part-0.parquet",
                "demo/restaurant.parquet",
                "demo/Item.CSV.gz",
                "forecast/state=CA/part-0.parquet",
                "events/part-00000.json",
                "events/part-00001.json",
                "orders/orders_2024.csv",
                "orders/orders_2025.csv",
                "shop/customers.csv",
                "shop/items.csv",
                "Sales Report.csv",
                "2024.ndjson",
                "README.md",
                "deep/a/b/c/d.parquet",
                "ids/6f9619ff-8b86-d011-b42d-00c04fc964ff.parquet",
            ]),
            [
                "deep.a:1",
                "default._2024:1",
                "default.events:2",
                "default.forecast:1",
                "default.ids:1",
                "default.orders:2",
                "default.sales_report:1",
                "demo.forecast:2",
                "demo.item:1",
                "demo.restaurant:1",
                "shop.customers:1",
                "shop.items:1",
            ]
        );
        assert_eq!(names(&["state=CA/a.parquet", "state=TX/a.parquet"]), ["default.lake:2"]);
    }

    #[test]
    fn two_things_of_one_name_are_told_and_not_merged() {
        let layout = layout(&["Forecast.csv", "forecast/state=CA/a.parquet"]);
        let found = &layout.tables[&(DEFAULT.to_owned(), "forecast".to_owned())];
        assert_eq!(found.problems[0].code, "AMBIGUOUS_TABLE");
        assert!(layout.warnings[0].contains("Forecast.csv") && layout.warnings[0].contains("forecast/"));
    }

    #[test]
    fn mixed_formats_and_uneven_partitions_are_problems_of_their_table() {
        for keys in [
            &["t/x/a.parquet", "t/x/b.csv"][..],
            &["t/x/a.csv", "t/x/b.csv.gz"],
            &["t/k=1/a.csv", "t/b.csv"],
            &["t/k=1/l=2/a.csv", "t/l=2/k=1/a.csv"],
            &["t/k=1/k=2/a.csv"],
        ] {
            let layout = layout(keys);
            let found = layout.tables.values().next().expect("a table");
            assert!(
                found.problems.iter().any(|problem| problem.fatal && problem.code == "SCHEMA_CONFLICT"),
                "{keys:?}"
            );
        }
    }

    proptest! {
        /// Every data file is in exactly one table, whatever the keys look like, and in any order of listing.
        #[test]
        fn no_file_is_lost_or_doubled(
            keys in proptest::collection::btree_set("([a-cA-C =%]{1,3}/){0,4}[a-c0-9 ]{1,4}\\.(csv|parquet|txt)", 0..20),
            turn in 0..20_usize,
        ) {
            let mut order: Vec<&str> = keys.iter().map(String::as_str).collect();
            let sorted = layout(&order);
            let middle = turn % order.len().max(1);
            order.rotate_left(middle);
            let turned = layout(&order);
            let files = |layout: &Layout| -> Vec<(String, Vec<String>)> {
                layout.tables.values().map(|found| {
                    (format!("{}.{}", found.database, found.name), found.files.iter().map(|file| file.path.clone()).collect())
                }).collect()
            };
            prop_assert_eq!(files(&sorted), files(&turned));
            let mut found: Vec<String> = files(&sorted).into_iter().flat_map(|(_, files)| files).collect();
            found.sort();
            let expected: Vec<String> = keys.iter().filter(|key| !key.ends_with(".txt")).cloned().collect();
            prop_assert_eq!(found, expected);
        }
    }
}
