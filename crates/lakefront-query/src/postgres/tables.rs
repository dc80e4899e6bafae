//! What tables a database has, by its own catalog.

use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};

use super::PostgresClient;
use super::failure::unexpected;
use super::types::PgType;
use crate::{ErrorKind, QueryError};

const PATIENCE: Duration = Duration::from_secs(60);
/// A database beyond these would not fit in memory with others.
const MOST_TABLES: usize = 100_000;
const MOST_COLUMNS: usize = 2_000_000;

/// Whatever can be read with SELECT by the connection's user; what belongs to the system, and the partitions of tables
/// that are there themselves, are left out. A column of a domain has the domain's own type.
const LISTING: &str = "\
SELECT n.nspname::text, c.relname::text, c.relkind IN ('v', 'm') AS is_view,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment, a.attname::text,
       CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END AS type,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
       pg_catalog.col_description(c.oid, a.attnum) AS column_comment
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid)
  ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum";

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresTable {
    pub schema: String,
    pub name: String,
    pub comment: Option<String>,
    /// In order.
    pub columns: Vec<PostgresColumn>,
    pub is_view: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresColumn {
    pub name: String,
    /// Trino's name of it; `decimal` for a `numeric` without precision.
    pub type_name: String,
    pub comment: Option<String>,
}

impl PostgresClient {
    /// Every table, view, materialised view, partitioned and foreign table that the connection's user may read, ordered
    /// by schema and name. Reads no data.
    pub async fn tables(&self) -> Result<Vec<PostgresTable>, QueryError> {
        let mut run = self.run(LISTING, Vec::new(), Instant::now() + PATIENCE).await?;
        let mut tables: Vec<PostgresTable> = Vec::new();
        let mut columns = 0;
        while let Some(batch) = run.next().await.transpose()? {
            let text =
                |at: usize| -> Result<&StringArray, QueryError> { batch.column(at).as_string_opt().ok_or_else(odd) };
            let (schemas, names, comments) = (text(0)?, text(1)?, text(3)?);
            let (column_names, column_comments) = (text(4)?, text(7)?);
            let views = batch.column(2).as_boolean_opt().ok_or_else(odd)?;
            let types = batch.column(5).as_primitive_opt::<Int64Type>().ok_or_else(odd)?;
            let modifiers = batch.column(6).as_primitive_opt::<Int32Type>().ok_or_else(odd)?;
            for row in 0..batch.num_rows() {
                let (schema, name) = (schemas.value(row), names.value(row));
                let owned = |texts: &StringArray| texts.is_valid(row).then(|| texts.value(row).to_owned());
                if tables.last().is_none_or(|table| table.schema != schema || table.name != name) {
                    within(tables.len(), MOST_TABLES, "tables")?;
                    tables.push(PostgresTable {
                        schema: schema.to_owned(),
                        name: name.to_owned(),
                        comment: owned(comments),
                        columns: Vec::new(),
                        is_view: views.value(row),
                    });
                }
                if let (Some(name), Some(table)) = (owned(column_names), tables.last_mut()) {
                    columns += 1;
                    within(columns, MOST_COLUMNS, "columns")?;
                    let oid = u32::try_from(types.value(row)).unwrap_or_default();
                    let kind = PgType { oid, modifier: modifiers.value(row) }.kind();
                    let column = PostgresColumn { name, type_name: kind.told(), comment: owned(column_comments) };
                    table.columns.push(column);
                }
            }
        }
        tables.retain(|table| self.pool.admits(table));
        Ok(tables)
    }
}

fn odd() -> QueryError {
    unexpected("PostgreSQL's catalog has other columns than it should.")
}

fn within(count: usize, most: usize, what: &str) -> Result<(), QueryError> {
    if count < most {
        return Ok(());
    }
    Err(QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, format!("The database has more than {most} {what}."))
        .with_hint("Give the connection's user rights on those that people need."))
}
