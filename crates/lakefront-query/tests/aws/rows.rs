//! Rows of every type, however they come.

use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::FutureExt;
use lakefront_query::aws::{AthenaRequest, AthenaRun};
use lakefront_query::{ErrorKind, QueryError};

use crate::server::{Answer, Fault, Server, request, statement};

pub(crate) async fn all(run: &mut AthenaRun) -> Result<Vec<RecordBatch>, QueryError> {
    let mut batches = Vec::new();
    while let Some(batch) = run.next().await {
        batches.push(batch?);
    }
    assert!(run.next().await.is_none(), "something follows the end");
    Ok(batches)
}

/// The numbers of the only column.
pub(crate) async fn numbers(run: &mut AthenaRun) -> Result<Vec<i64>, QueryError> {
    let batches = all(run).await?;
    Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

fn shown(schema: &SchemaRef, batches: &[RecordBatch], row: usize) -> Vec<String> {
    let batch = &batches[0];
    let options = FormatOptions::default().with_null("NULL");
    let text = |column: usize| ArrayFormatter::try_new(batch.column(column), &options).unwrap().value(row).to_string();
    (0..schema.fields().len()).map(text).collect()
}

type Case = (&'static str, i32, i32, &'static str, &'static str);

/// Type, precision, scale, Athena's text, Arrow's.
const TYPES: &[Case] = &[
    ("boolean", 0, 0, "true", "true"),
    ("tinyint", 3, 0, "-128", "-128"),
    ("smallint", 5, 0, "32767", "32767"),
    ("integer", 10, 0, "-2147483648", "-2147483648"),
    ("bigint", 19, 0, "9223372036854775807", "9223372036854775807"),
    ("float", 17, 0, "1.0E10", "10000000000.0"),
    ("float", 17, 0, "NaN", "NaN"),
    ("double", 17, 0, "-Infinity", "-inf"),
    ("double", 17, 0, "0.1", "0.1"),
    ("decimal", 38, 2, "-123456789012345678901234567890123456.78", "-123456789012345678901234567890123456.78"),
    ("varchar", 2147483647, 0, "a \"quoted\", text\nof two lines", "a \"quoted\", text\nof two lines"),
    ("char", 4, 0, "ab  ", "ab  "),
    ("varbinary", 1073741824, 0, "48 65 6c 6c 6f 00 ff", "48656c6c6f00ff"),
    ("date", 0, 0, "1969-07-20", "1969-07-20"),
    ("timestamp", 3, 0, "2024-05-06 10:11:12.123", "2024-05-06T10:11:12.123"),
    ("timestamp", 6, 0, "1900-01-01 00:00:00.000001", "1900-01-01T00:00:00.000001"),
    ("timestamp with time zone", 3, 0, "2024-05-06 10:11:12.123 Europe/Paris", "2024-05-06 10:11:12.123 Europe/Paris"),
    ("time", 3, 0, "23:59:59.999", "23:59:59.999"),
    ("time with time zone", 3, 0, "10:11:12.123+02:00", "10:11:12.123+02:00"),
    ("json", 0, 0, "{\"a\":[1,null]}", "{\"a\":[1,null]}"),
    ("array", 0, 0, "[1, 2]", "[1, 2]"),
    ("map", 0, 0, "{a=1}", "{a=1}"),
    ("row", 0, 0, "{x=1, y=z}", "{x=1, y=z}"),
    ("interval day to second", 0, 0, "-1 02:03:04.005", "-PT93784.005S"),
    ("interval year to month", 0, 0, "1-2", "1-2"),
    ("ipaddress", 0, 0, "::1", "::1"),
];

/// One row of values, one of NULLs, and so many of both.
fn every_type(pairs: usize) -> Answer {
    let columns = TYPES.iter().map(|(kind, precision, scale, ..)| (*kind, *kind, *precision, *scale)).collect();
    let values: Vec<Option<String>> = TYPES.iter().map(|case| Some(case.3.to_owned())).collect();
    let rows = (0..pairs).flat_map(|_| [values.clone(), vec![None; TYPES.len()]]).collect();
    Answer { columns, rows, ..Answer::default() }
}

#[tokio::test]
async fn every_type_is_exact_by_page_by_object_and_by_pages() {
    for (pairs, managed) in [(1, false), (700, false), (700, true)] {
        let server = Server::answering(Answer { managed, ..every_type(pairs) }).await;
        let mut run = server.athena().await.run(request("types")).await.unwrap();
        let schema = run.schema().clone();
        let batches = all(&mut run).await.unwrap();
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 2 * pairs);
        assert_eq!(run.statistics().rows, rows as u64);
        let (values, nulls) = (shown(&schema, &batches, 0), shown(&schema, &batches, 1));
        for (column, (kind, .., expected)) in TYPES.iter().enumerate() {
            assert_eq!((kind, values[column].as_str()), (kind, *expected), "{pairs} {managed}");
            assert_eq!((kind, nulls[column].as_str()), (kind, "NULL"));
        }
        for (name, exact) in [
            ("timestamp with time zone", Some("timestamp(3) with time zone")),
            ("char", Some("char(4)")),
            ("array", Some("array")),
            ("interval year to month", Some("interval year to month")),
            ("bigint", None),
        ] {
            let field = schema.field_with_name(name).unwrap();
            assert_eq!(field.metadata().get(lakefront_trino::types::TYPE_KEY).map(String::as_str), exact);
        }
        let read_object = server.world().count("Get") > 0;
        assert_eq!(read_object, pairs > 1 && !managed);
    }
}

/// All that was asked for, by UNLOAD.
fn unloading(seed: &str) -> AthenaRequest {
    AthenaRequest { unload: true, ..request(seed) }
}

/// Without those whose text nobody can cast to.
fn unloaded_types(pairs: usize) -> Answer {
    let answer = every_type(pairs);
    let of_text = ["char", "json", "array", "map", "row", "ipaddress"];
    let kept = |column: usize| !of_text.contains(&answer.columns[column].1);
    let rows = answer.rows.iter().map(|row| {
        row.iter().enumerate().filter(|(column, _)| kept(*column)).map(|(_, value)| value.clone()).collect()
    });
    let rows = rows.collect();
    // Names that a file could not have.
    let columns = answer.columns.iter().enumerate().filter(|(column, _)| kept(*column));
    let columns = columns.map(|(_, (_, kind, precision, scale))| ("Twice ''", *kind, *precision, *scale)).collect();
    Answer { columns, rows, ..answer }
}

#[tokio::test]
async fn unloaded_rows_are_those_of_the_other_ways() {
    for pairs in [1, 700] {
        let answer = unloaded_types(pairs);
        let server = Server::answering(answer.clone()).await;
        let athena = server.athena().await;
        let mut plain = athena.run(request("plain")).await.unwrap();
        let expected = all(&mut plain).await.unwrap();
        let mut run = athena.run(unloading("unload")).await.unwrap();
        assert_eq!(run.schema(), plain.schema());
        let batches = all(&mut run).await.unwrap();
        assert_eq!(run.statistics().rows, 2 * pairs as u64);
        let joined = |batches: &[RecordBatch]| concat_batches(plain.schema(), batches).unwrap();
        assert_eq!(joined(&batches), joined(&expected));
        let sent = server.world().executions[run.id()].call["QueryString"].clone();
        assert!(sent.as_str().unwrap().starts_with("UNLOAD ("), "{sent}");

        // The files go with the run.
        let unloaded = || server.world().objects.keys().filter(|key| key.contains("/unload/")).count();
        assert_eq!(unloaded(), if pairs == 1 { 2 } else { 3 });
        drop(run);
        until(|| unloaded() == 0).await;
    }
}

#[tokio::test]
async fn a_file_of_many_blocks_is_read_by_its_row_groups() {
    let text = |n: u64| (4 * n..4 * n + 4).map(noise).collect::<String>();
    let rows: Vec<Vec<Option<String>>> = (0..150_000).map(|n| vec![Some(n.to_string()), Some(text(n))]).collect();
    let columns = vec![("n", "bigint", 19, 0), ("text", "varchar", 0, 0)];
    let server = Server::answering(Answer { columns, rows, files: 1, ..Answer::default() }).await;
    let mut run = server.athena().await.run(unloading("blocks")).await.unwrap();
    let mut next = 0;
    while let Some(batch) = run.next().await {
        let batch = batch.unwrap();
        assert!(batch.num_rows() <= 8192);
        let texts = batch.column(1).as_string::<i32>();
        for (row, &n) in batch.column(0).as_primitive::<Int64Type>().values().iter().enumerate() {
            assert_eq!((n, texts.value(row)), (next, text(next as u64).as_str()));
            next += 1;
        }
    }
    assert_eq!(next, 150_000);
    let world = server.world();
    let (_, bytes) = world.objects.iter().find(|(key, _)| key.contains("/unload/")).map(|(_, object)| object).unwrap();
    assert!(bytes.len() > 8 << 20, "one block would do for {} bytes", bytes.len());
}

/// 32 characters that do not compress.
fn noise(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    format!("{:016x}{:016x}", next(), next())
}

#[tokio::test]
async fn what_can_not_be_unloaded_runs_as_it_is() {
    let expected: Vec<i64> = (0..1500).collect();
    // A type that Parquet does not give back; then Athena is asked for the columns only.
    let server = Server::answering(every_type(700)).await;
    let mut run = server.athena().await.run(unloading("nested")).await.unwrap();
    assert_eq!(all(&mut run).await.unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 1400);
    assert_eq!(server.world().count("StartQueryExecution"), 2);

    // Athena keeps results itself, or refuses the first or the second question.
    let words = "you are not authorized to perform: s3:PutObject";
    for (managed, faults) in [
        (true, vec![]),
        (false, vec![Some(Fault::Forbidden(words))]),
        (false, vec![None, Some(Fault::Forbidden(words))]),
    ] {
        let server = Server::answering(Answer { managed, ..Answer::numbers(1500) }).await;
        server.world().faults.insert("StartQueryExecution", faults.into());
        let mut run = server.athena().await.run(unloading("refused")).await.unwrap();
        assert_eq!(numbers(&mut run).await.unwrap(), expected);
    }

    // What is wrong with the statement is told in its own words and places.
    let failure = Some(("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", 2));
    let server = Server::answering(Answer { failure, ..Answer::default() }).await;
    let error = server.athena().await.run(unloading("wrong")).await.err().unwrap();
    assert_eq!(error.code, "COLUMN_NOT_FOUND");
    assert_eq!(error.position.map(|at| (at.line, at.column)), Some((1, 8)));

    // What is wrong with the data would be so once more.
    let failure = Some(("DIVISION_BY_ZERO: line 2:8: Division by zero", 2));
    let server = Server::answering(Answer { failure, ..Answer::default() }).await;
    let error = server.athena().await.run(unloading("data")).await.err().unwrap();
    assert_eq!((error.code, error.position), ("DIVISION_BY_ZERO", None));
    assert_eq!(server.world().count("StartQueryExecution"), 1);

    // An order is kept.
    let server = Server::start().await;
    server.world().answers.insert("SELECT n FROM t ORDER BY n".to_owned(), Answer::numbers(1500));
    let ordered = AthenaRequest { unload: true, ..statement("SELECT n FROM t ORDER BY n", "ordered") };
    let mut run = server.athena().await.run(ordered).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), expected);
    assert_eq!(server.world().count("StartQueryExecution"), 1);
}

#[tokio::test]
async fn broken_files_are_mended_or_told() {
    let expected: Vec<i64> = (0..1500).collect();
    for fault in [Fault::Cut, Fault::Failed, Fault::Throttled, Fault::AnswerLost, Fault::Expired] {
        let server = Server::answering(Answer::numbers(1500)).await;
        // Of the list of files, and of a file.
        server.world().faults.insert("Get", [Some(fault.clone()), None, Some(fault.clone())].into());
        server.world().fault("Head", [fault.clone()]);
        let mut run = server.athena().await.run(unloading("mended")).await.unwrap();
        assert_eq!(numbers(&mut run).await.as_ref(), Ok(&expected), "{fault:?}");
    }
    let server = Server::answering(Answer { files: 1, ..Answer::numbers(1500) }).await;
    server.world().faults.insert("Get", [None, Some(Fault::Replaced)].into());
    let mut run = server.athena().await.run(unloading("replaced")).await.unwrap();
    assert_eq!(all(&mut run).await.unwrap_err().code, "DATA_CHANGED");

    let server = Server::answering(Answer::numbers(1500)).await;
    let mut run = server.athena().await.run(unloading("torn")).await.unwrap();
    let last = |key: &&String| key.ends_with("_2");
    let key = server.world().objects.keys().find(last).unwrap().clone();
    let torn = server.world().objects[&key].1.slice(..9);
    server.world().objects.insert(key, ("\"torn\"".to_owned(), torn));
    assert_eq!(all(&mut run).await.unwrap_err().code, "RESULT_UNREADABLE");
}

#[tokio::test]
async fn files_that_may_not_be_deleted_stay_and_hurt_nobody() {
    let server = Server::answering(Answer::numbers(3)).await;
    server.world().fault("Delete", std::iter::repeat_n(Fault::Forbidden("no"), 3));
    let mut run = server.athena().await.run(unloading("stays")).await.unwrap();
    assert_eq!(numbers(&mut run).await.unwrap(), [0, 1, 2]);
    drop(run);
    until(|| server.world().count("Delete") > 0).await;
    // A statement that is stopped leaves nothing either.
    let server = Server::answering(Answer { runs: Duration::from_secs(3600), ..Answer::numbers(3) }).await;
    let athena = server.athena().await;
    let running = tokio::spawn(async move { athena.run(unloading("stopped")).await.map(drop) });
    until(|| server.world().running() == 1).await;
    running.abort();
    assert!(server.falls_silent(Duration::from_secs(5)).await);
}

async fn until(is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "it did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn null_is_not_the_empty_text() {
    for rows in [3, 1500] {
        let row = |n: usize| match n % 3 {
            0 => vec![None, Some(String::new())],
            1 => vec![Some(String::new()), None],
            _ => vec![Some("NULL".to_owned()), Some("\"".to_owned())],
        };
        let columns = vec![("a", "varchar", 0, 0), ("b", "varchar", 0, 0)];
        let answer = Answer { columns, rows: (0..rows).map(row).collect(), ..Answer::default() };
        let server = Server::answering(answer.clone()).await;
        let mut run = server.athena().await.run(request("null")).await.unwrap();
        let batches = all(&mut run).await.unwrap();
        let read: Vec<Vec<Option<String>>> = batches
            .iter()
            .flat_map(|batch| {
                (0..batch.num_rows()).map(|row| {
                    let columns = batch.columns().iter().map(|column| column.as_string::<i32>());
                    columns.map(|column| column.is_valid(row).then(|| column.value(row).to_owned())).collect()
                })
            })
            .collect();
        assert_eq!(read, answer.rows);
    }
}

#[tokio::test]
async fn large_results_come_in_blocks_and_small_batches() {
    let text = "x".repeat(200);
    let rows = (0..100_000).map(|n| vec![Some(n.to_string()), Some(text.clone())]).collect();
    let columns = vec![("n", "bigint", 19, 0), ("text", "varchar", 0, 0)];
    let server = Server::answering(Answer { columns, rows, ..Answer::default() }).await;
    let mut run = server.athena().await.run(request("large")).await.unwrap();
    let mut expected = 0;
    while let Some(batch) = run.next().await {
        let batch = batch.unwrap();
        assert!(batch.num_rows() <= 8192 && batch.get_array_memory_size() < 4 << 20);
        for &n in batch.column(0).as_primitive::<Int64Type>().values() {
            assert_eq!(n, expected);
            expected += 1;
        }
    }
    assert_eq!(expected, 100_000);
    assert_eq!(server.world().count("Get"), 3);
    assert_eq!(server.world().count("GetQueryResults"), 1);
}

#[tokio::test]
async fn only_a_select_has_a_header() {
    let row = |text: &str| vec![Some(text.to_owned())];
    let columns = vec![("tab_name", "string", 0, 0)];
    let rows = vec![row("tab_name"), row("other")];
    for statement in ["DDL", "UTILITY"] {
        let answer = Answer { columns: columns.clone(), rows: rows.clone(), statement, ..Answer::default() };
        let server = Server::answering(answer).await;
        let mut run = server.athena().await.run(request("show")).await.unwrap();
        assert_eq!(all(&mut run).await.unwrap()[0].num_rows(), 2, "{statement}");
    }
    let columns = vec![("col_name", "string", 0, 0), ("data_type", "string", 0, 0), ("comment", "string", 0, 0)];
    let rows = vec![row("id                  \tbigint              \t"), row("")];
    let server = Server::answering(Answer { columns, rows, statement: "UTILITY", ..Answer::default() }).await;
    let mut run = server.athena().await.run(request("describe")).await.unwrap();
    let batches = all(&mut run).await.unwrap();
    assert_eq!(shown(run.schema(), &batches, 0), ["id", "bigint", ""]);
    assert_eq!(shown(run.schema(), &batches, 1), ["", "NULL", "NULL"]);
}

#[tokio::test]
async fn a_statement_without_rows_is_over_at_once() {
    let answer = Answer { columns: Vec::new(), rows: Vec::new(), statement: "DDL", ..Answer::default() };
    let server = Server::answering(answer).await;
    let mut run = server.athena().await.run(request("ddl")).await.unwrap();
    assert!(run.schema().fields().is_empty());
    assert!(all(&mut run).await.unwrap().is_empty());
    let server = Server::answering(Answer::numbers(0)).await;
    let mut run = server.athena().await.run(request("empty")).await.unwrap();
    assert_eq!(run.schema().field(0).data_type(), &DataType::Int64);
    assert!(all(&mut run).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_download_is_mended_and_a_replaced_object_is_told() {
    let expected: Vec<i64> = (0..5000).collect();
    for fault in [Fault::Cut, Fault::Failed, Fault::Throttled, Fault::AnswerLost, Fault::Expired] {
        let server = Server::answering(Answer::numbers(5000)).await;
        server.world().fault("Get", [fault.clone()]);
        server.world().fault("Head", [fault.clone()]);
        let mut run = server.athena().await.run(request("mended")).await.unwrap();
        assert_eq!(numbers(&mut run).await.as_ref(), Ok(&expected), "{fault:?}");
    }
    let server = Server::answering(Answer::numbers(5000)).await;
    server.world().fault("Get", [Fault::Replaced]);
    let mut run = server.athena().await.run(request("replaced")).await.unwrap();
    let error = all(&mut run).await.unwrap_err();
    assert_eq!((error.code, error.kind), ("DATA_CHANGED", ErrorKind::Conflict));
}

#[tokio::test]
async fn a_wait_that_is_dropped_loses_no_row() {
    for managed in [false, true] {
        let server = Server::answering(Answer { managed, ..Answer::numbers(20_000) }).await;
        let mut run = server.athena().await.run(request("impatient")).await.unwrap();
        let (mut read, mut dropped) = (0, 0);
        loop {
            match run.next().now_or_never() {
                None => {
                    dropped += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Some(None) => break,
                Some(Some(batch)) => {
                    for &n in batch.unwrap().column(0).as_primitive::<Int64Type>().values() {
                        assert_eq!(n, read);
                        read += 1;
                    }
                }
            }
        }
        assert_eq!(read, 20_000);
        assert!(dropped > 0, "no wait was dropped");
    }
}

#[tokio::test]
async fn half_an_object_is_no_result() {
    let server = Server::answering(Answer::numbers(5000)).await;
    let csv = Answer::numbers(5000).csv();
    let key = "out/00000000-0000-0000-0000-000000000000.csv";
    let half = csv.as_bytes()[..csv.len() / 2 - 2].to_vec();
    assert!(!half.ends_with(b"\n") && !half.ends_with(b"\""));
    server.world().objects.insert(key.to_owned(), ("\"half\"".to_owned(), half.into()));
    let mut run = server.athena().await.run(request("half")).await.unwrap();
    assert_eq!(all(&mut run).await.unwrap_err().code, "RESULT_UNREADABLE");
}

/// `make bench-athena`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_million_rows_by_files_by_object_and_by_pages() {
    let rows: Vec<Vec<Option<String>>> =
        (0..1_000_000).map(|n| vec![Some(n.to_string()), Some(format!("name of {n}"))]).collect();
    let columns = vec![("n", "bigint", 19, 0), ("name", "varchar", 0, 0)];
    for (way, unload, managed) in [("UNLOAD", true, false), ("object", false, false), ("pages", false, true)] {
        let answer = Answer { columns: columns.clone(), rows: rows.clone(), managed, ..Answer::default() };
        let server = Server::answering(answer).await;
        let asked = AthenaRequest { unload, deadline: Instant::now() + Duration::from_secs(600), ..request("million") };
        let mut run = server.athena().await.run(asked).await.unwrap();
        // The most that this process held, from here on; the server and its objects are there already.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let (before, began) = (memory("VmRSS:"), Instant::now());
        let mut read = 0;
        while let Some(batch) = run.next().await {
            read += batch.unwrap().num_rows();
        }
        let (took, grown) = (began.elapsed().as_secs_f64(), memory("VmHWM:").saturating_sub(before));
        assert_eq!(read, rows.len());
        let figure = format!("one million rows by {way}: {took:.2} s, {:.0} MiB more memory\n", grown as f64 / 1024.0);
        std::io::Write::write_all(&mut std::io::stderr(), figure.as_bytes()).unwrap();
    }
}

/// In KiB.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
