use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
    Statement, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::{
    Foreseen, Result, Scope, Store, Usd,
    budget::{stored, unsigned},
    connection::Tx,
    entity::{approval, charge, charge_table, reuse},
};

const DAY_MS: i64 = 86_400_000;
/// A year and a month.
const KEPT_DAYS: i64 = 400;

/// What a run has read and cost.
#[derive(Clone, Debug)]
pub struct Settled {
    pub bytes: u64,
    pub usd: Usd,
    /// What Athena would have charged above that.
    pub saved: Usd,
    /// It ended with all its rows.
    pub complete: bool,
    /// Tables by full name, with their bytes of the estimate.
    pub tables: Vec<(String, u64)>,
}

/// Answers from stored results, summed up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reuse {
    /// Days since 1970.
    pub day: i64,
    /// `None` for the system.
    pub principal: Option<Ulid>,
    pub dashboard: Option<String>,
    pub engine: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBy {
    #[default]
    Day,
    User,
    Dashboard,
    Table,
    Engine,
}

/// What was spent on one day, by one person, …
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CostRow {
    /// A date, an id, a table's full name, an engine; empty for what belongs to none.
    pub key: String,
    /// The person's or dashboard's name.
    pub name: Option<String>,
    /// Runs that an engine did.
    pub runs: u64,
    pub bytes: u64,
    pub usd: Usd,
    /// What Athena would have charged for the same runs above `usd`.
    pub saved_by_routing_usd: Usd,
    /// Answers from stored results.
    pub reused: u64,
    pub saved_by_reuse_usd: Usd,
}

/// How well estimates foretold what runs read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Accuracy {
    /// Finished runs whose estimate said to be exact, and those of them within 1 %.
    pub exact_runs: u64,
    pub within_1_percent: u64,
    /// Finished runs whose estimate was an upper bound, and those of them that kept it.
    pub bounded_runs: u64,
    pub within_bound: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Costs {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub total: CostRow,
    pub accuracy: Accuracy,
    /// Days in order, the rest by cost.
    pub items: Vec<CostRow>,
}

impl Store {
    /// Writes what a run of the scope's user really cost in place of what was set aside for it.
    pub async fn settle(&self, scope: &Scope, run: &Foreseen, settled: &Settled) -> Result<()> {
        let row = charge::Model {
            bytes: stored(settled.bytes),
            nano_usd: settled.usd.nano(),
            saved_nano_usd: settled.saved.nano(),
            settled: true,
            complete: settled.complete,
            ..self.charge_row(scope, run)
        };
        let foreseen: u64 = settled.tables.iter().map(|(_, bytes)| *bytes).sum();
        let count = settled.tables.len() as u64;
        let tables: Vec<_> = settled
            .tables
            .iter()
            .map(|(name, bytes)| {
                // Tables of unknown sizes share alike.
                let (part, whole) = if foreseen > 0 { (*bytes, foreseen) } else { (1, count) };
                let bytes = u128::from(settled.bytes) * u128::from(part) / u128::from(whole);
                charge_table::Model {
                    execution_id: row.execution_id.clone(),
                    name: crate::column::without_nul(name),
                    bytes: stored(u64::try_from(bytes).unwrap_or(u64::MAX)),
                    nano_usd: settled.usd.share(part, whole).nano(),
                }
            })
            .collect();
        writing!(self, |tx| {
            use charge::Column::{Bytes, Complete, ExecutionId, NanoUsd, SavedNanoUsd, Settled};
            let actual = [Bytes, NanoUsd, SavedNanoUsd, Settled, Complete];
            charge::Entity::insert(row.clone().into_active_model())
                .on_conflict(OnConflict::column(ExecutionId).update_columns(actual).to_owned())
                .exec_without_returning(tx)
                .await?;
            for table in &tables {
                charge_table::Entity::insert(table.clone().into_active_model())
                    .on_conflict_do_nothing()
                    .exec_without_returning(tx)
                    .await?;
            }
            Ok(())
        })
    }

    /// Adds answers from stored results, with how many there were and what they spared; by the system only.
    pub async fn add_reuses(&self, scope: &Scope, reuses: &BTreeMap<Reuse, (u64, Usd)>) -> Result<()> {
        scope.must_be_system()?;
        writing!(self, |tx| {
            for (reuse, (runs, saved)) in reuses {
                let id = (
                    reuse.day,
                    reuse.principal.map(|id| id.to_string()).unwrap_or_default(),
                    reuse.dashboard.clone().unwrap_or_default(),
                    reuse.engine.clone(),
                );
                let before = reuse::Entity::find_by_id(id.clone()).lock_exclusive().one(tx).await?;
                let (runs_before, saved_before) = before.map_or((0, 0), |row| (row.runs, row.saved_nano_usd));
                let row = reuse::Model {
                    day: id.0,
                    principal_id: id.1,
                    dashboard_id: id.2,
                    engine: id.3,
                    runs: runs_before.saturating_add(stored(*runs)),
                    saved_nano_usd: saved_before.saturating_add(saved.nano()),
                };
                use reuse::Column::{DashboardId, Day, Engine, PrincipalId, Runs, SavedNanoUsd};
                let conflict = OnConflict::columns([Day, PrincipalId, DashboardId, Engine])
                    .update_columns([Runs, SavedNanoUsd])
                    .to_owned();
                let insert = reuse::Entity::insert(row.into_active_model());
                insert.on_conflict(conflict).exec_without_returning(tx).await?;
            }
            Ok(())
        })
    }

    /// What was spent from `from` to before `to`: one's own; administrators everyone's.
    pub async fn costs(&self, scope: &Scope, from: DateTime<Utc>, to: DateTime<Utc>, by: CostBy) -> Result<Costs> {
        let filter = Filter {
            from: from.timestamp_millis(),
            to: to.timestamp_millis(),
            user: scope.user_id().filter(|_| !scope.is_admin()),
        };
        reading!(self, |tx| {
            let total = filter.total(tx).await?;
            let items = filter.rows(tx, by).await?;
            Ok(Costs { from, to, total, accuracy: filter.accuracy(tx).await?, items })
        })
    }

    /// Deletes what is older than a year and a month; by the system only.
    pub async fn delete_costs(&self, scope: &Scope) -> Result<u64> {
        scope.must_be_system()?;
        let before = self.now() - TimeDelta::days(KEPT_DAYS);
        let ms = before.timestamp_millis();
        writing!(self, |tx| {
            let old = charge::Entity::find()
                .select_only()
                .column(charge::Column::ExecutionId)
                .filter(charge::Column::At.lt(ms))
                .into_query();
            charge_table::Entity::delete_many()
                .filter(charge_table::Column::ExecutionId.in_subquery(old))
                .exec(tx)
                .await?;
            reuse::Entity::delete_many().filter(reuse::Column::Day.lt(ms / DAY_MS)).exec(tx).await?;
            approval::Entity::delete_many().filter(approval::Column::AskedAt.lt(ms)).exec(tx).await?;
            let charges = charge::Entity::delete_many().filter(charge::Column::At.lt(ms)).exec(tx).await?;
            Ok(charges.rows_affected)
        })
    }
}

/// Numbers and a ULID: nothing that could be read as SQL.
struct Filter {
    from: i64,
    to: i64,
    user: Option<Ulid>,
}

impl Filter {
    fn charges(&self) -> String {
        let user = self.user.map_or(String::new(), |user| format!(" AND c.principal_id = '{user}'"));
        format!("c.at >= {} AND c.at < {}{user}", self.from, self.to)
    }

    fn reuses(&self) -> String {
        let user = self.user.map_or(String::new(), |user| format!(" AND r.principal_id = '{user}'"));
        let (from, to) = (self.from.div_euclid(DAY_MS), (self.to - 1).div_euclid(DAY_MS));
        format!("r.day >= {from} AND r.day <= {to}{user}")
    }

    async fn total(&self, tx: &Tx) -> Result<CostRow> {
        let charges = format!("SELECT '' AS k, '' AS name, {CHARGED} FROM charges c WHERE {}", self.charges());
        let reuses = format!("SELECT '' AS k, '' AS name, {REUSED} FROM reuses r WHERE {}", self.reuses());
        let mut rows = merged(all(tx, charges).await?, all(tx, reuses).await?);
        Ok(CostRow { name: None, ..rows.pop().unwrap_or_default() })
    }

    async fn rows(&self, tx: &Tx, by: CostBy) -> Result<Vec<CostRow>> {
        let (charges, reuses) = (self.charges(), self.reuses());
        let none = String::new();
        let (charged, reused) = match by {
            CostBy::Day => (
                format!(
                    "SELECT CAST(c.at / {DAY_MS} AS TEXT) AS k, '' AS name, {CHARGED} FROM charges c WHERE {charges} GROUP BY 1"
                ),
                format!(
                    "SELECT CAST(r.day AS TEXT) AS k, '' AS name, {REUSED} FROM reuses r WHERE {reuses} GROUP BY 1"
                ),
            ),
            CostBy::User => (
                format!(
                    "SELECT COALESCE(c.principal_id, '') AS k, MAX(u.name) AS name, {CHARGED} FROM charges c LEFT JOIN users u ON u.id = c.principal_id WHERE {charges} GROUP BY 1"
                ),
                format!(
                    "SELECT r.principal_id AS k, MAX(u.name) AS name, {REUSED} FROM reuses r LEFT JOIN users u ON u.id = r.principal_id WHERE {reuses} GROUP BY 1"
                ),
            ),
            CostBy::Dashboard => (
                format!(
                    "SELECT COALESCE(c.dashboard_id, '') AS k, MAX(o.title) AS name, {CHARGED} FROM charges c LEFT JOIN objects o ON o.id = c.dashboard_id WHERE {charges} GROUP BY 1"
                ),
                format!(
                    "SELECT r.dashboard_id AS k, MAX(o.title) AS name, {REUSED} FROM reuses r LEFT JOIN objects o ON o.id = r.dashboard_id WHERE {reuses} GROUP BY 1"
                ),
            ),
            CostBy::Engine => (
                format!("SELECT c.engine AS k, '' AS name, {CHARGED} FROM charges c WHERE {charges} GROUP BY 1"),
                format!("SELECT r.engine AS k, '' AS name, {REUSED} FROM reuses r WHERE {reuses} GROUP BY 1"),
            ),
            CostBy::Table => (
                format!(
                    "SELECT t.name AS k, '' AS name, {}, {}, {}, CAST(0 AS BIGINT) AS saved \
                     FROM charge_tables t JOIN charges c ON c.execution_id = t.execution_id WHERE {charges} GROUP BY 1",
                    "CAST(COUNT(*) AS BIGINT) AS runs",
                    "CAST(COALESCE(SUM(t.bytes), 0) AS BIGINT) AS bytes",
                    "CAST(COALESCE(SUM(t.nano_usd), 0) AS BIGINT) AS nano",
                ),
                none,
            ),
        };
        let reused = if reused.is_empty() { Vec::new() } else { all(tx, reused).await? };
        let mut rows = merged(all(tx, charged).await?, reused);
        match by {
            CostBy::Day => {
                rows.sort_by_key(|row| row.key.parse::<i64>().unwrap_or(0));
                for row in &mut rows {
                    let day = row.key.parse::<i64>().unwrap_or(0);
                    row.key = crate::column::time(day * DAY_MS).format("%Y-%m-%d").to_string();
                    row.name = None;
                }
            }
            _ => rows.sort_by(|a, b| (b.usd, b.bytes, b.runs).cmp(&(a.usd, a.bytes, a.runs)).then(a.key.cmp(&b.key))),
        }
        Ok(rows)
    }

    async fn accuracy(&self, tx: &Tx) -> Result<Accuracy> {
        let sql = format!(
            "SELECT CAST(COUNT(CASE WHEN c.exact THEN 1 END) AS BIGINT) AS exact_runs, \
             CAST(COUNT(CASE WHEN c.exact AND ABS(c.bytes - c.estimated_bytes) <= c.estimated_bytes / 100 THEN 1 END) AS BIGINT) AS within_1_percent, \
             CAST(COUNT(CASE WHEN NOT c.exact THEN 1 END) AS BIGINT) AS bounded_runs, \
             CAST(COUNT(CASE WHEN NOT c.exact AND c.bytes <= c.estimated_bytes THEN 1 END) AS BIGINT) AS within_bound \
             FROM charges c WHERE c.complete AND c.estimated_bytes IS NOT NULL AND {}",
            self.charges()
        );
        let row =
            AccuracyRow::find_by_statement(Statement::from_string(tx.get_database_backend(), sql)).one(tx).await?;
        Ok(row.map_or_else(Accuracy::default, |row| Accuracy {
            exact_runs: unsigned(row.exact_runs),
            within_1_percent: unsigned(row.within_1_percent),
            bounded_runs: unsigned(row.bounded_runs),
            within_bound: unsigned(row.within_bound),
        }))
    }
}

const CHARGED: &str = "CAST(COUNT(*) AS BIGINT) AS runs, CAST(COALESCE(SUM(c.bytes), 0) AS BIGINT) AS bytes, \
    CAST(COALESCE(SUM(c.nano_usd), 0) AS BIGINT) AS nano, CAST(COALESCE(SUM(c.saved_nano_usd), 0) AS BIGINT) AS saved";
const REUSED: &str = "CAST(COALESCE(SUM(r.runs), 0) AS BIGINT) AS runs, CAST(0 AS BIGINT) AS bytes, \
    CAST(0 AS BIGINT) AS nano, CAST(COALESCE(SUM(r.saved_nano_usd), 0) AS BIGINT) AS saved";

#[derive(FromQueryResult)]
struct Sums {
    k: String,
    name: Option<String>,
    runs: i64,
    bytes: i64,
    nano: i64,
    saved: i64,
}

#[derive(FromQueryResult)]
struct AccuracyRow {
    exact_runs: i64,
    within_1_percent: i64,
    bounded_runs: i64,
    within_bound: i64,
}

async fn all(tx: &Tx, sql: String) -> Result<Vec<Sums>> {
    Ok(Sums::find_by_statement(Statement::from_string(tx.get_database_backend(), sql)).all(tx).await?)
}

fn merged(charged: Vec<Sums>, reused: Vec<Sums>) -> Vec<CostRow> {
    let mut rows: BTreeMap<String, CostRow> = BTreeMap::new();
    for sums in charged {
        let row = CostRow {
            key: sums.k.clone(),
            name: sums.name.filter(|name| !name.is_empty()),
            runs: unsigned(sums.runs),
            bytes: unsigned(sums.bytes),
            usd: Usd::from_nano(sums.nano),
            saved_by_routing_usd: Usd::from_nano(sums.saved),
            ..CostRow::default()
        };
        rows.insert(sums.k, row);
    }
    for sums in reused {
        let row = rows.entry(sums.k.clone()).or_insert_with(|| CostRow {
            key: sums.k,
            name: sums.name.filter(|name| !name.is_empty()),
            ..CostRow::default()
        });
        row.reused = unsigned(sums.runs);
        row.saved_by_reuse_usd = Usd::from_nano(sums.saved);
    }
    rows.into_values().collect()
}
