//! Every aggregate function, by name.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::AggregateUDF;

use crate::closure::Closure;
use crate::error::{Code, Error, Result};
use crate::functions::choose;
use crate::signature::{Binding, Given, Signature};
use crate::types::Type;

mod families;
pub(crate) mod fold;
pub(crate) mod gathered;
mod hash;
mod hyperloglog;
mod setdigest;
mod tdigest;
mod udaf;

use fold::{Fold, Folding};
use gathered::{Direction, Gathered};
pub(crate) use hyperloglog::HyperLogLog;
pub(crate) use setdigest::SetDigest;
pub(crate) use tdigest::TDigest;

/// An aggregate function with one signature; others of its name are overloads.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) name: &'static str,
    pub(crate) signature: Signature,
    /// The signature as it was written.
    pub(crate) text: &'static str,
    make: Make,
    /// The engine's own function, where it does the same for arguments of these types.
    native: Option<Native>,
    /// Whether neither the order of rows nor their repetition makes a difference.
    is_set: bool,
}

pub(crate) type Make = fn(&Types<'_>, Vec<Closure>) -> Result<Arc<dyn Folding>>;
type Native = fn(&[Type]) -> Option<Arc<AggregateUDF>>;

/// Of a function's arguments that are no lambdas, and of its result.
#[derive(Debug)]
pub(crate) struct Types<'a> {
    pub(crate) arguments: &'a [Type],
    pub(crate) returns: &'a Type,
}

pub(crate) fn aggregate(name: &'static str, signature: &'static str, make: Make) -> Aggregate {
    Aggregate { name, signature: Signature::new(signature), text: signature, make, native: None, is_set: false }
}

/// What a [`Make`] gives.
pub(crate) fn fold(fold: impl Fold) -> Result<Arc<dyn Folding>> {
    Ok(Arc::new(fold))
}

/// An aggregate of a query, on its arguments.
#[derive(Debug)]
pub(crate) struct Aggregation {
    pub(crate) aggregate: &'static Aggregate,
    pub(crate) types: Vec<Type>,
    pub(crate) returns: Type,
    pub(crate) folding: Arc<dyn Folding>,
}

impl Aggregation {
    /// The engine's function. The types of the keys that rows are sorted by belong to arguments after the others.
    ///
    /// The second is whether the engine has to see to `DISTINCT`.
    pub(crate) fn udaf(&self, distinct: bool, keys: &[(Type, Direction)]) -> (Arc<AggregateUDF>, bool) {
        let Aggregate { name, native, is_set, .. } = self.aggregate;
        let distinct = distinct && !is_set;
        if let Some(native) = native.and_then(|native| native(&self.types)).filter(|_| keys.is_empty()) {
            let countable = || *name == "count" && self.types.iter().all(crate::comparison::is_native);
            if !distinct || countable() {
                return (native, distinct);
            }
        }
        let types: Vec<Type> = self.types.iter().chain(keys.iter().map(|(of, _)| of)).cloned().collect();
        let folding: Arc<dyn Folding> = if distinct || !keys.is_empty() {
            Arc::new(Gathered {
                inner: Arc::clone(&self.folding),
                types: types.clone(),
                returns: self.returns.clone(),
                arguments: self.types.len(),
                distinct,
                directions: keys.iter().map(|(_, direction)| *direction).collect(),
            })
        } else {
            Arc::clone(&self.folding)
        };
        let plain = !distinct && keys.is_empty() && *name != "reduce_agg";
        (Arc::new(udaf::Udaf::of(name, types, self.returns.clone(), folding, plain)), false)
    }
}

impl Aggregate {
    pub(crate) fn native(mut self, native: Native) -> Self {
        self.native = Some(native);
        self
    }

    /// Neither the order of rows nor their repetition makes a difference.
    pub(crate) fn of_set(mut self) -> Self {
        self.is_set = true;
        self
    }

    pub(crate) fn result(&self, binding: &Binding) -> Result<Type> {
        binding.instance(&self.signature.returns).ok_or_else(|| {
            Error::new(
                Code::FunctionNotFound,
                format!("The type of {}'s result does not follow from its arguments.", self.name),
            )
        })
    }

    pub(crate) fn on(&'static self, types: Vec<Type>, closures: Vec<Closure>, returns: Type) -> Result<Aggregation> {
        let folding = (self.make)(&Types { arguments: &types, returns: &returns }, closures)?;
        Ok(Aggregation { aggregate: self, types, returns, folding })
    }
}

/// All aggregate functions, overloads beside each other.
pub(crate) fn all() -> &'static HashMap<&'static str, Vec<Aggregate>> {
    static ALL: LazyLock<HashMap<&'static str, Vec<Aggregate>>> = LazyLock::new(|| {
        let mut all: HashMap<&'static str, Vec<Aggregate>> = HashMap::new();
        for aggregate in families::all() {
            all.entry(aggregate.name).or_default().push(aggregate);
        }
        all
    });
    &ALL
}

pub(crate) fn is_aggregate(name: &str) -> bool {
    all().contains_key(name)
}

pub(crate) fn resolve(name: &str, given: &[Given]) -> Result<(&'static Aggregate, Binding)> {
    let overloads = all().get(name).map_or(&[][..], Vec::as_slice);
    choose(name, overloads.iter().map(|aggregate| (&aggregate.signature, aggregate)), given)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use datafusion::arrow::array::{ArrayRef, StringArray};

    use super::fold::Input;
    use super::*;
    use crate::types::VARCHAR;

    /// Bytes that an aggregate function counts after these texts, in batches.
    fn size(name: &str, texts: impl Fn(usize) -> String) -> usize {
        let (aggregate, binding) = resolve(name, &[Given::Value(VARCHAR)]).unwrap();
        let returns = aggregate.result(&binding).unwrap();
        let aggregation = aggregate.on(vec![VARCHAR], Vec::new(), returns.clone()).unwrap();
        let mut groups = aggregation.folding.groups(&returns);
        groups.grow(1);
        for batch in 0..10 {
            let rows: ArrayRef =
                Arc::new(StringArray::from_iter_values((0..1_000).map(|row| texts(batch * 1_000 + row))));
            groups.add_all(&[Input::new(&rows, &VARCHAR)], &[0; 1_000], None).unwrap();
        }
        groups.size()
    }

    #[test]
    fn what_is_kept_is_counted_and_what_is_seen_is_not() {
        let few = |row: usize| format!("{}", row % 3);
        assert!(size("histogram", few) < 10_000);
        assert!(size("approx_distinct", few) < 10_000);
        let all = size("histogram", |row| row.to_string());
        assert!((1_000_000..5_000_000).contains(&all), "{all}");
        // A kilobyte each.
        let long = size("array_agg", |_| "x".repeat(1_000));
        assert!((10_000_000..15_000_000).contains(&long), "{long}");
    }
}
