//! Which engine runs a statement, and the reason people are shown.

use crate::estimate::human;
use crate::policy::Authorized;
use crate::{EngineChoice, Estimate, QueryError};

/// An engine and why it was taken.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) engine: EngineChoice,
    pub(crate) reason: String,
}

/// Refuses an engine that nothing connects to.
pub(crate) fn check(choice: EngineChoice) -> Result<(), QueryError> {
    match choice {
        EngineChoice::Auto | EngineChoice::Embedded => Ok(()),
        EngineChoice::Athena | EngineChoice::Trino | EngineChoice::Postgres => {
            Err(QueryError::user("NOT_SUPPORTED", format!("There is no connection to the engine `{choice}`."))
                .with_hint("Use the engine `auto` or `embedded`."))
        }
    }
}

/// Chooses for a planned statement.
pub(crate) fn route(
    statement: &Authorized,
    choice: EngineChoice,
    estimate: &Estimate,
    embedded_limit: Option<u64>,
) -> Result<Route, QueryError> {
    check(choice)?;
    let reason = match (choice, embedded_limit) {
        (EngineChoice::Embedded, _) => "the embedded engine was asked for".to_owned(),
        _ if statement.tables().is_empty() => "the statement reads no table".to_owned(),
        (_, Some(limit)) => {
            format!("estimated {} is under the embedded limit of {}", human(estimate.bytes), human(limit))
        }
        (_, None) => format!("estimated {}; the embedded engine is the only one connected", human(estimate.bytes)),
    };
    Ok(Route { engine: EngineChoice::Embedded, reason })
}
