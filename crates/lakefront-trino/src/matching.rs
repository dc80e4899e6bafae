//! `MATCH_RECOGNIZE` on the rows of a partition in their order.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{ArrayRef, Int64Array, ListArray, StringArray, StructArray, UInt64Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};

use crate::aggregates::fold::{Folding, Groups, Input};
use crate::closure::Closure;
use crate::error::{Code, Error, Result};
use crate::types::Type;

mod measures;
pub(crate) mod program;
mod search;

use measures::Measured;
use program::Step;
use search::Search;

/// Rows of all matches of one partition, and six times those of the output: half a gigabyte.
const MOST_KEPT: usize = 1 << 27;

/// The clause as a window function: for the row that a match begins with it gives the rows of the match's output.
#[derive(Debug)]
pub(crate) struct Recognition {
    /// What no other function of the statement is called.
    pub(crate) name: String,
    pub(crate) program: Vec<Step>,
    /// The variables that can come at or behind each step, once they are asked for.
    pub(crate) ahead: OnceLock<Vec<Vec<usize>>>,
    /// The names of the variables, by their numbers.
    pub(crate) variables: Vec<String>,
    /// What makes a row one of each variable; `None` is all rows.
    pub(crate) definitions: Vec<Option<Computed>>,
    pub(crate) measures: Vec<Computed>,
    /// The arguments that stand behind the measures, those of the row itself.
    pub(crate) passed: Vec<usize>,
    pub(crate) output: Output,
    pub(crate) skip: Skip,
    /// An array of rows.
    pub(crate) returns: Type,
}

/// Which rows a match gives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    One,
    All { empty: bool, unmatched: bool },
}

/// Where the search goes on after a match.
#[derive(Debug)]
pub(crate) enum Skip {
    PastLastRow,
    ToNextRow,
    To { variables: Vec<usize>, last: bool },
}

/// An expression whose parameters are read from the rows of a match.
#[derive(Debug)]
pub(crate) struct Computed {
    pub(crate) closure: Closure,
    pub(crate) reads: Vec<Read>,
}

#[derive(Debug)]
pub(crate) enum Read {
    /// An argument.
    Column(usize, Place),
    Classifier(Place),
    MatchNumber,
    Aggregate(Aggregated),
}

/// A row of a match: of those of some variables (of all where none are named) the last or the first, or one so many
/// before or after it, and from there so many rows on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) variables: Vec<usize>,
    pub(crate) last: bool,
    /// What comes after the current row does not count.
    pub(crate) running: bool,
    pub(crate) logical: usize,
    pub(crate) physical: i64,
}

/// An aggregate function over the rows of some variables.
#[derive(Debug)]
pub(crate) struct Aggregated {
    pub(crate) folding: Arc<dyn Folding>,
    pub(crate) types: Vec<Type>,
    pub(crate) returns: Type,
    /// Over what is read of the row that is added.
    pub(crate) arguments: Vec<Closure>,
    pub(crate) reads: Vec<Read>,
    pub(crate) variables: Vec<usize>,
    pub(crate) running: bool,
}

/// A match, which may be of no row.
#[derive(Debug)]
struct Match {
    start: usize,
    number: i64,
    /// Of each row.
    variables: Vec<u32>,
    /// Rows that are not given, from one up to another.
    excluded: Vec<(usize, usize)>,
}

/// A row of the output.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// The row of the partition whose columns it has.
    shown: usize,
    /// The one that it is computed from.
    row: usize,
    /// Its match, if it has one.
    of: Option<usize>,
}

fn is_among(variables: &[usize], variable: u32) -> bool {
    variables.is_empty() || variables.contains(&(variable as usize))
}

impl Recognition {
    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let (with_empty, with_unmatched) = match self.output {
            Output::One => (true, false),
            Output::All { empty, unmatched } => (empty, unmatched),
        };
        let mut search = Search::new(self, arguments, rows);
        let (mut matches, mut lines): (Vec<Match>, Vec<Line>) = (Vec::new(), Vec::new());
        let mut lengths = vec![0; rows];
        // Rows up to here are of a match.
        let mut matched = 0;
        let (mut next, mut number, mut kept) = (0, 1, 0);
        while next < rows {
            let (start, before) = (next, lines.len());
            next += 1;
            let found = search.run(start, number)?;
            let of = found.is_some().then_some(matches.len());
            match &found {
                None if with_unmatched && start >= matched => lines.push(Line { shown: start, row: start, of }),
                Some(found) if found.variables.is_empty() && with_empty => {
                    lines.push(Line { shown: start, row: start, of });
                }
                None => {}
                Some(found) => {
                    let end = start + found.variables.len();
                    matched = matched.max(end);
                    match self.output {
                        Output::One if start < end => lines.push(Line { shown: start, row: end - 1, of }),
                        Output::One => {}
                        Output::All { .. } => lines.extend(found.given().map(|row| {
                            let row = start + row;
                            Line { shown: row, row, of }
                        })),
                    }
                    if start < end {
                        next = start + self.skipped(found)?;
                    }
                }
            }
            if let Some(found) = found {
                number += 1;
                kept += found.variables.len();
                matches.push(found);
            }
            lengths[start] = lines.len() - before;
            if kept + 6 * lines.len() > MOST_KEPT {
                return Err(Error::not_here(
                    "MATCH_RECOGNIZE whose matches in one partition are as many and long as these",
                ));
            }
        }
        let measured = Measured { recognition: self, arguments, rows, matches: &matches, lines: &lines };
        let places = UInt64Array::from_iter_values(lines.iter().map(|line| line.shown as u64));
        let measures = self.measures.iter().map(|measure| measured.values(measure));
        let passed = self.passed.iter().map(|at| Ok(take(&arguments[*at], &places, None)?));
        let columns = measures.chain(passed).collect::<Result<Vec<ArrayRef>>>()?;
        listed(&self.returns, columns, lengths)
    }

    /// How many rows after its first the search goes on behind a match.
    fn skipped(&self, found: &Match) -> Result<usize> {
        let fails = |why: &str| Err(Error::new(Code::GenericUserError, format!("AFTER MATCH SKIP failed: {why}")));
        match &self.skip {
            Skip::PastLastRow => Ok(found.variables.len()),
            Skip::ToNextRow => Ok(1),
            Skip::To { variables, last } => {
                let mut rows = found.variables.iter();
                let place = match last {
                    true => rows.rposition(|variable| is_among(variables, *variable)),
                    false => rows.position(|variable| is_among(variables, *variable)),
                };
                match place {
                    None => fails("pattern variable is not present in match"),
                    Some(0) => fails("cannot skip to first row of match"),
                    Some(place) => Ok(place),
                }
            }
        }
    }
}

impl Match {
    /// The rows that are not excluded, counted from the first of the match.
    fn given(&self) -> impl Iterator<Item = usize> + '_ {
        let mut excluded = self.excluded.iter().peekable();
        (0..self.variables.len()).filter(move |row| {
            while excluded.next_if(|(_, to)| to <= row).is_some() {}
            excluded.peek().is_none_or(|(from, _)| row < from)
        })
    }
}

/// Columns side by side, cut into lists of such lengths.
fn listed(of: &Type, columns: Vec<ArrayRef>, lengths: Vec<usize>) -> Result<ArrayRef> {
    let DataType::List(item) = of.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "the rows of matches are no list"));
    };
    let DataType::Struct(fields) = item.data_type() else {
        return Err(Error::new(Code::GenericInternalError, "a row of a match is no row"));
    };
    let rows = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(&item), OffsetBuffer::from_lengths(lengths), Arc::new(rows), None)?))
}

impl Aggregated {
    /// Whether it makes a difference which variable a row is of.
    fn classifies(&self) -> bool {
        self.reads.iter().any(|read| matches!(read, Read::Classifier(_)))
    }

    /// The arguments for all rows of the partition, unless they depend on the match, or fail.
    fn of_partition(&self, columns: &[ArrayRef], rows: usize) -> Option<Vec<ArrayRef>> {
        let parameters = self.reads.iter().map(|read| match read {
            Read::Column(at, _) => Some(Arc::clone(&columns[*at])),
            _ => None,
        });
        let parameters: Vec<ArrayRef> = parameters.collect::<Option<_>>()?;
        self.evaluated(&parameters, rows).ok()
    }

    /// The arguments for some rows of a match, with their variables.
    fn of_rows(&self, columns: &[ArrayRef], rows: &[(usize, &str)], number: i64) -> Result<Vec<ArrayRef>> {
        let places = UInt64Array::from_iter_values(rows.iter().map(|(row, _)| *row as u64));
        let parameters = self.reads.iter().map(|read| match read {
            Read::Column(at, _) => Ok(take(&columns[*at], &places, None)?),
            Read::Classifier(_) => Ok(Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, name)| name))) as _),
            Read::MatchNumber => Ok(Arc::new(Int64Array::from_value(number, rows.len())) as _),
            Read::Aggregate(_) => Err(Error::new(Code::NestedAggregation, "Cannot nest aggregate functions")),
        });
        let parameters = parameters.collect::<Result<Vec<ArrayRef>>>()?;
        self.evaluated(&parameters, rows.len())
    }

    fn evaluated(&self, parameters: &[ArrayRef], rows: usize) -> Result<Vec<ArrayRef>> {
        self.arguments.iter().map(|argument| argument.evaluate(parameters.to_vec(), rows)).collect()
    }

    fn inputs<'a>(&'a self, arguments: &'a [ArrayRef]) -> Vec<Input<'a>> {
        arguments.iter().zip(&self.types).map(|(array, of)| Input::new(array, of)).collect()
    }

    fn group(&self) -> Box<dyn Groups> {
        let mut group = Arc::clone(&self.folding).groups(&self.returns);
        group.grow(1);
        group
    }
}

/// The function of a plan, which is the same as no other.
#[derive(Debug)]
struct Recognizing {
    recognition: Arc<Recognition>,
    signature: Signature,
}

impl Recognition {
    pub(crate) fn udwf(self) -> Arc<WindowUDF> {
        let signature = Signature::variadic_any(Volatility::Immutable);
        Arc::new(WindowUDF::new_from_impl(Recognizing { recognition: Arc::new(self), signature }))
    }
}

impl PartialEq for Recognizing {
    fn eq(&self, other: &Self) -> bool {
        self.recognition.name == other.recognition.name
    }
}

impl Eq for Recognizing {}

impl Hash for Recognizing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.recognition.name.hash(state);
    }
}

impl WindowUDFImpl for Recognizing {
    fn name(&self) -> &str {
        &self.recognition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> EngineResult<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator(Arc::clone(&self.recognition))))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), self.recognition.returns.arrow(), true)))
    }
}

#[derive(Debug)]
struct Evaluator(Arc<Recognition>);

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, arguments: &[ArrayRef], rows: usize) -> EngineResult<ArrayRef> {
        Ok(self.0.evaluate(arguments, rows)?)
    }
}
