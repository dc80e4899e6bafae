//! The worker role: one process that runs one job at a time for its pool.
//!
//! The main thread only listens, so that a `Cancel` is heard whatever a job does. A job runs on a thread of its own
//! with a large stack, because planning recurses over what people wrote; its operators run on the runtime's threads.
//! When the socket closes the process ends at once, with whatever it was doing.

mod confine;
mod diagnose;
mod engine;
mod estimate;
mod explain;
mod failure;
mod footer;
mod job;
mod lines;
mod lru;
mod memory;
mod output;
mod scan;
mod session;
mod store;

use std::io::BufReader;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::wire::{self, ToWorker};
use engine::Engine;
pub(crate) use failure::{from_last_words, internal, out_of_disk};

/// Serves jobs over the socket that is this process's standard input, until it is closed.
pub fn worker_main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> std::io::Result<()> {
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    confine::at_start()?;
    // The first job need not wait for it.
    lakefront_trino::functions();
    let mut messages = BufReader::with_capacity(1 << 16, socket.try_clone()?);
    let mut engine: Option<Arc<Engine>> = None;
    let mut current: Option<Current> = None;
    while let Some(message) = wire::receive(&mut messages)? {
        match message {
            ToWorker::Confine { roots } => confine::to_roots(&roots),
            // Threads inherit what confines the thread that starts them, so none is started before the first job.
            ToWorker::Prepare(frame) => {
                let engine = engine_of(&mut engine, &socket)?;
                let (job, control) = Current::new(frame.job);
                current = Some(job);
                job::spawn(engine, control, move |engine, control| job::query(engine, control, frame))?;
            }
            ToWorker::Infer(frame) => {
                let engine = engine_of(&mut engine, &socket)?;
                let (job, control) = Current::new(frame.job);
                current = Some(job);
                job::spawn(engine, control, move |engine, control| job::infer(engine, control, frame))?;
            }
            ToWorker::Cancel { job } => {
                if let Some(current) = current.as_ref().filter(|current| current.job == job) {
                    current.cancelled.cancel();
                }
            }
            step @ (ToWorker::Tables(_) | ToWorker::Run) => {
                if let Some(current) = &current {
                    // A job that has just failed no longer listens, and has said so.
                    let _ = current.steps.send(step);
                }
            }
        }
    }
    Ok(())
}

fn engine_of(engine: &mut Option<Arc<Engine>>, socket: &UnixStream) -> std::io::Result<Arc<Engine>> {
    if let Some(engine) = engine {
        return Ok(Arc::clone(engine));
    }
    let new = Arc::new(Engine::start(socket.try_clone()?)?);
    Ok(Arc::clone(engine.insert(new)))
}

/// The main thread's end of the job that runs.
struct Current {
    job: u64,
    steps: mpsc::UnboundedSender<ToWorker>,
    cancelled: CancellationToken,
}

/// The job's end.
struct Control {
    steps: mpsc::UnboundedReceiver<ToWorker>,
    cancelled: CancellationToken,
}

impl Current {
    fn new(job: u64) -> (Current, Control) {
        let (sender, steps) = mpsc::unbounded_channel();
        let cancelled = CancellationToken::new();
        (Current { job, steps: sender, cancelled: cancelled.clone() }, Control { steps, cancelled })
    }
}
