//! The whole road of a statement.

mod charge;
mod choose;
mod follow;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use chrono::Utc;
use futures::future::BoxFuture;
use lakefront_engine::{Limits, Pool, PoolConfig};

use crate::engine::{Beginning, Embedded, Plan, Rows};
use crate::estimate::{Price, Rates, check_budget, explain};
use crate::execution::{
    Admission, Cost, Deadline, Execution, ExecutionState, Flights, Pilot, Place, Register, Takeoff, cancelled,
};
use crate::policy::{Authorized, authorize};
use crate::result::{Cache, Found, Key, RunSummary, Shared, Spool, columns};
use crate::route;
use crate::statement::{Answer, BoundQuery, Kept, Named, Statement, no_prepared_statement, show};
use crate::{
    Catalogs, EngineChoice, ErrorKind, EstimateReport, Guard, PreparedStatements, QueriesConfig, QueryError,
    QueryLimits, Request, ResultCacheState, ResultSet, TableShare, infer_in,
};
use choose::Chosen;

/// How long a submission waits for the plan, so that most errors come back with it.
const PLANNING_PATIENCE: Duration = Duration::from_secs(1);
/// Estimates of one principal at a time, and waiting: they come with every pause in typing.
const ESTIMATES: (usize, usize) = (2, 20);

const BY_CATALOGS: &str = "answered by the catalogs";

pub(crate) struct Road {
    pub(crate) catalogs: Catalogs,
    pub(crate) executions: Register,
    statements: Kept,
    engine: Embedded,
    cache: Cache,
    shared: Option<Shared>,
    flights: Arc<Flights>,
    runs: Admission,
    /// By the place of another system.
    elsewhere: Admission,
    estimates: Admission,
    guard: Arc<dyn Guard>,
    prepared: Arc<dyn PreparedStatements>,
    limits: QueryLimits,
    embedded_max_bytes: u64,
}

impl Road {
    pub(crate) async fn open(config: QueriesConfig) -> Result<Self, QueryError> {
        let spill = config.data_dir.join("spill");
        let mut pool = PoolConfig::new(config.worker, spill);
        if let Some(workers) = config.max_workers {
            pool.max_workers = workers.max(2);
        }
        // More of one principal would only stand in the way of others: they wait here, not for a worker.
        let running = config.limits.running_per_principal.min(pool.max_workers + 1);
        let pool = Pool::start(pool).map_err(QueryError::internal)?;
        let catalogs = Catalogs::new(config.catalogs, infer_in(pool.clone()));
        let cache =
            Cache::open(config.data_dir.join("results"), config.cache_bytes).await.map_err(QueryError::internal)?;
        let limits = config.limits;
        Ok(Self {
            catalogs,
            executions: Register::default(),
            statements: Kept::default(),
            engine: Embedded::new(pool, Price::per_tb(config.price_per_tb_usd)),
            cache,
            shared: config.shared_results.map(Shared::new),
            flights: Arc::default(),
            runs: Admission::new(running, limits.queued_per_principal),
            // Whoever waits there was admitted here.
            elsewhere: Admission::new(limits.running_per_system, usize::MAX / 2),
            estimates: Admission::new(ESTIMATES.0, ESTIMATES.1),
            guard: config.guard,
            prepared: config.prepared,
            limits,
            embedded_max_bytes: config.embedded_max_bytes,
        })
    }

    pub(crate) async fn submit(self: Arc<Self>, mut request: Request) -> Result<Arc<Execution>, QueryError> {
        let execution = Execution::new(&request);
        let deadline = self.deadline(&request);
        let statement = match deadline.holds(self.read(&mut request)).await? {
            Statement::Query(query) => self.allowed(query, &request).await?,
            Statement::Explain(query, what) => {
                let statement = self.allowed(query, &request).await?;
                let report = self.report(statement, request.engine, deadline).await?;
                let answer = match what {
                    Answer::Plan => show::lines("Query Plan", explain(&report))?,
                    // Another engine says it of a run only.
                    Answer::Validity if report.engine != EngineChoice::Embedded => {
                        let message = format!("EXPLAIN (TYPE VALIDATE) is not supported on {}.", report.engine);
                        return Err(QueryError::user("NOT_SUPPORTED", message)
                            .with_hint("Ask for the engine `embedded`, where its tables are read there too."));
                    }
                    Answer::Validity => show::truth("Valid", true)?,
                };
                return self.answer(execution, &answer, "EXPLAIN runs nothing");
            }
            Statement::Show(asking) => {
                let answer = deadline.holds(asking.answer(&self.catalogs)).await?;
                return self.answer(execution, &answer, BY_CATALOGS);
            }
            Statement::Prepare { name, statement } => {
                deadline.holds(self.prepared.keep(&request.principal, &name, &statement)).await?;
                return self.answer(execution, &show::truth("result", true)?, "PREPARE runs nothing");
            }
            Statement::Deallocate { name, position } => {
                if !deadline.holds(self.prepared.remove(&request.principal, &name)).await? {
                    return Err(no_prepared_statement(&name, position));
                }
                return self.answer(execution, &show::truth("result", true)?, "DEALLOCATE runs nothing");
            }
        };

        let tables = statement.tables().iter().map(|table| format!("{table:?}")).collect();
        execution.update(|status| status.tables = tables);
        let order = Order::new(execution.clone(), request, statement, None);
        let Some(place) = self.begin(&order)? else { return Ok(execution) };
        let mut status = execution.watch();
        tokio::spawn(self.clone().follow(order, place, deadline));
        let told = status.wait_for(|status| {
            status.state != ExecutionState::Queued || status.approval.is_some() || status.waiting.is_some()
        });
        if let Ok(Ok(status)) = tokio::time::timeout(PLANNING_PATIENCE, told).await
            && let (true, Some(error)) = (status.route_reason.is_empty(), &status.error)
        {
            return Err(error.clone());
        }
        Ok(execution)
    }

    /// Reads a statement; what an EXECUTE of a name stands for stays in the request, whatever becomes of the name.
    async fn read(&self, request: &mut Request) -> Result<Statement, QueryError> {
        if request.executes.is_none()
            && let Some(named) = Named::of(request)?.filter(Named::executes)
        {
            let statement = self.prepared.find(&request.principal, &named.name).await?;
            request.executes = Some(statement.ok_or_else(|| no_prepared_statement(&named.name, named.position))?);
        }
        Statement::read(request, &self.catalogs, &self.statements).await
    }

    /// What a principal may read, with the conditions it needs.
    async fn allowed(&self, query: Arc<BoundQuery>, request: &Request) -> Result<Authorized, QueryError> {
        let statement = authorize(query, &request.principal)?;
        statement.check_partitions(&*self.guard.partition_rules().await?)?;
        Ok(statement)
    }

    /// Answers from a stored result, or takes a place on a run.
    fn begin(self: &Arc<Self>, order: &Order) -> Result<Option<Place>, QueryError> {
        let Order { execution, request, statement, .. } = order;
        route::choose(statement, request.engine, self.embedded_max_bytes)?;
        let key = if statement.is_volatile() {
            Key::unique()
        } else {
            Key::of(statement, request.engine, self.limits.result_rows, self.limits.result_bytes)
        };
        if order.may_reuse()
            && let Some(result) = self.cache.get(&key, request.reuse_max_age_s)
        {
            self.executions.insert(execution.clone());
            self.reuse(execution, statement, result);
            return Ok(None);
        }
        let place = self.board(key, order)?;
        self.executions.insert(execution.clone());
        Ok(Some(place))
    }

    pub(crate) fn result_cache(&self) -> ResultCacheState {
        self.cache.state()
    }

    pub(crate) async fn estimate(&self, mut request: Request) -> Result<EstimateReport, QueryError> {
        let deadline = self.deadline(&request);
        let statement = match deadline.holds(self.read(&mut request)).await? {
            Statement::Query(query) | Statement::Explain(query, _) => self.allowed(query, &request).await?,
            statement @ (Statement::Show(..) | Statement::Prepare { .. } | Statement::Deallocate { .. }) => {
                let is_show = matches!(statement, Statement::Show(..));
                let nothing = lakefront_engine::Estimate { exact: true, ..Default::default() };
                return Ok(EstimateReport {
                    estimate: Some(Price::FREE.estimate(&nothing)),
                    engine: EngineChoice::Embedded,
                    route_reason: if is_show { BY_CATALOGS } else { "runs nothing" }.to_owned(),
                    operators: Vec::new(),
                    tables: Vec::new(),
                });
            }
        };
        self.report(statement, request.engine, deadline).await
    }

    async fn report(
        &self,
        statement: Authorized,
        choice: EngineChoice,
        deadline: Deadline,
    ) -> Result<EstimateReport, QueryError> {
        let ticket = self.estimates.enter(&statement.principal().id)?;
        let statement = Arc::new(statement);
        let chosen = deadline.holds(async {
            let _turn = ticket.turn(|_| {}).await?;
            self.choose(&statement, choice, self.engine_limits(deadline.left())).await
        });
        let Chosen { route, plan, price } = chosen.await?;
        Ok(EstimateReport {
            estimate: plan.estimate.as_ref().map(|foreseen| price.estimate(foreseen)),
            engine: route.engine,
            route_reason: route.reason,
            operators: plan.operators,
            tables: plan.estimate.into_iter().flat_map(|foreseen| foreseen.tables).map(Into::into).collect(),
        })
    }

    fn engine_limits(&self, deadline: Duration) -> Limits {
        Limits {
            deadline,
            memory_bytes: self.limits.memory_bytes,
            spill_bytes: self.limits.spill_bytes,
            result_rows: self.limits.result_rows,
            result_bytes: self.limits.result_bytes,
        }
    }

    fn deadline(&self, request: &Request) -> Deadline {
        let limit = request.deadline.map_or(self.limits.deadline, |asked| asked.min(self.limits.deadline));
        Deadline::within(limit)
    }

    /// An execution that needed no engine.
    fn answer(
        &self,
        execution: Arc<Execution>,
        rows: &arrow::array::RecordBatch,
        reason: &str,
    ) -> Result<Arc<Execution>, QueryError> {
        let result = ResultSet::of_batch(rows)?;
        self.executions.insert(execution.clone());
        execution.update(|status| reason.clone_into(&mut status.route_reason));
        let cost = Cost { scanned_bytes: 0, usd: Price::FREE.usd(0), saved_usd: None, engine_ms: 0, reused: false };
        execution.succeed(Arc::new(result), cost);
        Ok(execution)
    }

    /// An execution answered by a stored result.
    fn reuse(&self, execution: &Arc<Execution>, statement: &Authorized, result: Arc<ResultSet>) {
        execution.update(|status| {
            status.engine = result.engine();
            status.estimate = result.estimate().cloned();
            let made = result.created_at().format("%Y-%m-%d %H:%M:%S UTC");
            status.route_reason = if statement.is_repeatable() {
                format!("stored result of {made}, the data is the same")
            } else {
                format!("stored result of {made}, as old as was asked for")
            };
        });
        let spared = self.price_of(statement, result.engine()).usd(result.scanned_bytes());
        let cost = Cost {
            scanned_bytes: 0,
            usd: Price::FREE.usd(0),
            saved_usd: (result.scanned_bytes() > 0).then_some(spared),
            engine_ms: 0,
            reused: true,
        };
        execution.succeed(result, cost);
    }

    fn board(self: &Arc<Self>, key: Key, order: &Order) -> Result<Place, QueryError> {
        let Order { request, statement, .. } = order;
        let scan_limits = [request.max_scan_bytes, self.limits.max_scan_bytes];
        let scan_limit = scan_limits.into_iter().flatten().min();
        // A forced run is not joined by others, nor does it join one.
        let flight_key = if order.is_forced() { Key::unique() } else { key };
        self.flights.board((flight_key, scan_limit), |pilot| {
            let ticket = match self.runs.enter(&statement.principal().id) {
                Ok(ticket) => ticket,
                Err(error) => {
                    pilot.land(Err(error.clone()));
                    return Err(error);
                }
            };
            let road = self.clone();
            let order = order.clone();
            tokio::spawn(async move {
                let abandoned = pilot.abandoned().clone();
                let flown = async {
                    let boarded = Instant::now();
                    let turn = ticket.turn(|before| pilot.waits(before)).await?;
                    let queued_ms = boarded.elapsed().as_millis() as u64;
                    pilot.update(|stage| {
                        stage.queued_ms = queued_ms;
                        stage.waiting = None;
                    });
                    let result = road.find_or_fly(&pilot, key, &order, scan_limit).await;
                    drop(turn);
                    result
                };
                let landing = tokio::select! {
                    landing = flown => landing,
                    () = abandoned.cancelled() => Err(cancelled()),
                };
                drop(ticket);
                pilot.land(landing);
            });
            Ok(())
        })
    }

    /// What another instance has made, or is making, comes before a run of one's own.
    async fn find_or_fly(
        &self,
        pilot: &Pilot,
        key: Key,
        order: &Order,
        scan_limit: Option<u64>,
    ) -> Result<Arc<ResultSet>, QueryError> {
        let shared = self.shared.as_ref().filter(|_| order.may_share());
        let claim = match shared {
            Some(shared) => match shared.find(&key, order.request.reuse_max_age_s).await {
                Found::Result(result) => {
                    pilot.update(|stage| stage.was_stored = true);
                    self.cache.count_shared_hit();
                    self.cache.insert(key, result.clone());
                    return Ok(result);
                }
                Found::Nothing(claim) => claim,
            },
            None => None,
        };
        if order.may_reuse() {
            self.cache.count_miss();
        }
        let result = self.fly(pilot, key, order, scan_limit).await?;
        if let Some(shared) = shared {
            shared.give(key, claim, result.clone());
        }
        Ok(result)
    }

    /// Plan, route, guard, run: everything dropped on the way stops the engine.
    async fn fly(
        &self,
        pilot: &Pilot,
        key: Key,
        order: &Order,
        scan_limit: Option<u64>,
    ) -> Result<Arc<ResultSet>, QueryError> {
        let planning = Instant::now();
        let statement = &order.statement;
        let limits = self.engine_limits(self.limits.deadline);
        let chosen = self.choose(statement, order.request.engine, limits).await?;
        let Chosen { route, plan: Plan { schema, estimate, start, beginning, .. }, price } = chosen;
        let planning_ms = planning.elapsed().as_millis() as u64;
        let shares = match &estimate {
            Some(estimate) => estimate.tables.iter().map(TableShare::from).collect(),
            None => statement.tables().iter().map(TableShare::unknown).collect(),
        };
        let estimate = estimate.map(|estimate| price.estimate(&estimate));
        if let Some(estimate) = &estimate {
            check_budget(estimate, scan_limit)?;
        }
        let rates = Rates { price, against: self.against(statement, route.engine) };
        let mut charge = self.admitted(pilot, order, &route, estimate.clone(), shares, rates).await?;
        let takeoff = |schema: Option<&SchemaRef>| Takeoff {
            route: route.clone(),
            estimate: estimate.clone(),
            columns: schema.map(columns),
        };
        let waiting = Instant::now();
        let place = statement.link().filter(|_| route.engine != EngineChoice::Embedded);
        let place = place.map(|link| self.elsewhere.enter(&link.location())).transpose()?;
        let _turn = match &place {
            Some(place) => Some(place.turn(|before| pilot.waits(before)).await?),
            None => None,
        };
        let waited_ms = waiting.elapsed().as_millis() as u64;
        pilot.update(|stage| {
            stage.queued_ms += waited_ms;
            stage.waiting = None;
            stage.planning_ms = planning_ms;
            stage.takeoff = Some(takeoff(schema.as_ref()));
            stage.rates = Some(rates);
        });

        let begun = Utc::now();
        let mut rows = rows_of(pilot, start, beginning).await?;
        if schema.is_none() {
            pilot.update(|stage| stage.takeoff = Some(takeoff(Some(&rows.schema()))));
        }
        let mut spool = Spool::new(self.cache.folder(), rows.schema())?;
        let mut progress = rows.progress();
        loop {
            let frame = tokio::select! {
                biased;
                frame = rows.next() => frame,
                Ok(()) = progress.changed() => {
                    pilot.report((*progress.borrow_and_update()).into());
                    continue;
                }
            };
            let Some(frame) = frame.transpose()? else { break };
            spool = if spool.writes(&frame) {
                blocking(move || spool.push(frame).map(|()| spool)).await?
            } else {
                spool.push(frame).map_err(QueryError::internal)?;
                spool
            };
        }
        let run = rows.statistics();
        // A result of Athena's own is of an earlier time, which Athena does not tell.
        let as_of = statement.as_of(begun).filter(|_| rows.is_charged());
        if !rows.is_charged() {
            charge.rates = Rates::FREE;
        }
        let spent = charge.settle(run.scanned_bytes);
        pilot.update(|stage| stage.spent = Some(spent));
        let summary = RunSummary {
            as_of,
            truncated: run.truncated,
            reusable: !statement.is_volatile(),
            scanned_bytes: run.scanned_bytes,
            engine_ms: run.engine_ms,
            estimate,
            engine: route.engine,
        };
        let result = if spool.in_memory() {
            spool.finish(summary).map_err(QueryError::internal)?
        } else {
            blocking(move || spool.finish(summary)).await?
        };
        let result = Arc::new(result);
        self.cache.insert(key, result.clone());
        Ok(result)
    }
}

/// Starts a run, and tells meanwhile what it waits for and what it has read.
async fn rows_of(
    pilot: &Pilot,
    mut start: BoxFuture<'static, Result<Box<dyn Rows>, QueryError>>,
    beginning: Beginning,
) -> Result<Box<dyn Rows>, QueryError> {
    let Beginning { mut waiting, mut progress } = beginning;
    let mut queued = None;
    let rows = loop {
        tokio::select! {
            biased;
            rows = &mut start => break rows,
            Ok(()) = waiting.changed() => {
                let waiting = *waiting.borrow_and_update();
                let waited = match waiting {
                    Some(_) => {
                        queued.get_or_insert_with(Instant::now);
                        None
                    }
                    None => queued.take(),
                };
                pilot.update(|stage| {
                    stage.waiting = waiting;
                    stage.queued_ms += waited.map_or(0, |since| since.elapsed().as_millis() as u64);
                });
            }
            Ok(()) = progress.changed() => pilot.report((*progress.borrow_and_update()).into()),
        }
    };
    // What a run had read when it was stopped is charged.
    pilot.report((*progress.borrow()).into());
    pilot.update(|stage| stage.waiting = None);
    rows
}

/// What an execution is for, kept until it ends.
#[derive(Clone)]
struct Order {
    execution: Arc<Execution>,
    request: Arc<Request>,
    statement: Arc<Authorized>,
    approved_bytes: Option<u64>,
}

impl Order {
    fn new(
        execution: Arc<Execution>,
        request: impl Into<Arc<Request>>,
        statement: Authorized,
        approved_bytes: Option<u64>,
    ) -> Self {
        Self { execution, request: request.into(), statement: Arc::new(statement), approved_bytes }
    }

    /// A run is asked for, whatever is stored.
    fn is_forced(&self) -> bool {
        self.request.reuse_max_age_s == Some(0)
    }

    fn may_reuse(&self) -> bool {
        !self.is_forced() && (self.statement.is_repeatable() || self.request.reuse_max_age_s.is_some())
    }

    /// Whether other instances may have its result, and it theirs.
    fn may_share(&self) -> bool {
        !self.is_forced() && self.statement.is_repeatable()
    }
}

/// Writes to disk where blocking is allowed.
async fn blocking<T: Send + 'static>(
    write: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, QueryError> {
    let written = tokio::task::spawn_blocking(write).await.map_err(QueryError::internal)?;
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, "There is no room left on disk for the result.")
        }
        _ => QueryError::internal(error),
    })
}
