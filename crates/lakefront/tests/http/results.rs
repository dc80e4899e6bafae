//! Results in every format: what values look like, and how much memory it takes.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::server::{Answer, Server, numbers};

#[tokio::test]
async fn every_type_is_written_as_trino_writes_it() {
    let server = Server::shared();
    for (sql, value) in [
        ("true", json!(true)),
        ("cast(7 as tinyint)", json!(7)),
        ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
        ("cast(1.5 as double)", json!(1.5)),
        ("cast(0.1 as real)", json!(0.1)),
        ("cast('NaN' as double)", json!("NaN")),
        ("cast('Infinity' as double)", json!("Infinity")),
        ("-cast('Infinity' as double)", json!("-Infinity")),
        ("cast('1.50' as decimal(10, 2))", json!("1.50")),
        ("'tab\t and \"quote\"'", json!("tab\t and \"quote\"")),
        ("cast(null as varchar)", json!(null)),
        ("x'00ff'", json!("AP8=")),
        ("date '2024-05-06'", json!("2024-05-06")),
        ("date '0001-01-01'", json!("0001-01-01")),
        ("cast('2024-05-06 10:11:12.123' as timestamp(3))", json!("2024-05-06 10:11:12.123")),
        ("cast('1969-12-31 23:59:59.999' as timestamp(3))", json!("1969-12-31 23:59:59.999")),
        ("array[1, null, 3]", json!([1, null, 3])),
        ("array[array['a'], array[]]", json!([["a"], []])),
    ] {
        assert_eq!(server.rows(&format!("select {sql}")).await, json!([[value]]), "{sql}");
    }
}

async fn answered(server: &Server, sql: &str, format: &str) -> Answer {
    let answer = server.run(sql, format).await;
    assert_eq!(answer.status, 200, "{format}: {}", answer.text());
    answer
}

#[tokio::test]
async fn a_result_reads_the_same_in_every_format() {
    let server = Server::shared();
    let sql = "select id, note, amount, day from (values (1, '=cmd', 1.5e0, date '2025-01-01'), (2, null, null, null), (3, '', 0e0, date '2025-01-02')) t(id, note, amount, day) order by id";
    let get = async |format: &str| answered(&server, sql, format).await;
    let csv = get("csv").await;
    assert_eq!(csv.text(), "id,note,amount,day\r\n1,=cmd,1.5,2025-01-01\r\n2,,,\r\n3,\"\",0.0,2025-01-02\r\n");
    let id = csv.header("lakefront-execution-id");
    let safe = server
        .get(&format!("/api/v1/executions/{id}/result?format=csv&safe=1"))
        .token(&server.tokens.admin)
        .send()
        .await;
    assert!(safe.text().contains("1,\"'=cmd\",1.5"), "{}", safe.text());
    assert!(safe.header("content-disposition").starts_with("attachment; filename=\"lakefront-"));
    let named = server
        .get(&format!("/api/v1/executions/{id}/result?format=parquet&name=Sales%20%2F%20S%C3%BCd"))
        .token(&server.tokens.admin)
        .send()
        .await;
    let saved = "attachment; filename=\"Sales S_d.parquet\"; filename*=UTF-8''Sales%20S%C3%BCd.parquet";
    assert_eq!(named.header("content-disposition"), saved);

    let lines = get("ndjson").await.text();
    assert_eq!(lines.lines().next().unwrap(), r#"{"id":1,"note":"=cmd","amount":1.5,"day":"2025-01-01"}"#);
    assert_eq!(lines.lines().count(), 3);

    let stream = get("arrow").await.body;
    let batches: Vec<_> =
        arrow_ipc::reader::StreamReader::try_new(&stream[..], None).unwrap().map(Result::unwrap).collect();
    let parquet = bytes::Bytes::from(get("parquet").await.body);
    let from_parquet: Vec<_> =
        ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().build().unwrap().map(Result::unwrap).collect();
    for batches in [batches, from_parquet] {
        let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
        assert_eq!(all.num_rows(), 3);
        assert!(all.column(1).is_null(1) && !all.column(1).is_null(2));
    }

    let sheet = get("xlsx").await.body;
    assert_eq!(&sheet[..4], b"PK\x03\x04");
    let none = server.run("select 1 where false", "json").await.json();
    assert_eq!(none["rows"], json!([]));
}

#[tokio::test]
async fn rows_of_nothing_but_nulls_are_there_in_every_format() {
    let server = Server::shared();
    let sql = "select nothing from (values (1, null), (2, null)) t(id, nothing)";
    let get = async |format: &str| answered(&server, sql, format).await;
    assert_eq!(get("json").await.json()["rows"], json!([[null], [null]]));
    assert_eq!(get("json&offset=1").await.json()["rows"], json!([[null]]));
    assert_eq!(get("csv").await.text(), "nothing\r\n\r\n\r\n");
    assert_eq!(get("ndjson").await.text(), "{\"nothing\":null}\n{\"nothing\":null}\n");
    let parquet = bytes::Bytes::from(get("parquet").await.body);
    let parquet = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().build().unwrap();
    assert_eq!(parquet.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
    let stream = get("arrow").await.body;
    let arrow = arrow_ipc::reader::StreamReader::try_new(&stream[..], None).unwrap();
    assert_eq!(arrow.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
    assert_eq!(&get("xlsx").await.body[..4], b"PK\x03\x04");
}

#[tokio::test]
async fn any_page_is_there() {
    let server = Server::shared();
    let (tens, ones) = (numbers(100, "a", "x"), numbers(100, "b", "y"));
    let sql = format!("select cast((x - 1) * 100 + y as bigint) as n from {tens}, {ones} order by n");
    let answer = server.run(&sql, "json").await;
    let id = answer.header("lakefront-execution-id");
    for (offset, limit, first, count) in [
        (0, 10, Some(1), 10),
        (8_190, 5, Some(8_191), 5),
        (9_998, 100, Some(9_999), 2),
        (10_000, 1, None, 0),
        (u64::MAX, 1, None, 0),
    ] {
        let path = format!("/api/v1/executions/{id}/result?format=arrow&offset={offset}&limit={limit}");
        let stream = server.get(&path).token(&server.tokens.admin).send().await.body;
        let batches: Vec<_> =
            arrow_ipc::reader::StreamReader::try_new(&stream[..], None).unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), count, "{path}");
        let found = batches.iter().find(|batch| batch.num_rows() > 0).map(|batch| i64::from_row(batch.column(0), 0));
        assert_eq!(found, first, "{path}");
    }
}

trait FromRow {
    fn from_row(array: &Arc<dyn Array>, row: usize) -> Self;
}

impl FromRow for i64 {
    fn from_row(array: &Arc<dyn Array>, row: usize) -> i64 {
        array.as_primitive::<Int64Type>().value(row)
    }
}

#[tokio::test]
async fn half_a_million_rows_pass_through_little_memory() {
    let server = Server::start(&[]);
    let (a, b) = (numbers(1_000, "a", "x"), numbers(500, "b", "y"));
    let sql = format!("select x, y, 'row ' || cast(x * 1000 + y as varchar) as label from {a}, {b}");
    let answer = server.run(&sql, "json&limit=1").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = format!("/api/v1/executions/{}/result?format=csv", answer.header("lakefront-execution-id"));
    let before = resident_kib(server.pid());
    let mut body = server.get(&path).token(&server.tokens.admin).open().await.bytes_stream();
    let (mut lines, mut peak) = (0, before);
    while let Some(piece) = body.next().await {
        lines += piece.unwrap().iter().filter(|byte| **byte == b'\n').count();
        peak = peak.max(resident_kib(server.pid()));
    }
    assert_eq!(lines, 500_001);
    assert!(peak - before < 64 << 10, "grew by {} KiB", peak - before);
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
