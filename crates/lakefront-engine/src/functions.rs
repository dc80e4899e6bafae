//! The functions a statement may call.

use std::sync::Arc;

use datafusion::catalog::TableFunction;
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

/// What kind of call a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    Scalar,
    Aggregate,
    Window,
    Table,
}

/// One name of a function and whether a statement may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Lower case.
    pub name: &'static str,
    pub kind: FunctionKind,
    pub allowed: bool,
}

/// Every function the engine knows of, aliases as entries of their own.
pub fn functions() -> &'static [FunctionInfo] {
    &[]
}

/// The implementations behind the allowed names.
pub(crate) struct Allowed {
    pub(crate) expr_planners: Vec<Arc<dyn ExprPlanner>>,
    pub(crate) scalar: Vec<Arc<ScalarUDF>>,
    pub(crate) aggregate: Vec<Arc<AggregateUDF>>,
    pub(crate) window: Vec<Arc<WindowUDF>>,
    pub(crate) table: Vec<Arc<TableFunction>>,
}

impl Allowed {
    pub(crate) fn new() -> Self {
        Allowed {
            expr_planners: SessionStateDefaults::default_expr_planners(),
            scalar: SessionStateDefaults::default_scalar_functions(),
            aggregate: SessionStateDefaults::default_aggregate_functions(),
            window: SessionStateDefaults::default_window_functions(),
            table: SessionStateDefaults::default_table_functions(),
        }
    }
}
