//! What people write passes; what no planner survives is refused at once and by name.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use lakefront_trino::{SyntaxErrorKind, parse};

fn refused(sql: &str) -> String {
    let start = Instant::now();
    let error = parse(sql).expect_err("the statement is refused");
    assert_eq!(error.kind, SyntaxErrorKind::TooComplex, "{}", error.message);
    assert!(start.elapsed() < Duration::from_secs(1), "refused after {:?}", start.elapsed());
    error.message
}

fn accepted(sql: &str) {
    parse(sql).unwrap_or_else(|error| panic!("{sql:.200}: {}", error.message));
}

fn repeat(before: &str, times: usize, middle: &str, after: &str) -> String {
    format!("{}{middle}{}", before.repeat(times), after.repeat(times))
}

fn list(first: &str, more: impl Fn(usize) -> String, times: usize) -> String {
    (1..times).fold(first.to_owned(), |text, n| text + &more(n))
}

#[test]
fn chains_of_operators_end_somewhere() {
    let plus = |n: usize| format!("select 1{}", "+1".repeat(n));
    accepted(&plus(300));
    assert!(refused(&plus(301)).contains("300 operators in one expression"));
    refused(&plus(2_000));
    refused(&plus(5_000));
    refused(&plus(100_000));
    refused(&format!("select {}1", "- ".repeat(100_000)));
    refused(&format!("select {}true", "not ".repeat(50_000)));
    refused(&format!("select a{}", "[1]".repeat(5_000)));
    refused(&format!("select 1{}", "::int".repeat(5_000)));
    refused(&format!("select a{}", " is null".repeat(5_000)));
    refused(&format!("select a{}", " at time zone 'UTC'".repeat(5_000)));
    refused(&format!("select a{}", " is distinct from b".repeat(5_000)));
    refused(&format!("select f(a){}", " + f(a) within group (order by b)".repeat(3_000)));
    refused(&format!("select a{}", ".b".repeat(5_000)));
    refused(&format!("select limit{}", " + limit".repeat(5_000)));
    refused(&format!(
        "select * from forecast where {}",
        list("restaurant_id = 0", |n| format!(" or restaurant_id = {n}"), 50_000)
    ));
    // Chains add up along the deepest way down.
    refused(&repeat("(1+1+1+1+1+1+1+1+1+1+", 60, "1", ")"));
    refused(&repeat("(", 60, "1", "+1+1+1+1+1+1+1+1+1+1)"));
}

#[test]
fn separate_expressions_count_separately() {
    let columns = list("a + b + c", |n| format!(", a + b + c + {n}"), 1_500);
    accepted(&format!("select {columns} from t"));
    let conditions = list("a = 1", |_| " and a = 1".to_owned(), 150);
    accepted(&format!("select * from t where {conditions} group by a having {conditions} order by 1"));
    let whens = list("when a = 1 and b = 2 then 3", |n| format!(" when a = {n} and b = 2 then 3"), 400);
    accepted(&format!("select case {whens} else 1 end from t"));
}

#[test]
fn nesting_ends_somewhere() {
    accepted(&format!("select {}", repeat("(", 64, "1", ")")));
    assert!(refused(&format!("select {}", repeat("(", 65, "1", ")"))).contains("64 levels"));
    refused(&format!("select {}", repeat("(", 100_000, "1", ")")));
    refused(&format!("select {}", "(".repeat(100_000)));
    refused(&format!("select {}", repeat("case when true then ", 5_000, "1", " end")));
    refused(&repeat("select * from (", 5_000, "select 1", ")"));
    refused(&format!("select {}", repeat("abs(", 5_000, "1", ")")));
    refused(&format!("select {}", repeat("array[", 5_000, "1", "]")));
    refused(&repeat("with a as (", 5_000, "select 1", ") select * from a"));
    accepted(&repeat("select * from (", 60, "select 1", ")"));
    accepted(&format!("select {}", repeat("abs(", 60, "1", ")")));
    accepted(&format!("select {}", repeat("case when true then ", 60, "1", " end")));
}

#[test]
fn queries_inside_expressions_end_sooner() {
    let exists = |n: usize| format!("select 1 where {}", repeat("exists (select 1 where ", n, "true", ")"));
    accepted(&exists(10));
    assert!(refused(&exists(11)).contains("10 levels of queries"));
    let with = |n: usize| repeat("with c as (", n, "select 1 x", ") select * from c");
    accepted(&with(10));
    refused(&with(11));
    refused(&format!("select {}", repeat("((select ", 11, "1", "))")));
    refused(&format!(
        "select 1 where {}",
        repeat("a in (with c as (select 1) select 1 from c where ", 11, "true", ")")
    ));
    // Side by side they are as many as one likes, and so are tables inside tables.
    accepted(&(list("with c as (select 1)", |n| format!(", c{n} as (select * from c)"), 50) + " select * from c"));
    accepted(&repeat("select * from (", 60, "select 1", ") t join u on true"));
}

#[test]
fn lists_end_somewhere() {
    let numbers = |n: usize| list("0", |n| format!(",{n}"), n);
    accepted(&format!("select a in ({}) from t", numbers(10_000)));
    assert!(refused(&format!("select a in ({}) from t", numbers(10_001))).contains("10000 items"));
    accepted(&format!("select {}", numbers(2_000)));
    refused(&format!("select {}", numbers(2_001)));
    refused(&format!("select a in ({}) from t", numbers(1_000_000)));
    refused(&format!("select {}", numbers(100_000)));
    refused(&list("select 1", |_| " union all select 1".to_owned(), 10_000));
    refused(&list("select * from t", |n| format!(" join t t{n} using (a)"), 5_000));
    refused(&format!("select '{}'", "x".repeat(300 << 10)));
    accepted(&list("select 1", |_| " union all select 1".to_owned(), 101));
}
