//! An aggregate function as DataFusion's.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use super::fold::{Folding, Groups, Input};
use crate::types::Type;

#[derive(Debug)]
pub(super) struct Udaf {
    name: String,
    types: Vec<Type>,
    returns: Type,
    folding: Arc<dyn Folding>,
    signature: Signature,
}

impl Udaf {
    /// The engine tells aggregates from each other by their names and arguments, also those that only sort or leave out
    /// rows differently, or call another lambda: these have what they do in their names.
    pub(super) fn of(
        name: &str,
        types: Vec<Type>,
        returns: Type,
        folding: Arc<dyn Folding>,
        plain: bool,
    ) -> AggregateUDF {
        let name = if plain {
            name.to_owned()
        } else {
            let mut hasher = DefaultHasher::new();
            format!("{folding:?}").hash(&mut hasher);
            format!("{name}#{:x}", hasher.finish())
        };
        let signature = Signature::variadic_any(Volatility::Immutable);
        AggregateUDF::new_from_impl(Udaf { name, types, returns, folding, signature })
    }

    fn states(&self) -> States {
        States { types: self.types.clone(), groups: Arc::clone(&self.folding).groups(&self.returns) }
    }
}

impl PartialEq for Udaf {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.types == other.types
            && self.returns == other.returns
            && self.folding.is_same(other.folding.as_ref())
    }
}

impl Eq for Udaf {}

impl Hash for Udaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.types, &self.returns).hash(state);
    }
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.arrow())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let mut states = self.states();
        states.groups.grow(1);
        Ok(Box::new(states))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let carried = self.folding.carried();
        let field = |(at, of): (usize, &Type)| {
            Arc::new(Field::new(format_state_name(args.name, &at.to_string()), of.arrow(), true))
        };
        Ok(carried.iter().enumerate().map(field).collect())
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.states()))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        self.states().result()
    }
}

#[derive(Debug)]
struct States {
    types: Vec<Type>,
    groups: Box<dyn Groups>,
}

impl States {
    fn add(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>) -> Result<()> {
        let inputs: Vec<Input<'_>> = values.iter().zip(&self.types).map(|(array, of)| Input::new(array, of)).collect();
        Ok(self.groups.add_all(&inputs, groups, filter)?)
    }

    fn result(mut self) -> Result<ScalarValue> {
        self.groups.grow(1);
        ScalarValue::try_from_array(&self.groups.finish(EmitTo::All)?, 0)
    }
}

fn rows(values: &[ArrayRef]) -> usize {
    values.first().map_or(0, |array| array.len())
}

impl Accumulator for States {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values, &vec![0; rows(values)], None)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.groups.finish(EmitTo::All)?;
        self.groups.grow(1);
        ScalarValue::try_from_array(&result, 0)
    }

    fn size(&self) -> usize {
        self.groups.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let saved = self.groups.save(EmitTo::All)?;
        self.groups.grow(1);
        saved.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        Ok(self.groups.merge_all(states, &vec![0; rows(states)])?)
    }
}

impl GroupsAccumulator for States {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.groups.grow(total);
        self.add(values, groups, filter)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(self.groups.finish(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(self.groups.save(emit_to)?)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.groups.grow(total);
        Ok(self.groups.merge_all(values, groups)?)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let inputs: Vec<Input<'_>> = values.iter().zip(&self.types).map(|(array, of)| Input::new(array, of)).collect();
        Ok(self.groups.saved_rows(&inputs, rows(values), filter)?)
    }

    fn size(&self) -> usize {
        self.groups.size()
    }
}
