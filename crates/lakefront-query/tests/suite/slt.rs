//! The `.slt` files, run over the road.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lakefront_query::{Queries, QueryError};
use sqllogictest::{
    AsyncDB, DBOutput, DefaultColumnType, Runner, default_normalizer, default_validator, strict_column_validator,
};

use crate::lake::{Lake, request};

/// `LAKEFRONT_SLT=complete` writes the answers into the files instead, to be read before they are kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_answer_what_their_files_say() {
    let lake = Lake::new().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slt");
    let complete = std::env::var_os("LAKEFRONT_SLT").is_some_and(|mode| mode == "complete");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the .slt files").map(|file| file.expect("a file").path()).collect();
    files.sort();
    for file in files {
        let mut runner = Runner::new(|| async { Ok(Road(lake.queries.clone())) });
        runner.with_column_validator(strict_column_validator);
        if complete {
            runner
                .update_test_file(&file, " ", default_validator, default_normalizer, strict_column_validator)
                .await
                .expect("the file is completed");
        } else if let Err(error) = runner.run_file_async(&file).await {
            panic!("{}", error.display(false));
        }
    }
}

struct Road(Queries);

/// A `.slt` file expects errors by their code and place.
#[derive(Debug)]
struct Failure(QueryError);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.code)?;
        if let Some(position) = self.0.position {
            write!(f, " at {}:{}", position.line, position.column)?;
        }
        write!(f, ": {}", self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, " {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[async_trait]
impl AsyncDB for Road {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let execution = self.0.submit(request(sql)).await.map_err(Failure)?;
        let result = execution.finished().await.map_err(Failure)?;
        let types = result
            .columns()
            .iter()
            .map(|column| match column.r#type.as_str() {
                "bigint" | "integer" | "smallint" | "tinyint" => DefaultColumnType::Integer,
                "double" | "real" => DefaultColumnType::FloatingPoint,
                _ => DefaultColumnType::Text,
            })
            .collect();
        let mut rows = Vec::new();
        for batch in result.batches(0, None) {
            rows.extend(crate::results::text_rows(&batch.map_err(Failure)?));
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}

    async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
