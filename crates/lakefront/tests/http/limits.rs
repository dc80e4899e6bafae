//! Requests that are too large, too slow or too many.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Server;

#[tokio::test]
async fn oversized_requests_are_refused() {
    let server = Server::shared();
    let token = &server.tokens.viewer;
    let submit = |body: String| {
        server
            .call(reqwest::Method::POST, "/api/v1/executions")
            .token(token)
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    let large = submit(json!({"sql": "x".repeat(2 << 20)}).to_string()).await;
    assert_eq!((large.status.as_u16(), large.code().as_str()), (413, "BODY_TOO_LARGE"));
    let deep = submit(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).await;
    assert_eq!(deep.status, 400);
    let parameters: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("p{n}"), json!(1))).collect();
    let many = submit(json!({"sql": "select 1", "parameters": parameters}).to_string()).await;
    assert!(many.status.as_u16() < 500, "{}", many.text());

    let header =
        answer(&server, format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "y".repeat(200 << 10))).await;
    assert!(header.contains(" 431 ") || header.contains(" 400 "), "{header}");
    let headers: String = (0..1_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let headers = answer(&server, format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await;
    assert!(headers.contains(" 431 ") || headers.contains(" 400 "), "{headers}");
    assert_eq!(server.get("/healthz").send().await.status, 200);
}

#[tokio::test]
async fn slow_and_silent_connections_are_closed() {
    let server = Server::start(&[("LAKEFRONT_SERVER_HEADER_TIMEOUT_S", "1"), ("LAKEFRONT_SERVER_BODY_TIMEOUT_S", "1")]);
    let mut waiting = Vec::new();
    let head = format!(
        "POST /api/v1/executions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n",
        server.tokens.viewer
    );
    for start in ["", "GET /heal", &head] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    let started = Instant::now();
    for mut stream in waiting {
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("closed").unwrap();
    }
    assert!(started.elapsed() >= Duration::from_millis(500));
    assert_eq!(server.get("/healthz").send().await.status, 200);
}

#[tokio::test]
async fn one_user_cannot_hold_all_event_streams() {
    let server = Server::start(&[("LAKEFRONT_SERVER_EVENTS_PER_USER", "3")]);
    let dashboard = crate::dashboards::create(&server, "Watched by one").await;
    let path = format!("/api/v1/dashboards/{}/events", dashboard["id"].as_str().unwrap());
    let mut open = Vec::new();
    for _ in 0..3 {
        let stream = server.get(&path).token(&server.tokens.viewer).open().await;
        assert_eq!(stream.status(), 200);
        open.push(stream);
    }
    let refused = server.get(&path).token(&server.tokens.viewer).send().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(server.get(&path).token(&server.tokens.editor).open().await.status(), 200);
    // A place is free again soon after a reader has gone.
    drop(open);
    let mut status = 429;
    for _ in 0..50 {
        status = server.get(&path).token(&server.tokens.viewer).open().await.status().as_u16();
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn stopping_lets_answers_finish() {
    let server = Server::start(&[]);
    let events = server.get("/healthz").open().await;
    assert_eq!(events.status(), 200);
    let killed = std::process::Command::new("kill").args(["-TERM", &server.pid().to_string()]).status().unwrap();
    assert!(killed.success());
    let started = Instant::now();
    while TcpStream::connect(server.address()).await.is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "still listening");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn answer(server: &Server, request: String) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
