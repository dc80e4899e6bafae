//! What Trino's meaning costs: the same questions about the same Parquet files, planned by this crate and by DataFusion
//! itself, in one process with two threads. `make bench-trino` runs it over the sample lake.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::datatypes::DataType;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::datasource::{TableProvider, file_format::parquet::ParquetFormat};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};
use lakefront_trino::analyze::{self, Session, Table, Tables};
use lakefront_trino::types::Type;
use lakefront_trino::views::TwoForms;
use lakefront_trino::zone::Zone;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const THREADS: usize = 2;
const RUNS: usize = 31;

/// Ours, and DataFusion's where that is written otherwise.
const STATEMENTS: &[(&str, &str, &str)] = &[
    (
        "q1 totals by day",
        "select business_date, sum(y_05) a, sum(y_50) b, sum(y_95) c from forecast where state = 'TX' group by business_date order by business_date",
        "",
    ),
    (
        "q2 top 20",
        "select restaurant_id, sum(y_50) t from forecast group by restaurant_id order by t desc limit 20",
        "",
    ),
    (
        "q3 area by weekday",
        "select dma_id, day_of_week(business_date) w, sum(y_50) t from forecast group by dma_id, day_of_week(business_date) order by dma_id, w",
        "select dma_id, date_part('dow', business_date) w, sum(y_50) t from forecast group by dma_id, date_part('dow', business_date) order by dma_id, w",
    ),
    (
        "q4 one restaurant",
        "select business_date, sum(y_05) a, sum(y_50) b, sum(y_95) c from forecast where restaurant_id = 10042 group by business_date order by business_date",
        "",
    ),
    (
        "q5 distinct",
        "select state, count(distinct restaurant_id) r, count(distinct dma_id) d, count(distinct dc_id) c from forecast group by state order by state",
        "",
    ),
    (
        "q6 moving average",
        "select dma_id, business_date, t, avg(t) over (partition by dma_id order by business_date rows between 6 preceding and current row) m from (select dma_id, business_date, sum(y_50) t from forecast group by dma_id, business_date) x order by dma_id, business_date",
        "",
    ),
    (
        "q7 whole table",
        "select count(*) n, sum(y_05) a, avg(y_50) b, min(y_95) c, max(y_95) d, stddev(y_50) e from forecast",
        "",
    ),
    (
        "q8 one day",
        "select state, inventory_item_id, sum(y_50) t, count(*) n from forecast where business_date = date '2025-02-14' group by state, inventory_item_id order by state, inventory_item_id",
        "",
    ),
    ("q9 extract", "select * from forecast limit 100000", ""),
    (
        "q10 join",
        "select r.dc, sum(f.y_50) t from forecast f join (select restaurant_id, min(dc_id) dc from forecast group by restaurant_id) r on f.restaurant_id = r.restaurant_id group by r.dc order by r.dc",
        "",
    ),
    (
        "q11 sorted extract",
        "select restaurant_id, inventory_item_id, business_date, y_50 from forecast where state = 'CA' order by y_50 desc limit 10000",
        "",
    ),
    (
        "q12 median by item",
        "select inventory_item_id, approx_percentile(y_50, 0.5) m from forecast group by inventory_item_id order by inventory_item_id",
        "select inventory_item_id, approx_percentile_cont(y_50, 0.5) m from forecast group by inventory_item_id order by inventory_item_id",
    ),
];

struct Lake {
    forecast: Arc<dyn TableProvider>,
}

impl Tables for Lake {
    fn table(&self, name: &[&str]) -> Option<Table> {
        let schema = self.forecast.schema();
        let columns = schema.fields().iter().map(|field| (field.name().clone(), Type::of_field(field))).collect();
        let source = provider_as_source(Arc::clone(&self.forecast));
        (name == ["forecast"]).then_some(Table { columns, source, hidden: &[] })
    }
}

fn context() -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(THREADS);
    lakefront_trino::physical::configure(config.options_mut());
    SessionContext::new_with_config(config)
}

/// DataFusion reads texts as views by itself; this crate only where it does not work on them.
async fn open(folder: &str, views: bool) -> Fallible<Arc<dyn TableProvider>> {
    let options = ListingOptions::new(Arc::new(ParquetFormat::default().with_force_view_types(views)))
        .with_file_extension(".parquet")
        .with_table_partition_cols(vec![("state".to_owned(), DataType::Utf8)]);
    let config = ListingTableConfig::new(ListingTableUrl::parse(folder)?).with_listing_options(options);
    let config = config.infer_schema(&context().state()).await?;
    Ok(Arc::new(ListingTable::try_new(config)?))
}

async fn ours(context: &SessionContext, lake: &Lake, sql: &str) -> Fallible<Arc<dyn ExecutionPlan>> {
    let session = Session { now: chrono::Utc::now(), zone: Zone::UTC, user: None, parameters: Vec::new() };
    let statement = lakefront_trino::parse(sql)?;
    let planned = analyze::plan(&statement, lake, &session)?;
    Ok(lakefront_trino::physical::plan(&context.state(), &planned.plan).await?)
}

async fn theirs(context: &SessionContext, sql: &str) -> Fallible<Arc<dyn ExecutionPlan>> {
    Ok(context.sql(sql).await?.create_physical_plan().await?)
}

/// Planning and all of a run, and the rows of the answer.
async fn timed(
    plan: impl Future<Output = Fallible<Arc<dyn ExecutionPlan>>>,
    context: Arc<TaskContext>,
) -> Fallible<([Duration; 2], usize)> {
    let began = Instant::now();
    let plan = plan.await?;
    let planned = began.elapsed();
    let rows = collect(plan, context).await?.iter().map(|batch| batch.num_rows()).sum();
    Ok(([planned, began.elapsed()], rows))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let folder = arguments.next().ok_or("say which folder holds the sample's Parquet files")?;
    // A name's part, or a statement and what DataFusion is asked in its place.
    let only = arguments.next().unwrap_or_default();
    let other = arguments.next().unwrap_or_default();
    let given = [("given", only.as_str(), other.as_str())];
    let is_given = only.starts_with("select");
    let known = STATEMENTS.iter().filter(|(name, ..)| name.contains(&only));
    let statements: Vec<_> = if is_given { given.iter().collect() } else { known.collect() };
    let lake = Lake { forecast: Arc::new(TwoForms::new(open(&folder, false).await?, open(&folder, true).await?)) };
    let context = context();
    context.register_table("forecast", open(&folder, true).await?)?;
    println!("{:<20} {:>9} {:>12} {:>7}   planning", "ms, median", "this", "DataFusion", "ratio");
    for (name, sql, other) in statements {
        let other = if other.is_empty() { sql } else { other };
        let mut times: [Vec<Duration>; 4] = Default::default();
        for run in 0..=RUNS {
            let ([planned, took], rows) = timed(ours(&context, &lake, sql), context.task_ctx()).await?;
            let ([their_planned, their_took], their_rows) = timed(theirs(&context, other), context.task_ctx()).await?;
            assert_eq!(rows, their_rows, "{name}");
            if run > 0 {
                for (all, one) in times.iter_mut().zip([took, their_took, planned, their_planned]) {
                    all.push(one);
                }
            }
        }
        let [this, that, planned, their_planned] = times.map(median);
        println!("{name:<20} {this:>9.2} {that:>12.2} {:>7.2}   {planned:.2} against {their_planned:.2}", this / that);
    }
    Ok(())
}
