//! Starting and stopping, without leaving anything behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::journal::{Entry, Journal};
use super::wire::{
    Nothing, QueryExecutionContext, ResultConfiguration, ResultReuseByAge, ResultReuseConfiguration,
    StartQueryExecution, Started, StopQueryExecution,
};
use super::{AthenaConfig, failure};
use crate::QueryError;
use crate::aws::call::Service;
use crate::aws::retry::pause;
use crate::aws::{Aws, AwsError, AwsErrorKind};
use crate::engine::ENDINGS;
use crate::fields::Fields;

const TIMEOUT: Duration = Duration::from_secs(20);
/// Tries whose answer is lost or says that AWS failed.
const LOST_ANSWERS: u32 = 8;
/// Tries to learn the id of a query that may run, after nobody wants it any more.
const SEARCHES: u32 = 20;
/// Tries to stop one: a minute and more, in which credentials may come back too.
const STOPS: u32 = 20;

/// What to start.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) sql: String,
    pub(super) database: Option<String>,
    pub(super) parameters: Vec<String>,
    pub(super) principal: String,
    pub(super) seed: String,
    pub(super) data: Option<String>,
}

impl Order {
    /// For the same person in words of our own, which nobody asks for.
    pub(super) fn saying(&self, sql: String) -> Self {
        Self { sql, data: None, ..self.clone() }
    }

    /// 64 hexadecimal digits: the same order with the same seed is the same query to Athena, however often it is sent.
    fn token(&self, config: &AthenaConfig) -> String {
        let mut fields = self.fields(config);
        fields.add(&self.seed);
        fields.hash().to_hex().to_string()
    }

    /// The same of all orders that one run answers.
    pub(super) fn claim(&self, config: &AthenaConfig) -> Option<String> {
        let mut fields = self.fields(config);
        fields.add(self.data.as_ref()?);
        Some(fields.hash().to_hex().to_string())
    }

    fn fields(&self, config: &AthenaConfig) -> Fields {
        let mut fields = Fields::new();
        for part in [&self.principal, &self.sql, &config.workgroup, &config.catalog] {
            fields.add(part);
        }
        for part in [&self.database, &config.output_location] {
            fields.add(part.as_deref().unwrap_or_default());
        }
        fields.add(config.reuse_minutes.map(|minutes| minutes.to_string()).unwrap_or_default());
        fields.add(self.parameters.len().to_le_bytes());
        for parameter in &self.parameters {
            fields.add(parameter);
        }
        fields
    }

    fn into_call(self, config: &AthenaConfig) -> StartQueryExecution {
        StartQueryExecution {
            client_request_token: self.token(config),
            query_string: self.sql,
            query_execution_context: QueryExecutionContext { database: self.database, catalog: config.catalog.clone() },
            result_configuration: config
                .output_location
                .clone()
                .map(|location| ResultConfiguration { output_location: Some(location) }),
            work_group: config.workgroup.clone(),
            execution_parameters: self.parameters,
            result_reuse_configuration: config.reuse_minutes.map(|minutes| ResultReuseConfiguration {
                result_reuse_by_age_configuration: ResultReuseByAge { enabled: true, max_age_in_minutes: minutes },
            }),
        }
    }
}

/// A query that may run. Dropped before it [`ended`](Self::ended), it is stopped.
#[derive(Debug)]
pub(super) struct Alive {
    aws: Aws,
    id: String,
    runtime: Handle,
    runs: bool,
    entry: Option<Entry>,
}

impl Alive {
    /// Within a runtime.
    pub(super) fn new(aws: Aws, id: String, entry: Option<Entry>) -> Self {
        Self { aws, id, runtime: Handle::current(), runs: true, entry }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Stopped with the credentials of whoever took it up.
    pub(super) fn in_name_of(mut self, aws: Aws) -> Self {
        self.aws = aws;
        self
    }

    pub(super) fn ended(mut self) {
        self.runs = false;
        if let Some(entry) = self.entry.take() {
            entry.close();
        }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        if self.runs {
            let (aws, id, entry) = (self.aws.clone(), std::mem::take(&mut self.id), self.entry.take());
            ENDINGS.spawn_on(stop_entered(aws, id, entry), &self.runtime);
        }
    }
}

/// Starts a query in a task of its own: the answer must reach someone who can stop it, even when the caller is gone.
pub(super) async fn start(
    aws: &Aws,
    config: &AthenaConfig,
    journal: Option<Arc<Journal>>,
    order: Order,
) -> Result<Alive, QueryError> {
    let (answer, started) = oneshot::channel();
    let claim = order.claim(config);
    let call = order.into_call(config);
    let entry = journal.and_then(|journal| journal.enter(&call, claim));
    ENDINGS.spawn(launch(aws.clone(), call, entry, answer));
    started.await.map_err(QueryError::internal)?
}

async fn launch(
    aws: Aws,
    call: StartQueryExecution,
    mut entry: Option<Entry>,
    answer: oneshot::Sender<Result<Alive, QueryError>>,
) {
    let may_run = begin(aws, &call, &mut entry, answer).await;
    // What may run after all is stopped by the next process.
    if let Some(entry) = entry.filter(|_| !may_run) {
        entry.close();
    }
}

/// Whether the query may run and nobody knows its id.
async fn begin(
    aws: Aws,
    call: &StartQueryExecution,
    entry: &mut Option<Entry>,
    answer: oneshot::Sender<Result<Alive, QueryError>>,
) -> bool {
    let (mut throttled, mut lost, mut searches) = (0, 0, 0);
    let mut answer = Some(answer);
    let outcome = loop {
        if answer.as_ref().is_none_or(oneshot::Sender::is_closed) {
            // Only what was never sent, or was refused each time, is surely not running.
            if lost == 0 || searches == SEARCHES {
                return lost > 0;
            }
            searches += 1;
        }
        let wait = match aws.once::<Started>(Service::Athena, "StartQueryExecution", call, TIMEOUT).await {
            Ok(started) => {
                let id = started.query_execution_id;
                if let Some(entry) = entry {
                    entry.started(&id);
                }
                break Ok(Alive::new(aws, id, entry.take()));
            }
            Err(error) if error.kind == AwsErrorKind::Throttled => {
                throttled += 1;
                pause(throttled)
            }
            Err(error) if error.kind == AwsErrorKind::Unavailable => {
                lost += 1;
                if lost >= LOST_ANSWERS {
                    tell(&mut answer, Err(error.into()));
                }
                pause(lost)
            }
            // What was sent before may run all the same, unless it is wrong in itself.
            Err(error) if lost > 0 && error.kind != AwsErrorKind::Invalid => {
                tell(&mut answer, Err(failure::of_start(error)));
                pause(lost)
            }
            Err(error) => break Err(failure::of_start(error)),
        };
        match &mut answer {
            Some(answer) if lost == 0 => tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = answer.closed() => return false,
            },
            _ => tokio::time::sleep(wait).await,
        }
    };
    // Where nobody waits any more, the query is dropped here, and so stopped.
    tell(&mut answer, outcome);
    false
}

fn tell(answer: &mut Option<oneshot::Sender<Result<Alive, QueryError>>>, outcome: Result<Alive, QueryError>) {
    if let Some(answer) = answer.take() {
        let _ = answer.send(outcome);
    }
}

/// Stops a query, patiently. One that is over already is no error.
pub(super) async fn stop(aws: Aws, id: String) -> Result<(), AwsError> {
    let call = StopQueryExecution { query_execution_id: &id };
    let mut failures = 0;
    loop {
        match aws.once::<Nothing>(Service::Athena, "StopQueryExecution", &call, TIMEOUT).await {
            Ok(Nothing {}) => return Ok(()),
            Err(error) if (error.may_pass() || error.lacks_credentials()) && failures < STOPS => {
                failures += 1;
                tokio::time::sleep(pause(failures)).await;
            }
            Err(error) => {
                tracing::warn!(query_execution_id = id, "Athena query {id} can't be stopped: {error}");
                return Err(error);
            }
        }
    }
}

async fn stop_entered(aws: Aws, id: String, entry: Option<Entry>) {
    let stopped = stop(aws, id).await;
    // What can't be stopped now may be by the next process; what AWS does not know is over.
    let over = stopped.err().is_none_or(|error| !error.may_pass() && !error.lacks_credentials());
    if let Some(entry) = entry.filter(|_| over) {
        entry.close();
    }
}

/// A query that another process entered. A start whose answer it did not live to hear is sent again: its token tells the
/// id.
pub(super) async fn find_left(aws: Aws, mut entry: Entry) -> Option<Alive> {
    let id = match &entry.written().id {
        Some(id) => id.clone(),
        None => match aws.athena::<Started>("StartQueryExecution", &entry.written().start).await {
            Ok(started) => started.query_execution_id,
            Err(error) if error.may_pass() || error.lacks_credentials() => {
                tracing::warn!("a query of an earlier process is looked for at the next start: {error}");
                return None;
            }
            Err(_) => {
                entry.close();
                return None;
            }
        },
    };
    tracing::info!(query_execution_id = id, "Athena query {id} is of a process that was killed");
    entry.started(&id);
    Some(Alive::new(aws, id, Some(entry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(principal: &str, sql: &str, parameters: &[&str], seed: &str) -> String {
        let order = Order {
            sql: sql.to_owned(),
            database: None,
            parameters: parameters.iter().map(|&text| text.to_owned()).collect(),
            principal: principal.to_owned(),
            seed: seed.to_owned(),
            data: None,
        };
        order.token(&AthenaConfig {
            workgroup: "primary".to_owned(),
            catalog: "AwsDataCatalog".to_owned(),
            output_location: None,
            reuse_minutes: None,
        })
    }

    #[test]
    fn a_token_stands_for_person_statement_parameters_and_seed() {
        let token = order("ada", "SELECT ?", &["1"], "s");
        assert_eq!(token.len(), 64);
        assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(token, order("ada", "SELECT ?", &["1"], "s"));
        for other in [
            order("eve", "SELECT ?", &["1"], "s"),
            order("ada", "SELECT  ?", &["1"], "s"),
            order("ada", "SELECT ?", &["2"], "s"),
            order("ada", "SELECT ?", &["1"], "t"),
            order("adaS", "ELECT ?", &["1"], "s"),
            order("ada", "SELECT ?", &["1", ""], "s"),
        ] {
            assert_ne!(token, other);
        }
    }
}
