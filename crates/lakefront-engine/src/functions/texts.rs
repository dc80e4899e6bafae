//! Trino's text functions where DataFusion's of the same name answer otherwise.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::functions_nested::repeat::array_repeat_udf;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let repeat = ScalarUDF::clone(&array_repeat_udf()).with_aliases(["repeat"]);
    let split = Text::new("split_part", vec![vec![DataType::Utf8, DataType::Utf8, DataType::Int64]], split_part);
    vec![Arc::new(repeat), Arc::new(ScalarUDF::from(split)), substr()]
}

/// `substr(text, start[, length])`: a negative start counts from the end, and there is no character 0.
pub(super) fn substr() -> Arc<ScalarUDF> {
    let shapes = vec![vec![DataType::Utf8, DataType::Int64], vec![DataType::Utf8, DataType::Int64, DataType::Int64]];
    Arc::new(ScalarUDF::from(Text::new("substr", shapes, substring)).with_aliases(["substring"]))
}

type Body = fn(&[ArrayRef], usize) -> Result<StringArray>;

/// A function from texts and numbers to text.
#[derive(Debug)]
struct Text {
    name: &'static str,
    signature: Signature,
    body: Body,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Text {
    fn new(name: &'static str, shapes: Vec<Vec<DataType>>, body: Body) -> Self {
        let shapes = shapes.into_iter().map(TypeSignature::Exact).collect();
        Text { name, signature: Signature::one_of(shapes, Volatility::Immutable), body }
    }
}

impl ScalarUDFImpl for Text {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let rows = arrays.first().map_or(args.number_rows, |array| array.len());
        let all_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let answer: ArrayRef = Arc::new((self.body)(&arrays, rows)?);
        match all_scalar {
            true => Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&answer, 0)?)),
            false => Ok(ColumnarValue::Array(answer)),
        }
    }
}

fn substring(args: &[ArrayRef], rows: usize) -> Result<StringArray> {
    let texts = args[0].as_string::<i32>();
    let starts = args[1].as_primitive::<Int64Type>();
    let lengths = args.get(2).map(|lengths| lengths.as_primitive::<Int64Type>());
    let any_null =
        |row| texts.is_null(row) || starts.is_null(row) || lengths.is_some_and(|lengths| lengths.is_null(row));
    let value = |row| {
        let length = lengths.map_or(i64::MAX, |lengths| lengths.value(row));
        slice(texts.value(row), starts.value(row), length)
    };
    Ok((0..rows).map(|row| (!any_null(row)).then(|| value(row))).collect())
}

fn slice(text: &str, start: i64, length: i64) -> &str {
    let skipped = match start {
        0 => return "",
        1.. => (start - 1) as usize,
        _ => match (text.chars().count() as u64).checked_sub(start.unsigned_abs()) {
            Some(skipped) => skipped as usize,
            None => return "",
        },
    };
    let Some((from, _)) = text.char_indices().nth(skipped) else { return "" };
    let rest = &text[from..];
    let taken = usize::try_from(length).unwrap_or(0);
    rest.char_indices().nth(taken).map_or(rest, |(to, _)| &rest[..to])
}

/// The field with that number, counted from 1; NULL where there are fewer.
fn split_part(args: &[ArrayRef], rows: usize) -> Result<StringArray> {
    let (texts, delimiters) = (args[0].as_string::<i32>(), args[1].as_string::<i32>());
    let numbers = args[2].as_primitive::<Int64Type>();
    (0..rows)
        .map(|row| {
            if texts.is_null(row) || delimiters.is_null(row) || numbers.is_null(row) {
                return Ok(None);
            }
            let (text, delimiter, number) = (texts.value(row), delimiters.value(row), numbers.value(row));
            if number < 1 {
                return exec_err!("The index of split_part must be greater than zero");
            }
            if delimiter.is_empty() {
                return exec_err!("The delimiter of split_part must not be empty");
            }
            Ok(text.split(delimiter).nth(number as usize - 1))
        })
        .collect()
}
