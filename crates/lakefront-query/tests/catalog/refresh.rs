//! New data, unchanged data, restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lakefront_query::{CatalogSource, Catalogs, CatalogsConfig, Change, Infer, TableInfo};

use crate::folder::{Lake, in_process};

async fn info(catalogs: &Catalogs, name: &str) -> Arc<TableInfo> {
    catalogs.table("lake", "default", name).await.expect("a table")
}

/// Counts how often files are looked into.
fn counted() -> (Infer, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let (inner, counter) = (in_process(), Arc::clone(&count));
    let infer: Infer = Arc::new(move |request| {
        counter.fetch_add(1, Ordering::SeqCst);
        inner(request)
    });
    (infer, count)
}

#[tokio::test]
async fn a_version_changes_with_files_and_columns_and_with_nothing_else() {
    let lake = Lake::new();
    lake.write("a.csv", "x\n1\n");
    lake.write("b.csv", "x\n1\n");
    let catalogs = lake.catalogs().await;
    let (a, b) = (info(&catalogs, "a").await, info(&catalogs, "b").await);
    let mut changes = catalogs.changes();
    let mut versions = catalogs.versions();
    versions.mark_unchanged();

    let report = catalogs.refresh("lake", None).await.expect("lists");
    assert_eq!((report.tables, report.changed.len(), report.added.len()), (2, 0, 0));
    assert!(!versions.has_changed().expect("alive"));
    assert!(Arc::ptr_eq(&a, &info(&catalogs, "a").await));

    lake.write("a.csv", "x\n12\n");
    lake.write("c.csv", "x\n1\n");
    let bound = a.engine_table().expect("readable");
    let report = catalogs.refresh("lake", Some(("default", "a"))).await.expect("lists");
    assert_eq!((report.changed, report.added), (vec!["default.a".to_owned()], vec!["default.c".to_owned()]));
    assert!(versions.has_changed().expect("alive"));
    let told = [changes.recv().await.expect("told"), changes.recv().await.expect("told")];
    assert_eq!(
        told.map(|change| (change.table, change.change)),
        [("a".to_owned(), Change::Changed), ("c".to_owned(), Change::Added)]
    );
    let now = info(&catalogs, "a").await;
    assert_ne!(now.data_version, a.data_version);
    assert!(Arc::ptr_eq(&b, &info(&catalogs, "b").await));
    assert_eq!((bound.version.as_str(), bound.files[0].size), (a.data_version.as_str(), 4));

    // The same size and another time is another version.
    let file = std::fs::File::options().append(true).open(lake.root().join("a.csv")).expect("opens");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).expect("sets");
    catalogs.refresh("lake", None).await.expect("lists");
    assert_ne!(info(&catalogs, "a").await.data_version, now.data_version);

    std::fs::remove_file(lake.root().join("a.csv")).expect("removes");
    let report = catalogs.refresh("lake", None).await.expect("lists");
    assert_eq!(report.removed, ["default.a"]);
    assert_eq!(catalogs.table("lake", "default", "a").await.expect_err("gone").code, "TABLE_NOT_FOUND");
}

#[tokio::test]
async fn many_who_ask_wait_for_one_look() {
    let lake = Lake::new();
    lake.write("t.csv", "x\n1\n");
    let (infer, count) = counted();
    let catalogs = lake.attach(infer).await;
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let catalogs = catalogs.clone();
            tokio::spawn(
                async move { catalogs.table("lake", "default", "t").await.expect("a table").data_version.clone() },
            )
        })
        .collect();
    for task in asked {
        task.await.expect("an answer");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_restart_answers_from_what_is_known() {
    let lake = Lake::new();
    lake.write("t.csv", "x\n1\n");
    lake.write("bad.csv", "x\n\"1\n");
    let (before, broken) = {
        let catalogs = lake.catalogs().await;
        let known = info(&catalogs, "t").await.data_version.clone();
        let broken = info(&catalogs, "bad").await.problems.clone();
        // What was learnt reaches the disk within a second.
        tokio::time::sleep(Duration::from_millis(900)).await;
        (known, broken)
    };
    let (infer, count) = counted();
    let began = Instant::now();
    let catalogs = lake.attach(infer).await;
    let now = info(&catalogs, "t").await;
    let took = began.elapsed();
    assert_eq!((now.data_version.as_str(), count.load(Ordering::SeqCst)), (before.as_str(), 0));
    assert_eq!(info(&catalogs, "bad").await.problems, broken);
    assert!(took < Duration::from_millis(150), "{took:?}");
    now.engine_table().expect("readable");

    // A damaged cache is no cache.
    drop(catalogs);
    std::fs::write(lake.path().join("catalogs/lake.cache"), [7; 100]).expect("writes");
    assert_eq!(info(&lake.catalogs().await, "t").await.data_version, before);
}

#[tokio::test]
async fn folders_are_looked_at_again_by_themselves() {
    let lake = Lake::new();
    lake.write("a.csv", "x\n1\n");
    let config = CatalogsConfig {
        local_interval: Duration::from_millis(50),
        ..CatalogsConfig::new(lake.path().join("catalogs"))
    };
    let catalogs = Catalogs::new(config, in_process());
    let mut changes = catalogs.changes();
    catalogs
        .add("lake", CatalogSource::Local { path: lake.root().to_str().expect("UTF-8").to_owned() })
        .await
        .expect("adds");
    assert_eq!(changes.recv().await.expect("told").table, "a");
    lake.write("b.csv", "x\n1\n");
    let change = tokio::time::timeout(Duration::from_secs(5), changes.recv()).await.expect("in time").expect("told");
    assert_eq!((change.table.as_str(), change.change), ("b", Change::Added));
}
