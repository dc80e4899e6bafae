//! From an analysed statement to what runs.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use crate::{json_cast, short_circuit, unread, views};

/// Settings that the plans of this crate need.
pub fn configure(options: &mut ConfigOptions) {
    // Both sides of an aggregation agree but for whether a column may be null, which nothing depends on.
    options.execution.skip_physical_aggregate_schema_check = true;
}

/// # Errors
/// Those of DataFusion.
pub async fn plan(state: &SessionState, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = short_circuit::in_plan(json_cast::in_plan(unread::in_plan(views::in_plan(state.optimize(plan)?)?)?)?)?;
    in_order(state.query_planner().create_physical_plan(&plan, state).await?)
}

/// Rows that are in order are not dealt out again among threads before they are handed out: DataFusion does so below a
/// projection that computes something, and whoever reads the plan takes from the threads what comes first.
fn in_order(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let children = plan.children();
    let [child] = children.as_slice() else { return Ok(plan) };
    let child = Arc::clone(child);
    if plan.downcast_ref::<RepartitionExec>().is_some() {
        let is_one_in_order = child.output_partitioning().partition_count() == 1 && child.output_ordering().is_some();
        return if is_one_in_order { in_order(child) } else { Ok(plan) };
    }
    if plan.maintains_input_order() != [true] {
        return Ok(plan);
    }
    let below = in_order(Arc::clone(&child))?;
    if Arc::ptr_eq(&below, &child) {
        return Ok(plan);
    }
    plan.replace_children(vec![below], ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::datasource::{MemTable, provider_as_source};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use crate::analyze::{self, Session, Table, Tables};
    use crate::types::Type;
    use crate::zone::Zone;

    struct One(Table);

    impl Tables for One {
        fn table(&self, _: &[&str]) -> Option<Table> {
            Some(self.0.clone())
        }
    }

    #[tokio::test]
    async fn what_is_in_order_stays_so() {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        let table = MemTable::try_new(batch.schema(), vec![vec![batch.clone()], vec![batch]]).unwrap();
        let columns = vec![("n".to_owned(), Some(Type::Bigint))];
        let tables = One(Table { source: provider_as_source(Arc::new(table)), columns, hidden: &[] });
        let mut config = SessionConfig::new().with_target_partitions(4);
        configure(config.options_mut());
        let state = SessionContext::new_with_config(config).state();
        let session = Session { now: chrono::Utc::now(), zone: Zone::UTC, user: None, parameters: Vec::new() };
        for sql in [
            "SELECT n, ROW(n, 'x') AS pair FROM t ORDER BY n",
            "SELECT ROW(n, 'x') AS pair FROM t ORDER BY n % 7, n DESC",
            "SELECT n, TIME '10:00:00' AS at FROM t ORDER BY n OFFSET 3 ROWS",
        ] {
            let planned = analyze::plan(&crate::parse(sql).unwrap(), &tables, &session).unwrap();
            let ordered = super::plan(&state, &planned.plan).await.unwrap();
            assert_eq!(ordered.output_partitioning().partition_count(), 1, "{sql}: {ordered:?}");
        }
    }
}
