//! What Trino calls its failures, in our terms.

use super::answer::Failure;
use crate::{ErrorKind, Position, QueryError};

/// Trino's names for faults of a statement that are codes here as they are
/// (<https://github.com/trinodb/trino/blob/435/core/trino-spi/src/main/java/io/trino/spi/StandardErrorCode.java>).
const KEPT: &[&str] = &[
    "AMBIGUOUS_FUNCTION_CALL",
    "AMBIGUOUS_NAME",
    "CATALOG_NOT_FOUND",
    "COLUMN_NOT_FOUND",
    "COLUMN_TYPE_UNKNOWN",
    "DIVISION_BY_ZERO",
    "DUPLICATE_COLUMN_NAME",
    "DUPLICATE_NAMED_QUERY",
    "DUPLICATE_WINDOW_NAME",
    "EXPRESSION_NOT_AGGREGATE",
    "EXPRESSION_NOT_CONSTANT",
    "EXPRESSION_NOT_IN_DISTINCT",
    "EXPRESSION_NOT_SCALAR",
    "FUNCTION_NOT_AGGREGATE",
    "FUNCTION_NOT_WINDOW",
    "INVALID_ARGUMENTS",
    "INVALID_CAST_ARGUMENT",
    "INVALID_COLUMN_REFERENCE",
    "INVALID_FUNCTION_ARGUMENT",
    "INVALID_LIMIT_CLAUSE",
    "INVALID_LITERAL",
    "INVALID_PARAMETER_USAGE",
    "INVALID_PATH",
    "INVALID_RECURSIVE_REFERENCE",
    "INVALID_SESSION_PROPERTY",
    "INVALID_VIEW",
    "INVALID_WINDOW_FRAME",
    "JSON_INPUT_CONVERSION_ERROR",
    "JSON_OUTPUT_CONVERSION_ERROR",
    "JSON_VALUE_RESULT_ERROR",
    "MISMATCHED_COLUMN_ALIASES",
    "MISSING_CATALOG_NAME",
    "MISSING_COLUMN_ALIASES",
    "MISSING_COLUMN_NAME",
    "MISSING_GROUP_BY",
    "MISSING_ORDER_BY",
    "MISSING_OVER",
    "MISSING_SCHEMA_NAME",
    "MISSING_TABLE",
    "NESTED_AGGREGATION",
    "NESTED_WINDOW",
    "NOT_SUPPORTED",
    "NUMERIC_VALUE_OUT_OF_RANGE",
    "OPERATOR_NOT_FOUND",
    "PATH_EVALUATION_ERROR",
    "QUERY_REJECTED",
    "SUBQUERY_MULTIPLE_ROWS",
    "SYNTAX_ERROR",
    "TABLE_HAS_NO_COLUMNS",
    "TABLE_NOT_FOUND",
    "TYPE_MISMATCH",
    "TYPE_NOT_FOUND",
];

impl Failure {
    /// The error people see. Trino's own words go on where they are about the statement, and to the log otherwise.
    pub(super) fn told(&self, query_id: &str) -> QueryError {
        let (name, kind, detail) = (self.error_name.as_str(), self.error_type.as_str(), &self.message);
        tracing::info!(query_id, code = name, kind, detail, "Trino answered {name} to {query_id}: {detail}");
        let words = without_place(&self.message);
        let error = match name {
            "SCHEMA_NOT_FOUND" => QueryError::user("DATABASE_NOT_FOUND", words),
            "FUNCTION_NOT_FOUND" => QueryError::user("FUNCTION_NOT_ALLOWED", words),
            "STACK_OVERFLOW" | "COMPILER_ERROR" | "QUERY_TEXT_TOO_LARGE" | "QUERY_HAS_TOO_MANY_STAGES" => {
                QueryError::user("QUERY_TOO_COMPLEX", words)
                    .with_hint("Split the statement, or make its expressions shorter.")
            }
            "PERMISSION_DENIED" if words.contains("session property") => {
                QueryError::new("FORBIDDEN", ErrorKind::Forbidden, words).with_hint(
                    "Nobody may set it on this Trino: add the catalog with `--session PROPERTY=`, and it is not sent.",
                )
            }
            "PERMISSION_DENIED" => QueryError::new("FORBIDDEN", ErrorKind::Forbidden, words)
                .with_hint("Rights on Trino belong to the user of the connection; its administrator grants them."),
            "EXCEEDED_TIME_LIMIT" => QueryError::new("TIMEOUT", ErrorKind::Limit, words)
                .with_hint("Read less, or ask for a longer deadline."),
            "ABANDONED_QUERY" => QueryError::new(
                "TIMEOUT",
                ErrorKind::Limit,
                "Nobody took the rows for so long that Trino ended the statement.",
            ),
            "QUERY_QUEUE_FULL" => QueryError::new("TOO_MANY_REQUESTS", ErrorKind::Limit, words)
                .with_hint("Try again when other queries have ended."),
            _ if name.starts_with("EXCEEDED_") || name == "OUT_OF_SPILL_SPACE" => {
                QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, words)
                    .with_hint("Read or sort less, or have the limit raised on Trino.")
            }
            "USER_CANCELED" => {
                QueryError::new("CANCELLED", ErrorKind::Conflict, "The statement was cancelled on Trino.")
            }
            "ADMINISTRATIVELY_KILLED" | "ADMINISTRATIVELY_PREEMPTED" => {
                QueryError::new("ADMINISTRATIVELY_KILLED", ErrorKind::Conflict, words)
                    .with_hint("Ask Trino's administrator before running it again.")
            }
            "SERVER_STARTING_UP"
            | "SERVER_SHUTTING_DOWN"
            | "NO_NODES_AVAILABLE"
            | "REMOTE_HOST_GONE"
            | "REMOTE_TASK_ERROR"
            | "REMOTE_TASK_MISMATCH"
            | "REMOTE_TASK_FAILED"
            | "REMOTE_BUFFER_CLOSE_FAILED"
            | "PAGE_TRANSPORT_ERROR"
            | "PAGE_TRANSPORT_TIMEOUT"
            | "TOO_MANY_REQUESTS_FAILED"
            | "ABANDONED_TASK" => {
                unavailable(format!("Trino lost a part of itself while it ran the statement ({name})."))
                    .with_hint("Run the statement again.")
            }
            _ => match kind {
                "USER_ERROR" => match KEPT.iter().find(|kept| **kept == name) {
                    Some(code) => QueryError::user(code, words),
                    None => QueryError::user("EXECUTION_ERROR", format!("{words} ({name})")),
                },
                "INSUFFICIENT_RESOURCES" => QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, words)
                    .with_hint("Read or sort less, or try again when the cluster is less busy."),
                "EXTERNAL" => unavailable(format!("Trino could not read what the statement needs ({name})."))
                    .with_hint(format!("Trino's page of query {query_id} tells why.")),
                _ => QueryError::new("INTERNAL", ErrorKind::Internal, format!("Trino failed inside ({name})."))
                    .with_hint(format!("Trino's page of query {query_id} tells why.")),
            },
        };
        error.at(self
            .error_location
            .map(|location| Position { line: location.line_number, column: location.column_number }))
    }
}

/// Trino can't be reached, or is not itself.
pub(super) fn unavailable(message: impl Into<String>) -> QueryError {
    QueryError::new("ENGINE_UNAVAILABLE", ErrorKind::Unavailable, message)
}

/// Answers that are not those of a Trino.
pub(super) fn unexpected(message: impl Into<String>) -> QueryError {
    QueryError::new("ENGINE_PROTOCOL", ErrorKind::Unavailable, message)
}

/// The message without `line 1:8: `, which the position tells.
fn without_place(message: &str) -> String {
    let place = |text: &str| -> Option<String> {
        let (place, words) = text.strip_prefix("line ")?.split_once(": ")?;
        let (line, column) = place.split_once(':')?;
        [line, column].iter().all(|number| number.parse::<u64>().is_ok()).then(|| capital(words))
    };
    place(message).unwrap_or_else(|| message.to_owned())
}

fn capital(words: &str) -> String {
    let mut words = words.to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::answer::Location;
    use super::*;

    fn told(error_name: &str, error_type: &str) -> (&'static str, ErrorKind) {
        let error = Failure {
            message: "line 2:8: words".to_owned(),
            error_name: error_name.to_owned(),
            error_type: error_type.to_owned(),
            error_location: None,
        }
        .told("20240506_101112_00001_abcde");
        assert!(!error.message.is_empty());
        (error.code, error.kind)
    }

    #[test]
    fn each_failure_names_who_can_mend_it() {
        use ErrorKind::{Conflict, Forbidden, Internal, Limit, Unavailable, User};
        for (name, kind, expected) in [
            ("SYNTAX_ERROR", "USER_ERROR", ("SYNTAX_ERROR", User)),
            ("TABLE_NOT_FOUND", "USER_ERROR", ("TABLE_NOT_FOUND", User)),
            ("SCHEMA_NOT_FOUND", "USER_ERROR", ("DATABASE_NOT_FOUND", User)),
            ("COLUMN_NOT_FOUND", "USER_ERROR", ("COLUMN_NOT_FOUND", User)),
            ("FUNCTION_NOT_FOUND", "USER_ERROR", ("FUNCTION_NOT_ALLOWED", User)),
            ("DIVISION_BY_ZERO", "USER_ERROR", ("DIVISION_BY_ZERO", User)),
            ("UNHEARD_OF", "USER_ERROR", ("EXECUTION_ERROR", User)),
            ("PERMISSION_DENIED", "USER_ERROR", ("FORBIDDEN", Forbidden)),
            ("USER_CANCELED", "USER_ERROR", ("CANCELLED", Conflict)),
            ("EXCEEDED_TIME_LIMIT", "INSUFFICIENT_RESOURCES", ("TIMEOUT", Limit)),
            ("EXCEEDED_LOCAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", ("RESOURCE_LIMIT", Limit)),
            ("CLUSTER_OUT_OF_MEMORY", "INSUFFICIENT_RESOURCES", ("RESOURCE_LIMIT", Limit)),
            ("ADMINISTRATIVELY_KILLED", "USER_ERROR", ("ADMINISTRATIVELY_KILLED", Conflict)),
            ("QUERY_QUEUE_FULL", "INSUFFICIENT_RESOURCES", ("TOO_MANY_REQUESTS", Limit)),
            ("REMOTE_TASK_ERROR", "INTERNAL_ERROR", ("ENGINE_UNAVAILABLE", Unavailable)),
            ("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", ("INTERNAL", Internal)),
            ("HIVE_CANNOT_OPEN_SPLIT", "EXTERNAL", ("ENGINE_UNAVAILABLE", Unavailable)),
        ] {
            assert_eq!(told(name, kind), expected, "{name}");
        }
    }

    #[test]
    fn a_forbidden_session_property_has_a_way_out() {
        let failure = Failure {
            message: "Access Denied: Cannot set system session property query_max_run_time".to_owned(),
            error_name: "PERMISSION_DENIED".to_owned(),
            error_type: "USER_ERROR".to_owned(),
            error_location: None,
        };
        let error = failure.told("q");
        assert_eq!(error.code, "FORBIDDEN");
        assert!(error.hint.is_some_and(|hint| hint.contains("--session")));
    }

    #[test]
    fn the_place_is_a_position_and_not_a_part_of_the_message() {
        let failure = Failure {
            message: "line 1:8: column 'x' cannot be resolved".to_owned(),
            error_name: "COLUMN_NOT_FOUND".to_owned(),
            error_type: "USER_ERROR".to_owned(),
            error_location: Some(Location { line_number: 1, column_number: 8 }),
        };
        let error = failure.told("q");
        assert_eq!(error.message, "Column 'x' cannot be resolved");
        assert_eq!(error.position, Some(Position { line: 1, column: 8 }));
        assert_eq!(without_place("line of code: 8"), "line of code: 8");
    }
}
