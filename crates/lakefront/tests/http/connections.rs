//! Connections: added, checked, changed and removed over HTTP; their secrets go in and never come out.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bucket::{Bucket, ROLE};
use crate::server::{Server, command};

const SECRET: &str = "a-very-secret-access-key";

fn s3(bucket: &Bucket, key: &str) -> Value {
    json!({"uri": "s3://lake", "region": "us-east-1", "endpoint": bucket.address, "access_key_id": key})
}

#[tokio::test]
async fn a_connection_is_added_changed_and_removed() {
    let server = Server::start(&[]);
    let bucket = Bucket::start(&["AKIDOLD"]).await;
    let token = &server.tokens.admin;
    let new = json!({"name": "archive", "kind": "s3", "settings": s3(&bucket, "AKIDOLD"), "secret": SECRET});
    let post = || server.post("/api/v1/connections", new.clone()).token(token).header("idempotency-key", "once").send();
    let created = post().await;
    assert_eq!(created.status, 201, "{}", created.text());
    let mut shown = created.json();
    shown["settings"]["endpoint"] = "[endpoint]".into();
    insta::assert_json_snapshot!("created_connection", shown, {
        ".created_at" => "[time]", ".updated_at" => "[time]", ".state.listed_at" => "[time]", ".state.tables" => "[n]",
        ".state.databases" => "[n]", ".state.files" => "[n]", ".state.bytes" => "[n]",
    });
    let again = post().await;
    assert_eq!(
        (again.status.as_u16(), again.json()["created_at"].clone()),
        (201, created.json()["created_at"].clone())
    );
    assert_eq!(server.rows("select sum(amount) from archive.demo.sales").await, json!([[30]]));

    let taken = json!({"name": "archive", "kind": "s3", "settings": s3(&bucket, "AKIDOLD"), "secret": SECRET});
    let taken = server.post("/api/v1/connections", taken).token(token).send().await;
    assert_eq!((taken.status.as_u16(), taken.code().as_str()), (409, "ALREADY_EXISTS"));

    let path = "/api/v1/connections/archive";
    let tag = server.get(path).token(token).send().await.header("etag").to_owned();
    let patch = |tag: &str, body: Value| {
        server.call(Method::PATCH, path).token(token).header("if-match", tag).json(body).send()
    };
    // A new key that does not work is refused, and the old one goes on.
    let rotation = json!({"settings": {"access_key_id": "AKIDNEW"}, "secret": "another-secret-access-key"});
    let refused = patch(&tag, rotation.clone()).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "CONNECTION_FAILED"), "{}", refused.text());
    assert!(refused.json()["hint"].as_str().unwrap().contains("\"Action\":\"s3:ListBucket\""), "{}", refused.text());
    assert_eq!(server.get(path).token(token).send().await.header("etag"), tag);
    assert_eq!(server.rows("select count(*) from archive.demo.sales where amount > 10").await, json!([[1]]));
    assert_eq!(bucket.last_caller(), "AKIDOLD");

    bucket.let_in(&["AKIDNEW"]);
    let rotated = patch(&tag, rotation).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    assert_ne!(rotated.header("etag"), tag);
    assert_eq!(rotated.json()["settings"]["access_key_id"], "AKIDNEW");
    assert_eq!(server.rows("select count(*) from archive.demo.sales where amount > 15").await, json!([[1]]));
    assert_eq!(bucket.last_caller(), "AKIDNEW");
    let late = patch(&tag, json!({"settings": {"region": "eu-west-1"}})).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (412, "VERSION_MISMATCH"));

    // Whoever points the connection elsewhere has to know the secret.
    let elsewhere = Bucket::start(&["AKIDNEW"]).await;
    let moved = patch("*", json!({"settings": {"endpoint": elsewhere.address}})).await;
    assert_eq!((moved.status.as_u16(), moved.code().as_str()), (422, "SECRET_REQUIRED"));
    assert_eq!(elsewhere.last_caller(), "");

    for body in [
        json!({"settings": {"nonsense": 1}}),
        json!({"settings": {"kind": "local", "path": "/srv"}}),
        json!({"kind": "local"}),
        json!({"name": "other"}),
    ] {
        assert_eq!(patch("*", body.clone()).await.status, 400, "{body}");
    }

    let delete = |tag: &str| server.call(Method::DELETE, path).token(token).header("if-match", tag).send();
    assert_eq!(delete(&tag).await.status, 412);
    assert_eq!(delete(rotated.header("etag")).await.status, 204);
    assert_eq!(server.get(path).token(token).send().await.status, 404);
    assert_eq!(server.run("select 1 from archive.demo.sales", "json").await.code(), "TABLE_NOT_FOUND");

    let audit = server.get("/api/v1/audit?action=catalog.&limit=200").token(token).send().await;
    let actions: Vec<String> = audit.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["action"].as_str().unwrap(), entry["actor"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(actions, ["catalog.delete admin", "catalog.update admin", "catalog.create admin"]);
    assert!(!audit.text().contains(SECRET) && !audit.text().contains("another-secret"));
}

#[tokio::test]
async fn a_secret_is_in_no_answer_no_log_and_no_file() {
    let server =
        Server::start(&[("LAKEFRONT_LOG_LEVEL", "info,lakefront=trace,lakefront_query=trace,aws_config=trace")]);
    let bucket = Bucket::start(&["AKIDOLD"]).await;
    let token = &server.tokens.admin;
    let new = json!({"name": "archive", "kind": "s3", "settings": s3(&bucket, "AKIDOLD"), "secret": SECRET});
    let mut answers = Vec::new();
    for (method, path, body) in [
        (Method::POST, "/api/v1/connections/check", new.clone()),
        (Method::POST, "/api/v1/connections", new.clone()),
        (Method::POST, "/api/v1/connections", new.clone()),
        (Method::POST, "/api/v1/connections/archive/check", json!({})),
        (Method::PATCH, "/api/v1/connections/archive", json!({"secret": SECRET})),
        (Method::PATCH, "/api/v1/connections/archive", json!({"secret": 7, "settings": {"uri": SECRET}})),
    ] {
        answers.push(server.call(method, path).token(token).json(body).send().await.text());
    }
    for path in ["/api/v1/connections", "/api/v1/connections/archive", "/api/v1/catalogs", "/api/v1/audit?limit=200"] {
        answers.push(server.get(path).token(token).send().await.text());
    }
    for answer in answers.iter().take(5).chain(&answers[6..]) {
        assert!(!answer.contains(SECRET), "{answer}");
    }
    let log = server.log();
    assert!(log.contains("/api/v1/connections") && !log.contains(SECRET), "{log}");
    let found = std::process::Command::new("grep").args(["-rlaF", SECRET]).arg(server.data.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "the data folder holds the secret");
}

#[tokio::test]
async fn a_check_says_what_is_missing_and_keeps_nothing() {
    let server = Server::shared();
    let bucket = Bucket::start(&["AKIDGOOD"]).await;
    let token = &server.tokens.admin;
    let check = |key: &str| {
        let draft = json!({"kind": "s3", "settings": s3(&bucket, key), "secret": SECRET});
        server.post("/api/v1/connections/check", draft).token(token).send()
    };
    let refused = check("AKIDBAD").await;
    assert_eq!(refused.status, 200, "{}", refused.text());
    insta::assert_json_snapshot!("a_right_is_missing", refused.json());
    let passed = check("AKIDGOOD").await;
    insta::assert_json_snapshot!("all_is_well", passed.json());
    let listed = server.get("/api/v1/connections?limit=200").token(token).send().await.json();
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["local"]);
    assert_eq!(listed["items"][0]["origin"], "data_folder");
}

#[tokio::test]
async fn what_may_not_be_named_is_refused() {
    let server = Server::shared();
    let token = &server.tokens.admin;
    let folder = server.data.path().join("lake");
    for (kind, settings, says) in [
        ("s3", json!({"uri": "s3://lake", "endpoint": "https://169.254.169.254"}), "belongs to this machine"),
        ("trino", json!({"url": "http://169.254.169.254/hive"}), "belongs to this machine"),
        ("trino", json!({"url": "http://[fe80::1]:8080/hive"}), "belongs to this machine"),
        ("local", json!({"path": folder}), "Folders of the server are not added here"),
        ("local", json!({"path": "/etc"}), "Folders of the server are not added here"),
        ("s3", json!({"uri": "s3://lake", "access_key_id": "AKID"}), "lacks its secret"),
        ("s3", json!({"uri": "s3://lake", "role_arn": "admin"}), "no role's ARN"),
        ("s3", json!({"uri": "s3://lake", "web_identity": "vercel"}), "takes on a role"),
    ] {
        let draft = json!({"name": "wrong", "kind": kind, "settings": settings});
        let report = server.post("/api/v1/connections/check", draft.clone()).token(token).send().await.json();
        assert_eq!(report["ok"], false, "{draft}");
        assert!(report["checks"][0]["detail"].as_str().unwrap().contains(says), "{draft}: {report}");
        let kept = server.post("/api/v1/connections", draft.clone()).token(token).send().await;
        assert_eq!(kept.status, 422, "{draft}: {}", kept.text());
    }
    for body in [
        json!({"name": "x", "kind": "floppy", "settings": {}}),
        json!({"name": "x", "kind": "s3", "settings": {"uri": "s3://lake", "colour": "red"}}),
        json!({"name": "x", "kind": "s3", "settings": {}}),
        json!({"name": "X y", "kind": "local", "settings": {"path": "/srv"}}),
    ] {
        assert_eq!(server.post("/api/v1/connections", body.clone()).token(token).send().await.status, 400, "{body}");
    }
    let local = "/api/v1/connections/local";
    let read_only = server.call(Method::PATCH, local).token(token).json(json!({"secret": "x"})).send().await;
    assert_eq!((read_only.status.as_u16(), read_only.code().as_str()), (409, "READ_ONLY"));
    assert_eq!(server.call(Method::DELETE, local).token(token).send().await.code(), "READ_ONLY");
}

#[tokio::test]
async fn open_folders_may_be_added_and_lists_come_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    crate::server::write_lake(&folder.path().join("demo"));
    let server = Server::start(&[("LAKEFRONT_CATALOG_FOLDERS", folder.path().to_str().unwrap())]);
    let token = &server.tokens.admin;
    for name in ["one", "two"] {
        let new = json!({"name": name, "kind": "local", "settings": {"path": folder.path()}});
        let created = server.post("/api/v1/connections", new).token(token).send().await;
        assert_eq!(created.status, 201, "{}", created.text());
    }
    let outside = json!({"name": "outside", "kind": "local", "settings": {"path": folder.path().join("..")}});
    assert_eq!(server.post("/api/v1/connections", outside).token(token).send().await.status, 422);
    assert_eq!(server.rows("select count(*) from two.demo.notes").await, json!([[3]]));
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/connections?limit=2&cursor={cursor}")).token(token).send().await.json();
        names.extend(page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["local", "one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_rotates_a_secret() {
    let server = Server::start(&[]);
    let bucket = Bucket::start(&["AKIDOLD"]).await;
    let run = |arguments: &[&str], secret: &str| {
        let mut command = command(server.data.path());
        command.args(arguments).env_remove("AWS_SECRET_ACCESS_KEY");
        if !secret.is_empty() {
            command.env("AWS_SECRET_ACCESS_KEY", secret);
        }
        command.output().unwrap()
    };
    let add = ["catalog", "add", "archive", "--s3", "s3://lake", "--region", "us-east-1", "--endpoint"];
    let added = run(&[&add[..], &[&bucket.address, "--access-key-id", "AKIDOLD"]].concat(), SECRET);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    assert_eq!(String::from_utf8_lossy(&added.stderr), "Added archive: 1 tables in 1 files.\n");
    let rotated = run(&["catalog", "rotate-secret", "archive"], "another-secret-access-key");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    assert_eq!(run(&["catalog", "rotate-secret", "archive"], "").status.code(), Some(1));
    assert_eq!(run(&["catalog", "rotate-secret", "local"], "x").status.code(), Some(1));
    assert_eq!(run(&["catalog", "rotate-secret", "nothing"], "x").status.code(), Some(1));
    bucket.let_in(&[]);
    let refused = run(&["catalog", "rotate-secret", "archive"], "third-secret-access-key");
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(told.contains("keeps its old secret") && told.contains("s3:ListBucket"), "{told}");
    assert!(!told.contains("third-secret"), "{told}");
}

#[tokio::test]
async fn everyone_reads_in_their_own_name_and_nobody_anothers_result() {
    let bucket = Bucket::start(&[]).await;
    let server = Server::start(&[("AWS_ENDPOINT_URL_STS", &bucket.address)]);
    let mut settings = s3(&bucket, "AKIDBASE");
    settings["role_arn"] = "arn:aws:iam::123456789012:role/lake".into();
    settings["per_person"] = true.into();
    let new = json!({"name": "archive", "kind": "s3", "settings": settings, "secret": SECRET});
    let created = server.post("/api/v1/connections", new).token(&server.tokens.admin).send().await;
    assert_eq!(created.status, 201, "{}", created.text());
    let ask = |token: String| {
        let body = json!({"sql": "select sum(amount) total from archive.demo.sales"});
        server.post("/api/v1/executions?wait_s=30&result=json", body).token(&token).send()
    };
    for (who, reused) in [(&server.tokens.viewer, false), (&server.tokens.admin, false), (&server.tokens.viewer, true)]
    {
        let answer = ask(who.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.json()["rows"].clone()), (200, json!([[30]])), "{}", answer.text());
        let statistics: Value = serde_json::from_str(answer.header("lakefront-statistics")).unwrap();
        assert_eq!(statistics["reused"], reused, "{statistics}");
    }
    // The first reader looks for the columns, in the name of the connection.
    let readers = bucket.readers();
    let named = |name: &str| readers.iter().filter(|key| key.starts_with(&format!("{ROLE}{name}"))).count();
    assert_eq!((named("viewer-01"), named("admin-01"), named("lakefront")), (1, 1, 1), "{readers:?}");
    assert_eq!(readers.len(), 3);
}
