//! A plan in lines for people: what each operator does, and what it did.
//!
//! Nothing tells where files lie: who may read a table need not know its place.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::{ExecutionPlan, displayable};

use super::scan::ScanTable;
use crate::units::human_bytes;

/// A longer description is cut.
const LONGEST: usize = 300;

/// The operators of a plan, the last one first.
pub(super) fn operators(plan: &Arc<dyn ExecutionPlan>, tables: &[Arc<ScanTable>]) -> Vec<String> {
    let mut lines = Vec::new();
    describe(plan, tables, 0, false, &mut lines);
    lines
}

/// The same of a plan that ran, with rows and bytes that each operator gave and the time that it computed for.
pub(super) fn analyzed(
    plan: &Arc<dyn ExecutionPlan>,
    tables: &[Arc<ScanTable>],
    (rows, cut): (u64, bool),
    (scanned, took): (u64, Duration),
) -> Vec<String> {
    let end = if cut { ", where the limit of a result ends it" } else { "" };
    let mut lines = vec![format!("{} in {}, {} read{end}", counted(rows), time(took), human_bytes(scanned))];
    let mut told = Vec::new();
    for table in tables {
        if !told.contains(&table.id) {
            told.push(table.id);
            let bytes = table.store.read().load(Ordering::Relaxed);
            lines.push(format!("  {table:?}: {} read", human_bytes(bytes)));
        }
    }
    describe(plan, tables, 0, true, &mut lines);
    lines
}

fn describe(
    node: &Arc<dyn ExecutionPlan>,
    tables: &[Arc<ScanTable>],
    depth: usize,
    ran: bool,
    lines: &mut Vec<String>,
) {
    let (name, detail) = match scan(node, tables) {
        Some(scan) => ("Scan".to_owned(), scan),
        None => generic(node),
    };
    let mut line = format!("{}{name}", "  ".repeat(depth));
    if !detail.is_empty() {
        line.push(' ');
        line.push_str(&cut(&detail));
    }
    if ran && let Some(metrics) = node.metrics() {
        let figures = figures(&metrics);
        if !figures.is_empty() {
            line.push_str(&format!("  ({})", figures.join(", ")));
        }
    }
    lines.push(line);
    for child in node.children() {
        describe(child, tables, depth + 1, ran, lines);
    }
}

/// The table, its columns that are read, and what its rows are filtered by.
fn scan(node: &Arc<dyn ExecutionPlan>, tables: &[Arc<ScanTable>]) -> Option<String> {
    let exec = node.downcast_ref::<DataSourceExec>()?;
    let config: &FileScanConfig = exec.data_source().downcast_ref()?;
    let table = tables.iter().find(|table| table.url == config.object_store_url)?;
    let columns: Vec<String> = node.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut text = format!("{table:?} [{}]", columns.join(", "));
    if let Some(filter) = config.file_source().filter() {
        text.push_str(&format!(" where {}", plain(&filter.to_string())));
    }
    Some(text)
}

/// The name of an operator as the engine has it, without the word that all of them have, and its description.
fn generic(node: &Arc<dyn ExecutionPlan>) -> (String, String) {
    let name = node.name().replace("Exec", "");
    let shown = displayable(node.as_ref()).one_line().to_string();
    let detail = match shown.trim().split_once(": ") {
        Some((_, detail)) => plain(detail),
        None => String::new(),
    };
    (name, detail)
}

/// Without the places of columns among those of the input: `state@0`.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '@' && letters.peek().is_some_and(char::is_ascii_digit) {
            while letters.next_if(char::is_ascii_digit).is_some() {}
        } else {
            plain.push(letter);
        }
    }
    plain
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn figures(metrics: &MetricsSet) -> Vec<String> {
    let sum = |name: &str| metrics.sum_by_name(name).map(|value| value.as_usize());
    let rows = metrics.output_rows().map(|rows| counted(rows as u64));
    // What its batches take in memory.
    let bytes = metrics.sum(|metric| matches!(metric.value(), MetricValue::OutputBytes(_)));
    let bytes = bytes.map(|bytes| human_bytes(bytes.as_usize() as u64));
    // A scan is timed by the work on its files, waiting aside.
    let nanos = sum("time_elapsed_processing").or_else(|| metrics.elapsed_compute());
    let took = nanos.map(|nanos| time(Duration::from_nanos(nanos as u64)));
    let spilled = metrics.spilled_bytes().filter(|bytes| *bytes > 0);
    let spilled = spilled.map(|bytes| format!("{} spilled to disk", human_bytes(bytes as u64)));
    [rows, bytes, took, spilled].into_iter().flatten().collect()
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn time(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 {
        format!("{millis:.2} ms")
    } else if millis < 1e4 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, cut, plain, time};

    #[test]
    fn places_of_columns_are_left_out() {
        assert_eq!(plain("gby=[state@0 as state], mail = 'a@b.c'"), "gby=[state as state], mail = 'a@b.c'");
        assert_eq!(cut(&"é".repeat(301)).chars().count(), 301);
        assert_eq!(
            [Duration::from_micros(1_234), Duration::from_millis(250), Duration::from_secs(75)].map(time),
            ["1.23 ms", "250 ms", "75.0 s"]
        );
    }
}
