use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{Result, Scope, Store};

/// A lake or database that queries can name, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Catalog {
    pub name: String,
    /// Where it is, as the caller describes it; never holds a secret.
    pub source: Value,
    pub has_secret: bool,
    pub created_at: DateTime<Utc>,
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
    pub async fn catalogs(&self, scope: &Scope) -> Result<Vec<Catalog>> {
        todo!()
    }

    pub async fn catalog(&self, scope: &Scope, name: &str) -> Result<Catalog> {
        todo!()
    }

    /// The sealed secret of a catalog; by the system only.
    pub async fn catalog_secret(&self, scope: &Scope, name: &str) -> Result<Option<SealedSecret>> {
        todo!()
    }

    /// Administrators. A taken name is a `Conflict`.
    pub async fn create_catalog(&self, scope: &Scope, new: NewCatalog) -> Result<Catalog> {
        todo!()
    }

    /// Administrators.
    pub async fn update_catalog(&self, scope: &Scope, name: &str, change: CatalogChange) -> Result<Catalog> {
        todo!()
    }

    /// Administrators.
    pub async fn delete_catalog(&self, scope: &Scope, name: &str) -> Result<()> {
        todo!()
    }
}
