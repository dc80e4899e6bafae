//! Which column chunks of a file expressions need: those of whole columns, and of single fields of structs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::core::getfield::GetFieldFunc;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::super::footer::{Footer, find_ignoring_case};
use crate::job::Meter;

/// A column, and the names that lead to a field in it; none is the whole column.
pub(super) type Field = (String, Vec<String>);

/// The columns and fields that an expression reads.
pub(super) fn fields(expr: &Arc<dyn PhysicalExpr>) -> BTreeSet<Field> {
    match field_of_column(expr) {
        Some(field) => BTreeSet::from([field]),
        None => expr.children().into_iter().flat_map(fields).collect(),
    }
}

/// Positions of a field's leaves among the column chunks of a file.
pub(super) fn leaves(footer: &Footer, (column, path): &Field) -> Vec<usize> {
    let described = footer.metadata.file_metadata().schema_descr();
    let Some(stored) = find_ignoring_case(footer.schema.fields(), column) else { return Vec::new() };
    let Ok(root) = footer.schema.index_of(stored.name()) else { return Vec::new() };
    let path = spelled(stored.data_type(), path);
    let own = (0..described.num_columns()).filter(|leaf| described.get_column_root_idx(*leaf) == root);
    own.filter(|leaf| described.column(*leaf).path().parts()[1..].starts_with(&path)).collect()
}

/// What a projection needs.
pub(super) struct Needed {
    fields: BTreeSet<Field>,
    meter: Meter,
}

impl Needed {
    pub(super) fn new(meter: Meter) -> Self {
        Needed { fields: BTreeSet::new(), meter }
    }

    pub(super) fn add(&mut self, expr: &Arc<dyn PhysicalExpr>) {
        let Some((column, path)) = field_of_column(expr) else {
            return expr.children().into_iter().for_each(|child| self.add(child));
        };
        // The embedded engine reads the whole struct for the sake of a struct or a map in it.
        let whole = self.meter == Meter::Embedded
            && ScalarFunctionExpr::try_downcast_func::<GetFieldFunc>(expr.as_ref())
                .is_some_and(|field| field.return_type().is_nested() && !is_list(field.return_type()));
        self.fields.insert((column, if whole { Vec::new() } else { path }));
    }

    /// Positions of the needed column chunks in a row group of a file, by column.
    pub(super) fn leaves(&self, footer: &Footer) -> BTreeMap<&str, BTreeSet<usize>> {
        let mut found: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for field in &self.fields {
            let leaves = leaves(footer, field);
            if !leaves.is_empty() {
                found.entry(&field.0).or_default().extend(leaves);
            }
        }
        found
    }
}

/// The path as the file spells it, as far as it leads through structs.
fn spelled(mut data_type: &DataType, path: &[String]) -> Vec<String> {
    let mut spelled = Vec::new();
    for name in path {
        let DataType::Struct(fields) = data_type else { break };
        let Some(field) = find_ignoring_case(fields, name) else { break };
        spelled.push(field.name().clone());
        data_type = field.data_type();
    }
    spelled
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// `column` or `column.field.field`.
pub(super) fn field_of_column(expr: &Arc<dyn PhysicalExpr>) -> Option<Field> {
    if let Some(column) = expr.downcast_ref::<Column>() {
        return Some((column.name().to_owned(), Vec::new()));
    }
    let field = ScalarFunctionExpr::try_downcast_func::<GetFieldFunc>(expr.as_ref())?;
    let (of, names) = field.args().split_first()?;
    let (column, mut path) = field_of_column(of)?;
    for name in names {
        let name = name.downcast_ref::<Literal>()?.value().try_as_str()??;
        path.push(name.to_owned());
    }
    Some((column, path))
}
