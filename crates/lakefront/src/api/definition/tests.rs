//! The rules against the program that draws, the manual, and the dashboard that comes with the product.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

const MANUAL: &str = include_str!("../../../../../docs/dashboards.md");
const DRAWN: &str = include_str!("../../../../../ui/src/viz/spec.ts");

/// Names of the fields of an interface in TypeScript.
fn fields_of(interface: &str) -> BTreeSet<&'static str> {
    let (_, rest) = DRAWN.split_once(&format!("interface {interface} ")).unwrap_or_else(|| panic!("no {interface}"));
    let (body, _) = rest.split_once("\n}").unwrap();
    let lines = body.lines().skip(1).map(str::trim).filter(|line| !line.starts_with(['/', '*']));
    lines.filter_map(|line| Some(line.split_once(':')?.0.trim_end_matches('?'))).collect()
}

fn names(fields: &'static [Field]) -> BTreeSet<&'static str> {
    fields.iter().map(|field| field.name).collect()
}

#[test]
fn charts_take_what_the_drawing_program_reads() {
    let common: BTreeSet<&str> = fields_of("Base").into_iter().chain(["type"]).collect();
    assert_eq!(common, names(chart::COMMON));
    for (name, fields) in chart::TYPES {
        let interface = format!("{}{}Spec", name[..1].to_uppercase(), &name[1..]);
        let mut drawn = fields_of(&interface);
        assert!(drawn.remove("type"), "{interface}");
        assert_eq!(drawn, names(fields), "{interface}");
    }
    assert_eq!(fields_of("TableColumn"), names(chart::TABLE_COLUMN));
    let (_, rest) = DRAWN.split_once("chartTypes: readonly ChartType[] = [").unwrap();
    let drawn: BTreeSet<&str> = rest.split_once(']').unwrap().0.split('"').skip(1).step_by(2).collect();
    assert_eq!(drawn, chart::TYPES.iter().map(|(name, _)| *name).collect());
}

fn mentioned(fields: &[Field]) {
    for field in fields {
        assert!(MANUAL.contains(&format!("`{}`", field.name)), "docs/dashboards.md does not name `{}`", field.name);
        described(field.shape);
    }
}

fn described(shape: Shape) {
    match shape {
        Shape::OneOf(words) => {
            for word in words {
                assert!(MANUAL.contains(&format!("`{word}`")), "docs/dashboards.md does not name `{word}`");
            }
        }
        Shape::List(each) | Shape::ByName(each) => described(*each),
        Shape::Record(fields) => mentioned(fields),
        _ => {}
    }
}

#[test]
fn the_manual_names_every_field_and_word() {
    [DASHBOARD, QUERY, CHART, chart::COMMON].into_iter().for_each(mentioned);
    for (name, fields) in chart::TYPES {
        assert!(MANUAL.contains(&format!("**`{name}`**")), "{name}");
        mentioned(fields);
    }
}

#[test]
fn the_demo_dashboard_keeps_the_rules() {
    let demo: Value = serde_json::from_str(include_str!("../../demo/dashboard.json")).unwrap();
    check(Kind::Dashboard, &demo).unwrap_or_else(|problem| panic!("{}", problem.detail));
}

#[test]
fn what_has_no_meaning_is_kept_and_what_a_chart_lacks_is_its_own_to_say() {
    let tile = json!({"id": "a", "title": "A", "x": 0, "y": 600, "w": 6, "h": 4, "sql": "select 1 n", "note": 1,
        "chart": {"type": "bar", "about": "it"}});
    let definition = json!({"tabs": [{"id": "one", "title": "One", "tiles": [tile], "note": 1}], "note": {"any": 1}});
    check(Kind::Dashboard, &definition).unwrap_or_else(|problem| panic!("{}", problem.detail));
}

#[test]
fn faults_say_where_and_what_would_be_right() {
    let tile = |more: Value| {
        let mut tile = json!({"id": "a", "title": "A", "x": 0, "y": 0, "w": 6, "h": 4, "sql": "select 1 n", "chart": {"type": "table"}});
        tile.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"tabs": [{"id": "one", "title": "One", "tiles": [tile]}]})
    };
    let filter = |more: Value| {
        let mut filter = json!({"id": "s", "label": "S", "type": "list"});
        filter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"queries": {"options": {"sql": "select 1 value"}}, "filters": [filter]})
    };
    let two = json!({"filters": [{"id": "d", "label": "D", "type": "date_range"}, {"id": "d_to", "label": "T", "type": "date"}]});
    let cases = [
        (Kind::Dashboard, json!([])),
        (Kind::Dashboard, json!({"tab": [], "zzz": 1})),
        (Kind::Dashboard, json!({"queries": {"by day": {"statement": "select 1"}}})),
        (Kind::Dashboard, tile(json!({"chart": {"type": "bar", "x": "n", "y": [], "horizontl": true}}))),
        (Kind::Dashboard, tile(json!({"chart": {"type": "bar", "x": "n", "y": ["a", 3], "mode": "stack"}}))),
        (Kind::Dashboard, tile(json!({"chart": {"type": "barr"}}))),
        (Kind::Dashboard, tile(json!({"chart": {}}))),
        (Kind::Dashboard, tile(json!({"chart": {"type": "table", "columns": [{"column": "n", "cel": "bar"}]}}))),
        (Kind::Dashboard, tile(json!({"x": 7, "sql": null}))),
        (Kind::Dashboard, tile(json!({"w": 13, "h": 2.5, "x": "0"}))),
        (Kind::Dashboard, tile(json!({"query": "missing"}))),
        (Kind::Dashboard, tile(json!({"click": {"filter": "state", "column": "n"}}))),
        (Kind::Dashboard, filter(json!({"options_query": "option"}))),
        (Kind::Dashboard, filter(json!({"type": "select"}))),
        (Kind::Dashboard, filter(json!({"id": "tab"}))),
        (Kind::Dashboard, two),
        (Kind::Query, json!({"text": "select 1", "engin": "auto"})),
        (Kind::Query, json!({"sql": "select 1", "engine": "spark"})),
        (Kind::Chart, json!({"catalog": "local"})),
        (Kind::Chart, json!({"sql": "select 1", "query_id": "x", "chart": {"type": "number", "value": "n"}})),
        (Kind::Chart, json!({"sql": "select 1", "chart": {"type": "number", "reduce": "avg", "period": 0}})),
    ];
    let told: Vec<String> = cases
        .into_iter()
        .map(|(kind, definition)| match check(kind, &definition) {
            Ok(()) => panic!("{definition} was taken"),
            Err(problem) => problem.detail,
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
