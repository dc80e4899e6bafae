//! Which engine runs a statement, and the reason people are shown.

use std::sync::Arc;

use crate::catalog::Link;
use crate::estimate::human;
use crate::policy::Authorized;
use crate::{EngineChoice, Estimate, QueryError};

/// An engine and why it was taken.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) engine: EngineChoice,
    pub(crate) reason: String,
}

/// Where a statement can run, by its tables and by who asked for what.
pub(crate) enum Choice {
    /// With the reason, unless its size is the reason.
    Embedded(Option<String>),
    /// The system that keeps the tables.
    Linked(Arc<dyn Link>, String),
    /// Both can: what reads more than so many bytes, or what the embedded engine does not plan, goes to the system that
    /// keeps the tables.
    BySize(Arc<dyn Link>, u64),
}

/// Narrows down who runs a statement. The error says why the engine asked for does not.
pub(crate) fn choose(
    statement: &Authorized,
    asked: EngineChoice,
    embedded_max_bytes: u64,
) -> Result<Choice, QueryError> {
    let asked_for = |engine: EngineChoice| format!("the {engine} engine was asked for");
    let Some(link) = statement.link() else {
        return match asked {
            EngineChoice::Auto => Ok(Choice::Embedded(None)),
            EngineChoice::Embedded => Ok(Choice::Embedded(Some(asked_for(asked)))),
            other => Err(elsewhere(statement, other, EngineChoice::Embedded)),
        };
    };
    let (theirs, rules, not_embedded) = (link.choice(), link.rules(statement.principal()), statement.not_embedded());
    let rule = match &rules.group {
        Some(group) => format!("the catalog's rule for {group}"),
        None => "the catalog's rule".to_owned(),
    };
    let linked = |reason: String| Ok(Choice::Linked(Arc::clone(link), reason));
    match (asked, not_embedded) {
        (EngineChoice::Auto, _) => {}
        (EngineChoice::Embedded, None) => return Ok(Choice::Embedded(Some(asked_for(asked)))),
        (EngineChoice::Embedded, Some(error)) => {
            return Err(error.clone().with_hint(format!("Use the engine `auto` or `{theirs}`.")));
        }
        (other, _) if other == theirs => return linked(asked_for(asked)),
        (other, _) => return Err(elsewhere(statement, other, theirs)),
    }
    match (rules.engine, not_embedded) {
        (EngineChoice::Embedded, None) => Ok(Choice::Embedded(Some(format!("{rule} is the embedded engine")))),
        (EngineChoice::Embedded, Some(error)) => {
            let hint = format!("T{} is the embedded engine; ask for `{theirs}` to run it there.", &rule[1..]);
            Err(error.clone().with_hint(hint))
        }
        (EngineChoice::Auto, None) => {
            Ok(Choice::BySize(Arc::clone(link), rules.embedded_max_bytes.unwrap_or(embedded_max_bytes)))
        }
        (EngineChoice::Auto, Some(error)) if statement.tables().iter().any(|table| table.reason().is_some()) => {
            linked(clause(&error.message))
        }
        (EngineChoice::Auto, Some(error)) if error.code == "FUNCTION_NOT_ALLOWED" => {
            linked(format!("it calls a function that only {theirs} may know"))
        }
        (EngineChoice::Auto, Some(error)) if error.code == "NOT_SUPPORTED_HERE" => linked(clause(&error.message)),
        (EngineChoice::Auto, Some(_)) => linked(format!("its tables are in {}", link.location())),
        (engine, _) => linked(format!("{rule} is the {engine} engine")),
    }
}

/// The reason for the embedded engine, where nothing but the size spoke for it.
pub(crate) fn embedded_reason(statement: &Authorized, estimate: Option<&Estimate>, limit: Option<u64>) -> String {
    match (estimate, limit) {
        _ if statement.tables().is_empty() => "the statement reads no table".to_owned(),
        (Some(estimate), Some(limit)) => {
            format!("estimated {} is under the embedded limit of {}", human(estimate.bytes), human(limit))
        }
        (Some(estimate), None) => format!("estimated {}; its files are read here", human(estimate.bytes)),
        (None, _) => "its files are read here".to_owned(),
    }
}

/// The reason against the embedded engine that its plan gives: too much to read.
pub(crate) fn too_large(bytes: u64, limit: u64) -> Option<String> {
    (bytes > limit).then(|| format!("estimated {} is over the embedded limit of {}", human(bytes), human(limit)))
}

/// The same of an error of planning: what the embedded engine cannot do, or cannot read, another engine may. An error of
/// the statement itself, or one that passes, is none.
pub(crate) fn unplanned(error: &QueryError) -> Option<String> {
    match error.code {
        "NOT_SUPPORTED"
        | "NOT_SUPPORTED_HERE"
        | "FUNCTION_NOT_ALLOWED"
        | "FUNCTION_NOT_FOUND"
        | "TYPE_MISMATCH"
        | "QUERY_TOO_COMPLEX"
        | "INVALID_REGEX"
        | "EXECUTION_ERROR" => Some(format!("the embedded engine does not plan it: {}", clause(&error.message))),
        "INVALID_FILE" | "SCHEMA_CONFLICT" | "INVALID_LOCATION" | "DATA_CHANGED" => {
            Some(format!("its files can't be read here: {}", clause(&error.message)))
        }
        _ => None,
    }
}

fn elsewhere(statement: &Authorized, asked: EngineChoice, reads: EngineChoice) -> QueryError {
    let message = match statement.tables().first() {
        Some(table) => {
            format!("The engine `{asked}` does not read the tables of catalog \"{}\".", table.catalog())
        }
        None => format!("There is no connection to the engine `{asked}`."),
    };
    QueryError::user("NOT_SUPPORTED", message).with_hint(format!("Use the engine `auto` or `{reads}`."))
}

/// A sentence as a part of another.
fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    let is_word = letters.next().zip(letters.next()).is_some_and(|(a, b)| a.is_uppercase() && b.is_lowercase());
    if is_word { sentence[..1].to_lowercase() + &sentence[1..] } else { sentence.to_owned() }
}
