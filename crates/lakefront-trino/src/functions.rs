//! Every scalar function and operator, by name: what it takes, what it gives, what computes it.
//!
//! Operators are functions that are named by their sign. A family has a file; a new function is a line in its table.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, StructArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{interleave, is_null, nullif, take};
use datafusion::arrow::datatypes::{DataType, Int64Type};

use crate::call::{Call, Kernel};
use crate::error::{Code, Error, Result};
use crate::signature::{Binding, Given, Pattern, Signature};
use crate::types::Type;
use crate::value::Value;

mod families;

pub(crate) use families::{format_kernel, is_formatted};
mod listing;

pub use listing::{FunctionInfo, FunctionKind, functions, is_elsewhere, is_function, is_table_function};

/// A scalar function with one signature; others of its name are overloads.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub signature: Signature,
    /// The signature as it was written.
    pub text: &'static str,
    pub kernel: Kernel,
    /// A null argument makes the result null, and the kernel never sees it.
    pub strict: bool,
    /// Another value at every call.
    pub volatile: bool,
    returns: Option<Returns>,
}

/// The result's type by those of the arguments.
type Returns = fn(&[Type]) -> Result<Type>;

/// A strict function. See [`crate::signature`] for how signatures are written.
pub(crate) fn scalar(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    let parsed = Signature::new(signature);
    Function { name, signature: parsed, text: signature, kernel, strict: true, volatile: false, returns: None }
}

impl Function {
    /// The kernel is called for rows with null arguments too.
    pub(crate) fn on_nulls(mut self) -> Self {
        self.strict = false;
        self
    }

    /// The kernel is called for every row, whatever the arguments are.
    pub(crate) fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// The result's type follows from the arguments' by more than the signature says.
    pub(crate) fn returning(mut self, returns: Returns) -> Self {
        self.returns = Some(returns);
        self
    }

    /// The type of the result, once all letters are bound; `arguments` are the formal types of those that are no lambdas.
    pub fn result(&self, binding: &Binding, arguments: &[Type]) -> Result<Type> {
        match self.returns {
            Some(returns) => returns(arguments),
            None => binding.instance(&self.signature.returns).ok_or_else(|| {
                Error::new(
                    Code::FunctionNotFound,
                    format!("The type of {}'s result does not follow from its arguments.", self.name),
                )
            }),
        }
    }
}

/// All functions, overloads beside each other.
pub fn all() -> &'static HashMap<&'static str, Vec<Function>> {
    static ALL: LazyLock<HashMap<&'static str, Vec<Function>>> = LazyLock::new(|| {
        let mut all: HashMap<&'static str, Vec<Function>> = HashMap::new();
        for function in families::all() {
            all.entry(function.name).or_default().push(function);
        }
        all
    });
    &ALL
}

/// Finds the overload for a call as Trino does: exact first, then the most specific one that coercions reach.
pub fn resolve(name: &str, given: &[Given]) -> Result<(&'static Function, Binding)> {
    let overloads = all().get(name).map_or(&[][..], Vec::as_slice);
    choose(name, overloads.iter().map(|function| (&function.signature, function)), given)
}

/// Chooses among overloads by their signatures.
pub(crate) fn choose<'a, F: Copy>(
    name: &str,
    overloads: impl Iterator<Item = (&'a Signature, F)> + Clone,
    given: &[Given],
) -> Result<(F, Binding)> {
    let is_generic = |signature: &Signature| format!("{:?}", signature.arguments).contains("Variable");
    let mut exact = overloads
        .clone()
        .filter_map(|(signature, function)| {
            signature.bind(given, false).map(|binding| (is_generic(signature), function, binding))
        })
        .collect::<Vec<_>>();
    exact.sort_by_key(|(generic, ..)| *generic);
    if let Some((_, function, binding)) = exact.into_iter().next() {
        return Ok((function, binding));
    }
    let mut reached: Vec<(&Signature, F, Binding)> = overloads
        .clone()
        .filter_map(|(signature, function)| signature.bind(given, true).map(|binding| (signature, function, binding)))
        .collect();
    if reached.len() > 1 {
        let formals = |(signature, _, binding): &(&Signature, F, Binding)| -> Vec<Given> {
            given
                .iter()
                .enumerate()
                .map(|(at, given)| match given {
                    Given::Value(actual) => {
                        let formal = signature.argument(at).and_then(|pattern| binding.formal(pattern, actual));
                        Given::Value(formal.unwrap_or(Type::Unknown))
                    }
                    lambda @ Given::Lambda(_) => lambda.clone(),
                })
                .collect()
        };
        let all: Vec<Vec<Given>> = reached.iter().map(formals).collect();
        // One is more specific than another if the other could be called with what it takes.
        let best = |among: &[usize]| {
            let takes = |other: &usize, at: usize| reached[*other].0.bind(&all[at], true).is_some();
            among.iter().copied().find(|at| among.iter().all(|other| takes(other, *at)))
        };
        let every: Vec<usize> = (0..all.len()).collect();
        // Else what has to coerce nothing but nulls.
        let only_nulls: Vec<usize> = every
            .iter()
            .copied()
            .filter(|at| {
                all[*at].iter().zip(given).enumerate().all(|(argument, (formal, given))| {
                    // `varchar` without a length is another type than one with.
                    let is_widened = matches!(given, Given::Value(Type::Varchar(Some(_))))
                        && reached[*at].0.argument(argument) == Some(&Pattern::Varchar(None));
                    formal == given && !is_widened || *given == Given::Value(Type::Unknown)
                })
            })
            .collect();
        // Else, where there are nulls, any of those that give the same type, since what they give is null.
        let any = || {
            let takes = |other: usize, at: usize| reached[other].0.bind(&all[at], true).is_some();
            let beaten = |at: usize| every.iter().any(|other| takes(at, *other) && !takes(*other, at));
            let left: Vec<usize> = match only_nulls.is_empty() {
                true => every.iter().copied().filter(|at| !beaten(*at)).collect(),
                false => only_nulls.clone(),
            };
            let returns = |at: &usize| reached[*at].2.instance(&reached[*at].0.returns);
            let first = left.first()?;
            let alike =
                given.contains(&Given::Value(Type::Unknown)) && left.iter().all(|at| returns(at) == returns(first));
            alike.then_some(*first)
        };
        match best(&every).or_else(|| best(&only_nulls)).or_else(any) {
            Some(at) => {
                return Ok({
                    let (_, function, binding) = reached.swap_remove(at);
                    (function, binding)
                });
            }
            // An operator of nulls is null, whatever its type.
            None if !name.starts_with(char::is_alphabetic)
                && given.iter().all(|given| *given == Given::Value(Type::Unknown)) => {}
            None => {
                return Err(Error::new(
                    Code::AmbiguousFunctionCall,
                    format!(
                        "Could not choose a best candidate operator for {}. Explicit type casts must be added.",
                        call_text(name, given)
                    ),
                ));
            }
        }
    }
    match reached.into_iter().next() {
        Some((_, function, binding)) => Ok((function, binding)),
        None => {
            let known: Vec<String> =
                overloads.clone().map(|(signature, _)| format!("{:?}", signature.arguments.len())).collect();
            if known.is_empty() && is_elsewhere(name) {
                return Err(Error::not_here(format!("`{name}`")));
            }
            if let Some((expected, got)) =
                overloads.clone().find_map(|(signature, _)| other_parameters(signature, given))
            {
                let message = format!("Expected a lambda that takes {expected} argument(s) but got {got}");
                return Err(Error::new(Code::InvalidParameterUsage, message));
            }
            let message = match known.is_empty() {
                true => format!("Function '{name}' not registered"),
                false => format!("Unexpected parameters for function {}", call_text(name, given)),
            };
            Err(Error::new(Code::FunctionNotFound, message))
        }
    }
}

/// How many parameters the first unfit lambda should have and has, where the call fits in all else.
fn other_parameters(signature: &Signature, given: &[Given]) -> Option<(usize, usize)> {
    let expected = |at: usize| match signature.argument(at) {
        Some(Pattern::Function(parameters, _)) => Some(parameters.len()),
        _ => None,
    };
    let fit: Vec<Given> = given
        .iter()
        .enumerate()
        .map(|(at, given)| match given {
            Given::Lambda(count) => Given::Lambda(expected(at).unwrap_or(*count)),
            value => value.clone(),
        })
        .collect();
    signature.bind(&fit, true)?;
    given.iter().enumerate().find_map(|(at, given)| match given {
        Given::Lambda(count) => expected(at).filter(|expected| expected != count).map(|expected| (expected, *count)),
        Given::Value(_) => None,
    })
}

fn call_text(name: &str, given: &[Given]) -> String {
    let arguments: Vec<String> = given
        .iter()
        .map(|given| match given {
            Given::Value(of) => of.to_string(),
            Given::Lambda(_) => "function".to_owned(),
        })
        .collect();
    format!("{name}({})", arguments.join(", "))
}

/// `ROW(…)`
pub(crate) fn row_kernel(call: &Call) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "a row that is none"));
    };
    let columns = (0..call.arguments.len()).map(|at| call.array(at)).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(StructArray::try_new_with_length(fields, columns, None, call.rows)?))
}

/// `ARRAY[…]`
pub(crate) fn array_kernel(call: &Call) -> Result<ArrayRef> {
    let DataType::List(field) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    let width = call.arguments.len();
    if width == 0 {
        return crate::value::array_of(call.returns, &vec![crate::value::Value::Array(Vec::new()); call.rows]);
    }
    let columns = (0..width).map(|at| call.array(at)).collect::<Result<Vec<_>>>()?;
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let picks: Vec<(usize, usize)> = (0..call.rows).flat_map(|row| (0..width).map(move |at| (at, row))).collect();
    let items = interleave(&columns, &picks)?;
    let offsets = OffsetBuffer::from_repeated_length(width, call.rows);
    Ok(Arc::new(ListArray::try_new(field, offsets, items, None)?))
}

/// `CAST(… AS …)`
pub(crate) fn cast_kernel(call: &Call) -> Result<ArrayRef> {
    crate::cast::array(call)
}

/// `typeof(…)`
pub(crate) fn typeof_kernel(call: &Call) -> Result<ArrayRef> {
    let name = call.types[0].to_string();
    call.texts(|_| Ok(Some(&name)))
}

/// `TRY(…)`
pub(crate) fn try_kernel(call: &Call) -> Result<ArrayRef> {
    match call.lambdas.first() {
        Some(tried) => tried.attempt(call.rows),
        None => Err(Error::new(Code::GenericInternalError, "nothing to try")),
    }
}

/// A function that the statement defines.
pub(crate) fn routine_kernel(call: &Call) -> Result<ArrayRef> {
    let Some(body) = call.lambdas.first() else {
        return Err(Error::new(Code::GenericInternalError, "a function without a body"));
    };
    let mut arguments = (0..call.arguments.len()).map(|at| call.array(at)).collect::<Result<Vec<_>>>()?;
    let called: Vec<u64> = (0..call.rows).filter(|row| !call.is_null(*row)).map(|row| row as u64).collect();
    if called.len() == call.rows {
        return body.apply(arguments, &called);
    }
    let rows = UInt64Array::from(called.clone());
    for argument in &mut arguments {
        *argument = take(argument, &rows, None)?;
    }
    let results = body.apply(arguments, &called)?;
    let mut places = vec![None; call.rows];
    for (place, row) in called.into_iter().enumerate() {
        places[row as usize] = Some(place as u64);
    }
    Ok(take(&results, &UInt64Array::from(places), None)?)
}

/// Keys (0) or values (1) of a map.
pub(crate) fn map_parts_kernel(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let map = array.as_map();
    let part = call.int(1)?.get(0).unwrap_or(0);
    let items = if part == 0 { map.keys() } else { map.values() };
    let DataType::List(field) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    Ok(Arc::new(ListArray::try_new(field, map.offsets().clone(), Arc::clone(items), map.nulls().cloned())?))
}

/// `[1, 2, …]` up to the length of the longest array.
pub(crate) fn ordinals_kernel(call: &Call) -> Result<ArrayRef> {
    let lists = (0..call.arguments.len()).map(|at| call.array(at)).collect::<Result<Vec<_>>>()?;
    call.values(|row| {
        let length =
            lists.iter().map(|list| if list.is_null(row) { 0 } else { list.as_list::<i32>().value_length(row) }).max();
        Ok(Some(Value::Array((1..=i64::from(length.unwrap_or(0))).map(Value::Int).collect())))
    })
}

/// Null in place of an array without elements.
pub(crate) fn lengthen_kernel(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let list = array.as_list::<i32>();
    let long = NullBuffer::from_iter((0..list.len()).map(|row| !list.is_null(row) && list.value_length(row) > 0));
    let DataType::List(field) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    Ok(Arc::new(ListArray::try_new(field, list.offsets().clone(), Arc::clone(list.values()), Some(long))?))
}

/// The same array, as one that may hold nulls.
pub(crate) fn nullable_kernel(call: &Call) -> Result<ArrayRef> {
    call.array(0)
}

/// False, whatever is given: what is given is evaluated.
pub(crate) fn never_kernel(call: &Call) -> Result<ArrayRef> {
    Ok(Arc::new(BooleanArray::from(vec![false; call.rows])))
}

/// A value that is there once, of its number of rows and the value.
pub(crate) fn single_kernel(call: &Call) -> Result<ArrayRef> {
    let counted = call.array(0)?;
    let counted = counted.as_struct();
    let rows = counted.column(0).as_primitive::<Int64Type>();
    if (0..counted.len()).any(|row| counted.is_valid(row) && rows.value(row) > 1) {
        return Err(Error::new(Code::SubqueryMultipleRows, "Scalar sub-query has returned multiple rows"));
    }
    match counted.null_count() {
        0 => Ok(Arc::clone(counted.column(1))),
        _ => Ok(nullif(counted.column(1), &is_null(counted)?)?),
    }
}

/// A row without nulls, which alone equals another or does not.
pub(crate) fn whole_row_kernel(call: &Call) -> Result<ArrayRef> {
    if call.arguments.iter().any(|argument| (0..call.rows).any(|row| argument.is_null(row))) {
        return Err(Error::not_here("IN with a row that holds nulls"));
    }
    row_kernel(call)
}

/// A row, or null where it holds one.
pub(crate) fn known_row_kernel(call: &Call) -> Result<ArrayRef> {
    let rows = row_kernel(call)?;
    let known = rows.as_struct().columns().iter().fold(None, |known, part| {
        let nulls = part.logical_nulls();
        NullBuffer::union(known.as_ref(), nulls.as_ref())
    });
    let (fields, columns, _) = rows.as_struct().clone().into_parts();
    Ok(Arc::new(StructArray::try_new(fields, columns, known)?))
}
