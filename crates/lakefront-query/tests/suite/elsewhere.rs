//! Statements on another system, through the whole road: a Trino that answers as a test tells it.

use std::time::Duration;

use lakefront_query::trino::{TrinoAuth, TrinoConfig};
use lakefront_query::{CatalogSource, Execution, ExecutionState, Request, WaitsAt};
use serde_json::{Value, json};

use crate::lake::{Lake, principal};
use crate::server::{Reply, STATEMENTS, Seen, Server};

/// All of an answer on one page.
fn answer(columns: &[(&str, &str)], rows: &Value) -> Value {
    let columns: Vec<Value> = columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    json!({
        "id": "20240506_101112_00001_abcde",
        "columns": columns,
        "data": rows,
        "stats": {"state": "FINISHED", "elapsedTimeMillis": 3, "physicalInputBytes": 100},
    })
}

/// What Trino says of its tables: one, `sales.orders`, with a column `who`. `None` where something else is asked.
fn listing(seen: &Seen) -> Option<Reply> {
    let text = |names: &[&'static str]| names.iter().map(|name| (*name, "varchar")).collect::<Vec<_>>();
    if seen.body.contains("information_schema.tables") {
        let columns = text(&["table_schema", "table_name", "table_type"]);
        return Some(Reply::Page(answer(&columns, &json!([["sales", "orders", "BASE TABLE"]]))));
    }
    if seen.body.contains("information_schema.columns") {
        let columns = text(&["table_schema", "table_name", "column_name", "data_type"]);
        return Some(Reply::Page(answer(&columns, &json!([["sales", "orders", "who", "varchar"]]))));
    }
    None
}

async fn add(lake: &Lake, server: &Server, user: &str) {
    let address = format!("{}/hive", server.url.replace("http://", &format!("http://{user}@")));
    let config = TrinoConfig::parse(&address, TrinoAuth::None, None).expect("an address");
    lake.queries.catalogs().add("warehouse", CatalogSource::Trino(config)).await.expect("the catalog is added");
    lake.queries.catalogs().refresh("warehouse", None).await.expect("the catalog is listed");
}

fn asked(person: &str, sql: &str) -> Request {
    Request {
        catalog: Some("warehouse".to_owned()),
        database: Some("sales".to_owned()),
        ..Request::new(principal(person), sql)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_is_not_reused_for_another_user_of_the_other_system() {
    let server = Server::start(|seen, _, _| {
        let who = seen.header("x-trino-user").unwrap_or_default();
        listing(seen).unwrap_or_else(|| Reply::Page(answer(&[("who", "varchar")], &json!([[who]]))))
    })
    .await;
    let lake = Lake::new().await;
    let who = async || {
        let request = Request { reuse_max_age_s: Some(3600), ..asked("ana", "select who from orders") };
        let execution = lake.queries.submit(request).await.expect("it starts");
        let result = execution.finished().await.expect("it runs");
        let batch = result.batches(0, None).next().expect("a batch").expect("rows");
        let who = arrow::util::display::array_value_to_string(batch.column(0), 0).expect("text");
        (who, execution.status().statistics.reused)
    };
    add(&lake, &server, "ada").await;
    assert_eq!(who().await, ("ada".to_owned(), false));
    assert_eq!(who().await, ("ada".to_owned(), true));
    lake.queries.catalogs().remove("warehouse").await.expect("it is removed");
    add(&lake, &server, "ben").await;
    assert_eq!(who().await, ("ben".to_owned(), false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_is_cut_waits_for_no_more() {
    let server = Server::start(|seen, url, _| {
        if seen.method == "GET" {
            return Reply::Silence;
        }
        listing(seen).unwrap_or_else(|| {
            let mut page = answer(&[("who", "varchar")], &json!(vec![json!(["ada"]); 8_192]));
            page["nextUri"] = format!("{url}{STATEMENTS}/executing/20240506_101112_00001_abcde/y1/1").into();
            page["stats"]["state"] = "RUNNING".into();
            Reply::Page(page)
        })
    })
    .await;
    let lake = Lake::with(|config| config.limits.result_rows = 10).await;
    add(&lake, &server, "ada").await;
    let execution = lake.queries.submit(asked("ana", "select who from orders")).await.expect("it starts");
    let result = tokio::time::timeout(Duration::from_secs(10), execution.finished()).await;
    let result = result.expect("it ends at once").expect("it runs");
    assert_eq!((result.rows(), result.truncated()), (10, true));
    server.saw("DELETE").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_statements_are_in_the_other_system() {
    let server = Server::start(|seen, _, _| match seen.method.as_str() {
        "POST" => listing(seen).unwrap_or(Reply::Silence),
        _ => Reply::Status(204, &[], Vec::new()),
    })
    .await;
    let lake = Lake::with(|config| config.limits.running_per_system = 2).await;
    add(&lake, &server, "ada").await;
    let there = || server.seen().iter().filter(|seen| seen.body.contains("orders") && listing(seen).is_none()).count();
    let until = async |most: usize| {
        let waiting = async {
            while there() < most {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("statements that come");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(there(), most);
    };
    let mut executions: Vec<std::sync::Arc<Execution>> = Vec::new();
    for person in ["ana", "bob", "eva"] {
        let sql = format!("select who from orders where who = '{person}'");
        executions.push(lake.queries.submit(asked(person, &sql)).await.expect("it starts"));
    }
    until(2).await;
    let waits = |execution: &&std::sync::Arc<Execution>| execution.state() == ExecutionState::Queued;
    assert_eq!(executions.iter().filter(waits).count(), 1);
    let last = executions.iter().find(waits).expect("one that waits");
    let waiting = last.status().waiting.map(|waiting| (waiting.at, waiting.before));
    assert_eq!(waiting, Some((WaitsAt::Lakefront, 0)));
    let runs = executions.iter().find(|execution| !waits(execution)).expect("one that runs");
    runs.cancel();
    until(3).await;
    assert_eq!(last.status().waiting, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_of_many_schemas_is_listed_with_few_statements() {
    let schemas: Vec<String> = (0..300).map(|number| format!("it's {number:03}")).collect();
    let server = Server::start(move |seen, _, _| {
        let text = |names: &[&'static str]| names.iter().map(|name| (*name, "varchar")).collect::<Vec<_>>();
        if seen.body.contains("information_schema.tables") {
            let tables = schemas.iter().map(|schema| json!([schema, "orders", "BASE TABLE"])).collect();
            return Reply::Page(answer(&text(&["table_schema", "table_name", "table_type"]), &tables));
        }
        let wanted = schemas.iter().filter(|schema| seen.body.contains(&format!("'{}'", schema.replace('\'', "''"))));
        let rows = wanted.map(|schema| json!([schema, "orders", format!("of {schema}"), "bigint"])).collect();
        Reply::Page(answer(&text(&["table_schema", "table_name", "column_name", "data_type"]), &rows))
    })
    .await;
    let lake = Lake::new().await;
    add(&lake, &server, "ada").await;
    assert_eq!(lake.queries.catalogs().databases("warehouse").await.expect("databases").len(), 300);
    for schema in ["it's 000", "it's 149", "it's 299"] {
        let table = lake.queries.catalogs().table("warehouse", schema, "orders").await.expect("the table");
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        assert_eq!(columns, [format!("of {schema}")]);
    }
    // One for the tables, six for the columns, and as many again of the listing in the background at most.
    assert!(server.count("POST") <= 14, "{}", server.count("POST"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_an_execute_are_sent_as_literals() {
    let server = Server::start(|seen, _, _| {
        listing(seen).unwrap_or_else(|| Reply::Page(answer(&[("said", "varchar")], &json!([[seen.body]]))))
    })
    .await;
    let lake = Lake::new().await;
    add(&lake, &server, "ada").await;
    let said = lake
        .lines(asked(
            "ana",
            "execute immediate 'select ?, ? from orders where who = ? order by ? limit ?'\n\
             using -1.50, timestamp '2024-05-06 10:11:12 UTC', 'x'' or 1 = 1 --', 1, 5",
        ))
        .await;
    let expected = "DECIMAL '-1.50' ,  TIMESTAMP '2024-05-06 10:11:12 UTC'  from";
    assert!(said[0].contains(expected), "{said:?}");
    let expected = "who =  'x'' or 1 = 1 --'  order by  INTEGER '1'  limit  5";
    assert!(said[0].contains(expected), "{said:?}");

    for (sql, word) in [
        ("explain (type validate) select who from orders", "trino"),
        ("show create table orders", "Trino"),
        ("explain analyze select who from orders", "trino"),
    ] {
        let error = match lake.queries.submit(asked("ana", sql)).await {
            Ok(execution) => execution.finished().await.err().expect("a refusal"),
            Err(error) => error,
        };
        assert_eq!(error.code, "NOT_SUPPORTED", "{sql}");
        assert!(error.message.contains(word), "{error:?}");
    }
}
