//! What columns files have.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float32Array, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field};
use lakefront_engine::Format;
use lakefront_engine::infer::locate_bad_value;

use crate::folder::{Lake, columns};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn ints(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

#[tokio::test]
async fn parquet_files_merge_into_the_widest_types() {
    let lake = Lake::new();
    let place = |fields: Vec<(&str, ArrayRef)>| -> ArrayRef {
        Arc::new(StructArray::from(
            fields
                .into_iter()
                .map(|(name, array)| (Arc::new(Field::new(name, array.data_type().clone(), true)), array))
                .collect::<Vec<_>>(),
        ))
    };
    let decimal = |precision, scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![1]).with_precision_and_scale(precision, scale).expect("fits"))
    };
    lake.parquet(
        "t/part-0.parquet",
        &batch(vec![
            ("id", ints(&[1])),
            ("price", decimal(10, 2)),
            ("y", Arc::new(Float32Array::from(vec![1.0]))),
            ("day", Arc::new(Date32Array::from(vec![1]))),
            ("place", place(vec![("lat", ints(&[1]))])),
        ]),
    );
    lake.parquet(
        "t/part-1.parquet",
        &batch(vec![
            ("place", place(vec![("lon", ints(&[1]))])),
            ("id", Arc::new(Int64Array::from(vec![2]))),
            ("price", decimal(8, 4)),
            ("y", ints(&[1])),
            ("name", Arc::new(StringArray::from(vec!["x"]))),
        ]),
    );
    let table = lake.table().await;
    assert_eq!(table.problems, []);
    assert_eq!(
        columns(&table),
        [
            "id bigint",
            "price decimal(12,4)",
            "y double",
            "day date",
            "place row(lat integer, lon integer)",
            "name varchar",
        ]
    );
    assert_eq!((table.rows, table.files), (Some(2), Some(2)));
    assert!(table.engine_table().expect("readable").schema.fields().iter().all(|field| field.is_nullable()));
}

#[tokio::test]
async fn files_that_disagree_are_named_with_the_column_and_both_types() {
    let lake = Lake::new();
    lake.parquet("t/part-0.parquet", &batch(vec![("id", ints(&[1]))]));
    lake.parquet("t/part-1.parquet", &batch(vec![("id", Arc::new(StringArray::from(vec!["x"])))]));
    let error = lake.error().await;
    assert_eq!(error.code, "SCHEMA_CONFLICT");
    for part in ["part-0.parquet", "part-1.parquet", "\"id\"", "integer", "varchar"] {
        assert!(error.message.contains(part), "{part} in {}", error.message);
    }

    let lake = Lake::new();
    lake.write("t/part-0.csv", "id,name\n1,a\n");
    lake.write("t/part-1.csv", "name,id\nb,2\n");
    let error = lake.error().await;
    assert_eq!(error.code, "SCHEMA_CONFLICT");
    assert!(error.message.contains("part-1.csv") && error.message.contains("\"id\""), "{}", error.message);

    let lake = Lake::new();
    lake.write("t/part-0.json", "{\"a\": {\"b\": 1}}\n");
    lake.write("t/part-1.json", "{\"a\": {\"b\": 1}}\n{\"a\": {\"b\": \"x\"}}\n");
    let error = lake.error().await;
    assert_eq!(error.code, "SCHEMA_CONFLICT");
    assert!(error.message.contains("a.b") && error.message.contains("part-1.json\", line 2"), "{}", error.message);
}

#[tokio::test]
async fn hundreds_of_files_are_sampled_and_that_is_said() {
    let lake = Lake::new();
    let same = crate::folder::parquet(&batch(vec![("id", ints(&[1]))]));
    for file in 0..300 {
        lake.write(&format!("t/part-{file:03}.parquet"), &same);
    }
    let table = lake.table().await;
    assert_eq!((table.files, table.rows), (Some(300), None));
    assert!(table.problems.iter().any(|problem| problem.message.contains("of 300 files")), "{:?}", table.problems);
}

#[tokio::test]
async fn csv_is_read_as_it_is_written() {
    let everything = "id;price;ok;day;at;name\r\n1;1.5;true;2024-02-29;2024-02-29 10:00:00.5;\"a;b\"\r\n2;;;;;\r\n";
    let types = ["id bigint", "price double", "ok boolean", "day date", "at timestamp(3)", "name varchar"];
    let lake = Lake::new();
    lake.write("t.csv", format!("\u{feff}{everything}"));
    let table = lake.table().await;
    assert_eq!(columns(&table), types);
    assert_eq!(table.rows, Some(2));
    assert_eq!(table.format_text.as_deref(), Some("CSV, \";\" between values, with a header"));

    let lake = Lake::new();
    lake.gzip("t.csv.gz", everything);
    assert_eq!(columns(&lake.table().await), types);
    let lake = Lake::new();
    lake.zstd("t.csv.zst", everything);
    assert_eq!(columns(&lake.table().await), types);
    let lake = Lake::new();
    lake.write("t.csv", everything.replace("\r\n", "\r"));
    assert_eq!(columns(&lake.table().await), types);
    let lake = Lake::new();
    lake.write("t.tsv", "a, b\tc\n1, 2\t3\n");
    assert_eq!(columns(&lake.table().await), ["a, b varchar", "c bigint"]);

    let lake = Lake::new();
    lake.write("t.csv", "1,x\n2,y\n");
    assert_eq!(columns(&lake.table().await), ["column_1 bigint", "column_2 varchar"]);
    let lake = Lake::new();
    lake.write("t.csv", ",a,A,a\n0,1,2,x\n");
    assert_eq!(columns(&lake.table().await), ["column_1 bigint", "a bigint", "a_2 bigint", "a_3 varchar"]);
}

#[tokio::test]
async fn csv_types_hold_over_all_files() {
    let lake = Lake::new();
    lake.write("t/part-0.csv", "id,n\n1,1\n");
    lake.write("t/part-1.csv", "id,n\n1.5,\n");
    lake.write("t/part-2.csv", "");
    assert_eq!(columns(&lake.table().await), ["id double", "n bigint"]);
}

#[tokio::test]
async fn json_keeps_what_nests() {
    let lake = Lake::new();
    lake.write(
        "t.ndjson",
        "{\"id\": 1, \"tags\": [], \"place\": {\"lat\": 1}}\n\n{\"place\": {\"lat\": 1.5, \"at\": null}, \"tags\": [{\"k\": true}], \"id\": null, \"when\": \"2024-01-01\"}\n",
    );
    let table = lake.table().await;
    assert_eq!(table.problems, []);
    assert_eq!(
        columns(&table),
        [
            "id bigint",
            "tags array(row(k boolean))",
            "place row(lat double, \"at\" varchar)".replace("\"at\"", "at").as_str(),
            "when varchar"
        ]
    );
    assert_eq!(table.rows, Some(2));
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_found() {
    let lake = Lake::new();
    lake.write("t.csv", "id,day\n1,2024-01-01\n2,2024-01-02\n");
    let table = lake.table().await.engine_table().expect("readable");
    lake.write("t.csv", "id,day\n1,2024-01-01\n2,soon\n");
    let now = lake.table().await.engine_table().expect("readable");
    let bad = locate_bad_value(&now.storage, &now.files[0], &table.format, &table.schema)
        .await
        .expect("reads")
        .expect("is found");
    assert_eq!((bad.file.as_str(), bad.line, bad.column.as_str(), bad.expected.as_str()), ("t.csv", 3, "day", "date"));
    assert!(!bad.to_string().contains("soon"));

    let lake = Lake::new();
    lake.gzip("t.json.gz", "{\"a\": [{\"b\": 1}]}\n");
    let table = lake.table().await.engine_table().expect("readable");
    assert!(matches!(table.format, Format::Json { .. }));
    let good = locate_bad_value(&table.storage, &table.files[0], &table.format, &table.schema).await.expect("reads");
    assert_eq!(good, None);
    lake.gzip("t.json.gz", "{\"a\": [{\"b\": 1}]}\n{\"a\": [{\"b\": 1}, {\"b\": \"x\"}]}\n");
    let stale = locate_bad_value(&table.storage, &table.files[0], &table.format, &table.schema).await;
    assert_eq!(stale.expect_err("another file").code(), "DATA_CHANGED");
    assert_eq!(
        table.schema.field(0).data_type(),
        &DataType::List(Arc::new(Field::new(
            "item",
            DataType::Struct(vec![Field::new("b", DataType::Int64, true)].into()),
            true,
        )))
    );
}
