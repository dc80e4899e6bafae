//! CSV as RFC 4180 has it. A null is an empty field, an empty text is `""`.

use std::io::Write;

use lakefront_query::ResultSet;

use super::{EncodeError, Options, Values};

pub(super) fn write(result: &ResultSet, options: Options, out: &mut impl Write) -> Result<(), EncodeError> {
    let mut text = Vec::with_capacity(64 << 10);
    let mut field = Vec::new();
    for (index, column) in result.columns().iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        push(column.name.as_bytes(), options.formula_safe, &mut text);
    }
    text.extend_from_slice(b"\r\n");
    for batch in result.batches(options.offset, options.limit) {
        let batch = batch?;
        let columns: Vec<Values<'_>> = batch.columns().iter().map(|column| Values::new(column)).collect();
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                if column.is_null(row) {
                    continue;
                }
                if column.is_free_text() {
                    field.clear();
                    column.text(row, &mut field);
                    push(&field, options.formula_safe, &mut text);
                } else {
                    column.text(row, &mut text);
                }
            }
            text.extend_from_slice(b"\r\n");
            if text.len() >= 64 << 10 {
                out.write_all(&text)?;
                text.clear();
            }
        }
    }
    out.write_all(&text)?;
    Ok(())
}

fn push(field: &[u8], formula_safe: bool, text: &mut Vec<u8>) {
    // https://owasp.org/www-community/attacks/CSV_Injection
    let is_formula = formula_safe && matches!(field.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n'));
    let needs_quotes =
        field.is_empty() || is_formula || field.iter().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'));
    if !needs_quotes {
        return text.extend_from_slice(field);
    }
    text.push(b'"');
    if is_formula {
        text.push(b'\'');
    }
    for byte in field {
        if *byte == b'"' {
            text.push(b'"');
        }
        text.push(*byte);
    }
    text.push(b'"');
}

/// One text of a CSV that is made elsewhere, safe to open in a spreadsheet.
pub fn field(text: &str) -> String {
    let mut field = Vec::with_capacity(text.len() + 2);
    push(text.as_bytes(), true, &mut field);
    String::from_utf8_lossy(&field).into_owned()
}
