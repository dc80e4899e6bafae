//! A PostgreSQL as a catalog: added by command, with its password sealed, and asked over HTTP. `LAKEFRONT_TEST_POSTGRES`
//! and `LAKEFRONT_TEST_POSTGRES_CA` name one (`deploy/test/postgres.sh`); without them nothing is tested here.

use std::process::Command;

use serde_json::json;

use crate::server::{Server, add_user, command, make_token, output, run, write_lake};

const SECRET: &str = "hunter2 & co";

fn psql(address: &str, sql: &str) {
    let done = Command::new("psql").args([address, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn a_postgres_is_added_with_its_password_sealed_and_answers_over_http() {
    let names = ["LAKEFRONT_TEST_POSTGRES", "LAKEFRONT_TEST_POSTGRES_CA"];
    let [Ok(address), Ok(authority)] = names.map(std::env::var) else { return };
    let name = format!("http_{}", std::process::id());
    psql(&address, &format!("CREATE DATABASE {name}"));
    let there = format!("{}/{name}", address.rsplit_once('/').unwrap().0);
    psql(
        &there,
        &format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{SECRET}' IN ROLE scram;
             CREATE TABLE visit (id int, at timestamptz, paid numeric(8,2));
             INSERT INTO visit VALUES (1, '2024-05-06 07:08:09+00', 12.50), (2, NULL, NULL);
             GRANT SELECT ON visit TO {name}"
        ),
    );
    let theirs = there.replace("//lakefront@", &format!("//{name}@"));

    let data = tempfile::tempdir().unwrap();
    write_lake(&data.path().join("lake/demo"));
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    let add = |name: &str, address: &str, password: &str| {
        let mut add = command(data.path());
        add.args(["catalog", "add", name, "--postgres", address, "--ca", &authority]);
        add.env("POSTGRES_PASSWORD", password).output().unwrap()
    };
    let wrong = add("shop", &theirs, "wrong");
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && told.contains("refuses the user or the password"), "{told}");
    let added = add("shop", &theirs, SECRET);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let in_address = theirs.replace('@', ":hunter2%20%26%20co@");
    let added = add("again", &in_address, "");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let both = add("both", &in_address, SECRET);
    assert!(!both.status.success());
    let listed = output(data.path(), &["catalog", "list"], "");
    assert!(
        listed.contains("shop\tpostgres\tpostgres://127.0.0.1:") && listed.contains("again\tpostgres\t"),
        "{listed}"
    );
    let asked = ["query", "--format", "csv", "select sum(paid)::text as s from again.public.visit"];
    assert_eq!(output(data.path(), &asked, ""), "s\r\n12.50\r\n");
    assert!(!run(data.path(), &["catalog", "add", "x", "--path", ".", "--ca", &authority], "").status.success());

    let server = Server::on(data, &[]);
    let catalogs = server.get("/api/v1/catalogs").token(&token).send().await;
    assert!(catalogs.text().contains("\"kind\":\"postgres\""), "{}", catalogs.text());
    let body = json!({
        "sql": "select id, at, paid from visit where id in ({{ids}}) order by id",
        "catalog": "shop",
        "parameters": {"ids": [1, 2]},
        "engine": "postgres",
    });
    let answer = server.post("/api/v1/executions?wait_s=30&result=json", body).token(&token).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.json()["rows"],
        json!([[1, "2024-05-06 07:08:09.000000 UTC", "12.50"], [2, null, null]]),
        "{}",
        answer.text()
    );
    // Nobody tells when it changes, so nothing confirms what a public dashboard says of it.
    let tile = json!({"id": "a", "title": "A", "x": 0, "y": 0, "w": 6, "h": 4, "sql": "select count(*) n from visit",
        "chart": {"type": "number", "value": "n"}});
    let tabs = json!([{"id": "one", "title": "One", "tiles": [tile]}]);
    let new = json!({"title": "Visits", "definition": {"catalog": "shop", "database": "public", "tabs": tabs}});
    let made = server.post("/api/v1/dashboards", new).token(&token).send().await.json();
    let path = format!("/api/v1/dashboards/{}", made["id"].as_str().unwrap());
    server.call(reqwest::Method::PATCH, &path).json(json!({"public": true})).token(&token).send().await;
    let read = server.get("/api/v1/public/dashboards/visits/data").send().await;
    assert_eq!(read.json()["queries"]["tile:a"]["rows"], json!([[2]]), "{}", read.text());
    assert_eq!((read.header("cache-control"), read.header("etag")), ("public, max-age=10", ""));

    let body = json!({"sql": "select pg_read_file('/etc/passwd')", "catalog": "shop"});
    let refused = server.post("/api/v1/executions?wait_s=30", body).token(&token).send().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "FUNCTION_NOT_ALLOWED"));
    assert_eq!(refused.json()["position"], json!({"line": 1, "column": 8}));

    let mut kept = Vec::new();
    let mut folders = vec![server.data.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() { folders.push(entry.path()) } else { kept.push(entry.path()) }
        }
    }
    for file in kept {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds(SECRET) && !holds("hunter2%20"), "the password stands in {}", file.display());
    }
}
