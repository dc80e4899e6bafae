use lakefront_trino::Sql;
use std::collections::BTreeMap;

use lakefront_engine::Literal;
use lakefront_trino::words;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::expand;
use crate::statement::text::Text;

fn values(object: Value) -> BTreeMap<String, Value> {
    match object {
        Value::Object(map) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

fn text(sql: &str, parameters: Value) -> String {
    match expand(Sql::Trino, &Text::new(sql), &values(parameters), None) {
        Ok(expanded) => expanded.text.as_str().split_whitespace().collect::<Vec<_>>().join(" "),
        Err(error) => {
            let place =
                error.position.map_or(String::new(), |position| format!(" at {}:{}", position.line, position.column));
            format!("{}{place}", error.code)
        }
    }
}

#[test]
fn parameters_become_placeholders_and_values_travel_beside() {
    let sql = "select * from t where a = {{ a }} and b in ({{b}}) and c > {{a}}";
    let expanded =
        expand(Sql::Trino, &Text::new(sql), &values(json!({"a": "x'y", "b": [1, 2.5, null, true], "z": 1})), None);
    let expanded = expanded.map(|expanded| (expanded.text.as_str().to_owned(), expanded.literals));
    assert_eq!(
        expanded,
        Ok((
            "select * from t where a =  $1  and b in ( $2, $3, $4, $5 ) and c >  $6 ".to_owned(),
            vec![
                Literal::Varchar("x'y".to_owned()),
                Literal::BigInt(1),
                Literal::Double(2.5),
                Literal::Null,
                Literal::Boolean(true),
                Literal::Varchar("x'y".to_owned()),
            ]
        ))
    );
}

#[test]
fn marks_of_row_patterns_are_no_parameters() {
    let clause = "match_recognize (measures last(x) as l pattern (a?? (b | $)) subset u = (a, b) define a as x > ?)";
    let sql = format!("select * from t {clause} where l = ?");
    let expanded = expand(Sql::Trino, &Text::new(&sql), &values(json!({})), Some(&[Literal::BigInt(1), Literal::Null]));
    let expanded = expanded.map(|expanded| expanded.text.as_str().split_whitespace().collect::<Vec<_>>().join(" "));
    let expected = sql.replace("x > ?", "x > $1 ").replace("l = ?", "l = $2");
    assert_eq!(expanded, Ok(expected));
    assert_eq!(super::marks(Sql::Trino, &Text::new(&sql)), 2);
    let outside = "select * from t match_recognize (pattern ($1) define a as true)";
    assert_eq!(text(outside, json!({})), "NOT_SUPPORTED at 1:43");
    assert_eq!(text("select * from t where pattern (a?) or true", json!({})), "INVALID_PARAMETER_USAGE at 1:33");
}

#[test]
fn optional_clauses_stay_when_all_their_parameters_have_values() {
    let sql = "select 1 where 1=1 [[ and a in ({{a}}) ]] [[and b = {{b}} or c = {{c}}]]";
    assert_eq!(text(sql, json!({})), "select 1 where 1=1");
    assert_eq!(text(sql, json!({"a": [], "b": "", "c": 1})), "select 1 where 1=1");
    assert_eq!(text(sql, json!({"a": null, "b": 2})), "select 1 where 1=1");
    assert_eq!(text(sql, json!({"a": ["x"], "b": 2})), "select 1 where 1=1 and a in ( $1 )");
    assert_eq!(
        text(sql, json!({"a": ["x", "y"], "b": 2, "c": false})),
        "select 1 where 1=1 and a in ( $1, $2 ) and b = $3 or c = $4"
    );
}

#[test]
fn what_looks_like_a_parameter_in_text_stays_text() {
    for sql in [
        "select '{{a}}'",
        "select \"{{a}}\" from t",
        "select 1 -- {{a}} [[",
        "select 1 /* [[ {{a}} */",
        "select '[[' || ']]'",
        "select array[array[1]]",
        "select [[1, 2], [3]]",
    ] {
        assert_eq!(text(sql, json!({"a": 1})), sql);
    }
}

#[test]
fn mistakes_are_told_where_they_are() {
    assert_eq!(text("select\n  {{a}}", json!({})), "MISSING_PARAMETER at 2:3");
    assert_eq!(text("select {{a}}", json!({"a": []})), "MISSING_PARAMETER at 1:8");
    assert_eq!(text("select {{a}}", json!({"a": {"b": 1}})), "INVALID_PARAMETER at 1:8");
    assert_eq!(text("select {{a}}", json!({"a": [[1]]})), "INVALID_PARAMETER at 1:8");
    assert_eq!(text("select {{a}}", json!({"a": [1, 2]})), "INVALID_PARAMETER at 1:8");
    assert_eq!(text("select f(1 + {{a}})", json!({"a": [1, 2]})), "INVALID_PARAMETER at 1:14");
    assert_eq!(text("select {{a b}}", json!({"a": 1})), "SYNTAX_ERROR at 1:8");
    assert_eq!(text("select 1 [[ where {{a}}", json!({"a": 1})), "SYNTAX_ERROR at 1:10");
    assert_eq!(text("select $1", json!({})), "NOT_SUPPORTED at 1:8");
    assert_eq!(text("select ?", json!({})), "INVALID_PARAMETER_USAGE at 1:8");
    let many: Vec<i32> = (0..10_001).collect();
    assert_eq!(text("select 1 in ({{a}})", json!({"a": many})), "INVALID_PARAMETER at 1:14");
}

fn value() -> impl Strategy<Value = Value> {
    let single = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{1,40}".prop_map(Value::from),
        r#"['"$\[\]{}();\-/*\\ \n]{1,20}"#.prop_map(Value::from),
        Just(json!("'; drop table t; --")),
        Just(json!("{{b}}")),
        Just(json!("]] or 1=1 [[")),
        Just(json!("*/ union select 1 /*")),
    ];
    prop_oneof![single.clone(), proptest::collection::vec(single, 1..5).prop_map(Value::from)]
}

proptest! {
    /// Whatever the values are, the text has the words it has for harmless values.
    #[test]
    fn no_value_changes_the_words_of_a_statement(a in value(), b in value()) {
        let sql = "select a{{x}}, '{{a}}' /* {{a}} */ from t where a in ({{a}}) -- {{b}}\n\
                   and d = 1 [[ and b in (1, {{b}}, 2) ]] and c={{x}} and e in ({{x}},{{a}})";
        let like = |value: &Value| match value {
            Value::Array(items) => Value::from(vec![1; items.len()]),
            _ => json!(1),
        };
        let structure = |a: &Value, b: &Value| {
            let expanded = expand(Sql::Trino, &Text::new(sql), &values(json!({"a": a, "b": b, "x": 7})), None);
            let expanded = expanded.map(|expanded| expanded.text.as_str().to_owned());
            expanded.map(|text| words(&text))
        };
        prop_assert_eq!(structure(&a, &b), structure(&like(&a), &like(&b)));
    }
}
