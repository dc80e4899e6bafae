//! The pool of worker processes: jobs in, frames out.

mod lease;
mod process;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::error::EngineError;
use crate::infer::{InferRequest, InferredSchema};
use crate::job::{Job, Limits, Storage};
use crate::wire::{self, FromWorker, Heard, InferFrame, Outcome, PrepareFrame, TableKey, ToWorker};
use crate::worker::internal;
use lease::Lease;
pub(crate) use process::CERTIFICATES;
use workers::Workers;

/// Time to infer, waiting for a worker included.
pub(crate) const INFER_DEADLINE: Duration = Duration::from_secs(60);
/// What takes longer to infer, to plan or to run is not cheap, however little it reads, and goes where such jobs go.
const CHEAP_TIME: Duration = Duration::from_millis(500);

/// How the pool runs its workers.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program that calls [`worker_main`](crate::worker_main).
    pub worker: PathBuf,
    /// Its arguments, for instance `["worker"]`.
    pub arguments: Vec<String>,
    /// Folder for spilled data; each worker has a folder of its own in it, removed when the worker ends.
    pub spill_dir: PathBuf,
    /// Most workers at a time; at least 2, one place is kept for cheap jobs.
    pub max_workers: usize,
    /// Jobs that may wait for a worker; one more is `Busy`.
    pub max_queue: usize,
    /// Estimated bytes up to which a job counts as cheap.
    pub cheap_bytes: u64,
    /// Workers that wait, started, for work that may come.
    pub spares: usize,
    /// How long a worker beside the spares stays without work.
    pub idle_after: Duration,
}

impl PoolConfig {
    pub fn new(worker: PathBuf, spill_dir: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        PoolConfig {
            worker,
            arguments: vec!["worker".to_owned()],
            spill_dir,
            max_workers: cores.max(2) + 1,
            max_queue: 256,
            cheap_bytes: 64 << 20,
            spares: cores.min(2),
            idle_after: Duration::from_secs(30),
        }
    }
}

/// Worker processes behind one door; clones share them.
#[derive(Clone)]
pub struct Pool {
    workers: Arc<Workers>,
}

impl Pool {
    /// Starts the pool and its spare workers. Must be called inside a tokio runtime.
    ///
    /// Errors: the spill folder cannot be made, or no thread can be started. A worker that cannot be started is an
    /// error of the jobs that need it.
    pub fn start(config: PoolConfig) -> std::io::Result<Pool> {
        Ok(Pool { workers: Workers::start(config)? })
    }

    /// Plans a job in a worker, which stays held until the result has run to its end or is dropped.
    ///
    /// The job's deadline counts from here, waiting for a worker included.
    pub async fn prepare(&self, job: Job) -> Result<Prepared, EngineError> {
        let deadline = Instant::now() + job.limits.deadline;
        let plan = Plan::make(&self.workers, &job, deadline, None).await?;
        Ok(Prepared {
            schema: Arc::clone(&plan.schema),
            estimate: plan.estimate.clone(),
            operators: plan.operators.clone(),
            plan,
            job,
            deadline,
        })
    }

    /// Infers the schema of files in a worker.
    pub async fn infer(&self, request: InferRequest) -> Result<InferredSchema, EngineError> {
        let deadline = Instant::now() + INFER_DEADLINE;
        let mut slot = None;
        loop {
            let mut lease = Lease::take(&self.workers, &[&request.storage], deadline, false).await?;
            let frame = InferFrame::encode(lease.job(), request.clone());
            match patiently(&self.workers, &mut slot, infer(&mut lease, frame)).await {
                Some(inferred) => return inferred,
                None => {
                    drop(lease);
                    slot = Some(self.workers.heavy(deadline).await?);
                }
            }
        }
    }
}

async fn infer(lease: &mut Lease, frame: InferFrame) -> Result<InferredSchema, EngineError> {
    lease.send(&ToWorker::Infer(frame)).await?;
    let Heard::Message(message) = lease.hear().await? else { return Err(out_of_turn()) };
    let FromWorker::Closed { outcome, broken } = *message else { return Err(out_of_turn()) };
    lease.close(broken);
    match outcome? {
        Outcome::Inferred(schema) => Ok(schema),
        Outcome::Ran(_) => Err(out_of_turn()),
    }
}

/// Waits for work that should be short. Work that turns out not to be goes on if a place for such is free, which is
/// then in `slot`; `None` says that it has to begin again with one, so that the last worker is there for others.
async fn patiently<T>(
    workers: &Workers,
    slot: &mut Option<OwnedSemaphorePermit>,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(work);
    if slot.is_none() {
        if let Ok(done) = tokio::time::timeout(CHEAP_TIME, work.as_mut()).await {
            return Some(done);
        }
        *slot = Some(workers.try_heavy()?);
    }
    Some(work.await)
}

/// Everything of a plan but what the person who asked may change.
struct Plan {
    schema: SchemaRef,
    estimate: Estimate,
    operators: Vec<String>,
    heavy: bool,
    slot: Option<OwnedSemaphorePermit>,
    lease: Lease,
}

impl Plan {
    /// Plans the job, once more where the worker was killed from outside before it had a plan, or where planning took
    /// long and no place for that was free.
    async fn make(
        workers: &Arc<Workers>,
        job: &Job,
        deadline: Instant,
        mut slot: Option<OwnedSemaphorePermit>,
    ) -> Result<Plan, EngineError> {
        let storages: Vec<&Storage> = job.tables.iter().map(|table| &table.storage).collect();
        let mut again = false;
        loop {
            let mut lease = Lease::take(workers, &storages, deadline, again).await?;
            match patiently(workers, &mut slot, Planned::hear_from(&mut lease, job, deadline)).await {
                Some(Err(_)) if lease.was_killed() && !again => again = true,
                Some(planned) => {
                    let Planned { schema, estimate, unbounded, operators } = planned?;
                    let heavy = unbounded || estimate.bytes > workers.config().cheap_bytes;
                    return Ok(Plan { schema, heavy, slot, estimate, operators, lease });
                }
                None => {
                    drop(lease);
                    slot = Some(workers.heavy(deadline).await?);
                }
            }
        }
    }
}

struct Planned {
    schema: SchemaRef,
    estimate: Estimate,
    unbounded: bool,
    operators: Vec<String>,
}

impl Planned {
    async fn hear_from(lease: &mut Lease, job: &Job, deadline: Instant) -> Result<Planned, EngineError> {
        let time_left = deadline.saturating_duration_since(Instant::now());
        let prepare = ToWorker::Prepare(PrepareFrame {
            job: lease.job(),
            sql: job.sql.clone(),
            parameters: job.parameters.clone(),
            tables: job.tables.iter().map(|table| TableKey::from(table.as_ref())).collect(),
            catalog: job.catalog.clone(),
            database: job.database.clone(),
            limits: Limits { deadline: time_left, ..job.limits },
            meter: job.meter,
            explain: job.explain,
        });
        lease.send(&prepare).await?;
        loop {
            let Heard::Message(message) = lease.hear().await? else { return Err(out_of_turn()) };
            match *message {
                FromWorker::Missing(indexes) => {
                    let tables = indexes.iter().filter_map(|index| job.tables.get(*index as usize)).cloned();
                    lease.send_tables(tables.collect()).await?;
                }
                FromWorker::Planned { schema, estimate, unbounded, operators } => {
                    return Ok(Planned {
                        schema: wire::decode_schema(&schema).map_err(internal)?,
                        estimate,
                        unbounded,
                        operators,
                    });
                }
                FromWorker::Closed { outcome, broken } => {
                    lease.close(broken);
                    return Err(outcome.err().unwrap_or_else(out_of_turn));
                }
                FromWorker::Progress(_) => return Err(out_of_turn()),
            }
        }
    }
}

/// A planned job. Dropping it gives its worker back.
pub struct Prepared {
    pub schema: SchemaRef,
    pub estimate: Estimate,
    /// The plan in lines, where the job asks for it.
    pub operators: Vec<String>,
    plan: Plan,
    job: Job,
    deadline: Instant,
}

impl Prepared {
    /// Starts it. A job that is not cheap waits until fewer of its kind run, and gives its worker to others meanwhile.
    pub async fn run(self) -> Result<Running, EngineError> {
        let Prepared { mut plan, job, deadline, .. } = self;
        if plan.heavy && plan.slot.is_none() {
            let workers = Arc::clone(plan.lease.workers());
            plan.slot = workers.try_heavy();
            if plan.slot.is_none() {
                drop(plan);
                let slot = workers.heavy(deadline).await?;
                plan = Plan::make(&workers, &job, deadline, Some(slot)).await?;
            }
        }
        let Plan { slot, mut lease, .. } = plan;
        lease.send(&ToWorker::Run).await?;
        Ok(Running {
            workers: Arc::clone(lease.workers()),
            lease: Some(lease),
            cheap_until: slot.is_none().then(|| Instant::now() + CHEAP_TIME),
            slot,
            begins_again: false,
            job,
            deadline,
            progress: watch::Sender::new(Progress::default()),
            statistics: Statistics::default(),
        })
    }
}

/// A running job; dropping it cancels it.
pub struct Running {
    workers: Arc<Workers>,
    lease: Option<Lease>,
    /// Until when it may take the last worker's time; `None` once that is settled.
    cheap_until: Option<Instant>,
    slot: Option<OwnedSemaphorePermit>,
    /// It has given its worker to others and needs one again.
    begins_again: bool,
    job: Job,
    deadline: Instant,
    progress: watch::Sender<Progress>,
    statistics: Statistics,
}

impl Running {
    /// The next batch; `None` after the last one. Nothing follows an error. Dropping the future loses no batch.
    pub async fn next(&mut self) -> Option<Result<Frame, EngineError>> {
        loop {
            if self.begins_again
                && let Err(error) = self.begin_again().await
            {
                self.begins_again = false;
                return Some(Err(error));
            }
            let lease = self.lease.as_mut()?;
            let heard = match self.cheap_until {
                None => lease.hear().await,
                Some(until) => match tokio::time::timeout_at(until.into(), lease.hear()).await {
                    Ok(heard) => heard,
                    Err(_) => {
                        self.leave_the_cheap();
                        continue;
                    }
                },
            };
            match heard {
                Ok(Heard::Batch { rows, ipc }) => {
                    self.progress.send_modify(|progress| progress.rows += rows);
                    return Some(Ok(Frame { ipc, rows }));
                }
                Ok(Heard::Message(message)) => match *message {
                    FromWorker::Progress(heard) => {
                        self.progress.send_modify(|progress| *progress = Progress { rows: progress.rows, ..heard });
                    }
                    FromWorker::Closed { outcome, broken } => {
                        lease.close(broken);
                        self.lease = None;
                        return match outcome {
                            Ok(Outcome::Ran(statistics)) => {
                                self.statistics = statistics;
                                self.progress.send_replace(Progress {
                                    scanned_bytes: statistics.scanned_bytes,
                                    rows: statistics.rows,
                                    fraction: 1.0,
                                });
                                None
                            }
                            Ok(Outcome::Inferred(_)) => Some(Err(out_of_turn())),
                            Err(error) => Some(Err(error)),
                        };
                    }
                    _ => {
                        self.lease = None;
                        return Some(Err(out_of_turn()));
                    }
                },
                Err(error) => {
                    self.lease = None;
                    return Some(Err(error));
                }
            }
        }
    }

    /// Takes a place among those that are not cheap. If none is free, what has delivered nothing yet makes way.
    fn leave_the_cheap(&mut self) {
        self.cheap_until = None;
        self.slot = self.workers.try_heavy();
        if self.slot.is_none() && self.progress.borrow().rows == 0 {
            self.lease = None;
            self.begins_again = true;
        }
    }

    async fn begin_again(&mut self) -> Result<(), EngineError> {
        let slot = self.workers.heavy(self.deadline).await?;
        let Plan { slot, mut lease, .. } = Plan::make(&self.workers, &self.job, self.deadline, Some(slot)).await?;
        lease.send(&ToWorker::Run).await?;
        (self.lease, self.slot, self.begins_again) = (Some(lease), slot, false);
        Ok(())
    }

    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Complete once [`next`](Self::next) has answered `None`.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }
}

fn out_of_turn() -> EngineError {
    internal("a worker spoke out of turn")
}

/// One record batch.
#[derive(Debug, Clone)]
pub struct Frame {
    /// One whole encapsulated Arrow IPC message: uncompressed, without dictionaries, as it stands in an IPC stream.
    pub ipc: Bytes,
    pub rows: u64,
}

/// What a job will read, known before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    pub bytes: u64,
    /// Whether a run reads just these bytes: counted from Parquet footers, and nothing that it finds on its way can spare
    /// it any of them.
    pub exact: bool,
    pub tables: Vec<TableEstimate>,
}

/// What a job will read of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEstimate {
    pub catalog: String,
    pub database: String,
    pub table: String,
    /// Columns read with their bytes; empty for formats that are read whole.
    pub columns: Vec<ColumnBytes>,
    /// Distinct partitions read.
    pub partitions: u64,
    pub partitions_total: u64,
    pub files: u64,
    pub files_total: u64,
    pub row_groups: u64,
    pub row_groups_total: u64,
    pub bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnBytes {
    pub name: String,
    pub bytes: u64,
}

/// How far a running job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub scanned_bytes: u64,
    /// Rows delivered.
    pub rows: u64,
    /// Share of the estimated bytes that is read, 0 to 1.
    pub fraction: f64,
}

/// What a job used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Compressed bytes of column chunks (Parquet) or of files (CSV, JSON) that were read.
    pub scanned_bytes: u64,
    pub rows: u64,
    pub engine_ms: u64,
    /// Whether the result ended at a row or byte limit.
    pub truncated: bool,
}
