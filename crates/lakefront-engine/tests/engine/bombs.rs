use std::time::{Duration, Instant};

use lakefront_engine::{EngineErrorKind, Limits};

use crate::lake::{LIMITS, Lake};

async fn ends_in_time(lake: &Lake, sql: &str, expected: &[EngineErrorKind]) {
    let began = Instant::now();
    let error = lake.fails(sql).await;
    let shown = &sql[..sql.len().min(120)];
    assert!(expected.contains(&error.kind), "{shown}: {error:?}");
    assert!(began.elapsed() < lake.limits.deadline + Duration::from_secs(2), "{shown}: {:?}", began.elapsed());
    assert_eq!(lake.cell("select 1").await, "1", "after {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn greedy_queries_end_by_a_limit() {
    use EngineErrorKind::{ResourceLimit, Timeout};
    let mut lake = Lake::new().with_forecast(30_000, 5_000);
    lake.limits = Limits { deadline: Duration::from_secs(6), memory_bytes: 256 << 20, ..LIMITS };
    for sql in
        ["select repeat('x', 2000000000)", "select rpad('x', 2000000000, 'y')", "select lpad('x', 2000000000, 'y')"]
    {
        ends_in_time(&lake, sql, &[ResourceLimit]).await;
    }
    let others = [
        "select sum(a.y_05 + b.y_05 * c.y_05) from forecast a, forecast b, forecast c, forecast d, forecast e, forecast f",
        "select a.* from generate_series(1, 100000000) a(x) join generate_series(1, 10) b(y) on a.x > b.y where a.x + b.y < 0",
        "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t",
        "with recursive t(n) as (select 1 union all select t.n + 1 from t, forecast) select count(*) from t",
        "select array_agg(a.dma_id || b.dma_id) from forecast a, forecast b",
        "select count(*) from generate_series(1, 10000) a(x), generate_series(1, 10000) b(y), generate_series(1, 10000) c(z) \
         where regexp_like(cast(x + y + z as varchar), '(a+)+$')",
    ];
    for sql in others {
        ends_in_time(&lake, sql, &[ResourceLimit, Timeout]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_and_wide_statements_end_without_harm() {
    use EngineErrorKind::{QueryTooComplex, ResourceLimit, Syntax, Timeout};
    let mut lake = Lake::new().with_forecast(300, 100);
    lake.limits.deadline = Duration::from_secs(6);
    let bombs = [
        format!("select {}1", "1+".repeat(20_000)),
        format!("select {}1{}", "(".repeat(50_000), ")".repeat(50_000)),
        format!("select {}true", "not ".repeat(50_000)),
        format!("select count(*) from forecast where {}", vec!["restaurant_id = 1"; 20_000].join(" or ")),
        format!("{}select 1", "select 1 union all ".repeat(3_000)),
        format!("select {}1{}", "abs(".repeat(5_000), ")".repeat(5_000)),
    ];
    for sql in bombs {
        let began = Instant::now();
        if let Err(error) = lake.ask(&sql).await {
            let expected = [QueryTooComplex, ResourceLimit, Timeout, Syntax];
            assert!(expected.contains(&error.kind), "{}: {:?}", &sql[..40], error);
        }
        assert!(began.elapsed() < Duration::from_secs(9), "{}: {:?}", &sql[..40], began.elapsed());
        assert_eq!(lake.cell("select 1").await, "1", "after {}", &sql[..40]);
    }
}

#[tokio::test]
async fn hostile_patterns_are_quick_or_refused() {
    let lake = Lake::new();
    let began = Instant::now();
    assert_eq!(lake.cell("select regexp_like(rpad('a', 50000, 'a') || '!', '(a+)+$')").await, "false");
    lake.fails_with("select regexp_like('x', '(a{1,1000}){1,1000}')", EngineErrorKind::InvalidRegex).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn sorting_more_than_memory_spills_and_cleans_up() {
    let mut lake = Lake::new().with_forecast(600_000, 50_000);
    lake.limits = Limits { memory_bytes: 96 << 20, deadline: Duration::from_secs(60), ..LIMITS };
    let sql = "select dma_id || '-' || cast(y_50 as varchar) || rpad('', 60, 'x') k, y_05 from forecast order by 1";
    let answer = lake.ask(sql).await.unwrap();
    assert_eq!(answer.statistics.rows, 600_000);
    let keys: Vec<Vec<String>> = answer.rows();
    assert!(keys.windows(2).all(|pair| pair[0][0] <= pair[1][0]));

    lake.limits.spill_bytes = 1 << 20;
    lake.fails_with(sql, EngineErrorKind::ResourceLimit).await;
    let left: u64 = walk(&lake.folder.path().join("spill"));
    assert_eq!(left, 0, "spilled bytes are left behind");
}

/// Bytes in files below a folder.
fn walk(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => walk(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
