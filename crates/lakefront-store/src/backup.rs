use std::path::Path;

use sea_orm::{
    ConnectionTrait, DbBackend, Statement,
    sqlx::{ConnectOptions, Connection, query_scalar, sqlite::SqliteConnectOptions},
};

use crate::{Result, Scope, Store, StoreError, connection::Database};

impl Store {
    /// Copies the whole SQLite database into the new `file`, as it is at one moment and while others go on reading, and checks the
    /// copy; administrators and the system. With PostgreSQL `Invalid`: its own tools do that.
    pub async fn backup(&self, scope: &Scope, file: &Path) -> Result<()> {
        scope.must_administer()?;
        scope.must_not_be_token()?;
        let invalid = |message: String| StoreError::Invalid { field: "backup file", message };
        let Database::Sqlite { writer, .. } = &self.database else {
            return Err(invalid("PostgreSQL is backed up with pg_dump".into()));
        };
        let path = file.to_str().ok_or_else(|| invalid("its name must be UTF-8".into()))?;
        if file.exists() {
            return Err(invalid(format!("{path} exists already")));
        }
        make_private(file).map_err(|error| invalid(format!("can't write {path}: {error}")))?;
        let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [path.into()]);
        writer.execute_raw(copy).await?;
        match check(file).await {
            Ok(report) if report == "ok" => Ok(()),
            Ok(report) => Err(StoreError::Internal(format!("the backup is damaged: {report}").into())),
            Err(error) => Err(StoreError::Internal(error.into())),
        }
    }
}

/// An empty file readable by its owner only, which SQLite then fills.
fn make_private(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map(drop)
}

async fn check(file: &Path) -> Result<String, sea_orm::sqlx::Error> {
    let mut copy = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let report = query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await?;
    copy.close().await?;
    Ok(report)
}
