//! Runs that are shared, cancelled, late, parametrised.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use lakefront_engine::S3Credentials;
use lakefront_query::{CatalogSource, EngineChoice, Execution, ExecutionState, Request};
use serde_json::{Value, json};

use crate::lake::{Lake, principal, request};
use crate::results::{run, text_rows};

/// Keeps a worker busy far longer than any test waits.
const ENDLESS: &str = "select count(*) from numbers a, numbers b, numbers c where a.n + b.n + c.n = -1";

async fn rows(lake: &Lake, sql: &str, parameters: Value) -> Vec<Vec<String>> {
    let mut asked = request(sql);
    if let Value::Object(map) = parameters {
        asked.parameters = map.into_iter().collect();
    }
    let result = run(&lake.queries, asked).await;
    result.batches(0, None).flat_map(|batch| text_rows(&batch.expect("a batch"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_the_same_at_once_share_one_run() {
    let lake = Lake::new().await;
    let sql = "select a.n % 7 k, count(*) c from numbers a join numbers b on a.n = b.n group by 1 order by 1";
    let asked = (0..50).map(|n| {
        let queries = lake.queries.clone();
        tokio::spawn(async move {
            let asked = Request { principal: principal(&format!("user {n}")), ..request(sql) };
            let execution = queries.submit(asked).await.expect("it starts");
            let rows = execution.finished().await.expect("it runs").rows();
            (execution.id, rows, execution.status().statistics.reused)
        })
    });
    let mut answers = Vec::new();
    for task in asked.collect::<Vec<_>>() {
        answers.push(task.await.expect("an answer"));
    }
    assert!(answers.iter().all(|(_, rows, _)| *rows == 7));
    assert_eq!(answers.iter().map(|(id, ..)| id).collect::<HashSet<_>>().len(), 50);
    assert_eq!(answers.iter().filter(|(.., reused)| !reused).count(), 1, "the engine ran once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_one_of_two_leaves_the_other_running() {
    let lake = Lake::new().await;
    let first = lake.queries.submit(request(ENDLESS)).await.expect("it starts");
    let second = lake.queries.submit(request(ENDLESS)).await.expect("it joins");
    until_running(&first).await;
    first.cancel();
    let error = first.finished().await.err().expect("an error");
    assert_eq!(error.code, "CANCELLED");
    assert_eq!(first.status().state, ExecutionState::Cancelled);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(second.state(), ExecutionState::Running);

    second.cancel();
    let start = Instant::now();
    assert_eq!(second.finished().await.err().expect("an error").code, "CANCELLED");
    // The worker is free for others soon.
    run(&lake.queries, request("select count(*) from sales")).await;
    assert!(start.elapsed() < Duration::from_secs(5), "free after {:?}", start.elapsed());

    // What was cancelled is never an answer.
    let third = lake.queries.submit(request(ENDLESS)).await.expect("it starts");
    until_running(&third).await;
    third.cancel();
}

async fn until_running(execution: &Execution) {
    let mut states = execution.watch();
    let running = states.wait_for(|status| status.state != ExecutionState::Queued);
    let status = tokio::time::timeout(Duration::from_secs(20), running).await.expect("it starts in time");
    assert_eq!(status.expect("a state").state, ExecutionState::Running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_ends_by_its_deadline() {
    let lake = Lake::new().await;
    let start = Instant::now();
    let late = Request { deadline: Some(Duration::from_secs(1)), ..request(ENDLESS) };
    let execution = lake.queries.submit(late).await.expect("it starts");
    let error = execution.finished().await.err().expect("an error");
    assert_eq!(error.code, "TIMEOUT");
    assert!(start.elapsed() < Duration::from_secs(3), "ended after {:?}", start.elapsed());
    assert_eq!(execution.status().state, ExecutionState::Failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_catalog_ends_by_the_deadline_too() {
    let lake = Lake::new().await;
    // It takes connections and answers none.
    let store = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let source = CatalogSource::S3 {
        uri: "s3://lake/x".to_owned(),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(format!("http://{}", store.local_addr().expect("an address"))),
        credentials: Some(S3Credentials::Anonymous),
        access: None,
    };
    lake.queries.catalogs().add("silent", source).await.expect("the catalog is added");
    for sql in
        ["select * from silent.demo.sales", "explain select * from silent.demo.sales", "describe silent.demo.sales"]
    {
        let start = Instant::now();
        let late = Request { deadline: Some(Duration::from_secs(1)), ..request(sql) };
        let error = lake.queries.submit(late).await.err().expect("an error");
        assert_eq!(error.code, "TIMEOUT", "{sql}");
        assert!(start.elapsed() < Duration::from_secs(3), "{sql} ended after {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_principals_statements_wait_for_each_other_and_end() {
    let lake = Lake::with(|config| {
        config.limits.running_per_principal = 1;
        config.limits.queued_per_principal = 1;
    })
    .await;
    let running = lake.queries.submit(request(ENDLESS)).await.expect("it starts");
    let waiting = lake.queries.submit(request("select 17")).await.expect("it waits");
    assert_eq!(waiting.state(), ExecutionState::Queued);
    let error = lake.queries.submit(request("select 18")).await.err().expect("a refusal");
    assert_eq!((error.code, error.status()), ("TOO_MANY_REQUESTS", 429));
    let other = Request { principal: principal("bob"), ..request("select 18") };
    run(&lake.queries, other).await;
    running.cancel();
    waiting.finished().await.expect("its turn came");
    assert!(waiting.status().statistics.queued_ms > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_the_documented_json() {
    let lake = Lake::new().await;
    let execution = lake.queries.submit(request("select state, sum(amount) total from sales group by 1")).await;
    let execution = execution.expect("it starts");
    execution.finished().await.expect("it runs");
    let status = serde_json::to_value(execution.status()).expect("JSON");
    assert_eq!(status["state"], "SUCCEEDED");
    assert_eq!(status["engine"], "embedded");
    let reason = status["route_reason"].as_str().expect("a reason");
    assert!(reason.starts_with("estimated ") && reason.ends_with("under the embedded limit of 2 GB"), "{reason}");
    assert!(status["estimate"]["bytes"].as_u64() > Some(0));
    assert!(status["estimate"]["usd"].is_string());
    assert_eq!(status["columns"], json!([{"name": "state", "type": "varchar"}, {"name": "total", "type": "double"}]));
    assert_eq!(status["statistics"]["rows"], 3);
    assert_eq!(status["statistics"]["reused"], false);
    assert!(status["statistics"]["total_ms"].is_u64());
    assert_eq!(status["error"], Value::Null);
    let known = lake.queries.execution(&execution.id.to_string()).expect("it is remembered");
    assert_eq!(known.id, execution.id);

    let error = lake.queries.submit(request("select amont from sales")).await.err().expect("a refusal");
    let told = serde_json::to_value(&error).expect("JSON");
    assert_eq!(told["code"], "COLUMN_NOT_FOUND");
    assert_eq!(told["position"], json!({"line": 1, "column": 8}));
    assert_eq!(error.hint.as_deref(), Some("Did you mean `amount`?"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn advice_writes_names_with_spaces_in_quotes() {
    let lake = Lake::new().await;
    std::fs::create_dir_all(lake.table_folder("export")).expect("a folder");
    std::fs::write(lake.table_folder("export/part.csv"), "Order ID,zip\n1,\"02134\"\n").expect("a file");
    lake.queries.catalogs().refresh("local", None).await.expect("it is listed");
    for sql in ["select order_id from export", "select Order ID from export"] {
        let error = lake.queries.submit(request(sql)).await.err().expect("a refusal");
        assert_eq!(error.hint.as_deref(), Some("Did you mean `\"order id\"`?"), "{sql}");
    }
    let zip = Request {
        parameters: [("zip".to_owned(), json!(2134))].into_iter().collect(),
        ..request("select * from export where zip = {{zip}}")
    };
    let hint = lake.queries.submit(zip).await.err().and_then(|error| error.hint).expect("a hint");
    assert!(hint.contains("as the value of a parameter: double ones"), "{hint}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_compare_with_columns_of_their_kind() {
    let lake = Lake::new().await;
    let sql = "select count(*) from sales where 1 = 1 \
               [[ and state in ({{state}}) ]] [[ and day >= {{from}} ]] [[ and day < {{to}} ]] \
               [[ and returned = {{returned}} ]] [[ and amount > {{amount}} ]]";
    for (parameters, expected) in [
        (json!({}), "30"),
        (json!({"state": []}), "30"),
        (json!({"state": ["CA"]}), "10"),
        (json!({"state": "TX", "unknown": [1]}), "10"),
        (json!({"state": ["CA", "NY"]}), "20"),
        (json!({"state": ["' or 1=1 --"]}), "0"),
        (json!({"from": "2025-01-08"}), "9"),
        (json!({"from": "2025-01-02", "to": "2025-01-04"}), "6"),
        (json!({"returned": true}), "10"),
        (json!({"amount": 160, "state": "TX"}), "2"),
        (json!({"amount": 160.5}), "9"),
    ] {
        let answer = rows(&lake, sql, parameters.clone()).await;
        assert_eq!(answer, [[expected]], "{parameters}");
    }
    let at = "select count(*) from sales where sold_at > {{at}}";
    assert_eq!(rows(&lake, at, json!({"at": "2025-01-01 10:05:00"})).await, [["24"]]);
    let text = "select name from item where name = {{name}}";
    assert_eq!(rows(&lake, text, json!({"name": "cheese, old"})).await, [["cheese, old"]]);
    let null = "select {{x}} is null, coalesce({{x}}, 'none')";
    assert_eq!(rows(&lake, null, json!({"x": null})).await, [["true", "none"]]);
    let limit = "select n from numbers order by n limit {{limit}}";
    assert_eq!(rows(&lake, limit, json!({"limit": 2})).await, [["0"], ["1"]]);
}

/// A table whose rows a pattern matches is bound, read, counted and kept apart as any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_patterns_are_seen() {
    let lake = Lake::new().await;
    let clause = "match_recognize (partition by state order by id measures first(id) as start, first(state) as state
        pattern (a b{2,}?) define b as b.id > prev(b.id))";
    let report = async |sql: String| lake.queries.estimate(request(&sql)).await.expect("an estimate");
    for from in ["sales", "demo.sales as s", "(select * from sales)", "item cross join sales", "item, (sales)"] {
        let report = report(format!("select count(*) from {from} {clause}")).await;
        let sales = report.tables.iter().find(|table| table.table == "sales");
        assert!(sales.is_some_and(|table| table.partitions == 3), "{from}: {:?}", report.tables);
    }
    // In a query around the rows of the table are none any more: what their columns are called says nothing of these.
    let named = clause.replace("partition by state ", "");
    for from in [format!("sales {named} as sales"), format!("sales as m {named} as m")] {
        let alias = from.rsplit(' ').next().expect("an alias");
        let sql = format!("select start from {from} where {alias}.state = 'TX' order by 1");
        assert_eq!(report(sql.clone()).await.tables[0].partitions, 3, "{sql}");
        assert_eq!(lake.lines(request(&sql)).await, ["102", "105", "108"], "{sql}");
    }
    let inside = report(format!("select * from (select * from sales where state = 'CA') {clause}")).await;
    assert_eq!(inside.tables[0].partitions, 1);
    for sql in [
        format!("select * from nothing_here {clause}"),
        format!("select * from (select * from nothing_here) {clause}"),
        "select * from sales match_recognize (measures 1 as x pattern (a)
            define a as exists (select 1 from nothing_here))"
            .to_owned(),
        "select * from sales match_recognize (measures (select max(id) from nothing_here) as x pattern (a)
            define a as true)"
            .to_owned(),
    ] {
        let error = lake.queries.submit(request(&sql)).await.err().map(|error| error.code);
        assert_eq!(error, Some("TABLE_NOT_FOUND"), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn estimates_name_what_would_be_read() {
    let lake = Lake::new().await;
    let asked = request("select sum(amount) from sales where state = 'CA'");
    let report = lake.queries.estimate(asked).await.expect("an estimate");
    assert_eq!(report.engine, EngineChoice::Embedded);
    let [table] = report.tables.as_slice() else { panic!("one table: {:?}", report.tables) };
    assert_eq!((table.table.as_str(), table.partitions, table.partitions_total), ("sales", 1, 3));
    assert_eq!((table.files, table.files_total), (1, 3));
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["amount"]);
    let json = serde_json::to_value(&report).expect("JSON");
    let estimate = report.estimate.expect("an estimate");
    assert!(estimate.bytes > 0 && estimate.exact);
    assert_eq!(json["bytes"], estimate.bytes);
    assert!(json["usd"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_explain_tells_the_plan_and_an_analyze_what_happened() {
    let lake = Lake::new().await;
    let sql = "select state, count(*) from sales where amount > 3 group by state order by 2 desc";
    let explained = lake.lines(request(&format!("explain {sql}"))).await;
    assert!(explained[0].starts_with("Reads ") && explained[0].contains("on the embedded engine"), "{explained:#?}");
    let plan = explained.iter().position(|line| line == "Plan:").expect("a plan");
    assert!(
        explained[..plan].iter().any(|line| line.starts_with("  local.demo.sales: 3 of 3 files")),
        "{explained:#?}"
    );
    let scan = explained[plan..].iter().find(|line| line.trim_start().starts_with("Scan ")).expect("a scan");
    assert!(scan.contains("local.demo.sales [") && scan.contains(" where ") && scan.contains("amount"), "{scan}");

    let analyze = || request(&format!("explain analyze {sql}"));
    let first = lake.queries.submit(analyze()).await.expect("it starts");
    let result = first.finished().await.expect("it runs");
    assert_eq!(result.columns().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["Query Plan"]);
    assert!(!result.truncated());
    let lines = lake.lines(analyze()).await;
    let (head, tail) = lines.split_at(2);
    assert!(head[0].starts_with("3 rows in ") && head[0].ends_with(" read"), "{lines:#?}");
    assert!(head[1].starts_with("  local.demo.sales: ") && !head[1].ends_with(" 0 B read"), "{lines:#?}");
    assert!(tail[0].contains("(3 rows, ") && tail[0].contains(" ms)"), "{lines:#?}");
    let scan = tail.iter().find(|line| line.trim_start().starts_with("Scan local.demo.sales [")).expect("a scan");
    assert!(scan.contains(" rows, ") && scan.contains("B, ") && scan.contains(" ms)"), "{scan}");
    let folder = lake.table_folder("sales");
    let folder = folder.to_str().expect("a path");
    assert!(explained.iter().chain(&lines).all(|line| !line.contains(folder) && !line.contains("table://")));

    // It is a run of its own each time, under the limits of any other.
    let again = lake.queries.submit(analyze()).await.expect("it starts");
    again.finished().await.expect("it runs");
    let status = serde_json::to_value(again.status()).expect("JSON");
    assert_eq!(status["statistics"]["reused"], false, "{status}");
    assert!(status["statistics"]["scanned_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{status}");
    let small = lakefront_query::Request { max_scan_bytes: Some(1), ..analyze() };
    let error = match lake.queries.submit(small).await {
        Ok(execution) => execution.finished().await.err().expect("a refusal"),
        Err(error) => error,
    };
    assert_eq!(error.code, "SCAN_LIMIT_EXCEEDED");

    let cut = Lake::with(|config| config.limits.result_rows = 2).await;
    let lines = cut.lines(request("explain analyze select id from sales")).await;
    assert!(
        lines[0].starts_with("2 rows in ") && lines[0].ends_with("where the limit of a result ends it"),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_an_execute_are_part_of_what_a_result_is_kept_under() {
    let lake = Lake::new().await;
    let with = |value: &str| {
        request(&format!("execute immediate 'select sum(amount) from sales where state = ?' using {value}"))
    };
    assert_ne!(lake.lines(with("'CA'")).await, lake.lines(with("'XX'")).await);
    let reused = async |asked| {
        let execution = lake.queries.submit(asked).await.expect("it starts");
        execution.finished().await.expect("it runs");
        serde_json::to_value(execution.status()).expect("JSON")["statistics"]["reused"] == true
    };
    assert!(reused(with("'CA'")).await);
    assert!(!reused(with("'TX'")).await);
    // The same words with another value's type.
    let count = |value: &str| request(&format!("execute immediate 'select typeof(?)' using {value}"));
    assert_eq!(lake.lines(count("1")).await, ["integer"]);
    assert_eq!(lake.lines(count("bigint '1'")).await, ["bigint"]);
    let report = lake.queries.estimate(with("'CA'")).await.expect("an estimate");
    assert_eq!(report.tables[0].partitions, 1, "{report:?}");
    // A value may be a parameter's.
    let mut filtered = with("{{state}}");
    filtered.parameters = [("state".to_owned(), json!("CA"))].into();
    assert_eq!(lake.lines(filtered).await, lake.lines(with("'CA'")).await);
}
