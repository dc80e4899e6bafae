//! Worker processes as the pool owns them: started, killed and cleaned up after.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{EngineError, EngineErrorKind};
use crate::pool::PoolConfig;
use crate::scratch::Scratch;
use crate::wire::Ear;
use crate::worker::{from_last_words, out_of_disk};

/// How much of what a worker wrote to its standard error is kept.
const LAST_WORDS: usize = 8 << 10;

/// The thread that starts workers and buries them.
///
/// Linux delivers the death signal of a parent when the *thread* dies that made the child, so a thread of a runtime,
/// which may come and go, must not start workers.
pub(super) struct Keeper {
    orders: mpsc::Sender<Order>,
}

enum Order {
    Start(oneshot::Sender<io::Result<Started>>),
    Bury(Child, PathBuf),
}

struct Started {
    child: Child,
    socket: StdUnixStream,
    spill: PathBuf,
}

impl Keeper {
    pub(super) fn start(config: &PoolConfig) -> io::Result<Keeper> {
        let (orders, received) = mpsc::channel();
        let mut starter = Starter {
            program: config.worker.clone(),
            arguments: config.arguments.clone(),
            spill: Scratch::claim(&config.spill_dir)?,
            next: 0,
        };
        std::thread::Builder::new().name("worker-keeper".to_owned()).spawn(move || {
            for order in received {
                match order {
                    Order::Start(answer) => {
                        if let Err(Ok(unwanted)) = answer.send(starter.start()) {
                            bury(unwanted.child, &unwanted.spill);
                        }
                    }
                    Order::Bury(child, spill) => bury(child, &spill),
                }
            }
        })?;
        Ok(Keeper { orders })
    }

    pub(super) async fn worker(self: &Arc<Self>) -> io::Result<Worker> {
        let (answer, started) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts workers has ended");
        self.orders.send(Order::Start(answer)).map_err(|_| gone())?;
        Worker::new(started.await.map_err(|_| gone())??, Arc::clone(self))
    }
}

fn bury(mut child: Child, spill: &PathBuf) {
    let _ = child.kill();
    let _ = child.wait();
    if let Err(error) = std::fs::remove_dir_all(spill) {
        tracing::warn!("the spill folder of a worker is left behind: {error}");
    }
}

struct Starter {
    program: PathBuf,
    arguments: Vec<String>,
    spill: Scratch,
    next: u64,
}

impl Starter {
    fn start(&mut self) -> io::Result<Started> {
        let spill = self.spill.path().join(format!("worker-{}", self.next));
        self.next += 1;
        std::fs::create_dir_all(&spill)?;
        let (socket, its_end) = StdUnixStream::pair()?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(ALLOCATOR)
            .envs(CERTIFICATES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            // DataFusion makes its folders there, once it spills.
            .env("TMPDIR", &spill)
            .current_dir(&spill)
            .stdin(Stdio::from(OwnedFd::from(its_end)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        match child {
            Ok(child) => Ok(Started { child, socket, spill }),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&spill);
                Err(error)
            }
        }
    }
}

/// Whom the server trusts, its workers trust: a store's certificate may be signed by an authority of one's own.
pub(crate) const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The C library's allocator gives large buffers back to the system at once and takes them anew for the next column
/// chunk; keeping them for a while makes scans steadier. Few arenas keep a worker small.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "4"), ("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "67108864")];

/// One worker process and the pool's end of its socket. Dropping it kills the process.
pub(super) struct Worker {
    pub(super) socket: UnixStream,
    pub(super) ear: Ear,
    /// Folders it may read below, once it has been told.
    pub(super) roots: Option<BTreeSet<PathBuf>>,
    process: Arc<Process>,
    /// Reads what it writes to its standard error.
    listener: Option<JoinHandle<()>>,
}

struct Process {
    child: Mutex<Option<Child>>,
    spill: PathBuf,
    overdue: AtomicBool,
    words: Mutex<Vec<u8>>,
    keeper: Arc<Keeper>,
}

impl Worker {
    fn new(started: Started, keeper: Arc<Keeper>) -> io::Result<Worker> {
        let Started { mut child, socket, spill } = started;
        let stderr = child.stderr.take();
        let process = Arc::new(Process {
            child: Mutex::new(Some(child)),
            spill,
            overdue: AtomicBool::new(false),
            words: Mutex::default(),
            keeper,
        });
        let listener = stderr.map(|stderr| tokio::spawn(listen(stderr, Arc::downgrade(&process))));
        socket.set_nonblocking(true)?;
        Ok(Worker { socket: UnixStream::from_std(socket)?, ear: Ear::default(), roots: None, process, listener })
    }

    pub(super) fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.process))
    }

    pub(super) fn is_alive(&self) -> bool {
        let mut child = lock(&self.process.child);
        child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Memory it occupies, in bytes; 0 when that is not known.
    pub(super) fn resident_bytes(&self) -> u64 {
        let Some(pid) = lock(&self.process.child).as_ref().map(Child::id) else { return 0 };
        let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
        let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
        pages * rustix::param::page_size() as u64
    }

    /// Ends it, and says what it died of and whether somebody killed it from outside. Dropping the future loses
    /// nothing: the next one says it.
    pub(super) async fn post_mortem(&mut self) -> (EngineError, bool) {
        // A worker that closed its socket is dead or dying; its last words follow.
        if let Some(listener) = &mut self.listener {
            let _ = tokio::time::timeout(Duration::from_millis(500), listener).await;
        }
        self.listener = None;
        let status = {
            let mut child = lock(&self.process.child);
            child.as_mut().and_then(|child| {
                if matches!(child.try_wait(), Ok(None)) {
                    let _ = child.kill();
                }
                child.wait().ok()
            })
        };
        let words = String::from_utf8_lossy(&lock(&self.process.words)).into_owned();
        let overdue = self.process.overdue.load(Ordering::Relaxed);
        let killed = !overdue && status.and_then(|status| status.signal()) == Some(Signal::KILL.as_raw());
        (self.process.cause(status, &words), killed)
    }
}

impl Process {
    fn cause(&self, status: Option<ExitStatus>, words: &str) -> EngineError {
        if self.overdue.load(Ordering::Relaxed) {
            return EngineError::new(
                EngineErrorKind::Timeout,
                "The query did not finish within its time limit. Let it read or combine less.",
            )
            .with_detail("killed at its deadline");
        }
        let signal = status.and_then(|status| status.signal());
        let error = if signal == Some(Signal::XFSZ.as_raw()) { out_of_disk() } else { from_last_words(words) };
        error.with_detail(format!("{}: {words}", status.map_or_else(String::new, |status| status.to_string())))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = lock(&self.child).take() {
            let _ = child.kill();
            let _ = self.keeper.orders.send(Order::Bury(child, std::mem::take(&mut self.spill)));
        }
    }
}

/// Can end a worker that somebody else holds.
pub(super) struct Killer(Arc<Process>);

impl Killer {
    /// Kills it for having missed its deadline.
    pub(super) fn overdue(&self) {
        self.0.overdue.store(true, Ordering::Relaxed);
        if let Some(child) = lock(&self.0.child).as_mut() {
            let _ = child.kill();
        }
    }
}

/// Keeps the end of what the worker writes, so that it never blocks on a full pipe.
async fn listen(stderr: ChildStderr, process: std::sync::Weak<Process>) {
    let Ok(mut pipe) = pipe::Receiver::from_owned_fd(OwnedFd::from(stderr)) else { return };
    let mut piece = [0; 1024];
    while let Ok(length @ 1..) = pipe.read(&mut piece).await {
        let Some(process) = process.upgrade() else { return };
        let mut words = lock(&process.words);
        words.extend_from_slice(&piece[..length]);
        let excess = words.len().saturating_sub(LAST_WORDS);
        words.drain(..excess);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
