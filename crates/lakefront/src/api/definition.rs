//! What the definition of a saved query, chart or dashboard may hold (`docs/dashboards.md` is its manual). Checked when one
//! is written; what was stored before is read as it stands.

mod chart;
mod shape;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use lakefront_store::Kind;
use serde_json::Value;

use self::shape::{Fault, Field, Shape, needed, optional};
use super::dashboard_data::Definition;
use crate::error::Problem;

/// Columns of the grid that tiles stand on.
const COLUMNS: i64 = 12;
/// Names in a dashboard's address that are the page's own.
const PAGE_NAMES: [&str; 4] = ["tab", "table", "signin", "edit"];
/// Faults that one answer tells of.
const MOST_FAULTS: usize = 5;

const ENGINES: Shape = Shape::OneOf(&["auto", "embedded", "athena", "trino", "postgres"]);

const QUERY: &[Field] = &[
    needed("sql", Shape::Text),
    optional("catalog", Shape::Text),
    optional("database", Shape::Text),
    optional("engine", ENGINES),
    optional("parameters", Shape::List(&Shape::Record(PARAMETER))),
];

const PARAMETER: &[Field] = &[
    needed("name", Shape::Name),
    needed("type", Shape::OneOf(&["text", "number", "date", "date_range", "list"])),
    optional("label", Shape::Text),
    optional("default", Shape::Anything),
    optional("options_sql", Shape::Text),
];

const CHART: &[Field] = &[
    optional("query_id", Shape::Name),
    optional("sql", Shape::Text),
    optional("catalog", Shape::Text),
    optional("database", Shape::Text),
    optional("chart", Shape::Chart),
];

const DASHBOARD: &[Field] = &[
    optional("catalog", Shape::Text),
    optional("database", Shape::Text),
    optional("queries", Shape::ByName(&Shape::Record(STATEMENT))),
    optional("filters", Shape::List(&Shape::Record(FILTER))),
    optional("tabs", Shape::List(&Shape::Record(TAB))),
    optional("keep_warm", Shape::Flag),
    optional("refresh_s", Shape::Whole { least: 10, most: 86_400 }),
];

const STATEMENT: &[Field] =
    &[needed("sql", Shape::Text), optional("catalog", Shape::Text), optional("database", Shape::Text)];

const FILTER: &[Field] = &[
    needed("id", Shape::Name),
    needed("label", Shape::Text),
    needed("type", Shape::OneOf(&["list", "date_range", "text", "number", "date"])),
    optional("plural", Shape::Text),
    optional("options_query", Shape::Name),
    optional("cascade", Shape::Flag),
    optional("from", Shape::Name),
    optional("to", Shape::Name),
    optional("bounds_query", Shape::Name),
];

const TAB: &[Field] =
    &[needed("id", Shape::Name), needed("title", Shape::Text), optional("tiles", Shape::List(&Shape::Record(TILE)))];

const TILE: &[Field] = &[
    needed("id", Shape::Name),
    needed("title", Shape::Text),
    optional("unit", Shape::Text),
    needed("x", Shape::Whole { least: 0, most: COLUMNS - 1 }),
    needed("y", Shape::Whole { least: 0, most: 10_000 }),
    needed("w", Shape::Whole { least: 1, most: COLUMNS }),
    needed("h", Shape::Whole { least: 1, most: 1_000 }),
    optional("query", Shape::Name),
    optional("sql", Shape::Text),
    needed("chart", Shape::Chart),
    optional("click", Shape::Record(CLICK)),
];

const CLICK: &[Field] = &[needed("filter", Shape::Name), needed("column", Shape::Column)];

/// Refuses what would not be drawn as meant, and says where it stands.
pub fn check(kind: Kind, definition: &Value) -> Result<(), Problem> {
    let fields = match kind {
        Kind::Query => QUERY,
        Kind::Chart => CHART,
        Kind::Dashboard => DASHBOARD,
    };
    let mut faults = Vec::new();
    Shape::Record(fields).check("", definition, &mut faults);
    if faults.is_empty() {
        match kind {
            Kind::Query => {}
            Kind::Chart => chart_source(definition, &mut faults),
            Kind::Dashboard => references(definition, &mut faults),
        }
    }
    if !faults.is_empty() {
        return Err(refusal(&faults));
    }
    match kind {
        Kind::Dashboard => Definition::parse(definition).map(drop),
        Kind::Query | Kind::Chart => Ok(()),
    }
}

fn refusal(faults: &[Fault]) -> Problem {
    let told: Vec<&str> = faults.iter().take(MOST_FAULTS).map(|fault| fault.0.as_str()).collect();
    let mut detail = told.join(" ");
    if faults.len() > told.len() {
        detail.push_str(&format!(" There are {} more faults like these.", faults.len() - told.len()));
    }
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_DEFINITION", detail)
        .with_hint("docs/dashboards.md lists the fields of a definition, with an example that works.")
}

fn chart_source(definition: &Value, faults: &mut Vec<Fault>) {
    match (given(definition, "query_id"), given(definition, "sql")) {
        (None, None) => faults.push(Fault(
            "`sql` is missing: a chart needs its statement, or in `query_id` the id of a saved query.".to_owned(),
        )),
        (Some(_), Some(_)) => {
            faults
                .push(Fault("`query_id` and `sql` can't both be there: say where the rows come from once.".to_owned()));
        }
        _ => {}
    }
}

/// What one part says of another: queries, filters, ids and the place on the grid.
fn references(definition: &Value, faults: &mut Vec<Fault>) {
    let queries: BTreeSet<&str> =
        definition["queries"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let filters: BTreeSet<&str> = list(definition, "filters").filter_map(|(_, filter)| given(filter, "id")).collect();
    let mut parameters = BTreeSet::new();
    for (at, filter) in list(definition, "filters") {
        let path = format!("filters[{at}]");
        for key in ["options_query", "bounds_query"] {
            known(&format!("{path}.{key}"), given(filter, key), "query of `queries`", &queries, faults);
        }
        for (key, name) in parameters_of(filter) {
            let path = format!("{path}.{key}");
            if PAGE_NAMES.contains(&name.as_str()) {
                faults.push(Fault(format!(
                    "`{path}` makes a parameter `{name}`, which is the page's own name in an address. Choose another."
                )));
            } else if !parameters.insert(name.clone()) {
                faults.push(Fault(format!(
                    "`{path}` makes a parameter `{name}`, which another filter has already. Choose another."
                )));
            }
        }
    }
    let (mut tabs, mut tiles) = (BTreeSet::new(), BTreeSet::new());
    for (at, tab) in list(definition, "tabs") {
        let path = format!("tabs[{at}]");
        unique(&format!("{path}.id"), given(tab, "id"), "tab", &mut tabs, faults);
        for (at, tile) in list(tab, "tiles") {
            let path = format!("{path}.tiles[{at}]");
            unique(&format!("{path}.id"), given(tile, "id"), "tile of this dashboard", &mut tiles, faults);
            let (query, sql) = (given(tile, "query"), given(tile, "sql"));
            known(&format!("{path}.query"), query, "query of `queries`", &queries, faults);
            match (query, sql) {
                (None, None) => faults.push(Fault(format!("`{path}.query` is missing: the name of a query of `queries`, or give the tile a statement of its own as `sql`."))),
                (Some(_), Some(_)) => faults.push(Fault(format!("`{path}.query` and `{path}.sql` can't both be there: a tile draws one of them."))),
                _ => {}
            }
            let click = given(&tile["click"], "filter");
            known(&format!("{path}.click.filter"), click, "filter", &filters, faults);
            let number = |key: &str| tile[key].as_i64().unwrap_or_default();
            if number("x") + number("w") > COLUMNS {
                faults.push(Fault(format!(
                    "`{path}.w` is {}, which with `x` {} is beyond the grid: `x` + `w` is {COLUMNS} at most.",
                    number("w"),
                    number("x")
                )));
            }
        }
    }
}

/// The parameters of a filter, with the field that names each.
fn parameters_of(filter: &Value) -> Vec<(&'static str, String)> {
    let id = given(filter, "id").unwrap_or_default();
    if filter["type"] != "date_range" {
        return vec![("id", id.to_owned())];
    }
    ["from", "to"].map(|key| (key, given(filter, key).map_or_else(|| format!("{id}_{key}"), str::to_owned))).into()
}

fn known(path: &str, name: Option<&str>, what: &str, names: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    let Some(name) = name.filter(|name| !names.contains(name)) else { return };
    let instead = shape::instead(name, names.iter().copied());
    faults.push(Fault(format!("`{path}` is `{name}`, which is no {what}. {instead}")));
}

fn unique<'a>(path: &str, id: Option<&'a str>, what: &str, seen: &mut BTreeSet<&'a str>, faults: &mut Vec<Fault>) {
    if let Some(id) = id.filter(|id| !seen.insert(id)) {
        faults.push(Fault(format!("`{path}` is `{id}`, which another {what} has already. Choose another.")));
    }
}

fn given<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    value[key].as_array().into_iter().flatten().enumerate()
}

#[cfg(test)]
mod tests;
