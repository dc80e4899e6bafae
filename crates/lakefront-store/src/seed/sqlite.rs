//! Rows as values of statements that insert many at a time.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value, Values};
use tokio::sync::mpsc;

use super::{NewSeed, SEED_SCHEMA, SeedPart, SeedType, broken_off, chunk::Content};
use crate::{Result, connection::Tx};

/// Values of one statement: many save calls, and SQLite takes 32,766 at most.
const VALUES: usize = 4_096;

pub(super) async fn has(tx: &Tx, table: &str) -> Result<bool> {
    let sql = format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{SEED_SCHEMA}_{table}'");
    Ok(tx.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?.is_some())
}

/// Answers the number of rows.
pub(super) async fn load(tx: &Tx, new: &NewSeed, mut rows: mpsc::Receiver<SeedPart>) -> Result<u64> {
    let table = format!("{SEED_SCHEMA}_{}", new.name);
    let columns = new.columns.iter().map(|column| format!("\"{}\" {}", column.name, affinity(column.kind)));
    let columns = columns.collect::<Vec<_>>().join(", ");
    // Nobody sees either before the transaction is over, so the old one may go first.
    tx.execute_unprepared(&format!("DROP TABLE IF EXISTS \"{table}\"; CREATE TABLE \"{table}\" ({columns})")).await?;

    let width = new.columns.len();
    let at_once = (VALUES / width).max(1);
    let insert = |rows: usize| {
        let row = format!("({})", vec!["?"; width].join(","));
        format!("INSERT INTO \"{table}\" VALUES {}", vec![row.as_str(); rows].join(","))
    };
    let usual = insert(at_once);
    let mut count = 0;
    let mut waiting: Vec<Value> = Vec::new();
    loop {
        let ended = match rows.recv().await.ok_or_else(broken_off)? {
            SeedPart::Rows(chunk) => {
                if let Content::Values(values) = chunk.content {
                    waiting.extend(values);
                }
                false
            }
            SeedPart::End => true,
        };
        let mut values = std::mem::take(&mut waiting).into_iter();
        while values.len() >= width && (ended || values.len() >= at_once * width) {
            let rows = at_once.min(values.len() / width);
            let sql = if rows == at_once { usual.clone() } else { insert(rows) };
            let bound = Values(values.by_ref().take(rows * width).collect());
            let statement = Statement { sql, values: Some(bound), db_backend: DbBackend::Sqlite };
            tx.execute_raw(statement).await?;
            count += rows as u64;
        }
        waiting.extend(values);
        if ended {
            break;
        }
    }
    for column in new.columns.iter().filter(|column| column.is_indexed) {
        let name = &column.name;
        // A dot, which no table's name has: tables and indexes share a name space.
        tx.execute_unprepared(&format!("CREATE INDEX \"{table}.{name}\" ON \"{table}\" (\"{name}\")")).await?;
    }
    Ok(count)
}

fn affinity(kind: SeedType) -> &'static str {
    match kind {
        SeedType::Boolean => "BOOLEAN",
        SeedType::Bigint => "BIGINT",
        SeedType::Double => "DOUBLE",
        SeedType::Date => "DATE_TEXT",
        SeedType::Timestamp | SeedType::Instant => "TIMESTAMP_TEXT",
        SeedType::Text => "TEXT",
    }
}
