//! Statements that a real Trino answered, answered here: what was equal once stays equal.
//!
//! `CORPUS=datetime` runs the categories whose names hold the text, and prints each statement that is not equal.
//! `SQL='SELECT 1' cargo test --workspace --test corpus one -- --nocapture` shows the answer to one statement;
//! `SQL=-` answers lines of `{"sql": …}` from standard input, each with a line.
//! `CORPUS_ACCEPT=1` rewrites the list of those that are not.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::print_stdout, reason = "the table is what the test is run for")]

mod compare;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use run::{Answer, World};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlparser::ast::{Expr, visit_expressions};

#[derive(Deserialize)]
struct Statement {
    id: String,
    category: String,
    sql: String,
    #[serde(default)]
    columns: Vec<Column>,
    #[serde(default)]
    rows: Vec<Vec<Value>>,
    #[serde(default)]
    ordered: bool,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Column {
    r#type: String,
}

#[derive(Default)]
struct Score {
    rows: u32,
    equal: u32,
    different: u32,
    errors: u32,
    named: u32,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn statements(wanted: Option<&str>) -> Vec<Statement> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder().join("statements")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| serde_json::from_str::<Statement>(line).unwrap())
        .filter(|statement| wanted.is_none_or(|wanted| statement.category.contains(wanted)))
        .collect()
}

/// Why an answer is not Trino's; whether it is another answer, and no refusal.
fn verdict(statement: &Statement, answer: &Answer) -> Option<(bool, String)> {
    match (&statement.error, answer) {
        (Some(expected), Answer::Error(code, _)) if expected == code => None,
        (Some(expected), Answer::Error(code, message)) => Some((false, format!("{code} ({message}), not {expected}"))),
        (Some(expected), Answer::Rows(_)) => Some((true, format!("an answer, not {expected}"))),
        (None, Answer::Error(code, message)) => Some((false, format!("{code}: {message}"))),
        (None, Answer::Rows(rows)) => {
            let types: Vec<&str> = statement.columns.iter().map(|column| column.r#type.as_str()).collect();
            compare::rows(&types, &statement.rows, rows, statement.ordered).map(|difference| (true, difference))
        }
    }
}

#[test]
fn one_statement() {
    let sql = std::env::var("SQL").unwrap_or_else(|_| "SELECT 1".to_owned());
    if sql == "-" {
        return answer_lines();
    }
    match World::answers(&[&sql]).pop().unwrap() {
        Answer::Rows(rows) => rows.iter().for_each(|row| println!("{}", Value::from(row.clone()))),
        Answer::Error(code, message) => println!("{code}: {message}"),
    }
}

fn answer_lines() {
    let world = World::new();
    let runtime = run::runtime();
    for line in std::io::stdin().lines() {
        let statement: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let answered =
            AssertUnwindSafe(|| runtime.block_on(world.columns_and_rows(statement["sql"].as_str().unwrap())));
        let answer = match std::panic::catch_unwind(answered) {
            Ok(Ok((columns, rows))) => json!({"columns": columns, "rows": rows}),
            Ok(Err(error)) => json!({"error": error.code.name(), "message": error.message}),
            Err(_) => json!({"error": "PANIC", "message": ""}),
        };
        println!("{answer}");
    }
}

#[test]
fn trinos_answers() {
    let wanted = std::env::var("CORPUS").ok();
    let statements = statements(wanted.as_deref());
    let answers = World::answers(&statements.iter().map(|statement| statement.sql.as_str()).collect::<Vec<_>>());
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let mut failing = BTreeSet::new();
    for (statement, answer) in statements.iter().zip(&answers) {
        let verdict = verdict(statement, answer);
        let score = scores.entry(&statement.category).or_default();
        match statement.error {
            Some(_) => {
                score.errors += 1;
                score.named += u32::from(verdict.is_none());
            }
            None => {
                score.rows += 1;
                score.equal += u32::from(verdict.is_none());
            }
        }
        if let Some((different, why)) = verdict {
            score.different += u32::from(different);
            failing.insert(statement.id.clone());
            if wanted.is_some() {
                let kind = if different { "DIFFERENT" } else { "refused" };
                println!("{kind} {} {}\n    {why}", statement.id, statement.sql);
            }
        }
    }
    print!("{}", table(&scores));

    let list = folder().join("failing.txt");
    let known: BTreeSet<String> = fs::read_to_string(&list).unwrap_or_default().lines().map(str::to_owned).collect();
    if wanted.is_none() && std::env::var_os("CORPUS_ACCEPT").is_some() {
        fs::write(&list, failing.iter().fold(String::new(), |all, id| all + id + "\n")).unwrap();
        return;
    }
    let new: Vec<&String> = failing.difference(&known).collect();
    assert!(new.is_empty(), "these were equal before: {new:?}; run with CORPUS set to see why");
    if wanted.is_none() {
        let mended: Vec<&String> = known.difference(&failing).collect();
        assert!(mended.is_empty(), "these are equal now; run with CORPUS_ACCEPT=1 and commit: {mended:?}");
    }
}

/// Whoever asks whether a function may be called must hear of each that is answered.
#[test]
fn what_is_called_is_listed() {
    let mut unlisted = BTreeSet::new();
    for statement in statements(None).iter().filter(|statement| statement.error.is_none()) {
        let Ok(parsed) = lakefront_trino::parse(&statement.sql) else { continue };
        let _ = visit_expressions(&parsed, |expression| {
            if let Expr::Function(call) = expression
                && let Some(name) = call.name.0.last().and_then(|part| part.as_ident())
                && !lakefront_trino::is_function(&name.value)
                && !lakefront_trino::is_row_pattern_function(&name.value)
            {
                unlisted.insert(name.value.clone());
            }
            ControlFlow::<()>::Continue(())
        });
    }
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

fn table(scores: &BTreeMap<&str, Score>) -> String {
    let mut text = String::from("category                  rows  equal     %  different | errors  named     %\n");
    let mut line = |name: &str, score: &Score| {
        let share = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole.max(1));
        writeln!(
            text,
            "{name:24} {:5}  {:5} {:5.1}      {:5} |  {:5}  {:5} {:5.1}",
            score.rows,
            score.equal,
            share(score.equal, score.rows),
            score.different,
            score.errors,
            score.named,
            share(score.named, score.errors),
        )
        .unwrap();
    };
    let mut all = Score::default();
    let mut queries = Score::default();
    for (name, score) in scores {
        line(name, score);
        for sum in std::iter::once(&mut all).chain(name.starts_with("query").then_some(&mut queries)) {
            sum.rows += score.rows;
            sum.equal += score.equal;
            sum.different += score.different;
            sum.errors += score.errors;
            sum.named += score.named;
        }
    }
    line("queries", &queries);
    line("ALL", &all);
    text
}
