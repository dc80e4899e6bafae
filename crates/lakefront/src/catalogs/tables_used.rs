//! Which tables some statements read, as far as their texts tell, and in which state.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;

/// The state of the data that some statements read.
pub struct TablesUsed {
    /// Changes when a file of any table used does.
    pub version: String,
    /// How many there are.
    pub tables: usize,
}

/// A statement with the catalog and database that names without them belong to.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub sql: &'a str,
    pub catalog: Option<&'a str>,
    pub database: Option<&'a str>,
}

impl TablesUsed {
    /// A statement reads no table whose name is not a word in it, so every table that is one counts: of its default
    /// database, and of those whose names are words in it, too. That may be more than it reads, never less.
    pub fn by<'a>(app: &App, statements: impl Iterator<Item = Reading<'a>>) -> Self {
        let catalogs = app.queries.catalogs();
        let mut used = BTreeMap::new();
        for Reading { sql, catalog, database } in statements {
            let words = words(sql);
            let named = |default: Option<&str>, name: &str| {
                default.is_none_or(|d| d.eq_ignore_ascii_case(name)) || words.contains(&name.to_lowercase())
            };
            for catalog_name in catalogs.names().into_iter().filter(|name| named(catalog, name)) {
                let databases = catalogs.database_names(&catalog_name);
                for database_name in databases.into_iter().filter(|name| named(database, name)) {
                    for word in &words {
                        if let Some(table) = catalogs.table_version(&catalog_name, &database_name, word) {
                            used.insert((catalog_name.clone(), database_name.clone(), word.clone()), table);
                        }
                    }
                }
            }
        }
        let mut hash = blake3::Hasher::new();
        for ((catalog, database, name), version) in &used {
            hash.update(format!("{catalog}\0{database}\0{name}\0{version}\0").as_bytes());
        }
        Self { version: hash.finalize().to_hex()[..16].to_owned(), tables: used.len() }
    }
}

/// Everything that may be a name in a statement, in lower case.
fn words(sql: &str) -> BTreeSet<String> {
    let plain = sql.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$'));
    let quoted = sql.split('"').skip(1).step_by(2);
    plain.chain(quoted).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_a_statement_is_a_word() {
        let found = words("select a.\"Odd name\", x from Lake.demo.Sales_2 s -- note");
        for name in ["odd name", "lake", "demo", "sales_2"] {
            assert!(found.contains(name), "{name}");
        }
    }
}
