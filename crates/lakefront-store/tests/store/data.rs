//! Seeded tables, and where data changed.

use std::collections::BTreeSet;

use lakefront_store::{DataPlace, NewSeed, Role, SeedCell, SeedColumn, SeedPart, SeedType, StoreError};
use sea_orm::ConnectionTrait;
use tokio::sync::mpsc;

use crate::world::{SYSTEM, World};

pub(crate) async fn changes_are_counted_for_the_other_instances(world: &World) {
    let store = &world.store;
    let place =
        |catalog: &str, table: Option<&str>| DataPlace { catalog: catalog.into(), table: table.map(Into::into) };
    let (lake, sales) = (place("lake", None), place("aws", Some("demo.sales")));
    let before = store.data_version(&SYSTEM).await.unwrap();
    store.touch_data(&SYSTEM, &BTreeSet::new()).await.unwrap();
    assert_eq!(store.data_version(&SYSTEM).await.unwrap(), before);
    store.touch_data(&SYSTEM, &BTreeSet::from([lake.clone()])).await.unwrap();
    let both = BTreeSet::from([lake.clone(), sales.clone()]);
    let touches = (0..10).map(|_| {
        let (store, both) = (store.clone(), both.clone());
        tokio::spawn(async move { store.touch_data(&SYSTEM, &both).await })
    });
    for touch in touches.collect::<Vec<_>>() {
        touch.await.unwrap().unwrap();
    }
    let versions = store.data_versions(&SYSTEM).await.unwrap();
    assert_eq!((versions[&lake], versions[&sales]), (11, 10));
    assert_eq!(store.data_version(&SYSTEM).await.unwrap(), before + 21);
    let (_, ana) = world.person("ana", Role::Admin).await;
    assert!(matches!(store.touch_data(&ana, &both).await, Err(StoreError::Forbidden(_))));
}

pub(crate) async fn a_table_is_loaded_whole_or_not_at_all(world: &World) {
    let store = &world.store;
    let new = |hash: &str| NewSeed {
        name: "users".into(),
        content_hash: hash.into(),
        source: "users.csv".into(),
        columns: vec![
            SeedColumn { name: "id".into(), kind: SeedType::Bigint, is_indexed: true },
            SeedColumn { name: "note".into(), kind: SeedType::Text, is_indexed: false },
        ],
    };
    let load = async |new: NewSeed, rows: i64, ends: bool| {
        let (sender, receiver) = mpsc::channel(1);
        let chunks = store.clone();
        let sending = tokio::spawn(async move {
            for id in 0..rows {
                let mut chunk = chunks.seed_chunk();
                chunk.row(2);
                chunk.cell(SeedCell::Bigint(id));
                chunk.cell(if id % 2 == 0 { SeedCell::Null } else { SeedCell::Text("odd") });
                let _ = sender.send(SeedPart::Rows(chunk)).await;
            }
            if ends {
                let _ = sender.send(SeedPart::End).await;
            }
        });
        let loaded = store.seed(&SYSTEM, new, receiver).await;
        sending.await.unwrap();
        loaded
    };
    let first = load(new("a"), 3_000, true).await.unwrap();
    assert_eq!((first.rows, first.reader.is_some()), (3_000, store.is_postgres()));
    assert!(matches!(load(new("b"), 10, false).await, Err(StoreError::Invalid { .. })));
    assert_eq!(store.seeds(&SYSTEM).await.unwrap(), [first]);
    let second = load(new("b"), 7, true).await.unwrap();
    assert_eq!(store.seeds(&SYSTEM).await.unwrap(), [second]);
    let table = if store.is_postgres() { "lakefront_data.users" } else { "lakefront_data_users" };
    let database = world.raw().await;
    let row = database
        .query_one_raw(sea_orm::Statement::from_string(
            database.get_database_backend(),
            format!("SELECT count(*) AS n, count(note) AS odd FROM {table}"),
        ))
        .await
        .unwrap()
        .unwrap();
    database.close().await.unwrap();
    assert_eq!((row.try_get::<i64>("", "n").unwrap(), row.try_get::<i64>("", "odd").unwrap()), (7, 3));
    for name in ["", "a b", "x\"", "_x", "Ü"] {
        let named = NewSeed { name: name.into(), ..new("c") };
        assert!(matches!(load(named, 1, true).await, Err(StoreError::Invalid { .. })), "{name}");
    }
    let (_, ana) = world.person("ana", Role::Admin).await;
    let (_sender, receiver) = mpsc::channel(1);
    assert!(matches!(store.seed(&ana, new("c"), receiver).await, Err(StoreError::Forbidden(_))));
}
