use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel, JoinType,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef, Select,
    sea_query::{Expr, Func},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::{
    Page, PageRequest, Person, Result, Scope, Store, StoreError,
    approval::SILENCE_MS,
    column::{self, contains, without_nul},
    entity::{approval, execution, user},
    error::conflict,
};

const NOT_FOUND: StoreError = StoreError::NotFound("execution");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// One run of one statement, as the history shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExecutionRecord {
    pub id: Ulid,
    /// `None` when the system ran it.
    pub principal: Option<Person>,
    pub sql: String,
    pub parameters: Value,
    pub catalog: Option<String>,
    pub database: Option<String>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub state: ExecutionState,
    pub estimate: Option<Value>,
    pub statistics: Option<Value>,
    pub columns: Option<Value>,
    pub error: Option<Value>,
    pub origin: Option<Value>,
    pub tables: Option<Value>,
    pub approval: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// An execution as it begins; its principal is the scope's user.
#[derive(Clone, Debug)]
pub struct NewExecution {
    pub id: Ulid,
    pub sql: String,
    pub parameters: Value,
    pub catalog: Option<String>,
    pub database: Option<String>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub state: ExecutionState,
    pub estimate: Option<Value>,
    /// The token, dashboard, tile or saved query it came from.
    pub origin: Option<Value>,
    pub tables: Option<Value>,
}

/// What became known since; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct ExecutionUpdate {
    /// A final state sets `finished_at` and is never left again.
    pub state: Option<ExecutionState>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub estimate: Option<Value>,
    pub statistics: Option<Value>,
    pub columns: Option<Value>,
    pub error: Option<Value>,
    pub tables: Option<Value>,
    pub approval: Option<Value>,
}

#[derive(Clone, Debug, Default)]
pub struct ExecutionFilter {
    /// Only one's own, for administrators too (others see their own anyway).
    pub mine: bool,
    pub state: Option<ExecutionState>,
    pub since: Option<DateTime<Utc>>,
    /// Part of the SQL, any case.
    pub search: Option<String>,
    pub page: PageRequest,
}

impl Store {
    /// Begins a line of history. An id that exists is a `Conflict`.
    pub async fn insert_execution(&self, scope: &Scope, new: NewExecution) -> Result<()> {
        let now = self.now_ms();
        let row = execution::Model {
            id: new.id.to_string(),
            principal_id: scope.user_id().map(|id| id.to_string()),
            sql: without_nul(&new.sql),
            parameters: new.parameters.to_string(),
            catalog: new.catalog.as_deref().map(without_nul),
            database: new.database.as_deref().map(without_nul),
            engine: new.engine,
            route_reason: new.route_reason,
            state: new.state.as_str().to_owned(),
            estimate: new.estimate.map(|value| value.to_string()),
            statistics: None,
            columns: None,
            error: None,
            origin: new.origin.map(|value| value.to_string()),
            tables: new.tables.map(|value| value.to_string()),
            approval: None,
            created_at: now,
            finished_at: new.state.is_final().then_some(now),
        };
        writing!(self, |tx| {
            execution::Entity::insert(row.clone().into_active_model())
                .exec_without_returning(tx)
                .await
                .map_err(|error| conflict(error, "an execution with this id exists already"))?;
            Ok(())
        })
    }

    /// By its principal or the system. A finished execution is not changed any more (the call is then without effect).
    pub async fn update_execution(&self, scope: &Scope, id: Ulid, update: ExecutionUpdate) -> Result<()> {
        let now = self.now_ms();
        writing!(self, |tx| {
            let found = execution::Entity::find_by_id(id.to_string()).lock_exclusive().one(tx).await?;
            let mut row = found.ok_or(NOT_FOUND)?;
            must_own(scope, row.principal_id.as_ref())?;
            if row.finished_at.is_some() {
                return Ok(());
            }
            let json = |new: &Option<Value>, old| new.as_ref().map(Value::to_string).or(old);
            row.engine = update.engine.clone().or(row.engine);
            row.route_reason = update.route_reason.clone().or(row.route_reason);
            row.estimate = json(&update.estimate, row.estimate);
            row.statistics = json(&update.statistics, row.statistics);
            row.columns = json(&update.columns, row.columns);
            row.error = json(&update.error, row.error);
            row.tables = json(&update.tables, row.tables);
            row.approval = json(&update.approval, row.approval);
            if let Some(state) = update.state {
                row.state = state.as_str().to_owned();
                row.finished_at = state.is_final().then_some(now);
            }
            execution::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
            Ok(())
        })
    }

    /// One's own; administrators anyone's.
    pub async fn execution(&self, scope: &Scope, id: Ulid) -> Result<ExecutionRecord> {
        let query = select().filter(execution::Column::Id.eq(id.to_string()));
        let row = reading!(self, |tx| Ok(query.clone().into_model::<Row>().one(tx).await?))?;
        let record = ExecutionRecord::from_row(&row.ok_or(NOT_FOUND)?)?;
        scope.must_see(record.principal.as_ref().map(|person| person.id), "execution")?;
        Ok(record)
    }

    /// Newest first: one's own; administrators everyone's.
    pub async fn executions(&self, scope: &Scope, filter: ExecutionFilter) -> Result<Page<ExecutionRecord>> {
        let limit = filter.page.limit();
        let mut query = select().order_by_desc(execution::Column::Id).limit(limit + 1);
        if let Some(user) = scope.user_id().filter(|_| filter.mine || !scope.is_admin()) {
            query = query.filter(execution::Column::PrincipalId.eq(user.to_string()));
        }
        if let Some(position) = filter.page.position()? {
            query = query.filter(execution::Column::Id.lt(position));
        }
        if let Some(state) = filter.state {
            query = query.filter(execution::Column::State.eq(state.as_str()));
        }
        if let Some(since) = filter.since {
            query = query.filter(execution::Column::CreatedAt.gte(since.timestamp_millis()));
        }
        if let Some(search) = &filter.search {
            let sql = Func::lower(execution::Column::Sql.into_expr());
            query = query.filter(contains(sql, &search.to_lowercase()));
        }
        let rows = reading!(self, |tx| Ok(query.clone().into_model::<Row>().all(tx).await?))?;
        let records = rows.iter().map(ExecutionRecord::from_row).collect::<Result<_>>()?;
        Ok(Page::new(records, limit, |record: &ExecutionRecord| record.id.to_string()))
    }

    /// Marks what was begun before `before` and never finished as `FAILED` with `error` (a process that died); by the
    /// system only. What waits for an administrator, or was agreed to since, is spared. Answers how many.
    pub async fn fail_abandoned_executions(&self, scope: &Scope, before: DateTime<Utc>, error: Value) -> Result<u64> {
        scope.must_be_system()?;
        let spared = approval::Entity::find()
            .select_only()
            .column(approval::Column::ExecutionId)
            .filter(Condition::any().add(approval::Column::DecidedAt.gte(before.timestamp_millis())).add(
                approval::Column::State.eq("waiting").and(approval::Column::SeenAt.gt(self.now_ms() - SILENCE_MS)),
            ))
            .into_query();
        let update = execution::Entity::update_many()
            .col_expr(execution::Column::State, Expr::val(ExecutionState::Failed.as_str()))
            .col_expr(execution::Column::Error, Expr::val(error.to_string()))
            .col_expr(execution::Column::FinishedAt, Expr::val(self.now_ms()))
            .filter(execution::Column::FinishedAt.is_null())
            .filter(execution::Column::Id.not_in_subquery(spared))
            .filter(execution::Column::CreatedAt.lt(before.timestamp_millis()));
        writing!(self, |tx| Ok(update.clone().exec(tx).await?.rows_affected))
    }

    /// Deletes history older than `before`; by the system only. Answers how many.
    pub async fn delete_executions(&self, scope: &Scope, before: DateTime<Utc>) -> Result<u64> {
        scope.must_be_system()?;
        let old = execution::Entity::delete_many().filter(execution::Column::CreatedAt.lt(before.timestamp_millis()));
        writing!(self, |tx| Ok(old.clone().exec(tx).await?.rows_affected))
    }
}

/// Only the system changes what others run; not even administrators rewrite history.
fn must_own(scope: &Scope, principal: Option<&String>) -> Result<()> {
    match scope.user_id() {
        Some(user) if principal != Some(&user.to_string()) => Err(NOT_FOUND),
        _ => Ok(()),
    }
}

fn select() -> Select<execution::Entity> {
    let principal: RelationDef =
        execution::Entity::belongs_to(user::Entity).from(execution::Column::PrincipalId).to(user::Column::Id).into();
    execution::Entity::find().join(JoinType::LeftJoin, principal).column_as(user::Column::Name, "principal_name")
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    execution: execution::Model,
    principal_name: Option<String>,
}

impl ExecutionRecord {
    fn from_row(Row { execution: row, principal_name }: &Row) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            principal: Person::from_columns(row.principal_id.as_ref(), principal_name.as_ref())?,
            sql: row.sql.clone(),
            parameters: column::json(&row.parameters)?,
            catalog: row.catalog.clone(),
            database: row.database.clone(),
            engine: row.engine.clone(),
            route_reason: row.route_reason.clone(),
            state: row.state.parse()?,
            estimate: column::optional_json(row.estimate.as_ref())?,
            statistics: column::optional_json(row.statistics.as_ref())?,
            columns: column::optional_json(row.columns.as_ref())?,
            error: column::optional_json(row.error.as_ref())?,
            origin: column::optional_json(row.origin.as_ref())?,
            tables: column::optional_json(row.tables.as_ref())?,
            approval: column::optional_json(row.approval.as_ref())?,
            created_at: column::time(row.created_at),
            finished_at: row.finished_at.map(column::time),
        })
    }
}

impl ExecutionState {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl std::str::FromStr for ExecutionState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "QUEUED" => Ok(Self::Queued),
            "RUNNING" => Ok(Self::Running),
            "SUCCEEDED" => Ok(Self::Succeeded),
            "FAILED" => Ok(Self::Failed),
            "CANCELLED" => Ok(Self::Cancelled),
            _ => Err(StoreError::Invalid {
                field: "state",
                message: "must be QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED".into(),
            }),
        }
    }
}
