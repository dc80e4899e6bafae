//! Whether a run may end early, or leave row groups out for what it finds on its way.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNode;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::DynamicFilterPhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::joins::HashJoinExec;

use crate::job::Meter;

/// A limit above a scan with nothing between them that reads all its input first, or a join whose one side tells what
/// of the other is needed.
pub(super) fn may_end(plan: &Arc<dyn ExecutionPlan>, meter: Meter) -> bool {
    limited(plan, false) || told_by_others(plan, meter)
}

fn limited(plan: &Arc<dyn ExecutionPlan>, above: bool) -> bool {
    let streams = plan.properties().emission_type != EmissionType::Final;
    let limited = streams && (above || plan.fetch().is_some());
    match plan.children().as_slice() {
        [] => limited,
        children => children.iter().any(|child| self::limited(child, limited)),
    }
}

fn told_by_others(plan: &Arc<dyn ExecutionPlan>, meter: Meter) -> bool {
    let told = plan.exists(|node| match meter {
        Meter::Embedded => match filter_of(node) {
            Some(filter) => filter.exists(|part| Ok(part.downcast_ref::<DynamicFilterPhysicalExpr>().is_some())),
            None => Ok(false),
        },
        Meter::Trino => Ok(node.downcast_ref::<HashJoinExec>().is_some()),
    });
    told.unwrap_or(true)
}

fn filter_of(node: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn PhysicalExpr>> {
    let scan: &FileScanConfig = node.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref()?;
    scan.file_source().filter()
}
