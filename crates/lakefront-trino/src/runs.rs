//! Rows in a row with the same arguments, as files have them where they are sorted by a column or list many facts of one
//! thing: a text is looked at once for all of them.

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array};
use datafusion::arrow::compute::{partition, take};
use datafusion::arrow::datatypes::DataType;

use crate::call::Argument;
use crate::error::Result;

/// Fewer rows are computed one by one.
const FEWEST: usize = 256;
/// What the beginning tells is taken for all.
const BEGINNING: usize = 64;
/// Runs have to be this long on average to be worth looking for.
const LENGTH: usize = 3;

/// Which rows are one.
pub(crate) struct Runs {
    /// The first row of each.
    first: UInt32Array,
    /// The run of each row.
    of_row: UInt32Array,
}

impl Runs {
    /// `None` where a call is as quick without: from numbers to a number it is. What has a type of many parts is not
    /// compared.
    pub(crate) fn of(arguments: &[Argument], returns: &DataType, rows: usize) -> Option<Self> {
        if rows < FEWEST {
            return None;
        }
        let varying: Vec<ArrayRef> =
            arguments.iter().filter(|argument| !argument.constant).map(|argument| argument.array.clone()).collect();
        let is_text = |data_type: &DataType| matches!(data_type, DataType::Utf8);
        let has_text = is_text(returns) || varying.iter().any(|array| is_text(array.data_type()));
        let is_compared = |array: &ArrayRef| is_text(array.data_type()) || array.data_type().is_primitive();
        if !has_text || varying.is_empty() || !varying.iter().all(is_compared) {
            return None;
        }
        let beginning: Vec<ArrayRef> = varying.iter().map(|array| array.slice(0, BEGINNING)).collect();
        if partition(&beginning).ok()?.len() * LENGTH > BEGINNING {
            return None;
        }
        let runs = partition(&varying).ok()?;
        if runs.len() * LENGTH > rows {
            return None;
        }
        let (mut first, mut of_row) = (Vec::with_capacity(runs.len()), Vec::with_capacity(rows));
        for range in runs.ranges() {
            of_row.resize(range.end, u32::try_from(first.len()).ok()?);
            first.push(u32::try_from(range.start).ok()?);
        }
        Some(Self { first: first.into(), of_row: of_row.into() })
    }

    pub(crate) fn len(&self) -> usize {
        self.first.len()
    }

    /// The arguments of a call for each run once.
    pub(crate) fn arguments(&self, arguments: &[Argument]) -> Result<Vec<Argument>> {
        let once = |Argument { array, constant }: &Argument| {
            let array = if *constant { array.clone() } else { take(array, &self.first, None)? };
            Ok(Argument { array, constant: *constant })
        };
        arguments.iter().map(once).collect()
    }

    /// What a call made of the runs, for every row.
    pub(crate) fn spread(&self, of_runs: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(of_runs, &self.of_row, None)?)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::sync::Arc;

    use datafusion::arrow::array::{AsArray, Date32Array, Int64Array, StringArray};

    use super::*;

    fn varying(array: impl Array + 'static) -> Argument {
        Argument { array: Arc::new(array), constant: false }
    }

    #[test]
    fn what_runs_are_made_of_comes_back_row_by_row() {
        let texts: Vec<Option<String>> =
            (0..900).map(|row| (row / 30 % 4 != 3).then(|| format!("t{}", row / 10 % 7))).collect();
        let days = Date32Array::from_iter_values((0..900).map(|row| row / 25));
        let constant = Argument { array: Arc::new(StringArray::from(vec!["%Y"])), constant: true };
        let arguments = [varying(StringArray::from(texts.clone())), varying(days.clone()), constant];
        let runs = Runs::of(&arguments, &DataType::Utf8, 900).unwrap();
        assert!(runs.len() < 200, "{}", runs.len());
        let once = runs.arguments(&arguments).unwrap();
        assert_eq!((once[0].array.len(), once[2].array.len()), (runs.len(), 1));
        let back = runs.spread(&once[0].array).unwrap();
        assert_eq!(back.as_string::<i32>(), &StringArray::from(texts));
        assert_eq!(runs.spread(&once[1].array).unwrap().as_primitive(), &days);
    }

    #[test]
    fn what_changes_from_row_to_row_is_left_alone() {
        let mixed = StringArray::from_iter_values((0..900).map(|row| format!("{}", row * 7 % 13)));
        let late = StringArray::from_iter_values((0..900).map(|row| format!("{}", row.max(80))));
        let numbers = Int64Array::from(vec![1; 900]);
        assert!(Runs::of(&[varying(mixed)], &DataType::Utf8, 900).is_none());
        assert!(Runs::of(&[varying(late)], &DataType::Boolean, 900).is_none(), "runs only at its beginning");
        assert!(Runs::of(&[varying(numbers.clone())], &DataType::Int64, 900).is_none(), "a sum of numbers is quicker");
        assert!(Runs::of(&[varying(numbers.clone())], &DataType::Utf8, 900).is_some());
        assert!(Runs::of(&[varying(numbers.slice(0, 100))], &DataType::Utf8, 100).is_none());
    }
}
