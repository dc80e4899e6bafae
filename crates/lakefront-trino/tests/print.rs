//! What is printed reads as what was parsed.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;

use lakefront_trino::{parse, print};
use proptest::prelude::*;

fn reads_back(sql: &str) -> Result<(), String> {
    let Ok(first) = parse(sql) else { return Ok(()) };
    let printed = print(&first);
    match parse(&printed) {
        Ok(second) if second == first => Ok(()),
        Ok(second) => Err(format!("{sql}\n  prints  {printed}\n  and then {second}")),
        Err(error) => Err(format!("{sql}\n  prints {printed}\n  {error}")),
    }
}

#[test]
fn statements_of_the_corpus_read_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/statements");
    let mut failures = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let statement: serde_json::Value = serde_json::from_str(line).unwrap();
            failures.extend(reads_back(statement["sql"].as_str().unwrap()).err());
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

/// Trino refuses `LIMIT 2 OFFSET 1`.
#[test]
fn a_limit_stands_behind_its_offset() {
    for sql in ["SELECT 1 OFFSET 1 LIMIT 2", "SELECT 1 OFFSET 1 ROWS LIMIT ?", "SELECT (SELECT 1 OFFSET 3 LIMIT 4)"] {
        assert_eq!(print(&parse(sql).unwrap()), sql);
        reads_back(sql).unwrap();
    }
}

#[test]
fn two_minuses_are_no_comment() {
    for sql in ["SELECT - -1", "SELECT - - -x", "SELECT 1 - -1", "SELECT - -x[1]", "SELECT -(-x)"] {
        assert_eq!(reads_back(sql), Ok(()), "{sql}");
        assert!(!print(&parse(sql).unwrap()).contains("--"), "{sql}");
    }
}

#[test]
fn a_point_after_a_number_is_none_of_its_digits() {
    for sql in ["SELECT 1 . C", "SELECT 1 .c.d FROM t", "SELECT (1).c[2]"] {
        assert_eq!(reads_back(sql), Ok(()), "{sql}");
    }
}

#[test]
fn quotes_in_literals_stay_two() {
    for sql in ["SELECT 'it''s'", "SELECT X'''%f' || X''", "SELECT DATE '''', U&'''' || ''''"] {
        assert_eq!(reads_back(sql), Ok(()), "{sql}");
    }
}

/// An expression of Trino's, of a few levels.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z][a-z0-9_]{0,5}".prop_filter("no keyword", |name| parse(&format!("SELECT {name}.{name}")).is_ok()),
        "\"[A-Za-z \"\"]{1,4}\"".prop_filter("a quoted name", |name| parse(&format!("SELECT {name}")).is_ok()),
        any::<u32>().prop_map(|number| number.to_string()),
        (any::<u16>(), any::<u8>()).prop_map(|(whole, part)| format!("{whole}.{part}")),
        (any::<u8>(), 0..300i32).prop_map(|(digits, power)| format!("{digits}e{power}")),
        "[a-z' é€]{0,6}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        Just("NULL".to_owned()),
        Just("TRUE".to_owned()),
        Just("DATE '2024-05-06'".to_owned()),
        Just("TIMESTAMP '2024-05-06 10:11:12.123 Europe/Paris'".to_owned()),
        Just("DECIMAL '1.50'".to_owned()),
        Just("IPADDRESS '10.0.0.1'".to_owned()),
        Just("INTERVAL '2' DAY".to_owned()),
        Just("INTERVAL '1-2' YEAR TO MONTH".to_owned()),
        Just("X'65FF'".to_owned()),
    ];
    let types = prop_oneof![
        Just("bigint"),
        Just("varchar(3)"),
        Just("decimal(10, 2)"),
        Just("timestamp(6) with time zone"),
        Just("array(row(a bigint, \"B c\" map(varchar, double)))"),
        Just("json"),
    ];
    leaf.prop_recursive(4, 40, 3, move |inner| {
        let operator = prop_oneof![
            Just("+"),
            Just("-"),
            Just("*"),
            Just("/"),
            Just("%"),
            Just("||"),
            Just("="),
            Just("<>"),
            Just("<="),
            Just("AND"),
            Just("OR"),
            Just("IS DISTINCT FROM"),
            Just("LIKE"),
        ];
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("({a}) {operator} ({b})")),
            (inner.clone(), types.clone()).prop_map(|(value, of)| format!("CAST({value} AS {of})")),
            (inner.clone(), types.clone()).prop_map(|(value, of)| format!("TRY_CAST({value} AS {of})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("ARRAY[{a}, {b}][1]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("ROW({a}, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("transform({a}, x -> {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("reduce({a}, {b}, (s, x) -> s + x, s -> s)")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("CASE WHEN {a} THEN {b} ELSE NULL END")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a}) NOT BETWEEN ({b}) AND ({c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) IN ({b}, 1)")),
            inner.clone().prop_map(|a| format!("({a}) IS NOT NULL")),
            inner.clone().prop_map(|a| format!("EXTRACT(YEAR FROM ({a}))")),
            inner.clone().prop_map(|a| format!("({a}) AT TIME ZONE 'UTC'")),
            inner.clone().prop_map(|a| format!("count(DISTINCT {a}) FILTER (WHERE TRUE)")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!(
                "sum({a}) OVER (PARTITION BY {b} ORDER BY 1 DESC NULLS FIRST ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"
            )),
            inner.prop_map(|a| format!("(SELECT {a} FROM (VALUES (1, 'a')) AS t (x, y))")),
        ]
    })
}

/// A row pattern of a few levels.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[A-Ca-c]",
        Just("\"a b\"".to_owned()),
        Just("\"a\"\" | \"\"b\"".to_owned()),
        Just("permute".to_owned()),
        Just("()".to_owned()),
        Just("^".to_owned()),
        Just("$".to_owned()),
    ];
    let quantifier = prop_oneof![
        Just("*".to_owned()),
        Just("+".to_owned()),
        Just("?".to_owned()),
        (0..9u8).prop_map(|n| format!("{{{n}}}")),
        (0..9u8).prop_map(|n| format!("{{ {n} , }}")),
        (0..9u8, 0..9u8).prop_map(|(n, m)| format!("{{{n},{m}}}")),
        Just("{,7}".to_owned()),
        Just("{,}".to_owned()),
    ];
    leaf.prop_recursive(4, 30, 3, move |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}|{b}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("PERMUTE({a}, {b},{c})")),
            (inner.clone(), quantifier.clone(), any::<bool>())
                .prop_map(|(a, quantifier, lazy)| format!("({a}){quantifier}{}", if lazy { " ?" } else { "" })),
            inner.clone().prop_map(|a| format!("{{-{a} -}}")),
            inner.prop_map(|a| format!("( {a} /* a comment */ )")),
        ]
    })
}

/// The parser reads none of it as it stands.
#[test]
fn row_patterns_stand_behind_any_relation() {
    let clause = "MATCH_RECOGNIZE (PARTITION BY x ORDER BY y DESC MEASURES FINAL LAST(A.x, 1) AS l, count(A.*) AS n, \
                  RUNNING sum(x) AS s ALL ROWS PER MATCH OMIT EMPTY MATCHES AFTER MATCH SKIP TO U PATTERN (A B*?) \
                  SUBSET U = (A, B), V = (B) DEFINE B AS PREV(FIRST(x), 2) > 1)";
    for (written, printed) in [
        ("t", "t"),
        ("t AS a (x, y)", "t AS a (x, y)"),
        ("(SELECT * FROM t) AS a", "(SELECT * FROM t) AS a"),
        ("(VALUES (1, 2)) AS a (x, y)", "(VALUES (1, 2)) AS a (x, y)"),
        ("UNNEST(ARRAY[1]) AS a (x)", "UNNEST(ARRAY[1]) AS a (x)"),
        ("t JOIN u", "t JOIN u"),
        ("t, u", "t, u"),
        ("(t CROSS JOIN u)", "(t CROSS JOIN u)"),
        (
            "(t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m)",
            "(t MATCH_RECOGNIZE(PATTERN (A) DEFINE A AS true) AS m)",
        ),
    ] {
        let sql = format!("SELECT * FROM {written} {clause} AS m (a, b)");
        assert_eq!(reads_back(&sql), Ok(()), "{sql}");
        let expected = clause.replace("MATCH_RECOGNIZE (", "MATCH_RECOGNIZE(").replace("TO U", "TO LAST U");
        assert_eq!(print(&parse(&sql).unwrap()), format!("SELECT * FROM {printed} {expected} AS m (a, b)"));
    }
    let joined = "SELECT * FROM t LEFT JOIN u MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m ON m.x = t.x";
    assert_eq!(print(&parse(joined).unwrap()), joined.replace("RECOGNIZE (", "RECOGNIZE("));
    for sql in [
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m ON m.x = 1",
        "SELECT * FROM t CROSS JOIN u MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m ON m.x = 1",
        "SELECT * FROM MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m",
        "SELECT * FROM t CROSS JOIN MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m",
        "SELECT * FROM t, MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m",
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)",
        "SELECT * FROM t LEFT MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m",
        "SELECT * FROM t NATURAL MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) AS m",
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A))",
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN ('a') DEFINE A AS true)",
    ] {
        assert!(parse(sql).is_err(), "{sql}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn expressions_read_back(expression in expression()) {
        let read = reads_back(&format!("SELECT {expression}"));
        prop_assert!(read.is_ok(), "{}", read.unwrap_err());
    }

    #[test]
    fn row_patterns_read_back(pattern in pattern()) {
        let clause = format!("MATCH_RECOGNIZE (PATTERN (A {pattern}) SUBSET U = (A) DEFINE A AS true)");
        let sql = format!("SELECT * FROM t {clause}");
        prop_assert!(parse(&sql).is_ok(), "{sql}: {:?}", parse(&sql));
        let read = reads_back(&sql);
        prop_assert!(read.is_ok(), "{}", read.unwrap_err());
    }

    #[test]
    fn no_pattern_stops_the_parser(text in "[A-B(){}*+?|^$,0-9 \\-]{0,20}|PERMUTE|SUBSET|=") {
        let _ = parse(&format!("SELECT * FROM t MATCH_RECOGNIZE (PATTERN ({text}) DEFINE A AS true)"));
        let _ = parse(&format!("SELECT * FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP TO {text} PATTERN (A) {text} DEFINE A AS true)"));
    }

    /// Whatever the text, there is an answer.
    #[test]
    fn no_text_stops_the_parser(text in "[ -~éä\n]{0,60}") {
        let _ = parse(&format!("SELECT {text}"));
        let _ = parse(&text);
    }
}
