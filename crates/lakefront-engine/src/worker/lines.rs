//! Lines of text as rows, by the rules of Hive's SerDes.
//!
//! The scan below reads lines whole: its delimiter and quote are bytes that no UTF-8 text has. What a line means is
//! decided here, since a CSV reader's rules are others in just the odd cases: short lines, `\N`, empty values, escapes.

use std::sync::Arc;

use arrow::json::ReaderBuilder;
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, StringBuilder};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::config::CsvOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, PlanProperties, ReplaceChildrenOptions,
    SendableRecordBatchStream,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use serde_json::Value;

use crate::error::{EngineError, EngineErrorKind};
use crate::infer::trino_type;
use crate::job::LineRules;

/// How Hive writes NULL in text.
const NULL: &[u8] = b"\\N";

/// The file's only column, as the scan below sees it.
pub(super) fn line() -> Field {
    Field::new("line", DataType::Utf8, true)
}

pub(super) fn csv_options(skip_header: bool) -> CsvOptions {
    CsvOptions {
        has_header: Some(skip_header),
        delimiter: 0xfe,
        quote: 0xff,
        newlines_in_values: Some(false),
        ..CsvOptions::default()
    }
}

/// Columns of the line scan that are needed for these columns of the table: the line, then partition keys.
pub(super) fn line_projection(columns: usize, projection: &[usize]) -> Vec<usize> {
    let keys = projection.iter().filter(|at| **at >= columns).map(|at| at - columns + 1);
    std::iter::once(0).chain(keys).collect()
}

/// Makes rows of lines.
#[derive(Debug)]
pub(super) struct LinesExec {
    input: Arc<dyn ExecutionPlan>,
    decoder: Arc<Decoder>,
    properties: Arc<PlanProperties>,
}

impl LinesExec {
    /// `input` has the columns of [`line_projection`]; `table` are the file columns, then partition keys.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        rules: LineRules,
        table: &Schema,
        columns: usize,
        projection: &[usize],
    ) -> Result<Self> {
        let output = Arc::new(table.project(projection)?);
        let mut keys = 1..;
        let sources = projection.iter().map(|at| match *at < columns {
            true => Source::Value(*at),
            false => Source::Key(keys.next().unwrap_or_default()),
        });
        Ok(Self::over(input, Arc::new(Decoder { rules, sources: sources.collect(), output })))
    }

    fn over(input: Arc<dyn ExecutionPlan>, decoder: Arc<Decoder>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&decoder.output)),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, decoder, properties: Arc::new(properties) }
    }
}

impl DisplayAs for LinesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinesExec: {:?}", self.decoder.rules)
    }
}

impl ExecutionPlan for LinesExec {
    fn name(&self) -> &str {
        "LinesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) => Ok(Arc::new(Self::over(input, Arc::clone(&self.decoder)))),
            None => Err(DataFusionError::Internal("lines come from somewhere".to_owned())),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let decoder = Arc::clone(&self.decoder);
        let rows = self.input.execute(partition, context)?.map(move |batch| decoder.rows(&batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.decoder.output), rows)))
    }
}

#[derive(Debug)]
struct Decoder {
    rules: LineRules,
    /// One per column of the output.
    sources: Vec<Source>,
    output: SchemaRef,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// The value at this place of the line.
    Value(usize),
    /// A column of the input.
    Key(usize),
}

impl Decoder {
    fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let lines = batch.column(0).as_string::<i32>();
        let values = match self.rules {
            LineRules::Json => self.objects(lines.iter().map(Option::unwrap_or_default))?,
            LineRules::Delimited { .. } | LineRules::Quoted { .. } => {
                self.values(lines.iter().map(Option::unwrap_or_default))?
            }
        };
        let mut values = values.into_iter();
        let columns = self.sources.iter().map(|source| match source {
            Source::Key(at) => Ok(Arc::clone(batch.column(*at))),
            Source::Value(_) => {
                values.next().ok_or_else(|| DataFusionError::Internal("a column is missing".to_owned()))
            }
        });
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.output), columns.collect::<Result<_>>()?, &options)?)
    }

    fn wanted(&self) -> impl Iterator<Item = (usize, &Arc<Field>)> {
        self.sources.iter().zip(self.output.fields()).filter_map(|(source, field)| match source {
            Source::Value(at) => Some((*at, field)),
            Source::Key(_) => None,
        })
    }

    fn values<'a>(&self, lines: impl Iterator<Item = &'a str>) -> Result<Vec<ArrayRef>> {
        let places: Vec<usize> = self.wanted().map(|(at, _)| at).collect();
        let mut texts: Vec<StringBuilder> = places.iter().map(|_| StringBuilder::new()).collect();
        let mut values = Vec::new();
        for line in lines {
            match self.rules {
                LineRules::Delimited { delimiter } => {
                    let all = line.split(char::from(delimiter));
                    values.clear();
                    values.extend(all.map(|value| (value.as_bytes() != NULL).then(|| value.to_owned())));
                }
                LineRules::Quoted { separator, quote, escape } => {
                    values.clear();
                    let parsed = quoted(line, char::from(separator), char::from(quote), char::from(escape))?;
                    values.extend(parsed.into_iter().map(Some));
                }
                LineRules::Json => {}
            }
            for (place, text) in places.iter().zip(&mut texts) {
                text.append_option(values.get(*place).and_then(Option::as_deref));
            }
        }
        self.wanted()
            .zip(texts)
            .map(|((_, field), mut text)| self.typed(&(Arc::new(text.finish()) as ArrayRef), field))
            .collect()
    }

    fn typed(&self, texts: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        // What fits no type is NULL to one SerDe and an error to the other.
        let safe = matches!(self.rules, LineRules::Delimited { .. });
        match field.data_type() {
            DataType::Utf8 => Ok(Arc::clone(texts)),
            DataType::Boolean => {
                let values = texts.as_string::<i32>().iter().map(|text| {
                    let text = text?;
                    match (text.eq_ignore_ascii_case("true"), text.eq_ignore_ascii_case("false")) {
                        (true, _) => Some(true),
                        (_, true) => Some(false),
                        _ => None,
                    }
                });
                Ok(Arc::new(values.collect::<BooleanArray>()))
            }
            data_type => {
                let options = CastOptions { safe, ..CastOptions::default() };
                cast_with_options(texts, data_type, &options).map_err(|error| {
                    unreadable(format!("A value of column '{}' is no {}.", field.name(), trino_type(data_type)), &error)
                })
            }
        }
    }

    fn objects<'a>(&self, lines: impl Iterator<Item = &'a str>) -> Result<Vec<ArrayRef>> {
        let schema = Arc::new(Schema::new(self.wanted().map(|(_, field)| Arc::clone(field)).collect::<Vec<_>>()));
        let mut rows = Vec::new();
        for line in lines {
            let row: Value =
                serde_json::from_str(line).map_err(|error| unreadable("A line is no JSON.".to_owned(), &error))?;
            if !row.is_object() {
                return Err(unreadable("A line is no JSON object.".to_owned(), &"another value"));
            }
            rows.push(in_lower_case(row));
        }
        if schema.fields().is_empty() || rows.is_empty() {
            return Ok(schema
                .fields()
                .iter()
                .map(|field| datafusion::arrow::array::new_empty_array(field.data_type()))
                .collect());
        }
        let decoder = ReaderBuilder::new(schema).with_coerce_primitive(true).build_decoder();
        let decoded = decoder.and_then(|mut decoder| {
            decoder.serialize(&rows)?;
            decoder.flush()
        });
        let decoded =
            decoded.map_err(|error| unreadable("A JSON value is none of its column's type.".to_owned(), &error))?;
        Ok(decoded.map(|batch| batch.columns().to_vec()).unwrap_or_default())
    }
}

fn unreadable(message: String, detail: &dyn std::fmt::Display) -> DataFusionError {
    let error = EngineError::new(EngineErrorKind::InvalidFile, message).with_detail(detail.to_string());
    DataFusionError::External(Box::new(error))
}

/// Keys of objects in lower case, as columns of Hive are. The parser has bounded how deep a value is.
fn in_lower_case(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.into_iter().map(|(key, value)| (key.to_lowercase(), in_lower_case(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(in_lower_case).collect()),
        other => other,
    }
}

/// The values of a line as opencsv 2.3 finds them, which `OpenCSVSerde` uses: an escape counts within quotes only and is
/// lost elsewhere; a quote in the middle of a value stays; space before a quote goes.
fn quoted(line: &str, separator: char, quote: char, escape: char) -> Result<Vec<String>> {
    let letters: Vec<char> = line.chars().collect();
    let mut values = Vec::new();
    let mut value = String::new();
    let mut in_quotes = false;
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        if letter == escape && escape != quote {
            if in_quotes && let Some(next) = next.filter(|next| *next == quote || *next == escape) {
                value.push(next);
                at += 1;
            }
        } else if letter == quote {
            if in_quotes && next == Some(quote) {
                value.push(quote);
                at += 1;
            } else {
                let inside = at > 2 && letters[at - 1] != separator && next.is_some_and(|next| next != separator);
                if inside && !value.is_empty() && value.chars().all(char::is_whitespace) {
                    value.clear();
                } else if inside {
                    value.push(quote);
                }
                in_quotes = !in_quotes;
            }
        } else if letter == separator && !in_quotes {
            values.push(std::mem::take(&mut value));
        } else {
            value.push(letter);
        }
        at += 1;
    }
    if in_quotes {
        return Err(unreadable("A quoted value goes on in the next line.".to_owned(), &"unbalanced quotes"));
    }
    values.push(value);
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use datafusion::arrow::array::StringArray;
    use datafusion::arrow::datatypes::TimeUnit;
    use datafusion::arrow::util::pretty::pretty_format_batches;

    use super::*;

    fn decoded(rules: LineRules, fields: &[(&str, DataType)], lines: &[&str]) -> Result<String> {
        let output: Vec<Field> = fields.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect();
        let sources = (0..fields.len()).map(Source::Value).collect();
        let decoder = Decoder { rules, sources, output: Arc::new(Schema::new(output)) };
        let lines: ArrayRef = Arc::new(StringArray::from(lines.to_vec()));
        let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![line()])), vec![lines]).unwrap();
        let rows = decoder.rows(&batch)?;
        let table = pretty_format_batches(&[rows]).unwrap().to_string();
        let rows: Vec<String> = table
            .lines()
            .filter(|row| row.starts_with('|'))
            .skip(1)
            .map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join("|"))
            .collect();
        Ok(rows.join("\n"))
    }

    #[test]
    fn delimited_lines_are_lenient() {
        let rules = LineRules::Delimited { delimiter: b',' };
        let fields = [
            ("s", DataType::Utf8),
            ("n", DataType::Int64),
            ("b", DataType::Boolean),
            ("t", DataType::Timestamp(TimeUnit::Millisecond, None)),
        ];
        let lines =
            ["a,1,TRUE,2024-05-06 07:08:09.123", "\\N,x,yes,x", "\"q\",,false", "z,7,true,2024-05-06 07:08:09,more"];
        assert_eq!(
            decoded(rules, &fields, &lines).unwrap(),
            "a|1|true|2024-05-06T07:08:09.123\n|||\n\"q\"||false|\nz|7|true|2024-05-06T07:08:09"
        );
    }

    #[test]
    fn quoted_lines_are_opencsvs() {
        let values =
            |line| quoted(line, ',', '"', '\\').map(|values| values.join("|")).map_err(|error| error.to_string());
        assert_eq!(values("a,\"b,c\",").unwrap(), "a|b,c|");
        assert_eq!(values("\"a \"\"b\"\"\",\"c\\\"d\\\\\"").unwrap(), "a \"b\"|c\"d\\");
        assert_eq!(values("C:\\x,1").unwrap(), "C:x|1");
        assert_eq!(values("12 \"in\" x,y").unwrap(), "12 \"in\" x|y");
        assert_eq!(values("").unwrap(), "");
        assert!(values("a,\"b").is_err());
        let rules = LineRules::Quoted { separator: b';', quote: b'\'', escape: b'\\' };
        let fields = [("s", DataType::Utf8), ("n", DataType::Int64)];
        assert_eq!(decoded(rules, &fields, &["'a;b';7", "c"]).unwrap(), "a;b|7\nc|");
        assert!(decoded(rules, &fields, &["a;x"]).is_err());
    }

    #[test]
    fn json_keys_have_any_case() {
        let place = DataType::Struct(vec![Field::new("zip", DataType::Int64, true)].into());
        let fields = [("userid", DataType::Int64), ("name", DataType::Utf8), ("place", place)];
        let lines = ["{\"userId\":1,\"Name\":7,\"place\":{\"ZIP\":5}}", "{\"other\":[1]}"];
        assert_eq!(decoded(LineRules::Json, &fields, &lines).unwrap(), "1|7|{zip: 5}\n||");
        assert!(decoded(LineRules::Json, &fields, &["[1]"]).is_err());
        assert!(decoded(LineRules::Json, &fields, &["{\"userId\":\"x\"}"]).is_err());
    }
}
