use lakefront_engine::EngineErrorKind;
use lakefront_trino::error::Code;

use crate::lake::Lake;

#[tokio::test]
async fn dates_are_taken_apart_as_trino_does() {
    let lake = Lake::new();
    // 2024-12-30 is a Monday in the first ISO week of 2025.
    let cases = [
        ("day_of_week", "1"),
        ("dow", "1"),
        ("day_of_year", "365"),
        ("doy", "365"),
        ("week", "1"),
        ("week_of_year", "1"),
        ("year", "2024"),
        ("month", "12"),
        ("quarter", "4"),
        ("day", "30"),
        ("day_of_month", "30"),
    ];
    for (function, expected) in cases {
        assert_eq!(lake.cell(&format!("select {function}(date '2024-12-30')")).await, expected, "{function}");
    }
    assert_eq!(lake.cell("select day_of_week(date '2025-01-05')").await, "7");
    assert_eq!(lake.cell("select extract(dow from date '2025-01-05')").await, "7");
    assert_eq!(lake.cell("select extract(day_of_week from timestamp '2025-01-05 10:11:12')").await, "7");
    for (function, expected) in [("hour", "10"), ("minute", "11"), ("second", "12")] {
        assert_eq!(lake.cell(&format!("select {function}(timestamp '2025-01-05 10:11:12.9')")).await, expected);
    }
    assert_eq!(lake.cell("select date('2025-01-05') = date(timestamp '2025-01-05 23:59:59')").await, "true");
    assert_eq!(lake.cell("select date_trunc('month', date '2025-02-17')").await, "2025-02-01");
    assert_eq!(lake.cell("select date_trunc('week', date '2025-01-05')").await, "2024-12-30");
    assert_eq!(lake.cell("select date_trunc('hour', timestamp '2025-01-05 10:11:12')").await, "2025-01-05T10:00:00");
    lake.fails_with("select year('2025')", EngineErrorKind::Statement(Code::FunctionNotFound)).await;
}

#[tokio::test]
async fn dates_of_a_table_are_taken_apart_too() {
    let lake = Lake::new().with_forecast(9_100, 1_000);
    let sql = "select day_of_week(business_date) d, count(distinct business_date) from forecast group by 1 order by 1";
    let rows = lake.ask(sql).await.unwrap().rows();
    let days: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(days, ["1", "2", "3", "4", "5", "6", "7"]);
    assert!(rows.iter().all(|row| row[1] == "13"));
}

#[tokio::test]
async fn texts_are_cut_as_trino_does() {
    let lake = Lake::new();
    let cases = [
        ("substr('lakefront', 5)", "front"),
        ("substr('lakefront', -5)", "front"),
        ("substr('lakefront', -5, 2)", "fr"),
        ("substr('lakefront', 0)", ""),
        ("substr('lake', -9)", ""),
        ("substring('ünïcode' from 2 for 2)", "nï"),
        ("split_part('a:b:c', ':', 3)", "c"),
        ("coalesce(split_part('a:b', ':', 3), 'none')", "none"),
        ("coalesce(concat('a', cast(null as varchar)), 'none')", "none"),
        ("concat('a', 'b', 'c')", "abc"),
        ("coalesce(cast(greatest(1, null, 3) as varchar), 'none')", "none"),
        ("greatest(1, 2, 3)", "3"),
        ("least(2, 1, 3)", "1"),
        ("array_join(repeat('x', 3), '-')", "x-x-x"),
    ];
    for (expression, expected) in cases {
        assert_eq!(lake.cell(&format!("select {expression}")).await, expected, "{expression}");
    }
    let rows =
        lake.ask("select concat(a, b), greatest(a, b) from (values ('x', 'y'), ('x', null)) t(a, b)").await.unwrap();
    assert_eq!(rows.rows(), [["xy", "y"], ["NULL", "NULL"]]);
}

#[tokio::test]
async fn trinos_aggregates_are_there() {
    let lake = Lake::new().with_forecast(9_000, 1_000);
    let sql = "select count_if(y_05 > 50) = count(case when y_05 > 50 then 1 end), arbitrary(state) in ('CA', 'NY', 'TX'), \
               every(y_05 >= 0), abs(approx_percentile(y_05, 0.5) - 50) < 5, abs(variance(y_05) - var_samp(y_05)) < 1e-9 from forecast";
    let rows = lake.ask(sql).await.unwrap().rows();
    assert_eq!(rows, [["true"; 5]]);
    assert_eq!(
        lake.cell("select count_if(x > 1) filter (where x < 3) from (values (1), (2), (3), (null)) t(x)").await,
        "1"
    );
}

#[tokio::test]
async fn refused_functions_cannot_be_called() {
    let lake = Lake::new();
    for name in ["arrow_cast", "getenv", "pg_read_file", "version"] {
        let error = lake.fails(&format!("select \"{name}\"('x')")).await;
        assert_eq!(error.code(), "FUNCTION_NOT_FOUND", "{name}: {error:?}");
    }
    for call in ["read_csv('/etc/passwd')", "read_parquet('x')", "parquet_metadata('x')", "glob('/*')"] {
        let error = lake.fails(&format!("select * from {call}")).await;
        assert_eq!(error.code(), "FUNCTION_NOT_FOUND", "{call}: {error:?}");
    }
}
