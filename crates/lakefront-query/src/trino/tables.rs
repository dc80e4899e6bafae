//! What tables a catalog of Trino has, by its `information_schema`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, StringArray};

use super::failure::unexpected;
use super::{TrinoClient, TrinoSession};
use crate::{ErrorKind, QueryError, quote};

/// For each of the statements.
const PATIENCE: Duration = Duration::from_secs(60);
/// What one statement asks the columns of: as many schemas, unless they have so many tables.
const SCHEMAS: usize = 50;
const TABLES: usize = 1_000;
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
    /// Columns are asked for some schemas at a time. Reads no data.
    pub async fn tables(&self) -> Result<Vec<TrinoTable>, QueryError> {
        let information_schema = format!("{}.information_schema", quote::name(&self.catalog));
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
        for some in in_turn(&schemas) {
            let names: Vec<String> = some.iter().map(|schema| quote::text(schema)).collect();
            let statement = format!(
                "SELECT table_schema, table_name, column_name, data_type FROM {information_schema}.columns \
                 WHERE table_schema IN ({}) ORDER BY table_schema, table_name, ordinal_position",
                names.join(", ")
            );
            self.texts(&statement, |[schema, table, name, kind]| {
                columns += 1;
                // One that came between the statements is there next time.
                if let Some(table) = schemas.get_mut(schema).and_then(|tables| tables.get_mut(table)) {
                    table.columns.push((name.to_owned(), kind.to_owned()));
                }
                within(columns, MOST_COLUMNS, "columns")
            })
            .await?;
        }
        Ok(schemas.into_values().flat_map(BTreeMap::into_values).collect())
    }

    /// Runs a statement with some columns of text.
    async fn texts<const COLUMNS: usize>(
        &self,
        statement: &str,
        mut take: impl FnMut([&str; COLUMNS]) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let mut run = self.run(statement, &TrinoSession::default(), Instant::now() + PATIENCE).await?;
        while let Some(batch) = run.next().await.transpose()? {
            let columns: Vec<&StringArray> =
                batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>()).collect();
            let Ok(columns) = <[&StringArray; COLUMNS]>::try_from(columns) else {
                return Err(unexpected("Trino's information_schema has other columns than it should."));
            };
            for row in 0..batch.num_rows() {
                take(columns.map(|column| column.value(row)))?;
            }
        }
        Ok(())
    }
}

/// The names of schemas, so many together as one statement asks for.
fn in_turn(schemas: &BTreeMap<String, BTreeMap<String, TrinoTable>>) -> Vec<Vec<String>> {
    let mut turns: Vec<Vec<String>> = Vec::new();
    let mut tables = 0;
    for (schema, found) in schemas {
        match turns.last_mut() {
            Some(turn) if turn.len() < SCHEMAS && tables + found.len() <= TABLES => {
                turn.push(schema.clone());
                tables += found.len();
            }
            _ => {
                turns.push(vec![schema.clone()]);
                tables = found.len();
            }
        }
    }
    turns
}

fn within(count: usize, most: usize, what: &str) -> Result<(), QueryError> {
    if count <= most {
        return Ok(());
    }
    Err(QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, format!("The catalog has more than {most} {what}."))
        .with_hint("Give the connection's user rights on those that people need."))
}
