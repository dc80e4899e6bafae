//! The threads that draw, and the queue before them.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    SsrError, SsrLimits, SsrPage,
    engine::{Engine, unfit_after},
};

/// Pages that may wait per thread; more would miss their deadline anyway.
const WAITING_PER_THREAD: usize = 32;
/// A thread that had nothing to do for so long collects its garbage.
const TIDY_AFTER: Duration = Duration::from_secs(1);
/// A thread that had nothing to do for so long ends, unless it is the last one.
const END_AFTER: Duration = Duration::from_secs(60);
/// Native stack beyond the JavaScript stack, for the engine's own frames.
const NATIVE_STACK: usize = 4 << 20;

/// Threads that draw pages. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct SsrPool(Arc<Owner>);

struct Owner(Arc<Shared>);

struct Shared {
    bundle: &'static str,
    limits: SsrLimits,
    max_threads: usize,
    queue: Mutex<Queue>,
    work: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that draw nothing, those that still read the bundle included.
    free: usize,
    closed: bool,
}

struct Job {
    input: Arc<str>,
    deadline: Instant,
    reply: oneshot::Sender<Result<SsrPage, SsrError>>,
}

impl SsrPool {
    /// Prepares up to `threads` threads; each starts, and reads the bundle, when there is work for it.
    pub fn start(bundle: &'static str, threads: usize, limits: SsrLimits) -> Result<Self, SsrError> {
        let shared =
            Shared { bundle, limits, max_threads: threads.max(1), queue: Mutex::default(), work: Condvar::new() };
        Ok(Self(Arc::new(Owner(Arc::new(shared)))))
    }

    /// Has one thread read the bundle now, in the background, so that the first page need not wait for it.
    pub fn warm_up(&self) -> Result<(), SsrError> {
        let shared = &self.0.0;
        let mut queue = shared.queue();
        if queue.threads == 0 { shared.spawn(&mut queue) } else { Ok(()) }
    }

    /// Draws one page from `input`, the JSON text handed to `globalThis.render`. Never blocks the async runtime.
    pub async fn render(&self, input: Arc<str>) -> Result<SsrPage, SsrError> {
        let shared = &self.0.0;
        let deadline = Instant::now() + shared.limits.deadline;
        let (reply, answer) = oneshot::channel();
        shared.enqueue(Job { input, deadline, reply })?;
        // The thread keeps the deadline as well, but it may be reading the bundle or drawing another page.
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(SsrError::Engine("the thread that drew the page ended".into())),
            Err(_) => Err(SsrError::Timeout),
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.work.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // No code panics while it holds the lock, and the queue would be whole even then.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(self: &Arc<Self>, job: Job) -> Result<(), SsrError> {
        let mut queue = self.queue();
        // Whoever asked may have gone; those jobs need no place.
        queue.jobs.retain(|job| !job.reply.is_closed());
        if queue.jobs.len() >= self.max_threads * WAITING_PER_THREAD {
            return Err(SsrError::QueueFull);
        }
        if queue.free <= queue.jobs.len() && queue.threads < self.max_threads {
            self.spawn(&mut queue)?;
        }
        queue.jobs.push_back(job);
        self.work.notify_one();
        Ok(())
    }

    fn spawn(self: &Arc<Self>, queue: &mut Queue) -> Result<(), SsrError> {
        let shared = self.clone();
        thread::Builder::new()
            .name("ssr".into())
            .stack_size(self.limits.js_stack + NATIVE_STACK)
            .spawn(move || shared.work())
            .map_err(|error| SsrError::Engine(format!("no thread: {error}")))?;
        queue.threads += 1;
        queue.free += 1;
        Ok(())
    }

    /// One thread's life.
    fn work(&self) {
        let mut engine = None;
        loop {
            // Also replaces an engine at once, before the next page needs it.
            let failure = if engine.is_none() {
                match guarded(|| Engine::load(self.bundle, &self.limits)) {
                    Ok(loaded) => {
                        engine = Some(loaded);
                        None
                    }
                    Err(error) => Some(error),
                }
            } else {
                None
            };
            let Some(job) = self.next_job(engine.as_ref()) else { return };
            if job.reply.is_closed() {
                self.queue().free += 1;
                continue;
            }
            let result = match (&engine, failure) {
                (Some(engine), _) => guarded(|| engine.render(&job.input, job.deadline)),
                (None, failure) => Err(failure.unwrap_or_else(|| SsrError::Engine("no engine".into()))),
            };
            if result.as_ref().is_err_and(unfit_after) {
                engine = None;
            }
            // Before the answer, so that whoever asks next finds this thread free.
            self.queue().free += 1;
            // Nobody listens when the caller has given up.
            drop(job.reply.send(result));
        }
    }

    /// Waits for a job; `None` when this thread should end.
    fn next_job(&self, engine: Option<&Engine>) -> Option<Job> {
        let mut queue = self.queue();
        let since = Instant::now();
        let mut tidy = false;
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                queue.free -= 1;
                return Some(job);
            }
            if queue.closed || (since.elapsed() >= END_AFTER && queue.threads > 1) {
                queue.free -= 1;
                queue.threads -= 1;
                return None;
            }
            if !tidy && since.elapsed() >= TIDY_AFTER {
                tidy = true;
                drop(queue);
                if let Some(engine) = engine {
                    engine.collect_garbage();
                }
                queue = self.queue();
                continue;
            }
            (queue, _) = self
                .work
                .wait_timeout(queue, if tidy { END_AFTER } else { TIDY_AFTER })
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A fault in the engine's binding costs one page, not the thread.
fn guarded<T>(run: impl FnOnce() -> Result<T, SsrError>) -> Result<T, SsrError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(SsrError::Engine("the engine panicked".into())))
}
