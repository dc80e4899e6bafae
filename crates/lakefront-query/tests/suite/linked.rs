//! Statements on a real Trino, through the whole road. `LAKEFRONT_TEST_TRINO` holds its address
//! (`deploy/test/trino.sh start`); without it nothing is tested here, which the test says.

use std::time::{Duration, Instant};

use lakefront_query::trino::{TrinoAuth, TrinoConfig};
use lakefront_query::{CatalogSource, EngineChoice, Execution, ExecutionState, Request};
use serde_json::json;

use crate::lake::{Lake, principal, request};

/// A lake with the catalogs `warehouse` (Trino's `tpch`) and `trino` (its `system`); `None` without a Trino.
#[expect(clippy::print_stderr, reason = "who runs the tests should know what was not tested")]
async fn linked() -> Option<Lake> {
    let Ok(address) = std::env::var("LAKEFRONT_TEST_TRINO") else {
        eprintln!("LAKEFRONT_TEST_TRINO is not set: nothing is tested against a Trino");
        return None;
    };
    let lake = Lake::new().await;
    for (name, theirs) in [("warehouse", "tpch"), ("trino", "system")] {
        let config = TrinoConfig::parse(&format!("{address}/{theirs}"), TrinoAuth::None, None).expect("an address");
        lake.queries.catalogs().add(name, CatalogSource::Trino(config)).await.expect("the catalog is added");
        lake.queries.catalogs().refresh(name, None).await.expect("the catalog is listed");
    }
    Some(lake)
}

fn on_tiny(sql: &str) -> Request {
    Request {
        catalog: Some("warehouse".to_owned()),
        database: Some("tiny".to_owned()),
        ..Request::new(principal("ana"), sql)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trino_answers_for_its_tables() {
    let Some(lake) = linked().await else { return };
    let catalogs = lake.queries.catalogs();
    let tables = catalogs.tables("warehouse", "tiny", Some("nat")).await.expect("tables");
    assert_eq!(tables.len(), 1);
    let nation = catalogs.table("warehouse", "TINY", "Nation").await.expect("the table");
    let columns: Vec<_> =
        nation.columns.iter().map(|column| (column.name.as_str(), column.type_name.as_str())).collect();
    assert_eq!(columns[..2], [("nationkey", "bigint"), ("name", "varchar(25)")]);

    let mut asked = on_tiny(
        "select n.name, r.name as region, count(*) c -- by region\n\
         from nation n join warehouse.tiny.region r on n.regionkey = r.regionkey\n\
         where r.name = {{region}} [[ and n.nationkey < {{most}} ]]\n\
         group by 1, 2 order by 1",
    );
    asked.parameters = [("region".to_owned(), json!("EUROPE")), ("most".to_owned(), json!(20))].into();
    let execution = lake.queries.submit(asked.clone()).await.expect("it starts");
    execution.finished().await.expect("it runs");
    let status = serde_json::to_value(execution.status()).expect("JSON");
    assert_eq!(status["engine"], "trino");
    assert!(status["route_reason"].as_str().expect("a reason").contains("/tpch"), "{status}");
    assert_eq!(status["statistics"]["usd"], "0.00000");
    assert_eq!(status["columns"][2], json!({"name": "c", "type": "bigint"}));
    assert_eq!(lake.lines(asked).await, ["FRANCE|EUROPE|1", "GERMANY|EUROPE|1", "ROMANIA|EUROPE|1"]);

    // Text is never read as SQL.
    let mut quoted = on_tiny("select count(*) from nation where name = {{name}}");
    quoted.parameters = [("name".to_owned(), json!("x' or 'a' = 'a"))].into();
    assert_eq!(lake.lines(quoted).await, ["0"]);

    // A function that the embedded engine lacks, and one that nobody has.
    assert_eq!(lake.lines(on_tiny("select soundex('Robert') from region limit 1")).await, ["R163"]);
    let error = lake.queries.submit(on_tiny("select soundexx('Robert')\nfrom region")).await;
    let error = match error {
        Ok(execution) => execution.finished().await.err().expect("a refusal"),
        Err(error) => error,
    };
    assert_eq!(error.code, "FUNCTION_NOT_ALLOWED", "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trino_reads_what_was_checked_and_no_more() {
    let Some(lake) = linked().await else { return };
    let counted = |comment: &str| on_tiny(&format!("select count(*) from nation {comment}"));
    // Where a line ends, the two do not agree.
    assert_eq!(lake.lines(counted("-- x\r union all select count(*) from region")).await, ["25"]);
    // A comment within another ends both: what stands behind is checked, and run.
    let mut lines = lake.lines(counted("/* /* */ union all select 5 -- */ -- */")).await;
    lines.sort();
    assert_eq!(lines, ["25", "5"]);
    let behind = lake.queries.submit(counted("/* /* */ union all select tpch.tiny.secret(5) -- */ -- */")).await;
    assert_eq!(behind.err().expect("a refusal").code, "FUNCTION_NOT_ALLOWED");
    let mut page = on_tiny("select name from nation order by 1 offset {{from}} limit {{most}};");
    page.parameters = [("from".to_owned(), json!(1)), ("most".to_owned(), json!(2))].into();
    assert_eq!(lake.lines(page).await, ["ARGENTINA", "BRAZIL"]);
    let long =
        "select Warehouse.tiny.nation.name, warehouse.tiny.nation.* from warehouse.tiny.nation order by 1 limit 1";
    assert!(lake.lines(request(long)).await[0].starts_with("ALGERIA|0|ALGERIA|"));
    let elsewhere = lake.queries.submit(on_tiny("select tpch.tiny.secret(name) from nation")).await;
    assert_eq!(elsewhere.err().expect("a refusal").code, "FUNCTION_NOT_ALLOWED");
    let mut many = on_tiny("select count(*) from nation where name in ({{names}})");
    let names: Vec<_> = (0..9_000).map(|number| format!("{number:040}")).chain(["CHINA".to_owned()]).collect();
    many.parameters = [("names".to_owned(), json!(names))].into();
    assert_eq!(lake.lines(many).await, ["1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trinos_errors_point_into_the_authors_text() {
    let Some(lake) = linked().await else { return };
    let mut wrong = on_tiny("select name\nfrom nation\nwhere name = {{name}} and nam = 'x'");
    wrong.parameters = [("name".to_owned(), json!("a rather long name that moves what follows"))].into();
    let error = match lake.queries.submit(wrong).await {
        Ok(execution) => execution.finished().await.err().expect("a refusal"),
        Err(error) => error,
    };
    assert_eq!(error.code, "COLUMN_NOT_FOUND");
    let told = serde_json::to_value(&error).expect("JSON");
    assert_eq!(told["position"], json!({"line": 3, "column": 27}), "{told}");

    let mixed = request("select * from sales s join warehouse.tiny.nation n on s.id = n.nationkey");
    let error = lake.queries.submit(mixed).await.err().expect("a refusal");
    assert_eq!(error.code, "NOT_SUPPORTED");
    assert_eq!(serde_json::to_value(&error).expect("JSON")["position"], json!({"line": 1, "column": 28}));
    for around in [
        "select * from nation, table(system.query(query => 'drop table nation'))",
        "select * from nation, warehouse.system.query('drop table nation') as x",
        "select * from nation, table(exclude_columns(input => table(region), columns => descriptor(name)))",
    ] {
        let error = lake.queries.submit(on_tiny(around)).await.err().expect("a refusal");
        assert!(["FUNCTION_NOT_ALLOWED", "NOT_SUPPORTED", "SYNTAX_ERROR"].contains(&error.code), "{around}: {error:?}");
    }
    let asked = Request { engine: EngineChoice::Embedded, ..on_tiny("select * from nation") };
    assert_eq!(lake.queries.submit(asked).await.err().expect("a refusal").code, "NOT_SUPPORTED");
    let asked = Request { engine: EngineChoice::Trino, ..request("select * from sales") };
    assert_eq!(lake.queries.submit(asked).await.err().expect("a refusal").code, "NOT_SUPPORTED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trinos_answers_are_reused_only_where_an_age_is_given() {
    let Some(lake) = linked().await else { return };
    let reused = async |age| {
        let request = Request { reuse_max_age_s: age, ..on_tiny("select max(acctbal) from customer") };
        let execution = lake.queries.submit(request).await.expect("it starts");
        execution.finished().await.expect("it runs");
        execution.status().statistics.reused
    };
    assert!(!reused(None).await);
    assert!(!reused(None).await);
    assert!(reused(Some(60)).await);
    assert!(!reused(Some(0)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trinos_long_answers_end_at_the_limit() {
    let Some(lake) = linked().await else { return };
    let execution = lake.queries.submit(on_tiny("select * from lineitem")).await.expect("it starts");
    let whole = execution.finished().await.expect("it runs");
    assert_eq!((whole.rows(), whole.truncated()), (60_175, false));

    let address = std::env::var("LAKEFRONT_TEST_TRINO").expect("an address");
    let small = Lake::with(|config| config.limits.result_rows = 1_000).await;
    let config = TrinoConfig::parse(&format!("{address}/tpch"), TrinoAuth::None, None).expect("an address");
    small.queries.catalogs().add("warehouse", CatalogSource::Trino(config)).await.expect("the catalog is added");
    let execution = small.queries.submit(on_tiny("select * from lineitem")).await.expect("it starts");
    let cut = execution.finished().await.expect("it runs");
    assert_eq!((cut.rows(), cut.truncated()), (1_000, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_run_stops_in_trino() {
    let Some(lake) = linked().await else { return };
    let mark = format!("mark_{}", std::process::id());
    let endless =
        format!("select count(*) as {mark} from sf100.lineitem a, sf100.lineitem b where a.comment < b.comment");
    let execution = lake.queries.submit(on_tiny(&endless)).await.expect("it starts");
    let states = async || {
        let asked = format!(
            "select state from trino.runtime.queries where query like '%{mark}%' and query not like '%runtime%'"
        );
        lake.lines(Request { reuse_max_age_s: Some(0), ..on_tiny(&asked) }).await
    };
    let until = async |wanted: &dyn Fn(&[String]) -> bool| {
        let began = Instant::now();
        loop {
            let now = states().await;
            if wanted(&now) {
                return began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{now:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until(&|now| now.iter().any(|state| state == "RUNNING")).await;
    execution.cancel();
    let took = until(&|now| !now.is_empty() && now.iter().all(|state| state == "FAILED")).await;
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    ended(&execution).await;
}

async fn ended(execution: &Execution) {
    assert!(execution.finished().await.is_err());
    assert_eq!(execution.state(), ExecutionState::Cancelled);
}
