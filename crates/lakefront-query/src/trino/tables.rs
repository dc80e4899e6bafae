//! What tables a catalog of Trino has, by its `information_schema`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, StringArray};

use super::failure::unexpected;
use super::{TrinoClient, TrinoSession};
use crate::{ErrorKind, QueryError};

/// For each of the statements.
const PATIENCE: Duration = Duration::from_secs(120);
/// A catalog beyond these would not fit in memory with others.
const MOST_TABLES: usize = 100_000;
const MOST_COLUMNS: usize = 2_000_000;

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrinoTable {
    pub schema: String,
    pub name: String,
    /// Names and types as Trino writes them, in order.
    pub columns: Vec<(String, String)>,
    pub is_view: bool,
}

impl TrinoClient {
    /// Every table of the catalog that its user may see, ordered by schema and name; Trino's own schema is left out.
    /// Columns are asked for one schema at a time. Reads no data.
    pub async fn tables(&self) -> Result<Vec<TrinoTable>, QueryError> {
        let information_schema = format!("{}.information_schema", quoted(&self.catalog));
        let mut schemas: BTreeMap<String, BTreeMap<String, TrinoTable>> = BTreeMap::new();
        let mut tables = 0;
        let statement = format!(
            "SELECT table_schema, table_name, table_type FROM {information_schema}.tables \
             WHERE table_schema <> 'information_schema'"
        );
        self.texts(&statement, |[schema, name, kind]| {
            tables += 1;
            let (schema, name) = (schema.to_owned(), name.to_owned());
            let table = TrinoTable {
                schema: schema.clone(),
                name: name.clone(),
                columns: Vec::new(),
                is_view: kind.contains("VIEW"),
            };
            schemas.entry(schema).or_default().insert(name, table);
            within(tables, MOST_TABLES, "tables")
        })
        .await?;

        let mut columns = 0;
        for (schema, tables) in &mut schemas {
            let statement = format!(
                "SELECT table_name, column_name, data_type FROM {information_schema}.columns \
                 WHERE table_schema = '{}' ORDER BY table_name, ordinal_position",
                schema.replace('\'', "''")
            );
            self.texts(&statement, |[table, name, kind]| {
                columns += 1;
                // One that came between the statements is there next time.
                if let Some(table) = tables.get_mut(table) {
                    table.columns.push((name.to_owned(), kind.to_owned()));
                }
                within(columns, MOST_COLUMNS, "columns")
            })
            .await?;
        }
        Ok(schemas.into_values().flat_map(BTreeMap::into_values).collect())
    }

    /// Runs a statement with three columns of text.
    async fn texts(
        &self,
        statement: &str,
        mut take: impl FnMut([&str; 3]) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let mut run = self.run(statement, &TrinoSession::default(), Instant::now() + PATIENCE).await?;
        while let Some(batch) = run.next().await.transpose()? {
            let columns: Vec<&StringArray> =
                batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>()).collect();
            let [a, b, c] = columns[..] else {
                return Err(unexpected("Trino's information_schema has other columns than it should."));
            };
            for row in 0..batch.num_rows() {
                take([a.value(row), b.value(row), c.value(row)])?;
            }
        }
        Ok(())
    }
}

fn within(count: usize, most: usize, what: &str) -> Result<(), QueryError> {
    if count <= most {
        return Ok(());
    }
    Err(QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, format!("The catalog has more than {most} {what}."))
        .with_hint("Give the connection's user rights on those that people need."))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
