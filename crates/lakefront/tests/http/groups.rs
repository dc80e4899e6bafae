//! Groups of people: made by administrators, told to their members, and what counts for them together.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;

async fn me(server: &Server, token: &str) -> Value {
    server.get("/api/v1/auth/me").token(token).send().await.json()
}

#[tokio::test]
async fn a_group_shares_a_budget() {
    let server = Server::start(&[]);
    let (admin, viewer, editor) = (&server.tokens.admin, &server.tokens.viewer, &server.tokens.editor);
    let (viewers_id, editors_id) =
        (me(&server, viewer).await["user"]["id"].clone(), me(&server, editor).await["user"]["id"].clone());
    assert_eq!(me(&server, viewer).await["groups"], json!([]));

    let new = json!({"name": "Analysts", "members": [viewers_id]});
    let made = server.post("/api/v1/groups", new.clone()).token(admin).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let group = made.json();
    assert_eq!(group["members"], json!([{"id": viewers_id, "name": "viewer"}]));
    let path = format!("/api/v1/groups/{}", group["id"].as_str().unwrap());
    assert_eq!(server.get(&path).token(admin).send().await.json(), group);
    assert_eq!(server.get("/api/v1/groups").token(admin).send().await.json()["items"], json!([group]));
    let taken = server.post("/api/v1/groups", json!({"name": "analysts"})).token(admin).send().await;
    assert_eq!((taken.status.as_u16(), &taken.json()["code"]), (409, &json!("CONFLICT")));
    let odd = server.post("/api/v1/groups", json!({"name": "x", "people": []})).token(admin).send().await;
    assert_eq!(odd.status, 400);

    // From the next request on.
    assert_eq!(me(&server, viewer).await["groups"], json!(["Analysts"]));
    let change = json!({"members": [viewers_id, editors_id]});
    let changed = server.call(Method::PATCH, &path).json(change).token(admin).send().await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(me(&server, editor).await["groups"], json!(["Analysts"]));
    let people = server.get("/api/v1/users?search=editor").token(admin).send().await.json();
    assert_eq!(people["items"][0]["groups"], json!(["Analysts"]), "{people}");

    let budget =
        json!({"subject": {"kind": "group", "id": group["id"]}, "period": "day", "limit_bytes": 1, "action": "block"});
    let budget = server.post("/api/v1/budgets", budget).token(admin).send().await;
    assert_eq!((budget.status.as_u16(), &budget.json()["subject_name"]), (201, &json!("Analysts")));
    let run = async |token: &str| {
        let body = json!({"sql": "select sum(amount) from local.demo.sales", "reuse_max_age_s": 0});
        server.post("/api/v1/executions?wait_s=30", body).token(token).send().await.json()
    };
    for token in [viewer, editor] {
        let refused = run(token).await;
        let error = if refused["error"].is_null() { &refused } else { &refused["error"] };
        assert_eq!(error["code"], "BUDGET_EXCEEDED", "{refused}");
        let told = error["detail"].as_str().or(error["message"].as_str()).unwrap();
        assert!(told.contains("The budget of the group Analysts is 1 B a day"), "{told}");
    }
    assert_eq!(run(admin).await["state"], "SUCCEEDED");

    let kept = server.call(Method::DELETE, &path).token(admin).send().await;
    assert_eq!(kept.status, 409, "it has a budget");
    let budget = format!("/api/v1/budgets/{}", budget.json()["id"].as_str().unwrap());
    assert_eq!(server.call(Method::DELETE, &budget).token(admin).send().await.status, 204);
    assert_eq!(server.call(Method::DELETE, &path).token(admin).send().await.status, 204);
    assert_eq!(server.get(&path).token(admin).send().await.status, 404);
    assert_eq!(me(&server, viewer).await["groups"], json!([]));
    assert_eq!(run(viewer).await["state"], "SUCCEEDED");
}

#[tokio::test]
async fn groups_are_for_administrators() {
    let server = Server::shared();
    for token in [&server.tokens.reader, &server.tokens.viewer, &server.tokens.editor] {
        assert_eq!(server.get("/api/v1/groups").token(token).send().await.status, 403);
        let made = server.post("/api/v1/groups", json!({"name": "mine"})).token(token).send().await;
        assert_eq!(made.status, 403);
    }
}
