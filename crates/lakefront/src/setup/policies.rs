//! Who may do what in the lake: a list of actions and ARNs each, and nothing beside it.
//!
//! - A reader reads the table's files, by whatever program.
//! - An analyst also runs statements on Athena, in this lake's workgroup.
//! - Lakefront runs them, too, takes events from the queue, and lets the table follow its files.

use serde_json::{Value, json};

use super::template::Lake;

pub(super) fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub(super) fn reader(lake: &Lake) -> Vec<Value> {
    let (database, table) = (lake.database(), format!("table/{}/*", lake.database()));
    let (catalog, of_database, of_tables) =
        (lake.arn("glue", "catalog"), lake.arn("glue", &format!("database/{database}")), lake.arn("glue", &table));
    vec![
        // Listing the names of databases is a right on all of them or on none.
        allow("DatabaseNames", &["glue:GetDatabases"], vec![catalog.clone(), lake.arn("glue", "database/*")]),
        allow(
            "Tables",
            &[
                "glue:GetDatabase",
                "glue:GetTables",
                "glue:GetTable",
                "glue:GetPartitions",
                "glue:GetPartition",
                "glue:BatchGetPartition",
            ],
            vec![catalog, of_database, of_tables],
        ),
        allow("Bucket", &["s3:GetBucketLocation", "s3:ListBucket"], vec![lake.bucket_arn("")]),
        allow("Data", &["s3:GetObject"], vec![lake.bucket_arn("/data/*")]),
    ]
}

pub(super) fn analyst(lake: &Lake) -> Vec<Value> {
    let mut statements = reader(lake);
    // What other programs ask Athena with, beside what Lakefront does.
    statements.push(allow("Statements", &[&RUN[..], &["athena:GetQueryExecution"]].concat(), vec![workgroup(lake)]));
    statements.push(results(lake));
    statements
}

pub(super) fn lakefront(lake: &Lake) -> Vec<Value> {
    let mut statements = reader(lake);
    statements.push(allow("Statements", &RUN, vec![workgroup(lake)]));
    statements.push(results(lake));
    statements.push(allow("Unloaded", &["s3:DeleteObject"], vec![lake.bucket_arn("/results/unload/*")]));
    let tables = [lake.arn("glue", "catalog"), lake.arn("glue", &format!("database/{}", lake.database()))];
    let table = lake.arn("glue", &format!("table/{}/{}", lake.database(), lake.table));
    statements.push(allow("Follow", &["glue:UpdateTable"], tables.into_iter().chain([table]).collect()));
    let queue = lake.arn("sqs", &lake.queue_name());
    statements.push(allow("Events", &["sqs:ReceiveMessage", "sqs:DeleteMessage"], vec![queue]));
    statements
}

const RUN: [&str; 5] = [
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "athena:BatchGetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
];

fn workgroup(lake: &Lake) -> Value {
    lake.arn("athena", &format!("workgroup/{}", lake.name))
}

/// Athena writes results with the rights of whoever asks.
fn results(lake: &Lake) -> Value {
    let actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
    allow("Results", &actions, vec![lake.bucket_arn("/results/*")])
}

fn allow(name: &str, actions: &[&str], resources: Vec<Value>) -> Value {
    json!({"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources})
}
