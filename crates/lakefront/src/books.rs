//! The books: what budgets and rules say to a run before it begins, and what it cost once it has ended.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use lakefront_query::{
    Admission, Ask, Charge, Decision, ErrorKind, ExecutionStatus, Guard, PartitionRules, Principal, QueryError, Spent,
};
use lakefront_store::{
    AuditRecord, BudgetAction, Exceeded, Foreseen, NewApproval, Outcome, Period, Reuse, Ruling, Scope, Settled, Store,
    StoreError, Subject, Usd,
};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use ulid::Ulid;

use crate::app::system;
use crate::auth::{role_of, scope_of};

/// One refusal of so long stands for all that the public gets.
const REFUSED_PUBLIC: Duration = Duration::from_secs(60);
/// Rules that another instance has set count after this time at the latest.
const RULES_KEPT: Duration = Duration::from_secs(5);
/// Runs of one principal that may wait for an administrator.
const MOST_WAITING: usize = 20;
/// How often a waiting run looks whether another instance has answered it.
const LOOK: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Clone)]
pub struct Books(Arc<Inner>);

struct Inner {
    store: Store,
    /// How long a run waits for an administrator.
    patience: Duration,
    rules: Mutex<Option<(Instant, Arc<PartitionRules>)>>,
    reuses: Mutex<BTreeMap<Reuse, (u64, Usd)>>,
    decided: Notify,
    /// Runs that wait, by principal.
    waiting: Mutex<BTreeMap<String, usize>>,
    /// When a run for the public was last written down as refused.
    refused_public: Mutex<Option<Instant>>,
    /// Entries being written.
    writes: TaskTracker,
}

impl Books {
    pub fn new(store: Store, patience: Duration, writes: TaskTracker) -> Self {
        Self(Arc::new(Inner {
            store,
            patience,
            rules: Mutex::default(),
            reuses: Mutex::default(),
            decided: Notify::new(),
            waiting: Mutex::default(),
            refused_public: Mutex::default(),
            writes,
        }))
    }

    /// Strangers are refused as often as they like, and fill no log with it.
    fn is_news_of_the_public(&self) -> bool {
        let mut last = self.0.refused_public.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = last.is_none_or(|last| last.elapsed() >= REFUSED_PUBLIC);
        if is_news {
            *last = Some(Instant::now());
        }
        is_news
    }

    /// Rules have been changed here.
    pub fn forget_rules(&self) {
        *self.0.rules.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Someone has decided about a waiting run.
    pub fn tell_decided(&self) {
        self.0.decided.notify_waiters();
    }

    /// Counts an answer from a stored result.
    pub fn reused(&self, principal: &Principal, status: &ExecutionStatus) {
        let reuse = Reuse {
            day: status.created_at.timestamp().div_euclid(86_400),
            principal: Ulid::from_string(&principal.id).ok(),
            dashboard: status.origin.dashboard.clone(),
            engine: status.engine.to_string(),
        };
        let saved = status.statistics.saved_usd.as_ref().map_or(Usd::ZERO, |usd| amount(usd));
        let mut reuses = self.0.reuses.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = reuses.entry(reuse).or_default();
        *sum = (sum.0 + 1, sum.1 + saved);
    }

    /// Writes the answers that were counted since the last time.
    pub async fn write_reuses(&self) -> Result<(), StoreError> {
        let reuses = std::mem::take(&mut *self.0.reuses.lock().unwrap_or_else(PoisonError::into_inner));
        if reuses.is_empty() {
            return Ok(());
        }
        let written = self.0.store.add_reuses(&system("books"), &reuses).await;
        if written.is_err() {
            let mut since = self.0.reuses.lock().unwrap_or_else(PoisonError::into_inner);
            for (reuse, (runs, saved)) in reuses {
                let sum = since.entry(reuse).or_default();
                *sum = (sum.0 + runs, sum.1 + saved);
            }
        }
        written
    }

    /// Waits until what has ended is written.
    pub async fn close(&self) {
        if let Err(error) = self.write_reuses().await {
            tracing::warn!(%error, "answers from stored results are missing in the costs: {error}");
        }
        self.0.writes.close();
        self.0.writes.wait().await;
    }
}

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Books")
    }
}

impl Guard for Books {
    fn partition_rules(&self) -> BoxFuture<'_, Result<Arc<PartitionRules>, QueryError>> {
        Box::pin(async {
            let kept = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((read, rules)) = kept
                && read.elapsed() < RULES_KEPT
            {
                return Ok(rules);
            }
            let rules = self.0.store.partition_rules(&system("books")).await.map_err(no_answer)?;
            let rules = rules.into_iter().map(|rule| ((rule.catalog, rule.database, rule.table), rule.keys));
            let rules = Arc::new(rules.collect::<PartitionRules>());
            *self.0.rules.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), rules.clone()));
            Ok(rules)
        })
    }

    fn admit<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Admission, QueryError>> {
        Box::pin(async move {
            let (scope, foreseen) = (scope_of(&ask.principal), foreseen(ask));
            let Some(exceeded) = self.0.store.reserve(&scope, &foreseen).await.map_err(no_answer)? else {
                let tables = ask.tables.iter();
                let tables = tables
                    .map(|table| (format!("{}.{}.{}", table.catalog, table.database, table.table), table.bytes))
                    .collect();
                return Ok(Admission::Run(Box::new(Entry { books: self.clone(), scope, foreseen, tables })));
            };
            let error = over(ask, &exceeded);
            if exceeded.budget.action == BudgetAction::Ask {
                return Ok(Admission::Wait(error.message));
            }
            if scope == Scope::Public && !self.is_news_of_the_public() {
                return Err(error);
            }
            let record = AuditRecord {
                action: "query.refused".to_owned(),
                target: ask.execution.to_string(),
                outcome: Outcome::Refused,
                detail: json!({"code": error.code, "budget": exceeded.budget.id, "estimate": ask.estimate}),
                address: None,
            };
            if let Err(error) = self.0.store.record_audit(&scope, record).await {
                tracing::error!(%error, "a refusal could not be recorded: {error}");
            }
            Err(error)
        })
    }

    fn decision<'a>(&'a self, ask: &'a Ask, reason: &'a str) -> BoxFuture<'a, Result<Decision, QueryError>> {
        Box::pin(async move {
            let store = &self.0.store;
            let question = NewApproval {
                execution: ask.execution,
                sql: ask.sql.clone(),
                engine: ask.engine.to_string(),
                reason: reason.to_owned(),
                estimate: ask.estimate.as_ref().map(|estimate| json!(estimate)),
                patience: self.0.patience,
            };
            let _place = Waiting::enter(self, &ask.principal)?;
            store.ask_approval(&scope_of(&ask.principal), question).await.map_err(no_answer)?;
            let _withdrawn = Withdrawn { books: self.clone(), execution: ask.execution };
            loop {
                let decided = self.0.decided.notified();
                match store.ruling(&system("books"), ask.execution).await {
                    Ok(Ruling::Waiting) => {}
                    // Asked again in a moment.
                    Err(StoreError::Unavailable(_)) => {}
                    Ok(Ruling::Decided { approved, by, note }) => {
                        let by = by.map_or_else(|| "An administrator".to_owned(), |person| person.name);
                        return Ok(Decision { approved, by, note });
                    }
                    Ok(Ruling::Expired) => {
                        let hours = self.0.patience.as_secs_f64() / 3600.0;
                        let message = format!("Nobody agreed to this run within {hours} h.");
                        let error = QueryError::new("APPROVAL_EXPIRED", ErrorKind::Limit, message);
                        return Err(error.with_hint("Read less, or run it again and tell an administrator."));
                    }
                    Err(error) => return Err(no_answer(error)),
                }
                // Either way it looks again.
                let _ = tokio::time::timeout(LOOK, decided).await;
            }
        })
    }
}

/// A run that has begun.
struct Entry {
    books: Books,
    scope: Scope,
    foreseen: Foreseen,
    tables: Vec<(String, u64)>,
}

impl Charge for Entry {
    fn settle(self: Box<Self>, spent: Spent) {
        let Entry { books, scope, foreseen, tables } = *self;
        let settled = Settled {
            bytes: spent.scanned_bytes,
            usd: amount(&spent.usd),
            saved: spent.saved_usd.as_deref().map_or(Usd::ZERO, amount),
            complete: spent.complete,
            tables,
        };
        let store = books.0.store.clone();
        books.0.writes.spawn(async move {
            if let Err(error) = store.settle(&scope, &foreseen, &settled).await {
                let id = foreseen.execution;
                tracing::error!(execution_id = %id, %error, "execution {id} is missing in the costs: {error}");
            }
        });
    }
}

/// A place among the waiting runs of one principal.
struct Waiting {
    books: Books,
    principal: String,
}

impl Waiting {
    fn enter(books: &Books, principal: &Principal) -> Result<Self, QueryError> {
        let mut waiting = books.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(principal.id.clone()).or_default();
        if *count >= MOST_WAITING {
            let message = format!("{MOST_WAITING} of your runs wait for an administrator already.");
            return Err(QueryError::new("TOO_MANY_REQUESTS", ErrorKind::Limit, message)
                .with_hint("Wait until some of them are answered, or cancel them."));
        }
        *count += 1;
        Ok(Self { books: books.clone(), principal: principal.id.clone() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.books.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.principal) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.principal);
            }
        }
    }
}

/// Takes the question back where the run stops waiting.
struct Withdrawn {
    books: Books,
    execution: Ulid,
}

impl Drop for Withdrawn {
    fn drop(&mut self) {
        let (store, id) = (self.books.0.store.clone(), self.execution);
        self.books.0.writes.spawn(async move {
            if let Err(error) = store.withdraw_approval(&system("books"), id).await {
                tracing::warn!(execution_id = %id, %error, "a question about execution {id} stays open: {error}");
            }
        });
    }
}

fn foreseen(ask: &Ask) -> Foreseen {
    let estimate = ask.estimate.as_ref();
    Foreseen {
        execution: ask.execution,
        role: Ulid::from_string(&ask.principal.id).is_ok().then(|| role_of(&ask.principal)),
        token: ask.origin.token.as_deref().and_then(|id| Ulid::from_string(id).ok()),
        dashboard: ask.origin.dashboard.clone(),
        tile: ask.origin.tile.clone(),
        query: ask.origin.query.clone(),
        engine: ask.engine.to_string(),
        bytes: estimate.map(|estimate| estimate.bytes),
        usd: estimate.map_or(Usd::ZERO, |estimate| amount(&estimate.usd)),
        exact: estimate.is_some_and(|estimate| estimate.exact),
        catalogs: ask.tables.iter().map(|table| table.catalog.clone()).collect(),
        approved_bytes: ask.approved_bytes,
    }
}

fn amount(usd: &str) -> Usd {
    usd.parse().unwrap_or_default()
}

fn over(ask: &Ask, exceeded: &Exceeded) -> QueryError {
    let Exceeded { budget, group, spent_bytes, spent_usd, renews_at } = exceeded;
    let (bytes, usd) = ask.estimate.as_ref().map_or((0, "0"), |estimate| (estimate.bytes, estimate.usd.as_str()));
    let by_bytes = budget.limit_bytes.is_some_and(|limit| spent_bytes.saturating_add(bytes) > limit);
    let limit = match (by_bytes, budget.limit_bytes, budget.limit_usd) {
        (true, Some(limit), _) => size(limit),
        (_, _, Some(limit)) => format!("${limit}"),
        (_, limit, None) => size(limit.unwrap_or(0)),
    };
    let whose = match &budget.subject {
        Subject::Everyone => "all people together".to_owned(),
        Subject::Role { role } => format!("each {}", role.as_str()),
        Subject::User { .. } => ask.principal.name.clone(),
        Subject::Group { .. } => format!("the group {}", group.as_deref().unwrap_or_default()),
        Subject::Token { .. } => "this API token".to_owned(),
        Subject::Catalog { name } => format!("catalog `{name}`"),
    };
    let reads = format!("This run would read {} ({}).", size(bytes), price(usd));
    match budget.period {
        Period::Run => {
            let message = format!("{reads} One run for {whose} may read {limit}.");
            QueryError::new("SCAN_LIMIT_EXCEEDED", ErrorKind::Limit, message)
                .with_hint("Read fewer columns or partitions, or ask an administrator for a higher limit.")
        }
        period => {
            let spent = if by_bytes { size(*spent_bytes) } else { price(&spent_usd.to_string()) };
            let renews = renews_at.map_or(String::new(), |at| format!(" It renews at {}.", moment(at)));
            let period = period.as_str();
            let message = format!("{reads} The budget of {whose} is {limit} a {period}, {spent} of it used.{renews}");
            QueryError::new("BUDGET_EXCEEDED", ErrorKind::Limit, message)
                .with_hint("Read fewer columns or partitions, wait, or ask an administrator for a higher budget.")
        }
    }
}

/// An amount below what is worth a look only says that it is.
fn price(usd: &str) -> String {
    match usd.parse::<f64>() {
        Ok(amount) if amount > 0.0 && amount < 0.000_01 => "under $0.00001".to_owned(),
        _ => format!("${usd}"),
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// As people read it, in powers of ten.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB"] {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let text = format!("{value:.1}");
    format!("{} {unit}", text.trim_end_matches(".0"))
}

/// Nothing runs on books that can't be read.
pub fn no_answer(error: StoreError) -> QueryError {
    tracing::error!(%error, "budgets could not be read: {error}");
    let message = "Budgets could not be checked: the app database does not answer.";
    QueryError::new("UNAVAILABLE", ErrorKind::Unavailable, message).with_hint("Try again in a moment.")
}
