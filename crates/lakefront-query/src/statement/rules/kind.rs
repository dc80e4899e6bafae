//! Which kinds of statement there are here.

use sqlparser::ast::{
    DescribeAlias, Ident, ObjectName, Query, ShowCreateObject, ShowStatementFilter, ShowStatementFilterPosition,
    ShowStatementOptions, Spanned, Statement,
};

use super::{not_supported, position};
use crate::QueryError;

/// An allowed statement.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Query(&'a Query),
    Explain { query: &'a Query, analyze: bool },
    Show(Show),
}

/// A question that the catalogs answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Show {
    Catalogs { like: Option<String> },
    Schemas { within: Option<ObjectName>, like: Option<String> },
    Tables { within: Option<ObjectName>, like: Option<String> },
    Columns { table: ObjectName },
    Partitions { table: ObjectName },
    CreateTable { table: ObjectName },
    Functions { like: Option<String> },
}

/// Sorts a statement, refusing whatever does more than read.
pub(crate) fn kind(statement: &Statement) -> Result<Kind<'_>, QueryError> {
    match statement {
        Statement::Query(query) => Ok(Kind::Query(query)),
        Statement::Explain { statement, analyze, verbose, format, options, query_plan, estimate, .. } => {
            let span = statement.span();
            if format.is_some() || options.is_some() || *verbose || *query_plan || *estimate {
                return Err(not_supported("EXPLAIN with options", span));
            }
            match statement.as_ref() {
                Statement::Query(query) => Ok(Kind::Explain { query, analyze: *analyze }),
                other => Err(not_allowed(other)),
            }
        }
        Statement::ExplainTable { describe_alias, hive_format, table_name, .. } => {
            match (describe_alias, hive_format) {
                (DescribeAlias::Describe | DescribeAlias::Desc, None) => {
                    Ok(Kind::Show(Show::Columns { table: table_name.clone() }))
                }
                (DescribeAlias::Explain, _) => Err(not_supported("EXPLAIN of a table", table_name.span())),
                (_, Some(_)) => Err(not_supported("DESCRIBE with options", table_name.span())),
            }
        }
        Statement::ShowCatalogs { terse: false, history: false, show_options } => {
            Ok(Kind::Show(Show::Catalogs { like: like(show_options)? }))
        }
        Statement::ShowSchemas { terse: false, history: false, show_options }
        | Statement::ShowDatabases { terse: false, history: false, show_options } => {
            Ok(Kind::Show(Show::Schemas { within: within(show_options), like: like(show_options)? }))
        }
        Statement::ShowTables {
            terse: false,
            history: false,
            extended: false,
            full: false,
            external: false,
            show_options,
        } => Ok(Kind::Show(Show::Tables { within: within(show_options), like: like(show_options)? })),
        Statement::ShowColumns { extended: false, full: false, show_options } => {
            match (within(show_options), like(show_options)?) {
                (Some(table), None) => Ok(Kind::Show(Show::Columns { table })),
                _ => Err(not_supported("SHOW COLUMNS other than FROM a table", statement.span())),
            }
        }
        Statement::ShowCatalogs { .. }
        | Statement::ShowSchemas { .. }
        | Statement::ShowDatabases { .. }
        | Statement::ShowTables { .. }
        | Statement::ShowColumns { .. } => Err(not_supported("SHOW with these options", statement.span())),
        Statement::ShowFunctions { filter } => {
            Ok(Kind::Show(Show::Functions { like: filter.as_ref().map(pattern).transpose()? }))
        }
        // To the parser it is a variable of several words.
        Statement::ShowVariable { variable } if is_partitions(variable) => {
            let table = ObjectName::from(variable[1..].to_vec());
            Ok(Kind::Show(Show::Partitions { table }))
        }
        Statement::ShowCreate { obj_type: ShowCreateObject::Table, obj_name } => {
            Ok(Kind::Show(Show::CreateTable { table: obj_name.clone() }))
        }
        Statement::ShowCreate { obj_type, obj_name } => {
            Err(not_supported(&format!("SHOW CREATE {obj_type}"), obj_name.span()))
        }
        Statement::Analyze(..)
        | Statement::Set(..)
        | Statement::Truncate(..)
        | Statement::Msck(..)
        | Statement::Insert(..)
        | Statement::Install { .. }
        | Statement::Load { .. }
        | Statement::Directory { .. }
        | Statement::Case(..)
        | Statement::If(..)
        | Statement::While(..)
        | Statement::Raise(..)
        | Statement::Call(..)
        | Statement::Copy { .. }
        | Statement::CopyIntoSnowflake { .. }
        | Statement::Open(..)
        | Statement::Close { .. }
        | Statement::Update(..)
        | Statement::Delete(..)
        | Statement::CreateView(..)
        | Statement::CreateTable(..)
        | Statement::CreateVirtualTable { .. }
        | Statement::CreateIndex(..)
        | Statement::CreateRole(..)
        | Statement::CreateSecret { .. }
        | Statement::CreateServer(..)
        | Statement::CreatePolicy(..)
        | Statement::CreateConnector(..)
        | Statement::CreateOperator(..)
        | Statement::CreateOperatorFamily(..)
        | Statement::CreateOperatorClass(..)
        | Statement::AlterTable(..)
        | Statement::AlterSchema(..)
        | Statement::AlterIndex { .. }
        | Statement::AlterView { .. }
        | Statement::AlterFunction(..)
        | Statement::AlterType(..)
        | Statement::AlterCollation(..)
        | Statement::AlterOperator(..)
        | Statement::AlterOperatorFamily(..)
        | Statement::AlterOperatorClass(..)
        | Statement::AlterRole { .. }
        | Statement::AlterPolicy(..)
        | Statement::AlterConnector { .. }
        | Statement::AlterSession { .. }
        | Statement::AttachDatabase { .. }
        | Statement::AttachDuckDBDatabase { .. }
        | Statement::DetachDuckDBDatabase { .. }
        | Statement::Drop { .. }
        | Statement::DropFunction(..)
        | Statement::DropDomain(..)
        | Statement::DropProcedure { .. }
        | Statement::DropSecret { .. }
        | Statement::DropPolicy(..)
        | Statement::DropConnector { .. }
        | Statement::Declare { .. }
        | Statement::CreateExtension(..)
        | Statement::CreateCollation(..)
        | Statement::DropExtension(..)
        | Statement::DropOperator(..)
        | Statement::DropOperatorFamily(..)
        | Statement::DropOperatorClass(..)
        | Statement::Fetch { .. }
        | Statement::Flush { .. }
        | Statement::Discard { .. }
        | Statement::ShowVariable { .. }
        | Statement::ShowStatus { .. }
        | Statement::ShowVariables { .. }
        | Statement::ShowProcessList { .. }
        | Statement::ShowCharset(..)
        | Statement::ShowObjects(..)
        | Statement::ShowViews { .. }
        | Statement::ShowCollation { .. }
        | Statement::Use(..)
        | Statement::StartTransaction { .. }
        | Statement::Comment { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::CreateSchema { .. }
        | Statement::CreateDatabase { .. }
        | Statement::CreateFunction(..)
        | Statement::CreateTrigger(..)
        | Statement::DropTrigger(..)
        | Statement::CreateProcedure { .. }
        | Statement::CreateMacro { .. }
        | Statement::CreateStage { .. }
        | Statement::Assert { .. }
        | Statement::Grant(..)
        | Statement::Deny(..)
        | Statement::Revoke(..)
        | Statement::Deallocate { .. }
        | Statement::Execute { .. }
        | Statement::Prepare { .. }
        | Statement::Kill { .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. }
        | Statement::Merge(..)
        | Statement::Cache { .. }
        | Statement::UNCache { .. }
        | Statement::CreateSequence { .. }
        | Statement::CreateDomain(..)
        | Statement::CreateType { .. }
        | Statement::Pragma { .. }
        | Statement::Lock(..)
        | Statement::LockTables { .. }
        | Statement::UnlockTables
        | Statement::Unload { .. }
        | Statement::OptimizeTable { .. }
        | Statement::LISTEN { .. }
        | Statement::UNLISTEN { .. }
        | Statement::NOTIFY { .. }
        | Statement::LoadData { .. }
        | Statement::RenameTable(..)
        | Statement::List(..)
        | Statement::Remove(..)
        | Statement::RaisError { .. }
        | Statement::Throw(..)
        | Statement::Print(..)
        | Statement::WaitFor(..)
        | Statement::Return(..)
        | Statement::ExportData(..)
        | Statement::CreateUser(..)
        | Statement::AlterUser(..)
        | Statement::Vacuum(..)
        | Statement::Reset(..) => Err(not_allowed(statement)),
    }
}

fn is_partitions(words: &[Ident]) -> bool {
    matches!(words, [first, _, ..] if first.quote_style.is_none() && first.value.eq_ignore_ascii_case("partitions"))
}

pub(super) fn not_allowed(statement: &Statement) -> QueryError {
    let text = statement.to_string();
    let verb = text.split_whitespace().next().unwrap_or("This statement");
    QueryError::user("STATEMENT_NOT_ALLOWED", format!("{verb} is not allowed; statements here only read."))
        .with_hint("Use SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE.")
        .at(position(statement.span()))
}

fn within(options: &ShowStatementOptions) -> Option<ObjectName> {
    options.show_in.as_ref().and_then(|within| within.parent_name.clone())
}

fn like(options: &ShowStatementOptions) -> Result<Option<String>, QueryError> {
    if options.limit.is_some() || options.limit_from.is_some() || options.starts_with.is_some() {
        return Err(QueryError::user("NOT_SUPPORTED", "SHOW with a limit is not supported."));
    }
    match &options.filter_position {
        None => Ok(None),
        Some(ShowStatementFilterPosition::Infix(filter) | ShowStatementFilterPosition::Suffix(filter)) => {
            pattern(filter).map(Some)
        }
    }
}

fn pattern(filter: &ShowStatementFilter) -> Result<String, QueryError> {
    match filter {
        ShowStatementFilter::Like(pattern) => Ok(pattern.clone()),
        ShowStatementFilter::ILike(_) | ShowStatementFilter::Where(_) | ShowStatementFilter::NoKeyword(_) => {
            Err(QueryError::user("NOT_SUPPORTED", "SHOW takes no filter other than LIKE 'pattern'."))
        }
    }
}
