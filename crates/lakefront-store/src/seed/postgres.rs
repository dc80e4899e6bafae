//! COPY into a new table, which then takes the place of the old one.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement, sqlx};
use tokio::sync::mpsc;

use super::{NewSeed, SEED_SCHEMA, SeedPart, SeedType, broken_off, chunk::Content};
use crate::{
    Result, StoreError,
    connection::{PostgresTx, Tx},
};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// No table may be called so: names given have a letter first.
const UNFINISHED: &str = "_unfinished";
/// Two of them would share a table's unfinished name.
const LOCK: i64 = 0x6c61_6b65_7365_6564;

/// A role that reads seeded tables and nothing else.
pub(super) struct Reader {
    pub(super) role: String,
    /// It was not there before.
    pub(super) is_new: bool,
}

/// Answers the number of rows, and who may read them.
pub(super) async fn load(
    tx: &Tx,
    connection: &PostgresTx,
    new: &NewSeed,
    mut rows: mpsc::Receiver<SeedPart>,
) -> Result<(u64, Reader)> {
    let run = |sql: String| async move { tx.execute_unprepared(&sql).await.map(drop) };
    run(format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    let made = reader(tx).await?;
    let reader = &made.role;
    run(format!(
        "CREATE SCHEMA IF NOT EXISTS {SEED_SCHEMA}; GRANT USAGE ON SCHEMA {SEED_SCHEMA} TO {reader}; \
         SET LOCAL maintenance_work_mem = '128MB'; CREATE TABLE {SEED_SCHEMA}.{UNFINISHED} ({})",
        definition(new)
    ))
    .await?;

    let mut ended = false;
    let mut begun = false;
    let copy = format!("COPY {SEED_SCHEMA}.{UNFINISHED} FROM STDIN (FORMAT binary)");
    let count = connection
        .copy_in(&copy, async || {
            if !begun {
                begun = true;
                return Some(SIGNATURE.to_vec());
            }
            match rows.recv().await {
                Some(SeedPart::Rows(chunk)) => match chunk.content {
                    Content::Copy(bytes) => Some(bytes),
                    Content::Values(_) => None,
                },
                Some(SeedPart::End) if !ended => {
                    ended = true;
                    Some(END.to_vec())
                }
                _ => None,
            }
        })
        .await;
    let count = count?;
    if !ended {
        return Err(broken_off());
    }

    for column in new.columns.iter().filter(|column| column.is_indexed) {
        run(format!("CREATE INDEX ON {SEED_SCHEMA}.{UNFINISHED} (\"{}\")", column.name)).await?;
    }
    let name = &new.name;
    run(format!(
        "ANALYZE {SEED_SCHEMA}.{UNFINISHED}; GRANT SELECT ON {SEED_SCHEMA}.{UNFINISHED} TO {reader}; \
         COMMENT ON TABLE {SEED_SCHEMA}.{UNFINISHED} IS 'content {}'; \
         DROP TABLE IF EXISTS {SEED_SCHEMA}.\"{name}\"; \
         ALTER TABLE {SEED_SCHEMA}.{UNFINISHED} RENAME TO \"{name}\"",
        new.content_hash.replace('\'', "")
    ))
    .await?;
    Ok((count, made))
}

/// Who may read a table, and may again if it might not; `None` if there is no such table.
pub(super) async fn reader_of(tx: &Tx, table: &str) -> Result<Option<Reader>> {
    let found = format!("SELECT to_regclass('{SEED_SCHEMA}.\"{table}\"') IS NOT NULL AS is_there");
    let found = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, found)).await?;
    if !found.map_or(Ok(false), |row| row.try_get("", "is_there"))? {
        return Ok(None);
    }
    let made = reader(tx).await?;
    let reader = &made.role;
    let grant = format!(
        "GRANT USAGE ON SCHEMA {SEED_SCHEMA} TO {reader}; GRANT SELECT ON {SEED_SCHEMA}.\"{table}\" TO {reader}"
    );
    tx.execute_unprepared(&grant).await?;
    Ok(Some(made))
}

/// The role of this database that reads seeded tables, made when it is missing. Roles belong to the whole server, so the
/// name holds the database's number: a role of another database opens nothing here.
async fn reader(tx: &Tx) -> Result<Reader> {
    let ask = |sql: &str| Statement::from_string(DbBackend::Postgres, sql);
    let row = tx.query_one_raw(ask("SELECT oid::bigint AS id FROM pg_database WHERE datname = current_database()"));
    let row = row.await?.ok_or_else(|| StoreError::Internal("the database has no number".into()))?;
    let reader = format!("lakefront_data_{}", row.try_get::<i64>("", "id")?);
    let found = format!(
        "SELECT pg_has_role(current_user, oid, 'MEMBER') AS is_member, rolcanlogin OR rolsuper OR rolbypassrls \
         OR rolcreaterole OR rolcreatedb OR EXISTS (SELECT 1 FROM pg_auth_members WHERE member = oid) AS is_more \
         FROM pg_roles WHERE rolname = '{reader}'"
    );
    let refused = |error: DbErr| match &error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) if is_denied(cause) => StoreError::Forbidden(
            "seeding makes a role that reads seeded tables and nothing else, and the database's user may not make \
             roles: ALTER ROLE … CREATEROLE",
        ),
        _ => error.into(),
    };
    let found = tx.query_one_raw(ask(&found)).await?;
    let is_new = found.is_none();
    match found {
        Some(row) if row.try_get("", "is_more")? => {
            return Err(StoreError::Conflict(format!(
                "the role {reader} may do more than read seeded tables; take its rights and memberships away"
            )));
        }
        Some(row) if row.try_get("", "is_member")? => {}
        Some(_) => {
            tx.execute_unprepared(&format!("GRANT {reader} TO CURRENT_USER")).await.map(drop).map_err(refused)?
        }
        None => {
            let made = format!("CREATE ROLE {reader} NOLOGIN NOINHERIT; GRANT {reader} TO CURRENT_USER");
            tx.execute_unprepared(&made).await.map_err(refused)?;
        }
    }
    Ok(Reader { role: reader, is_new })
}

fn is_denied(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("42501"))
}

fn definition(new: &NewSeed) -> String {
    let columns = new.columns.iter().map(|column| {
        let kind = match column.kind {
            SeedType::Boolean => "boolean",
            SeedType::Bigint => "bigint",
            SeedType::Double => "double precision",
            SeedType::Date => "date",
            SeedType::Timestamp => "timestamp",
            SeedType::Instant => "timestamptz",
            SeedType::Text => "text",
        };
        format!("\"{}\" {kind}", column.name)
    });
    columns.collect::<Vec<_>>().join(", ")
}
