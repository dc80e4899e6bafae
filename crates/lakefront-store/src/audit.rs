use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::{
    Page, PageRequest, Person, Result, Scope, Store, StoreError,
    column::{self, begins_with},
    connection::Tx,
    entity::{audit, user},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Refused,
    Failed,
}

/// Something to remember: the actor is the scope's user, the address the scope's.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// `noun.verb`: `user.update`, `login`, `query.run`.
    pub action: String,
    /// What it was done to: an id, a name, an e-mail address.
    pub target: String,
    pub outcome: Outcome,
    pub detail: Value,
    /// Where the request came from, when the scope can't know (sign-in).
    pub address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    pub id: Ulid,
    pub at: DateTime<Utc>,
    /// `None` for the system.
    pub actor: Option<Person>,
    pub action: String,
    pub target: String,
    pub outcome: Outcome,
    pub detail: Value,
    pub address: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub actor: Option<Ulid>,
    /// The action or its beginning: `user.` finds every change of users.
    pub action: Option<String>,
    pub outcome: Option<Outcome>,
    pub since: Option<DateTime<Utc>>,
    pub page: PageRequest,
}

impl Store {
    /// Appends to the audit log. The store's own privileged changes write theirs in the same transaction; this is
    /// for the rest: refusals, sign-ins.
    pub async fn record_audit(&self, scope: &Scope, record: AuditRecord) -> Result<()> {
        let mut row = self.audit_row(scope, &record.action, &record.target, record.outcome, &record.detail);
        row.address = row.address.or(record.address);
        writing!(self, |tx| insert(tx, row.clone()).await)
    }

    /// Administrators; newest first.
    pub async fn audit(&self, scope: &Scope, filter: AuditFilter) -> Result<Page<AuditEntry>> {
        scope.must_administer()?;
        let limit = filter.page.limit();
        let mut query = audit::Entity::find()
            .join(JoinType::LeftJoin, actor())
            .column_as(user::Column::Name, "actor_name")
            .order_by_desc(audit::Column::Id)
            .limit(limit + 1);
        if let Some(position) = filter.page.position()? {
            query = query.filter(audit::Column::Id.lt(position));
        }
        if let Some(actor) = filter.actor {
            query = query.filter(audit::Column::ActorId.eq(actor.to_string()));
        }
        if let Some(action) = &filter.action {
            query = query.filter(begins_with(audit::Column::Action.into_expr(), action));
        }
        if let Some(outcome) = filter.outcome {
            query = query.filter(audit::Column::Outcome.eq(outcome.as_str()));
        }
        if let Some(since) = filter.since {
            query = query.filter(audit::Column::At.gte(since.timestamp_millis()));
        }
        let rows = reading!(self, |tx| Ok(query.clone().into_model::<Row>().all(tx).await?))?;
        let entries = rows.iter().map(AuditEntry::from_row).collect::<Result<_>>()?;
        Ok(Page::new(entries, limit, |entry: &AuditEntry| entry.id.to_string()))
    }

    fn audit_row(&self, scope: &Scope, action: &str, target: &str, outcome: Outcome, detail: &Value) -> audit::Model {
        audit::Model {
            id: self.new_id().to_string(),
            at: self.now_ms(),
            actor_id: scope.user_id().map(|id| id.to_string()),
            action: column::without_nul(action),
            target: column::without_nul(target),
            outcome: outcome.as_str().to_owned(),
            detail: detail.to_string(),
            address: scope.address().map(column::without_nul),
        }
    }
}

/// The entry of a change, in the change's own transaction.
pub(crate) async fn append(
    store: &Store,
    tx: &Tx,
    scope: &Scope,
    action: &str,
    target: &str,
    detail: Value,
) -> Result<()> {
    insert(tx, store.audit_row(scope, action, target, Outcome::Done, &detail)).await
}

async fn insert(tx: &Tx, row: audit::Model) -> Result<()> {
    audit::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

fn actor() -> RelationDef {
    audit::Entity::belongs_to(user::Entity).from(audit::Column::ActorId).to(user::Column::Id).into()
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    audit: audit::Model,
    actor_name: Option<String>,
}

impl AuditEntry {
    fn from_row(Row { audit, actor_name }: &Row) -> Result<Self> {
        Ok(Self {
            id: column::id(&audit.id)?,
            at: column::time(audit.at),
            actor: Person::from_columns(audit.actor_id.as_ref(), actor_name.as_ref())?,
            action: audit.action.clone(),
            target: audit.target.clone(),
            outcome: audit.outcome.parse()?,
            detail: column::json(&audit.detail)?,
            address: audit.address.clone(),
        })
    }
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "done" => Ok(Self::Done),
            "refused" => Ok(Self::Refused),
            "failed" => Ok(Self::Failed),
            _ => Err(StoreError::Invalid { field: "outcome", message: "must be done, refused or failed".into() }),
        }
    }
}
