//! An object of S3 that is overwritten while it is read is one version or a typed error, never a mixture.

use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use lakefront_engine::S3Credentials;
use lakefront_query::{CatalogSource, Queries, QueriesConfig, Request};

use crate::lake::{Lake, parquet, principal};

/// So many rows of that many millions and something: more bytes than are read along with a footer.
fn version(value: i64, rows: i64) -> Vec<u8> {
    let values = Int64Array::from_iter_values((0..rows).map(|row| value * 1_000_000 + row * 7_919 % 999_983));
    parquet(&RecordBatch::try_from_iter([("v", Arc::new(values) as _)]).unwrap())
}

/// The number of rows, the least value and the greatest; or the error's code.
async fn read(queries: &Queries) -> Result<[i64; 3], &'static str> {
    let sql = "select count_if(abs(v) > 0), min(abs(v) / 1000000), max(abs(v) / 1000000) from t";
    let request = Request {
        catalog: Some("s3".to_owned()),
        database: Some("demo".to_owned()),
        reuse_max_age_s: Some(0),
        ..Request::new(principal("ana"), sql)
    };
    let execution = queries.submit(request).await.map_err(|error| error.code)?;
    let result = execution.finished().await.map_err(|error| error.code)?;
    let batch = result.batches(0, None).next().unwrap().unwrap();
    Ok([0, 1, 2].map(|column| batch.column(column).as_primitive::<Int64Type>().value(0)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_is_overwritten_is_one_version_or_an_error() {
    let Some(lake) = Lake::new().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = QueriesConfig::new(folder.path().to_owned(), env!("CARGO_BIN_EXE_lakefront-query-worker").into());
    let queries = Queries::open(config).await.unwrap();
    let versions = [(1, 60_000), (2, 70_000)].map(|(value, rows)| version(value, rows));
    let answers = [[60_000, 1, 1], [70_000, 2, 2]];
    lake.put("over/demo/t.parquet", &versions[0]);
    let source = CatalogSource::S3 {
        uri: format!("s3://{}/over", lake.bucket),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(lake.endpoint().to_owned()),
        access: None,
        credentials: Some(S3Credentials::Keys {
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
        }),
    };
    queries.catalogs().add("s3", source).await.unwrap();
    queries.catalogs().refresh("s3", None).await.unwrap();
    assert_eq!(read(&queries).await, Ok(answers[0]));

    let mut told = 0;
    for round in 1..=12 {
        let (outcome, ()) = tokio::join!(read(&queries), async {
            // At another point of the run each time.
            tokio::time::sleep(std::time::Duration::from_millis(round * 3)).await;
            lake.put("over/demo/t.parquet", &versions[round as usize % 2]);
        });
        match outcome {
            Ok(answer) => assert!(answers.contains(&answer), "{answer:?}"),
            Err(code) => assert_eq!(code, "DATA_CHANGED"),
        }
        // What is known of the file is of the version before.
        let outdated = read(&queries).await;
        told += usize::from(outdated == Err("DATA_CHANGED"));
        assert!(outdated == Err("DATA_CHANGED") || outdated == Ok(answers[round as usize % 2]), "{outdated:?}");
        queries.catalogs().refresh("s3", None).await.unwrap();
        assert_eq!(read(&queries).await, Ok(answers[round as usize % 2]));
    }
    assert!(told > 0, "every read found the file as it was listed");
}
