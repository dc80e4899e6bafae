//! What PostgreSQL calls its failures, in our terms
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use std::io;

use super::tls;
use super::wire::{Fault, ServerError};
use crate::execution::cancelled;
use crate::{ErrorKind, Position, QueryError};

const AGAIN: &str = "Run the statement again.";

/// The error people see; its place is one in `sql`.
pub(super) fn told(fault: Fault, address: &str, sql: &str) -> QueryError {
    match fault {
        Fault::Server(error) => server(&error, address, sql),
        Fault::SignIn(message, hint) => {
            QueryError::new("ENGINE_REFUSED", ErrorKind::Unavailable, format!("{message} ({address})")).with_hint(hint)
        }
        Fault::TooLong => {
            QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, "PostgreSQL sent a row of more than 64 MiB.")
                .with_hint("Read fewer columns, or a part of the long one: left(column, 1000).")
        }
        Fault::Line(error) => line(&error, address),
    }
}

fn line(error: &io::Error, address: &str) -> QueryError {
    tracing::info!(address, %error, "the line to {address} failed: {error}");
    if tls::is_distrust(error) {
        return unavailable(format!("PostgreSQL at {address} shows a certificate that is not trusted here."))
            .with_hint(
                "Give its authority with --ca, and check that the host of the address stands in the certificate.",
            );
    }
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            unexpected(format!("What answers at {address} does not speak as agreed ({error})."))
                .with_hint("Check host and port, and that the server speaks TLS where the address asks for it.")
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            unavailable(format!("PostgreSQL at {address} broke off the connection.")).with_hint(AGAIN)
        }
        _ => unavailable(format!("PostgreSQL at {address} can't be reached."))
            .with_hint("Check host, port and network, and that the server runs."),
    }
}

fn server(error: &ServerError, address: &str, sql: &str) -> QueryError {
    let ServerError { code, message, hint, position } = error;
    tracing::info!(code, message, "PostgreSQL answered {code}: {message}");
    let words = capital(message);
    let user = |code| QueryError::user(code, words.clone());
    let told = match code.as_str() {
        "42601" => user("SYNTAX_ERROR"),
        "42P01" => user("TABLE_NOT_FOUND"),
        "3F000" => user("DATABASE_NOT_FOUND"),
        "42703" => user("COLUMN_NOT_FOUND"),
        "42702" | "42712" => user("AMBIGUOUS_NAME"),
        "42725" => user("AMBIGUOUS_FUNCTION_CALL"),
        "42704" => user("TYPE_NOT_FOUND"),
        "42883" if message.starts_with("operator") => user("OPERATOR_NOT_FOUND"),
        "42883" => user("FUNCTION_NOT_ALLOWED"),
        "42804" | "42846" | "42P18" | "42P22" => user("TYPE_MISMATCH"),
        "42803" => user("EXPRESSION_NOT_AGGREGATE"),
        "42P20" => user("NESTED_WINDOW"),
        "42P19" => user("INVALID_RECURSIVE_REFERENCE"),
        "42P10" => user("INVALID_COLUMN_REFERENCE"),
        "42501" => QueryError::new("FORBIDDEN", ErrorKind::Forbidden, words)
            .with_hint("Rights in PostgreSQL belong to the user of the connection; GRANT SELECT gives them."),
        "22012" => user("DIVISION_BY_ZERO"),
        "22003" | "22008" => user("NUMERIC_VALUE_OUT_OF_RANGE"),
        "22P02" | "22007" | "22P03" => user("INVALID_CAST_ARGUMENT"),
        "21000" => user("SUBQUERY_MULTIPLE_ROWS"),
        "0A000" => user("NOT_SUPPORTED"),
        "25006" => user("STATEMENT_NOT_ALLOWED").with_hint(
            "Statements here only read; something that the statement uses, such as a view, calls a function that writes.",
        ),
        "57014" if message.contains("timeout") => QueryError::new("TIMEOUT", ErrorKind::Limit, words)
            .with_hint("Read less, or ask for a longer deadline."),
        "57014" => cancelled(),
        "55P03" => QueryError::new("TIMEOUT", ErrorKind::Limit, "Another session holds a lock on a table.")
            .with_hint("Run the statement again when that session has ended its transaction."),
        "25P03" | "57P05" => QueryError::new(
            "TIMEOUT",
            ErrorKind::Limit,
            "Nobody took the rows for so long that PostgreSQL ended the statement.",
        ),
        "53300" => unavailable(format!("PostgreSQL at {address} has no connection left."))
            .with_hint("Try again in a moment, or put a pooler in front of it."),
        "57P01" | "57P02" | "57P03" => {
            unavailable(format!("PostgreSQL at {address} ended the connection, or restarts.")).with_hint(AGAIN)
        }
        "28P01" | "28000" => QueryError::new(
            "ENGINE_REFUSED",
            ErrorKind::Unavailable,
            format!("PostgreSQL at {address} refuses the user or the password."),
        )
        .with_hint("Add the catalog again with the right user and POSTGRES_PASSWORD."),
        "3D000" => QueryError::new(
            "ENGINE_REFUSED",
            ErrorKind::Unavailable,
            format!("There is no such database at {address}."),
        )
        .with_hint("Check the name at the end of the address."),
        "40001" | "40P01" => QueryError::new("DATA_CHANGED", ErrorKind::Conflict, words).with_hint(AGAIN),
        code => match code.get(..2) {
            Some("08") => unavailable(format!("PostgreSQL at {address} broke off the connection.")).with_hint(AGAIN),
            Some("22" | "2B" | "2F" | "34" | "39") => user("INVALID_FUNCTION_ARGUMENT"),
            Some("53") => QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, words)
                .with_hint("Read or sort less, or try again when the server is less busy."),
            Some("54") => QueryError::user("QUERY_TOO_COMPLEX", words)
                .with_hint("Split the statement, or make its expressions shorter."),
            Some("42") | Some("P0") => QueryError::user("EXECUTION_ERROR", format!("{words} ({code})")),
            _ => QueryError::new(
                "ENGINE_UNAVAILABLE",
                ErrorKind::Unavailable,
                format!("PostgreSQL at {address} could not run the statement ({code})."),
            )
            .with_hint("The server's log tells why."),
        },
    };
    let told = match (told.hint.is_some(), hint) {
        (false, Some(hint)) if code.starts_with("42") => told.with_hint(hint.as_str()),
        _ => told,
    };
    told.at(position.and_then(|character| place(sql, character)))
}

/// The server can't be reached, or is gone.
pub(super) fn unavailable(message: impl Into<String>) -> QueryError {
    QueryError::new("ENGINE_UNAVAILABLE", ErrorKind::Unavailable, message)
}

/// Answers that are not those of a PostgreSQL.
pub(super) fn unexpected(message: impl Into<String>) -> QueryError {
    QueryError::new("ENGINE_PROTOCOL", ErrorKind::Unavailable, message)
}

/// Line and column of a character, counted from 1.
fn place(sql: &str, character: u64) -> Option<Position> {
    let before = usize::try_from(character.checked_sub(1)?).ok()?;
    if sql.is_empty() {
        return None;
    }
    let mut position = Position { line: 1, column: 1 };
    for character in sql.chars().take(before) {
        if character == '\n' {
            position = Position { line: position.line + 1, column: 1 };
        } else {
            position.column += 1;
        }
    }
    Some(position)
}

fn capital(words: &str) -> String {
    let mut words = words.to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if words.ends_with('.') { words } else { words + "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str) -> QueryError {
        let error = ServerError {
            code: code.to_owned(),
            message: "words".to_owned(),
            hint: Some("a hint".to_owned()),
            position: Some(10),
        };
        told(Fault::Server(error), "postgres://db.example:5432/shop", "select\n  é x")
    }

    #[test]
    fn each_failure_names_who_can_mend_it() {
        use ErrorKind::{Conflict, Forbidden, Limit, Unavailable, User};
        for (sqlstate, expected) in [
            ("42601", ("SYNTAX_ERROR", User)),
            ("42P01", ("TABLE_NOT_FOUND", User)),
            ("42703", ("COLUMN_NOT_FOUND", User)),
            ("22012", ("DIVISION_BY_ZERO", User)),
            ("22P02", ("INVALID_CAST_ARGUMENT", User)),
            ("25006", ("STATEMENT_NOT_ALLOWED", User)),
            ("42501", ("FORBIDDEN", Forbidden)),
            ("53200", ("RESOURCE_LIMIT", Limit)),
            ("57014", ("CANCELLED", Conflict)),
            ("53300", ("ENGINE_UNAVAILABLE", Unavailable)),
            ("57P01", ("ENGINE_UNAVAILABLE", Unavailable)),
            ("08006", ("ENGINE_UNAVAILABLE", Unavailable)),
            ("28P01", ("ENGINE_REFUSED", Unavailable)),
            ("3D000", ("ENGINE_REFUSED", Unavailable)),
            ("XX000", ("ENGINE_UNAVAILABLE", Unavailable)),
        ] {
            let error = error(sqlstate);
            assert_eq!((error.code, error.kind), expected, "{sqlstate}");
        }
    }

    #[test]
    fn a_character_has_a_line_and_a_column() {
        let error = error("42703");
        assert_eq!(error.position, Some(Position { line: 2, column: 3 }));
        assert_eq!((error.message.as_str(), error.hint.as_deref()), ("Words.", Some("a hint")));
    }
}
