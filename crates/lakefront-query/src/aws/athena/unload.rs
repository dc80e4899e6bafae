//! Large results as Parquet.
//!
//! Athena writes the CSV of a result on one machine. UNLOAD writes files of compressed columns on many, and these are
//! read here without a text between. It costs one question more, for the columns: UNLOAD does not tell their types, and
//! does not write all of them. What Parquet would not give back as CSV does is written as the same text.

mod files;
mod shape;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, SchemaRef};
use futures::{StreamExt, stream};
use tokio::runtime::Handle;
use ulid::Ulid;

use super::columns::{self, unreadable};
use super::result::torn;
use super::start::Order;
use super::wire::ColumnInfo;
use super::{Athena, AthenaRun, Report, result};
use crate::aws::{Aws, AwsError};
use crate::engine::ENDINGS;
use crate::execution::Deadline;
use crate::values::Column;
use crate::{ErrorKind, QueryError};
pub(super) use files::Files;

/// Objects that are deleted at the same time.
const SIDE_BY_SIDE: usize = 8;
/// Listings of a folder until it is empty, a thousand objects each.
const LISTINGS: usize = 100;

impl Athena {
    /// The rows by UNLOAD. `None` where they are few, in an order, or of types that Parquet does not give back, and where
    /// Athena refuses it: then the statement runs as it is, which also tells what is wrong with it in its own words.
    pub(super) async fn unload(
        &self,
        order: &Order,
        report: &mut Report,
        deadline: Deadline,
    ) -> Result<Option<AthenaRun>, QueryError> {
        if !shape::is_large_and_unordered(&order.sql) {
            return Ok(None);
        }
        let asked = self.execute(order.saying(without_rows(&order.sql)), report).await;
        let Some(asked) = unless_refused(asked)? else { return Ok(None) };
        let columns = result::columns(&self.aws, &asked.query_execution_id).await?;
        let results = asked.result_configuration.output_location.as_deref();
        let (Some(folder), Some(written)) = (results.and_then(|at| Folder::beside(&self.aws, at)), written(&columns))
        else {
            return Ok(None);
        };
        let unloading = self.execute(order.saying(statement(&order.sql, &written, &folder.location())), report).await;
        let Some(unloaded) = unless_refused(unloading)? else { return Ok(None) };
        let schema = columns::schema(&columns);
        let reader = Reader { columns: written, schema: schema.clone() };
        let files = Files::open(self.aws.clone(), &unloaded, reader, folder).await?;
        let mut run = AthenaRun::of_files(&unloaded, schema, files, report.progress.take(), deadline);
        run.count(&asked);
        Ok(Some(run))
    }
}

/// Faults of the data, which are there however the rows are written.
const OF_THE_DATA: [&str; 4] =
    ["DIVISION_BY_ZERO", "INVALID_CAST_ARGUMENT", "NUMERIC_VALUE_OUT_OF_RANGE", "INVALID_FILE"];

/// A failed attempt costs nothing, and leaves the statement to be run as it is.
fn unless_refused<T>(outcome: Result<T, QueryError>) -> Result<Option<T>, QueryError> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        // The place is one in the text around the author's.
        Err(error) if OF_THE_DATA.contains(&error.code) => Err(QueryError { position: None, ..error }),
        Err(error)
            if matches!(error.kind, ErrorKind::User | ErrorKind::Forbidden | ErrorKind::NotFound)
                || error.code == "ENGINE_FAILED" =>
        {
            tracing::info!("Athena does not unload a result: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// How a column is written to Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// As itself: Parquet holds each of its values.
    Itself,
    /// As the text that CSV has: of times and intervals Parquet knows fewer than Athena, or others.
    Text,
}

/// `None` where a column is of a type that can't be read back as CSV tells it: the text of nested values, `char` and
/// `json` is not that of a cast.
fn written(columns: &[ColumnInfo]) -> Option<Vec<Written>> {
    let written = |column: &ColumnInfo| {
        let name = column.kind.trim().to_lowercase();
        let name = name.split(['(', '<']).next().unwrap_or_default().trim();
        match name {
            "boolean" | "tinyint" | "smallint" | "integer" | "int" | "bigint" | "float" | "real" | "double"
            | "decimal" | "varchar" | "string" | "varbinary" | "binary" | "date" => Some(Written::Itself),
            "time"
            | "timestamp"
            | "time with time zone"
            | "timestamp with time zone"
            | "interval day to second"
            | "interval_day_time"
            | "interval year to month"
            | "interval_year_month" => Some(Written::Text),
            _ => None,
        }
    };
    (!columns.is_empty()).then(|| columns.iter().map(written).collect()).flatten()
}

fn without_rows(sql: &str) -> String {
    format!("SELECT * FROM (\n{sql}\n) LIMIT 0")
}

fn statement(sql: &str, columns: &[Written], location: &str) -> String {
    let listed = |column: &dyn Fn(usize, Written) -> String| {
        let listed: Vec<String> = columns.iter().enumerate().map(|(n, written)| column(n, *written)).collect();
        listed.join(", ")
    };
    let selected = listed(&|n, written| match written {
        Written::Itself => name(n),
        Written::Text => format!("CAST({0} AS varchar) AS {0}", name(n)),
    });
    // Names of a file's columns are distinct, and those of a result need not be.
    let names = listed(&|n, _| name(n));
    format!(
        "UNLOAD (SELECT {selected} FROM (\n{sql}\n) AS result ({names})) TO '{location}' \
         WITH (format = 'PARQUET', compression = 'ZSTD')"
    )
}

fn name(column: usize) -> String {
    format!("c{}", column + 1)
}

/// Batches of the files as batches of the result.
#[derive(Debug)]
struct Reader {
    columns: Vec<Written>,
    schema: SchemaRef,
}

impl Reader {
    fn batch(&self, found: &RecordBatch) -> Result<RecordBatch, QueryError> {
        let column = |(n, (written, field)): (usize, (&Written, &Arc<Field>))| {
            let array = found.column_by_name(&name(n)).ok_or_else(|| torn("a file lacks a column"))?;
            match written {
                Written::Itself => itself(array, field.data_type()),
                Written::Text => of_text(array, field),
            }
        };
        let columns =
            self.columns.iter().zip(self.schema.fields()).enumerate().map(column).collect::<Result<_, _>>()?;
        RecordBatch::try_new(self.schema.clone(), columns).map_err(QueryError::internal)
    }
}

/// The same values in another form of Arrow's, none of which is rounded.
fn itself(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, QueryError> {
    use DataType::*;
    match (array.data_type(), wanted) {
        (found, wanted) if found == wanted => Ok(array.clone()),
        (Int32 | Int16, Int8 | Int16) | (LargeUtf8 | Utf8View, Utf8) | (LargeBinary | BinaryView, Binary) => {
            let exactly = CastOptions { safe: false, ..CastOptions::default() };
            cast_with_options(array, wanted, &exactly).map_err(|_| torn("a value is too large for its column"))
        }
        _ => Err(torn("a column of a file is of another type than the result's")),
    }
}

fn of_text(array: &ArrayRef, field: &Field) -> Result<ArrayRef, QueryError> {
    let texts = itself(array, &DataType::Utf8)?;
    let mut column = Column::new(field.data_type());
    for text in texts.as_string::<i32>() {
        match text {
            Some(text) => column.text(text).ok_or_else(|| unreadable(field, text))?,
            None => column.null(&mut 0),
        }
    }
    column.finish().map_err(QueryError::internal)
}

/// Where one UNLOAD writes. Dropped, it deletes what lies there, as far as it may.
struct Folder {
    aws: Aws,
    bucket: String,
    /// With a `/` at its end.
    prefix: String,
    runtime: Handle,
}

impl Folder {
    /// Beside a result of the same workgroup. Within a runtime.
    fn beside(aws: &Aws, result: &str) -> Option<Self> {
        let (bucket, key) = result.strip_prefix("s3://")?.split_once('/')?;
        let parent = key.rsplit_once('/').map_or(String::new(), |(parent, _)| format!("{parent}/"));
        let prefix = format!("{parent}unload/{}/", Ulid::generate());
        // It stands in a literal of SQL.
        (!prefix.contains('\'')).then(|| Self {
            aws: aws.clone(),
            bucket: bucket.to_owned(),
            prefix,
            runtime: Handle::current(),
        })
    }

    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let (aws, bucket, prefix) = (self.aws.clone(), self.bucket.clone(), std::mem::take(&mut self.prefix));
        let emptying = async move {
            if let Err(error) = empty(&aws, &bucket, &prefix).await {
                tracing::warn!("what Athena unloaded to s3://{bucket}/{prefix} stays there: {error}");
            }
        };
        ENDINGS.spawn_on(emptying, &self.runtime);
    }
}

async fn empty(aws: &Aws, bucket: &str, prefix: &str) -> Result<(), AwsError> {
    for _ in 0..LISTINGS {
        let keys = aws.keys_below(bucket, prefix).await?;
        if keys.is_empty() {
            break;
        }
        let deleting = stream::iter(keys).map(|key| async move { aws.delete_object(bucket, &key).await });
        let mut deleted = std::pin::pin!(deleting.buffer_unordered(SIDE_BY_SIDE));
        while let Some(deleted) = deleted.next().await {
            deleted?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_written_so_that_they_can_be_read_back() {
        let of = |kinds: &[&str]| {
            let info = |kind: &&str| ColumnInfo { kind: (*kind).to_owned(), ..ColumnInfo::default() };
            written(&kinds.iter().map(info).collect::<Vec<_>>())
        };
        assert_eq!(
            of(&["bigint", "decimal(10,2)", "varchar(5)", "timestamp", "time(3)", "timestamp with time zone"]),
            Some([&[Written::Itself; 3][..], &[Written::Text; 3]].concat())
        );
        for kind in ["char", "json", "array", "array<int>", "row(a integer)", "map", "ipaddress", "unknown"] {
            assert_eq!(of(&["bigint", kind]), None, "{kind}");
        }
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn names_and_order_of_columns_are_those_of_the_result() {
        assert_eq!(
            statement("SELECT 1 AS a, now() AS a", &[Written::Itself, Written::Text], "s3://b/unload/1/"),
            "UNLOAD (SELECT c1, CAST(c2 AS varchar) AS c2 FROM (\nSELECT 1 AS a, now() AS a\n) AS result (c1, c2)) \
             TO 's3://b/unload/1/' WITH (format = 'PARQUET', compression = 'ZSTD')"
        );
    }
}
