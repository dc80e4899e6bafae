//! Saved queries, charts and dashboards.

use reqwest::Method;
use serde_json::json;

use crate::server::{Server, add_user, make_token};

#[tokio::test]
async fn a_query_is_saved_changed_and_deleted() {
    let server = Server::shared();
    let token = &server.tokens.editor;
    let new = json!({"title": "Sales by state", "definition": {"sql": "select state from sales", "catalog": "local", "database": "demo"}});
    let created = server.post("/api/v1/queries", new).token(token).send().await;
    assert_eq!(created.status, 201, "{}", created.text());
    insta::assert_json_snapshot!("created_query", created.json(), {
        ".id" => "[id]", ".owner.id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]",
    });
    let path = format!("/api/v1/queries/{}", created.json()["id"].as_str().unwrap());
    let patch = |tag: &str, body: serde_json::Value| {
        server.call(Method::PATCH, &path).token(token).header("if-match", tag).json(body).send()
    };

    let changed = patch("\"1\"", json!({"title": "Sales"})).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""), "{}", changed.text());
    let late = patch("\"1\"", json!({"title": "Mine"})).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (412, "VERSION_MISMATCH"));
    for forbidden in ["owner_id", "owner", "id", "version", "created_at", "is_admin"] {
        assert_eq!(patch("*", json!({forbidden: "x"})).await.status, 400, "{forbidden}");
    }
    let versions = server.get(&format!("{path}/versions")).token(token).send().await.json();
    assert_eq!(versions["items"][0]["title"], "Sales");
    assert_eq!(versions["items"][1]["title"], "Sales by state");

    assert_eq!(server.call(Method::PUT, &format!("{path}/star")).token(&server.tokens.viewer).send().await.status, 204);
    assert_eq!(server.get(&path).token(&server.tokens.viewer).send().await.json()["starred"], true);
    assert_eq!(server.get(&path).token(token).send().await.json()["starred"], false);

    assert_eq!(server.call(Method::DELETE, &path).token(&server.tokens.viewer).send().await.status, 403);
    assert_eq!(server.call(Method::DELETE, &path).token(token).send().await.status, 204);
    assert_eq!(server.get(&path).token(token).send().await.status, 404);
}

#[tokio::test]
async fn lists_come_in_parts() {
    let server = Server::shared();
    let token = &server.tokens.editor;
    for number in 0..5 {
        let new = json!({"title": format!("Paged {number}"), "definition": {"sql": "select 1"}});
        assert_eq!(server.post("/api/v1/charts", new).token(token).send().await.status, 201);
    }
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/charts?search=Paged&limit=2&cursor={cursor}");
        let page = server.get(&path).token(token).send().await.json();
        titles.extend(page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    titles.sort();
    assert_eq!(titles, ["Paged 0", "Paged 1", "Paged 2", "Paged 3", "Paged 4"]);
}

#[tokio::test]
async fn a_definition_that_makes_no_sense_is_refused() {
    let server = Server::shared();
    for (kind, definition) in [
        ("queries", json!({"text": "select 1"})),
        ("charts", json!([])),
        ("dashboards", json!({"queries": {}, "tabs": [{"id": "t", "tiles": [{"id": "x", "query": "missing"}]}]})),
        ("dashboards", json!({"queries": {"a": {"statement": "select 1"}}})),
    ] {
        let answer = server
            .post(&format!("/api/v1/{kind}"), json!({"title": "x", "definition": definition}))
            .token(&server.tokens.editor)
            .send()
            .await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "INVALID_DEFINITION"), "{definition}");
    }
}

#[tokio::test]
async fn preferences_are_ones_own() {
    let server = Server::shared();
    add_user(server.data.path(), "careful@example.com", "viewer");
    let token = make_token(server.data.path(), "careful@example.com", &[]);
    let put = server.call(Method::PUT, "/api/v1/me/preferences").token(&token).json(json!({"theme": "dark"}));
    assert_eq!(put.send().await.status, 200);
    let read = |token: &str| server.get("/api/v1/me/preferences").token(token).send();
    assert_eq!(read(&token).await.json(), json!({"theme": "dark"}));
    assert_ne!(read(&server.tokens.admin).await.json(), json!({"theme": "dark"}));
}
