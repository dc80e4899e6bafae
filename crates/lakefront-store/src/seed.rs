//! Tables of people's own data beside the app's: loaded whole in one transaction, or not at all.
//!
//! PostgreSQL keeps them in a schema of their own, and makes a role that may read them and nothing else: whoever asks
//! for them does so as that role, so that the app's own tables stay out of reach whatever is asked.

mod chunk;
mod postgres;
mod sqlite;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, Set};
use serde_json::json;
use tokio::sync::mpsc;

pub use chunk::{SeedCell, SeedChunk};

use crate::{Result, Scope, Store, StoreError, audit, column, connection::Tx, entity::seed};

/// The schema of seeded tables in PostgreSQL; with SQLite their names begin with it and an underscore.
pub const SEED_SCHEMA: &str = "lakefront_data";
/// PostgreSQL cuts longer names.
const LONGEST_NAME: usize = 63;

/// A table that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    pub name: String,
    /// Of the file it came from; equal content has the same.
    pub content_hash: String,
    /// The file's name.
    pub source: String,
    pub rows: u64,
    /// With PostgreSQL the role that may read seeded tables and nothing else.
    pub reader: Option<String>,
    pub seeded_at: DateTime<Utc>,
}

/// A table to load.
#[derive(Clone, Debug)]
pub struct NewSeed {
    /// Lower-case letters, digits and underscores, a letter first.
    pub name: String,
    pub content_hash: String,
    pub source: String,
    pub columns: Vec<SeedColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedColumn {
    /// As a table's name.
    pub name: String,
    pub kind: SeedType,
    pub is_indexed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedType {
    Boolean,
    Bigint,
    Double,
    Date,
    Timestamp,
    /// With a time zone.
    Instant,
    Text,
}

/// What comes after what.
pub enum SeedPart {
    Rows(SeedChunk),
    /// All rows have come; without it nothing is kept.
    End,
}

impl Store {
    /// What was loaded, by name. Everyone.
    pub async fn seeds(&self, _scope: &Scope) -> Result<Vec<Seed>> {
        let rows = reading!(self, |tx| Ok(seed::Entity::find().order_by_asc(seed::Column::Name).all(tx).await?))?;
        Ok(rows.iter().map(Seed::from_row).collect())
    }

    /// Loads a table, in the place of one that an earlier call has loaded under the same name; by the system only. The
    /// old one is there until the new one is whole. Takes as long as it takes.
    ///
    /// `Invalid` for names that can't be, or if the rows end without [`SeedPart::End`].
    pub async fn seed(&self, scope: &Scope, new: NewSeed, rows: mpsc::Receiver<SeedPart>) -> Result<Seed> {
        scope.must_be_system()?;
        check(&new)?;
        let tx = self.database.write().await?;
        let loaded = self.load(&tx, scope, &new, rows).await;
        tx.finish_write(loaded).await.map(|row| Seed::from_row(&row))
    }

    /// Makes the role that reads the table of a seed, where a restored database lacks it or has a number of its own, which
    /// is in the role's name; by the system only. Answers whether the table is there.
    pub async fn restore_seed_reader(&self, scope: &Scope, name: &str) -> Result<bool> {
        scope.must_be_system()?;
        writing!(self, |tx| {
            let Some(row) = seed::Entity::find_by_id(name).one(tx).await? else { return Ok(false) };
            let reader = match tx {
                Tx::Postgres(_) => match postgres::reader_of(tx, &row.name).await? {
                    Some(reader) => Some(reader),
                    None => return Ok(false),
                },
                Tx::Sqlite(_) if sqlite::has(tx, &row.name).await? => None,
                Tx::Sqlite(_) => return Ok(false),
            };
            if let Some(reader) = &reader {
                self.audit_reader(tx, scope, name, row.reader.as_deref(), reader).await?;
            }
            let reader = reader.map(|reader| reader.role);
            if row.reader != reader {
                let mut row = row.into_active_model();
                row.reader = Set(reader);
                row.update(tx).await?;
            }
            Ok(true)
        })
    }

    /// Rows for [`seed`](Self::seed), in the form this database takes them.
    pub fn seed_chunk(&self) -> SeedChunk {
        SeedChunk::new(self.is_postgres())
    }

    /// Whether this is PostgreSQL rather than SQLite.
    pub fn is_postgres(&self) -> bool {
        matches!(self.database, crate::connection::Database::Postgres(_))
    }

    /// Writes down that a role was made to read a table, be it under the name of one that went, or that another reads it
    /// than before.
    async fn audit_reader(
        &self,
        tx: &Tx,
        scope: &Scope,
        table: &str,
        before: Option<&str>,
        reader: &postgres::Reader,
    ) -> Result<()> {
        if !reader.is_new && before == Some(reader.role.as_str()) {
            return Ok(());
        }
        let detail = json!({"reader": reader.role, "made": reader.is_new});
        audit::append(self, tx, scope, "data.reader", table, detail).await
    }

    async fn load(&self, tx: &Tx, scope: &Scope, new: &NewSeed, rows: mpsc::Receiver<SeedPart>) -> Result<seed::Model> {
        let (count, reader) = match tx {
            Tx::Postgres(postgres) => {
                let (count, reader) = postgres::load(tx, postgres, new, rows).await?;
                if reader.is_new {
                    self.audit_reader(tx, scope, &new.name, None, &reader).await?;
                }
                (count, Some(reader.role))
            }
            Tx::Sqlite(_) => (sqlite::load(tx, new, rows).await?, None),
        };
        let row = seed::Model {
            name: new.name.clone(),
            content_hash: new.content_hash.clone(),
            source: new.source.clone(),
            row_count: i64::try_from(count).map_err(|error| StoreError::Internal(error.into()))?,
            reader,
            seeded_at: self.now_ms(),
        };
        seed::Entity::delete_by_id(new.name.clone()).exec(tx).await?;
        seed::Entity::insert(row.clone().into_active_model().reset_all()).exec_without_returning(tx).await?;
        let detail = json!({"source": row.source, "content_hash": row.content_hash, "rows": row.row_count});
        audit::append(self, tx, scope, "data.seed", &row.name, detail).await?;
        Ok(row)
    }
}

impl Seed {
    fn from_row(row: &seed::Model) -> Self {
        Self {
            name: row.name.clone(),
            content_hash: row.content_hash.clone(),
            source: row.source.clone(),
            rows: u64::try_from(row.row_count).unwrap_or_default(),
            reader: row.reader.clone(),
            seeded_at: column::time(row.seeded_at),
        }
    }
}

/// Names become part of statements, so only such as need no quoting pass.
fn check(new: &NewSeed) -> Result<()> {
    let is_name = |name: &str| {
        name.len() <= LONGEST_NAME
            && name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let invalid = |field, name: &str| StoreError::Invalid {
        field,
        message: format!(
            "\"{name}\" is no name here: up to {LONGEST_NAME} lower-case letters, digits and underscores, a letter first"
        ),
    };
    if !is_name(&new.name) || new.name.starts_with('_') {
        return Err(invalid("table", &new.name));
    }
    if let Some(column) = new.columns.iter().find(|column| !is_name(&column.name)) {
        return Err(invalid("column", &column.name));
    }
    if new.columns.is_empty() {
        return Err(StoreError::Invalid { field: "columns", message: "a table has at least one".into() });
    }
    Ok(())
}

/// Nothing of it may be kept.
fn broken_off() -> StoreError {
    StoreError::Invalid { field: "rows", message: "they ended early, so nothing was loaded".into() }
}
