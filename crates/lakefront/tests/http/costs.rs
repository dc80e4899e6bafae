//! Guards, budgets, approvals, and what things cost.

use serde_json::{Value, json};

use crate::server::{Answer, Server};

const TABLE: &str = "/api/v1/catalogs/local/databases/demo/tables/sales";

fn statement(sql: &str) -> Value {
    json!({"sql": sql, "catalog": "local", "database": "demo", "reuse_max_age_s": 0})
}

async fn run(server: &Server, token: &str, sql: &str) -> Answer {
    server.post("/api/v1/executions?wait_s=30", statement(sql)).token(token).send().await
}

async fn budget(server: &Server, body: Value) -> Value {
    let made = server.post("/api/v1/budgets", body).token(&server.tokens.admin).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

async fn me(server: &Server, token: &str) -> String {
    let me = server.get("/api/v1/auth/me").token(token).send().await.json();
    me["user"]["id"].as_str().unwrap().to_owned()
}

/// Waits until `pick` finds something in what the administrator gets from `path`.
async fn eventually<T>(server: &Server, path: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
    for _ in 0..100 {
        let answer = server.get(path).token(&server.tokens.admin).send().await.json();
        if let Some(found) = pick(&answer) {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nothing was found at {path}")
}

#[tokio::test]
async fn a_table_may_ask_for_a_partition_predicate() {
    let server = Server::start(&[]);
    let change = |keys: Value| server.call(reqwest::Method::PATCH, TABLE).json(json!({"require_partition": keys}));
    assert_eq!(change(json!(["state"])).token(&server.tokens.viewer).send().await.status, 403);
    let unknown = change(json!(["amount"])).token(&server.tokens.editor).send().await;
    assert_eq!(unknown.status, 400);
    let changed = change(json!(["STATE"])).token(&server.tokens.editor).send().await;
    assert_eq!((changed.status.as_u16(), &changed.json()["require_partition"]), (200, &json!(["state"])));
    let read = server.get(TABLE).token(&server.tokens.viewer).send().await.json();
    assert_eq!(read["require_partition"], json!(["state"]));

    let refused = run(&server, &server.tokens.viewer, "select count(*)\nfrom sales where amount > 1").await;
    let mut problem = refused.json();
    problem["request_id"] = json!("");
    insta::assert_json_snapshot!(problem, @r#"
    {
      "code": "PARTITION_PREDICATE_REQUIRED",
      "detail": "Table `sales` may be read only with a condition on `state`.",
      "hint": "Add the condition `state = 'TX'`, its newest partition, to the query that reads it.",
      "position": {
        "column": 6,
        "line": 2
      },
      "request_id": "",
      "status": 400,
      "title": "Partition predicate required",
      "type": "about:blank"
    }
    "#);
    let preview = server.get(&format!("{TABLE}/preview")).token(&server.tokens.viewer).send().await;
    assert_eq!(preview.json()["rows"].as_array().unwrap().len(), 1, "{}", preview.text());
    let estimate = server.post("/api/v1/executions/estimate", statement("select * from sales"));
    assert_eq!(estimate.token(&server.tokens.viewer).send().await.code(), "PARTITION_PREDICATE_REQUIRED");

    for (sql, code) in [
        ("select * from sales where state = 'TX'", ""),
        ("select * from sales s where 'CA' <= s.state", ""),
        ("select * from sales where lower(state) in ('tx', 'ca') and amount > 1", ""),
        ("select * from sales where (state between 'A' and 'D' or state = 'TX')", ""),
        ("with s as (select * from sales where state = 'TX') select * from s", ""),
        ("select n.note from notes n left join sales s on s.id = n.id and s.state = 'TX'", ""),
        ("select n.note from notes n join sales s on s.id = n.id where s.state = 'TX'", ""),
        ("explain select * from sales", "PARTITION_PREDICATE_REQUIRED"),
        ("select * from sales where state = 'TX' or amount > 1", "PARTITION_PREDICATE_REQUIRED"),
        ("select * from sales where not state = 'TX'", "PARTITION_PREDICATE_REQUIRED"),
        ("select * from sales where state <> 'TX'", "PARTITION_PREDICATE_REQUIRED"),
        ("select * from sales where state = cast(id as varchar)", "PARTITION_PREDICATE_REQUIRED"),
        (
            "select * from sales where state = (select max(state) from sales where state > 'A')",
            "PARTITION_PREDICATE_REQUIRED",
        ),
        ("select * from sales s left join notes n on s.state = 'TX' and n.id = s.id", "PARTITION_PREDICATE_REQUIRED"),
        ("with s as (select * from sales) select * from s where state = 'TX'", "PARTITION_PREDICATE_REQUIRED"),
        ("select * from sales where state = 'TX' union all select * from sales", "PARTITION_PREDICATE_REQUIRED"),
        ("select * from sales a join sales b on a.id = b.id where a.state = 'TX'", "PARTITION_PREDICATE_REQUIRED"),
        ("select a.id from sales as a(state, id, day, amount) where state = 1", "PARTITION_PREDICATE_REQUIRED"),
    ] {
        let answer = run(&server, &server.tokens.viewer, sql).await;
        let body = answer.json();
        let told = body["code"].as_str().or_else(|| body["error"]["code"].as_str()).unwrap_or_default();
        assert_eq!(told, code, "{sql}: {body}");
    }
    assert_eq!(change(json!([])).token(&server.tokens.editor).send().await.status, 200);
    assert_eq!(run(&server, &server.tokens.viewer, "select * from sales").await.json()["state"], "SUCCEEDED");
}

#[tokio::test]
async fn a_run_above_a_limit_is_refused() {
    let server = Server::start(&[]);
    let made = budget(
        &server,
        json!({"subject": {"kind": "role", "role": "viewer"}, "period": "run", "limit_bytes": 20, "action": "block"}),
    )
    .await;
    let refused = run(&server, &server.tokens.viewer, "select * from sales").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "SCAN_LIMIT_EXCEEDED"));
    assert_eq!(
        refused.json()["detail"],
        "This run would read 109 B (under $0.00001). One run for each viewer may read 20 B."
    );
    assert_eq!(run(&server, &server.tokens.editor, "select * from sales").await.json()["state"], "SUCCEEDED");
    let audit = server.get("/api/v1/audit?action=query.refused").token(&server.tokens.admin).send().await.json();
    assert_eq!(audit["items"][0]["detail"]["budget"], made["id"]);

    // A month's budget, used up by what was read before it was made.
    let editor = me(&server, &server.tokens.editor).await;
    let month =
        json!({"subject": {"kind": "user", "id": editor}, "period": "month", "limit_bytes": 150, "action": "block"});
    let path = format!("/api/v1/budgets/{}", budget(&server, month).await["id"].as_str().unwrap());
    eventually(&server, &path, |budget| (budget["spent_bytes"] == 109).then_some(())).await;
    let refused = run(&server, &server.tokens.editor, "select * from sales").await;
    assert_eq!(refused.code(), "BUDGET_EXCEEDED");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("is 150 B a month, 109 B of it used. It renews at "), "{detail}");
    let change = server.call(reqwest::Method::PATCH, &path).json(json!({"limit_bytes": 1000}));
    assert_eq!(change.token(&server.tokens.admin).send().await.json()["limit_bytes"], 1000);
    assert_eq!(run(&server, &server.tokens.editor, "select * from sales").await.json()["state"], "SUCCEEDED");
    let gone = server.call(reqwest::Method::DELETE, &path).token(&server.tokens.admin).send().await;
    assert_eq!(
        (gone.status.as_u16(), server.get(&path).token(&server.tokens.admin).send().await.status.as_u16()),
        (204, 404)
    );
    for wrong in [
        json!({"subject": {"kind": "everyone"}, "period": "week", "limit_bytes": 1, "action": "block"}),
        json!({"subject": {"kind": "everyone"}, "period": "day", "action": "block"}),
        json!({"subject": {"kind": "everyone"}, "period": "day", "limit_usd": "-1", "action": "block"}),
    ] {
        let refused = server.post("/api/v1/budgets", wrong).token(&server.tokens.admin).send().await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
}

#[tokio::test]
async fn a_run_waits_until_an_administrator_agrees() {
    // Waiting has a time limit of its own.
    let server = Server::start(&[("LAKEFRONT_QUERY_DEADLINE_S", "2")]);
    let ask = json!({"subject": {"kind": "everyone"}, "period": "day", "limit_bytes": 20, "action": "ask"});
    budget(&server, ask).await;
    let submit = async |sql: &str| {
        let answer = server.post("/api/v1/executions", statement(sql)).token(&server.tokens.viewer).send().await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()
    };
    let see = async |id: &str, wait: u32| {
        let path = format!("/api/v1/executions/{id}?wait_s={wait}");
        server.get(&path).token(&server.tokens.viewer).send().await.json()
    };
    let decide = async |token: &str, id: &str, what: &str| {
        server.post(&format!("/api/v1/executions/{id}/{what}"), json!({"note": "as agreed"})).token(token).send().await
    };

    let waiting = submit("select * from sales").await;
    let id = waiting["id"].as_str().unwrap();
    assert_eq!((&waiting["state"], &waiting["approval"]["state"]), (&json!("QUEUED"), &json!("waiting")));
    assert_eq!((&waiting["approval"]["estimate"]["bytes"], &waiting["estimate"]["bytes"]), (&json!(109), &json!(109)));
    let listed = eventually(&server, "/api/v1/approvals", |list| list["items"].get(0).cloned()).await;
    assert_eq!((&listed["execution_id"], &listed["principal"]["name"]), (&json!(id), &json!("viewer")));
    assert_eq!((&listed["estimate"]["bytes"], &listed["sql"]), (&json!(109), &json!("select * from sales")));
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(see(id, 0).await["state"], "QUEUED");
    assert_eq!(decide(&server.tokens.viewer, id, "approve").await.status, 403);
    // Nobody else's run waits with it.
    assert_eq!(decide(&server.tokens.admin, id, "approve").await.status, 204);
    let ended = see(id, 20).await;
    let ended = if ended["state"] == "RUNNING" { see(id, 20).await } else { ended };
    assert_eq!((&ended["state"], &ended["approval"]["state"]), (&json!("SUCCEEDED"), &json!("approved")), "{ended}");
    assert_eq!((&ended["approval"]["by"], &ended["approval"]["note"]), (&json!("admin"), &json!("as agreed")));
    assert_eq!(decide(&server.tokens.admin, id, "approve").await.status, 409);

    let rejected = submit("select id from sales").await;
    let id = rejected["id"].as_str().unwrap();
    eventually(&server, "/api/v1/approvals", |list| list["items"].get(0).map(drop)).await;
    assert_eq!(decide(&server.tokens.admin, id, "reject").await.status, 204);
    let ended = see(id, 20).await;
    assert_eq!((&ended["state"], &ended["error"]["code"]), (&json!("FAILED"), &json!("APPROVAL_REJECTED")));
    assert_eq!(ended["error"]["detail"], "admin did not agree to this run. They wrote: as agreed");

    let cancelled = submit("select day from sales").await;
    let path = format!("/api/v1/executions/{}", cancelled["id"].as_str().unwrap());
    eventually(&server, "/api/v1/approvals", |list| list["items"].get(0).map(drop)).await;
    let cancelled = server.call(reqwest::Method::DELETE, &path).token(&server.tokens.viewer).send().await.json();
    assert_eq!(cancelled["state"], "CANCELLED");
    eventually(&server, "/api/v1/approvals", |list| list["items"].as_array().unwrap().is_empty().then_some(())).await;

    let actions: Vec<String> = {
        let audit = server.get("/api/v1/audit?action=approval.").token(&server.tokens.admin).send().await.json();
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(actions, ["approval.ask", "approval.reject", "approval.ask", "approval.approve", "approval.ask"]);
    let history = eventually(&server, "/api/v1/executions?state=FAILED", |list| list["items"].get(0).cloned()).await;
    assert_eq!(history["approval"]["state"], "rejected");

    // A page does not wait; its reader is told.
    let dashboard = crate::dashboards::create(&server, "Over the budget").await;
    let data = server.post(&format!("/api/v1/dashboards/{}/data", dashboard["id"].as_str().unwrap()), json!({}));
    let data = data.token(&server.tokens.viewer).send().await.json();
    let queries = data["queries"].as_object().unwrap_or_else(|| panic!("{data}"));
    let codes: Vec<&Value> = queries.values().map(|query| &query["error"]["code"]).collect();
    assert!(codes.contains(&&json!("APPROVAL_REQUIRED")), "{data}");
}

#[tokio::test]
async fn nobody_waits_for_ever_or_for_others() {
    let server = Server::start(&[("LAKEFRONT_QUERY_APPROVAL_WAIT_S", "1")]);
    let viewer = me(&server, &server.tokens.viewer).await;
    let ask = json!({"subject": {"kind": "user", "id": viewer}, "period": "run", "limit_bytes": 20, "action": "ask"});
    budget(&server, ask).await;
    // The same statement side by side: one of them may run.
    let sql = "select sum(amount), count(*) from sales";
    let body = json!({"sql": sql, "catalog": "local", "database": "demo"});
    let path = "/api/v1/executions?wait_s=30";
    let (waits, runs) = tokio::join!(
        server.post(path, body.clone()).token(&server.tokens.viewer).send(),
        server.post(path, body).token(&server.tokens.editor).send()
    );
    assert_eq!(runs.json()["state"], "SUCCEEDED", "{}", runs.text());
    // Either nobody answered in time, or the other's result was there first.
    let waits = waits.json();
    let expired = waits["error"]["code"] == "APPROVAL_EXPIRED";
    assert!(expired || waits["statistics"]["reused"] == true, "{waits}");
    let late = run(&server, &server.tokens.viewer, "select id from sales").await.json();
    assert_eq!((&late["state"], &late["error"]["code"]), (&json!("FAILED"), &json!("APPROVAL_EXPIRED")));
}

#[tokio::test]
async fn costs_are_told_by_whatever_made_them() {
    let server = Server::start(&[]);
    let dashboard = crate::dashboards::create(&server, "Expensive").await;
    let id = dashboard["id"].as_str().unwrap();
    for _ in 0..2 {
        let data = server.post(&format!("/api/v1/dashboards/{id}/data"), json!({})).token(&server.tokens.editor);
        assert_eq!(data.send().await.status, 200);
    }
    let saved = json!({"sql": "select id from sales", "catalog": "local", "database": "demo", "query_id": id});
    let answer = server.post("/api/v1/executions?wait_s=30", saved).token(&server.tokens.viewer).send().await.json();
    assert_eq!(answer["tables"], json!(["local.demo.sales"]));
    assert_eq!(answer["origin"]["query"], id);
    assert!(answer["origin"]["token"].is_string());
    assert_eq!(answer["estimate"]["bytes"], answer["statistics"]["scanned_bytes"]);

    let runs = |report: &Value| report["total"]["runs"].as_u64();
    let all =
        eventually(&server, "/api/v1/costs?by=user", |report| (runs(report) >= Some(2)).then(|| report.clone())).await;
    let names: Vec<&str> = all["items"].as_array().unwrap().iter().filter_map(|row| row["name"].as_str()).collect();
    assert!(names.contains(&"viewer") && names.contains(&"editor"), "{all}");
    assert!(all["total"]["reused"].as_u64() >= Some(1), "{all}");
    assert_eq!(all["accuracy"]["exact_runs"], all["accuracy"]["within_1_percent"]);
    let get = async |path: &str, token: &str| server.get(path).token(token).send().await;
    let boards = get("/api/v1/costs?by=dashboard", &server.tokens.admin).await.json();
    let board = boards["items"].as_array().unwrap().iter().find(|row| row["name"] == "Expensive").unwrap();
    assert_eq!(board["key"], id);
    let tables = get("/api/v1/costs?by=table", &server.tokens.admin).await.json();
    assert!(tables["items"].as_array().unwrap().iter().any(|row| row["key"] == "local.demo.sales"), "{tables}");
    let own = get("/api/v1/costs?by=user", &server.tokens.viewer).await.json();
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["name"]), (1, &json!("viewer")));
    let csv = get("/api/v1/costs?by=engine&format=csv", &server.tokens.viewer).await;
    assert!(csv.header("content-disposition").starts_with("attachment; filename=\"costs-"));
    let lines: Vec<String> = csv.text().lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "key,name,runs,bytes,usd,saved_by_routing_usd,reused,saved_by_reuse_usd");
    assert!(lines[1].starts_with("embedded,,1,109,0.00,0.00005,0,"), "{lines:?}");
    for wrong in ["?from=2026-02-01&to=2026-01-01", "?from=yesterday", "?by=weather", "?from=2020-01-01"] {
        let refused = get(&format!("/api/v1/costs{wrong}"), &server.tokens.viewer).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
}
