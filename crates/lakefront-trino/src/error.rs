//! Why a statement has no answer, in Trino's words.

use std::fmt;

use datafusion::common::DataFusionError;
use serde::{Deserialize, Serialize};

/// Trino's name of an error, such as `DIVISION_BY_ZERO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Code {
    AmbiguousFunctionCall,
    AmbiguousName,
    ColumnNotFound,
    ColumnAliasNotFound,
    DivisionByZero,
    DuplicateColumnName,
    DuplicateWindowName,
    DuplicateNamedQuery,
    /// A value that no memory would hold.
    ExceededFunctionMemoryLimit,
    ExpressionNotAggregate,
    ExpressionNotConstant,
    ExpressionNotInDistinct,
    ExpressionNotScalar,
    /// A function that takes any type, and is not made for this one.
    FunctionImplementationMissing,
    FunctionNotAggregate,
    FunctionNotFound,
    FunctionNotWindow,
    GenericInternalError,
    GenericUserError,
    InvalidArguments,
    InvalidCastArgument,
    InvalidColumnReference,
    InvalidFunctionArgument,
    InvalidLabel,
    InvalidLimitClause,
    InvalidLiteral,
    InvalidNavigationNesting,
    InvalidOrderBy,
    InvalidParameterUsage,
    InvalidPartitionBy,
    InvalidPath,
    InvalidPatternRecognitionFunction,
    InvalidProcessingMode,
    InvalidRange,
    /// A pattern that compiles to too much; Trino has no name for it.
    InvalidRegex,
    InvalidRowPattern,
    InvalidWindowFrame,
    InvalidWindowReference,
    JsonInputConversionError,
    JsonOutputConversionError,
    JsonValueResultError,
    MismatchedColumnAliases,
    MissingColumnAliases,
    MissingGroupBy,
    MissingOrderBy,
    MissingOver,
    NestedAggregation,
    NestedWindow,
    OperatorNotFound,
    NotSupported,
    NullTreatmentNotAllowed,
    /// Trino has it and this crate does not, or not exactly.
    NotSupportedHere,
    NumericValueOutOfRange,
    PathEvaluationError,
    /// More than is safe to plan.
    QueryTooComplex,
    SubqueryMultipleRows,
    SyntaxError,
    TableHasNoColumns,
    TableNotFound,
    TooManyGroupingSets,
    TypeMismatch,
    TypeNotFound,
}

impl Code {
    pub fn name(self) -> &'static str {
        use Code::*;
        match self {
            AmbiguousFunctionCall => "AMBIGUOUS_FUNCTION_CALL",
            AmbiguousName => "AMBIGUOUS_NAME",
            ColumnNotFound => "COLUMN_NOT_FOUND",
            ColumnAliasNotFound => "COLUMN_ALIAS_NOT_FOUND",
            DivisionByZero => "DIVISION_BY_ZERO",
            DuplicateColumnName => "DUPLICATE_COLUMN_NAME",
            DuplicateWindowName => "DUPLICATE_WINDOW_NAME",
            DuplicateNamedQuery => "DUPLICATE_NAMED_QUERY",
            ExceededFunctionMemoryLimit => "EXCEEDED_FUNCTION_MEMORY_LIMIT",
            ExpressionNotAggregate => "EXPRESSION_NOT_AGGREGATE",
            ExpressionNotConstant => "EXPRESSION_NOT_CONSTANT",
            ExpressionNotInDistinct => "EXPRESSION_NOT_IN_DISTINCT",
            ExpressionNotScalar => "EXPRESSION_NOT_SCALAR",
            FunctionImplementationMissing => "FUNCTION_IMPLEMENTATION_MISSING",
            FunctionNotAggregate => "FUNCTION_NOT_AGGREGATE",
            FunctionNotFound => "FUNCTION_NOT_FOUND",
            FunctionNotWindow => "FUNCTION_NOT_WINDOW",
            GenericInternalError => "GENERIC_INTERNAL_ERROR",
            GenericUserError => "GENERIC_USER_ERROR",
            InvalidArguments => "INVALID_ARGUMENTS",
            InvalidCastArgument => "INVALID_CAST_ARGUMENT",
            InvalidColumnReference => "INVALID_COLUMN_REFERENCE",
            InvalidFunctionArgument => "INVALID_FUNCTION_ARGUMENT",
            InvalidLabel => "INVALID_LABEL",
            InvalidLimitClause => "INVALID_LIMIT_CLAUSE",
            InvalidLiteral => "INVALID_LITERAL",
            InvalidNavigationNesting => "INVALID_NAVIGATION_NESTING",
            InvalidOrderBy => "INVALID_ORDER_BY",
            InvalidParameterUsage => "INVALID_PARAMETER_USAGE",
            InvalidPartitionBy => "INVALID_PARTITION_BY",
            InvalidPath => "INVALID_PATH",
            InvalidPatternRecognitionFunction => "INVALID_PATTERN_RECOGNITION_FUNCTION",
            InvalidProcessingMode => "INVALID_PROCESSING_MODE",
            InvalidRange => "INVALID_RANGE",
            InvalidRegex => "INVALID_REGEX",
            InvalidRowPattern => "INVALID_ROW_PATTERN",
            InvalidWindowFrame => "INVALID_WINDOW_FRAME",
            InvalidWindowReference => "INVALID_WINDOW_REFERENCE",
            JsonInputConversionError => "JSON_INPUT_CONVERSION_ERROR",
            JsonOutputConversionError => "JSON_OUTPUT_CONVERSION_ERROR",
            JsonValueResultError => "JSON_VALUE_RESULT_ERROR",
            MismatchedColumnAliases => "MISMATCHED_COLUMN_ALIASES",
            MissingColumnAliases => "MISSING_COLUMN_ALIASES",
            MissingGroupBy => "MISSING_GROUP_BY",
            MissingOrderBy => "MISSING_ORDER_BY",
            MissingOver => "MISSING_OVER",
            NestedAggregation => "NESTED_AGGREGATION",
            OperatorNotFound => "OPERATOR_NOT_FOUND",
            NestedWindow => "NESTED_WINDOW",
            NotSupported => "NOT_SUPPORTED",
            NullTreatmentNotAllowed => "NULL_TREATMENT_NOT_ALLOWED",
            NotSupportedHere => "NOT_SUPPORTED_HERE",
            NumericValueOutOfRange => "NUMERIC_VALUE_OUT_OF_RANGE",
            PathEvaluationError => "PATH_EVALUATION_ERROR",
            QueryTooComplex => "QUERY_TOO_COMPLEX",
            SubqueryMultipleRows => "SUBQUERY_MULTIPLE_ROWS",
            SyntaxError => "SYNTAX_ERROR",
            TableHasNoColumns => "TABLE_HAS_NO_COLUMNS",
            TableNotFound => "TABLE_NOT_FOUND",
            TooManyGroupingSets => "TOO_MANY_GROUPING_SETS",
            TypeMismatch => "TYPE_MISMATCH",
            TypeNotFound => "TYPE_NOT_FOUND",
        }
    }
}

/// Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub code: Code,
    pub message: String,
    pub position: Option<(u64, u64)>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), position: None }
    }

    pub fn not_here(construct: impl fmt::Display) -> Self {
        Self::new(Code::NotSupportedHere, format!("{construct} is not supported by the embedded engine."))
    }

    pub fn too_complex(what: impl fmt::Display) -> Self {
        Self::new(Code::QueryTooComplex, format!("{what} is more than can be planned safely."))
    }

    pub fn type_mismatch(message: impl Into<String>) -> Self {
        Self::new(Code::TypeMismatch, message)
    }

    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidFunctionArgument, message)
    }

    pub fn invalid_cast(value: impl fmt::Display, from: impl fmt::Display, to: impl fmt::Display) -> Self {
        Self::new(Code::InvalidCastArgument, format!("Cannot cast {from} '{value}' to {to}"))
    }

    pub fn out_of_range(message: impl Into<String>) -> Self {
        Self::new(Code::NumericValueOutOfRange, message)
    }

    pub fn division_by_zero() -> Self {
        Self::new(Code::DivisionByZero, "Division by zero")
    }

    /// Puts the error where it happened, unless it already knows.
    #[must_use]
    pub fn at(mut self, position: Option<(u64, u64)>) -> Self {
        self.position = self.position.or(position);
        self
    }

    /// The error that the engine carried through its own.
    pub fn find(error: &DataFusionError) -> Option<&Error> {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = source {
            if let Some(found) = error.downcast_ref::<Error>() {
                return Some(found);
            }
            source = match error.downcast_ref::<DataFusionError>() {
                Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner)) => {
                    Some(inner.as_ref())
                }
                _ => error.source(),
            };
        }
        None
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        DataFusionError::External(Box::new(error))
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match Error::find(&error) {
            Some(found) => found.clone(),
            None if error.to_string().contains("subquery returned more than one row") => {
                Error::new(Code::SubqueryMultipleRows, "Scalar sub-query has returned multiple rows")
            }
            // One that could not be taken apart is left where it was.
            None if error.to_string().contains("Physical plan does not support logical expression") => Error::new(
                Code::NotSupportedHere,
                "This correlated subquery is not supported by the embedded engine; write it as a join.",
            ),
            None => Error::new(Code::GenericInternalError, error.strip_backtrace()),
        }
    }
}

impl From<datafusion::arrow::error::ArrowError> for Error {
    fn from(error: datafusion::arrow::error::ArrowError) -> Self {
        Error::from(DataFusionError::from(error))
    }
}
