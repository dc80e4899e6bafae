use std::time::Duration;

use arrow::datatypes::DataType;
use lakefront_engine::{EngineErrorKind, Limits, Literal};
use lakefront_trino::error::Code;

use crate::lake::{LIMITS, Lake};

#[tokio::test]
async fn a_dashboard_question_is_answered() {
    let lake = Lake::new().with_forecast(9_000, 1_000);
    let answer = lake
        .ask("select business_date, sum(y_05), count(*) from forecast where state = 'CA' group by 1 order by 1")
        .await
        .unwrap();
    let rows = answer.rows();
    assert_eq!(rows.len(), 91);
    assert_eq!(rows[0][0], "2025-01-01");
    assert_eq!(rows[90][0], "2025-04-01");
    let counted: u64 = rows.iter().map(|row| row[2].parse::<u64>().unwrap()).sum();
    assert_eq!(counted, 3_000);
    assert!(!answer.statistics.truncated);
}

#[tokio::test]
async fn names_are_found_in_any_case_and_qualified() {
    let lake = Lake::new().with_forecast(300, 100);
    assert_eq!(lake.cell("SELECT COUNT(*) FROM Forecast").await, "300");
    assert_eq!(lake.cell("select count(*) from LOCAL.Demo.FORECAST where STATE = 'NY'").await, "100");
}

#[tokio::test]
async fn strings_come_back_as_plain_utf8() {
    let lake = Lake::new().with_forecast(300, 100);
    let answer = lake.ask("select dma_id, state, restaurant_id from forecast order by 1, 2, 3 limit 5").await.unwrap();
    let types: Vec<_> = answer.schema.fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Utf8, DataType::Utf8, DataType::Int64]);
    assert_eq!(answer.rows()[0][..2], ["D00", "CA"]);
}

#[tokio::test]
async fn parameters_are_bound_as_values() {
    let lake = Lake::new().with_forecast(3_000, 1_000);
    let parameters = vec![Literal::Varchar("CA' or '1'='1".to_owned())];
    let answer = lake.ask_with("select count(*) from forecast where state = $1", parameters).await.unwrap();
    assert_eq!(answer.cell(), "0");
    let parameters =
        vec![Literal::Date("2025-01-01".to_owned()), Literal::BigInt(5), Literal::Double(0.0), Literal::Null];
    let sql =
        "select count(*) from forecast where business_date = $1 and restaurant_id > $2 and y_05 >= $3 and $4 is null";
    let bound = lake.ask_with(sql, parameters).await.unwrap();
    let written =
        "select count(*) from forecast where business_date = date '2025-01-01' and restaurant_id > 5 and y_05 >= 0";
    assert_eq!(bound.cell(), lake.cell(written).await);
}

#[tokio::test]
async fn nulls_sort_last_in_both_directions() {
    let lake = Lake::new();
    for direction in ["asc", "desc"] {
        let sql = format!("select x from (values (1), (null), (2)) t(x) order by x {direction}");
        let rows = lake.ask(&sql).await.unwrap().rows();
        assert_eq!(rows[2][0], "NULL", "{direction}");
    }
}

#[tokio::test]
async fn a_result_ends_at_its_limits_and_says_so() {
    let mut lake = Lake::new().with_forecast(30_000, 5_000);
    lake.limits = Limits { result_rows: 1_234, ..LIMITS };
    let answer = lake.ask("select * from forecast").await.unwrap();
    assert_eq!((answer.statistics.rows, answer.statistics.truncated), (1_234, true));

    lake.limits = Limits { result_bytes: 100_000, ..LIMITS };
    let answer = lake.ask("select * from forecast").await.unwrap();
    assert!(answer.statistics.truncated);
    assert!((100..5_000).contains(&answer.statistics.rows), "{} rows", answer.statistics.rows);
}

#[tokio::test]
async fn nothing_but_the_jobs_tables_exists() {
    let lake = Lake::new().with_forecast(300, 100);
    let path = lake.root().join("forecast/state=CA/part.parquet");
    let missing = [
        "select * from nowhere".to_owned(),
        format!("select * from '{}'", path.display()),
        format!("select * from \"file://{}\"", path.display()),
        "select * from information_schema.tables".to_owned(),
        "select * from \"forecast$partitions\"".to_owned(),
        "select * from other.demo.forecast".to_owned(),
    ];
    for sql in missing {
        lake.fails_with(&sql, EngineErrorKind::TableNotFound).await;
    }
    let refused = [
        "create table x as select 1",
        "create external table x stored as csv location '/etc/passwd'",
        "copy (select 1) to '/tmp/x.csv'",
        "set datafusion.execution.batch_size = 1",
        "insert into forecast select * from forecast",
    ];
    for sql in refused {
        let kind = lake.fails(sql).await.kind;
        let expected = [EngineErrorKind::NotSupported, EngineErrorKind::Syntax, EngineErrorKind::TableNotFound];
        assert!(expected.contains(&kind), "{sql}: {kind:?}");
    }
}

#[tokio::test]
async fn mistakes_are_named() {
    use EngineErrorKind::*;
    let lake = Lake::new().with_forecast(300, 100);
    let error = lake.fails_with("select\n  1 + )", Syntax).await;
    assert_eq!(error.position, Some((2, 7)), "{error:?}");
    let error = lake.fails_with("select restaurant from forecast", ColumnNotFound).await;
    assert!(error.message.contains("restaurant"), "{}", error.message);
    lake.fails_with("select cast('x' as bigint)", InvalidCast).await;
    lake.fails_with("select 1 / (restaurant_id - restaurant_id) from forecast", DivisionByZero).await;
    lake.fails_with("select sum(dma_id) from forecast", Statement(Code::FunctionNotFound)).await;
    lake.fails_with("select regexp_like(dma_id, '(') from forecast", Statement(Code::InvalidFunctionArgument)).await;
}

#[tokio::test]
async fn a_reader_that_waits_holds_the_worker_back() {
    let lake = Lake::new().with_forecast(60_000, 5_000);
    let prepared =
        lake.pool.prepare(lake.job("select a.* from forecast a cross join (values (1),(2),(3),(4)) b")).await.unwrap();
    let mut running = prepared.run().await.unwrap();
    let first = running.next().await.unwrap().unwrap();
    assert!(first.rows > 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let progress = running.progress();
    assert!(progress.borrow().rows < 60_000, "the worker ran ahead of its reader");
    let mut rows = first.rows;
    while let Some(frame) = running.next().await {
        rows += frame.unwrap().rows;
    }
    assert_eq!(rows, 240_000);
    assert_eq!(progress.borrow().fraction, 1.0);
}
