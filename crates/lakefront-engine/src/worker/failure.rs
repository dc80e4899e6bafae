//! From the engine's words to errors people can act on.

use std::error::Error;
use std::time::Duration;

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};

use lakefront_trino::error::Code;

use crate::error::{EngineError, EngineErrorKind};

pub(crate) fn internal(error: impl ToString) -> EngineError {
    EngineError::new(EngineErrorKind::Internal, "The engine failed. Try again, or tell your administrator.")
        .with_detail(error.to_string())
}

pub(super) fn cancelled() -> EngineError {
    EngineError::new(EngineErrorKind::Cancelled, "The query was cancelled.")
}

pub(crate) fn timed_out(deadline: Duration) -> EngineError {
    let seconds = deadline.as_secs_f64();
    EngineError::new(
        EngineErrorKind::Timeout,
        format!("The query did not finish within its limit of {seconds} s. Let it read or combine less."),
    )
}

fn out_of_memory() -> EngineError {
    EngineError::new(
        EngineErrorKind::ResourceLimit,
        "The query needs more memory than it may use. Let it read, group or combine less.",
    )
}

pub(crate) fn out_of_disk() -> EngineError {
    EngineError::new(
        EngineErrorKind::ResourceLimit,
        "The query needs more temporary disk space than it may use. Let it sort, group or combine less.",
    )
}

fn bad_regex(words: &str) -> EngineError {
    EngineError::new(EngineErrorKind::InvalidRegex, "The regular expression is not valid, or compiles to too much.")
        .with_detail(words)
}

/// What a worker's last words say about why it died: a panic's message, or its standard error.
pub(crate) fn from_last_words(words: &str) -> EngineError {
    let has = |part: &str| words.contains(part);
    // A nested-loop join that runs out of memory reads its left side again, which a repartition under it does not allow.
    let join_without_memory = has("partition not used yet");
    let error = if has("memory allocation of")
        || has("capacity overflow")
        || has("failed to spawn thread")
        || join_without_memory
    {
        out_of_memory()
    } else if has("has overflowed its stack") {
        EngineError::new(
            EngineErrorKind::QueryTooComplex,
            "The query is nested too deeply to plan. Split it, or shorten its expressions.",
        )
    } else if has("offset overflow") || has("byte array offset") {
        EngineError::new(EngineErrorKind::ResourceLimit, "A text value of the query grows beyond 2 GB.")
    } else {
        EngineError::new(
            EngineErrorKind::EngineCrashed,
            "The engine crashed on this query. Other queries are not affected.",
        )
    };
    error.with_detail(words)
}

pub(super) fn from_arrow(error: ArrowError) -> EngineError {
    from_datafusion(DataFusionError::from(error))
}

pub(super) fn from_datafusion(error: DataFusionError) -> EngineError {
    if let Some(ours) = carried(&error) {
        return ours;
    }
    if let Some(trinos) = lakefront_trino::error::Error::find(&error) {
        return from_trino(trinos);
    }
    let position = position(&error);
    let mut ours = classify(&error);
    if ours.position.is_none() {
        ours.position = position;
    }
    if ours.detail.is_empty() {
        ours.detail = error.strip_backtrace();
    }
    ours
}

/// What the analysis of a statement, or a function in it, refused.
pub(super) fn from_trino(error: &lakefront_trino::error::Error) -> EngineError {
    let kind = match error.code {
        Code::SyntaxError => EngineErrorKind::Syntax,
        Code::TableNotFound => EngineErrorKind::TableNotFound,
        Code::ColumnNotFound => EngineErrorKind::ColumnNotFound,
        Code::TypeMismatch => EngineErrorKind::TypeMismatch,
        Code::InvalidCastArgument => EngineErrorKind::InvalidCast,
        Code::DivisionByZero => EngineErrorKind::DivisionByZero,
        Code::NotSupported => EngineErrorKind::NotSupported,
        Code::InvalidRegex => EngineErrorKind::InvalidRegex,
        Code::QueryTooComplex => EngineErrorKind::QueryTooComplex,
        Code::ExceededFunctionMemoryLimit => EngineErrorKind::ResourceLimit,
        code => EngineErrorKind::Statement(code),
    };
    let mut message = error.message.clone();
    if !message.ends_with('.') {
        message.push('.');
    }
    EngineError { position: error.position, ..EngineError::new(kind, message) }
}

/// What the engine said while it was told what to do.
pub(super) fn unplanned(error: lakefront_trino::error::Error) -> EngineError {
    match error.code {
        Code::GenericInternalError => EngineError::new(
            EngineErrorKind::Statement(Code::NotSupportedHere),
            "The embedded engine can't plan this statement.",
        )
        .with_detail(error.message),
        _ => from_trino(&error),
    }
}

/// What the engine said of a plan. Names and types are right by then, so what it can't plan is its own fault.
pub(super) fn not_planned(error: DataFusionError) -> EngineError {
    let told = from_datafusion(error);
    match told.kind {
        EngineErrorKind::ColumnNotFound
        | EngineErrorKind::TableNotFound
        | EngineErrorKind::TypeMismatch
        | EngineErrorKind::NotSupported
        | EngineErrorKind::Syntax => {
            let words = format!("{} {}", told.message, told.detail);
            unplanned(lakefront_trino::error::Error::new(Code::GenericInternalError, words))
        }
        _ => told,
    }
}

/// An error of ours that travelled through the engine.
fn carried(error: &DataFusionError) -> Option<EngineError> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(ours) = error.downcast_ref::<EngineError>() {
            return Some(ours.clone());
        }
        next = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ParquetError(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
            Some(DataFusionError::ObjectStore(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner)) => Some(inner.as_ref()),
            _ => match error.downcast_ref::<ArrowError>() {
                Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                _ => match error.downcast_ref::<parquet::errors::ParquetError>() {
                    Some(parquet::errors::ParquetError::External(inner)) => Some(inner.as_ref()),
                    _ => error.source(),
                },
            },
        };
    }
    None
}

fn position(error: &DataFusionError) -> Option<(u64, u64)> {
    let start = error.diagnostic()?.span?.start;
    Some((start.line, start.column))
}

fn classify(error: &DataFusionError) -> EngineError {
    use EngineErrorKind::*;
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => classify(inner),
        DataFusionError::Shared(inner) => classify(inner),
        DataFusionError::Collection(all) if !all.is_empty() => classify(&all[0]),
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, .. } => {
                EngineError::new(ColumnNotFound, format!("There is no column '{}'.", field.flat_name()))
            }
            SchemaError::AmbiguousReference { field } => EngineError::new(
                ColumnNotFound,
                format!("The column '{}' is in more than one table. Say which.", field.flat_name()),
            ),
            other => EngineError::new(Syntax, other.to_string()),
        },
        DataFusionError::Plan(words) => from_plan_words(words),
        DataFusionError::NotImplemented(words) => {
            EngineError::new(NotSupported, format!("This is not supported: {}", first_line(words)))
        }
        DataFusionError::ResourcesExhausted(words) => {
            if words.contains("disk space") {
                out_of_disk()
            } else {
                out_of_memory()
            }
        }
        DataFusionError::ArrowError(error, _) => from_arrow_words(error),
        DataFusionError::ParquetError(_) => EngineError::new(
            InvalidFile,
            "A Parquet file of the table is damaged. Write it anew, or take it out of the table.",
        ),
        DataFusionError::IoError(error) => match error.kind() {
            _ if error.to_string().contains("disk space") => out_of_disk(),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
                out_of_disk()
            }
            std::io::ErrorKind::OutOfMemory => out_of_memory(),
            _ => EngineError::new(Execution, "Reading or writing a file failed. Try again."),
        },
        DataFusionError::Execution(words) if words.contains("more than one row") => {
            EngineError::new(Statement(Code::SubqueryMultipleRows), "A scalar subquery has returned multiple rows.")
        }
        DataFusionError::Execution(words) | DataFusionError::Configuration(words) => from_execution_words(words),
        DataFusionError::External(error) => from_execution_words(&error.to_string()),
        DataFusionError::ExecutionJoin(error) => from_last_words(&error.to_string()),
        DataFusionError::ObjectStore(_) => {
            EngineError::new(Execution, "Reading from the object store failed. Try again.")
        }
        DataFusionError::Internal(words) => {
            // Some mistakes of a statement are found where the engine expected none to be left.
            match words.contains("coercion") {
                true => EngineError::new(TypeMismatch, first_line(words)),
                false => internal(words),
            }
        }
        other => internal(other),
    }
}

fn from_plan_words(words: &str) -> EngineError {
    use EngineErrorKind::*;
    let line = first_line(words);
    let lower = line.to_lowercase();
    if let Some(call) = unmatched_call(words) {
        EngineError::new(TypeMismatch, format!("There is no function {call}: its arguments do not fit."))
    } else if lower.starts_with("table '")
        || lower.contains("table not found")
        || lower.starts_with("failed to resolve")
    {
        let name = line.split('\'').nth(1).unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or(name);
        EngineError::new(TableNotFound, format!("There is no table '{name}'."))
    } else if lower.starts_with("invalid function") || lower.contains("table function") {
        EngineError::new(FunctionNotAllowed, line)
    } else if lower.contains("not supported") || lower.contains("unsupported") {
        EngineError::new(NotSupported, line)
    } else if lower.contains("coerc")
        || lower.contains("no function matches")
        || lower.contains("cannot infer common")
        || lower.contains("incompatible")
        || lower.contains("can't cast")
        || lower.contains("cannot cast")
    {
        EngineError::new(TypeMismatch, line)
    } else {
        EngineError::new(Syntax, line)
    }
}

/// The call in "No function matches the given name and argument types 'sum(Utf8View)'", with the types' SQL names.
fn unmatched_call(words: &str) -> Option<String> {
    let call = words.split("given name and argument types '").nth(1)?.split('\'').next()?;
    let names = [
        ("Utf8View", "varchar"),
        ("LargeUtf8", "varchar"),
        ("Utf8", "varchar"),
        ("Int64", "bigint"),
        ("Int32", "integer"),
        ("Float64", "double"),
        ("Date32", "date"),
        ("Boolean", "boolean"),
    ];
    Some(names.iter().fold(call.to_owned(), |call, (arrow, sql)| call.replace(arrow, sql)))
}

fn from_arrow_words(error: &ArrowError) -> EngineError {
    use EngineErrorKind::*;
    match error {
        ArrowError::DivideByZero => EngineError::new(DivisionByZero, "Division by zero."),
        ArrowError::ArithmeticOverflow(words) => {
            EngineError::new(Execution, format!("A number grows beyond its type: {}", first_line(words)))
        }
        ArrowError::ParseError(words) if words.starts_with("Error while parsing value") => bad_text(words),
        ArrowError::CsvError(words) | ArrowError::JsonError(words) => bad_text(words),
        ArrowError::CastError(words) | ArrowError::ParseError(words) => {
            EngineError::new(InvalidCast, first_line(words))
        }
        ArrowError::MemoryError(_) => out_of_memory(),
        ArrowError::OffsetOverflowError(_) => {
            EngineError::new(ResourceLimit, "A text value or list of the query grows beyond 2 GB.")
        }
        ArrowError::IoError(words, error) => {
            classify(&DataFusionError::IoError(std::io::Error::new(error.kind(), words.as_str())))
        }
        ArrowError::NotYetImplemented(words) => {
            EngineError::new(NotSupported, format!("This is not supported: {}", first_line(words)))
        }
        ArrowError::ParquetError(_) => EngineError::new(
            InvalidFile,
            "A Parquet file of the table is damaged. Write it anew, or take it out of the table.",
        ),
        ArrowError::SchemaError(words) => EngineError::new(TypeMismatch, first_line(words)),
        ArrowError::ComputeError(words)
        | ArrowError::InvalidArgumentError(words)
        | ArrowError::CDataInterface(words)
        | ArrowError::IpcError(words) => from_execution_words(words),
        other => from_execution_words(&other.to_string()),
    }
}

/// A text file whose content is not what its table says; the place is found afterwards.
fn bad_text(words: &str) -> EngineError {
    EngineError::new(EngineErrorKind::InvalidFile, "A text file of the table has a value that does not fit its column.")
        .with_detail(words)
}

fn from_execution_words(words: &str) -> EngineError {
    use EngineErrorKind::*;
    let lower = words.to_lowercase();
    if lower.contains("regular expression") || lower.contains("regex") {
        bad_regex(words)
    } else if lower.contains("divide by zero") || lower.contains("division by zero") {
        EngineError::new(DivisionByZero, "Division by zero.")
    } else if lower.contains("no space left") || lower.contains("file too large") {
        out_of_disk()
    } else if lower.contains("cannot allocate")
        || lower.contains("string size overflow")
        || lower.contains("too large")
        || lower.contains("exceeds maximum")
        || lower.contains("exceed maximum")
        || lower.contains("overflows maximum")
    {
        EngineError::new(ResourceLimit, "A value of the query grows larger than it may.").with_detail(words)
    } else if lower.contains("cannot cast") || lower.contains("error parsing") || lower.contains("can't cast") {
        EngineError::new(InvalidCast, first_line(words))
    } else {
        EngineError::new(Execution, first_line(words))
    }
}

fn first_line(words: &str) -> String {
    let line = words.lines().next().unwrap_or_default().trim();
    line.strip_prefix("Error during planning: ").unwrap_or(line).to_owned()
}
