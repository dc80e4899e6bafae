//! The world as a job's statement sees it: its tables, the allowed functions, fixed settings.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;

use super::footer::Footers;
use super::scan::{Scan, ScanTable};
use crate::functions;
use crate::job::{Limits, Meter};

/// Depth of nesting that the parser accepts; the checks before it accept less.
const PARSER_DEPTH: usize = 500;

pub(super) struct Surroundings<'a> {
    pub(super) tables: &'a [Arc<ScanTable>],
    pub(super) footers: &'a Arc<Footers>,
    pub(super) catalog: &'a str,
    pub(super) database: &'a str,
    pub(super) limits: &'a Limits,
    pub(super) meter: Meter,
    pub(super) threads: usize,
}

pub(super) fn build(around: &Surroundings<'_>) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_target_partitions(around.threads)
        .with_default_catalog_and_schema(around.catalog.to_lowercase(), around.database.to_lowercase())
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.parquet.enable_page_index = false;
    options.sql_parser.collect_spans = true;
    options.sql_parser.default_null_ordering = "nulls_last".to_owned();
    options.sql_parser.recursion_limit = ConfigNonZeroUsize::try_new(PARSER_DEPTH)?;

    // Each sorting partition sets this much aside for merging what it has spilled; more than their share would leave
    // nothing to sort with.
    let share = around.limits.memory_bytes / 16 / around.threads as u64;
    options.execution.sort_spill_reservation_bytes = share.min(10 << 20) as usize;

    // The rest of the memory is for what operators do not account for: decoding, expressions, frames.
    let pool = FairSpillPool::new((around.limits.memory_bytes / 4 * 3) as usize);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, NonZeroUsize::MIN)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_max_temp_directory_size(around.limits.spill_bytes),
        )
        .build_arc()?;
    for table in around.tables {
        runtime.register_object_store(table.url.as_ref(), Arc::clone(&table.store) as _);
    }
    let allowed = functions::Allowed::get().clone();
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_catalog_list(Arc::new(Catalogs::new(around)))
        .with_expr_planners(allowed.expr_planners)
        .with_scalar_functions(allowed.scalar)
        .with_aggregate_functions(allowed.aggregate)
        .with_window_functions(allowed.window)
        .with_table_function_list(allowed.table)
        .build();
    // The moment that `now()` and its kind stand for, in the whole statement.
    state.mark_start_execution();
    Ok(state)
}

/// Catalogs, databases and tables by lower-case name.
#[derive(Debug)]
struct Catalogs(HashMap<String, Arc<Catalog>>);

#[derive(Debug, Default)]
struct Catalog(HashMap<String, Arc<Database>>);

#[derive(Debug, Default)]
struct Database(HashMap<String, Scan>);

impl Catalogs {
    fn new(around: &Surroundings<'_>) -> Self {
        let mut names: HashMap<String, HashMap<String, HashMap<String, Scan>>> = HashMap::new();
        for table in around.tables {
            let scan = Scan { table: Arc::clone(table), footers: Arc::clone(around.footers), meter: around.meter };
            names
                .entry(table.catalog.to_lowercase())
                .or_default()
                .entry(table.database.to_lowercase())
                .or_default()
                .insert(table.name.to_lowercase(), scan);
        }
        let catalogs = names.into_iter().map(|(name, databases)| {
            let databases = databases.into_iter().map(|(name, tables)| (name, Arc::new(Database(tables))));
            (name, Arc::new(Catalog(databases.collect())))
        });
        Catalogs(catalogs.collect())
    }
}

impl CatalogProviderList for Catalogs {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        self.0.get(&name.to_lowercase()).map(|catalog| Arc::clone(catalog) as _)
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.0.get(&name.to_lowercase()).map(|database| Arc::clone(database) as _)
    }
}

#[async_trait]
impl SchemaProvider for Database {
    fn table_names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        Ok(self.0.get(&name.to_lowercase()).map(|scan| Arc::new(scan.clone()) as _))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }
}
