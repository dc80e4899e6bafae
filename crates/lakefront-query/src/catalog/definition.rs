//! A table as the statement that would declare it to Athena.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field};
use lakefront_engine::{Format, Table};

use super::glue::hive;
use crate::QueryError;
use crate::aws::{GlueColumn, GlueTable};

const PARQUET: Files = Files {
    serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
};
const QUOTED: Files = Files { serde: "org.apache.hadoop.hive.serde2.OpenCSVSerde", ..DELIMITED };
const JSON: Files = Files { serde: "org.openx.data.jsonserde.JsonSerDe", ..DELIMITED };
const DELIMITED: Files = Files {
    serde: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    input: "org.apache.hadoop.mapred.TextInputFormat",
    output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
};

struct Files {
    serde: &'static str,
    input: &'static str,
    output: &'static str,
}

/// What of names and values is a secret wherever it stands.
const SECRET: [&str; 5] = ["password", "secret", "token", "credential", "accesskey"];

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Definition {
    comment: Option<String>,
    columns: Vec<GlueColumn>,
    keys: Vec<GlueColumn>,
    serde: Option<String>,
    serde_parameters: BTreeMap<String, String>,
    input_format: Option<String>,
    output_format: Option<String>,
    location: Option<String>,
    properties: BTreeMap<String, String>,
}

impl Definition {
    /// As Glue has it.
    pub(super) fn of_glue(table: &GlueTable) -> Self {
        Self {
            comment: table.description.clone(),
            columns: table.columns.clone(),
            keys: table.partition_keys.clone(),
            serde: table.serde.clone(),
            serde_parameters: shown(&table.serde_parameters),
            input_format: table.input_format.clone(),
            output_format: table.output_format.clone(),
            location: table.location.clone(),
            // The statement says it by itself.
            properties: shown(&table.parameters).into_iter().filter(|(name, _)| name != "EXTERNAL").collect(),
        }
    }

    /// Of files whose columns were inferred; an error names a column whose type Athena does not have.
    pub(super) fn of_files(table: &Table, location: String) -> Result<Self, QueryError> {
        let column = |field: &Field| match hive(field.data_type()) {
            Some(data_type) => Ok(GlueColumn { name: field.name().clone(), data_type, comment: None }),
            None => {
                let message = format!("Athena declares no type for column \"{}\".", field.name());
                let hint = format!("DESCRIBE {} names the type.", table.name);
                Err(QueryError::user("NOT_SUPPORTED", message).with_hint(hint))
            }
        };
        let columns = table.schema.fields().iter().map(|field| column(field)).collect::<Result<Vec<_>, _>>()?;
        let keys = table.partitions.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let (files, parameters, classification, has_header) = match &table.format {
            Format::Parquet => (PARQUET, Vec::new(), "parquet", false),
            Format::Json { .. } => (JSON, Vec::new(), "json", false),
            Format::Csv { delimiter, quote, header, .. } => {
                let is_plain = |field: &Field| {
                    matches!(field.data_type(), DataType::Utf8 | DataType::Int64 | DataType::Int32 | DataType::Float64)
                };
                let delimiter = char::from(*delimiter).to_string();
                // The SerDe that heeds quotes reads days, times and truth values in other forms.
                if table.schema.fields().iter().all(|field| is_plain(field)) {
                    let quote = char::from(*quote).to_string();
                    (QUOTED, vec![pair("separatorChar", delimiter), pair("quoteChar", quote)], "csv", *header)
                } else {
                    (DELIMITED, vec![pair("field.delim", delimiter)], "csv", *header)
                }
            }
            Format::Lines { .. } => {
                return Err(QueryError::internal("inferred files are no lines of a declared table"));
            }
        };
        let header = has_header.then(|| pair("skip.header.line.count", "1".to_owned()));
        Ok(Self {
            comment: None,
            columns,
            keys,
            serde: Some(files.serde.to_owned()),
            serde_parameters: parameters.into_iter().collect(),
            input_format: Some(files.input.to_owned()),
            output_format: Some(files.output.to_owned()),
            location: Some(location),
            properties: [pair("classification", classification.to_owned())].into_iter().chain(header).collect(),
        })
    }

    /// `CREATE EXTERNAL TABLE`, line by line.
    pub(crate) fn statement(&self, database: &str, name: &str) -> Vec<String> {
        let mut lines = vec![format!("CREATE EXTERNAL TABLE {}.{}(", ident(database), ident(name))];
        lines.extend(closed(self.columns.iter().map(column)));
        if let Some(comment) = &self.comment {
            lines.push(format!("COMMENT {}", text(comment)));
        }
        if !self.keys.is_empty() {
            lines.push("PARTITIONED BY (".to_owned());
            lines.extend(closed(self.keys.iter().map(column)));
        }
        if let Some(serde) = &self.serde {
            lines.extend(["ROW FORMAT SERDE".to_owned(), format!("  {}", text(serde))]);
            lines.extend(pairs("WITH SERDEPROPERTIES (", &self.serde_parameters));
        }
        if let (Some(input), Some(output)) = (&self.input_format, &self.output_format) {
            lines.extend(["STORED AS INPUTFORMAT".to_owned(), format!("  {}", text(input))]);
            lines.extend(["OUTPUTFORMAT".to_owned(), format!("  {}", text(output))]);
        }
        if let Some(location) = &self.location {
            lines.extend(["LOCATION".to_owned(), format!("  {}", text(location))]);
        }
        lines.extend(pairs("TBLPROPERTIES (", &self.properties));
        lines
    }
}

fn column(column: &GlueColumn) -> String {
    let comment = match column.comment.as_deref() {
        Some(comment) if !comment.is_empty() => format!(" COMMENT {}", text(comment)),
        _ => String::new(),
    };
    format!("{} {}{comment}", ident(&column.name), column.data_type)
}

fn pairs(begin: &str, pairs: &BTreeMap<String, String>) -> Vec<String> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let pair = |(name, value): (&String, &String)| format!("{}={}", text(name), text(value));
    std::iter::once(begin.to_owned()).chain(closed(pairs.iter().map(pair))).collect()
}

/// Lines with commas between them, and the parenthesis behind the last.
fn closed(lines: impl ExactSizeIterator<Item = String>) -> impl Iterator<Item = String> {
    let last = lines.len().saturating_sub(1);
    lines.enumerate().map(move |(at, line)| format!("  {line}{}", if at == last { ")" } else { "," }))
}

fn ident(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// As Hive reads a text, which knows escapes.
fn text(text: &str) -> String {
    let mut quoted = String::from("'");
    for letter in text.chars() {
        match letter {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other if other.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

fn shown(parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_secret = |name: &str| {
        let name: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        SECRET.iter().any(|secret| name.contains(secret))
    };
    parameters.iter().filter(|(name, _)| !is_secret(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names_end_where_they_should() {
        let column = |name: &str, data_type: &str, comment: Option<&str>| GlueColumn {
            name: name.to_owned(),
            data_type: data_type.to_owned(),
            comment: comment.map(str::to_owned),
        };
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let definition = Definition {
            comment: Some("it's a table".to_owned()),
            columns: vec![column("a`b", "array<struct<x:int>>", Some("say 'a'")), column("c", "string", None)],
            keys: vec![column("day", "date", None)],
            serde: Some(DELIMITED.serde.to_owned()),
            serde_parameters: map(&[("field.delim", "\t"), ("escape.delim", "\\")]),
            input_format: Some(DELIMITED.input.to_owned()),
            output_format: Some(DELIMITED.output.to_owned()),
            location: Some("s3://bucket/a 'b'/".to_owned()),
            properties: shown(&map(&[("classification", "csv"), ("aws.secret-key", "x"), ("accessKey", "y")])),
        };
        assert_eq!(
            definition.statement("d", "t").join("\n"),
            r"CREATE EXTERNAL TABLE `d`.`t`(
  `a``b` array<struct<x:int>> COMMENT 'say \'a\'',
  `c` string)
COMMENT 'it\'s a table'
PARTITIONED BY (
  `day` date)
ROW FORMAT SERDE
  'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
WITH SERDEPROPERTIES (
  'escape.delim'='\\',
  'field.delim'='\t')
STORED AS INPUTFORMAT
  'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT
  'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION
  's3://bucket/a \'b\'/'
TBLPROPERTIES (
  'classification'='csv')"
        );
    }
}
