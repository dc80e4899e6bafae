//! What keeps other sites out: methods, bodies, Fetch Metadata, headers, paths.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Server;

#[tokio::test]
async fn another_site_cannot_write_with_our_cookie() {
    let server = Server::shared();
    let cookie = server.sign_in("editor@example.com").await;
    let own = server.url.clone();
    let write = |headers: &[(&str, &str)]| {
        let mut call =
            server.call(Method::PUT, "/api/v1/me/preferences").cookie(&cookie).json(json!({"theme": "dark"}));
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.send()
    };
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "http://evil.test")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.test")],
    ] {
        let answer = write(headers).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "CROSS_SITE_REQUEST"), "{headers:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    assert_eq!(write(&[("sec-fetch-site", "same-origin"), ("origin", &own)]).await.status, 200);
    // Nor can it sign someone in, or read an answer as a script.
    let login =
        server.post("/api/v1/auth/login", json!({"email": "a", "password": "b"})).header("origin", "http://evil.test");
    assert_eq!(login.send().await.status, 403);
    let script = server
        .get("/api/v1/auth/me")
        .cookie(&cookie)
        .header("sec-fetch-dest", "script")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(script.send().await.status, 403);
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let server = Server::shared();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let mut call =
            server.call(Method::POST, "/api/v1/queries").token(&server.tokens.editor).body("{\"title\": \"x\"}");
        if !kind.is_empty() {
            call = call.header("content-type", kind);
        }
        let answer = call.send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"), "{kind}");
    }
    let squeezed = server
        .post("/api/v1/queries", json!({}))
        .token(&server.tokens.editor)
        .header("content-encoding", "gzip")
        .send()
        .await;
    assert_eq!(squeezed.status, 415);
}

#[tokio::test]
async fn odd_requests_get_problem_documents() {
    let server = Server::shared();
    let token = &server.tokens.admin;
    let unknown = server.get("/api/v1/nothing").token(token).send().await;
    insta::assert_json_snapshot!("unknown_route", unknown.json(), {".request_id" => "[id]"});
    assert_eq!(unknown.json()["request_id"], unknown.header("lakefront-request-id"));
    let wrong =
        server.post("/api/v1/executions", json!({"sql": "select 1", "role": "admin"})).token(token).send().await;
    insta::assert_json_snapshot!("unknown_field", wrong.json(), {".request_id" => "[id]"});
    let broken = server
        .call(Method::POST, "/api/v1/executions")
        .token(token)
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await;
    assert_eq!((broken.status.as_u16(), broken.code().as_str()), (400, "INVALID_JSON"));
    let query = server.get("/api/v1/executions?limit=many").token(token).send().await;
    assert_eq!((query.status.as_u16(), query.code().as_str()), (400, "BAD_REQUEST"));
    let method = server.call(Method::PUT, "/api/v1/executions").token(token).json(json!({})).send().await;
    assert_eq!((method.status.as_u16(), method.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
    for odd in ["TRACE", "PROPFIND", "CONNECT"] {
        let status =
            raw(&server, &format!("{odd} /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(status == 405 || status == 400, "{odd}: {status}");
    }
    let metrics = server.get("/metrics").token(token).send().await.text();
    assert!(metrics.contains("method=\"other\"") && !metrics.contains("PROPFIND"), "{metrics}");
    // An override asks for another method; the request stays what it is.
    let overridden = server
        .get("/api/v1/auth/me?_method=DELETE")
        .token(token)
        .header("x-http-method-override", "DELETE")
        .send()
        .await;
    assert_eq!(overridden.status, 200);
}

#[tokio::test]
async fn a_path_is_taken_as_it_is() {
    let server = Server::shared();
    for path in [
        "//api/v1/auth/me",
        "/API/v1/auth/me",
        "/api/v1/./auth/me",
        "/api/v1/auth/me;a=b",
        "/api/v1/x/%2e%2e/auth/me",
        "/api/v1/auth/me/",
        "/api/v1/auth/me.",
        "/api/v1/auth/me%00",
        "/api/v1/auth%c0%afme",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/..%5cindex.html",
        "/assets/%252e%252e/index.html",
        "/assets//etc/passwd",
        "/assets/%00",
        "/index.html",
    ] {
        let status = raw(&server, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(matches!(status, 400 | 401 | 404), "{path}: {status}");
    }
}

#[tokio::test]
async fn answers_are_private_and_stay_what_they_are() {
    let server = Server::shared();
    for (path, kind) in [
        ("/api/v1/auth/me", "application/json"),
        ("/signin", "text/html; charset=utf-8"),
        ("/healthz", "text/plain; charset=utf-8"),
    ] {
        let answer = server.get(path).token(&server.tokens.viewer).send().await;
        assert_eq!(answer.header("content-type"), kind);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("cache-control").ends_with("no-store"));
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(!answer.header("referrer-policy").is_empty() && !answer.header("content-security-policy").is_empty());
    }
}

/// The status of a request written by hand.
async fn raw(server: &Server, request: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).expect("a status").parse().unwrap()
}
