//! A real Trino. `deploy/test/trino.sh test` starts one and runs these.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMillisecondType, Field, Float32Type, Float64Type, Int64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lakefront_query::trino::{TrinoAuth, TrinoClient, TrinoConfig, TrinoRun, TrinoSession, TrinoTable};
use lakefront_query::{Position, QueryError, trino_type};

use crate::protocol::soon;

/// A client of a catalog; `None`, and so no test, where no Trino is named.
fn trino(catalog: &str) -> Option<TrinoClient> {
    let Ok(url) = std::env::var("LAKEFRONT_TEST_TRINO") else {
        eprintln!("skipped: LAKEFRONT_TEST_TRINO names no Trino; `deploy/test/trino.sh test` starts one");
        return None;
    };
    let config = TrinoConfig::parse(&format!("{url}/{catalog}"), TrinoAuth::None, None).unwrap();
    Some(TrinoClient::new(config).unwrap())
}

async fn start(trino: &TrinoClient, sql: &str) -> Result<TrinoRun, QueryError> {
    trino.run(sql, &TrinoSession::default(), soon()).await
}

async fn rows(trino: &TrinoClient, sql: &str) -> Result<RecordBatch, QueryError> {
    let mut run = start(trino, sql).await?;
    let mut batches = Vec::new();
    while let Some(batch) = run.next().await {
        batches.push(batch?);
    }
    Ok(concat_batches(run.schema(), &batches).unwrap())
}

async fn fails(trino: &TrinoClient, sql: &str) -> QueryError {
    rows(trino, sql).await.expect_err(sql)
}

fn told(field: &Field) -> String {
    field.metadata().get(lakefront_trino::types::TYPE_KEY).cloned().unwrap_or_else(|| trino_type(field.data_type()))
}

/// Types and values of the one row, as Arrow prints them.
fn printed(batch: &RecordBatch) -> Vec<(String, String)> {
    assert_eq!(batch.num_rows(), 1);
    let options = FormatOptions::default().with_null("null");
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let printed = columns
        .map(|(field, column)| (told(field), ArrayFormatter::try_new(column, &options).unwrap().value(0).to_string()));
    printed.collect()
}

#[tokio::test]
async fn every_type_arrives_exactly() {
    let Some(trino) = trino("tpch") else { return };
    for (sql, kind, value) in [
        ("NULL", "unknown", "null"),
        ("true", "boolean", "true"),
        ("TINYINT '-128'", "tinyint", "-128"),
        ("SMALLINT '32767'", "smallint", "32767"),
        ("-2147483648", "integer", "-2147483648"),
        ("9223372036854775807", "bigint", "9223372036854775807"),
        ("9007199254740993", "bigint", "9007199254740993"),
        ("REAL '16777216.1'", "real", "16777216.0"),
        ("REAL '3.4028235E38'", "real", "3.4028235e38"),
        ("DOUBLE '0.1'", "double", "0.1"),
        ("DOUBLE '1.7976931348623157E308'", "double", "1.7976931348623157e308"),
        ("DOUBLE '4.9E-324'", "double", "5e-324"),
        ("nan()", "double", "NaN"),
        ("-infinity()", "double", "-inf"),
        ("CAST(nan() AS real)", "real", "NaN"),
        (
            "DECIMAL '-99999999999999999999999999999999.999999'",
            "decimal(38,6)",
            "-99999999999999999999999999999999.999999",
        ),
        ("DECIMAL '0.05'", "decimal(2,2)", "0.05"),
        ("CAST('ž\"\\' AS varchar)", "varchar", "ž\"\\"),
        ("'abc'", "varchar(3)", "abc"),
        ("CAST('ab' AS char(4))", "char(4)", "ab  "),
        ("X'00ff'", "varbinary", "00ff"),
        ("DATE '2024-05-06'", "date", "2024-05-06"),
        ("DATE '-0001-05-05'", "date", "-0001-05-05"),
        ("TIME '10:11:12'", "time(0)", "10:11:12"),
        ("TIME '10:11:12.123'", "time(3)", "10:11:12.123"),
        ("TIME '10:11:12.123456'", "time(6)", "10:11:12.123456"),
        ("TIME '10:11:12.123456789'", "time(9)", "10:11:12.123456789"),
        ("TIME '10:11:12.1'", "time(1)", "10:11:12.1"),
        ("TIME '10:11:12.123+05:30'", "time(3) with time zone", "10:11:12.123+05:30"),
        ("TIMESTAMP '2024-05-06 10:11:12'", "timestamp(0)", "2024-05-06T10:11:12"),
        ("TIMESTAMP '2024-05-06 10:11:12.123'", "timestamp(3)", "2024-05-06T10:11:12.123"),
        ("TIMESTAMP '0001-01-01 00:00:00.000001'", "timestamp(6)", "0001-01-01T00:00:00.000001"),
        ("TIMESTAMP '2024-05-06 10:11:12.123456789012'", "timestamp(12)", "2024-05-06 10:11:12.123456789012"),
        (
            "TIMESTAMP '2024-05-06 10:11:12.123 Europe/Paris'",
            "timestamp(3) with time zone",
            "2024-05-06 10:11:12.123 Europe/Paris",
        ),
        ("from_unixtime(0)", "timestamp(3) with time zone", "1970-01-01 00:00:00.000 UTC"),
        ("INTERVAL '-14' MONTH", "interval year to month", "-1-2"),
        ("JSON '{\"a\":[1,null]}'", "json", "{\"a\":[1,null]}"),
        ("UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'", "uuid", "12151fd2-7586-11e9-8f9e-2a86e4085a59"),
        ("IPADDRESS '10.0.0.1'", "ipaddress", "10.0.0.1"),
        ("CAST(approx_set(1) AS HyperLogLog)", "HyperLogLog", "AgwBAIADRAA="),
        ("ARRAY[1, NULL]", "array(integer)", "[1, null]"),
        ("ARRAY[ARRAY['a']]", "array(array(varchar(1)))", "[[a]]"),
        ("MAP(ARRAY['a', 'b'], ARRAY[1.50, NULL])", "map(varchar(1), decimal(3,2))", "{a: 1.50, b: null}"),
        ("MAP(ARRAY[DATE '2024-05-06'], ARRAY[true])", "map(date, boolean)", "{2024-05-06: true}"),
        ("MAP(ARRAY[X'4865'], ARRAY[BIGINT '1'])", "map(varbinary, bigint)", "{4865: 1}"),
        ("MAP(ARRAY[1e10], ARRAY[1])", "map(double, integer)", "{10000000000.0: 1}"),
        ("MAP(ARRAY[ARRAY[1, 2]], ARRAY[1])", "map(array(integer), integer)", "{[1, 2]: 1}"),
        (
            "MAP(ARRAY[1], ARRAY[MAP(ARRAY['x'], ARRAY[nan()])])",
            "map(integer, map(varchar(1), double))",
            "{1: {x: NaN}}",
        ),
        ("ROW(1, 2.5)", "row(integer, decimal(2,1))", "{field0: 1, field1: 2.5}"),
        (
            "CAST(ROW(1, 'a', NULL, ARRAY[ROW(DATE '2024-05-06')]) AS ROW(a bigint, \"b \"\"C\" varchar(3), time time(3) with time zone, d array(row(e date))))",
            "row(a bigint, \"b \"\"C\" varchar(3), time time(3) with time zone, d array(row(e date)))",
            "{a: 1, b \"C: a, time: null, d: [{e: 2024-05-06}]}",
        ),
    ] {
        let batch = rows(&trino, &format!("SELECT {sql} AS \"x Y\"")).await.unwrap();
        assert_eq!(batch.schema_ref().field(0).name(), "x Y");
        assert_eq!(printed(&batch), [(kind.to_owned(), value.to_owned())], "{sql}");
    }
    let batch = rows(&trino, "SELECT INTERVAL '-1 02:03:04.005' DAY TO SECOND").await.unwrap();
    assert_eq!(told(batch.schema_ref().field(0)), "interval day to second");
    assert_eq!(batch.column(0).as_primitive::<DurationMillisecondType>().value(0), -93_784_005);
}

#[tokio::test]
async fn a_table_of_many_pages_is_complete() {
    let Some(trino) = trino("tpch") else { return };
    let mut run = start(&trino, "SELECT * FROM tiny.lineitem").await.unwrap();
    let kinds: Vec<String> = run.schema().fields().iter().map(|field| told(field)).collect();
    assert_eq!((kinds.len(), kinds[0].as_str(), kinds[4].as_str()), (16, "bigint", "double"));
    let (mut count, mut keys, mut dates) = (0, 0_i128, 0);
    while let Some(batch) = run.next().await {
        let batch = batch.unwrap();
        assert!(batch.num_rows() <= 8192);
        count += batch.num_rows();
        keys += batch.column(0).as_primitive::<Int64Type>().values().iter().map(|key| i128::from(*key)).sum::<i128>();
        dates += batch.column(10).as_primitive::<Date32Type>().values().iter().filter(|day| **day >= 9131).count();
    }
    let statistics = run.statistics();
    assert_eq!(statistics.rows, count as u64);
    assert!(statistics.engine_ms > 0);
    assert_eq!(run.progress().borrow().fraction, 1.0);

    let sums = "SELECT count(*), sum(CAST(orderkey AS decimal(38,0))), count_if(shipdate >= DATE '1995-01-01') FROM tiny.lineitem";
    let sums = rows(&trino, sums).await.unwrap();
    assert_eq!(sums.column(0).as_primitive::<Int64Type>().value(0), count as i64);
    assert_eq!(sums.column(1).as_primitive::<Decimal128Type>().value(0), keys);
    assert_eq!(sums.column(2).as_primitive::<Int64Type>().value(0), dates as i64);
}

#[tokio::test]
async fn every_bit_of_a_number_arrives() {
    let Some(trino) = trino("tpch") else { return };
    // Each number is sent with its bits.
    let sql = "SELECT d, to_ieee754_64(d), CAST(d AS real), to_ieee754_32(CAST(d AS real)) FROM (\
               SELECT (orderkey * partkey - suppkey) / (extendedprice * 1e3) * power(10, orderkey % 60 - 30) AS d \
               FROM tiny.lineitem)";
    let batch = rows(&trino, sql).await.unwrap();
    let doubles = batch.column(0).as_primitive::<Float64Type>();
    let reals = batch.column(2).as_primitive::<Float32Type>();
    for row in 0..batch.num_rows() {
        assert_eq!(batch.column(1).as_binary::<i32>().value(row), doubles.value(row).to_be_bytes());
        assert_eq!(batch.column(3).as_binary::<i32>().value(row), reals.value(row).to_be_bytes());
    }
    assert!(batch.num_rows() > 60_000);
}

#[tokio::test]
async fn failures_have_a_code_and_a_place() {
    let Some(trino) = trino("tpch") else { return };
    let at = |line, column| Some(Position { line, column });
    for (sql, code, position) in [
        ("SELECT\n  1 +", "SYNTAX_ERROR", at(2, 6)),
        ("SELECT * FROM tiny.nowhere", "TABLE_NOT_FOUND", at(1, 15)),
        ("SELECT * FROM nowhere.orders", "DATABASE_NOT_FOUND", at(1, 15)),
        ("SELECT * FROM nowhere.tiny.orders", "CATALOG_NOT_FOUND", at(1, 15)),
        ("SELECT * FROM orders", "MISSING_SCHEMA_NAME", at(1, 15)),
        ("SELECT 'ž', x FROM tiny.orders", "COLUMN_NOT_FOUND", at(1, 13)),
        ("SELECT 1 + 'a'", "TYPE_MISMATCH", at(1, 10)),
        ("SELECT nofun(1)", "FUNCTION_NOT_ALLOWED", at(1, 8)),
        ("SELECT 1 / (orderkey - orderkey) FROM tiny.orders", "DIVISION_BY_ZERO", None),
        ("SELECT CAST(clerk AS bigint) FROM tiny.orders", "INVALID_CAST_ARGUMENT", None),
        ("SELECT CAST(orderkey + 1000 AS tinyint) FROM tiny.orders", "NUMERIC_VALUE_OUT_OF_RANGE", None),
        ("SELECT orderkey * 9223372036854775807 FROM tiny.orders", "NUMERIC_VALUE_OUT_OF_RANGE", None),
        ("SELECT orderkey, count(*) FROM tiny.orders", "EXPRESSION_NOT_AGGREGATE", at(1, 8)),
        ("SELECT (SELECT orderkey FROM tiny.orders)", "SUBQUERY_MULTIPLE_ROWS", None),
        ("SELECT fail('no')", "EXECUTION_ERROR", None),
    ] {
        let error = fails(&trino, sql).await;
        assert_eq!((error.code, error.position), (code, position), "{sql}: {error:?}");
        assert!(!error.message.starts_with("line "), "{error:?}");
    }
}

#[tokio::test]
async fn a_dropped_run_and_a_deadline_end_the_query_on_trino() {
    let Some(trino) = trino("tpch") else { return };
    // Found by its text, so each run has its own.
    let mark = std::process::id();
    let long =
        format!("SELECT count(*) FROM sf1000.lineitem a, sf1000.lineitem b WHERE a.comment < b.comment -- {mark}");

    let streaming = start(&trino, "SELECT * FROM sf1000.lineitem").await.unwrap();
    let id = streaming.query_id().to_owned();
    drop(streaming);
    assert_eq!(end(&trino, &format!("query_id = '{id}'")).await, "USER_CANCELED");

    // Before there are columns, when only Trino knows its name.
    let running = tokio::time::timeout(Duration::from_millis(1500), start(&trino, &long)).await;
    drop(running);
    assert_eq!(end(&trino, &format!("query = '{long}'")).await, "USER_CANCELED");

    let long = format!("{long}, again");
    let deadline = Instant::now() + Duration::from_secs(2);
    let error = match trino.run(&long, &TrinoSession::default(), deadline).await {
        Ok(mut run) => run.next().await.unwrap().unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.code, "TIMEOUT");
    assert!(Instant::now() < deadline + Duration::from_secs(1));
    assert_eq!(end(&trino, &format!("query = '{long}'")).await, "USER_CANCELED");

    // Trino's own limit, for when nobody is left to cancel.
    let session = TrinoSession {
        properties: BTreeMap::from([("query_max_run_time".to_owned(), "1s".to_owned())]),
        ..TrinoSession::default()
    };
    let error = match trino.run(&long, &session, soon()).await {
        Ok(mut run) => run.next().await.unwrap().unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.code, "TIMEOUT");
}

/// Waits for the one query with that property to end, and says why it did.
async fn end(trino: &TrinoClient, which: &str) -> String {
    let sql = format!("SELECT state, error_code FROM system.runtime.queries WHERE {which}");
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let batch = rows(trino, &sql).await.unwrap();
        assert_eq!(batch.num_rows(), 1, "{sql}");
        let text = |column: usize| batch.column(column).as_string::<i32>().value(0).to_owned();
        if text(0) == "FAILED" {
            return text(1);
        }
        assert!(Instant::now() < patience, "still {}", text(0));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn trino_sees_who_asked() {
    let Some(trino) = trino("tpch") else { return };
    let session = TrinoSession {
        schema: Some("tiny".to_owned()),
        on_behalf_of: Some("Žofie, Ops".to_owned()),
        properties: BTreeMap::from([("task_concurrency".to_owned(), "2".to_owned())]),
    };
    let sql = "SELECT current_user, current_catalog, current_schema, current_timezone(), (SELECT count(*) FROM nation)";
    let mut run = trino.run(sql, &session, soon()).await.unwrap();
    let batch = run.next().await.unwrap().unwrap();
    let values: Vec<String> = printed(&batch).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["lakefront", "tpch", "tiny", "UTC", "25"]);
    let source = format!("SELECT source FROM system.runtime.queries WHERE query_id = '{}'", run.query_id());
    assert_eq!(rows(&trino, &source).await.unwrap().column(0).as_string::<i32>().value(0), "lakefront");

    let session = TrinoSession {
        properties: BTreeMap::from([("no_such_setting".to_owned(), "2".to_owned())]),
        ..TrinoSession::default()
    };
    assert_eq!(trino.run("SELECT 1", &session, soon()).await.unwrap_err().code, "INVALID_SESSION_PROPERTY");
}

#[tokio::test]
async fn the_tables_of_a_catalog_are_listed() {
    let Some(trino) = trino("tpch") else { return };
    let tables = trino.tables().await.unwrap();
    let schemas: std::collections::BTreeSet<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    assert!(
        schemas.contains("sf1") && schemas.contains("tiny") && !schemas.contains("information_schema"),
        "{schemas:?}"
    );
    assert_eq!(tables.len(), 8 * schemas.len());
    let nation = tables.iter().find(|table| (&*table.schema, &*table.name) == ("tiny", "nation")).unwrap();
    let column = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    assert_eq!(
        nation,
        &TrinoTable {
            schema: "tiny".to_owned(),
            name: "nation".to_owned(),
            columns: vec![
                column("nationkey", "bigint"),
                column("name", "varchar(25)"),
                column("regionkey", "bigint"),
                column("comment", "varchar(152)"),
            ],
            is_view: false,
        }
    );
}

#[tokio::test]
async fn what_is_written_can_be_read_and_views_are_told_from_tables() {
    let Some(trino) = trino("memory") else { return };
    let schema = format!("s{}", std::process::id());
    let made = start(&trino, &format!("CREATE SCHEMA {schema}")).await.unwrap();
    assert!(made.schema().fields().is_empty());
    let table = format!(
        "CREATE TABLE {schema}.t AS SELECT * FROM (VALUES (DECIMAL '1.50', ROW(1, 'it''s')), (NULL, NULL)) t(d, r)"
    );
    let written = rows(&trino, &table).await.unwrap();
    assert_eq!(written.column(0).as_primitive::<Int64Type>().value(0), 2);
    rows(&trino, &format!("CREATE VIEW {schema}.v AS SELECT d FROM {schema}.t")).await.unwrap();

    let mut run = start(&trino, &format!("SELECT * FROM {schema}.t ORDER BY d")).await.unwrap();
    let batch = run.next().await.unwrap().unwrap();
    assert_eq!(batch.num_rows(), 2);
    assert_eq!(batch.column(0).null_count(), 1);
    assert_eq!(batch.schema_ref().field(0).data_type(), &DataType::Decimal128(3, 2));
    assert!(run.next().await.is_none());

    let tables = trino.tables().await.unwrap();
    let ours: Vec<_> = tables.iter().filter(|table| table.schema == schema).collect();
    let summary: Vec<_> = ours.iter().map(|table| (table.name.as_str(), table.is_view, table.columns.len())).collect();
    assert_eq!(summary, [("t", false, 2), ("v", true, 1)]);

    for sql in ["DROP VIEW {}.v", "DROP TABLE {}.t", "DROP SCHEMA {}"] {
        rows(&trino, &sql.replace("{}", &schema)).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_goes_over_tls_that_a_given_authority_signed() {
    if trino("tpch").is_none() {
        return;
    }
    let setting = |name: &str| std::env::var(name).unwrap();
    let url = format!("{}/tpch", setting("LAKEFRONT_TEST_TRINO_TLS"));
    let (jwt, ca) = (setting("LAKEFRONT_TEST_TRINO_JWT"), std::fs::read(setting("LAKEFRONT_TEST_TRINO_CA")).unwrap());
    let client = |jwt: Option<String>, ca: Option<Vec<u8>>| {
        let auth = jwt.map_or(TrinoAuth::None, TrinoAuth::Jwt);
        TrinoClient::new(TrinoConfig::parse(&url, auth, ca).unwrap()).unwrap()
    };

    let batch = rows(&client(Some(jwt.clone()), Some(ca.clone())), "SELECT current_user").await.unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "ben");

    let untrusted = fails(&client(Some(jwt.clone()), None), "SELECT 1").await;
    assert_eq!(untrusted.code, "ENGINE_UNAVAILABLE");
    assert!(untrusted.message.contains("certificate"), "{untrusted:?}");

    let forged = fails(&client(Some(format!("{jwt}x")), Some(ca.clone())), "SELECT 1").await;
    assert_eq!(forged.code, "ENGINE_REFUSED");
    assert!(forged.hint.unwrap().contains("TRINO_TOKEN"));
    assert_eq!(fails(&client(None, Some(ca.clone())), "SELECT 1").await.code, "ENGINE_REFUSED");

    // Ben may not be someone else.
    let url = url.replace("https://", "https://ana@");
    let config = TrinoConfig::parse(&url, TrinoAuth::Jwt(jwt), Some(ca)).unwrap();
    let impersonating = fails(&TrinoClient::new(config).unwrap(), "SELECT 1").await;
    assert_eq!(impersonating.code, "FORBIDDEN");
    assert!(impersonating.message.contains("impersonate"), "{impersonating:?}");
}
