//! What the server reads of a dashboard's definition.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::DataRequest;
use crate::app::App;
use crate::catalogs::{Reading, TablesUsed};
use crate::error::Problem;

const MOST_QUERIES: usize = 200;
const MOST_TILES: usize = 200;

/// What the server reads of a dashboard's definition; the rest is the UI's.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition {
    catalog: Option<String>,
    database: Option<String>,
    #[serde(default)]
    queries: BTreeMap<String, Statement>,
    #[serde(default)]
    pub(super) filters: Vec<Filter>,
    #[serde(default)]
    tabs: Vec<Tab>,
    /// How often its public page looks for new data.
    pub(in crate::api) refresh_s: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Statement {
    pub(super) sql: String,
    pub(super) catalog: Option<String>,
    pub(super) database: Option<String>,
}

impl Statement {
    fn reading(&self) -> Reading<'_> {
        Reading { sql: &self.sql, catalog: self.catalog.as_deref(), database: self.database.as_deref() }
    }

    /// Whether its text has the parameter, also where no filter sets it.
    fn mentions(&self, parameter: &str) -> bool {
        mentions(&self.sql, parameter)
    }

    /// Whether one `[[ … ]]` has all of the parameters, so that it is dropped while one of them has no value.
    pub(super) fn joins(&self, parameters: &[String]) -> bool {
        let mut clauses =
            self.sql.split("[[").skip(1).map(|rest| rest.split_once("]]").map_or(rest, |(clause, _)| clause));
        clauses.any(|clause| parameters.iter().all(|parameter| mentions(clause, parameter)))
    }
}

fn mentions(sql: &str, parameter: &str) -> bool {
    let mut opened = sql.split("{{").skip(1);
    opened.any(|rest| rest.split_once("}}").is_some_and(|(name, _)| name.trim() == parameter))
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Filter {
    id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    from: Option<String>,
    to: Option<String>,
    options_query: Option<String>,
    pub(super) bounds_query: Option<String>,
}

impl Filter {
    /// Its parameters.
    pub(super) fn names(&self) -> Vec<String> {
        match self.kind.as_str() {
            "date_range" => vec![bound(&self.from, &self.id, "from"), bound(&self.to, &self.id, "to")],
            _ => vec![self.id.clone()],
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Tab {
    id: String,
    #[serde(default)]
    tiles: Vec<Tile>,
}

#[derive(Debug, Clone, Deserialize)]
struct Tile {
    id: String,
    query: Option<String>,
    sql: Option<String>,
}

pub type Filters = BTreeMap<String, Value>;

impl Definition {
    pub fn parse(definition: &Value) -> Result<Self, Problem> {
        let wrong = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "INVALID_DEFINITION", detail);
        let parsed = Self::deserialize(definition)
            .map_err(|error| wrong(format!("The dashboard's definition does not fit: {error}.")))?;
        let tiles = parsed.tabs.iter().map(|tab| tab.tiles.len()).sum::<usize>();
        if parsed.queries.len() > MOST_QUERIES || tiles > MOST_TILES {
            return Err(wrong(format!("A dashboard has at most {MOST_QUERIES} queries and {MOST_TILES} tiles.")));
        }
        for tile in parsed.tabs.iter().flat_map(|tab| &tab.tiles) {
            if let Some(query) = &tile.query
                && !parsed.queries.contains_key(query)
            {
                return Err(wrong(format!("Tile `{}` shows the query `{query}`, which is not there.", tile.id)));
            }
        }
        Ok(parsed)
    }

    /// What the filters of this dashboard are set to in a query string; other names are not parameters.
    pub fn filters(&self, query: &str) -> Filters {
        let mut values: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            values.entry(name.into_owned()).or_default().push(Value::String(value.into_owned()));
        }
        let mut filters = Filters::new();
        for filter in &self.filters {
            if filter.kind == "list" {
                filters.extend(values.get(&filter.id).map(|chosen| (filter.id.clone(), Value::from(chosen.clone()))));
                continue;
            }
            let names = filter.names();
            filters
                .extend(names.into_iter().filter_map(|name| Some((name.clone(), values.get(&name)?.first()?.clone()))));
        }
        filters
    }

    /// Addresses and forms hold texts; a filter of the type `number` sets a number.
    pub(super) fn typed(&self, filters: &Filters) -> Filters {
        let is_number = |name: &str| self.filters.iter().any(|filter| filter.kind == "number" && filter.id == name);
        let typed = |(name, value): (&String, &Value)| {
            let number = value.as_str().filter(|_| is_number(name)).and_then(|text| text.trim().parse::<Number>().ok());
            (name.clone(), number.map_or_else(|| value.clone(), Value::Number))
        };
        filters.iter().map(typed).collect()
    }

    /// The tab an address opens: the one it names, else the first.
    pub fn tab(&self, query: &str) -> Option<&str> {
        let wanted = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "tab")
            .map(|(_, value)| value.into_owned());
        self.tabs.iter().find(|tab| Some(&tab.id) == wanted.as_ref()).or(self.tabs.first()).map(|tab| tab.id.as_str())
    }

    /// A name in a query string that is neither a parameter of a filter nor one of `others`.
    pub fn unknown_name(&self, query: &str, others: &[&str]) -> Option<String> {
        let names: BTreeSet<String> = self.filters.iter().flat_map(Filter::names).collect();
        let mut given = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        given.find(|name| !names.contains(&**name) && !others.contains(&&**name)).map(Cow::into_owned)
    }

    /// What is asked for of this dashboard has to be there: a filter that is misspelt would filter nothing.
    pub(super) fn check(&self, request: &DataRequest) -> Result<(), Problem> {
        let named = |name: &str| format!("`{name}`");
        let among = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let parameters: BTreeSet<String> = self.filters.iter().flat_map(Filter::names).collect();
        let mentioned = |name: &str| self.statements(None).values().any(|statement| statement.mentions(name));
        if let Some(name) = request.filters.keys().find(|name| !parameters.contains(*name) && !mentioned(name)) {
            let known = among(parameters.iter().map(|name| named(name)).collect());
            let detail = format!("`{name}` is no filter of this dashboard.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "UNKNOWN_FILTER", detail)
                .with_hint(format!("Its filters' parameters: {known}.")));
        }
        if let Some(tab) = &request.tab
            && !self.tabs.iter().any(|each| each.id == *tab)
        {
            let known = among(self.tabs.iter().map(|tab| named(&tab.id)).collect());
            return Err(Problem::new(StatusCode::BAD_REQUEST, "UNKNOWN_TAB", format!("There is no tab `{tab}`."))
                .with_hint(format!("Tabs of this dashboard: {known}.")));
        }
        Ok(())
    }

    /// The query string that asks for the same data, with `more` in it: names and values in the alphabet's order, as caches
    /// that sort would have them, and nothing that changes nothing.
    pub fn canonical(&self, query: &str, more: Option<(&str, &str)>) -> String {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut pairs: BTreeSet<(String, String)> = more.into_iter().map(owned).collect();
        for (name, value) in self.filters(query) {
            match value {
                Value::Array(values) => {
                    pairs.extend(values.iter().filter_map(Value::as_str).map(|value| owned((&name, value))));
                }
                Value::String(value) => {
                    pairs.insert((name, value));
                }
                _ => {}
            }
        }
        if let Some(tab) = self.tab(query).filter(|tab| self.tabs.first().is_some_and(|first| first.id != *tab)) {
            pairs.insert(owned(("tab", tab)));
        }
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    /// The tile of a tab that an address shows as a table.
    pub fn tile_as_table(&self, query: &str, tab: &str) -> Option<&str> {
        let (_, wanted) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "table")?;
        let mut tiles = self.tabs.iter().filter(|each| each.id == tab).flat_map(|each| &each.tiles);
        tiles.find(|tile| tile.id == *wanted).map(|tile| tile.id.as_str())
    }

    /// What a query is called where its own name is nobody's business.
    pub fn alias(&self, query: &str) -> Option<String> {
        Some(format!("q{}", self.queries.keys().position(|name| name == query)? + 1))
    }

    /// What its queries read, as far as their default databases tell.
    pub fn tables_used(&self, app: &App, tab: Option<&str>) -> TablesUsed {
        TablesUsed::by(app, self.statements(tab).values().map(Statement::reading))
    }

    /// The version of what each tile reads.
    pub(super) fn tile_versions(&self, app: &App) -> BTreeMap<String, String> {
        let version = |tile: &Tile| {
            let named = tile.query.as_ref().and_then(|query| self.queries.get(query)).cloned();
            let inline = || Some(Statement { sql: tile.sql.clone()?, catalog: None, database: None });
            let statement = self.with_defaults(named.or_else(inline)?);
            Some((tile.id.clone(), TablesUsed::by(app, std::iter::once(statement.reading())).version))
        };
        self.tabs.iter().flat_map(|tab| &tab.tiles).filter_map(version).collect()
    }

    /// Each statement that reads known tables, with the name it goes by and the version of these tables.
    pub fn versions(&self, app: &App) -> BTreeMap<Statement, (String, String)> {
        let mut versions = BTreeMap::new();
        for (name, statement) in self.statements(None) {
            let used = TablesUsed::by(app, std::iter::once(statement.reading()));
            if used.tables > 0 {
                versions.insert(statement, (name, used.version));
            }
        }
        versions
    }

    /// The statements to run by their key in the answer: of one tab with the filters' own, or of all.
    pub(super) fn statements(&self, tab: Option<&str>) -> BTreeMap<String, Statement> {
        let tiles =
            || self.tabs.iter().filter(|each| tab.is_none_or(|tab| each.id == tab)).flat_map(|each| &each.tiles);
        let named: BTreeSet<&String> = match tab {
            None => self.queries.keys().collect(),
            Some(_) => {
                let options = self.filters.iter().flat_map(|filter| [&filter.options_query, &filter.bounds_query]);
                options.chain(tiles().map(|tile| &tile.query)).flatten().collect()
            }
        };
        let named = named.into_iter().filter_map(|name| Some((name.clone(), self.queries.get(name)?.clone())));
        let inline = tiles().filter(|tile| tile.query.is_none()).filter_map(|tile| {
            let statement = Statement { sql: tile.sql.clone()?, catalog: None, database: None };
            Some((format!("tile:{}", tile.id), statement))
        });
        named.chain(inline).map(|(name, statement)| (name, self.with_defaults(statement))).collect()
    }

    fn with_defaults(&self, statement: Statement) -> Statement {
        Statement {
            catalog: statement.catalog.or_else(|| self.catalog.clone()),
            database: statement.database.or_else(|| self.database.clone()),
            sql: statement.sql,
        }
    }
}

fn bound(name: &Option<String>, id: &str, end: &str) -> String {
    name.clone().unwrap_or_else(|| format!("{id}_{end}"))
}
