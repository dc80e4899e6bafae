//! How the files of a table are written, by its SerDe, and whether they are read here as Athena reads them.

use arrow::datatypes::DataType;
use lakefront_engine::{Compression, Format, LineRules};

use crate::aws::GlueTable;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Parquet,
    /// With a first line to skip.
    Lines(LineRules, bool),
}

/// Or why the files are read by Athena only, as a clause.
pub(super) fn of(table: &GlueTable) -> Result<Reading, String> {
    let only = |what: &str| Err(format!("{what} is read by Athena only"));
    if table.table_type.as_deref() == Some("VIRTUAL_VIEW") {
        return only("a view");
    }
    if table.is_governed {
        return only("a table that Lake Formation governs");
    }
    let is = |name: &str, value: &str| {
        table
            .parameters
            .get(name)
            .or_else(|| table.serde_parameters.get(name))
            .is_some_and(|is| is.eq_ignore_ascii_case(value))
    };
    for (kind, name) in [("iceberg", "Iceberg"), ("delta", "Delta Lake"), ("hudi", "Hudi")] {
        if is("table_type", kind) || is("spark.sql.sources.provider", kind) {
            return only(name);
        }
    }
    let input = table.input_format.as_deref().unwrap_or_default();
    let serde = table.serde.as_deref().unwrap_or_default();
    if input.ends_with("SymlinkTextInputFormat") {
        return only("a list of links");
    }
    match serde.rsplit('.').next().unwrap_or_default() {
        "ParquetHiveSerDe" if is("parquet.column.index.access", "true") => only("Parquet by the columns' positions"),
        "ParquetHiveSerDe" => Ok(Reading::Parquet),
        "OrcSerde" => only("ORC"),
        "AvroSerDe" => only("Avro"),
        "LazySimpleSerDe" if input.ends_with("TextInputFormat") => lazy(table),
        "OpenCSVSerde" if input.ends_with("TextInputFormat") => quoted(table),
        "JsonSerDe" if input.ends_with("TextInputFormat") => json(table),
        "" => only("what has no SerDe"),
        other => only(other),
    }
}

impl Reading {
    pub(super) fn format(&self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Lines(LineRules::Json, _) => "json",
            Self::Lines(..) => "csv",
        }
    }

    /// In words.
    pub(super) fn text(&self) -> String {
        let shown = |byte: u8| match byte {
            b'\t' => "tab".to_owned(),
            1 => "^A".to_owned(),
            other => format!("\"{}\"", char::from(other)),
        };
        match self {
            Self::Parquet => "Parquet".to_owned(),
            Self::Lines(LineRules::Json, _) => "JSON lines".to_owned(),
            Self::Lines(LineRules::Delimited { delimiter }, header) => {
                format!(
                    "Text, {} between values{}",
                    shown(*delimiter),
                    if *header { ", first line skipped" } else { "" }
                )
            }
            Self::Lines(LineRules::Quoted { separator, .. }, header) => {
                format!(
                    "CSV, {} between values{}",
                    shown(*separator),
                    if *header { ", first line skipped" } else { "" }
                )
            }
        }
    }

    /// Whether values of this type are read from such files as Athena reads them.
    pub(super) fn takes(&self, data_type: &DataType) -> bool {
        let is_number = matches!(data_type, DataType::Int32 | DataType::Int64 | DataType::Float64);
        match self {
            Self::Parquet => true,
            Self::Lines(LineRules::Delimited { .. }, _) => !data_type.is_nested() && *data_type != DataType::Binary,
            Self::Lines(LineRules::Quoted { .. }, _) => is_number || *data_type == DataType::Utf8,
            Self::Lines(LineRules::Json, _) => match data_type {
                DataType::Struct(fields) => fields.iter().all(|field| self.takes(field.data_type())),
                DataType::List(item) => self.takes(item.data_type()),
                DataType::Utf8 | DataType::Boolean => true,
                _ => is_number,
            },
        }
    }

    pub(super) fn engine_format(self, compression: Compression) -> Format {
        match self {
            Self::Parquet => Format::Parquet,
            Self::Lines(rules, skip_header) => Format::Lines { rules, skip_header, compression },
        }
    }
}

/// `skip.header.line.count`, as far as it is read here.
fn header(table: &GlueTable) -> Result<bool, String> {
    let count =
        table.parameters.get("skip.header.line.count").or_else(|| table.serde_parameters.get("skip.header.line.count"));
    let footer = table.parameters.get("skip.footer.line.count").map(|count| count.trim());
    match (count.map(|count| count.trim()), footer) {
        (_, Some(count)) if count != "0" => Err("text with last lines to skip is read by Athena only".to_owned()),
        (None | Some("0"), _) => Ok(false),
        (Some("1"), _) => Ok(true),
        (Some(_), _) => Err("text with several first lines to skip is read by Athena only".to_owned()),
    }
}

/// The parameters that do not change how lines are read.
const HARMLESS: &[&str] =
    &["serialization.format", "field.delim", "line.delim", "separatorchar", "quotechar", "escapechar"];

fn others(table: &GlueTable, known: &[&str]) -> Result<(), String> {
    let odd = table.serde_parameters.keys().find(|name| {
        let name = name.to_lowercase();
        !HARMLESS.contains(&name.as_str()) && !known.contains(&name.as_str()) && !name.starts_with("skip.")
    });
    match odd {
        Some(name) => Err(format!("the SerDe parameter {name} is heeded by Athena only")),
        None => Ok(()),
    }
}

/// One byte of ASCII; Hive's numbers and escapes for some of them too.
fn byte(text: &str) -> Option<u8> {
    match text {
        "\\t" => Some(b'\t'),
        "\\u0001" | "\\001" => Some(1),
        "\\\\" => Some(b'\\'),
        _ => match text.as_bytes() {
            [one] if one.is_ascii() && !matches!(one, b'\n' | b'\r') => Some(*one),
            _ => None,
        },
    }
}

fn lazy(table: &GlueTable) -> Result<Reading, String> {
    others(table, &[])?;
    let odd = || "text with this delimiter is read by Athena only".to_owned();
    let parameters = &table.serde_parameters;
    if parameters.get("line.delim").is_some_and(|line| line != "\n" && line != "\\n") {
        return Err("text with this line delimiter is read by Athena only".to_owned());
    }
    let delimiter = match parameters.get("field.delim").or_else(|| parameters.get("serialization.format")) {
        // Hive's own, by number.
        None => 1,
        Some(text) if text == "1" && !parameters.contains_key("field.delim") => 1,
        Some(text) => byte(text).ok_or_else(odd)?,
    };
    Ok(Reading::Lines(LineRules::Delimited { delimiter }, header(table)?))
}

fn quoted(table: &GlueTable) -> Result<Reading, String> {
    others(table, &[])?;
    let of = |name: &str, default: u8| match table.serde_parameters.get(name) {
        None => Ok(default),
        Some(text) => byte(text).ok_or_else(|| format!("CSV with this {name} is read by Athena only")),
    };
    let (separator, quote, escape) = (of("separatorChar", b',')?, of("quoteChar", b'"')?, of("escapeChar", b'\\')?);
    if separator == quote || separator == escape {
        return Err("CSV with one character for two things is read by Athena only".to_owned());
    }
    Ok(Reading::Lines(LineRules::Quoted { separator, quote, escape }, header(table)?))
}

fn json(table: &GlueTable) -> Result<Reading, String> {
    // The crawler notes the paths it has seen.
    others(table, &["paths", "case.insensitive", "ignore.malformed.json", "dots.in.keys"])?;
    let is = |name: &str, value: &str| {
        table.serde_parameters.get(name).is_some_and(|given| given.trim().eq_ignore_ascii_case(value))
    };
    if is("case.insensitive", "false") || is("ignore.malformed.json", "true") || is("dots.in.keys", "true") {
        return Err("JSON with these SerDe parameters is read by Athena only".to_owned());
    }
    match header(table)? {
        true => Err("JSON with a first line to skip is read by Athena only".to_owned()),
        false => Ok(Reading::Lines(LineRules::Json, false)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TEXT: &str = "org.apache.hadoop.mapred.TextInputFormat";
    const LAZY: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
    const QUOTED: &str = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
    const OPENX: &str = "org.openx.data.jsonserde.JsonSerDe";

    fn read(serde: &str, parameters: &[(&str, &str)], properties: &[(&str, &str)]) -> Result<Reading, String> {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        of(&GlueTable {
            database: "d".to_owned(),
            name: "t".to_owned(),
            description: None,
            columns: Vec::new(),
            partition_keys: Vec::new(),
            location: None,
            input_format: Some(TEXT.to_owned()),
            output_format: None,
            serde: (!serde.is_empty()).then(|| serde.to_owned()),
            serde_parameters: map(parameters),
            parameters: map(properties),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            view_text: None,
            metadata_location: None,
            is_governed: false,
        })
    }

    #[test]
    fn serdes_say_how_lines_are_read() {
        let delimited = |delimiter, header| Ok(Reading::Lines(LineRules::Delimited { delimiter }, header));
        let header = ("skip.header.line.count", "1");
        assert_eq!(
            read(LAZY, &[("field.delim", ","), ("serialization.format", ",")], &[header]),
            delimited(b',', true)
        );
        assert_eq!(read(LAZY, &[("serialization.format", "1")], &[]), delimited(1, false));
        assert_eq!(read(LAZY, &[("field.delim", "\t")], &[]), delimited(b'\t', false));
        let rules = LineRules::Quoted { separator: b';', quote: b'"', escape: b'\\' };
        assert_eq!(read(QUOTED, &[("separatorChar", ";")], &[]), Ok(Reading::Lines(rules, false)));
        assert_eq!(read(OPENX, &[("paths", "a,b")], &[]), Ok(Reading::Lines(LineRules::Json, false)));
    }

    #[test]
    fn what_is_read_otherwise_is_left_to_athena() {
        for (serde, parameters, properties, reason) in [
            (LAZY, &[("escape.delim", "\\")][..], &[][..], "escape.delim"),
            (LAZY, &[("field.delim", "||")], &[], "delimiter"),
            (LAZY, &[], &[("skip.header.line.count", "2")], "several first lines"),
            (LAZY, &[], &[("skip.footer.line.count", "1")], "last lines"),
            (QUOTED, &[("quoteChar", ",")], &[], "two things"),
            (OPENX, &[("mapping.id", "ID")], &[], "mapping.id"),
            (OPENX, &[("ignore.malformed.json", "true")], &[], "JSON with"),
            (OPENX, &[], &[("table_type", "ICEBERG")], "Iceberg"),
            ("org.apache.hadoop.hive.ql.io.orc.OrcSerde", &[], &[], "ORC is read by Athena only"),
            ("com.amazonaws.glue.serde.GrokSerDe", &[], &[], "GrokSerDe"),
            ("", &[], &[], "no SerDe"),
        ] {
            let told = read(serde, parameters, properties);
            assert!(told.as_ref().is_err_and(|told| told.contains(reason)), "{serde} {parameters:?}: {told:?}");
        }
    }
}
