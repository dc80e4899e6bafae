//! How long listing takes. `cargo test -p lakefront-query --test catalog -- --ignored --nocapture`

use std::time::{Duration, Instant};

use crate::folder::Lake;

/// The asynchronous threads go on while 100,000 files are listed, and a second look finds nothing to do.
#[tokio::test(flavor = "current_thread")]
#[ignore = "writes 100,000 files"]
async fn a_hundred_thousand_files() {
    let lake = Lake::new();
    for partition in 0..100 {
        for file in 0..1000 {
            lake.write(&format!("demo/t/day={}/part-{file:05}.csv", 20_250_000 + partition), "v\n1\n");
        }
    }
    let ticks = tokio::spawn(async {
        let mut longest = Duration::ZERO;
        loop {
            let began = Instant::now();
            tokio::time::sleep(Duration::from_millis(5)).await;
            longest = longest.max(began.elapsed());
            TICK.send_replace(longest);
        }
    });
    let before = resident();
    let began = Instant::now();
    let catalogs = lake.catalogs().await;
    let first = began.elapsed();
    let began = Instant::now();
    let report = catalogs.refresh("lake", None).await.expect("lists");
    let second = began.elapsed();
    let longest = *TICK.borrow();
    ticks.abort();
    let info = catalogs.table("lake", "demo", "t").await.expect("a table");
    let inferred = began.elapsed() - second;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = resident();
    drop(catalogs);
    let began = Instant::now();
    let catalogs = lake.attach(crate::folder::in_process()).await;
    catalogs.table("lake", "demo", "t").await.expect("a table");
    let restarted = began.elapsed();
    assert_eq!((report.objects, info.files), (Some(100_000), Some(100_000)));
    assert!(report.changed.is_empty());
    let figures = format!(
        "100,000 files: first listing {first:?}, second {second:?}, columns {inferred:?}, restart to table {restarted:?}, longest pause of the \
         asynchronous thread {longest:?}, {} MiB more resident\n",
        (after.saturating_sub(before)) >> 20,
    );
    std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).expect("stderr");
    assert!(longest < Duration::from_millis(250), "{longest:?}");
}

static TICK: std::sync::LazyLock<tokio::sync::watch::Sender<Duration>> =
    std::sync::LazyLock::new(|| tokio::sync::watch::Sender::new(Duration::ZERO));

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4096
}
