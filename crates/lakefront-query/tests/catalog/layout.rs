//! From places to tables.

use std::os::unix::fs::symlink;

use crate::folder::{Lake, columns};

#[tokio::test]
async fn a_folder_becomes_databases_and_tables() {
    let lake = Lake::new();
    for state in ["CA", "New%20York", "__HIVE_DEFAULT_PARTITION__"] {
        lake.write(&format!("demo/forecast/state={state}/day=2025-01-01/part-0.csv"), "id,y\n1,2.5\n");
    }
    lake.write("demo/Restaurant.csv", "id,name\n1,Ann's\n");
    lake.write("demo/forecast/_SUCCESS", "");
    lake.write("demo/forecast/.part-0.csv.crc", "x");
    lake.write("demo/forecast/_temporary/0/part-1.csv", "half");
    lake.write("events/part-0.json", "{\"a\": 1}\n");
    lake.write("notes.txt", "not data");
    std::fs::create_dir(lake.path().join("elsewhere")).expect("a folder");
    std::fs::write(lake.path().join("elsewhere/secret.csv"), "a\n1\n").expect("a file");
    symlink(lake.path().join("elsewhere"), lake.root().join("demo/link")).expect("a link");

    let catalogs = lake.catalogs().await;
    let names: Vec<String> =
        catalogs.databases("lake").await.expect("lists").into_iter().map(|database| database.name).collect();
    assert_eq!(names, ["default", "demo"]);
    let tables = catalogs.tables("lake", "DEMO", None).await.expect("lists");
    assert_eq!(
        tables.iter().map(|table| (table.name.as_str(), table.files.expect("files are counted"))).collect::<Vec<_>>(),
        [("forecast", 3), ("restaurant", 1)]
    );
    assert_eq!(catalogs.tables("lake", "demo", Some("REST")).await.expect("lists").len(), 1);

    let info = &catalogs.list()[0];
    assert_eq!((info.databases, info.tables, info.files), (2, 3, Some(5)));
    let warnings = info.warnings.join("\n");
    assert!(warnings.contains("demo/link") && warnings.contains("leads out"), "{warnings}");
    assert!(warnings.contains("notes.txt"), "{warnings}");

    let forecast = catalogs.table("lake", "demo", "Forecast").await.expect("a table");
    assert_eq!(columns(&forecast), ["id bigint", "y double", "state varchar", "day date"]);
    assert_eq!(forecast.columns.iter().filter(|column| column.partition).count(), 2);
    let table = forecast.engine_table().expect("readable");
    let values: Vec<_> = table.files.iter().map(|file| file.partition_values[0].as_deref()).collect();
    assert_eq!(values, [Some("CA"), Some("New York"), None]);
    assert_eq!(table.version, forecast.data_version);

    for (catalog, database, name) in [("lake", "demo", "link"), ("lake", "x", "forecast"), ("x", "demo", "forecast")] {
        let error = catalogs.table(catalog, database, name).await.expect_err("no table");
        assert_eq!((error.code, error.status()), ("TABLE_NOT_FOUND", 404));
    }
    assert_eq!(catalogs.databases("x").await.expect_err("no catalog").code, "CATALOG_NOT_FOUND");
    assert_eq!(catalogs.tables("lake", "x", None).await.expect_err("no database").code, "DATABASE_NOT_FOUND");
}

#[tokio::test]
async fn partition_values_are_typed_over_all_folders() {
    let lake = Lake::new();
    for (year, code) in [("2024", "1"), ("2025", "x")] {
        lake.write(&format!("t/year={year}/code={code}/a.csv"), "v\n1\n");
    }
    assert_eq!(columns(&lake.table().await), ["v bigint", "year bigint", "code varchar"]);
}

#[tokio::test]
async fn the_folders_value_wins_over_the_files() {
    let lake = Lake::new();
    lake.write("t/state=CA/a.json", "{\"state\": \"TX\", \"v\": 1}\n");
    assert_eq!(columns(&lake.table().await), ["v bigint", "state varchar"]);

    let lake = Lake::new();
    lake.write("t/state=CA/a.csv", "state,v\nTX,1\n");
    assert_eq!(columns(&lake.table().await), ["state_in_file varchar", "v bigint", "state varchar"]);
}

#[tokio::test]
async fn what_can_not_be_one_table_says_so() {
    for (keys, code, part) in [
        (&["t/k=1/a.csv", "t/k=1/b.json"][..], "SCHEMA_CONFLICT", "different formats"),
        (&["t/k=1/a.csv", "t/b.csv"], "SCHEMA_CONFLICT", "different partition keys"),
        (&["T.csv", "t/part-0.csv"], "AMBIGUOUS_TABLE", "Rename"),
    ] {
        let lake = Lake::new();
        for key in keys {
            lake.write(key, "v\n1\n");
        }
        let error = lake.error().await;
        assert_eq!(error.code, code);
        assert!(error.message.contains(part), "{}", error.message);
    }
}
