//! One task that looks at all running queries of a handle, up to 50 with one call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::pace::{Allowance, interval};
use super::wire::{BatchGetQueryExecution, QueryExecution, QueryExecutions, State};
use crate::aws::call::Service;
use crate::aws::retry::pause;
use crate::aws::{Aws, AwsError};
use crate::{ErrorKind, QueryError};

/// A look that takes longer is given up; the next one is due anyway.
const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_IN_ONE_CALL: usize = 50;
/// Refusals in a row after which each query is asked about by itself.
const REFUSALS: u32 = 2;
/// Failures in a row after which queries whose credentials are gone are given up.
const WITHOUT_CREDENTIALS: u32 = 10;
/// How long Athena may not know a query that it started.
const UNKNOWN: Duration = Duration::from_secs(10);

/// `None` until the first look.
pub(super) type Look = Option<Result<Arc<QueryExecution>, QueryError>>;

#[derive(Debug, Clone)]
pub(super) struct Poller {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    aws: Aws,
    state: Mutex<Watched>,
    /// A query came that may be due before all others.
    news: Notify,
}

#[derive(Debug)]
struct Watched {
    queries: HashMap<String, Query>,
    allowance: Allowance,
    /// Whether the task is there.
    awake: bool,
}

#[derive(Debug)]
struct Query {
    looks: watch::Sender<Look>,
    since: Instant,
    due: Instant,
    unknown_since: Option<Instant>,
}

impl Poller {
    pub(super) fn new(aws: Aws) -> Self {
        let state = Watched { queries: HashMap::new(), allowance: Allowance::new(Instant::now()), awake: false };
        Self { shared: Arc::new(Shared { aws, state: Mutex::new(state), news: Notify::new() }) }
    }

    /// What is seen of a query, until it has ended. Nobody looks any more once the receiver is dropped.
    pub(super) fn watch(&self, id: &str, first: Duration) -> watch::Receiver<Look> {
        let mut watched = self.shared.watched();
        let now = Instant::now();
        let receiver = match watched.queries.get_mut(id) {
            Some(query) => {
                query.due = query.due.min(now + first);
                query.looks.subscribe()
            }
            None => {
                let (looks, receiver) = watch::channel(None);
                let query = Query { looks, since: now, due: now + first, unknown_since: None };
                watched.queries.insert(id.to_owned(), query);
                receiver
            }
        };
        if watched.awake {
            self.shared.news.notify_one();
        } else {
            watched.awake = true;
            tokio::spawn(self.shared.clone().look_after_all());
        }
        receiver
    }
}

impl Watched {
    /// The time until there may be one more look.
    fn allow(&mut self) -> Duration {
        self.allowance.take(Instant::now(), self.queries.len())
    }
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_after_all(self: Arc<Self>) {
        let (mut failures, mut refusals) = (0, 0);
        while let Some(due) = self.next() {
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = self.news.notified() => continue,
            }
            let wait = self.watched().allow();
            tokio::time::sleep(wait).await;
            let ids = self.most_due();
            let call = BatchGetQueryExecution { query_execution_ids: &ids };
            match self.aws.once::<QueryExecutions>(Service::Athena, "BatchGetQueryExecution", &call, TIMEOUT).await {
                Ok(seen) => {
                    (failures, refusals) = (0, 0);
                    self.tell(&ids, seen);
                }
                // Credentials that can't be renewed for a moment are no reason to end every query.
                Err(error) if error.may_pass() || error.lacks_credentials() && failures < WITHOUT_CREDENTIALS => {
                    tracing::debug!("looking after Athena queries again later: {error}");
                    self.hold(pause(failures));
                    failures += 1;
                }
                Err(error) if refusals < REFUSALS => {
                    tracing::debug!("looking after Athena queries again after a refusal: {error}");
                    self.hold(pause(refusals));
                    refusals += 1;
                }
                Err(_) => {
                    self.look_singly(&ids).await;
                    refusals = 0;
                }
            }
        }
    }

    /// One query that can't be asked about must not end the others.
    async fn look_singly(&self, ids: &[String]) {
        for id in ids {
            let one = std::slice::from_ref(id);
            let call = BatchGetQueryExecution { query_execution_ids: one };
            match self.aws.once::<QueryExecutions>(Service::Athena, "BatchGetQueryExecution", &call, TIMEOUT).await {
                Ok(seen) => self.tell(one, seen),
                Err(error) if error.may_pass() => {}
                Err(error) => self.give_up(one, &error),
            }
        }
    }

    /// When to look next; `None` where there is nothing to look at, and then the task must end.
    fn next(&self) -> Option<Instant> {
        let mut watched = self.watched();
        watched.queries.retain(|_, query| !query.looks.is_closed());
        let due = watched.queries.values().map(|query| query.due).min();
        watched.awake = due.is_some();
        due
    }

    fn most_due(&self) -> Vec<String> {
        let watched = self.watched();
        let mut ids: Vec<(Instant, &String)> = watched.queries.iter().map(|(id, query)| (query.due, id)).collect();
        ids.sort_unstable();
        ids.into_iter().take(MOST_IN_ONE_CALL).map(|(_, id)| id.clone()).collect()
    }

    fn tell(&self, ids: &[String], seen: QueryExecutions) {
        let now = Instant::now();
        let mut watched = self.watched();
        let running = watched.queries.len();
        for id in ids {
            if let Some(query) = watched.queries.get_mut(id) {
                query.due = now + interval(now - query.since, running);
                query.unknown_since.get_or_insert(now);
            }
        }
        for execution in seen.query_executions {
            let id = execution.query_execution_id.clone();
            let Some(query) = watched.queries.get_mut(&id) else { continue };
            query.unknown_since = None;
            let over = matches!(execution.status.state, State::Succeeded | State::Failed | State::Cancelled);
            query.looks.send_replace(Some(Ok(Arc::new(execution))));
            if over {
                watched.queries.remove(&id);
            }
        }
        watched.queries.retain(|id, query| {
            let lost = query.unknown_since.is_some_and(|since| now - since > UNKNOWN);
            if lost {
                query.looks.send_replace(Some(Err(unknown(id))));
            }
            !lost
        });
    }

    fn hold(&self, pause: Duration) {
        let earliest = Instant::now() + pause;
        for query in self.watched().queries.values_mut() {
            query.due = query.due.max(earliest);
        }
    }

    fn give_up(&self, ids: &[String], error: &AwsError) {
        let error = QueryError::from(error.clone());
        let mut watched = self.watched();
        for id in ids {
            if let Some(query) = watched.queries.remove(id) {
                query.looks.send_replace(Some(Err(error.clone())));
            }
        }
    }
}

fn unknown(id: &str) -> QueryError {
    QueryError::new("EXECUTION_ERROR", ErrorKind::NotFound, format!("Athena knows no query {id} in this region."))
}
