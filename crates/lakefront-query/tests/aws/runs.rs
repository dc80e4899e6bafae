//! From start to end: failures, waiting, losing answers, and leaving nothing behind.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lakefront_engine::Progress;
use lakefront_query::aws::{Athena, AthenaConfig, AthenaRequest, AthenaState};
use lakefront_query::{ErrorKind, Position, QueryError};
use tokio::sync::watch;

use crate::lake::{copy, journal};
use crate::rows::{all, numbers};
use crate::server::{Answer, Fault, Server, request, statement, workgroup};

const LONG: Duration = Duration::from_secs(3600);

fn endless() -> Answer {
    Answer { runs: LONG, ..Answer::default() }
}

#[tokio::test]
async fn a_run_tells_states_progress_and_statistics() {
    let answer = Answer {
        queued: Duration::from_millis(150),
        runs: Duration::from_millis(200),
        reused: true,
        ..Answer::numbers(3)
    };
    let server = Server::answering(answer).await;
    let states = Arc::new(Mutex::new(Vec::new()));
    let (progress, seen) = watch::channel(Progress::default());
    let told = states.clone();
    let request = AthenaRequest {
        parameters: vec!["'x'".to_owned(), "1".to_owned()],
        progress: Some(progress),
        on_state: Some(Box::new(move |state| told.lock().unwrap().push(state))),
        ..request("told")
    };
    let config = AthenaConfig { reuse_minutes: Some(60), ..workgroup() };
    let mut run = Athena::new(server.aws().await, config).run(request).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), [0, 1, 2]);
    assert_eq!(*states.lock().unwrap(), [AthenaState::Queued { before: 0 }, AthenaState::Running]);
    assert!(seen.borrow().scanned_bytes >= 1000);
    assert_eq!(seen.borrow().rows, 3);
    let statistics = run.statistics();
    assert!(statistics.scanned_bytes >= 1000);
    assert_eq!((statistics.rows, statistics.engine_ms, run.reused()), (3, 7, true));
    let world = server.world();
    let call = &world.executions[run.id()].call;
    assert_eq!(call["ExecutionParameters"], serde_json::json!(["'x'", "1"]));
    assert_eq!(call["QueryExecutionContext"], serde_json::json!({"Database": "demo", "Catalog": "AwsDataCatalog"}));
    assert_eq!(
        call["ResultReuseConfiguration"],
        serde_json::json!({"ResultReuseByAgeConfiguration": {"Enabled": true, "MaxAgeInMinutes": 60}})
    );
    assert_eq!(call["WorkGroup"], "primary");
    assert_eq!(world.count("StopQueryExecution"), 0, "a query that has ended needs no stop");
}

#[tokio::test]
async fn the_place_in_the_queue_is_told_as_it_moves() {
    let server = Server::start().await;
    for sql in ["SELECT 1", "SELECT 2", "SELECT 3"] {
        server.world().answers.insert(sql.to_owned(), Answer { queued: LONG, ..Answer::default() });
    }
    let athena = server.athena().await;
    let queue = |sql: &str| {
        let (told, states) = watch::channel(Vec::new());
        let tell = move |state| told.send_modify(|states| states.push(state));
        let request = AthenaRequest { on_state: Some(Box::new(tell)), ..statement(sql, "queue") };
        let athena = athena.clone();
        (tokio::spawn(async move { athena.run(request).await.map(drop) }), states)
    };
    let at = |before| AthenaState::Queued { before };
    let (first, mut of_first) = queue("SELECT 1");
    of_first.wait_for(|states| *states == [at(0)]).await.unwrap();
    let (second, mut of_second) = queue("SELECT 2");
    of_second.wait_for(|states| *states == [at(1)]).await.unwrap();
    let (third, mut of_third) = queue("SELECT 3");
    of_third.wait_for(|states| *states == [at(2)]).await.unwrap();

    // One that is given up, and one that Athena begins.
    second.abort();
    of_third.wait_for(|states| *states == [at(2), at(1)]).await.unwrap();
    server.world().begin("SELECT 1");
    of_third.wait_for(|states| *states == [at(2), at(1), at(0)]).await.unwrap();
    of_first.wait_for(|states| *states == [at(0), AthenaState::Running]).await.unwrap();
    server.world().begin("SELECT 3");
    first.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
}

#[tokio::test]
async fn failures_have_our_codes_and_the_position() {
    for (reason, category, code, kind, position) in [
        (
            "COLUMN_NOT_FOUND: line 2:8: Column 'x' cannot be resolved",
            2,
            "COLUMN_NOT_FOUND",
            ErrorKind::User,
            Some((2, 8)),
        ),
        (
            "TABLE_NOT_FOUND: line 1:15: Table 'a.b.c' does not exist",
            2,
            "TABLE_NOT_FOUND",
            ErrorKind::User,
            Some((1, 15)),
        ),
        ("DIVISION_BY_ZERO: Division by zero", 2, "DIVISION_BY_ZERO", ErrorKind::User, None),
        ("Bytes scanned limit was exceeded", 2, "SCAN_LIMIT_EXCEEDED", ErrorKind::Limit, None),
        ("Query exhausted resources at this scale factor", 2, "RESOURCE_LIMIT", ErrorKind::Limit, None),
        ("GENERIC_INTERNAL_ERROR: oops", 1, "ENGINE_FAILED", ErrorKind::Unavailable, None),
        (
            "Insufficient permissions to execute the query. User: arn:aws:iam::1:user/ada is not authorized to perform: \
             glue:GetTable on resource: arn:aws:glue:us-east-1:1:table/demo/t because no policy allows it",
            2,
            "FORBIDDEN",
            ErrorKind::Forbidden,
            None,
        ),
    ] {
        let server = Server::answering(Answer { failure: Some((reason, category)), ..Answer::default() }).await;
        let error = server.athena().await.run(request("fails")).await.err().unwrap();
        let at = position.map(|(line, column)| Position { line, column });
        assert_eq!((error.code, error.kind, error.position), (code, kind, at), "{reason}");
        assert!(!error.message.contains("user/ada"));
    }
    let server = Server::start().await;
    let error = server.athena().await.run(statement("SELEC", "syntax")).await.err().unwrap();
    assert_eq!((error.code, error.position), ("SYNTAX_ERROR", Some(Position { line: 1, column: 1 })));
    assert_eq!(server.world().count("StartQueryExecution"), 1, "a wrong statement is not tried again");
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let server = Server::answering(Answer::default()).await;
    let words = "User: arn:aws:iam::1:user/ada is not authorized to perform: athena:StartQueryExecution on resource: \
                 arn:aws:athena:us-east-1:1:workgroup/primary";
    server.world().fault("StartQueryExecution", [Fault::Forbidden(words)]);
    let error = server.athena().await.run(request("right")).await.err().unwrap();
    assert_eq!((error.code, error.kind), ("FORBIDDEN", ErrorKind::Forbidden));
    assert!(error.message.contains("athena:StartQueryExecution on arn:aws:athena:us-east-1:1:workgroup/primary"));
    // A right that is missing later leaves no query behind.
    let server = Server::answering(endless()).await;
    let refusal = || Fault::Forbidden("you are not authorized to perform: athena:X");
    server.world().fault("BatchGetQueryExecution", std::iter::repeat_with(refusal).take(50));
    let error = server.athena().await.run(request("later")).await.err().unwrap();
    assert_eq!(error.code, "FORBIDDEN");
    assert!(server.falls_silent(Duration::from_secs(5)).await);
    // A single refusal among good answers ends nothing.
    let server = Server::answering(Answer { runs: Duration::from_millis(200), ..Answer::numbers(1) }).await;
    server.world().fault("BatchGetQueryExecution", [refusal()]);
    server.athena().await.run(request("stray")).await.unwrap();
}

#[tokio::test]
async fn a_full_account_is_waited_for() {
    let server = Server::answering(Answer { runs: Duration::from_millis(200), ..Answer::default() }).await;
    server.world().most = Some(1);
    let athena = server.athena().await;
    let runs = (0..3).map(|n| {
        let athena = athena.clone();
        async move { numbers(&mut athena.run(request(&format!("line {n}"))).await.unwrap()).await.unwrap() }
    });
    assert_eq!(futures::future::join_all(runs).await, vec![vec![1]; 3]);
    let server = Server::answering(endless()).await;
    server.world().most = Some(0);
    let late = AthenaRequest { deadline: Instant::now() + Duration::from_millis(500), ..request("late") };
    assert_eq!(server.athena().await.run(late).await.err().unwrap().code, "TIMEOUT");
    // What was on its way at the deadline is still refused.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.world().most = None;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(server.world().executions.is_empty(), "it came to its turn after it had been given up");
}

#[tokio::test]
async fn a_lost_answer_starts_nothing_twice() {
    let server = Server::answering(Answer::numbers(3)).await;
    let faults = [Fault::AnswerLost, Fault::Failed, Fault::NeverArrived, Fault::Throttled, Fault::AnswerLost];
    server.world().fault("StartQueryExecution", faults);
    server.world().fault("BatchGetQueryExecution", [Fault::AnswerLost, Fault::Throttled, Fault::Failed]);
    server.world().fault("GetQueryResults", [Fault::AnswerLost, Fault::Throttled]);
    let mut run = server.athena().await.run(request("lost")).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), [0, 1, 2]);
    assert_eq!(server.world().executions.len(), 1);
}

async fn until(holds: impl Fn() -> bool) {
    let comes = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), comes).await.expect("it did not come to that");
}

#[tokio::test]
async fn no_query_outlives_who_asked_for_it() {
    // While it runs.
    let server = Server::answering(endless()).await;
    let athena = server.athena().await;
    tokio::select! {
        _ = athena.run(request("dropped")) => panic!("it has no end"),
        () = until(|| server.world().executions.len() == 1) => {}
    }
    assert!(server.falls_silent(Duration::from_secs(2)).await, "it runs on");

    // At its deadline, though stopping goes wrong at first.
    server
        .world()
        .fault("StopQueryExecution", [Fault::Throttled, Fault::AnswerLost, Fault::Failed, Fault::NeverArrived]);
    let late = AthenaRequest { deadline: Instant::now() + Duration::from_secs(1), ..request("late") };
    let error = athena.run(late).await.err().unwrap();
    assert_eq!((error.code, error.kind), ("TIMEOUT", ErrorKind::Limit));
    assert_eq!(server.world().executions.len(), 2);
    assert!(server.falls_silent(Duration::from_secs(10)).await, "it runs on");

    // While nobody knows yet whether it was started.
    server.world().fault("StartQueryExecution", [Fault::AnswerLost, Fault::AnswerLost]);
    tokio::select! {
        _ = athena.run(request("unclear")) => panic!("it has no end"),
        () = until(|| server.world().executions.len() == 3) => {}
    }
    assert!(server.falls_silent(Duration::from_secs(5)).await, "it runs on");

    // With the task that ran it.
    let task = tokio::spawn({
        let athena = athena.clone();
        async move { athena.run(request("killed")).await.map(|_| ()) }
    });
    until(|| server.world().executions.len() == 4).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(server.falls_silent(Duration::from_secs(2)).await, "it runs on");
}

#[tokio::test]
async fn stop_goes_on_without_its_caller() {
    let server = Server::answering(endless()).await;
    let athena = server.athena().await;
    let runs = athena.clone();
    let run = tokio::spawn(async move { runs.run(request("stopped")).await.map(|_| ()) });
    until(|| !server.world().executions.is_empty()).await;
    let id = server.world().executions.keys().next().unwrap().clone();
    server.world().fault("StopQueryExecution", [Fault::Failed, Fault::Throttled]);
    let stopped = tokio::time::timeout(Duration::from_millis(5), athena.stop(&id)).await;
    assert!(stopped.is_err(), "the first answer was a failure");
    let error = run.await.unwrap().unwrap_err();
    assert_eq!((error.code, error.kind), ("CANCELLED", ErrorKind::Conflict));
    athena.stop(&id).await.unwrap();
    assert!(athena.stop("unknown").await.is_err());
}

#[tokio::test]
async fn reading_ends_at_the_deadline() {
    let server = Server::answering(Answer::numbers(5000)).await;
    let late = AthenaRequest { deadline: Instant::now() + Duration::from_millis(700), ..request("slow reader") };
    let mut run = server.athena().await.run(late).await.unwrap();
    server.world().fault("Get", std::iter::repeat_n(Fault::Failed, 50));
    let ended: Result<_, QueryError> = all(&mut run).await;
    assert!(matches!(ended.unwrap_err().code, "TIMEOUT" | "AWS_UNAVAILABLE"));
}

/// A process that was killed while it ran something: the same files in `next`, and nobody holds the lock.
struct Killed {
    folder: tempfile::TempDir,
    /// What still waits in the folder of the one that was killed, as the test can't kill itself.
    waits: tokio::task::JoinHandle<Option<QueryError>>,
}

impl Killed {
    /// Once it has heard the ids of so many.
    async fn running(server: &Server, request: AthenaRequest, heard: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first");
        let athena = Athena::with_journal(server.aws().await, workgroup(), &first, LONG).unwrap();
        let before = server.world().running();
        let waits = tokio::spawn(async move { athena.run(request).await.err() });
        until(|| server.world().running() != before).await;
        let killed = Self { folder, waits };
        until(|| journal(&first, "\"id\":\"") >= heard).await;
        copy(&first, &killed.next());
        assert_eq!(journal(&killed.next(), ""), 1);
        killed
    }

    fn next(&self) -> PathBuf {
        self.folder.path().join("next")
    }

    async fn are_closed(&self) {
        let patience = Instant::now() + Duration::from_secs(5);
        while journal(self.folder.path(), "") > 0 {
            assert!(Instant::now() < patience, "{:?}", walk(self.folder.path()));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_tells_even_of_a_start_whose_answer_nobody_heard() {
    let server = Server::answering(endless()).await;
    // The queries run, and their ids are never told.
    server.world().fault("StartQueryExecution", [Fault::AnswerLost, Fault::AnswerLost]);
    let killed = Killed::running(&server, request("journal"), 0).await;
    // Nobody can ask for it: what it read is not known.
    let _next = Athena::with_journal(server.aws().await, workgroup(), &killed.next(), LONG).unwrap();
    assert!(server.falls_silent(Duration::from_secs(10)).await);
    assert_eq!(server.world().executions.len(), 1, "the token told the id of the one that ran");
    killed.are_closed().await;
    assert_eq!(killed.waits.await.unwrap().map(|error| error.code), Some("CANCELLED"));
}

fn over(data: &str, seed: &str) -> AthenaRequest {
    AthenaRequest { data: Some(data.to_owned()), ..request(seed) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_of_a_killed_process_is_taken_up_by_whoever_asks_for_the_same() {
    let server = Server::answering(Answer { runs: Duration::from_secs(4), ..Answer::numbers(2) }).await;
    let killed = Killed::running(&server, over("monday", "first"), 1).await;
    let next = Athena::with_journal(server.aws().await, workgroup(), &killed.next(), LONG).unwrap();
    for other in [
        over("tuesday", "new data"),
        request("data unknown"),
        AthenaRequest { principal: "eve".to_owned(), ..over("monday", "another person") },
        AthenaRequest { parameters: vec!["1".to_owned()], ..over("monday", "a parameter") },
    ] {
        let before = server.world().executions.len();
        let run = tokio::spawn({
            let next = next.clone();
            async move { next.run(other).await.map(drop) }
        });
        until(|| server.world().executions.len() != before).await;
        run.abort();
    }
    let started = server.world().executions.len();
    let mut run = next.run(over("monday", "again")).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), [0, 1]);
    assert_eq!(server.world().executions.len(), started, "the one that ran has answered");
    drop(run);
    // Taken up once only.
    server.world().answers.insert("SELECT 1".to_owned(), Answer::numbers(3));
    let mut run = next.run(over("monday", "once more")).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), [0, 1, 2]);
    killed.are_closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_of_a_killed_process_is_stopped_when_nobody_asks_for_it() {
    let server = Server::answering(endless()).await;
    let killed = Killed::running(&server, over("monday", "first"), 1).await;
    let patience = Duration::from_secs(2);
    let _next = Athena::with_journal(server.aws().await, workgroup(), &killed.next(), patience).unwrap();
    tokio::time::sleep(patience / 2).await;
    assert_eq!(server.world().running(), 1, "it is held");
    assert!(server.falls_silent(Duration::from_secs(5)).await);
    killed.are_closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_of_a_killed_process_that_failed_is_run_anew() {
    let server = Server::answering(endless()).await;
    let killed = Killed::running(&server, over("monday", "first"), 1).await;
    let next = Athena::with_journal(server.aws().await, workgroup(), &killed.next(), LONG).unwrap();
    let id = server.world().executions.keys().next().unwrap().clone();
    next.stop(&id).await.unwrap();
    server.world().answers.insert("SELECT 1".to_owned(), Answer::numbers(1));
    let mut run = next.run(over("monday", "again")).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), [0]);
    assert_eq!(server.world().executions.len(), 2);
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(walk(&path)),
            path => found.push(path.display().to_string()),
        }
    }
    found
}
