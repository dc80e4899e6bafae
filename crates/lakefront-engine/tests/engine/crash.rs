use std::path::PathBuf;
use std::time::Duration;

use futures::FutureExt;
use lakefront_engine::{EngineErrorKind, PoolConfig};

use crate::lake::Lake;

/// The worker that computes.
fn busiest(lake: &Lake) -> u32 {
    lake.cpu_ticks().into_iter().max_by_key(|(_, ticks)| *ticks).unwrap().0
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_takes_only_its_own_query_along() {
    let lake = Lake::new().with_forecast(60_000, 10_000);
    let endless = "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c";
    let mut victim = lake.pool.prepare(lake.job(endless)).await.unwrap().run().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let busiest = busiest(&lake);
    let bystander = lake.pool.prepare(lake.job("select count(*) from forecast")).await.unwrap();
    kill(busiest);
    let error = victim.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::EngineCrashed);
    assert_eq!(error.code(), "ENGINE_CRASHED");
    assert!(victim.next().await.is_none());

    let frame = bystander.run().await.unwrap().next().await.unwrap().unwrap();
    assert_eq!(frame.rows, 1);
    assert_eq!(lake.cell("select count(*) from forecast").await, "60000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_looks_away_hears_of_the_death_all_the_same() {
    let lake = Lake::new().with_forecast(60_000, 10_000);
    let endless = "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c";
    let mut victim = lake.pool.prepare(lake.job(endless)).await.unwrap().run().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    kill(busiest(&lake));
    // Each look is given up as soon as there is something to wait for.
    let error = loop {
        match victim.next().now_or_never() {
            Some(frame) => break frame.unwrap().unwrap_err(),
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(error.kind, EngineErrorKind::EngineCrashed, "{error:?}");
}

#[tokio::test]
async fn a_worker_that_died_while_idle_is_replaced_unnoticed() {
    let lake = Lake::new().with_forecast(300, 100);
    assert_eq!(lake.cell("select count(*) from forecast").await, "300");
    for _ in 0..3 {
        lake.worker_pids().into_iter().for_each(kill);
        assert_eq!(lake.cell("select count(*) from forecast").await, "300");
    }
}

#[tokio::test]
async fn idle_workers_leave_their_spares_and_no_folders() {
    let spares = PoolConfig::new(PathBuf::new(), PathBuf::new()).spares;
    let lake = Lake::new().with_forecast(300, 100);
    let (a, b, c) = tokio::join!(
        lake.ask("select count(*) from forecast"),
        lake.ask("select sum(y_05) from forecast"),
        lake.ask("select max(y_50) from forecast")
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if lake.worker_pids().len() == spares && lake.spill_folders() == spares {
            return;
        }
    }
    panic!("{} workers and {} folders are left", lake.worker_pids().len(), lake.spill_folders());
}
