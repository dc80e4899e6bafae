//! The course of one job inside its worker.

use std::any::Any;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::Utc;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use lakefront_trino::analyze::{Parameter, Planned, Session};
use lakefront_trino::types::{Type, VARCHAR};
use lakefront_trino::zone::Zone;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::engine::Engine;
use super::output::{Output, Piece};
use super::scan::ScanTable;
use super::{Control, confine, diagnose, estimate, explain, failure, session};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::{Explain, Limits, Literal, Meter};
use crate::pool::{INFER_DEADLINE, Progress, Statistics};
use crate::wire::{FromWorker, InferFrame, Outcome, PrepareFrame, TableKey, ToWorker, encode_schema};

/// Planning recurses over the statement; only what is touched takes memory.
const STACK: usize = 64 << 20;
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// How long operators may take to notice that nobody wants their result.
const SETTLE: Duration = Duration::from_millis(400);

pub(super) fn spawn<F>(engine: Arc<Engine>, control: Control, body: F) -> io::Result<()>
where
    F: FnOnce(&Engine, Control) -> Result<Outcome, EngineError> + Send + 'static,
{
    std::thread::Builder::new().name("planner".to_owned()).stack_size(STACK).spawn(move || {
        let (outcome, panicked) = match std::panic::catch_unwind(AssertUnwindSafe(|| body(&engine, control))) {
            Ok(outcome) => {
                let crashed = matches!(&outcome, Err(error) if error.kind == EngineErrorKind::EngineCrashed);
                (outcome, crashed)
            }
            Err(panic) => (Err(of_panic(panic.as_ref())), true),
        };
        let broken = panicked || !settles(&engine);
        // When the pool has gone there is nobody to tell, and the main thread ends the process.
        let _ = engine.reply(&FromWorker::Closed { outcome, broken });
    })?;
    Ok(())
}

fn settles(engine: &Engine) -> bool {
    let until = Instant::now() + SETTLE;
    while !engine.is_quiet() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// A panic's words as an error: some are only the allocator's way to say that there is no more memory.
fn of_panic(panic: &(dyn Any + Send)) -> EngineError {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    failure::from_last_words(words)
}

/// Waits for the future unless the job is cancelled or its time is up.
fn guarded<T>(
    engine: &Engine,
    control: Control,
    deadline: Duration,
    body: impl AsyncFnOnce(mpsc::UnboundedReceiver<ToWorker>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let Control { steps, cancelled } = control;
    engine.runtime.block_on(async {
        tokio::select! {
            biased;
            () = cancelled.cancelled() => Err(failure::cancelled()),
            () = tokio::time::sleep(deadline) => Err(failure::timed_out(deadline)),
            done = body(steps) => done,
        }
    })
}

/// An inference reads little.
const INFER_MEMORY: u64 = 512 << 20;

pub(super) fn infer(engine: &Engine, control: Control, frame: InferFrame) -> Result<Outcome, EngineError> {
    confine::for_job(INFER_MEMORY, 0).map_err(failure::internal)?;
    guarded(engine, control, INFER_DEADLINE, async |_steps| {
        crate::infer::infer(frame.decode()).await.map(Outcome::Inferred)
    })
}

pub(super) fn query(engine: &Engine, control: Control, frame: PrepareFrame) -> Result<Outcome, EngineError> {
    confine::for_job(frame.limits.memory_bytes, frame.limits.spill_bytes).map_err(failure::internal)?;
    engine.scanned.store(0, Ordering::Relaxed);
    guarded(engine, control, frame.limits.deadline, async |mut steps| {
        let tables = tables(engine, &mut steps, &frame.tables).await?;
        let done = plan_and_run(engine, &mut steps, &frame, &tables).await;
        match done {
            Err(failed) => Err(diagnose::explain(failed, &tables).await),
            done => done,
        }
    })
}

/// The job's tables, asking for those this worker has not seen.
async fn tables(
    engine: &Engine,
    steps: &mut mpsc::UnboundedReceiver<ToWorker>,
    keys: &[TableKey],
) -> Result<Vec<Arc<ScanTable>>, EngineError> {
    let mut tables: Vec<Option<Arc<ScanTable>>> = keys.iter().map(|key| engine.table(key)).collect();
    let missing: Vec<u32> =
        tables.iter().enumerate().filter(|(_, table)| table.is_none()).map(|(index, _)| index as u32).collect();
    if !missing.is_empty() {
        engine.reply(&FromWorker::Missing(missing)).map_err(failure::internal)?;
        let Some(ToWorker::Tables(frames)) = steps.recv().await else {
            return Err(failure::internal("the pool did not send the tables"));
        };
        let mut frames = frames.into_iter();
        for table in tables.iter_mut().filter(|table| table.is_none()) {
            let frame = frames.next().ok_or_else(|| failure::internal("the pool sent too few tables"))?;
            *table = Some(engine.remember(frame.decode().map_err(failure::internal)?)?);
        }
    }
    Ok(tables.into_iter().flatten().collect())
}

async fn plan_and_run(
    engine: &Engine,
    steps: &mut mpsc::UnboundedReceiver<ToWorker>,
    frame: &PrepareFrame,
    tables: &[Arc<ScanTable>],
) -> Result<Outcome, EngineError> {
    let around = session::Surroundings {
        tables,
        footers: &engine.footers,
        limits: &frame.limits,
        meter: frame.meter,
        threads: engine.threads,
    };
    let state = session::build(&around).map_err(failure::from_datafusion)?;
    let planned = analyze(&session::Names::new(&around, &frame.catalog, &frame.database), frame)?;
    let output = match frame.explain {
        Explain::Run => Output::new([lakefront_trino::output::field("Query Plan", &VARCHAR)].into_iter()),
        Explain::Nothing | Explain::Operators => {
            Output::new(planned.columns.iter().map(|(name, of)| lakefront_trino::output::field(name, of)))
        }
    };
    let plan = plan(&state, planned.plan, frame.meter).await.map_err(failure::not_planned)?;
    let foreseen = estimate::of(&plan, tables, &engine.footers, frame.meter).await?;
    let total = foreseen.bytes;
    engine
        .reply(&FromWorker::Planned {
            schema: encode_schema(output.schema()).map_err(failure::internal)?,
            unbounded: estimate::is_unbounded(&plan),
            estimate: foreseen,
            operators: match frame.explain {
                Explain::Operators => explain::operators(&plan, tables),
                Explain::Nothing | Explain::Run => Vec::new(),
            },
        })
        .map_err(failure::internal)?;

    let Some(ToWorker::Run) = steps.recv().await else {
        return Err(failure::cancelled());
    };
    // Bytes of footers and of samples are not the statement's.
    engine.scanned.store(0, Ordering::Relaxed);
    let began = Instant::now();
    for table in tables {
        table.store.read().store(0, Ordering::Relaxed);
    }
    let counts_only = frame.explain == Explain::Run;
    let mut delivery = Delivery { engine, limits: &frame.limits, total, counts_only, rows: 0, bytes: 0 };
    let mut truncated = delivery.run(Arc::clone(&plan), &state, &output).await?;
    if counts_only {
        let did = (delivery.rows, truncated);
        let took = (engine.scanned.load(Ordering::Relaxed), began.elapsed());
        let lines = explain::analyzed(&plan, tables, did, took);
        truncated = delivery.lines(lines, &output)?;
    }
    Ok(Outcome::Ran(Statistics {
        scanned_bytes: engine.scanned.load(Ordering::Relaxed),
        rows: delivery.rows,
        engine_ms: began.elapsed().as_millis() as u64,
        truncated,
    }))
}

fn analyze(names: &session::Names<'_>, frame: &PrepareFrame) -> Result<Planned, EngineError> {
    let statement = lakefront_trino::parse(&frame.sql).map_err(|error| EngineError {
        position: Some((error.line, error.column)),
        ..EngineError::new(EngineErrorKind::Syntax, error.message)
    })?;
    let session = Session {
        now: Utc::now(),
        zone: Zone::UTC,
        user: None,
        parameters: frame
            .parameters
            .iter()
            .map(parameter)
            .collect::<Result<_, _>>()
            .map_err(failure::from_datafusion)?,
    };
    lakefront_trino::analyze::plan(&statement, names, &session).map_err(failure::unplanned)
}

async fn plan(
    state: &SessionState,
    plan: LogicalPlan,
    meter: Meter,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let plan = match meter {
        Meter::Embedded => plan,
        Meter::Trino => estimate::with_filters_below(plan)?,
    };
    lakefront_trino::physical::plan(state, &plan).await
}

fn parameter(literal: &Literal) -> Result<Parameter, DataFusionError> {
    use datafusion::arrow::datatypes::{DataType, TimeUnit};
    let (value, of) = match literal {
        Literal::Written(literal) => {
            let (value, of) = lakefront_trino::written::value(&literal.sql)?;
            return Ok(Parameter { value, of, is_untyped: false });
        }
        Literal::Null => (ScalarValue::Null, Type::Unknown),
        Literal::Boolean(value) => (ScalarValue::from(*value), Type::Boolean),
        Literal::BigInt(value) => (ScalarValue::from(*value), Type::Bigint),
        Literal::Double(value) => (ScalarValue::from(*value), Type::Double),
        Literal::Varchar(value) => (ScalarValue::from(value.as_str()), VARCHAR),
        Literal::Date(text) => (ScalarValue::try_from_string(text.clone(), &DataType::Date32)?, Type::Date),
        Literal::Timestamp(text) => {
            let unit = DataType::Timestamp(TimeUnit::Millisecond, None);
            (ScalarValue::try_from_string(text.clone(), &unit)?, Type::Timestamp(3))
        }
    };
    Ok(Parameter { value, of, is_untyped: true })
}

/// Batches on their way to the pool.
struct Delivery<'a> {
    engine: &'a Engine,
    limits: &'a Limits,
    /// Estimated bytes.
    total: u64,
    /// The rows are not sent.
    counts_only: bool,
    rows: u64,
    bytes: u64,
}

impl Delivery<'_> {
    /// Sends the result, at most two batches ahead of its reader. Answers whether it was cut at a limit.
    async fn run(
        &mut self,
        plan: Arc<dyn ExecutionPlan>,
        state: &SessionState,
        output: &Output,
    ) -> Result<bool, EngineError> {
        let (sender, mut batches) = mpsc::channel(1);
        let context = state.task_ctx();
        let driver = AbortOnDropHandle::new(self.engine.runtime.spawn(async move {
            let mut stream = execute_stream(plan, context)?;
            while let Some(batch) = stream.next().await {
                if sender.send(batch?).await.is_err() {
                    break;
                }
            }
            Ok::<_, DataFusionError>(())
        }));
        let mut ticks = tokio::time::interval(PROGRESS_EVERY);
        ticks.tick().await;
        loop {
            tokio::select! {
                biased;
                batch = batches.recv() => {
                    let Some(batch) = batch else { break };
                    if self.counts_only {
                        self.rows += batch.num_rows() as u64;
                        if self.rows > self.limits.result_rows {
                            self.rows = self.limits.result_rows;
                            return Ok(true);
                        }
                        continue;
                    }
                    for piece in output.pieces(&batch).map_err(failure::from_arrow)? {
                        if !self.send(piece)? {
                            return Ok(true);
                        }
                    }
                }
                _ = ticks.tick() => self.tell_progress()?,
            }
        }
        driver.await.map_err(of_join)?.map_err(failure::from_datafusion)?;
        Ok(false)
    }

    /// Sends lines in place of the rows that were counted.
    fn lines(&mut self, lines: Vec<String>, output: &Output) -> Result<bool, EngineError> {
        self.rows = 0;
        let lines: ArrayRef = Arc::new(StringArray::from(lines));
        let batch = RecordBatch::try_new(Arc::clone(output.schema()), vec![lines]).map_err(failure::from_arrow)?;
        for piece in output.pieces(&batch).map_err(failure::from_arrow)? {
            if !self.send(piece)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Answers whether the result may go on.
    fn send(&mut self, mut piece: Piece) -> Result<bool, EngineError> {
        let rows_left = self.limits.result_rows - self.rows;
        let mut last = false;
        if piece.rows() > rows_left {
            piece = piece.first(rows_left).map_err(failure::from_arrow)?;
            last = true;
        }
        let bytes_left = self.limits.result_bytes - self.bytes;
        while piece.bytes() > bytes_left && piece.rows() > 0 {
            last = true;
            let share = u128::from(piece.rows()) * u128::from(bytes_left) / u128::from(piece.bytes());
            // A little less than the share, because a message is never all rows.
            piece = piece.first(share as u64 * 15 / 16).map_err(failure::from_arrow)?;
        }
        if piece.rows() > 0 {
            self.rows += piece.rows();
            self.bytes += piece.bytes();
            self.engine.reply_batch(piece.rows(), piece.ipc()).map_err(failure::internal)?;
        }
        Ok(!last)
    }

    fn tell_progress(&self) -> Result<(), EngineError> {
        let scanned_bytes = self.engine.scanned.load(Ordering::Relaxed);
        let fraction = match self.total {
            0 => 0.0,
            total => (scanned_bytes as f64 / total as f64).min(1.0),
        };
        let progress = Progress { scanned_bytes, rows: self.rows, fraction };
        self.engine.reply(&FromWorker::Progress(progress)).map_err(failure::internal)
    }
}

fn of_join(error: JoinError) -> EngineError {
    match error.try_into_panic() {
        Ok(panic) => of_panic(panic.as_ref()),
        Err(_) => failure::cancelled(),
    }
}
