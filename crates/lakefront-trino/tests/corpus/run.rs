//! Statements planned by this crate and run by a plain DataFusion.

use std::collections::HashMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use base64::Engine;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::TableSource;
use datafusion::prelude::SessionConfig;
use lakefront_trino::SyntaxErrorKind;
use lakefront_trino::analyze::{Session, Table, Tables, plan};
use lakefront_trino::error::{Code, Error};
use lakefront_trino::types::Type;
use lakefront_trino::zone::Zone;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::folder;

pub(crate) enum Answer {
    Rows(Vec<Vec<Value>>),
    Error(String, String),
}

pub(crate) struct World {
    tables: HashMap<String, Table>,
}

impl Tables for World {
    fn table(&self, name: &[&str]) -> Option<Table> {
        self.tables.get(&name.last()?.to_lowercase()).cloned()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let types = fs::read_to_string(folder().join("tables/types.json")).unwrap();
        let types: HashMap<String, Vec<(String, String)>> = serde_json::from_str(&types).unwrap();
        let tables = types.into_iter().map(|(name, columns)| {
            let file = fs::File::open(folder().join(format!("tables/{name}.parquet"))).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
            let schema = arrow::array::RecordBatchReader::schema(&reader);
            let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
            let table = MemTable::try_new(schema, vec![batches]).unwrap();
            let source: Arc<dyn TableSource> = provider_as_source(Arc::new(table));
            let columns = columns.into_iter().map(|(name, of)| (name, Some(Type::parse(&of).unwrap()))).collect();
            (name, Table { source, columns, hidden: &[] })
        });
        World { tables: tables.collect() }
    }

    /// The answers, in order.
    pub(crate) fn answers(statements: &[&str]) -> Vec<Answer> {
        let world = World::new();
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut answers: Vec<(usize, Answer)> = std::thread::scope(|scope| {
            let spawn = |_| {
                let work = || {
                    let runtime = runtime();
                    let mut own = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(sql) = statements.get(at) else { return own };
                        let answer = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(world.answer(sql))));
                        own.push((at, answer.unwrap_or_else(|_| Answer::Error("PANIC".into(), String::new()))));
                    }
                };
                std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap()
            };
            let workers: Vec<_> = (0..threads).map(spawn).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn answer(&self, sql: &str) -> Answer {
        match self.rows(sql).await {
            Ok(rows) => Answer::Rows(rows),
            Err(error) => Answer::Error(error.code.name().to_owned(), error.message.replace('\n', " ")),
        }
    }

    async fn rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, Error> {
        Ok(self.columns_and_rows(sql).await?.1)
    }

    /// With the names of the columns' types.
    pub(crate) async fn columns_and_rows(&self, sql: &str) -> Result<(Vec<Value>, Vec<Vec<Value>>), Error> {
        let statement = lakefront_trino::parse(sql).map_err(|error| match error.kind {
            SyntaxErrorKind::NotSupported => Error::new(Code::NotSupportedHere, error.message),
            _ => Error::new(Code::SyntaxError, error.message),
        })?;
        // The day of the answers, which times become timestamps of.
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let session = Session { now, zone: Zone::UTC, user: Some("test".to_owned()), parameters: Vec::new() };
        let planned = plan(&statement, self, &session)?;
        let mut config = SessionConfig::new().with_target_partitions(2);
        lakefront_trino::physical::configure(config.options_mut());
        let context = SessionContext::new_with_config(config);
        let plan = lakefront_trino::physical::plan(&context.state(), &planned.plan).await?;
        let batches = datafusion::physical_plan::collect(plan, context.task_ctx()).await?;
        let mut rows = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                rows.push(batch.columns().iter().map(|column| value(column, row)).collect());
            }
        }
        let columns = planned.columns.iter().map(|(name, of)| json!({"name": name, "type": of.to_string()}));
        Ok((columns.collect(), rows))
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A value as Trino's client protocol writes it.
fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return Value::Null;
    }
    let number = |value: f64, text: String| match value {
        value if value.is_nan() => Value::from("NaN"),
        f64::INFINITY => Value::from("Infinity"),
        f64::NEG_INFINITY => Value::from("-Infinity"),
        // Read by the language: the reader of JSON is off by a bit for some.
        _ => Value::from(text.parse::<f64>().unwrap_or(value)),
    };
    match array.data_type() {
        DataType::Boolean => Value::from(array.as_boolean().value(row)),
        DataType::Int8 => Value::from(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => Value::from(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => Value::from(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Value::from(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            number(value.into(), format!("{value:e}"))
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            number(value, format!("{value:e}"))
        }
        DataType::Utf8 => Value::from(array.as_string::<i32>().value(row)),
        DataType::Binary => {
            Value::from(base64::engine::general_purpose::STANDARD.encode(array.as_binary::<i32>().value(row)))
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|at| value(&items, at)).collect()
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| value(column, row)).collect(),
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let text = |at: usize| match value(keys, at) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object((0..entries.len()).map(|at| (text(at), value(values, at))).collect())
        }
        _ => {
            let text = ArrayFormatter::try_new(array, &FormatOptions::default()).unwrap().value(row).to_string();
            Value::from(text.replace('T', " "))
        }
    }
}
