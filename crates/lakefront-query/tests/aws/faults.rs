//! Many ways to go wrong, and what must hold in all of them: the right rows or a typed error, and no query left behind.

use std::time::{Duration, Instant};

use futures::StreamExt;
use lakefront_query::aws::AthenaRequest;

use crate::rows::numbers;
use crate::server::{Answer, Fault, Server, request};

/// Random numbers that a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

const OPERATIONS: [&str; 6] =
    ["StartQueryExecution", "BatchGetQueryExecution", "GetQueryResults", "StopQueryExecution", "Head", "Get"];

async fn one(seed: u64, case: u64) {
    let mut dice = Dice((seed * 1_000 + case + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let rows = [0, 1, 10, 1_500, 4_000][dice.below(5) as usize];
    let answer = Answer {
        queued: Duration::from_millis(dice.below(50)),
        runs: Duration::from_millis(dice.below(200)),
        managed: dice.below(3) == 0,
        ..Answer::numbers(rows)
    };
    let server = Server::answering(answer).await;
    let faults = [
        Fault::Throttled,
        Fault::Failed,
        Fault::AnswerLost,
        Fault::NeverArrived,
        Fault::Expired,
        Fault::Full,
        Fault::Cut,
        Fault::Replaced,
    ];
    for _ in 0..dice.below(6) + 1 {
        let operation = OPERATIONS[dice.below(6) as usize];
        let fault = faults[dice.below(8) as usize].clone();
        let mut world = server.world();
        let line = world.faults.entry(operation).or_default();
        line.extend(std::iter::repeat_n(None, dice.below(3) as usize));
        line.extend(std::iter::repeat_n(Some(fault), dice.below(3) as usize + 1));
    }
    let athena = server.athena().await;
    let work = async {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut run = athena.run(AthenaRequest { deadline, ..request("fault") }).await?;
        numbers(&mut run).await
    };
    // Every third is dropped somewhere on its way.
    let patience =
        if case.is_multiple_of(3) { Duration::from_millis(dice.below(400)) } else { Duration::from_secs(60) };
    match tokio::time::timeout(patience, work).await {
        Err(_) => assert!(case.is_multiple_of(3), "seed {seed}, case {case}: no end"),
        Ok(Ok(read)) => assert_eq!(read, (0..rows as i64).collect::<Vec<_>>(), "seed {seed}, case {case}"),
        Ok(Err(error)) => {
            let known = ["AWS_UNAVAILABLE", "CREDENTIALS_EXPIRED", "DATA_CHANGED", "TIMEOUT", "TOO_MANY_REQUESTS"];
            assert!(known.contains(&error.code), "seed {seed}, case {case}: {error:?}");
        }
    }
    assert!(server.world().executions.len() <= 1, "seed {seed}, case {case}: started twice");
    assert!(server.falls_silent(Duration::from_secs(5)).await, "seed {seed}, case {case}: a query was left behind");
}

/// `LAKEFRONT_TEST_SEEDS=20` makes it the long form.
#[tokio::test(flavor = "multi_thread")]
async fn the_right_rows_or_a_typed_error_and_no_orphan() {
    let seeds = std::env::var("LAKEFRONT_TEST_SEEDS").map_or(2, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        futures::stream::iter(0..50).for_each_concurrent(25, |case| one(seed, case)).await;
    }
}
