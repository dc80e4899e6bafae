//! Statements on tables of Glue, through the whole road: on the embedded engine, and on an Athena that an embedded
//! engine over a copy of the same files plays.

use std::io::Write;
use std::time::{Duration, Instant};

use lakefront_query::{
    EngineChoice, ErrorKind, Execution, ExecutionState, GroupRules, QueryError, Request, Waiting, WaitsAt,
};
use serde_json::json;

use crate::lake::{Lake, parquet, principal, sales, shown};
use crate::server::Answer;

async fn run(lake: &Lake, request: Request) -> Result<std::sync::Arc<Execution>, QueryError> {
    let execution = lake.queries.submit(request).await?;
    execution.finished().await?;
    Ok(execution)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_has_the_same_answer_on_both_engines() {
    let Some(lake) = Lake::new().await else { return };
    for sql in [
        "select * from sales order by id",
        "select state, day, count(*) as n, sum(amount) as total, max(sold_at) as last from sales\n\
         where returned group by 1, 2 order by 1, 2",
        "select count(*) from sales",
        "select count(*) from sales where state = 'CA' and day >= date '2025-01-02'",
        "select i.name, s.id, i.price from item i left join sales s on s.item_id = i.item_id and s.state = 'TX'\n\
         order by 1, 2",
        "select price, name from item where price > 1.5 order by price",
        "select * from event order by userid",
        "select * from note order by name",
        "select count(*), max(id) from sales where state = 'ZZ'",
        "select kind, count(*) from event group by kind order by kind",
        "execute immediate 'select id, ?, ? from sales where state = ? and day = ? and amount > ? order by id limit ?'\n\
         using decimal '-1.50', 'it''s', 'CA', date '2025-01-02', -1e0, 2",
        "with few as (select * from sales where id < 3) select a.id, b.id as other from few a, few b order by 1, 2",
    ] {
        let here =
            run(&lake, lake.on(EngineChoice::Embedded, sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let there =
            run(&lake, lake.on(EngineChoice::Athena, sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(here.status().engine, EngineChoice::Embedded);
        assert_eq!(there.status().engine, EngineChoice::Athena);
        let (here, there) = (shown(&here.result().unwrap()), shown(&there.result().unwrap()));
        assert!(here.len() > 1, "{sql}: no rows");
        assert_eq!(here, there, "{sql}");
    }

    // The same files, whose days are texts in Glue.
    let ny = |table: &str, day: &str| {
        format!(
            "select id, state from {table} where state = 'NY' and day between {day} '2025-01-01' and {day} '2025-01-02' order by id"
        )
    };
    let by_text = run(&lake, lake.on(EngineChoice::Embedded, &ny("log", ""))).await.unwrap();
    let by_date = run(&lake, lake.on(EngineChoice::Embedded, &ny("sales", "date"))).await.unwrap();
    let (by_text, by_date) = (shown(&by_text.result().unwrap()), shown(&by_date.result().unwrap()));
    assert!(by_text.len() > 1);
    assert_eq!(by_text, by_date);

    for (sql, code) in [
        ("select id,\n  nam from sales", "COLUMN_NOT_FOUND"),
        ("select id / 0 from sales where state = 'CA'", "DIVISION_BY_ZERO"),
        ("select cast(name as bigint) from item", "INVALID_CAST_ARGUMENT"),
    ] {
        let here = run(&lake, lake.on(EngineChoice::Embedded, sql)).await.err().unwrap();
        let there = run(&lake, lake.on(EngineChoice::Athena, sql)).await.err().unwrap();
        assert_eq!((here.code, here.position), (there.code, there.position), "{sql}");
        assert_eq!(here.code, code, "{sql}: {here}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_columns_are_read_as_declared() {
    let Some(lake) = Lake::new().await else { return };
    let sql = "select n, tags, place, place.zip as zip from nested where n in (1, 3) order by n desc";
    let ran = run(&lake, lake.on(EngineChoice::Embedded, sql)).await.unwrap();
    assert_eq!(
        shown(&ran.result().unwrap()),
        [
            "n bigint, tags array(bigint), place row(city varchar, zip bigint), zip bigint",
            "3|[3]|{city: Rome, zip: NULL}|NULL",
            "1|[1, NULL]|{city: Oslo, zip: 150}|150",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auto_says_why_it_chose() {
    let Some(lake) = Lake::new().await else { return };
    let reason = async |request: Request| {
        let status = run(&lake, request).await.unwrap().status();
        (status.engine, status.route_reason)
    };
    let (engine, why) = reason(lake.request("select sum(amount) from sales")).await;
    assert_eq!(engine, EngineChoice::Embedded);
    assert!(why.starts_with("estimated ") && why.ends_with(" is under the embedded limit of 2 GB"), "{why}");
    lake.athena.world().answers.insert(
        format!("select max(id) from \"awsdatacatalog\".\"{}\".\"ledger\" AS \"ledger\"", lake.database),
        Answer { managed: true, ..Answer::default() },
    );
    let (engine, why) = reason(lake.request("select max(id) from ledger")).await;
    assert_eq!((engine, why.as_str()), (EngineChoice::Athena, "table \"aws.ledger\": ORC is read by Athena only"));
    // Who insists is told the reason, at the table.
    let error = run(&lake, lake.on(EngineChoice::Embedded, "select 1\nfrom ledger")).await.err().unwrap();
    assert_eq!(
        (error.code, error.message.as_str()),
        ("NOT_SUPPORTED", "Table \"aws.ledger\": ORC is read by Athena only.")
    );
    assert_eq!(error.position.map(|at| (at.line, at.column)), Some((2, 6)));
    let error = run(&lake, lake.on(EngineChoice::Trino, "select 1 from sales")).await.err().unwrap();
    assert_eq!((error.code, error.kind), ("NOT_SUPPORTED", ErrorKind::User));

    // What the embedded engine does not know may be known there.
    lake.athena.world().answers.insert(
        format!("select st_astext(name) from \"awsdatacatalog\".\"{}\".\"item\" AS \"item\"", lake.database),
        Answer { managed: true, ..Answer::default() },
    );
    let (engine, why) = reason(lake.on(EngineChoice::Auto, "select st_astext(name) from item")).await;
    assert_eq!((engine, why.as_str()), (EngineChoice::Athena, "the embedded engine has no function `st_astext`"));
    lake.athena.world().answers.insert(
        format!("select newest(name) from \"awsdatacatalog\".\"{}\".\"item\" AS \"item\"", lake.database),
        Answer { managed: true, ..Answer::default() },
    );
    let (engine, why) = reason(lake.on(EngineChoice::Auto, "select newest(name) from item")).await;
    assert_eq!((engine, why.as_str()), (EngineChoice::Athena, "it calls a function that only athena may know"));

    let report = lake.queries.estimate(lake.on(EngineChoice::Athena, "select sum(amount) from sales")).await.unwrap();
    let estimate = report.estimate.unwrap();
    assert_eq!((report.engine, estimate.exact, estimate.usd.as_str()), (EngineChoice::Athena, true, "0.00005"));
    assert_eq!(report.route_reason, "the athena engine was asked for");
    let status = run(&lake, lake.on(EngineChoice::Athena, "select sum(amount) from sales")).await.unwrap().status();
    assert_eq!(status.statistics.usd.as_deref(), Some("0.00005"), "10 MB is the least that Athena charges");
    assert!(status.statistics.scanned_bytes.unwrap() >= 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogs_rules_decide_for_auto() {
    let Some(lake) = Lake::with(|source| source.embedded_max_bytes = Some(100)).await else { return };
    let status = run(&lake, lake.request("select sum(amount) from sales")).await.unwrap().status();
    assert_eq!(status.engine, EngineChoice::Athena);
    let why = status.route_reason;
    assert!(why.starts_with("estimated ") && why.ends_with(" is over the embedded limit of 100 B"), "{why}");

    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let status = run(&lake, lake.request("select count(*) from item")).await.unwrap().status();
    assert_eq!(
        (status.engine, status.route_reason.as_str()),
        (EngineChoice::Athena, "the catalog's rule is the athena engine")
    );

    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Embedded).await else { return };
    let error = run(&lake, lake.request("select * from ledger")).await.err().unwrap();
    assert_eq!(error.code, "NOT_SUPPORTED");
    assert!(error.hint.is_some_and(|hint| hint.contains("`athena`")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_has_rules_of_its_own() {
    let rules = |engine, embedded_max_bytes| GroupRules { engine, embedded_max_bytes };
    let change = |source: &mut lakefront_query::GlueSource| {
        source.engine = EngineChoice::Embedded;
        source.groups.insert("Analysts".to_owned(), rules(Some(EngineChoice::Athena), None));
        source.groups.insert("finance".to_owned(), rules(Some(EngineChoice::Auto), Some(100)));
    };
    let Some(lake) = Lake::with(change).await else { return };
    let told = async |groups: &[&str]| {
        let mut request = lake.request("select count(*), sum(amount) from sales");
        request.principal.groups = groups.iter().map(|&group| group.to_owned()).collect();
        let report = lake.queries.estimate(request).await.unwrap();
        (report.engine, report.route_reason)
    };
    for groups in [&[][..], &["Others"]] {
        let (engine, why) = told(groups).await;
        assert_eq!((engine, why.as_str()), (EngineChoice::Embedded, "the catalog's rule is the embedded engine"));
    }
    // Names in any case; of several groups, the first by name that has a rule.
    for groups in [&["analysts"][..], &["Aaa", "Analysts", "Finance"]] {
        let (engine, why) = told(groups).await;
        assert_eq!(engine, EngineChoice::Athena);
        assert!(why.eq_ignore_ascii_case("the catalog's rule for Analysts is the athena engine"), "{why}");
    }
    let (engine, why) = told(&["Finance"]).await;
    assert_eq!(engine, EngineChoice::Athena);
    assert!(why.ends_with(" is over the embedded limit of 100 B"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_partitions_that_are_touched_are_listed() {
    let Some(lake) = Lake::new().await else { return };
    let files = async |sql: &str| {
        let report = lake.queries.estimate(lake.request(sql)).await.unwrap();
        (report.tables[0].files_total, report.tables[0].partitions)
    };
    assert_eq!(files("select id from sales").await, (4, 4));
    assert_eq!(files("select id from sales where state = 'CA'").await, (2, 2));
    assert_eq!(
        files("select id from sales s where s.state in ('CA', 'NY') and s.day = date '2025-01-01'").await,
        (2, 2)
    );
    assert_eq!(files("select id from sales where id > 3").await, (4, 4));
    // Of two uses both count.
    assert_eq!(files("select a.id from sales a, sales b where a.state = 'TX' and b.state = 'NY'").await, (2, 2));
    assert_eq!(files("select id from log where day > '2025-01-02'").await, (1, 1));
    let mut with_parameter = lake.request("select id from sales where state = {{state}}");
    with_parameter.parameters = [("state".to_owned(), json!("TX"))].into();
    assert_eq!(lake.queries.estimate(with_parameter).await.unwrap().tables[0].files_total, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_of_athena_are_as_fresh_as_the_files() {
    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let ran = async || {
        let status = run(&lake, lake.request("select count(*) from sales where state = 'CA'")).await.unwrap().status();
        (status.engine, status.statistics.reused)
    };
    assert_eq!(ran().await, (EngineChoice::Athena, false));
    assert!(ran().await.1);
    // Another partition's files change nothing.
    lake.put("sales/state=NY/day=2025-01-01/part-1.parquet", &parquet(&sales(500)));
    assert!(ran().await.1);
    lake.put("sales/state=CA/day=2025-01-01/part-1.parquet", &parquet(&sales(600)));
    assert!(!ran().await.1);
    assert!(ran().await.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn iceberg_tells_its_size_and_when_it_changes() {
    let Some(lake) = Lake::new().await else { return };
    lake.commit(1, 2_000_000_000).await;
    lake.queries.catalogs().refresh("aws", None).await.unwrap();
    let sql = "select count(*) from events";
    let sent = format!("select count(*) from \"awsdatacatalog\".\"{}\".\"events\" AS \"events\"", lake.database);
    lake.athena.world().answers.insert(sent, Answer { managed: true, ..Answer::numbers(1) });

    let report = lake.queries.estimate(lake.request(sql)).await.unwrap();
    assert_eq!(report.route_reason, "table \"aws.events\": Iceberg is read by Athena only");
    assert_eq!((report.tables[0].files, report.tables[0].bytes), (1, 2_000_000_000));
    let estimate = report.estimate.unwrap();
    assert_eq!((estimate.bytes, estimate.exact, estimate.usd.as_str()), (2_000_000_000, false, "0.01000"));
    let limited = Request { max_scan_bytes: Some(1_000_000_000), ..lake.request(sql) };
    assert_eq!(run(&lake, limited).await.err().unwrap().code, "SCAN_LIMIT_EXCEEDED");

    let ran = async || {
        let status = run(&lake, lake.request(sql)).await.unwrap().status();
        (status.statistics.reused, status.as_of.unwrap().timestamp_millis())
    };
    assert_eq!(ran().await, (false, 1_700_000_000_001));
    assert_eq!(ran().await, (true, 1_700_000_000_001));
    lake.commit(2, 500).await;
    assert_eq!(ran().await, (false, 1_700_000_000_002));
    assert_eq!(ran().await, (true, 1_700_000_000_002));
    // Metadata that can't be read tells nothing of the size; what changes is known all the same.
    lake.commit(3, 700).await;
    lake.put("events/metadata/00003.metadata.json", b"{");
    assert_eq!(lake.queries.estimate(lake.request(sql)).await.unwrap().estimate, None);
    assert!(!run(&lake, lake.request(sql)).await.unwrap().status().statistics.reused);
    assert!(run(&lake, lake.request(sql)).await.unwrap().status().statistics.reused);

    let version = async || {
        let databases = lake.queries.catalogs().databases("aws").await.unwrap();
        databases.into_iter().find(|database| database.name == lake.database).unwrap().version
    };
    let before = version().await;
    lake.commit(4, 700).await;
    lake.queries.catalogs().refresh("aws", None).await.unwrap();
    assert_ne!(before, version().await, "pages that show it are told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_run_is_stopped_and_equal_runs_are_one() {
    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let sql = format!("select count(*) from \"awsdatacatalog\".\"{}\".\"item\" AS \"item\"", lake.database);
    let answer = Answer { managed: true, runs: Duration::from_secs(3600), ..Answer::default() };
    lake.athena.world().answers.insert(sql, answer);
    let asked = |person: &str| Request { principal: principal(person), ..lake.request("select count(*) from item") };
    let many = futures::future::join_all((0..40).map(|n| lake.queries.submit(asked(&format!("p{}", n % 7))))).await;
    let many: Vec<_> = many.into_iter().map(|execution| execution.unwrap()).collect();
    until(|| lake.athena.world().running() == 1).await;
    assert_eq!(lake.athena.world().count("StartQueryExecution"), 1);
    for execution in &many[1..] {
        execution.cancel();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(lake.athena.world().running(), 1, "one still waits for it");
    let began = Instant::now();
    many[0].cancel();
    until(|| lake.athena.world().running() == 0).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(lake.athena.world().count("StopQueryExecution"), 1);
    assert!(many[0].finished().await.is_err());
    assert_eq!(many[0].state(), ExecutionState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_same_statement_takes_up_the_query_that_runs() {
    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let sent = |state: &str| {
        let table = format!("\"awsdatacatalog\".\"{}\".\"sales\"", lake.database);
        format!("select count(*) from {table} AS \"sales\" where state = '{state}'")
    };
    let asked = |state: &str| lake.request(&format!("select count(*) from sales where state = '{state}'"));
    let long = Answer { managed: true, runs: Duration::from_secs(6), ..Answer::numbers(1) };
    for state in ["CA", "NY"] {
        lake.athena.world().answers.insert(sent(state), long.clone());
        lake.queries.submit(asked(state)).await.unwrap();
    }
    until(|| lake.athena.world().running() == 2).await;
    let next = lake.next(2).await;
    lake.put("sales/state=NY/day=2025-01-01/part-1.parquet", &parquet(&sales(500)));
    lake.athena.world().answers.insert(sent("NY"), Answer { runs: Duration::ZERO, ..long });

    let taken = next.submit(asked("CA")).await.unwrap();
    taken.finished().await.unwrap();
    assert_eq!(lake.athena.world().count("StartQueryExecution"), 2);
    assert!(taken.status().statistics.scanned_bytes > Some(0), "it is charged with all that was read");
    // New files have come: what began before they did is no answer.
    next.submit(asked("NY")).await.unwrap().finished().await.unwrap();
    assert_eq!(lake.athena.world().count("StartQueryExecution"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_result_is_unloaded_with_the_same_rows_and_types() {
    let Some(lake) = Lake::with(|source| source.unload_min_bytes = Some(100)).await else { return };
    let plain = lake.beside_with(|source| source.unload_min_bytes = None).await;
    let started = || {
        let world = lake.athena.world();
        let sent = world.executions.values().map(|ran| ran.call["QueryString"].as_str().unwrap().to_owned());
        sent.filter(|sql| sql.starts_with("UNLOAD (")).count()
    };
    for (sql, is_unloaded) in [
        ("select * from sales", true),
        (
            "select id, id as id, sold_at, price / 3 as third, cast(price as decimal(10, 2)) as money\n\
          from sales s join item i on s.item_id = i.item_id -- a comment",
            true,
        ),
        ("select * from sales order by id", false),
        ("select count(*) from sales", false),
        // Less than is worth it.
        ("select * from note", false),
        ("select * from nested", false),
    ] {
        let before = started();
        let ran = run(&lake, lake.on(EngineChoice::Athena, sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(started() - before, usize::from(is_unloaded), "{sql}");
        let other = plain.submit(lake.on(EngineChoice::Athena, sql)).await.unwrap();
        other.finished().await.unwrap();
        let (mut rows, mut expected) = (shown(&ran.result().unwrap()), shown(&other.result().unwrap()));
        assert_eq!(rows.remove(0), expected.remove(0), "{sql}: columns");
        assert!(!rows.is_empty(), "{sql}: no rows");
        rows.sort();
        expected.sort();
        assert_eq!(rows, expected, "{sql}");
    }
    until(|| lake.unloaded() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_queued_at_athena_knows_behind_how_many() {
    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let queued = async |sql: &str| {
        let sent = format!("{sql} from \"awsdatacatalog\".\"{}\".\"item\" AS \"item\"", lake.database);
        let answer = Answer { managed: true, queued: Duration::from_secs(3600), ..Answer::default() };
        lake.athena.world().answers.insert(sent.clone(), answer);
        let execution = lake.queries.submit(lake.request(&format!("{sql} from item"))).await.unwrap();
        (execution, sent)
    };
    let waits = async |execution: &Execution, before: usize| {
        let there = Some(Waiting { at: WaitsAt::Athena, before });
        let mut status = execution.watch();
        let status = status.wait_for(|status| status.waiting == there).await.unwrap();
        assert_eq!(status.state, ExecutionState::Queued);
    };
    let (first, _) = queued("select count(*)").await;
    waits(&first, 0).await;
    let (second, sent) = queued("select max(price)").await;
    waits(&second, 1).await;
    assert_eq!(serde_json::to_value(second.status()).unwrap()["waiting"], json!({"at": "athena", "before": 1}));
    first.cancel();
    waits(&second, 0).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    lake.athena.world().begin(&sent);
    let mut status = second.watch();
    let running = status.wait_for(|status| status.state == ExecutionState::Running).await.unwrap().clone();
    assert_eq!(running.waiting, None);
    second.finished().await.unwrap();
    assert!(second.status().statistics.queued_ms >= 20, "{:?}", second.status().statistics);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_run_is_charged_with_what_it_had_read() {
    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let sent = format!("select count(*) from \"awsdatacatalog\".\"{}\".\"item\" AS \"item\"", lake.database);
    let answer = Answer { managed: true, runs: Duration::from_secs(3600), ..Answer::default() };
    lake.athena.world().answers.insert(sent, answer);
    let execution = lake.queries.submit(lake.request("select count(*) from item")).await.unwrap();
    execution.progress().wait_for(|progress| progress.scanned_bytes >= 1000).await.unwrap();
    execution.cancel();
    assert_eq!(execution.finished().await.err().unwrap().code, "CANCELLED");
    let statistics = execution.status().statistics;
    assert!(statistics.scanned_bytes.unwrap() >= 1000);
    assert_eq!(statistics.usd.as_deref(), Some("0.00005"), "10 MB is the least that Athena charges");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_people_who_open_a_dashboard_are_one_execution_per_tile() {
    let Some(lake) = Lake::with(|source| source.engine = EngineChoice::Athena).await else { return };
    let tiles = [
        "select count(*) as n from sales",
        "select state, sum(amount) as total from sales group by 1 order by 1",
        "select day, count(*) as n from sales group by 1 order by 1",
        "select count(*) as n from item",
        "select max(price) as dearest from item",
        "select kind, count(*) as n from event group by kind order by kind",
    ];
    let queries = lake.beside(Duration::from_secs(30)).await;
    let open = async |person: usize| {
        let ask = async |sql: &str| {
            let request = Request { principal: principal(&format!("p{person}")), ..lake.request(sql) };
            let execution = queries.submit(request).await.unwrap();
            execution.finished().await.unwrap();
            shown(&execution.result().unwrap())
        };
        futures::future::join_all(tiles.iter().map(|sql| Box::pin(ask(sql)))).await
    };
    let began = Instant::now();
    let seen = futures::future::join_all((0..1_000).map(open)).await;
    writeln!(std::io::stderr(), "1,000 people, {} tiles: {:.1} s", tiles.len(), began.elapsed().as_secs_f64()).unwrap();
    assert!(seen[0].iter().all(|tile| tile.len() > 1), "{:?}", seen[0]);
    assert!(seen.iter().all(|tiles| *tiles == seen[0]));
    assert_eq!(lake.athena.world().count("StartQueryExecution"), tiles.len());
}

async fn until(is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "it did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_table_is_shown_as_it_was_declared() {
    let Some(lake) = Lake::new().await else { return };
    let comma = json!({"field.delim": ",", "serialization.format": ","});
    let properties = json!({"skip.header.line.count": "1", "connection.password": "hush"});
    let text = ("mapred.TextInputFormat", "serde2.lazy.LazySimpleSerDe");
    let columns = [("id", "bigint"), ("tags", "array<string>")];
    lake.table("shown", text, &columns, &[("day", "date")], properties, comma).await;
    lake.queries.catalogs().refresh("aws", None).await.unwrap();
    let of = async |sql: &str| {
        let ran = run(&lake, lake.request(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(ran.status().statistics.usd.as_deref(), Some("0.00000"));
        shown(&ran.result().unwrap())
    };
    let statement = of("show create table shown").await.join("\n");
    let (head, rest) = statement.split_once(&format!("CREATE EXTERNAL TABLE `{}`.`shown`(", lake.database)).unwrap();
    assert!(head.contains("createtab_stmt"), "{head}");
    let expected = format!(
        "
  `id` bigint,
  `tags` array<string>)
PARTITIONED BY (
  `day` date)
ROW FORMAT SERDE
  'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
WITH SERDEPROPERTIES (
  'field.delim'=',',
  'serialization.format'=',')
LOCATION
  's3://{}/shown/'
TBLPROPERTIES (
  'skip.header.line.count'='1')",
        lake.bucket
    );
    assert_eq!(rest.trim_end(), expected);

    // Athena has no plan to tell what happened.
    let analyzed = run(&lake, lake.request("explain analyze select * from ledger")).await.err().unwrap();
    assert_eq!(analyzed.code, "NOT_SUPPORTED");
    assert!(analyzed.message.contains("goes to athena: "), "{analyzed}");
    let explained = of("explain select sum(amount) from sales where state = 'CA'").await;
    assert!(explained.iter().any(|line| line.contains("Scan aws.")), "{explained:?}");
}
