use std::time::{Duration, Instant};

use lakefront_engine::{EngineErrorKind, Limits};

use crate::lake::{LIMITS, Lake};

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_query_stops_its_work_whatever_it_does() {
    let lake = Lake::new().with_forecast(60_000, 10_000);
    let busy = [
        ("scan and filter without matches", "select a.y_05 from forecast a, forecast b where a.y_05 + b.y_05 < -1"),
        ("hash aggregate", "select a.y_05 + b.y_05, count(*) from forecast a, forecast b group by 1"),
        ("sort", "select a.y_05 + b.y_05 from forecast a, forecast b order by 1 limit 10"),
        (
            "hash join",
            "select count(*) from forecast a join forecast b on a.dma_id = b.dma_id join forecast c on b.dma_id = c.dma_id",
        ),
        ("nested loop join", "select count(*) from forecast a join forecast b on a.y_05 < b.y_50 + 1"),
        ("cross join", "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c"),
        (
            "window",
            "select sum(s) over (order by s rows between 100 preceding and current row) from (select a.y_05 s from forecast a, forecast b)",
        ),
        ("recursive", "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t"),
        (
            "regex",
            "select count(*) from forecast a, forecast b where regexp_like(a.dma_id || b.dma_id, '(D|x)+[0-9]{4}z')",
        ),
        ("series", "select count(*) from generate_series(1, 1000000000000) t(x) where x % 7 = 9"),
    ];
    for (name, sql) in busy {
        let prepared = lake.pool.prepare(lake.job(sql)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let mut running = prepared.run().await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(300), running.next()).await;
        assert!(!matches!(early, Ok(None)), "{name} was over before it could be cancelled");
        if let Ok(Some(Err(error))) = early {
            panic!("{name}: {error:?}");
        }
        drop(running);
        tokio::time::sleep(Duration::from_millis(900)).await;
        let ticks = || lake.cpu_ticks().iter().map(|(_, ticks)| ticks).sum::<u64>();
        let before = ticks();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let spent = ticks().saturating_sub(before);
        assert!(spent <= 8, "{name}: workers still compute ({spent} ticks)");
        assert_eq!(lake.cell("select 1").await, "1", "after {name}");
    }
}

#[tokio::test]
async fn a_dropped_plan_gives_its_worker_back() {
    let lake = Lake::with_workers(2).with_forecast(300, 100);
    for _ in 0..6 {
        drop(lake.pool.prepare(lake.job("select * from forecast")).await.unwrap());
    }
    assert_eq!(lake.cell("select count(*) from forecast").await, "300");
}

#[tokio::test]
async fn a_deadline_holds_for_running_and_for_idling() {
    let mut lake = Lake::new().with_forecast(30_000, 5_000);
    lake.limits = Limits { deadline: Duration::from_secs(1), ..LIMITS };
    let began = Instant::now();
    lake.fails_with(
        "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c, forecast d",
        EngineErrorKind::Timeout,
    )
    .await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());

    // Nobody reads, so the worker waits; its time runs all the same.
    let prepared = lake.pool.prepare(lake.job("select a.* from forecast a, forecast b")).await.unwrap();
    let mut running = prepared.run().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let error = loop {
        match running.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the query cannot have finished"),
        }
    };
    assert_eq!(error.kind, EngineErrorKind::Timeout, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn something_cheap_always_finds_a_worker() {
    let lake = Lake::with_workers(2).with_forecast(30_000, 5_000);
    let endless = "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c";
    let mut runs = Vec::new();
    for _ in 0..3 {
        let (pool, job) = (lake.pool.clone(), lake.job(endless));
        runs.push(tokio::spawn(async move {
            let mut running = pool.prepare(job).await?.run().await?;
            running.next().await.transpose()
        }));
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let began = Instant::now();
    assert_eq!(lake.cell("select 1").await, "1");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    runs.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn what_only_looked_cheap_makes_way() {
    let lake = Lake::with_workers(2).with_forecast(30_000, 5_000);
    // A few kilobytes to read, and a million million pairs of equal states to make of them.
    let endless =
        "select count(*) from forecast a join forecast b on a.state = b.state join forecast c on b.state = c.state";
    let mut runs = Vec::new();
    for _ in 0..3 {
        let (pool, job) = (lake.pool.clone(), lake.job(endless));
        runs.push(tokio::spawn(async move {
            let mut running = pool.prepare(job).await?.run().await?;
            running.next().await.transpose()
        }));
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let began = Instant::now();
    assert_eq!(lake.cell("select 1").await, "1");
    // Each had the last worker for a short time only.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(runs.iter().all(|run| !run.is_finished()));
    runs.iter().for_each(tokio::task::JoinHandle::abort);
}
