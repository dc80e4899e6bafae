use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Result, Scope, Store, StoreError, audit, column, connection::Tx, entity::catalog, error::conflict};

const NOT_FOUND: StoreError = StoreError::NotFound("catalog");

/// A lake or database that queries can name, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Catalog {
    pub name: String,
    /// Where it is, as the caller describes it; never holds a secret.
    pub source: Value,
    pub has_secret: bool,
    pub created_at: DateTime<Utc>,
    /// Also its version: in milliseconds it grows with every change.
    pub updated_at: DateTime<Utc>,
}

pub struct NewCatalog {
    pub name: String,
    pub source: Value,
    pub sealed_secret: Option<SealedSecret>,
}

/// What to change; `None` leaves as it is.
#[derive(Default)]
pub struct CatalogChange {
    pub source: Option<Value>,
    /// `Some(None)` takes the secret away.
    pub sealed_secret: Option<Option<SealedSecret>>,
}

/// Bytes that the caller has encrypted; the store never looks into them. No `Debug`, no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl Store {
    /// Everyone; by name.
    pub async fn catalogs(&self, _scope: &Scope) -> Result<Vec<Catalog>> {
        let query = catalog::Entity::find().order_by_asc(catalog::Column::Name);
        let rows = reading!(self, |tx| Ok(query.clone().all(tx).await?))?;
        rows.iter().map(Catalog::from_row).collect()
    }

    /// Everyone.
    pub async fn catalog(&self, _scope: &Scope, name: &str) -> Result<Catalog> {
        reading!(self, |tx| Catalog::from_row(&find(tx, name).await?))
    }

    /// The sealed secret of a catalog; by the system only.
    pub async fn catalog_secret(&self, scope: &Scope, name: &str) -> Result<Option<SealedSecret>> {
        scope.must_be_system()?;
        let row = reading!(self, |tx| find(tx, name).await)?;
        let Some(text) = row.sealed_secret else { return Ok(None) };
        let bytes = BASE64_STANDARD.decode(text).map_err(|error| StoreError::Internal(error.into()))?;
        Ok(Some(SealedSecret(bytes)))
    }

    /// Administrators. A taken name is a `Conflict`.
    pub async fn create_catalog(&self, scope: &Scope, new: NewCatalog) -> Result<Catalog> {
        scope.must_administer()?;
        let now = self.now_ms();
        let row = catalog::Model {
            name: valid_name(&new.name)?,
            source: new.source.to_string(),
            sealed_secret: new.sealed_secret.as_ref().map(SealedSecret::text),
            created_at: now,
            updated_at: now,
        };
        writing!(self, |tx| {
            catalog::Entity::insert(row.clone().into_active_model())
                .exec_without_returning(tx)
                .await
                .map_err(|error| conflict(error, "a catalog with this name exists already"))?;
            let detail = json!({"source": new.source, "secret": row.sealed_secret.is_some()});
            audit::append(self, tx, scope, "catalog.create", &row.name, detail).await?;
            Catalog::from_row(&row)
        })
    }

    /// Administrators. `VersionMismatch` unless the catalog is at version `expected` (when given).
    pub async fn update_catalog(
        &self,
        scope: &Scope,
        name: &str,
        expected: Option<i64>,
        change: CatalogChange,
    ) -> Result<Catalog> {
        scope.must_administer()?;
        writing!(self, |tx| {
            let mut row = lock(tx, name, expected).await?;
            if let Some(source) = &change.source {
                row.source = source.to_string();
            }
            if let Some(secret) = &change.sealed_secret {
                row.sealed_secret = secret.as_ref().map(SealedSecret::text);
            }
            // The version, so it never stands still.
            row.updated_at = self.now_ms().max(row.updated_at + 1);
            catalog::Entity::update(row.clone().into_active_model().reset_all()).exec(tx).await?;
            let detail = json!({"source": change.source, "secret": change.sealed_secret.is_some()});
            audit::append(self, tx, scope, "catalog.update", &row.name, detail).await?;
            Catalog::from_row(&row)
        })
    }

    /// Administrators. `VersionMismatch` as of [`update_catalog`](Self::update_catalog).
    pub async fn delete_catalog(&self, scope: &Scope, name: &str, expected: Option<i64>) -> Result<()> {
        scope.must_administer()?;
        writing!(self, |tx| {
            let row = lock(tx, name, expected).await?;
            catalog::Entity::delete_by_id(row.name.as_str()).exec(tx).await?;
            audit::append(self, tx, scope, "catalog.delete", &row.name, json!({})).await
        })
    }
}

impl Catalog {
    fn from_row(row: &catalog::Model) -> Result<Self> {
        Ok(Self {
            name: row.name.clone(),
            source: column::json(&row.source)?,
            has_secret: row.sealed_secret.is_some(),
            created_at: column::time(row.created_at),
            updated_at: column::time(row.updated_at),
        })
    }
}

impl SealedSecret {
    fn text(&self) -> String {
        BASE64_STANDARD.encode(&self.0)
    }
}

async fn find(tx: &Tx, name: &str) -> Result<catalog::Model> {
    catalog::Entity::find_by_id(column::without_nul(name)).one(tx).await?.ok_or(NOT_FOUND)
}

/// The row, held until the change is made, at the version that is expected.
async fn lock(tx: &Tx, name: &str, expected: Option<i64>) -> Result<catalog::Model> {
    let row =
        catalog::Entity::find_by_id(column::without_nul(name)).lock_exclusive().one(tx).await?.ok_or(NOT_FOUND)?;
    match expected {
        Some(expected) if expected != row.updated_at => Err(StoreError::VersionMismatch { current: row.updated_at }),
        _ => Ok(row),
    }
}

/// As SQL can write it without quotes.
fn valid_name(name: &str) -> Result<String> {
    let name = column::text("name", name, 1, 63)?;
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if begins && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Ok(name);
    }
    Err(StoreError::Invalid {
        field: "name",
        message: "must be of small letters, digits and _, and not begin with a digit".into(),
    })
}
