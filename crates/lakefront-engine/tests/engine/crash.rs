use std::time::Duration;

use lakefront_engine::EngineErrorKind;

use crate::lake::Lake;

/// Worker processes of this test process that were started below the lake's spill folder.
fn workers_of(lake: &Lake) -> Vec<u32> {
    let spill = lake.folder.path().join("spill");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|folder| folder.starts_with(&spill)))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_takes_only_its_own_query_along() {
    let lake = Lake::new().with_forecast(60_000, 10_000);
    let before = workers_of(&lake);
    let endless = "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c";
    let mut victim = lake.pool.prepare(lake.job(endless)).await.unwrap().run().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    // The victim's worker is the one that computes: the only one there was, or the busiest.
    let busiest = workers_of(&lake)
        .into_iter()
        .max_by_key(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            stat.rsplit_once(") ").unwrap().1.split(' ').nth(11).unwrap().parse::<u64>().unwrap()
        })
        .unwrap();
    assert!(!before.is_empty());
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

#[tokio::test]
async fn a_worker_that_died_while_idle_is_replaced_unnoticed() {
    let lake = Lake::new().with_forecast(300, 100);
    assert_eq!(lake.cell("select count(*) from forecast").await, "300");
    for _ in 0..3 {
        workers_of(&lake).into_iter().for_each(kill);
        assert_eq!(lake.cell("select count(*) from forecast").await, "300");
    }
}

#[tokio::test]
async fn idle_workers_leave_one_spare_and_no_folders() {
    let lake = Lake::new().with_forecast(300, 100);
    let (a, b, c) = tokio::join!(
        lake.ask("select count(*) from forecast"),
        lake.ask("select sum(y_05) from forecast"),
        lake.ask("select max(y_50) from forecast")
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if workers_of(&lake).len() == 1 && lake.spill_folders() == 1 {
            return;
        }
    }
    panic!("{} workers and {} folders are left", workers_of(&lake).len(), lake.spill_folders());
}
