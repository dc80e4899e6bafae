//! Statements that must not run, or must not run long: refused by name and in time.

use std::time::{Duration, Instant};

use lakefront_query::{EngineChoice, QueryError, Request};

use crate::lake::{Lake, request};

async fn refusal(lake: &Lake, request: Request) -> QueryError {
    match lake.queries.submit(request).await {
        Err(error) => error,
        Ok(execution) => match execution.finished().await {
            Err(error) => error,
            Ok(_) => panic!("this ran: {:.200}", execution.status().sql),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_the_network_and_settings_are_out_of_reach() {
    let lake = Lake::new().await;
    let canary = lake.folder.path().join("lf-canary.txt");
    std::fs::write(&canary, "LFCANARYFILE\n").expect("a canary");
    let canary = canary.display();
    let written = lake.folder.path().join("lf-write.csv");
    let cases = [
        (format!("SELECT * FROM '{canary}'"), "TABLE_NOT_FOUND"),
        (format!("SELECT * FROM \"{canary}\""), "TABLE_NOT_FOUND"),
        ("SELECT * FROM 'http://127.0.0.1:9/x.csv'".to_owned(), "TABLE_NOT_FOUND"),
        (format!("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{canary}'"), "STATEMENT_NOT_ALLOWED"),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION 's3://evil/x'".to_owned(), "STATEMENT_NOT_ALLOWED"),
        (format!("COPY (SELECT 'x') TO '{}'", written.display()), "STATEMENT_NOT_ALLOWED"),
        ("SET datafusion.execution.batch_size = 1".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("SHOW ALL".to_owned(), "STATEMENT_NOT_ALLOWED"),
        (
            format!("SELECT * FROM '{canary}' MATCH_RECOGNIZE (MEASURES 1 AS x PATTERN (A) DEFINE A AS true)"),
            "TABLE_NOT_FOUND",
        ),
        ("SELECT * FROM information_schema.df_settings".to_owned(), "TABLE_NOT_FOUND"),
        ("PREPARE p FROM DROP TABLE sales".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("EXECUTE IMMEDIATE 'DROP TABLE sales'".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("CREATE VIEW v1 AS SELECT 1".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("INSERT INTO sales SELECT * FROM sales".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("WITH x AS (SELECT 1) INSERT INTO sales SELECT * FROM x".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("EXPLAIN INSERT INTO sales SELECT * FROM sales".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("UPDATE sales SET id = 1".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("DELETE FROM sales".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("TRUNCATE TABLE sales".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("USE demo".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("SET SESSION AUTHORIZATION admin".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("SELECT 1 INTO x FROM sales".to_owned(), "STATEMENT_NOT_ALLOWED"),
        ("SELECT 1; SELECT 2".to_owned(), "STATEMENT_NOT_ALLOWED"),
    ];
    let readers = [
        "read_csv",
        "read_parquet",
        "read_json",
        "read_text",
        "read_blob",
        "glob",
        "sniff_csv",
        "parquet_metadata",
        "parquet_scan",
        "metadata_cache",
        "statistics_cache",
    ]
    .map(|reader| (format!("SELECT * FROM {reader}('{canary}')"), "FUNCTION_NOT_ALLOWED"));
    for (sql, code) in cases.into_iter().chain(readers) {
        let error = refusal(&lake, request(&sql)).await;
        assert_eq!(error.code, code, "{sql}: {}", error.message);
        assert!(error.status() < 500);
        assert!(!format!("{error:?}").contains("LFCANARYFILE"));
    }
    assert!(!written.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_of_others_are_refused() {
    let lake = Lake::new().await;
    // Of the library below, of other engines, of the machine.
    let refused = [
        "arrow_cast",
        "arrow_typeof",
        "current_setting",
        "getenv",
        "input_file_name",
        "list_filter",
        "pg_read_file",
        "range",
        "sleep",
        "version",
    ];
    for name in refused {
        let error = refusal(&lake, request(&format!("SELECT {name}('x')"))).await;
        assert_eq!(error.code, "FUNCTION_NOT_ALLOWED", "{name}: {}", error.message);
        let error = refusal(&lake, request(&format!("SELECT * FROM {name}('x')"))).await;
        assert_eq!(error.code, "FUNCTION_NOT_ALLOWED", "{name}: {}", error.message);
    }
    let error = refusal(&lake, request("select\n  upper(pg_sleep(1))")).await;
    assert_eq!(error.code, "FUNCTION_NOT_ALLOWED");
    assert!(error.message.contains("pg_sleep"));
    assert_eq!(error.position.map(|position| (position.line, position.column)), Some((2, 9)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_too_large_to_plan_are_refused_within_a_second() {
    let lake = Lake::new().await;
    let list = |first: &str, next: &dyn Fn(usize) -> String, times: usize| {
        (1..times).fold(first.to_owned(), |text, n| text + &next(n))
    };
    let nest = |before: &str, times: usize, middle: &str, after: &str| {
        format!("{}{middle}{}", before.repeat(times), after.repeat(times))
    };
    let doubling =
        list("with a0 as (select 1 x)", &|n| format!(", a{n} as (select a.x from a{m} a, a{m} b)", m = n - 1), 40)
            + " select * from a39";
    let cases = [
        ("plus_chain", format!("select 1{}", "+1".repeat(100_000))),
        ("or_chain", format!("select * from sales where {}", list("id = 0", &|n| format!(" or id = {n}"), 50_000))),
        ("parens", format!("select {}", nest("(", 100_000, "1", ")"))),
        ("not_chain", format!("select {}true", "not ".repeat(100_000))),
        ("minus_chain", format!("select {}1", "- ".repeat(100_000))),
        ("case_nest", format!("select {}", nest("case when true then ", 5_000, "1", " end"))),
        ("subquery_nest", nest("select * from (", 5_000, "select 1", ")")),
        ("call_nest", format!("select {}", nest("abs(", 5_000, "1", ")"))),
        ("array_nest", format!("select {}", nest("array[", 5_000, "1", "]"))),
        ("union_arms", list("select 1", &|_| " union all select 1".to_owned(), 10_000)),
        ("cte_list", list("with a as (select 1)", &|n| format!(", a{n} as (select 1)"), 10_000) + " select 1"),
        ("cte_nest", nest("with a as (", 5_000, "select 1", ") select * from a")),
        ("cte_doubling", doubling),
        ("join_list", list("select 1 from sales", &|n| format!(" join sales s{n} on true"), 5_000)),
        ("cross_list", list("select 1 from sales", &|n| format!(", sales s{n}"), 5_000)),
        ("in_list", format!("select id in ({}) from sales", list("0", &|n| format!(",{n}"), 1_000_000))),
        ("column_list", format!("select {}", list("0", &|n| format!(",{n}"), 100_000))),
        ("text", format!("select '{}'", "x".repeat(100 << 20))),
    ];
    for (name, sql) in cases {
        let start = Instant::now();
        let error = refusal(&lake, request(&sql)).await;
        assert_eq!(error.code, "QUERY_TOO_COMPLEX", "{name}: {}", error.message);
        assert_eq!(error.status(), 400);
        // Unoptimised code, beside other tests, gets more.
        let limit = if cfg!(debug_assertions) { 5 } else { 1 };
        assert!(start.elapsed() < Duration::from_secs(limit), "{name} took {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_just_below_the_limits_are_planned() {
    let lake = Lake::new().await;
    let list = |first: &str, next: &dyn Fn(usize) -> String, times: usize| {
        (1..times).fold(first.to_owned(), |text, n| text + &next(n))
    };
    let nest = |before: &str, times: usize, middle: &str, after: &str| {
        format!("{}{middle}{}", before.repeat(times), after.repeat(times))
    };
    let cases = [
        ("plus_chain", format!("select n{} from numbers", "+1".repeat(300))),
        ("or_chain", format!("select * from sales where {}", list("id = 0", &|n| format!(" or id = {n}"), 150))),
        ("parens", format!("select {}", nest("(", 64, "1", ")"))),
        ("not_chain", format!("select {}true", "not ".repeat(300))),
        ("case_nest", format!("select {}", nest("case when true then ", 60, "1", " end"))),
        ("subquery_nest", nest("select * from (", 60, "select id from sales", ") x")),
        ("call_nest", format!("select {}", nest("abs(", 60, "id", ")") + " from sales")),
        ("union_arms", list("select id from sales", &|_| " union all select id from sales".to_owned(), 101)),
        ("cte_list", list("with a as (select 1)", &|n| format!(", a{n} as (select 1)"), 100) + " select 1"),
        ("join_list", list("select 1 from item", &|n| format!(" join item s{n} on s{n}.item_id = item.item_id"), 60)),
        ("in_list", format!("select id in ({}) from sales", list("0", &|n| format!(",{n}"), 10_000))),
        ("column_list", format!("select {} from sales", list("id", &|n| format!(",id + {n}"), 2_000))),
        ("values", format!("values {}", list("(0)", &|n| format!(",({n})"), 10_000))),
    ];
    for (name, sql) in cases {
        let start = Instant::now();
        let report = lake.queries.estimate(request(&sql)).await;
        assert!(report.is_ok(), "{name}: {report:?}");
        tell(name, start.elapsed());
    }
}

/// Plan times are worth knowing; how long is too long depends on the build.
#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
fn tell(name: &str, time: Duration) {
    eprintln!("{name}: {time:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budgets_engines_and_parameters_are_checked_before_anything_runs() {
    let lake = Lake::new().await;
    let tight = Request { max_scan_bytes: Some(10), ..request("select sum(n) from numbers") };
    let error = refusal(&lake, tight).await;
    assert_eq!(error.code, "SCAN_LIMIT_EXCEEDED");
    assert!(error.message.contains("10 B"), "{}", error.message);
    for engine in [EngineChoice::Athena, EngineChoice::Trino, EngineChoice::Postgres] {
        let error = refusal(&lake, Request { engine, ..request("select 1") }).await;
        assert_eq!(error.code, "NOT_SUPPORTED");
    }
    let error = refusal(&lake, request("select *\nfrom sales\nwhere id = {{id}}")).await;
    assert_eq!(error.code, "MISSING_PARAMETER");
    assert_eq!(error.position.map(|position| (position.line, position.column)), Some((3, 12)));
}
