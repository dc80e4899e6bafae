//! The world as a job's statement sees it: its tables, the allowed functions, fixed settings.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::datasource::provider_as_source;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::TrackConsumersPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use lakefront_trino::analyze::{Table, Tables};
use lakefront_trino::types::Type;

use super::footer::Footers;
use super::memory::SharedMemory;
use super::scan::{FILE_COLUMNS, Scan, ScanTable};
use crate::job::{Limits, Meter};

pub(super) struct Surroundings<'a> {
    pub(super) tables: &'a [Arc<ScanTable>],
    pub(super) footers: &'a Arc<Footers>,
    pub(super) limits: &'a Limits,
    pub(super) meter: Meter,
    pub(super) threads: usize,
}

pub(super) fn build(around: &Surroundings<'_>) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_target_partitions(around.threads)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false);
    let options = config.options_mut();
    lakefront_trino::physical::configure(options);
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.parquet.enable_page_index = false;

    // Each sorting partition sets this much aside for merging what it has spilled; more than their share would leave
    // nothing to sort with.
    let share = around.limits.memory_bytes / 16 / around.threads as u64;
    options.execution.sort_spill_reservation_bytes = share.min(10 << 20) as usize;

    // The rest of the memory is for what operators do not account for: decoding, expressions, frames.
    let pool = SharedMemory::new((around.limits.memory_bytes / 4 * 3) as usize);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, NonZeroUsize::MIN)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_max_temp_directory_size(around.limits.spill_bytes),
        )
        .build_arc()?;
    for table in around.tables {
        runtime.register_object_store(table.url.as_ref(), Arc::clone(&table.store) as _);
    }
    let mut state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).build();
    // The moment that `now()` and its kind stand for, in the whole statement.
    state.mark_start_execution();
    Ok(state)
}

/// The tables of a job, by their names in any case.
pub(super) struct Names<'a> {
    tables: HashMap<[String; 3], Table>,
    /// Of names that are not qualified.
    catalog: &'a str,
    database: &'a str,
}

impl<'a> Names<'a> {
    pub(super) fn new(around: &Surroundings<'_>, catalog: &'a str, database: &'a str) -> Self {
        let named = around.tables.iter().map(|table| {
            let name = [&table.catalog, &table.database, &table.name].map(|part| part.to_lowercase());
            let scan = Scan::provider(table, around.footers, around.meter);
            let schema = scan.schema();
            // A column whose type is no Trino's can't be named.
            let columns = schema.fields().iter().map(|field| (field.name().clone(), Type::of_field(field)));
            let columns = columns.collect();
            let hidden = if table.knows_its_files { &FILE_COLUMNS[..] } else { &[] };
            (name, Table { columns, source: provider_as_source(scan), hidden })
        });
        Names { tables: named.collect(), catalog, database }
    }
}

impl Tables for Names<'_> {
    fn table(&self, name: &[&str]) -> Option<Table> {
        let full = match name {
            [table] => [self.catalog, self.database, table],
            [database, table] => [self.catalog, database, table],
            [catalog, database, table] => [*catalog, *database, *table],
            _ => return None,
        };
        self.tables.get(&full.map(str::to_lowercase)).cloned()
    }
}
