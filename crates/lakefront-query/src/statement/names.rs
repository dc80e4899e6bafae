//! Names: what a statement calls a table, what the catalogs call it, and what was probably meant.

use std::sync::Arc;

use lakefront_engine::Literal;
use lakefront_trino::Sql;
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

use super::rules::TableName;
use crate::catalog::{Bound, Condition, Wanted};
use crate::{Catalogs, Position, Principal, QueryError, Request, TableInfo};

/// Resolves names that are not fully written.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) catalog: Option<String>,
    pub(crate) database: Option<String>,
    /// Who asks: some connections show each person their own.
    person: Principal,
}

/// Catalog, database, table.
type FullName = (String, String, String);

impl Defaults {
    /// A catalog or database that is the only one need not be named.
    pub(crate) async fn new(catalogs: &Catalogs, request: &Request) -> Self {
        let catalog = request.catalog.clone().or_else(|| only(catalogs.names()));
        let database = match (&request.database, &catalog) {
            (Some(database), _) => Some(database.clone()),
            (None, Some(catalog)) => {
                let databases = catalogs.databases(catalog).await.unwrap_or_default();
                let is_postgres = catalogs.link(catalog).is_some_and(|link| link.sql() == Sql::Postgres);
                // Where PostgreSQL looks, too.
                let public = databases.iter().find(|database| is_postgres && database.name == "public");
                match public {
                    Some(public) => Some(public.name.clone()),
                    None => only(databases.into_iter().map(|database| database.name).collect()),
                }
            }
            (None, None) => None,
        };
        Self { catalog, database, person: request.principal.clone() }
    }

    /// Fills in what a table's name leaves out; `None` for a name of more than three parts, or one
    /// that nothing completes.
    fn complete(&self, parts: &[String]) -> Option<FullName> {
        match parts {
            [table] => Some((self.catalog.clone()?, self.database.clone()?, table.clone())),
            [database, table] => Some((self.catalog.clone()?, database.clone(), table.clone())),
            [catalog, database, table] => Some((catalog.clone(), database.clone(), table.clone())),
            _ => None,
        }
    }
}

fn only(names: Vec<String>) -> Option<String> {
    match <[String; 1]>::try_from(names) {
        Ok([name]) => Some(name),
        Err(_) => None,
    }
}

/// The tables that names stand for, in their order and all of one snapshot.
pub(crate) async fn bind(
    sql: Sql,
    catalogs: &Catalogs,
    defaults: &Defaults,
    names: &[TableName],
    literals: &[Literal],
) -> Result<Vec<Bound>, QueryError> {
    let mut full = Vec::with_capacity(names.len());
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let parts: Vec<String> = name.parts.iter().map(|part| read_as(sql, part)).collect();
        if name.parts.iter().any(|part| part.quote_style == Some('\'')) {
            return Err(missing(&parts.join(".")).with_hint("A text is no table; names stand between double quotes."));
        }
        let found = defaults.complete(&parts).ok_or_else(|| incomplete(catalogs, &parts).at(position(&name.parts)))?;
        let conditions: Vec<Condition> =
            name.conditions.iter().filter_map(|condition| condition.closed(literals)).collect();
        // A table that is named twice is bound once, for the rows of both uses.
        match wanted.iter().position(|wanted| is_same(sql, wanted, &found)) {
            Some(place) => {
                wanted[place].conditions.push(conditions);
                places.push(place);
            }
            None => {
                let (catalog, database, table) = found.clone();
                places.push(wanted.len());
                wanted.push(Wanted { catalog, database, table, conditions: vec![conditions] });
            }
        }
        full.push(found);
    }
    match catalogs.bind(&wanted, &defaults.person).await {
        Ok(tables) => Ok(places.into_iter().map(|place| tables[place].clone()).collect()),
        Err(error) if error.code == "TABLE_NOT_FOUND" => {
            let missing = full.iter().zip(names).find(|(full, _)| !exists(catalogs, full));
            Err(match missing {
                Some((full, name)) => not_found(catalogs, full).at(position(&name.parts)),
                None => error,
            })
        }
        Err(error) => Err(error),
    }
}

fn is_same(sql: Sql, wanted: &Wanted, (catalog, database, table): &FullName) -> bool {
    let same = |one: &str, other: &str| match sql {
        Sql::Trino => one.eq_ignore_ascii_case(other),
        Sql::Postgres => one == other,
    };
    wanted.catalog.eq_ignore_ascii_case(catalog) && same(&wanted.database, database) && same(&wanted.table, table)
}

/// PostgreSQL reads names as lower case unless they are quoted; elsewhere case does not matter.
fn read_as(sql: Sql, part: &Ident) -> String {
    match (sql, part.quote_style) {
        (Sql::Postgres, None) => part.value.to_lowercase(),
        _ => part.value.clone(),
    }
}

/// The same for the name in a SHOW or DESCRIBE statement.
pub(crate) async fn find(
    catalogs: &Catalogs,
    defaults: &Defaults,
    parts: &[String],
) -> Result<Arc<TableInfo>, QueryError> {
    let full = defaults.complete(parts).ok_or_else(|| incomplete(catalogs, parts))?;
    catalogs.table(&full.0, &full.1, &full.2).await.map_err(|error| match error.code {
        "TABLE_NOT_FOUND" => not_found(catalogs, &full),
        _ => error,
    })
}

fn exists(catalogs: &Catalogs, (catalog, database, table): &FullName) -> bool {
    catalogs.table_names(catalog, &database.to_lowercase()).iter().any(|name| name.eq_ignore_ascii_case(table))
}

fn missing(name: &str) -> QueryError {
    QueryError::user("TABLE_NOT_FOUND", format!("There is no table `{name}`."))
}

fn incomplete(catalogs: &Catalogs, parts: &[String]) -> QueryError {
    let somewhere = match parts {
        [table] => catalogs
            .names()
            .into_iter()
            .find_map(|catalog| Some(format!("{catalog}.{}", same_table(catalogs, &catalog, table)?))),
        _ => None,
    };
    missing(&parts.join(".")).with_hint(match somewhere {
        Some(full) => format!("Did you mean `{full}`?"),
        None if parts.len() > 3 => "A table is named catalog.database.table.".to_owned(),
        None => "Name its catalog and database, too: catalog.database.table.".to_owned(),
    })
}

/// The table of this name in any database of a catalog, with that database.
fn same_table(catalogs: &Catalogs, catalog: &str, table: &str) -> Option<String> {
    catalogs.database_names(catalog).into_iter().find_map(|database| {
        let names = catalogs.table_names(catalog, &database);
        let same = names.iter().find(|name| name.eq_ignore_ascii_case(table))?;
        Some(format!("{database}.{same}"))
    })
}

fn not_found(catalogs: &Catalogs, name: &FullName) -> QueryError {
    let (catalog, database, table) = name;
    let there = |what: &str, names: Vec<String>| {
        if names.is_empty() { format!("There is no {what} yet.") } else { format!("There are: {}.", names.join(", ")) }
    };
    if !catalogs.names().iter().any(|known| known.eq_ignore_ascii_case(catalog)) {
        let hint = format!("There is no catalog {catalog}. {}", there("catalog", catalogs.names()));
        return missing(table).with_hint(hint);
    }
    let databases = catalogs.database_names(catalog);
    missing(table).with_hint(match nearest_table(catalogs, name) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if databases.iter().any(|known| known.eq_ignore_ascii_case(database)) => {
            format!("It was looked for in {catalog}.{database}.")
        }
        None => format!("Catalog {catalog} has no database {database}. {}", there("database", databases)),
    })
}

fn nearest_table(catalogs: &Catalogs, (catalog, database, table): &FullName) -> Option<String> {
    let tables = catalogs.table_names(catalog, &database.to_lowercase());
    if let Some(near) = nearest(table, tables.iter().map(String::as_str)) {
        return Some(near.to_owned());
    }
    // The right name in another database, or in another catalog.
    let within = same_table(catalogs, catalog, table);
    within.or_else(|| {
        let mut others = catalogs.names().into_iter().filter(|other| !other.eq_ignore_ascii_case(catalog));
        others.find_map(|other| Some(format!("{other}.{}", same_table(catalogs, &other, table)?)))
    })
}

pub(super) fn position(parts: &[Ident]) -> Option<Position> {
    let start = parts.first()?.span.start;
    (start.line > 0).then_some(Position { line: start.line, column: start.column })
}

/// The parts of a plain name.
pub(crate) fn parts(name: &ObjectName) -> Vec<String> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => ident.value.clone(),
            ObjectNamePart::Function(function) => function.to_string(),
        })
        .collect()
}

/// The candidate that someone who wrote `name` most likely meant.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}
