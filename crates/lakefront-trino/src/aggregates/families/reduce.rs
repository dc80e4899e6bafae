//! `reduce_agg`

use crate::closure::{BoundClosure, Closure};
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::{Value, Values, array_of};

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};

pub(super) fn all() -> Vec<Aggregate> {
    vec![aggregate("reduce_agg", "(T, S, function(S, T, S), function(S, S, S)) -> S", |types, closures| {
        let of = types.returns.clone();
        let is_supported = of.is_integral()
            || of.is_floating()
            || matches!(of, Type::Boolean | Type::Date | Type::Timestamp(0..=6) | Type::Time(_))
            || matches!(of, Type::IntervalDayToSecond | Type::IntervalYearToMonth)
            || matches!(of, Type::Decimal { precision: 0..=18, .. });
        if !is_supported {
            return Err(Error::new(Code::NotSupported, format!("State type not supported for reduce_agg: {of}")));
        }
        match <[Closure; 2]>::try_from(closures) {
            Ok([input, combine]) => fold(Reduced { of, value: types.arguments[0].clone(), input, combine }),
            Err(_) => Err(Error::new(Code::FunctionNotFound, "reduce_agg takes two lambdas")),
        }
    })]
}

#[derive(Debug, PartialEq)]
struct Reduced {
    of: Type,
    value: Type,
    input: Closure,
    combine: Closure,
}

impl Reduced {
    fn apply(&self, closure: &Closure, state: &Value, value: Value, of: &Type) -> Result<Value> {
        let parameters =
            vec![array_of(&self.of, std::slice::from_ref(state))?, array_of(of, std::slice::from_ref(&value))?];
        let result = BoundClosure::new(closure, Vec::new()).apply(parameters, &[0])?;
        Ok(Values::new(&result, &self.of).get(0))
    }
}

impl Fold for Reduced {
    type State = Option<Value>;

    fn start(&self) -> Option<Value> {
        None
    }

    fn add(&self, state: &mut Option<Value>, row: Row<'_>) -> Result<()> {
        if row.is_null(0) || row.is_null(1) {
            return Ok(());
        }
        let before = state.take().unwrap_or_else(|| row.value(1));
        *state = Some(self.apply(&self.input, &before, row.value(0), &self.value)?);
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Boolean, self.of.clone()]
    }

    fn save(&self, state: &Option<Value>) -> Result<Vec<Value>> {
        Ok(vec![Value::Boolean(state.is_some()), Value::or_null(state.clone())])
    }

    fn merge(&self, state: &mut Option<Value>, saved: Row<'_>) -> Result<()> {
        if saved.boolean(0) != Some(true) {
            return Ok(());
        }
        *state = Some(match state.take() {
            None => saved.value(1),
            Some(before) => self.apply(&self.combine, &before, saved.value(1), &self.of)?,
        });
        Ok(())
    }

    fn finish(&self, state: &Option<Value>) -> Result<Value> {
        Ok(Value::or_null(state.clone()))
    }
}
