//! The Glue catalog of a moto server, which knows no pages, and pages of partitions.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use lakefront_query::aws::{Aws, AwsAccess, AwsConfig, AwsErrorKind, Endpoints, Glue, GluePartition};
use serde_json::{Value, json};

use crate::server::Fault;

/// `None`, and so no test, where no server is named.
async fn aws() -> Option<Aws> {
    let Ok(endpoint) = std::env::var("LAKEFRONT_TEST_MOTO") else {
        let note = b"Glue is not tested: LAKEFRONT_TEST_MOTO names no moto server\n";
        std::io::Write::write_all(&mut std::io::stderr(), note).unwrap();
        return None;
    };
    let config = AwsConfig {
        region: "us-east-1".to_owned(),
        profile: None,
        access: AwsAccess::Keys {
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
        },
        assume_role: None,
        endpoints: Endpoints::at(&endpoint),
    };
    Some(Aws::new(config).await.unwrap())
}

async fn call(aws: &Aws, operation: &str, body: Value) {
    aws.glue::<Value>(operation, &body).await.unwrap();
}

#[tokio::test]
async fn databases_tables_and_partitions() {
    let Some(aws) = aws().await else { return };
    // A name of its own: the server may hold what another run left.
    let database = format!("lake_{}", std::process::id());
    let place = "s3://lake/orders/";
    call(&aws, "CreateDatabase", json!({"DatabaseInput": {"Name": database, "LocationUri": "s3://lake/"}})).await;
    let orders = json!({
        "Name": "orders",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "projection.enabled": "false"},
        "PartitionKeys": [{"Name": "day", "Type": "string"}, {"Name": "hour", "Type": "int"}],
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "tags", "Type": "array<string>", "Comment": "words"}],
            "Location": place,
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        },
    });
    call(&aws, "CreateTable", json!({"DatabaseName": database, "TableInput": orders})).await;
    let iceberg = json!({
        "Name": "events",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://lake/events/metadata/1.json"},
        "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}], "Location": "s3://lake/events"},
    });
    call(&aws, "CreateTable", json!({"DatabaseName": database, "TableInput": iceberg})).await;
    for day in 0..30 {
        let inputs: Vec<Value> = (0..50)
            .map(|hour| {
                let values = json!([format!("2024-05-{:02}", day + 1), hour.to_string()]);
                json!({"Values": values, "StorageDescriptor": {"Location": format!("{place}{day}/{hour}/")}})
            })
            .collect();
        let body = json!({"DatabaseName": database, "TableName": "orders", "PartitionInputList": inputs});
        call(&aws, "BatchCreatePartition", body).await;
    }

    let glue = Glue::new(aws, None);
    let databases = glue.databases().await.unwrap();
    let found = databases.iter().find(|found| found.name == database).unwrap();
    assert_eq!(found.location.as_deref(), Some("s3://lake/"));

    let tables: BTreeMap<String, _> =
        glue.tables(&database).await.unwrap().into_iter().map(|table| (table.name.clone(), table)).collect();
    let orders = &tables["orders"];
    let columns: Vec<(&str, &str)> =
        orders.columns.iter().map(|column| (column.name.as_str(), column.data_type.as_str())).collect();
    assert_eq!(columns, [("id", "bigint"), ("tags", "array<string>")]);
    assert_eq!(orders.columns[1].comment.as_deref(), Some("words"));
    assert_eq!(orders.partition_keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["day", "hour"]);
    assert_eq!(orders.location.as_deref(), Some(place));
    assert!(orders.serde.as_ref().is_some_and(|name| name.ends_with("ParquetHiveSerDe")));
    assert_eq!(orders.serde_parameters["serialization.format"], "1");
    assert_eq!((orders.has_projection(), orders.metadata_location.as_deref()), (false, None));
    assert_eq!(tables["events"].metadata_location.as_deref(), Some("s3://lake/events/metadata/1.json"));

    let pages: Vec<Vec<GluePartition>> = glue.partitions(&database, "orders", None).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 1500);
    let some = glue.partitions(&database, "orders", Some("day = '2024-05-03' AND hour < 2"));
    let some: Vec<GluePartition> = some.try_concat().await.unwrap();
    assert_eq!(some.len(), 2);
    assert_eq!(some[0].values, ["2024-05-03", "0"]);
    assert_eq!(some[0].location.as_deref(), Some("s3://lake/orders/2/0/"));

    assert_eq!(glue.tables("nothing_of_that_name").await.unwrap_err().kind, AwsErrorKind::Missing);
    let error = glue.partitions(&database, "nothing", None).try_concat().await.unwrap_err();
    assert_eq!(error.code, "TABLE_NOT_FOUND");
    call(&glue_aws().await, "DeleteDatabase", json!({"Name": database})).await;
}

#[tokio::test]
async fn partitions_come_page_by_page() {
    let server = crate::server::Server::start().await;
    server.world().fault("GetPartitions", [Fault::Throttled, Fault::AnswerLost]);
    let glue = Glue::new(server.aws().await, None);
    let pages: Vec<Vec<GluePartition>> = glue.partitions("demo", "t", None).try_collect().await.unwrap();
    let days: Vec<&str> = pages.iter().flatten().map(|partition| partition.values[0].as_str()).collect();
    assert_eq!((pages.len(), days), (3, vec!["0", "1", "2"]));
}

async fn glue_aws() -> Aws {
    aws().await.unwrap()
}
