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

/// Refuses an engine that cannot read the tables of a statement.
pub(crate) fn check(statement: &Authorized, choice: EngineChoice) -> Result<(), QueryError> {
    let reads = statement.link().map_or(EngineChoice::Embedded, |link| link.choice());
    if choice == EngineChoice::Auto || choice == reads {
        return Ok(());
    }
    let message = match statement.tables().first() {
        Some(table) => {
            format!("The engine `{choice}` does not read the tables of catalog \"{}\".", table.catalog())
        }
        None => format!("There is no connection to the engine `{choice}`."),
    };
    Err(QueryError::user("NOT_SUPPORTED", message).with_hint(format!("Use the engine `auto` or `{reads}`.")))
}

/// Chooses for a planned statement.
pub(crate) fn route(
    statement: &Authorized,
    choice: EngineChoice,
    estimate: Option<&Estimate>,
    embedded_limit: Option<u64>,
) -> Result<Route, QueryError> {
    check(statement, choice)?;
    if let Some(link) = statement.link() {
        let reason = format!("its tables are in {}", link.location());
        return Ok(Route { engine: link.choice(), reason });
    }
    let reason = match (choice, estimate, embedded_limit) {
        (EngineChoice::Embedded, ..) => "the embedded engine was asked for".to_owned(),
        _ if statement.tables().is_empty() => "the statement reads no table".to_owned(),
        (_, Some(estimate), Some(limit)) => {
            format!("estimated {} is under the embedded limit of {}", human(estimate.bytes), human(limit))
        }
        (_, Some(estimate), None) => format!("estimated {}; its files are read here", human(estimate.bytes)),
        (_, None, _) => "its files are read here".to_owned(),
    };
    Ok(Route { engine: EngineChoice::Embedded, reason })
}
