//! A dashboard's data in one request.

use futures::StreamExt;
use serde_json::{Value, json};

use crate::server::{Server, run};

fn definition() -> Value {
    let by_state = "select state, count(*) n from sales where 1 = 1 [[ and state in ({{state}}) ]] [[ and day >= cast({{from}} as date) ]] group by state order by state";
    json!({
        "catalog": "local", "database": "demo",
        "queries": {
            "by_state": {"sql": by_state},
            "same": {"sql": by_state},
            "broken": {"sql": "select nothing_here from sales"},
            "options": {"sql": "select distinct state as value from sales order by 1"},
        },
        "filters": [
            {"id": "state", "label": "State", "type": "list", "options_query": "options"},
            {"id": "dates", "label": "Dates", "type": "date_range", "from": "from", "to": "to"},
        ],
        "tabs": [
            {"id": "one", "title": "One", "tiles": [
                {"id": "a", "title": "A", "x": 0, "y": 0, "w": 6, "h": 4, "query": "by_state", "chart": {"type": "bar", "x": "state", "y": ["n"]}},
                {"id": "b", "title": "B", "x": 6, "y": 0, "w": 6, "h": 4, "sql": "select max(id) m from sales", "chart": {"type": "number", "value": "m"}},
            ]},
            {"id": "two", "title": "Two", "tiles": [
                {"id": "c", "title": "C", "x": 0, "y": 0, "w": 6, "h": 4, "query": "broken", "chart": {"type": "table"}},
            ]},
        ],
    })
}

pub async fn create(server: &Server, title: &str) -> Value {
    let created = server
        .post("/api/v1/dashboards", json!({"title": title, "definition": definition()}))
        .token(&server.tokens.editor)
        .send()
        .await;
    assert_eq!(created.status, 201, "{}", created.text());
    created.json()
}

#[tokio::test]
async fn every_query_answers_for_itself() {
    let server = Server::shared();
    let dashboard = create(&server, "Data of a dashboard").await;
    let path = format!("/api/v1/dashboards/{}/data", dashboard["id"].as_str().unwrap());
    let data = async |body: Value| {
        let answer = server.post(&path, body).token(&server.tokens.viewer).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let all = data(json!({})).await;
    let queries = &all["queries"];
    assert_eq!(queries["by_state"]["rows"], json!([["CA", 2], ["NY", 1], ["TX", 1]]));
    assert_eq!(queries["by_state"]["execution_id"], queries["same"]["execution_id"], "the same statement runs once");
    assert_eq!(queries["tile:b"]["rows"], json!([[4]]));
    assert_eq!(queries["broken"]["error"]["code"], "COLUMN_NOT_FOUND");
    assert_eq!(queries["broken"]["rows"], json!([]));
    assert_eq!(all["data_version"].as_str().unwrap().len(), 16);
    assert!(all["as_of"].is_string());

    let chosen = data(json!({"filters": {"state": ["TX", "NY"], "from": "2025-01-02"}})).await;
    assert_eq!(chosen["queries"]["by_state"]["rows"], json!([["NY", 1]]));
    // A value is a value, whatever it says.
    let odd = data(json!({"filters": {"state": ["x') or ('1' = '1"]}})).await;
    assert_eq!(odd["queries"]["by_state"]["rows"], json!([]));

    let tab = data(json!({"tab": "one"})).await;
    assert_eq!(tab["queries"].as_object().unwrap().keys().collect::<Vec<_>>(), ["by_state", "options", "tile:b"]);
    let again = data(json!({"tab": "one"})).await;
    assert_eq!((&again["totals"]["cached"], &again["totals"]["scans"]), (&json!(true), &json!(0)));
}

#[tokio::test]
async fn a_range_with_one_end_reaches_to_the_last_day_there_is() {
    let server = Server::shared();
    let definition = json!({
        "catalog": "local", "database": "demo",
        "queries": {
            "n": {"sql": "select count(*) n from sales where 1 = 1 [[ and day between cast({{from}} as date) and cast({{to}} as date) ]]"},
            "days": {"sql": "select min(day) a, max(day) b from sales where day < date '2025-01-03'"},
            "since": {"sql": "select count(*) n from sales where 1 = 1 [[ and day >= cast({{from}} as date) ]] [[ and day <= cast({{to}} as date) ]]"},
        },
        "filters": [
            {"id": "dates", "label": "Dates", "type": "date_range", "from": "from", "to": "to", "bounds_query": "days"},
        ],
        "tabs": [{"id": "one", "title": "One", "tiles": [
            {"id": "n", "title": "N", "x": 0, "y": 0, "w": 6, "h": 4, "query": "n", "chart": {"type": "number", "value": "n"}},
        ]}],
    });
    let body = json!({"title": "Half open", "definition": definition});
    let created = server.post("/api/v1/dashboards", body).token(&server.tokens.editor).send().await;
    let path = format!("/api/v1/dashboards/{}/data", created.json()["id"].as_str().unwrap());
    let count = async |filters: Value| {
        let answer = server.post(&path, json!({"filters": filters})).token(&server.tokens.viewer).send().await;
        let queries = &answer.json()["queries"];
        ["n", "since"].map(|name| queries[name]["rows"][0][0].as_u64().unwrap())
    };
    let [all, _] = count(json!({})).await;
    let [first, _] = count(json!({"from": "2025-01-01", "to": "2025-01-01"})).await;
    let [second, _] = count(json!({"from": "2025-01-02", "to": "2025-01-02"})).await;
    assert!(0 < first && 0 < second && first + second <= all);
    assert_eq!(count(json!({"to": "2025-01-01"})).await, [first, first]);
    // Clauses of one end each keep what lies beyond the bounds.
    assert_eq!(count(json!({"from": "2025-01-02"})).await, [second, all - first]);
}

/// Left alone, a misspelt filter would show everybody's rows.
#[tokio::test]
async fn what_is_asked_for_has_to_be_there() {
    let server = Server::shared();
    let dashboard = create(&server, "Asked for").await;
    let path = format!("/api/v1/dashboards/{}/data", dashboard["id"].as_str().unwrap());
    for (body, code, hint) in [
        (json!({"filters": {"sate": ["TX"]}}), "UNKNOWN_FILTER", "Its filters' parameters: `from`, `state`, `to`."),
        (json!({"tab": "three"}), "UNKNOWN_TAB", "Tabs of this dashboard: `one`, `two`."),
    ] {
        let answer = server.post(&path, body).token(&server.tokens.viewer).send().await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!((&answer.json()["code"], &answer.json()["hint"]), (&json!(code), &json!(hint)));
    }
}

#[tokio::test]
async fn new_files_make_a_dashboard_stale() {
    let server = Server::start(&[]);
    let dashboard = create(&server, "Watched").await;
    let id = dashboard["id"].as_str().unwrap();
    let before = server
        .post(&format!("/api/v1/dashboards/{id}/data"), json!({"tab": "one"}))
        .token(&server.tokens.viewer)
        .send()
        .await
        .json();
    let mut events =
        server.get(&format!("/api/v1/dashboards/{id}/events")).token(&server.tokens.viewer).open().await.bytes_stream();

    std::fs::write(server.data.path().join("lake/demo/sales/state=CA/more.csv"), "id,day,amount\n9,2025-02-01,1\n")
        .unwrap();
    let refreshed = server.post("/api/v1/catalogs/local/refresh", json!({})).token(&server.tokens.admin).send().await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        let mut text = String::new();
        while !text.contains("data_version") {
            text.push_str(&String::from_utf8_lossy(&events.next().await.unwrap().unwrap()));
        }
        text
    });
    assert!(told.await.unwrap().contains("event: stale"));
    let after = server
        .post(&format!("/api/v1/dashboards/{id}/data"), json!({"tab": "one"}))
        .token(&server.tokens.viewer)
        .send()
        .await
        .json();
    assert_ne!(before["data_version"], after["data_version"]);
    assert_eq!(after["queries"]["by_state"]["rows"][0], json!(["CA", 3]));
}

/// The manual's examples are what somebody pastes first.
#[tokio::test]
async fn the_examples_of_the_manual_work_as_pasted() {
    let manual = include_str!("../../../../docs/dashboards.md");
    let server = Server::start(&[]);
    let lake = server.data.path().join("lake/demo/forecast");
    let small = ["sample", "forecast", "--restaurants", "60", "--days", "14", "--format", "parquet", "--out"];
    let arguments: Vec<&str> = small.into_iter().chain([lake.to_str().unwrap()]).collect();
    assert!(run(server.data.path(), &arguments, "").status.success());
    let refreshed = server.post("/api/v1/catalogs/local/refresh", json!({})).token(&server.tokens.admin).send().await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());

    let mut kinds = Vec::new();
    for block in manual.split("```json\n").skip(1) {
        let before = &manual[..manual.find(block).unwrap()];
        let (_, after) = before.rsplit_once("`POST /api/v1/").unwrap();
        let kind = after.split_once('`').unwrap().0;
        let example: Value = serde_json::from_str(block.split_once("```").unwrap().0).unwrap();
        let made = server.post(&format!("/api/v1/{kind}"), example.clone()).token(&server.tokens.editor).send().await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(made.json()["definition"], example["definition"]);
        kinds.push((kind, made.json()));
    }
    assert_eq!(kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["dashboards", "queries", "charts"]);

    let dashboard = &kinds[0].1;
    assert_eq!(dashboard["slug"], "demand-by-state");
    let path = format!("/api/v1/dashboards/{}/data", dashboard["id"].as_str().unwrap());
    let body = json!({"filters": {"state": ["CA"], "from": "2025-01-02", "to": "2025-01-05"}});
    let answer = server.post(&path, body).token(&server.tokens.viewer).send().await.json();
    let queries = answer["queries"].as_object().unwrap();
    assert_eq!(queries.keys().collect::<Vec<_>>(), ["daily", "days", "states", "tile:by-state"]);
    assert!(queries.values().all(|query| query["state"] == "SUCCEEDED"), "{answer}");
    assert_eq!(queries["daily"]["rows"].as_array().unwrap().len(), 4);
    assert_eq!(queries["days"]["rows"], json!([["2025-01-01", "2025-01-14"]]));
    assert_eq!(queries["tile:by-state"]["rows"].as_array().unwrap().len(), 1);
    assert!(queries["states"]["rows"].as_array().unwrap().len() > 1, "a choice stays one when another is chosen");
    let page = server.get("/d/demand-by-state").token(&server.tokens.viewer).send().await.text();
    for title in ["Median demand", "Demand by day", "Demand by state"] {
        assert!(page.contains(title), "{title}");
    }
}

#[tokio::test]
async fn a_wrong_definition_is_told_by_its_place() {
    let server = Server::shared();
    let dashboard = create(&server, "Kept right").await;
    let mut wrong = dashboard["definition"].clone();
    wrong["tabs"][0]["tiles"][1]["chart"] = json!({"type": "number", "value": 3, "spak": "line"});
    let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
    let change = server.call(reqwest::Method::PATCH, &path).json(json!({"definition": wrong}));
    let answer = change.token(&server.tokens.editor).send().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "INVALID_DEFINITION"));
    assert_eq!(
        answer.json()["detail"],
        "`tabs[0].tiles[1].chart.spak` is not known. Did you mean `spark`? `tabs[0].tiles[1].chart.value` is 3; it has to be the name of a column."
    );
    let kept = server.get(&path).token(&server.tokens.viewer).send().await.json();
    assert_eq!((&kept["version"], &kept["definition"]), (&dashboard["version"], &dashboard["definition"]));
}
