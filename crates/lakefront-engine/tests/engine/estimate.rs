use lakefront_engine::{Estimate, TableEstimate};

use crate::lake::Lake;

async fn foreseen_and_read(lake: &Lake, sql: &str) -> (Estimate, u64) {
    let answer = lake.ask(sql).await.unwrap();
    (answer.estimate, answer.statistics.scanned_bytes)
}

fn only(estimate: &Estimate) -> &TableEstimate {
    assert_eq!(estimate.tables.len(), 1);
    &estimate.tables[0]
}

#[tokio::test]
async fn a_scan_reads_what_was_foreseen() {
    let lake = Lake::new().with_forecast(30_000, 2_000);
    let (estimate, read) = foreseen_and_read(&lake, "select sum(y_05), sum(y_50) from forecast").await;
    assert!(estimate.exact && estimate.bytes > 0);
    assert_eq!(estimate.bytes, read);
    let table = only(&estimate);
    assert_eq!((table.files, table.files_total), (3, 3));
    assert_eq!((table.row_groups, table.row_groups_total), (15, 15));
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["y_05", "y_50"]);
    assert_eq!(table.columns.iter().map(|column| column.bytes).sum::<u64>(), table.bytes);
}

#[tokio::test]
async fn partitions_are_pruned_by_their_keys() {
    let lake = Lake::new().with_forecast(30_000, 2_000);
    let (all, _) = foreseen_and_read(&lake, "select sum(y_05) from forecast").await;
    let (one, read) = foreseen_and_read(&lake, "select sum(y_05) from forecast where state = 'CA'").await;
    assert_eq!(one.bytes, read);
    assert!(one.bytes * 2 < all.bytes);
    let table = only(&one);
    assert_eq!((table.partitions, table.partitions_total, table.files), (1, 3, 1));
    let (none, read) = foreseen_and_read(&lake, "select sum(y_05) from forecast where state > 'Z'").await;
    assert_eq!((none.bytes, read), (0, 0));
}

#[tokio::test]
async fn row_groups_are_pruned_by_their_statistics() {
    let lake = Lake::new().with_forecast(30_000, 2_000);
    let sql = "select sum(y_05) from forecast where business_date < date '2025-01-10' and state in ('CA', 'TX')";
    let (estimate, read) = foreseen_and_read(&lake, sql).await;
    assert_eq!(estimate.bytes, read);
    let table = only(&estimate);
    assert_eq!((table.row_groups, table.row_groups_total), (2, 10));
    assert_eq!(table.partitions, 2);
}

#[tokio::test]
async fn counting_reads_nothing() {
    let lake = Lake::new().with_forecast(3_000, 1_000);
    let (estimate, read) = foreseen_and_read(&lake, "select count(*) from forecast where state <> 'NY'").await;
    assert_eq!((estimate.bytes, read), (0, 0));
}

#[tokio::test]
async fn a_table_used_twice_counts_twice() {
    let lake = Lake::new().with_forecast(3_000, 1_000);
    let (once, _) = foreseen_and_read(&lake, "select sum(y_05) from forecast").await;
    let sql = "select (select sum(y_05) from forecast) + (select avg(y_05) from forecast where y_50 > 0)";
    let (twice, read) = foreseen_and_read(&lake, sql).await;
    assert_eq!(twice.bytes, read);
    assert!(twice.bytes > once.bytes * 2);
    assert_eq!(only(&twice).files, 3);
}
