//! `DISTINCT` and `ORDER BY` within an aggregate: a group's rows are kept, and aggregated when all are known.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::fold::{Fold, Folding, Row};
use crate::error::Result;
use crate::types::Type;
use crate::value::{Key, Value, order, order_after_nulls, sortable};

/// A key that rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Direction {
    pub(crate) ascending: bool,
    pub(crate) nulls_first: bool,
}

impl Direction {
    pub(crate) fn compare(self, a: &Value, b: &Value) -> Ordering {
        match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if self.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if self.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let order = if self.nulls_first { order_after_nulls(a, b) } else { order(a, b) };
                if self.ascending { order } else { order.reverse() }
            }
        }
    }
}

/// The function's arguments come first, what rows are sorted by after them.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) inner: Arc<dyn Folding>,
    pub(super) types: Vec<Type>,
    pub(super) returns: Type,
    pub(super) arguments: usize,
    pub(super) distinct: bool,
    pub(super) directions: Vec<Direction>,
}

impl PartialEq for Gathered {
    fn eq(&self, other: &Self) -> bool {
        self.inner.is_same(other.inner.as_ref())
            && self.types == other.types
            && self.arguments == other.arguments
            && self.distinct == other.distinct
            && self.directions == other.directions
    }
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Vec<Value>>,
    seen: HashSet<Key>,
}

impl Gathered {
    fn keep(&self, state: &mut Rows, row: Vec<Value>) -> Result<()> {
        if !self.directions.is_empty() && !state.rows.is_empty() {
            row[self.arguments..].iter().chain(&state.rows[0][self.arguments..]).try_for_each(sortable)?;
        }
        if !self.distinct || state.seen.insert(Key(Value::Row(row[..self.arguments].to_vec()))) {
            state.rows.push(row);
        }
        Ok(())
    }
}

impl Fold for Gathered {
    type State = Rows;

    fn start(&self) -> Rows {
        Rows::default()
    }

    fn add(&self, state: &mut Rows, row: Row<'_>) -> Result<()> {
        self.keep(state, row.values())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::array(Type::row(self.types.iter().cloned()))]
    }

    fn save(&self, state: &Rows) -> Result<Vec<Value>> {
        Ok(vec![Value::Array(state.rows.iter().cloned().map(Value::Row).collect())])
    }

    fn merge(&self, state: &mut Rows, saved: Row<'_>) -> Result<()> {
        for row in saved.items(0) {
            if let Value::Row(row) = row {
                self.keep(state, row)?;
            }
        }
        Ok(())
    }

    fn finish(&self, state: &Rows) -> Result<Value> {
        let mut rows: Vec<&Vec<Value>> = state.rows.iter().collect();
        if !self.directions.is_empty() {
            rows.sort_by(|a, b| {
                let keys = a[self.arguments..].iter().zip(&b[self.arguments..]);
                let mut orders = self.directions.iter().zip(keys).map(|(direction, (a, b))| direction.compare(a, b));
                orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            });
        }
        let mut groups = Arc::clone(&self.inner).groups(&self.returns);
        groups.grow(1);
        for row in rows {
            groups.add(0, Row::Values(&row[..self.arguments]))?;
        }
        groups.result(0)
    }

    fn kept(&self, state: &Rows) -> usize {
        state.rows.len()
    }

    fn held(&self) -> usize {
        let width = self.types.len() + if self.distinct { self.arguments } else { 0 };
        size_of::<Vec<Value>>() + width * size_of::<Value>()
    }
}
