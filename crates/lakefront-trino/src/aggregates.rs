//! Every aggregate function, by name.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::AggregateUDF;

use crate::error::{Code, Error, Result};
use crate::functions::choose;
use crate::signature::{Binding, Given, Signature};
use crate::types::Type;

mod families;

/// An aggregate function with one signature; others of its name are overloads.
#[derive(Debug)]
pub struct Aggregate {
    pub name: &'static str,
    pub signature: Signature,
    /// The signature as it was written.
    pub text: &'static str,
    /// Makes the function for arguments of these types.
    make: fn(&[Type], &Type) -> Result<Arc<AggregateUDF>>,
    returns: Option<fn(&[Type]) -> Result<Type>>,
    /// Whether a lambda may stand among the arguments.
    pub(crate) closures: Option<MakeWithClosures>,
}

/// Makes the function for arguments of these types, with lambdas that capture nothing.
pub(crate) type MakeWithClosures = fn(&[Type], Vec<crate::closure::Closure>, &Type) -> Result<Arc<AggregateUDF>>;

pub(crate) fn aggregate(
    name: &'static str,
    signature: &'static str,
    make: fn(&[Type], &Type) -> Result<Arc<AggregateUDF>>,
) -> Aggregate {
    Aggregate { name, signature: Signature::new(signature), text: signature, make, returns: None, closures: None }
}

impl Aggregate {
    /// The result's type follows from the arguments' by more than the signature says.
    pub(crate) fn returning(mut self, returns: fn(&[Type]) -> Result<Type>) -> Self {
        self.returns = Some(returns);
        self
    }

    pub(crate) fn with_closures(mut self, make: MakeWithClosures) -> Self {
        self.closures = Some(make);
        self
    }

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

    pub fn function(&self, arguments: &[Type], returns: &Type) -> Result<Arc<AggregateUDF>> {
        (self.make)(arguments, returns)
    }
}

/// All aggregate functions, overloads beside each other.
pub fn all() -> &'static HashMap<&'static str, Vec<Aggregate>> {
    static ALL: LazyLock<HashMap<&'static str, Vec<Aggregate>>> = LazyLock::new(|| {
        let mut all: HashMap<&'static str, Vec<Aggregate>> = HashMap::new();
        for aggregate in families::all() {
            all.entry(aggregate.name).or_default().push(aggregate);
        }
        all
    });
    &ALL
}

pub fn is_aggregate(name: &str) -> bool {
    all().contains_key(name)
}

pub fn resolve(name: &str, given: &[Given]) -> Result<(&'static Aggregate, Binding)> {
    let overloads = all().get(name).map_or(&[][..], Vec::as_slice);
    choose(name, overloads.iter().map(|aggregate| (&aggregate.signature, aggregate)), given)
}
