//! Why a query failed, in our codes, with the position in its text.
//!
//! Athena tells it in a sentence: Trino's name of the error, the place, and what is wrong, each of them optional. DDL
//! speaks Hive's way.

use super::wire::{QueryExecution, State};
use crate::aws::error::{forbidden, sentence};
use crate::aws::{AwsError, AwsErrorKind};
use crate::{ErrorKind, Position, QueryError};

/// The failure of a query that ran.
pub(super) fn of(execution: &QueryExecution) -> QueryError {
    let status = &execution.status;
    let error = status.athena_error.as_ref();
    let reason = status
        .state_change_reason
        .as_deref()
        .filter(|reason| !reason.is_empty())
        .or_else(|| error.and_then(|error| error.error_message.as_deref()))
        .unwrap_or_default();
    let category = error.and_then(|error| error.error_category);
    let kind = error.and_then(|error| error.error_type);
    let id = &execution.query_execution_id;
    tracing::info!(query_execution_id = id, ?category, ?kind, "Athena query {id} did not succeed: {reason}");
    if status.state == State::Cancelled && !reason.to_lowercase().contains("bytes scanned") {
        return QueryError::new("CANCELLED", ErrorKind::Conflict, "The statement was cancelled in Athena.");
    }
    told(reason, category)
}

/// A start that was refused.
pub(super) fn of_start(error: AwsError) -> QueryError {
    if error.kind == AwsErrorKind::Invalid && error.code == "InvalidRequestException" {
        tracing::info!("Athena did not start a query: {error}");
        let said = told(&error.message, Some(USER));
        let malformed = error.reason.as_deref() == Some("MALFORMED_QUERY") && said.code == "EXECUTION_ERROR";
        return if malformed { QueryError { code: "SYNTAX_ERROR", ..said } } else { said };
    }
    error.into()
}

const SYSTEM: i32 = 1;
const USER: i32 = 2;

fn told(reason: &str, category: Option<i32>) -> QueryError {
    let lower = reason.to_lowercase();
    let has = |text: &str| lower.contains(text);
    if has("bytes scanned limit") {
        return QueryError::new(
            "SCAN_LIMIT_EXCEEDED",
            ErrorKind::Limit,
            "The statement read more than its Athena workgroup allows and was stopped; what it read is charged.",
        )
        .with_hint("Read fewer columns or partitions, or raise the workgroup's limit.");
    }
    if has("workgroup") && has("not found") {
        let text = format!("Athena has no such workgroup: {}", sentence(reason));
        return QueryError::new("INVALID_LOCATION", ErrorKind::User, text);
    }
    if has("bucket does not exist") || has("nosuchbucket") {
        let text = format!("A bucket that this reads is gone: {}", sentence(reason));
        return QueryError::new("INVALID_LOCATION", ErrorKind::User, text);
    }
    if has("output location") || has("output bucket") {
        let text = format!("Athena can't write results: {}", sentence(reason));
        return QueryError::new("INVALID_LOCATION", ErrorKind::User, text)
            .with_hint("Give the workgroup or the connection a result location, s3://bucket/prefix/, in its region.");
    }
    if has("not authorized to perform") || has("access denied") || has("insufficient permissions") {
        return forbidden(if has("writing output") { "s3:PutObject" } else { "s3:GetObject" }, "", reason);
    }
    if has("lake formation permission") {
        let text = format!("Lake Formation does not allow this: {}", sentence(reason));
        return QueryError::new("FORBIDDEN", ErrorKind::Forbidden, text)
            .with_hint("Grant SELECT on the table to the role in Lake Formation.");
    }
    let (name, rest) = named(reason);
    let (position, words) = placed(rest);
    let words = sentence(words);
    let user = |code| QueryError::user(code, words.clone()).at(position);
    let limit = |code, text: &str| QueryError::new(code, ErrorKind::Limit, text);
    match name {
        "COLUMN_NOT_FOUND" => user("COLUMN_NOT_FOUND"),
        "TABLE_NOT_FOUND" => user("TABLE_NOT_FOUND"),
        "SCHEMA_NOT_FOUND" => user("DATABASE_NOT_FOUND"),
        "CATALOG_NOT_FOUND" => user("CATALOG_NOT_FOUND"),
        "FUNCTION_NOT_FOUND" => user("FUNCTION_NOT_ALLOWED"),
        "TYPE_MISMATCH" => user("TYPE_MISMATCH"),
        "INVALID_CAST_ARGUMENT" => user("INVALID_CAST_ARGUMENT"),
        "DIVISION_BY_ZERO" => user("DIVISION_BY_ZERO"),
        "NUMERIC_VALUE_OUT_OF_RANGE" => user("NUMERIC_VALUE_OUT_OF_RANGE"),
        "NOT_SUPPORTED" => user("NOT_SUPPORTED"),
        "HIVE_BAD_DATA" | "HIVE_CURSOR_ERROR" | "HIVE_INVALID_METADATA" | "ICEBERG_BAD_DATA" => user("INVALID_FILE"),
        "HIVE_PARTITION_SCHEMA_MISMATCH" => user("SCHEMA_CONFLICT"),
        "PERMISSION_DENIED" => QueryError::new("FORBIDDEN", ErrorKind::Forbidden, words),
        "USER_CANCELED" => QueryError::new("CANCELLED", ErrorKind::Conflict, "The statement was cancelled in Athena."),
        "STACK_OVERFLOW" | "QUERY_TEXT_TOO_LARGE" => user("QUERY_TOO_COMPLEX"),
        "EXCEEDED_TIME_LIMIT" => limit("TIMEOUT", "The statement took longer than Athena allows."),
        _ if has("query timeout") || has("query timed out") => {
            limit("TIMEOUT", "The statement took longer than Athena allows.")
        }
        _ if name.starts_with("EXCEEDED_") || name == "INSUFFICIENT_RESOURCES" || has("query exhausted resources") => {
            limit("RESOURCE_LIMIT", "The statement needs more memory or machines than Athena gives it.")
                .with_hint("Read less, join the larger table first, or group by fewer values.")
        }
        _ if has("cannot be resolved") => user("COLUMN_NOT_FOUND"),
        _ if has("table") && has("does not exist") || has("table not found") => user("TABLE_NOT_FOUND"),
        _ if (has("schema") || has("database")) && has("does not exist") => user("DATABASE_NOT_FOUND"),
        _ if has("function") && has("not registered") => user("FUNCTION_NOT_ALLOWED"),
        _ if has("mismatched input") || has("extraneous input") || has("parseexception") => user("SYNTAX_ERROR"),
        "SYNTAX_ERROR" => user("SYNTAX_ERROR"),
        _ if name.starts_with("GENERIC_INTERNAL_ERROR") || category == Some(SYSTEM) => {
            QueryError::new("ENGINE_FAILED", ErrorKind::Unavailable, "Athena failed on its own side.")
                .with_hint("Try again; if it lasts, the log has Athena's words.")
        }
        _ => user("EXECUTION_ERROR"),
    }
}

/// Trino's name of the error, where the text begins with one, and the rest.
fn named(reason: &str) -> (&str, &str) {
    let is_name = |name: &str| {
        name.len() > 3 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    match reason.trim().split_once(": ") {
        // Hive's wrapper around what is wrong.
        Some(("FAILED", rest)) => (named(rest).0, rest),
        Some((name, rest)) if is_name(name) => (name, rest),
        _ => ("", reason.trim()),
    }
}

/// The place, where the text has one, and the words without it.
fn placed(text: &str) -> (Option<Position>, &str) {
    let Some((before, rest)) = text.split_once("line ") else { return (None, text) };
    let number = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = number(rest);
    let Some((line, rest)) = rest.split_at_checked(digits) else { return (None, text) };
    let Some(rest) = rest.strip_prefix(':') else { return (None, text) };
    let (column, rest) = rest.split_at(number(rest));
    let (Ok(line), Ok(column)) = (line.parse(), column.parse::<u64>()) else { return (None, text) };
    // Hive counts columns from 0.
    let from_zero = before.contains("ParseException");
    let position = Position { line, column: if from_zero { column + 1 } else { column } };
    let words = rest.trim_start_matches([':', ' ']);
    (Some(position), if words.is_empty() { text } else { words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(reason: &str, category: i32) -> (&'static str, Option<(u64, u64)>) {
        let error = told(reason, Some(category));
        (error.code, error.position.map(|position| (position.line, position.column)))
    }

    #[test]
    fn sentences_become_codes_and_positions() {
        for (reason, code, position) in [
            ("line 1:8: Column 'x' cannot be resolved", "COLUMN_NOT_FOUND", Some((1, 8))),
            ("SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved", "COLUMN_NOT_FOUND", Some((1, 8))),
            (
                "COLUMN_NOT_FOUND: line 12:80: Column 'x' cannot be resolved or requester is not authorized to access \
                 requested resources",
                "COLUMN_NOT_FOUND",
                Some((12, 80)),
            ),
            (
                "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.demo.t' does not exist",
                "TABLE_NOT_FOUND",
                Some((1, 15)),
            ),
            ("SCHEMA_NOT_FOUND: line 1:15: Schema 'demo' does not exist", "DATABASE_NOT_FOUND", Some((1, 15))),
            ("line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER'", "SYNTAX_ERROR", Some((1, 1))),
            ("SYNTAX_ERROR: line 2:3: '=' cannot be applied to varchar, integer", "SYNTAX_ERROR", Some((2, 3))),
            ("FUNCTION_NOT_FOUND: line 1:8: Function 'f' not registered", "FUNCTION_NOT_ALLOWED", Some((1, 8))),
            ("TYPE_MISMATCH: line 1:8: Cannot apply operator: bigint = varchar", "TYPE_MISMATCH", Some((1, 8))),
            ("DIVISION_BY_ZERO: Division by zero", "DIVISION_BY_ZERO", None),
            ("INVALID_CAST_ARGUMENT: Cannot cast 'a' to INT", "INVALID_CAST_ARGUMENT", None),
            ("FAILED: ParseException line 1:0 cannot recognize input near 'x'", "SYNTAX_ERROR", Some((1, 1))),
            ("FAILED: SemanticException Table not found t", "TABLE_NOT_FOUND", None),
            ("HIVE_BAD_DATA: Error parsing field value for field 1", "INVALID_FILE", None),
            ("HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch", "SCHEMA_CONFLICT", None),
            ("Bytes scanned limit was exceeded", "SCAN_LIMIT_EXCEEDED", None),
            ("Query exhausted resources at this scale factor", "RESOURCE_LIMIT", None),
            ("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit", "RESOURCE_LIMIT", None),
            ("Query timeout", "TIMEOUT", None),
            ("NOT_SUPPORTED: Not supported", "NOT_SUPPORTED", None),
            ("Insufficient Lake Formation permission(s): Required Select on t", "FORBIDDEN", None),
            ("No output location provided. You did not provide an output location", "INVALID_LOCATION", None),
            ("Access denied when writing output to url: s3://results/out/1.csv", "FORBIDDEN", None),
            ("what nobody has seen before", "EXECUTION_ERROR", None),
        ] {
            assert_eq!(shown(reason, USER), (code, position), "{reason}");
        }
        assert_eq!(shown("GENERIC_INTERNAL_ERROR: null", USER), ("ENGINE_FAILED", None));
        assert_eq!(shown("what nobody has seen before", SYSTEM), ("ENGINE_FAILED", None));
    }

    #[test]
    fn the_words_are_for_people() {
        let error = told("SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved", None);
        assert_eq!(error.message, "Column 'x' cannot be resolved.");
        let error = told(
            "Insufficient permissions to execute the query. User: arn:aws:iam::1:user/ada is not authorized to perform: \
             glue:GetTable on resource: arn:aws:glue:us-east-1:1:catalog because no policy allows it",
            Some(USER),
        );
        assert_eq!(error.code, "FORBIDDEN");
        assert!(error.message.contains("glue:GetTable on arn:aws:glue:us-east-1:1:catalog"), "{}", error.message);
        // An odd text is no panic.
        for odd in ["", ": ", "line ", "line 1", "line 1:", "line x:1", "FAILED: ", "A: line 99999999999999999999:1: x"]
        {
            assert!(!told(odd, None).message.is_empty(), "{odd:?}");
        }
    }
}
