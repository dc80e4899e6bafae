use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel, JoinType,
    QueryFilter, QueryOrder, QuerySelect, RelationDef, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::{
    Page, PageRequest, Person, Result, Scope, Store, StoreError, audit,
    column::{self, begins_with, contains},
    connection::Tx,
    entity::{object, object_version, star, user},
    error::conflict,
    page::invalid_cursor,
};

const MAX_DEFINITION: usize = 1 << 20;
const MAX_SLUG: usize = 100;
/// As definitions are stored, without spaces.
const KEEP_WARM: &str = "\"keep_warm\":true";

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
    /// Whether anyone with the address may read it; dashboards only.
    pub public: bool,
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
    pub public: Option<bool>,
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
        scope.must_edit()?;
        if scope.user_id().is_some_and(|user| user != owner) {
            return Err(StoreError::Forbidden("new objects belong to the one who makes them"));
        }
        let title = valid_title(&new.title)?;
        let given_slug = new.slug.as_deref().map(valid_slug).transpose()?;
        let now = self.now_ms();
        let mut row = object::Model {
            id: self.new_id().to_string(),
            kind: kind.as_str().to_owned(),
            slug: given_slug.clone().unwrap_or_else(|| slug_of(&title, kind)),
            title,
            description: valid_description(&new.description)?,
            owner_id: owner.to_string(),
            collection: new.collection.as_deref().map(valid_collection).transpose()?,
            definition: valid_definition(&new.definition)?,
            search: String::new(),
            version: 1,
            public: false,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        let wanted = row.slug.clone();
        let mut attempt = 0;
        loop {
            let made = writing!(self, |tx| {
                let mut row = row.clone();
                if given_slug.is_none() {
                    row.slug = free_slug(tx, kind, &wanted).await?;
                }
                row.search = search_text(&row);
                object::Entity::insert(row.clone().into_active_model())
                    .exec_without_returning(tx)
                    .await
                    .map_err(taken_slug)?;
                append_version(tx, scope, &row).await?;
                find(tx, scope, kind, &row.id).await
            });
            attempt += 1;
            match made {
                // Someone else took the free slug in between: look for another.
                Err(StoreError::Conflict(_)) if given_slug.is_none() && attempt < 5 => {
                    row.id = self.new_id().to_string();
                }
                made => return made,
            }
        }
    }

    /// Everyone.
    pub async fn object(&self, scope: &Scope, kind: Kind, id: Ulid) -> Result<Object> {
        reading!(self, |tx| find(tx, scope, kind, &id.to_string()).await)
    }

    /// Everyone.
    pub async fn object_by_slug(&self, scope: &Scope, kind: Kind, slug: &str) -> Result<Object> {
        let query = select(scope, kind).filter(object::Column::Slug.eq(column::without_nul(slug)));
        let row = reading!(self, |tx| Ok(query.clone().into_model::<Row>().one(tx).await?))?;
        Object::from_row(row.ok_or(not_found(kind))?)
    }

    /// Everyone; last changed first.
    pub async fn objects(&self, scope: &Scope, kind: Kind, filter: ObjectFilter) -> Result<Page<Object>> {
        let limit = filter.page.limit();
        let mut query = select(scope, kind)
            .order_by_desc(object::Column::UpdatedAt)
            .order_by_desc(object::Column::Id)
            .limit(limit + 1);
        if let Some(position) = filter.page.position()? {
            query = query.filter(after(&position)?);
        }
        if let Some(search) = &filter.search {
            query = query.filter(contains(object::Column::Search.into_expr(), &search.to_lowercase()));
        }
        if let Some(owner) = filter.owner {
            query = query.filter(object::Column::OwnerId.eq(owner.to_string()));
        }
        if let Some(collection) = &filter.collection {
            query = query.filter(object::Column::Collection.eq(collection.as_str()));
        }
        if filter.starred {
            query = query.filter(star::Column::UserId.is_not_null());
        }
        let rows = reading!(self, |tx| Ok(query.clone().into_model::<Row>().all(tx).await?))?;
        let objects = rows.into_iter().map(Object::from_row).collect::<Result<_>>()?;
        Ok(Page::new(objects, limit, |object: &Object| {
            format!("{}:{}", object.updated_at.timestamp_millis(), object.id)
        }))
    }

    /// Dashboards whose statements run when new data arrives; by the system only.
    pub async fn warm_dashboards(&self, scope: &Scope) -> Result<Vec<Object>> {
        scope.must_be_system()?;
        // A text in it may look like it.
        let query = select(scope, Kind::Dashboard).filter(contains(object::Column::Definition.into_expr(), KEEP_WARM));
        let rows = reading!(self, |tx| Ok(query.clone().into_model::<Row>().all(tx).await?))?;
        let objects = rows.into_iter().map(Object::from_row).collect::<Result<Vec<_>>>()?;
        Ok(objects.into_iter().filter(|object| object.definition["keep_warm"] == true).collect())
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
        scope.must_edit()?;
        let title = change.title.as_deref().map(valid_title).transpose()?;
        let slug = change.slug.as_deref().map(valid_slug).transpose()?;
        let description = change.description.as_deref().map(valid_description).transpose()?;
        let collection = change.collection.map(|c| c.as_deref().map(valid_collection).transpose()).transpose()?;
        let definition = change.definition.as_ref().map(valid_definition).transpose()?;
        if change.public.is_some() && kind != Kind::Dashboard {
            return Err(StoreError::Invalid { field: "public", message: "is for dashboards only".into() });
        }
        writing!(self, |tx| {
            let mut row = lock(tx, kind, id, expected).await?;
            row.title = title.clone().unwrap_or(row.title);
            row.slug = slug.clone().unwrap_or(row.slug);
            row.description = description.clone().unwrap_or(row.description);
            row.collection = collection.clone().unwrap_or(row.collection);
            row.definition = definition.clone().unwrap_or(row.definition);
            if let Some(public) = change.public.filter(|public| *public != row.public) {
                row.public = public;
                share(self, tx, scope, &row).await?;
            }
            self.save(tx, scope, kind, row).await
        })
    }

    /// Editors. The slug is free again; the object's history stays for [`undelete_object`](Self::undelete_object), which
    /// does not make it public again.
    pub async fn delete_object(&self, scope: &Scope, kind: Kind, id: Ulid, expected: Option<i64>) -> Result<()> {
        scope.must_edit()?;
        let now = self.now_ms();
        writing!(self, |tx| {
            let mut row = lock(tx, kind, id, expected).await?;
            row.deleted_at = Some(now);
            if std::mem::take(&mut row.public) {
                share(self, tx, scope, &row).await?;
            }
            object::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
            Ok(())
        })
    }

    /// Editors. A `Conflict` when the slug has been taken meanwhile.
    pub async fn undelete_object(&self, scope: &Scope, kind: Kind, id: Ulid) -> Result<Object> {
        scope.must_edit()?;
        writing!(self, |tx| {
            let deleted = object::Entity::find_by_id(id.to_string())
                .filter(object::Column::Kind.eq(kind.as_str()))
                .filter(object::Column::DeletedAt.is_not_null())
                .lock_exclusive();
            let mut row = deleted.one(tx).await?.ok_or(not_found(kind))?;
            row.deleted_at = None;
            self.save(tx, scope, kind, row).await
        })
    }

    /// Everyone; every change, newest first.
    pub async fn object_versions(
        &self,
        scope: &Scope,
        kind: Kind,
        id: Ulid,
        page: PageRequest,
    ) -> Result<Page<ObjectVersion>> {
        // What it was before it became public is not.
        if *scope == Scope::Public {
            return Err(not_found(kind));
        }
        let limit = page.limit();
        let changed_by: RelationDef = object_version::Entity::belongs_to(user::Entity)
            .from(object_version::Column::ChangedBy)
            .to(user::Column::Id)
            .into();
        let mut query = object_version::Entity::find()
            .join(JoinType::LeftJoin, changed_by)
            .column_as(user::Column::Name, "changed_by_name")
            .filter(object_version::Column::ObjectId.eq(id.to_string()))
            .order_by_desc(object_version::Column::Version)
            .limit(limit + 1);
        if let Some(position) = page.position()? {
            let version: i64 = position.parse().map_err(|_| invalid_cursor())?;
            query = query.filter(object_version::Column::Version.lt(version));
        }
        let rows = reading!(self, |tx| {
            find(tx, scope, kind, &id.to_string()).await?;
            Ok(query.clone().into_model::<VersionRow>().all(tx).await?)
        })?;
        let versions = rows.into_iter().map(ObjectVersion::from_row).collect::<Result<_>>()?;
        Ok(Page::new(versions, limit, |version: &ObjectVersion| version.version.to_string()))
    }

    /// Editors. Makes the object as it was at `version`, as a new version. Who may read it is no part of a version.
    pub async fn restore_object(
        &self,
        scope: &Scope,
        kind: Kind,
        id: Ulid,
        version: i64,
        expected: Option<i64>,
    ) -> Result<Object> {
        scope.must_edit()?;
        writing!(self, |tx| {
            let mut row = lock(tx, kind, id, expected).await?;
            let then = object_version::Entity::find_by_id((id.to_string(), version)).one(tx).await?;
            let then = then.ok_or(StoreError::NotFound("version"))?;
            row.title = then.title;
            row.slug = then.slug;
            row.description = then.description;
            row.collection = then.collection;
            row.definition = then.definition;
            self.save(tx, scope, kind, row).await
        })
    }

    /// Stars or unstars for the one who asks.
    pub async fn star_object(&self, scope: &Scope, kind: Kind, id: Ulid, starred: bool) -> Result<()> {
        let user = scope.user_id().ok_or(StoreError::Forbidden("only people have stars"))?;
        scope.must_write()?;
        let row = star::Model { user_id: user.to_string(), object_id: id.to_string() };
        writing!(self, |tx| {
            find(tx, scope, kind, &row.object_id).await?;
            if starred {
                star::Entity::insert(row.clone().into_active_model())
                    .on_conflict_do_nothing()
                    .exec_without_returning(tx)
                    .await?;
            } else {
                star::Entity::delete_by_id((row.user_id.clone(), row.object_id.clone())).exec(tx).await?;
            }
            Ok(())
        })
    }

    /// Writes a changed row as the next version.
    async fn save(&self, tx: &Tx, scope: &Scope, kind: Kind, mut row: object::Model) -> Result<Object> {
        row.version += 1;
        // Later than before even if the clock is not, because lists are in this order.
        row.updated_at = Ord::max(self.now_ms(), row.updated_at);
        row.search = search_text(&row);
        object::Entity::update(row.clone().into_active_model().reset_all()).exec(tx).await.map_err(taken_slug)?;
        append_version(tx, scope, &row).await?;
        find(tx, scope, kind, &row.id).await
    }
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    object: object::Model,
    owner_name: String,
    starred_by: Option<String>,
}

#[derive(FromQueryResult)]
struct VersionRow {
    #[sea_orm(nested)]
    version: object_version::Model,
    changed_by_name: Option<String>,
}

impl Object {
    fn from_row(Row { object: row, owner_name, starred_by }: Row) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            kind: row.kind.parse()?,
            slug: row.slug,
            title: row.title,
            description: row.description,
            owner: Person { id: column::id(&row.owner_id)?, name: owner_name },
            collection: row.collection,
            starred: starred_by.is_some(),
            public: row.public,
            version: row.version,
            created_at: column::time(row.created_at),
            updated_at: column::time(row.updated_at),
            definition: column::json(&row.definition)?,
        })
    }
}

impl ObjectVersion {
    fn from_row(VersionRow { version: row, changed_by_name }: VersionRow) -> Result<Self> {
        Ok(Self {
            version: row.version,
            changed_by: Person::from_columns(row.changed_by.as_ref(), changed_by_name.as_ref())?,
            changed_at: column::time(row.changed_at),
            definition: column::json(&row.definition)?,
            slug: row.slug,
            title: row.title,
            description: row.description,
            collection: row.collection,
        })
    }
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Chart => "chart",
            Self::Dashboard => "dashboard",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "query" => Ok(Self::Query),
            "chart" => Ok(Self::Chart),
            "dashboard" => Ok(Self::Dashboard),
            _ => Err(StoreError::Invalid { field: "kind", message: "must be query, chart or dashboard".into() }),
        }
    }
}

/// The living of a kind that the one who asks may see, each with its owner's name and the asking user's star.
fn select(scope: &Scope, kind: Kind) -> Select<object::Entity> {
    let owner: RelationDef =
        object::Entity::belongs_to(user::Entity).from(object::Column::OwnerId).to(user::Column::Id).into();
    let asking = scope.user_id().map(|id| id.to_string()).unwrap_or_default();
    let star: RelationDef = object::Entity::belongs_to(star::Entity)
        .from(object::Column::Id)
        .to(star::Column::ObjectId)
        .on_condition(move |_, star| Condition::all().add(Expr::col((star, star::Column::UserId)).eq(asking.clone())))
        .into();
    let mut visible = Condition::all();
    if *scope == Scope::Public {
        visible = visible.add(object::Column::Public.eq(true));
    }
    object::Entity::find()
        .filter(visible)
        .join(JoinType::InnerJoin, owner)
        .join(JoinType::LeftJoin, star)
        .column_as(user::Column::Name, "owner_name")
        .column_as(star::Column::UserId, "starred_by")
        .filter(object::Column::Kind.eq(kind.as_str()))
        .filter(object::Column::DeletedAt.is_null())
}

async fn find(tx: &Tx, scope: &Scope, kind: Kind, id: &str) -> Result<Object> {
    let row = select(scope, kind).filter(object::Column::Id.eq(id)).into_model::<Row>().one(tx).await?;
    Object::from_row(row.ok_or(not_found(kind))?)
}

/// The row for changing; others who want to change it wait.
async fn lock(tx: &Tx, kind: Kind, id: Ulid, expected: Option<i64>) -> Result<object::Model> {
    let living = object::Entity::find_by_id(id.to_string())
        .filter(object::Column::Kind.eq(kind.as_str()))
        .filter(object::Column::DeletedAt.is_null())
        .lock_exclusive();
    let row = living.one(tx).await?.ok_or(not_found(kind))?;
    match expected {
        Some(expected) if expected != row.version => Err(StoreError::VersionMismatch { current: row.version }),
        _ => Ok(row),
    }
}

/// Says in the audit log who may read the dashboard from now on.
async fn share(store: &Store, tx: &Tx, scope: &Scope, row: &object::Model) -> Result<()> {
    let detail = json!({"public": row.public, "slug": row.slug, "title": row.title});
    audit::append(store, tx, scope, "dashboard.share", &row.id, detail).await
}

async fn append_version(tx: &Tx, scope: &Scope, row: &object::Model) -> Result<()> {
    let version = object_version::Model {
        object_id: row.id.clone(),
        version: row.version,
        slug: row.slug.clone(),
        title: row.title.clone(),
        description: row.description.clone(),
        collection: row.collection.clone(),
        definition: row.definition.clone(),
        changed_by: scope.user_id().map(|id| id.to_string()),
        changed_at: row.updated_at,
    };
    object_version::Entity::insert(version.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// What follows `position` in the order of [`Store::objects`].
fn after(position: &str) -> Result<Condition> {
    let (updated_at, id) = position.split_once(':').ok_or_else(invalid_cursor)?;
    let updated_at: i64 = updated_at.parse().map_err(|_| invalid_cursor())?;
    let earlier = object::Column::UpdatedAt.lt(updated_at);
    let same = object::Column::UpdatedAt.eq(updated_at).and(object::Column::Id.lt(id));
    Ok(Condition::any().add(earlier).add(same))
}

/// `wanted`, or with the first number that makes it free.
async fn free_slug(tx: &Tx, kind: Kind, wanted: &str) -> Result<String> {
    let taken: Vec<String> = object::Entity::find()
        .select_only()
        .column(object::Column::Slug)
        .filter(object::Column::Kind.eq(kind.as_str()))
        .filter(object::Column::DeletedAt.is_null())
        .filter(begins_with(object::Column::Slug.into_expr(), wanted))
        .into_tuple()
        .all(tx)
        .await?;
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
    Ok(candidates.find(|slug| !taken.contains(slug)).unwrap_or_else(|| wanted.to_owned()))
}

/// The title in small letters, digits and hyphens.
fn slug_of(title: &str, kind: Kind) -> String {
    let mut slug = String::new();
    for c in title.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG - 10);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { kind.as_str().to_owned() } else { slug.to_owned() }
}

fn search_text(row: &object::Model) -> String {
    format!("{}\n{}\n{}", row.title, row.slug, row.description).to_lowercase()
}

fn not_found(kind: Kind) -> StoreError {
    StoreError::NotFound(kind.as_str())
}

fn taken_slug(error: sea_orm::DbErr) -> StoreError {
    conflict(error, "this slug is taken; choose another")
}

fn valid_title(title: &str) -> Result<String> {
    column::text("title", title, 1, 200)
}

fn valid_description(description: &str) -> Result<String> {
    column::text("description", description, 0, 10_000)
}

fn valid_collection(collection: &str) -> Result<String> {
    column::text("collection", collection, 1, 100)
}

fn valid_slug(slug: &str) -> Result<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !slug.is_empty() && slug.len() <= MAX_SLUG && slug.chars().all(allowed) && !slug.starts_with('-') {
        return Ok(slug.to_owned());
    }
    Err(StoreError::Invalid {
        field: "slug",
        message: format!("must be 1 to {MAX_SLUG} small letters, digits and hyphens, and not begin with a hyphen"),
    })
}

fn valid_definition(definition: &Value) -> Result<String> {
    let text = definition.to_string();
    if definition.is_object() && text.len() <= MAX_DEFINITION {
        return Ok(text);
    }
    Err(StoreError::Invalid { field: "definition", message: "must be an object of at most 1 MiB".into() })
}
