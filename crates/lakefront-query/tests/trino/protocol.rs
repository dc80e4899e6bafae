//! The protocol, kept and broken.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use lakefront_query::trino::{TrinoAuth, TrinoClient, TrinoConfig, TrinoRun, TrinoSession};
use lakefront_query::{ErrorKind, Position, QueryError};
use serde_json::json;

use crate::server::{Reply, Server, counting, page};

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub(crate) async fn start(server: &Server) -> Result<TrinoRun, QueryError> {
    server.client().run("SELECT n FROM numbers", &TrinoSession::default(), soon()).await
}

/// The numbers of the rows that came, and how it ended.
pub(crate) async fn numbers(run: &mut TrinoRun) -> (Vec<i64>, Option<QueryError>) {
    let mut numbers = Vec::new();
    while let Some(batch) = run.next().await {
        match batch {
            Ok(batch) => numbers.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values()),
            Err(error) => {
                assert!(run.next().await.is_none(), "something followed an error");
                return (numbers, Some(error));
            }
        }
    }
    (numbers, None)
}

fn all_of(pages: i64) -> (Vec<i64>, Option<QueryError>) {
    ((1..=pages).collect(), None)
}

#[tokio::test]
async fn a_hundred_pages_are_one_result() {
    let server = Server::start(|seen, url, _| Reply::Page(counting(seen, url, 100))).await;
    let mut run = start(&server).await.unwrap();
    assert_eq!(run.query_id(), "20240506_101112_00001_abcde");
    assert_eq!(run.schema().field(0).name(), "n");
    assert_eq!(numbers(&mut run).await, all_of(100));
    let statistics = run.statistics();
    assert_eq!((statistics.rows, statistics.scanned_bytes, statistics.engine_ms), (100, 4096, 25));
    let progress = *run.progress().borrow();
    assert_eq!((progress.rows, progress.scanned_bytes, progress.fraction), (100, 4096, 1.0));
    drop(run);
    assert_eq!((server.count("POST"), server.count("GET"), server.count("DELETE")), (1, 100, 0));
}

#[tokio::test]
async fn trino_is_told_who_asks_and_how() {
    let server = Server::start(|seen, url, _| Reply::Page(counting(seen, url, 1))).await;
    let session = TrinoSession {
        schema: Some("sales".to_owned()),
        on_behalf_of: Some("Žofie".to_owned()),
        properties: BTreeMap::from([("task_concurrency".to_owned(), "4".to_owned())]),
    };
    server.client().run("SELECT 'ž'", &session, soon()).await.unwrap();
    let seen = server.saw("POST").await;
    assert_eq!(seen.body, "SELECT 'ž'");
    for (header, value) in [
        ("x-trino-user", "lakefront"),
        ("x-trino-source", "lakefront"),
        ("x-trino-catalog", "lake"),
        ("x-trino-schema", "sales"),
        ("x-trino-time-zone", "UTC"),
        ("x-trino-client-info", "%C5%BDofie"),
        ("x-trino-client-tags", "lakefront,person:%C5%BDofie"),
        ("x-trino-session", "query_max_run_time=60s"),
        ("x-trino-client-capabilities", "PARAMETRIC_DATETIME"),
    ] {
        assert_eq!(seen.header(header), Some(value), "{header}");
    }
    assert_eq!(seen.header("authorization"), None);
    assert!(seen.headers.contains(&("x-trino-session".to_owned(), "task_concurrency=4".to_owned())));
}

#[tokio::test]
async fn a_busy_trino_is_asked_again() {
    let server = Server::start(|seen, url, before| match (seen.page(), before) {
        (0, 0) => Reply::Status(503, &[], Vec::new()),
        (0, 1) => Reply::Status(429, &[("retry-after", "0")], Vec::new()),
        (1, 0) => Reply::Status(502, &[], b"<html>bad gateway</html>".to_vec()),
        (1, 1) => Reply::Status(504, &[], Vec::new()),
        _ => Reply::Page(counting(seen, url, 3)),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    assert_eq!(numbers(&mut run).await, all_of(3));
    assert_eq!((server.count("POST"), server.count("GET")), (3, 5));
}

#[tokio::test]
async fn a_lost_connection_loses_no_row_and_repeats_none() {
    let server = Server::start(|seen, url, before| match (seen.page(), before) {
        (0 | 3, 0) => Reply::HangUp,
        (2, 0 | 1) => Reply::Half(counting(seen, url, 5)),
        _ => Reply::Page(counting(seen, url, 5)),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    assert_eq!(numbers(&mut run).await, all_of(5));
    assert_eq!((server.count("POST"), server.count("GET")), (2, 8));
}

#[tokio::test]
async fn patience_ends() {
    let server = Server::start(|_, _, _| Reply::Status(503, &[("retry-after", "0")], Vec::new())).await;
    let error = start(&server).await.unwrap_err();
    assert_eq!((error.code, error.kind), ("ENGINE_UNAVAILABLE", ErrorKind::Unavailable));
    assert_eq!(server.count("POST"), 7);
}

#[tokio::test]
async fn nobody_waits_for_a_beginning_longer_than_it_lasts() {
    let server = Server::start(|_, _, _| Reply::Status(503, &[("retry-after", "3600")], Vec::new())).await;
    let began = Instant::now();
    assert_eq!(start(&server).await.unwrap_err().code, "ENGINE_UNAVAILABLE");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(server.count("POST"), 1);
}

#[tokio::test]
async fn a_property_that_nobody_may_set_is_not_sent() {
    let server = Server::start(|seen, url, _| Reply::Page(counting(seen, url, 1))).await;
    let mut config = TrinoConfig::parse(&format!("{}/lake", server.url), TrinoAuth::None, None).unwrap();
    config.session = [("query_max_run_time", ""), ("task_concurrency", "4")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    TrinoClient::new(config).unwrap().run("SELECT 1", &TrinoSession::default(), soon()).await.unwrap();
    let seen = server.saw("POST").await;
    let sent: Vec<&str> =
        seen.headers.iter().filter(|(name, _)| name == "x-trino-session").map(|(_, value)| value.as_str()).collect();
    assert_eq!(sent, ["task_concurrency=4"]);
}

#[tokio::test]
async fn long_pages_are_in_memory_a_few_at_a_time() {
    const ROWS: usize = 200_000;
    let server = Server::start(|seen, url, _| match seen.page() {
        0 => Reply::Page(page(url, Some(1), &[])),
        _ => {
            static LONG: OnceLock<Vec<u8>> = OnceLock::new();
            let long =
                LONG.get_or_init(|| page(url, None, &[1_234_567_890_123_456_789; ROWS]).to_string().into_bytes());
            assert!(long.len() > 4 << 20);
            Reply::Status(200, &[], long.clone())
        }
    })
    .await;
    let (client, runs) = (server.client(), 10);
    let (opened, mut open) = tokio::sync::mpsc::channel(runs);
    for _ in 0..runs {
        let (client, opened) = (client.clone(), opened.clone());
        tokio::spawn(async move {
            // Columns are known once the page is there; its rows wait for a reader.
            let run = client.run("SELECT n FROM numbers", &TrinoSession::default(), soon()).await;
            opened.send(run.unwrap()).await
        });
    }
    let mut reading = Vec::new();
    for _ in 0..runs {
        if reading.len() == 4 {
            let early = tokio::time::timeout(Duration::from_millis(200), open.recv()).await;
            assert!(early.is_err(), "a fifth long page");
            reading.remove(0);
        }
        reading.push(open.recv().await.unwrap());
    }
    let (rows, error) = numbers(reading.last_mut().unwrap()).await;
    assert_eq!((rows.len(), error), (ROWS, None));
}

/// The environment of a process can't be changed safely, so the statement is run by another one.
#[tokio::test]
async fn a_trino_is_asked_without_a_proxy() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "protocol::with_a_proxy_in_the_environment"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        // Nobody answers there.
        child.env(name, "http://127.0.0.1:1");
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let run = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "needs an environment of its own: a_trino_is_asked_without_a_proxy runs it"]
async fn with_a_proxy_in_the_environment() {
    let server = Server::start(|seen, url, _| Reply::Page(counting(seen, url, 2))).await;
    assert_eq!(numbers(&mut start(&server).await.unwrap()).await, all_of(2));
}

#[tokio::test]
async fn no_answer_leads_to_another_host() {
    let other = Server::start(|seen, url, _| Reply::Page(counting(seen, url, 1))).await;

    let there = other.url.clone();
    let server = Server::start(move |_, _, _| Reply::Page(page(&there, Some(1), &[]))).await;
    let error = start(&server).await.unwrap_err();
    assert_eq!(error.code, "ENGINE_PROTOCOL");
    assert!(error.message.contains(&other.url) && error.hint.is_some(), "{error:?}");

    // Later, when there is a statement to cancel where it came from.
    let there = other.url.clone();
    let server = Server::start(move |seen, url, _| match seen.page() {
        0 => Reply::Page(page(url, Some(1), &[])),
        _ => Reply::Page(page(&there, Some(2), &[1])),
    })
    .await;
    assert_eq!(start(&server).await.unwrap_err().code, "ENGINE_PROTOCOL");
    assert_eq!(server.saw("DELETE").await.page(), 1);

    let there: &'static str = format!("{}/v1/statement", other.url).leak();
    let headers: &'static [(&str, &str)] = vec![("location", there)].leak();
    let server = Server::start(move |_, _, _| Reply::Status(307, headers, Vec::new())).await;
    assert_eq!(start(&server).await.unwrap_err().code, "ENGINE_PROTOCOL");

    assert!(other.seen().is_empty(), "{:?}", other.seen());
}

#[tokio::test]
async fn refusals_say_what_to_mend() {
    for (status, code, word) in [
        (401, "ENGINE_REFUSED", "TRINO_PASSWORD"),
        (403, "ENGINE_REFUSED", "impersonate"),
        (404, "ENGINE_UNAVAILABLE", "address"),
        (500, "ENGINE_PROTOCOL", "address"),
    ] {
        let server = Server::start(move |_, _, _| Reply::Status(status, &[], b"no".to_vec())).await;
        let error = start(&server).await.unwrap_err();
        assert_eq!(error.code, code, "{status}");
        assert!(error.hint.as_ref().unwrap().contains(word), "{error:?}");
        assert_eq!(server.count("POST"), 1, "{status} is not asked again");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_comes_after_the_rows_before_it() {
    let server = Server::start(|seen, url, _| match seen.page() {
        3 => {
            let mut last = page(url, None, &[]);
            last["error"] = json!({
                "message": "line 2:14: Division by zero",
                "errorCode": 8,
                "errorName": "DIVISION_BY_ZERO",
                "errorType": "USER_ERROR",
                "errorLocation": {"lineNumber": 2, "columnNumber": 14},
                "failureInfo": {"type": "io.trino.spi.TrinoException", "stack": ["…"]},
            });
            Reply::Page(last)
        }
        // Enough for a batch of its own.
        2 => Reply::Page(page(url, Some(3), &[7; 8192])),
        _ => Reply::Page(counting(seen, url, 3)),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    let (rows, error) = numbers(&mut run).await;
    assert_eq!(rows.len(), 8192);
    let error = error.unwrap();
    assert_eq!((error.code, error.message.as_str()), ("DIVISION_BY_ZERO", "Division by zero"));
    assert_eq!(error.position, Some(Position { line: 2, column: 14 }));
    drop(run);
    assert_eq!(server.count("DELETE"), 0, "Trino has ended it itself");
}

#[tokio::test]
async fn what_is_no_trino_is_an_error_and_not_a_result() {
    for body in [
        &b"<html>welcome</html>"[..],
        b"",
        b"{}",
        b"{\"id\":\"q\",\"stats\":{}}",
        b"{\"id\":\"q\",\"stats\":{\"state\":\"FINISHED\"},\"data\":[[1]]}",
    ] {
        let server = Server::start(move |_, _, _| Reply::Status(200, &[], body.to_vec())).await;
        assert_eq!(start(&server).await.unwrap_err().code, "ENGINE_PROTOCOL");
    }

    let server = Server::start(|seen, url, _| match seen.page() {
        2 => {
            let mut wrong = page(url, Some(3), &[2]);
            wrong["data"] = json!([["two"]]);
            Reply::Page(wrong)
        }
        _ => Reply::Page(counting(seen, url, 3)),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    assert_eq!(numbers(&mut run).await.1.unwrap().code, "ENGINE_PROTOCOL");
    server.saw("DELETE").await;
}

#[tokio::test]
async fn half_a_result_is_not_taken_for_a_whole_one() {
    let server = Server::start(|seen, url, _| match seen.page() {
        2 => {
            let mut broken_off = page(url, None, &[2]);
            broken_off["stats"]["state"] = "RUNNING".into();
            Reply::Page(broken_off)
        }
        _ => Reply::Page(counting(seen, url, 3)),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    assert_eq!(numbers(&mut run).await.1.unwrap().code, "ENGINE_PROTOCOL");
}

#[tokio::test]
async fn packed_pages_are_unpacked_up_to_a_size() {
    fn packed(text: &[u8]) -> Reply {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        Reply::Status(200, &[("content-encoding", "gzip")], gzip.finish().unwrap())
    }
    let server = Server::start(|seen, url, _| packed(counting(seen, url, 3).to_string().as_bytes())).await;
    assert_eq!(numbers(&mut start(&server).await.unwrap()).await, all_of(3));
    assert_eq!(server.saw("POST").await.header("accept-encoding"), Some("gzip"));

    let server = Server::start(|_, _, _| packed(&vec![b' '; (64 << 20) + 1])).await;
    assert_eq!(start(&server).await.unwrap_err().code, "RESOURCE_LIMIT");
}

#[tokio::test]
async fn a_statement_without_columns_ends_without_rows() {
    let server = Server::start(|seen, url, _| match seen.page() {
        0 => Reply::Page(page(url, Some(1), &[])),
        _ => Reply::Page(page(url, None, &[])),
    })
    .await;
    let mut run = start(&server).await.unwrap();
    assert!(run.schema().fields().is_empty());
    assert_eq!(numbers(&mut run).await, (Vec::new(), None));
}
