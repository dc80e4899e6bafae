//! Ends of ranges that nobody set.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use ulid::Ulid;

use super::definition::{Definition, Filters, Statement};
use super::{QueryData, run};
use crate::app::App;
use crate::auth::Actor;

/// How days are written.
const DAY: &str = "2025-01-31";

/// The end that a range has none of, by its filter's bounds.
pub(super) struct End {
    pub(super) name: String,
    pub(super) range: Vec<String>,
    pub(super) day: Value,
}

/// A range of which one end is set reaches to the first or last day there is, for statements with a clause that compares with
/// both: it would be dropped, and nothing filtered. With what the bounds' statements answered, which need not run again.
pub(super) async fn ends(
    app: &App,
    actor: &Actor,
    dashboard: Ulid,
    definition: &Definition,
    statements: &BTreeMap<String, Statement>,
    filters: &Filters,
) -> (Vec<End>, HashMap<Statement, Arc<QueryData>>) {
    let (mut ends, mut answers) = (Vec::new(), HashMap::new());
    for filter in definition.filters.iter().filter(|filter| filter.kind == "date_range") {
        let range = filter.names();
        let mut open = range.iter().enumerate().filter(|(_, name)| !filters.contains_key(*name));
        let (Some((at, end)), None) = (open.next(), open.next()) else { continue };
        let bounds = filter.bounds_query.as_ref().and_then(|name| statements.get_key_value(name));
        let Some((name, statement)) = bounds else { continue };
        if statement.joins(&range) || !statements.values().any(|each| each.joins(&range)) {
            continue;
        }
        let bounds = Arc::new(run(app, actor, (dashboard, Some(name.clone())), statement, filters).await);
        let rows: Vec<Vec<Value>> = serde_json::from_str(bounds.rows.get()).unwrap_or_default();
        let day = rows.first().and_then(|row| row.get(at)?.as_str()?.get(..DAY.len()));
        ends.extend(day.map(|day| End { name: end.clone(), day: Value::from(day), range: range.clone() }));
        answers.insert(statement.clone(), bounds);
    }
    (ends, answers)
}
