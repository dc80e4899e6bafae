//! First start, sign-in by password and link, sessions, tokens.

use serde_json::json;

use crate::server::{PASSWORD, Server, add_user, command, output, run};

#[tokio::test]
async fn the_first_administrator_needs_the_token_from_the_console() {
    let server = Server::on(tempfile::tempdir().unwrap(), &[]);
    let printed =
        server.greeting.iter().find_map(|line| line.split_once("/setup?token=")).expect("a set-up link").1.to_owned();

    let state = server.get("/api/v1/auth/state").send().await;
    assert_eq!(state.json(), json!({"setup_required": true}));
    let page = server.get("/").send().await;
    assert_eq!((page.status.as_u16(), page.header("location")), (302, "/setup"));
    let setup = |token: &str| {
        let body = json!({"token": token, "email": "adm@example.com", "name": "Adm", "password": PASSWORD});
        server.post("/api/v1/auth/setup", body).send()
    };
    assert_eq!(setup("guessed").await.status, 401);
    let done = setup(&printed).await;
    assert_eq!(done.status, 204, "{}", done.text());
    let me = server.get("/api/v1/auth/me").cookie(&done.cookie()).send().await.json();
    assert_eq!((&me["user"]["role"], &me["user"]["email"]), (&json!("admin"), &json!("adm@example.com")));

    assert_eq!(setup(&printed).await.status, 410);
    assert_eq!(server.get("/api/v1/auth/state").send().await.json(), json!({"setup_required": false}));
}

#[tokio::test]
async fn nobody_gets_in_with_a_guess() {
    let server = Server::shared();
    for (email, password) in [
        ("admin", "admin"),
        ("root", "root"),
        ("admin@example.com", ""),
        ("viewer@example.com", "Three harmless words"),
    ] {
        let answer = server.post("/api/v1/auth/login", json!({"email": email, "password": password})).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "WRONG_CREDENTIALS"), "{email}");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn a_session_ends_when_its_user_says_so() {
    let server = Server::shared();
    let chosen = "lakefront=chosen-by-the-client";
    // All of its sessions end here, which would end those of other tests.
    add_user(server.data.path(), "guest@example.com", "editor");
    let body = json!({"email": "guest@example.com", "password": PASSWORD});
    let answer = server.post("/api/v1/auth/login", body).cookie(chosen).send().await;
    let set = answer.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    let (one, two) = (answer.cookie(), server.sign_in("guest@example.com").await);
    assert_ne!(one, chosen);
    assert!(one.len() > 30);

    let status = async |path: &str, cookie: &str| server.get(path).cookie(cookie).send().await.status.as_u16();
    assert_eq!(status("/api/v1/auth/me", chosen).await, 401);
    assert_eq!(status("/api/v1/auth/me", &one).await, 200);
    let out = server.call(reqwest::Method::POST, "/api/v1/auth/logout").cookie(&one).send().await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let id = "01JD0000000000000000000000";
    for path in [
        "/api/v1/auth/me",
        &format!("/api/v1/executions/{id}/events"),
        &format!("/api/v1/executions/{id}/result?format=csv"),
    ] {
        assert_eq!(status(path, &one).await, 401, "{path}");
    }
    assert_eq!(status("/api/v1/auth/me", &two).await, 200);
    assert_eq!(server.call(reqwest::Method::DELETE, "/api/v1/auth/sessions").cookie(&two).send().await.status, 204);
    assert_eq!(status("/api/v1/auth/me", &two).await, 401);
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_the_host() {
    let server = Server::start(&[("LAKEFRONT_SERVER_PUBLIC_URL", "https://lake.example.com")]);
    let body = json!({"email": "viewer@example.com", "password": PASSWORD});
    let answer = server.post("/api/v1/auth/login", body).header("origin", "https://lake.example.com").send().await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-lakefront=") && cookie.contains("; Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    let plain = answer.cookie().replace("__Host-lakefront", "lakefront");
    assert_eq!(server.get("/api/v1/auth/me").cookie(&plain).send().await.status, 401);
}

#[tokio::test]
async fn guessing_is_slowed_down_whatever_address_it_claims() {
    let server = Server::start(&[]);
    let mut last = None;
    for attempt in 0..20 {
        let body = json!({"email": "viewer@example.com", "password": format!("guess number {attempt}")});
        let forwarded = format!("10.0.0.{attempt}");
        last = Some(server.post("/api/v1/auth/login", body).header("x-forwarded-for", &forwarded).send().await);
    }
    let last = last.unwrap();
    assert_eq!((last.status.as_u16(), last.code().as_str()), (429, "TOO_MANY_REQUESTS"));
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    // Others are let in meanwhile.
    server.sign_in("editor@example.com").await;
}

#[tokio::test]
async fn an_invitation_leads_where_the_server_is_reached() {
    let server = Server::start(&[("LAKEFRONT_SERVER_PUBLIC_URL", "https://lake.example.com")]);
    let link = output(server.data.path(), &["user", "add", "far@example.com", "--role", "viewer"], "");
    assert!(link.starts_with("https://lake.example.com/signin?token="), "{link}");
}

#[tokio::test]
async fn an_invitation_works_once() {
    let server = Server::shared();
    let link = output(server.data.path(), &["user", "add", "invited@example.com", "--role", "viewer"], "");
    let (address, token) = link.trim().split_once("/signin?token=").unwrap();
    assert_eq!(address, server.url);
    let follow = || server.post("/api/v1/auth/link", json!({"token": token})).send();
    let first = follow().await;
    assert_eq!(first.status, 204, "{}", first.text());
    let me = server.get("/api/v1/auth/me").cookie(&first.cookie()).send().await.json();
    assert_eq!(me["user"]["email"], "invited@example.com");
    assert_eq!(follow().await.status, 410);
    assert_eq!(server.post("/api/v1/auth/link", json!({"token": "guessed"})).send().await.status, 401);

    // They choose a password; every other session of theirs ends.
    let change = json!({"current": "", "new": "another harmless phrase"});
    let changed =
        server.call(reqwest::Method::PUT, "/api/v1/auth/password").cookie(&first.cookie()).json(change).send().await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    assert_eq!(server.get("/api/v1/auth/me").cookie(&first.cookie()).send().await.status, 401);
    assert_eq!(server.get("/api/v1/auth/me").cookie(&changed.cookie()).send().await.status, 200);
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let server = Server::shared();
    add_user(server.data.path(), "leaver@example.com", "editor");
    let cookie = server.sign_in("leaver@example.com").await;
    output(server.data.path(), &["user", "disable", "leaver@example.com", "--yes"], "");
    assert_eq!(server.get("/api/v1/auth/me").cookie(&cookie).send().await.status, 401);
    let body = json!({"email": "leaver@example.com", "password": PASSWORD});
    assert_eq!(server.post("/api/v1/auth/login", body).send().await.status, 401);
}

#[tokio::test]
async fn a_token_is_shown_once_and_ends_when_revoked() {
    let server = Server::shared();
    let cookie = server.sign_in("editor@example.com").await;
    let created = server.post("/api/v1/tokens", json!({"name": "export"})).cookie(&cookie).send().await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.json();
    let secret = created["secret"].as_str().unwrap();
    assert!(secret.starts_with("lf_"));
    let listed = server.get("/api/v1/tokens").cookie(&cookie).send().await;
    assert!(!listed.text().contains(secret));
    let listed = listed.json();
    let listed = listed["items"].as_array().unwrap().iter().find(|token| token["id"] == created["id"]).unwrap();
    assert!(secret.starts_with(listed["prefix"].as_str().unwrap()));
    insta::assert_json_snapshot!(created, {".id" => "[id]", ".secret" => "[secret]", ".prefix" => "[prefix]", ".created_at" => "[time]"});

    let me = |token: String| server.get("/api/v1/auth/me").token(&token).send();
    assert_eq!(me(secret.to_owned()).await.status, 200);
    // Only the header counts, and only the whole secret.
    for parameter in ["token", "api_key", "access_token"] {
        assert_eq!(server.get(&format!("/api/v1/auth/me?{parameter}={secret}")).send().await.status, 401);
    }
    let mut changed = secret.to_owned();
    changed.replace_range(secret.len() - 1.., if secret.ends_with('a') { "b" } else { "a" });
    for wrong in [changed, created["prefix"].as_str().unwrap().to_owned(), "lf_".to_owned()] {
        assert_eq!(me(wrong).await.status, 401);
    }
    // A bad token is not made good by a cookie beside it.
    assert_eq!(server.get("/api/v1/auth/me").token("lf_wrong").cookie(&cookie).send().await.status, 401);

    let id = created["id"].as_str().unwrap();
    let revoke =
        |cookie: &str| server.call(reqwest::Method::DELETE, &format!("/api/v1/tokens/{id}")).cookie(cookie).send();
    let stranger = server.sign_in("viewer@example.com").await;
    assert_eq!(revoke(&stranger).await.status, 404);
    assert_eq!(revoke(&cookie).await.status, 204);
    assert_eq!(me(secret.to_owned()).await.status, 401);
}

#[tokio::test]
async fn a_token_cannot_make_itself_stronger() {
    let server = Server::shared();
    let token = &server.tokens.admin;
    assert_eq!(server.post("/api/v1/tokens", json!({"name": "more"})).token(token).send().await.status, 403);
    let change = json!({"current": PASSWORD, "new": "another harmless phrase"});
    let changed = server.call(reqwest::Method::PUT, "/api/v1/auth/password").token(token).json(change).send().await;
    assert_eq!(changed.status, 403);
    assert_eq!(server.call(reqwest::Method::DELETE, "/api/v1/auth/sessions").token(token).send().await.status, 403);
}

#[test]
fn a_weak_master_key_is_refused() {
    let data = tempfile::tempdir().unwrap();
    for weak in ["changeme", "0000000000000000000000000000000000000000000000000000000000000000", "tooshort"] {
        let output = command(data.path())
            .env("LAKEFRONT_MASTER_KEY", weak)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.starts_with("error: LAKEFRONT_MASTER_KEY is refused") && error.lines().count() == 1, "{error}");
    }
    assert_eq!(run(data.path(), &["user", "list"], "").status.code(), Some(0));
}
