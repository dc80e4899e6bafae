use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::{
    Result, Role, Scope, Store, StoreError, Usd, User, audit, column,
    connection::Tx,
    cost::{self, DAY_MS},
    entity::{api_token, budget, charge, spent_day, user},
    group,
};

const NOT_FOUND: StoreError = StoreError::NotFound("budget");

/// Whom a budget is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// All together.
    Everyone,
    /// Each person of a role for themselves.
    Role {
        role: Role,
    },
    User {
        id: Ulid,
    },
    /// The people of a group together.
    Group {
        id: Ulid,
    },
    Token {
        id: Ulid,
    },
    /// What reads a catalog's tables; for single runs only.
    Catalog {
        name: String,
    },
}

/// What a budget's limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Each single run.
    Run,
    /// A day in UTC.
    Day,
    /// A month in UTC.
    Month,
}

/// What becomes of a run above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetAction {
    Block,
    /// It waits until an administrator agrees.
    Ask,
}

/// A limit on what is read or spent. With both limits, the one that is reached first counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    pub id: Ulid,
    pub subject: Subject,
    pub period: Period,
    pub limit_bytes: Option<u64>,
    pub limit_usd: Option<Usd>,
    pub action: BudgetAction,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBudget {
    pub subject: Subject,
    pub period: Period,
    pub limit_bytes: Option<u64>,
    pub limit_usd: Option<Usd>,
    pub action: BudgetAction,
}

/// What to change; what is absent stays. `null` takes a limit away.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetChange {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<Option<u64>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub limit_usd: Option<Option<Usd>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<BudgetAction>,
}

/// A budget and how much of it is used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BudgetState {
    #[serde(flatten)]
    pub budget: Budget,
    /// The name of the person, group or token.
    pub subject_name: Option<String>,
    /// In the current period, runs under way with their estimates; of a role's budget, by whoever used most.
    pub spent_bytes: u64,
    pub spent_usd: Usd,
    pub renews_at: Option<DateTime<Utc>>,
}

/// What a run is expected to cost, and whom.
#[derive(Clone, Debug)]
pub struct Foreseen {
    pub execution: Ulid,
    pub role: Option<Role>,
    pub token: Option<Ulid>,
    pub dashboard: Option<String>,
    pub tile: Option<String>,
    pub query: Option<String>,
    pub engine: String,
    /// `None` where only the run will tell: it counts for nothing until then.
    pub bytes: Option<u64>,
    pub usd: Usd,
    pub exact: bool,
    pub catalogs: Vec<String>,
    /// So many bytes someone has agreed to: budgets that ask are content with them.
    pub approved_bytes: Option<u64>,
}

/// The budget that a run would exceed.
#[derive(Clone, Debug)]
pub struct Exceeded {
    pub budget: Budget,
    /// The name of the group whose it is.
    pub group: Option<String>,
    pub spent_bytes: u64,
    pub spent_usd: Usd,
    pub renews_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Administrators; with what is used of each.
    pub async fn budgets(&self, scope: &Scope) -> Result<Vec<BudgetState>> {
        scope.must_administer()?;
        let now = self.now();
        reading!(self, |tx| {
            let mut states = Vec::new();
            for row in budget::Entity::find().order_by_asc(budget::Column::Id).all(tx).await? {
                states.push(state(tx, Budget::from_row(&row)?, now).await?);
            }
            Ok(states)
        })
    }

    /// Administrators.
    pub async fn budget(&self, scope: &Scope, id: Ulid) -> Result<BudgetState> {
        scope.must_administer()?;
        let now = self.now();
        reading!(self, |tx| state(tx, Budget::from_row(&find(tx, id).await?)?, now).await)
    }

    /// Administrators.
    pub async fn create_budget(&self, scope: &Scope, new: NewBudget) -> Result<BudgetState> {
        scope.must_administer()?;
        check(new.limit_bytes, new.limit_usd)?;
        if matches!(new.subject, Subject::Catalog { .. }) && new.period != Period::Run {
            return Err(StoreError::Invalid { field: "period", message: "must be run for a catalog".into() });
        }
        let now = self.now_ms();
        let (kind, subject) = new.subject.columns();
        let row = budget::Model {
            id: self.new_id().to_string(),
            subject_kind: kind.to_owned(),
            subject,
            period: new.period.as_str().to_owned(),
            limit_bytes: new.limit_bytes.map(stored),
            limit_nano_usd: new.limit_usd.map(Usd::nano),
            action: new.action.as_str().to_owned(),
            created_at: now,
            updated_at: now,
        };
        writing!(self, |tx| {
            match &new.subject {
                Subject::User { id: User::PUBLIC } => {}
                Subject::User { id } => drop(crate::user::find(tx, *id).await?),
                Subject::Group { id } => drop(group::find(tx, *id).await?),
                Subject::Token { id } => {
                    let token = api_token::Entity::find_by_id(id.to_string()).one(tx).await?;
                    token.ok_or(StoreError::NotFound("token"))?;
                }
                Subject::Everyone | Subject::Role { .. } | Subject::Catalog { .. } => {}
            }
            budget::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
            audit::append(self, tx, scope, "budget.create", &row.id, json!(new)).await?;
            state(tx, Budget::from_row(&row)?, self.now()).await
        })
    }

    /// Administrators.
    pub async fn update_budget(&self, scope: &Scope, id: Ulid, change: BudgetChange) -> Result<BudgetState> {
        scope.must_administer()?;
        writing!(self, |tx| {
            let mut row = find(tx, id).await?;
            if let Some(limit) = change.limit_bytes {
                row.limit_bytes = limit.map(stored);
            }
            if let Some(limit) = change.limit_usd {
                row.limit_nano_usd = limit.map(Usd::nano);
            }
            if let Some(action) = change.action {
                row.action = action.as_str().to_owned();
            }
            check(row.limit_bytes.map(unsigned), row.limit_nano_usd.map(Usd::from_nano))?;
            row.updated_at = self.now_ms();
            budget::Entity::update(row.clone().into_active_model().reset_all()).exec(tx).await?;
            audit::append(self, tx, scope, "budget.update", &row.id, json!(change)).await?;
            state(tx, Budget::from_row(&row)?, self.now()).await
        })
    }

    /// Administrators.
    pub async fn delete_budget(&self, scope: &Scope, id: Ulid) -> Result<()> {
        scope.must_administer()?;
        writing!(self, |tx| {
            let row = find(tx, id).await?;
            budget::Entity::delete_by_id(row.id.as_str()).exec(tx).await?;
            audit::append(self, tx, scope, "budget.delete", &row.id, json!({"subject": row.subject})).await
        })
    }

    /// Sets a run's estimate aside in every budget that counts for the scope's user, or answers the one it would exceed.
    /// Where several instances ask at once, one after the other is answered.
    pub async fn reserve(&self, scope: &Scope, run: &Foreseen) -> Result<Option<Exceeded>> {
        let bytes = run.bytes.unwrap_or(0);
        let approved = run.approved_bytes.is_some_and(|approved| bytes <= approved);
        let user = scope.user_id().map(|id| id.to_string());
        let (all, groups) = reading!(self, |tx| {
            let all = budget::Entity::find().all(tx).await?;
            let groups = match &user {
                Some(user) if all.iter().any(|budget| budget.subject_kind == "group") => {
                    group::groups_of(tx, user).await?
                }
                _ => Vec::new(),
            };
            Ok((all, groups))
        })?;
        let mut budgets = Vec::new();
        for row in &all {
            let budget = Budget::from_row(row)?;
            if budget.subject.counts_for(scope, &groups, run) && !(approved && budget.action == BudgetAction::Ask) {
                budgets.push(budget);
            }
        }
        if bytes == 0 {
            return Ok(None);
        }
        // What blocks says so before anyone is asked.
        budgets.sort_by_key(|budget| (budget.action == BudgetAction::Ask, budget.id));
        let now = self.now();
        let over = |budget: &Budget, (spent_bytes, spent_usd): (u64, Usd)| {
            let bytes = spent_bytes.saturating_add(bytes);
            let exceeded = budget.limit_bytes.is_some_and(|limit| bytes > limit)
                || budget.limit_usd.is_some_and(|limit| run.usd > Usd::ZERO && spent_usd + run.usd > limit);
            let renews_at = budget.period.ends(now);
            let named = |(id, _): &&(Ulid, String)| budget.subject == Subject::Group { id: *id };
            let group = groups.iter().find(named).map(|(_, name)| name.clone());
            exceeded.then(|| Exceeded { budget: budget.clone(), group, spent_bytes, spent_usd, renews_at })
        };
        let (single, lasting): (Vec<_>, Vec<_>) = budgets.into_iter().partition(|budget| budget.period == Period::Run);
        let blocked = single.iter().find_map(|budget| over(budget, (0, Usd::ZERO)));
        if let Some(exceeded) = &blocked
            && (exceeded.budget.action == BudgetAction::Block || lasting.is_empty())
        {
            return Ok(blocked);
        }
        if lasting.is_empty() {
            return Ok(None);
        }
        let row = self.charge_row(scope, run);
        writing!(self, |tx| {
            let ids = lasting.iter().map(|budget| budget.id.to_string());
            // Whoever holds these rows decides; others wait.
            let locked = budget::Entity::find().filter(budget::Column::Id.is_in(ids));
            locked.order_by_asc(budget::Column::Id).lock_exclusive().all(tx).await?;
            for budget in &lasting {
                let spent = spent(tx, spent_by(tx, budget, scope, run, now).await?).await?;
                if let Some(exceeded) = over(budget, spent) {
                    return Ok(Some(exceeded));
                }
            }
            if blocked.is_some() {
                return Ok(blocked.clone());
            }
            cost::book(tx, row.clone()).await?;
            Ok(None)
        })
    }

    pub(crate) fn charge_row(&self, scope: &Scope, run: &Foreseen) -> charge::Model {
        charge::Model {
            execution_id: run.execution.to_string(),
            at: self.now_ms(),
            principal_id: scope.user_id().map(|id| id.to_string()),
            token_id: run.token.map(|id| id.to_string()),
            dashboard_id: run.dashboard.clone(),
            tile: run.tile.as_deref().map(column::without_nul),
            query_id: run.query.clone(),
            engine: run.engine.clone(),
            estimated_bytes: run.bytes.map(stored),
            exact: run.exact,
            bytes: stored(run.bytes.unwrap_or(0)),
            nano_usd: run.usd.nano(),
            saved_nano_usd: 0,
            settled: false,
            complete: false,
        }
    }
}

async fn find(tx: &Tx, id: Ulid) -> Result<budget::Model> {
    budget::Entity::find_by_id(id.to_string()).one(tx).await?.ok_or(NOT_FOUND)
}

fn since(budget: &Budget, now: DateTime<Utc>) -> Select<spent_day::Entity> {
    let day = budget.period.began(now).timestamp_millis().div_euclid(DAY_MS);
    spent_day::Entity::find().filter(spent_day::Column::Day.gte(day))
}

/// The days that count for a budget.
async fn spent_by(
    tx: &Tx,
    budget: &Budget,
    scope: &Scope,
    run: &Foreseen,
    now: DateTime<Utc>,
) -> Result<Select<spent_day::Entity>> {
    let of = since(budget, now);
    Ok(match &budget.subject {
        Subject::Everyone | Subject::Catalog { .. } => of,
        Subject::Role { .. } | Subject::User { .. } => {
            of.filter(spent_day::Column::PrincipalId.eq(scope.user_id().map(|id| id.to_string())))
        }
        Subject::Group { id } => of.filter(spent_day::Column::PrincipalId.is_in(group::member_ids(tx, *id).await?)),
        Subject::Token { .. } => of.filter(spent_day::Column::TokenId.eq(run.token.map(|id| id.to_string()))),
    })
}

const SUM_BYTES: &str = "CAST(COALESCE(SUM(bytes), 0) AS BIGINT)";
const SUM_NANO: &str = "CAST(COALESCE(SUM(nano_usd), 0) AS BIGINT)";

async fn spent(tx: &Tx, days: Select<spent_day::Entity>) -> Result<(u64, Usd)> {
    let sums = days
        .select_only()
        .column_as(Expr::cust(SUM_BYTES), "bytes")
        .column_as(Expr::cust(SUM_NANO), "nano")
        .into_tuple::<(i64, i64)>()
        .one(tx)
        .await?;
    let (bytes, nano) = sums.unwrap_or_default();
    Ok((unsigned(bytes), Usd::from_nano(nano)))
}

async fn state(tx: &Tx, budget: Budget, now: DateTime<Utc>) -> Result<BudgetState> {
    let of = since(&budget, now);
    let (spent_bytes, spent_usd) = match &budget.subject {
        _ if budget.period == Period::Run => (0, Usd::ZERO),
        Subject::Everyone | Subject::Catalog { .. } => spent(tx, of).await?,
        Subject::User { id } => spent(tx, of.filter(spent_day::Column::PrincipalId.eq(id.to_string()))).await?,
        Subject::Group { id } => {
            let members = group::member_ids(tx, *id).await?;
            spent(tx, of.filter(spent_day::Column::PrincipalId.is_in(members))).await?
        }
        Subject::Token { id } => spent(tx, of.filter(spent_day::Column::TokenId.eq(id.to_string()))).await?,
        Subject::Role { role } => {
            let people = user::Entity::find().filter(user::Column::Role.eq(role.as_str())).all(tx).await?;
            let ids: Vec<String> = people.into_iter().map(|person| person.id).collect();
            let sums = of
                .filter(spent_day::Column::PrincipalId.is_in(ids))
                .select_only()
                .column_as(Expr::cust(SUM_BYTES), "bytes")
                .column_as(Expr::cust(SUM_NANO), "nano")
                .group_by(spent_day::Column::PrincipalId)
                .into_tuple::<(i64, i64)>()
                .all(tx)
                .await?;
            let (bytes, nano) = sums.into_iter().max().unwrap_or_default();
            (unsigned(bytes), Usd::from_nano(nano))
        }
    };
    let subject_name = match &budget.subject {
        Subject::User { id } => user::Entity::find_by_id(id.to_string()).one(tx).await?.map(|user| user.name),
        Subject::Group { id } => Some(group::find(tx, *id).await?.name),
        Subject::Token { id } => api_token::Entity::find_by_id(id.to_string()).one(tx).await?.map(|token| token.name),
        Subject::Everyone | Subject::Role { .. } | Subject::Catalog { .. } => None,
    };
    let renews_at = budget.period.ends(now);
    Ok(BudgetState { budget, subject_name, spent_bytes, spent_usd, renews_at })
}

fn check(limit_bytes: Option<u64>, limit_usd: Option<Usd>) -> Result<()> {
    let invalid = |message: &str| Err(StoreError::Invalid { field: "limit", message: message.into() });
    match (limit_bytes, limit_usd) {
        (None, None) => invalid("give limit_bytes, limit_usd or both"),
        (Some(bytes), _) if i64::try_from(bytes).is_err() => invalid("is too large"),
        _ => Ok(()),
    }
}

/// Where an amount does not fit it is as large as can be.
pub(crate) fn stored(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Budget {
    fn from_row(row: &budget::Model) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            subject: Subject::from_columns(&row.subject_kind, &row.subject)?,
            period: row.period.parse()?,
            limit_bytes: row.limit_bytes.map(unsigned),
            limit_usd: row.limit_nano_usd.map(Usd::from_nano),
            action: row.action.parse()?,
            created_at: column::time(row.created_at),
            updated_at: column::time(row.updated_at),
        })
    }
}

impl Subject {
    fn columns(&self) -> (&'static str, String) {
        match self {
            Self::Everyone => ("everyone", String::new()),
            Self::Role { role } => ("role", role.as_str().to_owned()),
            Self::User { id } => ("user", id.to_string()),
            Self::Group { id } => ("group", id.to_string()),
            Self::Token { id } => ("token", id.to_string()),
            Self::Catalog { name } => ("catalog", column::without_nul(&name.to_lowercase())),
        }
    }

    fn from_columns(kind: &str, subject: &str) -> Result<Self> {
        Ok(match kind {
            "everyone" => Self::Everyone,
            "role" => Self::Role { role: subject.parse()? },
            "user" => Self::User { id: column::id(subject)? },
            "group" => Self::Group { id: column::id(subject)? },
            "token" => Self::Token { id: column::id(subject)? },
            "catalog" => Self::Catalog { name: subject.to_owned() },
            _ => return Err(StoreError::Internal(format!("a budget for {kind:?}").into())),
        })
    }

    fn counts_for(&self, scope: &Scope, groups: &[(Ulid, String)], run: &Foreseen) -> bool {
        match self {
            Self::Everyone => true,
            Self::Role { role } => run.role == Some(*role),
            Self::User { id } => scope.user_id() == Some(*id),
            Self::Group { id } => groups.iter().any(|(group, _)| group == id),
            Self::Token { id } => run.token == Some(*id),
            Self::Catalog { name } => run.catalogs.iter().any(|catalog| catalog.eq_ignore_ascii_case(name)),
        }
    }
}

impl Period {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    fn began(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let day = match self {
            Self::Run => return now,
            Self::Day => Some(now.date_naive()),
            Self::Month => NaiveDate::from_ymd_opt(now.year(), now.month(), 1),
        };
        midnight(day).unwrap_or(now)
    }

    fn ends(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Run => None,
            Self::Day => midnight(now.date_naive().succ_opt()),
            Self::Month if now.month() == 12 => midnight(NaiveDate::from_ymd_opt(now.year() + 1, 1, 1)),
            Self::Month => midnight(NaiveDate::from_ymd_opt(now.year(), now.month() + 1, 1)),
        }
    }
}

fn midnight(day: Option<NaiveDate>) -> Option<DateTime<Utc>> {
    Some(day?.and_hms_opt(0, 0, 0)?.and_utc())
}

impl std::str::FromStr for Period {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "run" => Ok(Self::Run),
            "day" => Ok(Self::Day),
            "month" => Ok(Self::Month),
            _ => Err(StoreError::Invalid { field: "period", message: "must be run, day or month".into() }),
        }
    }
}

impl BudgetAction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Ask => "ask",
        }
    }
}

impl std::str::FromStr for BudgetAction {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "block" => Ok(Self::Block),
            "ask" => Ok(Self::Ask),
            _ => Err(StoreError::Invalid { field: "action", message: "must be block or ask".into() }),
        }
    }
}

/// Tells `null` from absent.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}
