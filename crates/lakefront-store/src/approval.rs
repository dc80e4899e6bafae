use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::{
    Person, Result, Role, Scope, Store, StoreError, audit,
    column::{self, without_nul},
    entity::{approval, user},
};

const NOT_FOUND: StoreError = StoreError::NotFound("approval");
/// A run whose instance has not been heard of for so long waits no more.
pub(crate) const SILENCE_MS: i64 = 120_000;

/// A run that waits for an administrator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approval {
    pub execution_id: Ulid,
    /// `None` when the system runs it.
    pub principal: Option<Person>,
    pub sql: String,
    pub engine: String,
    pub reason: String,
    pub estimate: Option<Value>,
    pub asked_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A question to administrators; the run is the scope's user's.
#[derive(Clone, Debug)]
pub struct NewApproval {
    pub execution: Ulid,
    pub sql: String,
    pub engine: String,
    pub reason: String,
    pub estimate: Option<Value>,
    pub patience: Duration,
}

/// How a question stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    Waiting,
    /// Nobody decided in time.
    Expired,
    Decided {
        approved: bool,
        by: Option<Person>,
        note: Option<String>,
    },
}

impl Store {
    /// Puts a run before the administrators.
    pub async fn ask_approval(&self, scope: &Scope, new: NewApproval) -> Result<()> {
        let now = self.now();
        let patience = TimeDelta::from_std(new.patience).unwrap_or(TimeDelta::days(1));
        let row = approval::Model {
            execution_id: new.execution.to_string(),
            principal_id: scope.user_id().map(|id| id.to_string()),
            sql: without_nul(&new.sql),
            engine: new.engine,
            reason: without_nul(&new.reason),
            estimate: new.estimate.map(|value| value.to_string()),
            state: "waiting".to_owned(),
            asked_at: now.timestamp_millis(),
            expires_at: (now + patience).timestamp_millis(),
            seen_at: now.timestamp_millis(),
            decided_by: None,
            decided_at: None,
            note: None,
        };
        writing!(self, |tx| {
            use approval::Column::{
                DecidedAt, DecidedBy, Estimate, ExecutionId, ExpiresAt, Note, Reason, SeenAt, State,
            };
            let anew = [State, Reason, Estimate, ExpiresAt, SeenAt, DecidedBy, DecidedAt, Note];
            approval::Entity::insert(row.clone().into_active_model())
                .on_conflict(OnConflict::column(ExecutionId).update_columns(anew).to_owned())
                .exec_without_returning(tx)
                .await?;
            let detail = json!({"reason": row.reason});
            audit::append(self, tx, scope, "approval.ask", &row.execution_id, detail).await
        })
    }

    /// How it stands with a run, which thereby says that it still waits; by the system only.
    pub async fn ruling(&self, scope: &Scope, execution: Ulid) -> Result<Ruling> {
        scope.must_be_system()?;
        let now = self.now_ms();
        let query = approval::Entity::find_by_id(execution.to_string())
            .join(JoinType::LeftJoin, person(approval::Column::DecidedBy))
            .column_as(user::Column::Name, "person_name");
        let row = reading!(self, |tx| Ok(query.clone().into_model::<Row>().one(tx).await?))?.ok_or(NOT_FOUND)?;
        let Row { approval: row, person_name } = row;
        let decided = |approved| {
            let by = Person::from_columns(row.decided_by.as_ref(), person_name.as_ref())?;
            Ok(Ruling::Decided { approved, by, note: row.note.clone() })
        };
        match row.state.as_str() {
            "approved" => return decided(true),
            "rejected" => return decided(false),
            "waiting" if row.expires_at > now => {}
            _ => return Ok(Ruling::Expired),
        }
        if row.seen_at + SILENCE_MS / 4 <= now {
            let seen = approval::Entity::update_many()
                .col_expr(approval::Column::SeenAt, now.into())
                .filter(approval::Column::ExecutionId.eq(row.execution_id.as_str()));
            writing!(self, |tx| Ok(seen.clone().exec(tx).await?))?;
        }
        Ok(Ruling::Waiting)
    }

    /// The run waits no more; by the system only.
    pub async fn withdraw_approval(&self, scope: &Scope, execution: Ulid) -> Result<()> {
        scope.must_be_system()?;
        let withdrawn = approval::Entity::update_many()
            .col_expr(approval::Column::State, Expr::val("withdrawn"))
            .filter(approval::Column::ExecutionId.eq(execution.to_string()))
            .filter(approval::Column::State.eq("waiting"));
        writing!(self, |tx| Ok(withdrawn.clone().exec(tx).await.map(drop)?))
    }

    /// Administrators; what waits, oldest first, 200 at most.
    pub async fn approvals(&self, scope: &Scope) -> Result<Vec<Approval>> {
        scope.must_administer()?;
        let now = self.now_ms();
        let query = approval::Entity::find()
            .join(JoinType::LeftJoin, person(approval::Column::PrincipalId))
            .column_as(user::Column::Name, "person_name")
            .filter(approval::Column::State.eq("waiting"))
            .filter(approval::Column::ExpiresAt.gt(now))
            .filter(approval::Column::SeenAt.gt(now - SILENCE_MS))
            .order_by_asc(approval::Column::AskedAt)
            .limit(200);
        let rows = reading!(self, |tx| Ok(query.clone().into_model::<Row>().all(tx).await?))?;
        rows.iter().map(Approval::from_row).collect()
    }

    /// Administrators, of what others run; of their own only where there is no other administrator.
    pub async fn decide_approval(
        &self,
        scope: &Scope,
        execution: Ulid,
        approved: bool,
        note: Option<String>,
    ) -> Result<()> {
        scope.must_administer()?;
        let note = note.map(|note| column::text("note", &note, 0, 1000)).transpose()?.filter(|note| !note.is_empty());
        let now = self.now_ms();
        writing!(self, |tx| {
            let found = approval::Entity::find_by_id(execution.to_string()).lock_exclusive().one(tx).await?;
            let mut row = found.ok_or(NOT_FOUND)?;
            let waits = row.state == "waiting" && row.expires_at > now && row.seen_at > now - SILENCE_MS;
            if !waits {
                return Err(StoreError::Conflict("this run does not wait for anyone any more".into()));
            }
            let own = scope.user_id().map(|id| id.to_string());
            if approved && own.is_some() && own == row.principal_id {
                let others = user::Entity::find()
                    .filter(user::Column::Role.eq(Role::Admin.as_str()))
                    .filter(user::Column::Disabled.eq(false))
                    .filter(user::Column::Id.ne(row.principal_id.as_deref().unwrap_or_default()))
                    .count(tx)
                    .await?;
                if others > 0 {
                    return Err(StoreError::Forbidden("another administrator must agree to your own run"));
                }
            }
            row.state = if approved { "approved" } else { "rejected" }.to_owned();
            row.decided_by = own;
            row.decided_at = Some(now);
            row.note.clone_from(&note);
            approval::Entity::update(row.clone().into_active_model().reset_all()).exec(tx).await?;
            let action = if approved { "approval.approve" } else { "approval.reject" };
            let estimate = column::optional_json(row.estimate.as_ref())?;
            let detail =
                json!({"principal": row.principal_id, "reason": row.reason, "estimate": estimate, "note": note});
            audit::append(self, tx, scope, action, &row.execution_id, detail).await
        })
    }
}

fn person(column: approval::Column) -> RelationDef {
    approval::Entity::belongs_to(user::Entity).from(column).to(user::Column::Id).into()
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    approval: approval::Model,
    person_name: Option<String>,
}

impl Approval {
    fn from_row(Row { approval: row, person_name }: &Row) -> Result<Self> {
        Ok(Self {
            execution_id: column::id(&row.execution_id)?,
            principal: Person::from_columns(row.principal_id.as_ref(), person_name.as_ref())?,
            sql: row.sql.clone(),
            engine: row.engine.clone(),
            reason: row.reason.clone(),
            estimate: column::optional_json(row.estimate.as_ref())?,
            asked_at: column::time(row.asked_at),
            expires_at: column::time(row.expires_at),
        })
    }
}
