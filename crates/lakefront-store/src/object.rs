use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::{Page, PageRequest, Person, Result, Scope, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Query,
    Chart,
    Dashboard,
}

/// A saved query, chart or dashboard, as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Object {
    pub id: Ulid,
    pub kind: Kind,
    /// Unique among the living of its kind.
    pub slug: String,
    pub title: String,
    pub description: String,
    pub owner: Person,
    pub collection: Option<String>,
    /// By the one who asks.
    pub starred: bool,
    /// Counts changes, from 1.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub definition: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewObject {
    /// Made from the title, and free, when not given.
    pub slug: Option<String>,
    pub title: String,
    #[serde(default)]
    pub description: String,
    pub collection: Option<String>,
    pub definition: Value,
}

/// What to change; what is absent stays. `"collection": null` takes it out of its collection.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectChange {
    pub slug: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub collection: Option<Option<String>>,
    pub definition: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Default)]
pub struct ObjectFilter {
    /// Part of title, description or slug, any case.
    pub search: Option<String>,
    pub owner: Option<Ulid>,
    pub collection: Option<String>,
    /// Only what the one who asks has starred.
    pub starred: bool,
    pub page: PageRequest,
}

/// How an object was after one change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectVersion {
    pub version: i64,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub collection: Option<String>,
    pub definition: Value,
    /// `None` when the system changed it.
    pub changed_by: Option<Person>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Editors, for themselves; the system for `owner`. A taken slug is a `Conflict`.
    pub async fn create_object(&self, scope: &Scope, kind: Kind, owner: Ulid, new: NewObject) -> Result<Object> {
        todo!()
    }

    pub async fn object(&self, scope: &Scope, kind: Kind, id: Ulid) -> Result<Object> {
        todo!()
    }

    pub async fn object_by_slug(&self, scope: &Scope, kind: Kind, slug: &str) -> Result<Object> {
        todo!()
    }

    /// Last changed first.
    pub async fn objects(&self, scope: &Scope, kind: Kind, filter: ObjectFilter) -> Result<Page<Object>> {
        todo!()
    }

    /// Editors. `VersionMismatch` unless the object is at version `expected` (when given).
    pub async fn update_object(
        &self,
        scope: &Scope,
        kind: Kind,
        id: Ulid,
        expected: Option<i64>,
        change: ObjectChange,
    ) -> Result<Object> {
        todo!()
    }

    /// Editors. The slug is free again; the object's history stays for [`undelete_object`](Self::undelete_object).
    pub async fn delete_object(&self, scope: &Scope, kind: Kind, id: Ulid, expected: Option<i64>) -> Result<()> {
        todo!()
    }

    /// Editors. A `Conflict` when the slug has been taken meanwhile.
    pub async fn undelete_object(&self, scope: &Scope, kind: Kind, id: Ulid) -> Result<Object> {
        todo!()
    }

    /// Every change, newest first.
    pub async fn object_versions(
        &self,
        scope: &Scope,
        kind: Kind,
        id: Ulid,
        page: PageRequest,
    ) -> Result<Page<ObjectVersion>> {
        todo!()
    }

    /// Editors. Makes the object as it was at `version`, as a new version.
    pub async fn restore_object(
        &self,
        scope: &Scope,
        kind: Kind,
        id: Ulid,
        version: i64,
        expected: Option<i64>,
    ) -> Result<Object> {
        todo!()
    }

    /// Stars or unstars for the one who asks.
    pub async fn star_object(&self, scope: &Scope, kind: Kind, id: Ulid, starred: bool) -> Result<()> {
        todo!()
    }
}
