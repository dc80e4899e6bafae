//! From an analysed statement to what runs.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;

use crate::short_circuit;

/// Settings that the plans of this crate need.
pub fn configure(options: &mut ConfigOptions) {
    // Both sides of an aggregation agree but for whether a column may be null, which nothing depends on.
    options.execution.skip_physical_aggregate_schema_check = true;
}

/// # Errors
/// Those of DataFusion.
pub async fn plan(state: &SessionState, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = short_circuit::in_plan(state.optimize(plan)?)?;
    state.query_planner().create_physical_plan(&plan, state).await
}
