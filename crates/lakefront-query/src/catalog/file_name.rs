//! What the name of a file says.

use lakefront_engine::Compression;
use lakefront_engine::infer::FileKind;

/// A data file's name, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FileName {
    /// Without the endings, as written.
    pub(super) stem: String,
    pub(super) kind: FileKind,
}

impl FileName {
    /// `None` for files that are no data by their names.
    pub(super) fn parse(name: &str) -> Option<FileName> {
        let lower = name.to_ascii_lowercase();
        let (plain, compression) = if let Some(plain) = lower.strip_suffix(".gz") {
            (plain, Compression::Gzip)
        } else if let Some(plain) = lower.strip_suffix(".zst") {
            (plain, Compression::Zstd)
        } else {
            (lower.as_str(), Compression::None)
        };
        let (stem, ending) = plain.rsplit_once('.').filter(|(stem, _)| !stem.is_empty())?;
        let kind = match ending {
            "parquet" if compression == Compression::None => FileKind::Parquet,
            "csv" => FileKind::Csv { compression, tabs: false },
            "tsv" => FileKind::Csv { compression, tabs: true },
            "json" | "jsonl" | "ndjson" => FileKind::Json { compression },
            _ => return None,
        };
        // Lower-casing ASCII keeps every position.
        Some(FileName { stem: name[..stem.len()].to_owned(), kind })
    }
}

/// An identifier that needs no quotes: lower case, `_` for all that is no letter, digit or underscore.
pub(super) fn identifier(text: &str) -> String {
    let mut name: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_numeric()) {
        name.insert(0, '_');
    }
    name
}

/// Whether a file is named like a part of a data set: it begins with a digit or `part`, or is a UUID.
pub(super) fn is_part(stem: &str) -> bool {
    let lower = stem.to_ascii_lowercase();
    let after_part = lower.strip_prefix("part");
    lower.starts_with(|c: char| c.is_ascii_digit())
        || after_part.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic()))
        || is_uuid(&lower)
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split(['-', '_', '.']).take(5).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        let kind = |name| FileName::parse(name).map(|file| (file.stem, file.kind));
        let csv = |compression| FileKind::Csv { compression, tabs: false };
        assert_eq!(kind("A b.CSV.GZ"), Some(("A b".to_owned(), csv(Compression::Gzip))));
        assert_eq!(kind("x.snappy.parquet"), Some(("x.snappy".to_owned(), FileKind::Parquet)));
        assert_eq!(kind("x.ndjson.zst"), Some(("x".to_owned(), FileKind::Json { compression: Compression::Zstd })));
        for name in ["x", "x.gz", "x.parquet.gz", ".csv", "x.txt", "x.csv.bz2", "x.csv.crc"] {
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn identifiers_need_no_quotes() {
        for (text, expected) in
            [("Sales Report", "sales_report"), ("2024", "_2024"), ("Über-Uns", "über_uns"), ("a=b", "a_b")]
        {
            assert_eq!(identifier(text), expected);
        }
    }
}
