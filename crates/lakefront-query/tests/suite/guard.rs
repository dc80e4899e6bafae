//! What a guard says concerns the run it was asked about, and nobody else's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use lakefront_query::{
    Admission, ApprovalState, Ask, Charge, Decision, ErrorKind, ExecutionState, Guard, PartitionRules, QueryError,
    Request, Spent,
};
use tokio::sync::Semaphore;
use ulid::Ulid;

use crate::lake::{Lake, numbers, principal, request, write_parquet};

const ENDLESS: &str = "select count(*) from numbers a, numbers b, numbers c where a.n + b.n + c.n = -1";

/// Refuses `poor`, asks about `pupil`, and writes everything down.
#[derive(Debug)]
struct Book {
    asks: Mutex<Vec<Ask>>,
    spent: Arc<Mutex<Vec<(Ulid, Spent)>>>,
    /// One permit lets one waiting run go on.
    agreed: Semaphore,
}

impl Book {
    fn new() -> Arc<Self> {
        Arc::new(Self { asks: Mutex::default(), spent: Arc::default(), agreed: Semaphore::new(0) })
    }

    /// Waits until it is asked about someone's run.
    async fn asked_by(&self, name: &str) {
        for _ in 0..200 {
            let asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if asks.iter().any(|ask| ask.principal.id == name) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody asked about a run of {name}");
    }

    fn spent(&self) -> Vec<(Ulid, Spent)> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Line(Ulid, Arc<Mutex<Vec<(Ulid, Spent)>>>);

impl Charge for Line {
    fn settle(self: Box<Self>, spent: Spent) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push((self.0, spent));
    }
}

impl Guard for Book {
    fn partition_rules(&self) -> BoxFuture<'_, Result<Arc<PartitionRules>, QueryError>> {
        Box::pin(async { Ok(Arc::default()) })
    }

    fn admit<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Admission, QueryError>> {
        Box::pin(async move {
            self.asks.lock().unwrap_or_else(PoisonError::into_inner).push(ask.clone());
            // Long enough for others to come aboard.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let bytes = ask.estimate.as_ref().map(|estimate| estimate.bytes);
            match ask.principal.id.as_str() {
                "poor" => Err(QueryError::new("BUDGET_EXCEEDED", ErrorKind::Limit, "There is nothing left.")),
                "pupil" if ask.approved_bytes < bytes => Ok(Admission::Wait("Pupils ask.".to_owned())),
                _ => Ok(Admission::Run(Box::new(Line(ask.execution, self.spent.clone())))),
            }
        })
    }

    fn decision<'a>(&'a self, _: &'a Ask, _: &'a str) -> BoxFuture<'a, Result<Decision, QueryError>> {
        Box::pin(async {
            self.agreed.acquire().await.map_err(QueryError::internal)?.forget();
            Ok(Decision { approved: true, by: "Ada".to_owned(), note: None })
        })
    }
}

fn by(name: &str, sql: &str) -> Request {
    Request { principal: principal(name), ..request(sql) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_and_a_wait_are_nobody_elses() {
    let book = Book::new();
    let guard = book.clone();
    let lake = Lake::with(|config| config.guard = guard).await;
    for held in ["poor", "pupil"] {
        let sql = format!("select count(*), '{held}' from numbers where n > 10");
        let first = tokio::spawn({
            let (queries, asked) = (lake.queries.clone(), by(held, &sql));
            async move { queries.submit(asked).await }
        });
        book.asked_by(held).await;
        let joined = lake.queries.submit(by("rich", &sql)).await.expect("it starts");
        let rows = tokio::time::timeout(Duration::from_secs(20), joined.finished()).await.expect("in time");
        assert_eq!(rows.expect("it runs").rows(), 1);
        assert!(!joined.status().statistics.reused, "it ran on its own account");
        match (held, first.await.expect("an answer")) {
            ("poor", answer) => {
                // A submission does not wait long for its plan.
                let refused = match answer {
                    Ok(execution) => execution.finished().await.err(),
                    Err(error) => Some(error),
                };
                assert_eq!(refused.expect("an error").code, "BUDGET_EXCEEDED");
            }
            (_, waiting) => {
                let waiting = waiting.expect("it waits");
                let mut states = waiting.watch();
                states.wait_for(|status| status.approval.is_some()).await.expect("it is asked about");
                let approval = waiting.status().approval.expect("an approval");
                assert_eq!((waiting.state(), approval.state), (ExecutionState::Queued, ApprovalState::Waiting));
                assert_eq!(approval.reason, "Pupils ask.");
                // What others ran meanwhile is there for it too.
                book.agreed.add_permits(1);
                waiting.finished().await.expect("rows");
                let status = waiting.status();
                assert!(status.statistics.reused);
                assert_eq!(status.approval.expect("an approval").by.as_deref(), Some("Ada"));
            }
        }
    }
    assert_eq!(book.spent().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_charged_once_whoever_leaves_it() {
    let book = Book::new();
    let guard = book.clone();
    let lake = Lake::with(|config| config.guard = guard).await;
    let first = lake.queries.submit(by("ana", ENDLESS)).await.expect("it starts");
    let second = lake.queries.submit(by("bob", ENDLESS)).await.expect("it joins");
    for execution in [&first, &second] {
        let mut states = execution.watch();
        let running = states.wait_for(|status| status.state == ExecutionState::Running);
        tokio::time::timeout(Duration::from_secs(20), running).await.expect("in time").expect("a state");
    }
    first.cancel();
    assert_eq!(first.finished().await.err().expect("an error").code, "CANCELLED");
    assert!(book.spent().is_empty(), "it runs on");
    second.cancel();
    assert_eq!(second.finished().await.err().expect("an error").code, "CANCELLED");
    for _ in 0..50 {
        if !book.spent().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let spent = book.spent();
    assert_eq!(spent.iter().map(|(id, spent)| (*id, spent.complete)).collect::<Vec<_>>(), [(first.id, false)]);

    let whole = lake.queries.submit(by("ana", "select sum(n) from numbers")).await.expect("it starts");
    whole.finished().await.expect("rows");
    let (id, spent) = book.spent().pop().expect("a charge");
    let status = whole.status();
    assert_eq!((id, spent.complete), (whole.id, true));
    assert_eq!(status.statistics.scanned_bytes, Some(spent.scanned_bytes));
    assert_eq!((status.statistics.usd, status.statistics.saved_usd), (Some(spent.usd), spent.saved_usd));
    assert_eq!(status.tables, ["local.demo.numbers"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_grown_while_it_waited_is_asked_about_again() {
    let book = Book::new();
    let guard = book.clone();
    let lake = Lake::with(|config| config.guard = guard).await;
    let waiting = lake.queries.submit(by("pupil", "select sum(n) from numbers")).await.expect("it waits");
    let mut states = waiting.watch();
    let asked = states.wait_for(|status| status.approval.is_some()).await.expect("it is asked about").clone();
    let first = asked.estimate.expect("an estimate").bytes;
    write_parquet(&lake.table_folder("numbers").join("more.parquet"), &numbers(50_000));
    lake.queries.catalogs().refresh("local", None).await.expect("it is listed");
    book.agreed.add_permits(1);
    let grown = states.wait_for(|status| status.estimate.as_ref().is_some_and(|estimate| estimate.bytes > first));
    tokio::time::timeout(Duration::from_secs(20), grown).await.expect("in time").expect("a state");
    assert_eq!(waiting.status().approval.expect("an approval").state, ApprovalState::Waiting);
    book.agreed.add_permits(1);
    let result = waiting.finished().await.expect("rows");
    assert_eq!(result.rows(), 1);
    let asks = book.asks.lock().unwrap_or_else(PoisonError::into_inner);
    let approved: Vec<Option<u64>> = asks.iter().map(|ask| ask.approved_bytes).collect();
    assert_eq!(approved, [None, Some(first), Some(first * 2)]);
}
