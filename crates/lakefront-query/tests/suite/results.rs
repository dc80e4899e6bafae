//! Pages, streams, reuse.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::StreamReader;
use lakefront_query::{ExecutionState, Queries, Request, ResultSet};

use crate::lake::{Lake, numbers, request, write_parquet};

pub(crate) fn text_rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("NULL").with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).expect("a formatter")).collect();
    let cell = |text: String| if text.is_empty() { "(empty)".to_owned() } else { text };
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| cell(column.value(row).to_string())).collect())
        .collect()
}

pub(crate) async fn run(queries: &Queries, request: Request) -> std::sync::Arc<ResultSet> {
    let execution = queries.submit(request).await.expect("the statement starts");
    execution.finished().await.expect("the statement runs")
}

fn column(result: &ResultSet, offset: u64, limit: Option<u64>) -> Vec<String> {
    result
        .batches(offset, limit)
        .flat_map(|batch| text_rows(&batch.expect("a batch")))
        .map(|row| row[0].clone())
        .collect()
}

fn stream(result: &ResultSet, offset: u64, limit: Option<u64>) -> Vec<u8> {
    result.ipc(offset, limit).flat_map(|piece| piece.expect("a piece").to_vec()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_page_is_found_and_streams_are_arrow() {
    let lake = Lake::new().await;
    // Large enough for a file of several batches.
    let result = run(&lake.queries, request("select n, label, list, pair from numbers order by n")).await;
    assert_eq!(result.rows(), 50_000);
    let types: Vec<_> = result.columns().into_iter().map(|column| column.r#type).collect();
    assert_eq!(types, ["bigint", "varchar", "array(bigint)", "row(label varchar, half double)"]);

    for offset in [0, 1, 8_191, 8_192, 20_000, 49_995] {
        let page = column(&result, offset, Some(10));
        let expected: Vec<_> = (offset..(offset + 10).min(50_000)).map(|n| n.to_string()).collect();
        assert_eq!(page, expected, "page at {offset}");
    }
    assert!(column(&result, 50_000, Some(10)).is_empty());
    assert!(column(&result, 7, Some(0)).is_empty());
    assert!(column(&result, u64::MAX, Some(u64::MAX)).is_empty());
    assert_eq!(column(&result, 0, None).len(), 50_000);

    let whole = stream(&result, 0, None);
    let rows: usize = StreamReader::try_new(whole.as_slice(), None)
        .expect("a stream")
        .map(|batch| batch.expect("a batch").num_rows())
        .sum();
    assert_eq!(rows, 50_000);
    let part = stream(&result, 8_000, Some(9_000));
    let part: Vec<_> = StreamReader::try_new(part.as_slice(), None)
        .expect("a stream")
        .flat_map(|batch| text_rows(&batch.expect("a batch")))
        .collect();
    assert_eq!(part.len(), 9_000);
    assert_eq!((part[0][0].as_str(), part[8_999][1].as_str()), ("8000", "number 16999"));
}

/// Arrow lacks many of them; what is told is what `typeof` says, and values have as many digits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_have_trinos_names() {
    let lake = Lake::new().await;
    let expressions = [
        (
            "timestamp '2024-05-06 10:11:12.123 Europe/Paris'",
            "timestamp(3) with time zone",
            "2024-05-06 10:11:12.123 Europe/Paris",
        ),
        ("timestamp '2024-05-06 10:11:12'", "timestamp(0)", "2024-05-06 10:11:12"),
        ("timestamp '9999-05-06 10:11:12.1234567'", "timestamp(7)", "9999-05-06 10:11:12.1234567"),
        ("time '10:11:12'", "time(0)", "10:11:12"),
        ("time '10:11:12.5'", "time(1)", "10:11:12.5"),
        ("time '10:11:12.123456'", "time(6)", "10:11:12.123456"),
        ("time '10:11:12 +02:00'", "time(0) with time zone", "10:11:12+02:00"),
        ("cast('a' as char(3))", "char(3)", "a  "),
        ("'abc'", "varchar(3)", "abc"),
        ("json '{\"a\":1}'", "json", "{\"a\":1}"),
        ("interval '1' day", "interval day to second", "1 00:00:00.000"),
        ("interval '1' month", "interval year to month", "0-1"),
        ("ipaddress '::1'", "ipaddress", "::1"),
        ("map(array['a'], array[time '10:11:12'])", "map(varchar(1), time(0))", "{a: 10:11:12}"),
        ("timestamp '1969-12-31 23:59:58'", "timestamp(0)", "1969-12-31 23:59:58"),
        ("timestamp '0001-01-01 00:00:00.5'", "timestamp(1)", "0001-01-01 00:00:00.5"),
        (
            "array[row(time '23:59:59', timestamp '1969-12-31 23:59:59')]",
            "array(row(time(0), timestamp(0)))",
            "[{field0: 23:59:59, field1: 1969-12-31 23:59:59}]",
        ),
        ("null", "unknown", "NULL"),
    ];
    let sql: Vec<&str> = expressions.iter().map(|(sql, _, _)| *sql).collect();
    let result = run(&lake.queries, request(&format!("select {}", sql.join(", ")))).await;
    let types: Vec<_> = result.columns().into_iter().map(|column| column.r#type).collect();
    assert_eq!(types, expressions.map(|(_, name, _)| name));
    let batch = result.batches(0, None).next().expect("a batch").expect("rows");
    let options = FormatOptions::new().with_null("NULL").with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"));
    for (column, (sql, _, value)) in batch.columns().iter().zip(expressions) {
        let text = ArrayFormatter::try_new(column, &options).expect("a formatter").value(0).to_string();
        assert_eq!(text, value, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_result_still_has_columns() {
    let lake = Lake::new().await;
    let result = run(&lake.queries, request("select n, label from numbers where n < 0")).await;
    assert_eq!(result.rows(), 0);
    let bytes = stream(&result, 0, None);
    let reader = StreamReader::try_new(bytes.as_slice(), None).expect("a stream");
    assert_eq!(reader.schema().fields().len(), 2);
    assert_eq!(reader.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_question_of_the_same_data_runs_once() {
    let lake = Lake::new().await;
    let ask = |sql: &str| lake.queries.submit(request(sql));
    let first = ask("select count(*) from numbers where n > 10").await.expect("it starts");
    let rows = first.finished().await.expect("it runs");
    assert!(!first.status().statistics.reused);
    assert!(first.status().statistics.scanned_bytes > Some(0));

    // Spaces and comments have no meaning.
    let again = ask("select count(*)\n  from numbers /* again */ where n > 10 ;").await.expect("it starts");
    let status = again.status();
    assert_eq!(status.state, ExecutionState::Succeeded);
    assert!(status.statistics.reused);
    assert_eq!((status.statistics.scanned_bytes, status.statistics.rows), (Some(0), Some(1)));
    assert_eq!(stream(&rows, 0, None), stream(&again.finished().await.expect("rows"), 0, None));

    // A parameter's type is part of the question.
    let with = |value: serde_json::Value| {
        let mut asked = request("select count(*) c from numbers where n > {{x}}");
        asked.parameters.insert("x".to_owned(), value);
        lake.queries.submit(asked)
    };
    let one = with(10.into()).await.expect("it starts");
    one.finished().await.expect("it runs");
    let other = with(serde_json::json!(10.0)).await.expect("it starts");
    other.finished().await.expect("it runs");
    assert!(!other.status().statistics.reused);
    let again = with(10.into()).await.expect("it starts");
    assert!(again.status().statistics.reused);

    // Zero forces a run.
    let forced = Request { reuse_max_age_s: Some(0), ..request("select count(*) from numbers where n > 10") };
    let forced = lake.queries.submit(forced).await.expect("it starts");
    forced.finished().await.expect("it runs");
    assert!(!forced.status().statistics.reused);
    assert_eq!(column(&rows, 0, None), ["49989"], "the earlier result keeps its rows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_files_make_a_new_answer() {
    let lake = Lake::new().await;
    let count = "select count(*) from numbers";
    assert_eq!(column(&*run(&lake.queries, request(count)).await, 0, None), ["50000"]);
    write_parquet(&lake.table_folder("numbers").join("more.parquet"), &numbers(5));
    lake.queries.catalogs().refresh("local", None).await.expect("it is listed");
    let execution = lake.queries.submit(request(count)).await.expect("it starts");
    let result = execution.finished().await.expect("it runs");
    assert!(!execution.status().statistics.reused);
    assert_eq!(column(&result, 0, None), ["50005"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_asked_before_ends_with_its_catalog() {
    let lake = Lake::new().await;
    let counts = || request("select count(*) as c from numbers");
    run(&lake.queries, counts()).await;
    lake.queries.catalogs().remove("local").await.expect("it is removed");
    let error = lake.queries.submit(counts()).await.err().expect("the table is gone");
    assert_eq!(error.code, "TABLE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_survive_a_restart_whole_or_not_at_all() {
    let lake = Lake::new().await;
    let small = "select count(*) from numbers";
    let large = "select n, label from numbers order by n desc";
    run(&lake.queries, request(small)).await;
    run(&lake.queries, request(large)).await;
    run(&lake.queries, request("select random()")).await;
    let results = lake.folder.path().join("data/results");
    let named = || {
        std::fs::read_dir(&results)
            .expect("the results' folder")
            .map(|file| file.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "result"))
            .collect::<Vec<_>>()
    };
    for _ in 0..100 {
        if named().len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(named().len(), 2, "both are stored, chance is not");
    std::fs::write(results.join("left-over.tmp"), "half").expect("a left-over");

    let lake = lake.reopened().await;
    for sql in [small, large] {
        let execution = lake.queries.submit(request(sql)).await.expect("it starts");
        assert!(execution.status().statistics.reused, "{sql}");
        execution.finished().await.expect("rows");
    }
    assert_eq!(named().len(), 2);
    assert!(!results.join("left-over.tmp").exists(), "what was not whole is gone");

    // A damaged file is never an answer.
    let smallest = named().into_iter().min_by_key(|path| path.metadata().expect("metadata").len());
    let smallest = smallest.expect("a result");
    let bytes = std::fs::read(&smallest).expect("its bytes");
    let lake = lake.reopened().await;
    std::fs::write(&smallest, &bytes[..bytes.len() - 20]).expect("damage");
    let execution = lake.queries.submit(request(small)).await.expect("it starts");
    assert_eq!(column(&execution.finished().await.expect("rows"), 0, None), ["50000"]);
    assert!(!execution.status().statistics.reused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_keeps_to_its_limit() {
    let lake = Lake::with(|config| config.cache_bytes = 3 << 20).await;
    let mut first = None;
    for n in 0..6 {
        let result = run(&lake.queries, request(&format!("select n, label, {n} k from numbers"))).await;
        first.get_or_insert(result);
    }
    let first = first.expect("the first result");
    let error = first.batches(0, Some(1)).next().expect("an answer").expect_err("its rows are gone");
    assert_eq!(error.code, "RESULT_EXPIRED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_cut_at_the_limit_says_so_and_is_not_reused() {
    let lake = Lake::with(|config| config.limits.result_rows = 1_000).await;
    for _ in 0..2 {
        let execution = lake.queries.submit(request("select n from numbers")).await.expect("it starts");
        let result = execution.finished().await.expect("it runs");
        assert_eq!(result.rows(), 1_000);
        assert!(result.truncated() && execution.status().truncated);
        assert!(!execution.status().statistics.reused);
    }
}
