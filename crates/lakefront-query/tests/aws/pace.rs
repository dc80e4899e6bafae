//! How late we see an end, and how often we look.

use std::time::{Duration, Instant};

use crate::server::{Answer, Server, statement};

/// Runs queries of these lengths side by side: (delays in ms, sorted; looks per second and running query).
async fn side_by_side(lengths: &[f64]) -> (Vec<f64>, f64) {
    let server = Server::start().await;
    for (n, seconds) in lengths.iter().enumerate() {
        let runs = Duration::from_secs_f64(*seconds);
        server.world().answers.insert(format!("SELECT {n}"), Answer { runs, ..Answer::default() });
    }
    let athena = server.athena().await;
    let runs = (0..lengths.len()).map(|n| {
        let (athena, server) = (athena.clone(), &server);
        async move {
            let request = lakefront_query::aws::AthenaRequest {
                deadline: Instant::now() + Duration::from_secs(60),
                ..statement(&format!("SELECT {n}"), "pace")
            };
            let run = athena.run(request).await.unwrap();
            let ended = server.world().executions[run.id()].ends_at();
            ended.elapsed().as_secs_f64() * 1e3
        }
    });
    let mut delays = futures::future::join_all(runs).await;
    delays.sort_by(f64::total_cmp);
    let looks = server.world().count("BatchGetQueryExecution");
    (delays, looks as f64 / lengths.iter().sum::<f64>())
}

/// So many lengths from 0.3 s on, each the same factor longer than the one before.
fn lengths(count: usize, longest: f64) -> Vec<f64> {
    (0..count).map(|n| 0.3 * (longest / 0.3_f64).powf(n as f64 / (count - 1) as f64)).collect()
}

fn report(what: &str, delays: &[f64], looks: f64) {
    let (median, worst) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    let figure =
        format!("{what}: median {median:.0} ms late, at most {worst:.0}; {looks:.2} looks per second and query\n");
    std::io::Write::write_all(&mut std::io::stderr(), figure.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_are_seen_soon_with_few_looks() {
    let (delays, looks) = side_by_side(&lengths(32, 6.0)).await;
    report("32 queries of 0.3 to 6 s", &delays, looks);
    assert!(delays[16] <= 100.0, "{delays:?}");
    assert!(looks <= 1.0, "{looks} looks per second and running query");
}

/// `make bench-athena`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn ends_are_seen_soon_for_half_a_minute() {
    let (delays, looks) = side_by_side(&lengths(24, 30.0)).await;
    report("24 queries of 0.3 to 30 s", &delays, looks);
    assert!(delays[12] <= 100.0, "{delays:?}");
    assert!(looks <= 1.0, "{looks} looks per second and running query");
    for seconds in [0.3, 1.0, 3.0, 10.0] {
        let (delays, looks) = side_by_side(&[seconds]).await;
        report(&format!("alone, {seconds} s"), &delays, looks);
    }
}

#[tokio::test]
async fn more_queries_than_one_call_takes_are_all_seen() {
    let (delays, _) = side_by_side(&[0.5; 120]).await;
    assert_eq!(delays.len(), 120);
    assert!(delays[119] < 1_500.0, "{:?}", &delays[100..]);
}
