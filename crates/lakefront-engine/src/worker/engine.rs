//! What a worker keeps between its jobs.

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use tokio::runtime::{Builder, Runtime};

use super::footer::Footers;
use super::lru::Lru;
use super::scan::ScanTable;
use crate::error::EngineError;
use crate::job::{Storage, Table};
use crate::wire::{self, FromWorker, TableKey};

/// Files of all tables a worker remembers.
const REMEMBERED_FILES: usize = 400_000;
/// Tables whose places a worker remembers.
const REMEMBERED_PLACES: usize = 10_000;
/// Operators recurse over deep expressions on these stacks too; untouched pages cost nothing.
const STACK: usize = 16 << 20;
const MOST_BLOCKING_THREADS: usize = 16;

pub(super) struct Engine {
    pub(super) runtime: Runtime,
    pub(super) threads: usize,
    pub(super) footers: Arc<Footers>,
    /// Bytes of data the current job has read.
    pub(super) scanned: Arc<AtomicU64>,
    socket: Mutex<UnixStream>,
    tables: Mutex<Lru<TableKey, Arc<ScanTable>>>,
    places: Mutex<HashMap<(String, String, String), Place>>,
    next_id: AtomicU64,
}

/// Where the files of a table lie and which columns they are to have.
struct Place {
    id: u64,
    storage: Storage,
    schema: SchemaRef,
}

impl Engine {
    pub(super) fn start(socket: UnixStream) -> io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(MOST_BLOCKING_THREADS)
            .thread_stack_size(STACK)
            .thread_name("operator")
            .enable_all()
            .build()?;
        Ok(Engine {
            runtime,
            threads,
            footers: Arc::new(Footers::new()),
            scanned: Arc::default(),
            socket: Mutex::new(socket),
            tables: Mutex::new(Lru::new(REMEMBERED_FILES)),
            places: Mutex::default(),
            next_id: AtomicU64::new(0),
        })
    }

    pub(super) fn table(&self, key: &TableKey) -> Option<Arc<ScanTable>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(key)
    }

    pub(super) fn remember(&self, table: Table) -> Result<Arc<ScanTable>, EngineError> {
        let key = TableKey::from(&table);
        let weight = table.files.len() + 1;
        let (id, place) = (self.new_id(), self.place(&table));
        let table = Arc::new(ScanTable::new(id, place, table, Arc::clone(&self.scanned))?);
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(&table), weight);
        Ok(table)
    }

    fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn place(&self, table: &Table) -> u64 {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (table.catalog.clone(), table.database.clone(), table.name.clone());
        if let Some(known) = places.get(&name)
            && known.schema == table.schema
            && known.storage.is_same_place(&table.storage)
        {
            return known.id;
        }
        if places.len() >= REMEMBERED_PLACES {
            places.clear();
        }
        let id = self.new_id();
        places.insert(name, Place { id, storage: table.storage.clone(), schema: Arc::clone(&table.schema) });
        id
    }

    pub(super) fn reply(&self, message: &FromWorker) -> io::Result<()> {
        wire::reply(&mut *self.socket(), message)
    }

    pub(super) fn reply_batch(&self, rows: u64, ipc: &[u8]) -> io::Result<()> {
        wire::reply_batch(&mut *self.socket(), rows, ipc)
    }

    fn socket(&self) -> MutexGuard<'_, UnixStream> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no operator computes any more: nothing is spawned, or every thread is parked (connections to an object
    /// store stay as parked tasks).
    pub(super) fn is_quiet(&self) -> bool {
        let metrics = self.runtime.metrics();
        metrics.num_alive_tasks() == 0
            || (0..metrics.num_workers()).all(|worker| metrics.worker_park_unpark_count(worker) % 2 == 1)
    }
}
