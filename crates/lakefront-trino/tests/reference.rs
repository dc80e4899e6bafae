//! `docs/sql.md` says what the code's tables say; `SQL_REFERENCE_ACCEPT=1` writes it anew.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::SessionStateDefaults;
use lakefront_trino::analyze::{Planned, Session, Table, Tables, plan};
use lakefront_trino::error::{Code, Error};
use lakefront_trino::reference::{REFUSED, SUPPORTED};
use lakefront_trino::types::{Type, VARCHAR};
use lakefront_trino::zone::Zone;
use lakefront_trino::{FunctionKind, SyntaxErrorKind, functions, is_function, parse};

struct World;

impl Tables for World {
    fn table(&self, name: &[&str]) -> Option<Table> {
        let columns: Vec<(&str, DataType, Type)> = match *name.last()? {
            "nation" => vec![
                ("nationkey", DataType::Int64, Type::Bigint),
                ("name", DataType::Utf8, VARCHAR),
                ("regionkey", DataType::Int64, Type::Bigint),
            ],
            "region" => vec![("regionkey", DataType::Int64, Type::Bigint), ("name", DataType::Utf8, VARCHAR)],
            _ => return None,
        };
        let fields: Vec<Field> = columns.iter().map(|(name, of, _)| Field::new(*name, of.clone(), true)).collect();
        let table = MemTable::try_new(Arc::new(Schema::new(fields)), vec![vec![]]).ok()?;
        let columns = columns.into_iter().map(|(name, _, of)| (name.to_owned(), Some(of))).collect();
        Some(Table { source: provider_as_source(Arc::new(table)), columns, hidden: &[] })
    }
}

fn planned(sql: &str) -> Result<Planned, Error> {
    let statement = match parse(sql) {
        Ok(statement) => statement,
        Err(error) if error.kind == SyntaxErrorKind::NotSupported => {
            return Err(Error::new(Code::NotSupportedHere, error.message));
        }
        Err(error) => panic!("{sql}: {error}"),
    };
    let session = Session { now: chrono::Utc::now(), zone: Zone::UTC, user: None, parameters: Vec::new() };
    plan(&statement, &World, &session)
}

#[test]
fn what_is_supported_is_planned() {
    for construct in SUPPORTED {
        if let Err(error) = planned(construct.example) {
            panic!("{}: {} {}\n{}", construct.name, error.code.name(), error.message, construct.example);
        }
    }
}

#[test]
fn what_is_refused_is_refused_by_name() {
    for construct in REFUSED {
        let code = planned(construct.example).map(|_| ()).map_err(|error| error.code.name());
        assert_eq!(code, Err("NOT_SUPPORTED_HERE"), "{}", construct.example);
    }
}

/// What the library below knows beside that is nobody's to call.
#[test]
fn no_function_comes_from_the_engine() {
    let mut all = BTreeSet::new();
    let mut add = |name: &str, aliases: &[String]| {
        all.insert(name.to_owned());
        all.extend(aliases.iter().cloned());
    };
    SessionStateDefaults::default_scalar_functions().iter().for_each(|known| add(known.name(), known.aliases()));
    SessionStateDefaults::default_higher_order_functions().iter().for_each(|known| add(known.name(), known.aliases()));
    SessionStateDefaults::default_aggregate_functions().iter().for_each(|known| add(known.name(), known.aliases()));
    SessionStateDefaults::default_window_functions().iter().for_each(|known| add(known.name(), known.aliases()));
    assert!(all.len() > 100, "{all:?}");
    for name in all.iter().filter(|name| !is_function(name)) {
        for call in [format!("\"{name}\"('x')"), format!("\"{name}\"('x') OVER ()")] {
            let code = planned(&format!("SELECT {call}")).map(|_| ()).map_err(|error| error.code.name());
            assert_eq!(code, Err("FUNCTION_NOT_FOUND"), "{call}");
        }
    }
    for function in SessionStateDefaults::default_table_functions() {
        let is_ours = function.name() == "generate_series";
        let planned = planned(&format!("SELECT * FROM {}(1, 2)", function.name()));
        assert_eq!(planned.is_ok(), is_ours, "{}", function.name());
    }
}

#[test]
fn the_reference_is_true() {
    let mut text = String::new();
    let cell = |text: &str| text.replace('|', "\\|");
    text.push_str("\n## Syntax\n\n| construct | example |\n| --- | --- |\n");
    for construct in SUPPORTED {
        writeln!(text, "| {} | `{}` |", construct.name, cell(construct.example)).unwrap();
    }
    text.push_str("\n## Refused\n\nThese answer `NOT_SUPPORTED_HERE`.\n\n| construct | example |\n| --- | --- |\n");
    for construct in REFUSED {
        writeln!(text, "| {} | `{}` |", construct.name, cell(construct.example)).unwrap();
    }
    for (kind, title) in [
        (FunctionKind::Scalar, "Functions"),
        (FunctionKind::Aggregate, "Aggregate functions"),
        (FunctionKind::Window, "Window functions"),
    ] {
        writeln!(text, "\n## {title}\n\n| function | takes and gives |\n| --- | --- |").unwrap();
        for function in functions().iter().filter(|function| function.kind == kind) {
            let signatures: Vec<String> = function.signatures.iter().map(|text| format!("`{}`", cell(text))).collect();
            writeln!(text, "| `{}` | {} |", function.name, signatures.join("<br>")).unwrap();
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let written = fs::read_to_string(&file).unwrap_or_default();
    const MARK: &str = "<!-- From here on written by `make accept`. -->\n";
    let (before, after) = written.split_once(MARK).expect("docs/sql.md has a mark");
    if std::env::var_os("SQL_REFERENCE_ACCEPT").is_some() {
        fs::write(&file, format!("{before}{MARK}{text}")).unwrap();
        return;
    }
    assert!(after == text, "docs/sql.md is not what the code's tables say; run `make accept`");
}
