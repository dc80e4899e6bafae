//! Whatever ends a run early ends it on Trino too.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lakefront_query::trino::TrinoSession;

use crate::protocol::{numbers, soon, start};
use crate::server::{Reply, Seen, Server, counting, page};

/// Never ends, and has a batch on every page.
fn endless(seen: &Seen, url: &str) -> Reply {
    Reply::Page(match seen.page() {
        0 => page(url, Some(1), &[]),
        number => page(url, Some(number + 1), &[7; 8192]),
    })
}

#[tokio::test]
async fn dropping_a_run_cancels_it() {
    let server = Server::start(|seen, url, _| match seen.method.as_str() {
        "DELETE" => Reply::Status(204, &[], Vec::new()),
        _ => endless(seen, url),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    assert_eq!(run.next().await.unwrap().unwrap().num_rows(), 8192);
    drop(run);
    let cancelled = server.saw("DELETE").await;
    assert!(cancelled.path.starts_with("/v1/statement/executing/"), "{cancelled:?}");
    let gets = server.count("GET");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((server.count("GET"), server.count("DELETE")), (gets, 1), "and is left alone after that");
}

#[tokio::test]
async fn giving_up_before_the_columns_are_known_cancels_it() {
    let server = Server::start(|seen, url, _| match (seen.method.as_str(), seen.page()) {
        ("DELETE", _) => Reply::Status(204, &[], Vec::new()),
        (_, 0) => Reply::Page(counting(seen, url, 9)),
        _ => Reply::Silence,
    })
    .await;
    let given_up = tokio::time::timeout(Duration::from_millis(300), start(&server)).await;
    assert!(given_up.is_err());
    assert_eq!(server.saw("DELETE").await.page(), 1);
}

#[tokio::test]
async fn the_deadline_cancels_it() {
    let server = Server::start(|seen, url, _| match (seen.method.as_str(), seen.page()) {
        ("DELETE", _) => Reply::Status(204, &[], Vec::new()),
        (_, 2) => Reply::Silence,
        _ => Reply::Page(counting(seen, url, 9)),
    })
    .await;
    let deadline = Instant::now() + Duration::from_millis(400);
    let mut run = server.client().run("SELECT 1", &TrinoSession::default(), deadline).await.unwrap();
    assert_eq!(numbers(&mut run).await.1.unwrap().code, "TIMEOUT");
    assert!(Instant::now() < deadline + Duration::from_secs(1));
    server.saw("DELETE").await;
}

#[tokio::test]
async fn a_cancel_that_is_lost_is_sent_again() {
    let server = Server::start(|seen, url, before| match (seen.method.as_str(), before) {
        ("DELETE", 0) => Reply::HangUp,
        ("DELETE", 1) => Reply::Status(503, &[], Vec::new()),
        ("DELETE", _) => Reply::Status(204, &[], Vec::new()),
        // The address stays, so that the cancels of it can be counted.
        _ if seen.page() == 0 => Reply::Page(page(url, Some(1), &[1])),
        _ => Reply::Silence,
    })
    .await;
    drop(start(&server).await.unwrap());
    let patience = Instant::now() + Duration::from_secs(10);
    while server.count("DELETE") < 3 {
        assert!(Instant::now() < patience, "{:?}", server.seen());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_cancel_that_nobody_answers_is_sent_again() {
    let server = Server::start(|seen, url, before| match (seen.method.as_str(), before) {
        ("DELETE", 0 | 1) => Reply::Silence,
        ("DELETE", _) => Reply::Status(204, &[], Vec::new()),
        _ if seen.page() == 0 => Reply::Page(page(url, Some(1), &[1])),
        _ => Reply::Silence,
    })
    .await;
    drop(start(&server).await.unwrap());
    let patience = Instant::now() + Duration::from_secs(10);
    while server.count("DELETE") < 3 {
        assert!(Instant::now() < patience, "{:?}", server.seen());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_reader_that_rests_is_not_run_over() {
    let server = Server::start(|seen, url, _| endless(seen, url)).await;
    let mut run = start(&server).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ahead = server.count("GET");
    assert!(ahead <= 6, "{ahead} pages were fetched for nobody");
    for _ in 0..20 {
        run.next().await.unwrap().unwrap();
    }
    assert!(server.count("GET") >= 20);
    drop(run);
    server.saw("DELETE").await;
}

#[tokio::test]
async fn fifty_runs_dropped_at_any_moment_leave_none_behind() {
    let posted = AtomicUsize::new(0);
    let server = Server::start(move |seen, url, _| {
        let id = match seen.method.as_str() {
            "DELETE" => return Reply::Status(204, &[], Vec::new()),
            "POST" => format!("20240506_101112_{:05}_abcde", posted.fetch_add(1, Ordering::Relaxed)),
            _ => id(seen).to_owned(),
        };
        let Reply::Page(page) = endless(seen, url) else { return Reply::HangUp };
        Reply::Page(serde_json::from_str(&page.to_string().replace("20240506_101112_00001_abcde", &id)).unwrap())
    })
    .await;
    let (client, session) = (server.client(), TrinoSession::default());
    for moment in 0..50_u64 {
        // Every other one has begun for certain.
        let limit = if moment % 2 == 0 { Duration::from_secs(30) } else { Duration::from_micros(moment * 200) };
        let running = client.run("SELECT 1", &session, soon());
        if let Ok(Ok(mut run)) = tokio::time::timeout(limit, running).await {
            run.next().await;
        }
    }
    let of = |method: &str| -> BTreeSet<String> {
        let seen = server.seen().into_iter().filter(|seen| seen.method == method);
        seen.map(|seen| id(&seen).to_owned()).collect()
    };
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let gets = server.count("GET");
        tokio::time::sleep(Duration::from_millis(300)).await;
        // Trino begins a query when its first page is fetched.
        let left: Vec<String> = of("GET").difference(&of("DELETE")).cloned().collect();
        if left.is_empty() && server.count("GET") == gets {
            break;
        }
        assert!(Instant::now() < patience, "left behind: {left:?}, after {gets} pages");
    }
    assert!(of("GET").len() >= 25);
}

/// The query of a page: `/v1/statement/executing/ID/y1/2`.
fn id(seen: &Seen) -> &str {
    seen.path.split('/').nth(4).unwrap_or_default()
}
