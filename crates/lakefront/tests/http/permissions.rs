//! Every operation of the OpenAPI document, called by everyone: who may not is told so, whatever the operation does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::server::{Server, output};

const ID: &str = "01JD0000000000000000000000";

/// Who may, by the permission an operation declares: anonymous, read-only token, viewer, editor, administrator.
const MATRIX: [(&str, [bool; 5]); 9] = [
    ("public", [true, true, true, true, true]),
    ("read", [false, true, true, true, true]),
    ("run_sql", [false, true, true, true, true]),
    ("personalise", [false, false, true, true, true]),
    ("edit_saved", [false, false, false, true, true]),
    ("administer", [false, false, false, false, true]),
    // With the events' own secret only.
    ("announce_files", [false, false, false, false, false]),
    // Sessions only; these callers hold tokens.
    ("manage_access", [false, false, false, false, false]),
    ("invite", [false, false, false, false, false]),
];

#[tokio::test]
async fn the_declared_permission_is_the_one_that_counts() {
    let server = Server::shared();
    let document: Value = serde_json::from_str(&output(server.data.path(), &["openapi"], "")).unwrap();
    assert_eq!(document["openapi"].as_str().unwrap().split('.').take(2).collect::<Vec<_>>(), ["3", "1"]);
    let matrix = BTreeMap::from(MATRIX);
    let callers = [
        None,
        Some(&server.tokens.reader),
        Some(&server.tokens.viewer),
        Some(&server.tokens.editor),
        Some(&server.tokens.admin),
    ];
    let mut ids = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let permission =
                operation["x-permission"].as_str().unwrap_or_else(|| panic!("{method} {path} declares no permission"));
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{method} {path} has another's id"
            );
            let concrete = path.replace("{id}", ID).replace("{version}", "1").replace(['{', '}'], "");
            for (caller, allowed) in callers.iter().zip(matrix[permission]) {
                let mut call = server.call(method.to_uppercase().parse().unwrap(), &concrete);
                if method != "get" && method != "delete" {
                    call = call.json(json!({}));
                }
                if let Some(token) = caller {
                    call = call.token(token);
                }
                let status = call.open().await.status().as_u16();
                // The events' own secret is no token of anybody: there all of these are unknown.
                let is_known = caller.is_some() && permission != "announce_files";
                let refused = status == if is_known { 403 } else { 401 };
                // Public operations judge what is sent: no token, no session.
                let judged = permission == "public" && matches!(status, 200 | 400 | 401);
                assert_eq!(!refused || judged, allowed, "{method} {concrete} ({permission}) answered {status}");
                assert!(status < 500, "{method} {concrete} answered {status}");
            }
        }
    }
    assert!(ids.len() > 50);
}

#[tokio::test]
async fn refusals_are_audited() {
    let server = Server::shared();
    assert_eq!(server.get("/api/v1/users").token(&server.tokens.viewer).send().await.status, 403);
    let audit =
        server.get("/api/v1/audit?action=administer.refused&limit=200").token(&server.tokens.admin).send().await.json();
    let entry = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["target"] == "/api/v1/users")
        .expect("an entry")
        .clone();
    assert_eq!((&entry["outcome"], &entry["actor"]["name"]), (&json!("refused"), &json!("viewer")));
}

#[tokio::test]
async fn what_is_another_persons_is_as_good_as_absent() {
    let server = Server::shared();
    let execution = server.run("select count(*) from sales", "json").await;
    let id = execution.header("lakefront-execution-id");
    let random = server.get(&format!("/api/v1/executions/{ID}")).token(&server.tokens.viewer).send().await;
    for path in [
        format!("/api/v1/executions/{id}"),
        format!("/api/v1/executions/{id}/result"),
        format!("/api/v1/executions/{id}/events"),
    ] {
        let answer = server.get(&path).token(&server.tokens.viewer).send().await;
        let (mut one, mut other) = (answer.json(), random.json());
        assert_eq!(answer.status, 404, "{path}");
        one["request_id"].take();
        other["request_id"].take();
        assert_eq!(one, other);
    }
    let history = server.get("/api/v1/executions").token(&server.tokens.viewer).send().await.text();
    assert!(!history.contains(id));
}

#[tokio::test]
async fn ids_that_cannot_be_are_not_found() {
    let server = Server::shared();
    for id in [":id", "{id}", "null", "undefined", "0", "-1", "%00", "..%2f..", "%2e%2e", "%ff"] {
        let answer = server.get(&format!("/api/v1/executions/{id}")).token(&server.tokens.admin).send().await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{id}: {}", answer.status);
    }
}
