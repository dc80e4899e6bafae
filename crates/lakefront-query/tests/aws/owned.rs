//! Tables of Glue that say that Lakefront made them follow their files; others are never written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use futures::TryStreamExt;
use lakefront_query::aws::Glue;
use lakefront_query::{Change, EngineChoice, Hint, Queries, Request};
use serde_json::json;

use crate::lake::{EVERY_STATEMENT, Lake, parquet, sales, shown};

const PARQUET: (&str, &str) = ("ql.io.parquet.MapredParquetInputFormat", "ql.io.parquet.serde.ParquetHiveSerDe");

async fn answer(queries: &Queries, request: Request) -> Result<Vec<String>, String> {
    let execution = queries.submit(request).await.map_err(|error| error.to_string())?;
    execution.finished().await.map(|result| shown(&result)).map_err(|error| error.to_string())
}

/// Hints at a table, and waits until a statement answers so.
async fn until(lake: &Lake, table: &str, sql: &str, wanted: &[&str]) {
    until_on(&lake.queries, lake, table, sql, wanted).await;
}

async fn until_on(queries: &Queries, lake: &Lake, table: &str, sql: &str, wanted: &[&str]) {
    let end = Instant::now() + Duration::from_secs(30);
    for looks in 0.. {
        // A busy machine may fail to follow once, and waits for the next listing or hint then.
        if looks % 40 == 0 {
            hint(queries, lake, table);
        }
        let found = answer(queries, lake.request(sql)).await;
        if found.as_ref().is_ok_and(|found| found == wanted) {
            return;
        }
        let told = || queries.catalogs().list().into_iter().flat_map(|catalog| catalog.warnings).collect::<Vec<_>>();
        assert!(Instant::now() < end, "{sql}: {found:?} {:?}", told());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn hint(queries: &Queries, lake: &Lake, table: &str) {
    let table = Some((lake.database.clone(), table.to_owned()));
    queries.catalogs().hint(&Hint { catalog: "aws".to_owned(), table });
}

fn with(batch: &RecordBatch, name: &str, value: &str) -> Vec<u8> {
    let column: ArrayRef = Arc::new(StringArray::from(vec![value; batch.num_rows()]));
    let schema = batch.schema();
    let others = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| field.name() != name);
    let columns = others.map(|(field, column)| (field.name().clone(), Arc::clone(column)));
    parquet(&RecordBatch::try_from_iter(columns.chain([(name.to_owned(), column)])).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_its_own_follows_its_files() {
    let Some(lake) = Lake::new().await else { return };
    let columns = [("id", "bigint"), ("amount", "double")];
    for (name, parameters) in [("owned", json!({"lakefront.owner": "lakefront"})), ("foreign", json!({}))] {
        lake.table(name, PARQUET, &columns, &[("day", "string")], parameters, json!({})).await;
        lake.put(&format!("{name}/day=2025-01-01/a.parquet"), &parquet(&sales(0).project(&[0, 2]).unwrap()));
    }
    lake.queries.catalogs().refresh("aws", None).await.unwrap();
    let partitions = async |table: &str| {
        let glue = Glue::new(lake.aws.clone(), None);
        let pages: Vec<_> = glue.partitions(&lake.database, table, None).try_collect().await.unwrap();
        pages.into_iter().flatten().map(|partition| partition.values.join("/")).collect::<Vec<_>>()
    };
    hint(&lake.queries, &lake, "foreign");
    until(
        &lake,
        "owned",
        "select day, count(*) n from owned group by day",
        &["day varchar, n bigint", "2025-01-01|10"],
    )
    .await;

    // A column that older files lack.
    let newer = with(&sales(10).project(&[0, 2]).unwrap(), "channel", "web");
    lake.put("owned/day=2025-01-02/b.parquet", &newer);
    lake.put("foreign/day=2025-01-02/b.parquet", &newer);
    hint(&lake.queries, &lake, "foreign");
    let rows = ["day varchar, channel varchar, n bigint", "2025-01-01|NULL|10", "2025-01-02|web|10"];
    until(&lake, "owned", "select day, max(channel) channel, count(*) n from owned group by day order by day", &rows)
        .await;
    assert_eq!(partitions("owned").await, ["2025-01-01", "2025-01-02"]);
    // Told twice, it is the same.
    until(&lake, "owned", "select day, max(channel) channel, count(*) n from owned group by day order by day", &rows)
        .await;

    // A column of another type is told, and what was readable stays so.
    lake.put("owned/day=2025-01-03/c.parquet", &with(&sales(20).project(&[0, 2]).unwrap(), "id", "text"));
    hint(&lake.queries, &lake, "owned");
    let end = Instant::now() + Duration::from_secs(20);
    let warning = loop {
        let catalogs = lake.queries.catalogs().list();
        if let Some(warning) = catalogs[0].warnings.first() {
            break warning.clone();
        }
        assert!(Instant::now() < end, "no warning");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(
        warning.contains("SCHEMA_CONFLICT") && warning.contains("c.parquet") && warning.contains("\"id\""),
        "{warning}"
    );
    let counted = answer(&lake.queries, lake.request("select count(*) n, min(id) least from owned")).await;
    assert_eq!(counted.unwrap(), ["n bigint, least bigint", "20|0"]);
    assert_eq!(partitions("foreign").await, [""; 0], "what is not its own is never written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_of_its_own_grows_with_its_files() {
    let Some(lake) = Lake::new().await else { return };
    let columns = [("id", "bigint"), ("amount", "double")];
    let parameters = json!({
        "lakefront.owner": "lakefront",
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2025-01-01,2025-01-01",
    });
    lake.table("grown", PARQUET, &columns, &[("day", "date")], parameters, json!({})).await;
    let rows = parquet(&sales(0).project(&[0, 2]).unwrap());
    lake.put("grown/day=2025-01-01/a.parquet", &rows);
    lake.queries.catalogs().refresh("aws", None).await.unwrap();
    let sql = "select day, count(*) n from grown group by day order by day";
    until(&lake, "grown", sql, &["day date, n bigint", "2025-01-01|10"]).await;
    let beside = lake.beside(EVERY_STATEMENT).await;

    lake.put("grown/day=2025-01-03/a.parquet", &rows);
    // What no range should take in does not stand in the way.
    lake.put("grown/day=9999-12-31/a.parquet", &rows);
    until(&lake, "grown", sql, &["day date, n bigint", "2025-01-01|10", "2025-01-03|10"]).await;
    // Another instance finds the work done, and reads what its listing lacks.
    until_on(&beside, &lake, "grown", sql, &["day date, n bigint", "2025-01-01|10", "2025-01-03|10"]).await;

    // Both engines know up to when the data is: to the newest file.
    for engine in [EngineChoice::Embedded, EngineChoice::Athena] {
        let execution = lake.queries.submit(lake.on(engine, "select count(*) n from sales")).await.unwrap();
        execution.finished().await.unwrap();
        let as_of = execution.status().as_of.unwrap();
        assert!((execution.status().created_at - as_of).num_milliseconds() > 0, "{engine:?}: {as_of}");
    }

    // What a listing finds is told.
    let mut changes = lake.queries.catalogs().changes();
    lake.table("late", PARQUET, &columns, &[], json!({}), json!({})).await;
    lake.queries.catalogs().refresh("aws", None).await.unwrap();
    let told = std::iter::from_fn(|| changes.try_recv().ok()).find(|change| change.database == lake.database);
    assert_eq!(told.map(|change| (change.table, change.change)), Some(("late".to_owned(), Change::Added)));
}
