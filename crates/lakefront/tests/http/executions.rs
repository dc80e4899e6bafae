//! Running statements: states, errors, estimates, cancel, history.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, numbers};

const SQL: &str = "select state, count(*) n, sum(amount) total from sales where id >= {{from}} [[ and state in ({{state}}) ]] group by state order by state";

#[tokio::test]
async fn a_statement_runs_and_its_result_is_paged() {
    let server = Server::shared();
    let body = json!({"sql": SQL, "catalog": "local", "database": "demo", "parameters": {"from": 1}});
    let submitted = server.post("/api/v1/executions", body).token(&server.tokens.viewer).send().await;
    assert_eq!(submitted.status, 202, "{}", submitted.text());
    let id = submitted.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/executions/{id}");
    let mut status = submitted.json();
    while status["state"] == "QUEUED" || status["state"] == "RUNNING" {
        status = server.get(&format!("{path}?wait_s=20")).token(&server.tokens.viewer).send().await.json();
    }
    insta::assert_json_snapshot!("succeeded", status, {
        ".id" => "[id]", ".created_at" => "[time]", ".as_of" => "[time]", ".statistics.queued_ms" => "[ms]", ".statistics.planning_ms" => "[ms]",
        ".statistics.engine_ms" => "[ms]", ".statistics.total_ms" => "[ms]", ".statistics.reused" => "[bool]", ".statistics.saved_usd" => "[usd]", ".origin.token" => "[id]", ".route_reason" => "[text]",
    });
    let page = server.get(&format!("{path}/result?offset=1&limit=1")).token(&server.tokens.viewer).send().await.json();
    insta::assert_json_snapshot!("one_row", page);

    // The history has it, also under its id, when the server has forgotten the rest.
    let history =
        server.get("/api/v1/executions?mine=1&q=sum(amount)").token(&server.tokens.viewer).send().await.json();
    assert!(history["items"].as_array().unwrap().iter().any(|item| item["id"] == id.as_str()), "{history}");
}

#[tokio::test]
async fn one_round_trip_answers_the_rows() {
    let server = Server::shared();
    let answer = server.run("select id, note from notes order by id", "json").await;
    assert_eq!(answer.json()["rows"], json!([[1, "=1+1"], [2, "a \"quoted\", b"], [3, "plain"]]));
    assert_eq!(answer.json()["truncated"], false);
    let statistics: Value = serde_json::from_str(answer.header("lakefront-statistics")).unwrap();
    assert_eq!(statistics["rows"], 3);
    assert_eq!(answer.header("lakefront-execution-id").len(), 26);
}

#[tokio::test]
async fn a_wrong_statement_says_where_and_what() {
    let server = Server::shared();
    for (name, sql) in [
        ("syntax", "select id,\n  from where"),
        ("no_table", "select 1 from nothing_here"),
        ("no_column", "select ide from sales"),
        ("no_function", "select read_csv('/etc/passwd')"),
        ("no_statement", "drop table sales"),
        ("division", "select 1 / (id - 1) from sales"),
    ] {
        let answer = server.run(sql, "json").await;
        assert_eq!(answer.status, 400, "{sql}: {}", answer.text());
        insta::assert_json_snapshot!(name, answer.json(), {".request_id" => "[id]"});
    }
}

#[tokio::test]
async fn an_estimate_runs_nothing() {
    let server = Server::shared();
    let body =
        json!({"sql": "select sum(amount) from sales where state = 'CA'", "catalog": "local", "database": "demo"});
    let estimate = server.post("/api/v1/executions/estimate", body).token(&server.tokens.viewer).send().await;
    assert_eq!(estimate.status, 200, "{}", estimate.text());
    let estimate = estimate.json();
    assert_eq!(
        (&estimate["tables"][0]["partitions"], &estimate["tables"][0]["partitions_total"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(estimate["engine"], "embedded");
    let body =
        json!({"sql": "select sum(amount) from sales", "catalog": "local", "database": "demo", "max_scan_bytes": 1});
    let refused =
        server.post("/api/v1/executions?wait_s=20&result=json", body).token(&server.tokens.viewer).send().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "SCAN_LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn cancel_ends_a_run_and_tells_the_listeners() {
    let server = Server::shared();
    let token = &server.tokens.editor;
    let [a, b, c, d] = ["x", "y", "z", "w"].map(|name| numbers(400, &format!("t{name}"), name));
    let endless = format!("select count(*) from {a}, {b}, {c}, {d} where x * y % 7 = z - w");
    let submitted = server.post("/api/v1/executions", json!({"sql": endless})).token(token).send().await;
    assert_eq!(submitted.status, 202, "{}", submitted.text());
    let path = format!("/api/v1/executions/{}", submitted.json()["id"].as_str().unwrap());
    let early = server.get(&format!("{path}/result")).token(token).send().await;
    assert_eq!((early.status.as_u16(), early.code().as_str()), (409, "NOT_FINISHED"));
    let events = server.get(&format!("{path}/events")).token(token).open().await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let cancelled = server.call(Method::DELETE, &path).token(token).send().await;
    assert_eq!(cancelled.json()["state"], "CANCELLED", "{}", cancelled.text());
    let told = events.text().await.unwrap();
    assert!(told.contains("event: done") && told.contains("CANCELLED"), "{told}");
}

#[tokio::test]
async fn a_repeated_creation_happens_once() {
    let server = Server::shared();
    let submit = |sql: &str, key: &str| {
        let body = json!({"sql": sql, "reuse_max_age_s": 0});
        server.post("/api/v1/executions", body).token(&server.tokens.editor).header("idempotency-key", key).send()
    };
    let (one, two) = (submit("select 41 + 1", "k1").await, submit("select 41 + 1", "k1").await);
    assert_eq!(one.json()["id"], two.json()["id"]);
    assert_ne!(submit("select 41 + 1", "k2").await.json()["id"], one.json()["id"]);
    assert_eq!(submit("select 43", "k1").await.status, 400);
}

#[tokio::test]
async fn statements_for_everyday_use_go_the_same_road() {
    let server = Server::shared();
    let sql = "execute immediate 'select state, sum(amount) from sales where state = ? and id >= ? group by state' using 'CA', -1";
    let answer = server.run(sql, "json").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["rows"][0][0]), (200, &json!("CA")), "{}", answer.text());
    let body = json!({"sql": sql, "catalog": "local", "database": "demo"});
    let estimate = server.post("/api/v1/executions/estimate", body).token(&server.tokens.viewer).send().await.json();
    assert_eq!(estimate["tables"][0]["partitions"], 1, "{estimate}");
    let too_few = server.run("execute immediate 'select ?, ?' using 1", "json").await;
    assert_eq!((too_few.status.as_u16(), too_few.code().as_str()), (400, "INVALID_PARAMETER_USAGE"));

    let body = json!({"sql": "show create table sales", "catalog": "local", "database": "demo"});
    let shown = server.post("/api/v1/executions?wait_s=30&result=json", body).token(&server.tokens.viewer).send().await;
    let shown = shown.json();
    let lines: Vec<&str> = shown["rows"].as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(lines[0], "CREATE EXTERNAL TABLE `demo`.`sales`(");
    // A viewer is not told where the server's folder is.
    let location = lines.iter().position(|line| *line == "LOCATION").unwrap();
    assert_eq!(lines[location + 1], "  'demo/sales/'");

    let analyzed = server.run("explain analyze select count(*) from sales", "json").await;
    assert_eq!(analyzed.json()["columns"][0]["name"], "Query Plan", "{}", analyzed.text());
    assert!(analyzed.json()["rows"][0][0].as_str().unwrap().starts_with("1 row in "), "{}", analyzed.text());
}

#[tokio::test]
async fn a_prepared_statement_is_its_persons_own() {
    let server = Server::shared();
    let say = async |token: &str, sql: &str| {
        let body = json!({"sql": sql, "catalog": "local", "database": "demo"});
        let answer = server.post("/api/v1/executions?wait_s=30&result=json", body).token(token).send().await;
        match answer.status.as_u16() {
            200 => answer.json()["rows"].clone(),
            _ => json!(answer.code()),
        }
    };
    let (viewer, editor) = (server.tokens.viewer.as_str(), server.tokens.editor.as_str());
    assert_eq!(say(viewer, "prepare mine from select count(*) from sales where state = ?").await, json!([[true]]));
    let counted = say(viewer, "select count(*) from sales where state = 'CA'").await;
    assert_eq!(say(viewer, "execute mine using 'CA'").await, counted);
    assert_eq!(say(editor, "execute mine using 'CA'").await, "NOT_FOUND");
    // What an execute answers is never the answer of what the name stood for before.
    assert_eq!(say(editor, "prepare mine from select 1").await, json!([[true]]));
    assert_eq!(say(editor, "execute mine").await, json!([[1]]));
    assert_eq!(say(editor, "prepare mine from select 2").await, json!([[true]]));
    assert_eq!(say(editor, "execute mine").await, json!([[2]]));
    assert_eq!(say(viewer, "execute mine using 'CA'").await, counted);
    // An estimate keeps nothing.
    let body = json!({"sql": "prepare mine from select 3"});
    let estimate = server.post("/api/v1/executions/estimate", body).token(editor).send().await;
    assert_eq!(estimate.status, 200, "{}", estimate.text());
    assert_eq!(say(editor, "execute mine").await, json!([[2]]));

    let reader = server.tokens.reader.as_str();
    assert_eq!(say(reader, "prepare mine from select 1").await, "FORBIDDEN");
    assert_eq!(say(reader, "deallocate prepare mine").await, "FORBIDDEN");
    assert_eq!(say(viewer, "deallocate prepare mine").await, json!([[true]]));
    assert_eq!(say(viewer, "execute mine using 'CA'").await, "NOT_FOUND");
    assert_eq!(say(editor, "execute mine").await, json!([[2]]));
}
