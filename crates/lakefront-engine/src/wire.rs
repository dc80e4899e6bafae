//! What pool and worker say to each other over their socket.
//!
//! A frame is its length (`u32`, little endian), one byte of kind and the payload: a control message as postcard, or a
//! record batch as its row count (`u64`, little endian) and the Arrow IPC message untouched.
//!
//! One job goes
//! `Prepare` → [`Missing` → `Tables`] → `Planned` → `Run` → batches and `Progress` → `Closed`, or `Infer` → `Closed`;
//! every job is closed exactly once. `Cancel` may come at any time, and closes the job unless it has just closed by
//! itself.

use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::EngineError;
use crate::infer::{FileKind, InferRequest, InferredSchema};
use crate::job::{DataFile, Explain, Format, Limits, Literal, Meter, S3Credentials, Storage, Table};
use crate::pool::{Estimate, Progress, Statistics};

/// Longest frame either side accepts; a table of 100,000 files takes about a hundredth.
const LONGEST_FRAME: usize = 1 << 30;
const CONTROL: u8 = 0;
const BATCH: u8 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToWorker {
    /// From now on files may only be read below these folders. Comes once, before the first job.
    Confine {
        roots: Vec<PathBuf>,
    },
    Prepare(PrepareFrame),
    /// The tables that were `Missing`, in that order.
    Tables(Vec<TableFrame>),
    Run,
    /// Ends the job with this number, if it is still there.
    Cancel {
        job: u64,
    },
    Infer(InferFrame),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// Positions in [`PrepareFrame::tables`] of tables the worker does not hold.
    Missing(Vec<u32>),
    Planned {
        /// An IPC stream without batches.
        schema: Vec<u8>,
        estimate: Estimate,
        /// The plan has an operator whose work is not bounded by the bytes it reads.
        unbounded: bool,
        /// Lines, where they are asked for.
        operators: Vec<String>,
    },
    Progress(Progress),
    /// The last word on a job.
    Closed {
        outcome: Result<Outcome, EngineError>,
        /// The worker is no longer fit for another job.
        broken: bool,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Ran(Statistics),
    Inferred(InferredSchema),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PrepareFrame {
    pub(crate) job: u64,
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Literal>,
    pub(crate) tables: Vec<TableKey>,
    pub(crate) catalog: String,
    pub(crate) database: String,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
    pub(crate) explain: Explain,
}

/// What a worker caches a table under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct TableKey {
    pub(crate) catalog: String,
    pub(crate) database: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// Credentials expire while the files stay the same.
    pub(crate) storage: StorageFrame,
}

impl From<&Table> for TableKey {
    fn from(table: &Table) -> Self {
        TableKey {
            catalog: table.catalog.clone(),
            database: table.database.clone(),
            name: table.name.clone(),
            version: table.version.clone(),
            storage: StorageFrame::from(&table.storage),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TableFrame {
    catalog: String,
    database: String,
    name: String,
    version: String,
    /// File columns and partition keys, as IPC streams without batches.
    schema: Vec<u8>,
    partitions: Vec<u8>,
    format: Format,
    storage: StorageFrame,
    files: Vec<DataFile>,
}

impl TableFrame {
    pub(crate) fn encode(table: &Table) -> Result<Self, ArrowError> {
        Ok(TableFrame {
            catalog: table.catalog.clone(),
            database: table.database.clone(),
            name: table.name.clone(),
            version: table.version.clone(),
            schema: encode_schema(&table.schema)?,
            partitions: encode_schema(&Schema::new(table.partitions.clone()))?,
            format: table.format,
            storage: StorageFrame::from(&table.storage),
            files: table.files.clone(),
        })
    }

    pub(crate) fn decode(self) -> Result<Table, ArrowError> {
        let partitions = decode_schema(&self.partitions)?;
        Ok(Table {
            catalog: self.catalog,
            database: self.database,
            name: self.name,
            version: self.version,
            schema: decode_schema(&self.schema)?,
            partitions: partitions.fields().iter().map(|f| Field::clone(f)).collect(),
            format: self.format,
            storage: self.storage.into(),
            files: self.files,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InferFrame {
    pub(crate) job: u64,
    storage: StorageFrame,
    kind: FileKind,
    files: Vec<DataFile>,
    files_total: u64,
}

impl InferFrame {
    pub(crate) fn encode(job: u64, request: InferRequest) -> Self {
        InferFrame {
            job,
            storage: StorageFrame::from(&request.storage),
            kind: request.kind,
            files: request.files,
            files_total: request.files_total,
        }
    }

    pub(crate) fn decode(self) -> InferRequest {
        InferRequest { storage: self.storage.into(), kind: self.kind, files: self.files, files_total: self.files_total }
    }
}

/// [`Storage`] on the wire. The public type has no `Serialize`, so that its keys can reach nothing but a worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum StorageFrame {
    Local { root: PathBuf },
    S3 { bucket: String, prefix: String, region: Option<String>, endpoint: Option<String>, keys: Option<KeysFrame> },
}

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct KeysFrame {
    id: String,
    secret: String,
    session: Option<String>,
}

impl std::fmt::Debug for KeysFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeysFrame(…)")
    }
}

impl From<&Storage> for StorageFrame {
    fn from(storage: &Storage) -> Self {
        match storage {
            Storage::Local { root } => StorageFrame::Local { root: root.clone() },
            Storage::S3 { bucket, prefix, region, endpoint, credentials } => StorageFrame::S3 {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                region: region.clone(),
                endpoint: endpoint.clone(),
                keys: match credentials {
                    S3Credentials::Anonymous => None,
                    S3Credentials::Keys { access_key_id, secret_access_key, session_token } => Some(KeysFrame {
                        id: access_key_id.clone(),
                        secret: secret_access_key.clone(),
                        session: session_token.clone(),
                    }),
                },
            },
        }
    }
}

impl From<StorageFrame> for Storage {
    fn from(frame: StorageFrame) -> Self {
        match frame {
            StorageFrame::Local { root } => Storage::Local { root },
            StorageFrame::S3 { bucket, prefix, region, endpoint, keys } => Storage::S3 {
                bucket,
                prefix,
                region,
                endpoint,
                credentials: match keys {
                    None => S3Credentials::Anonymous,
                    Some(keys) => S3Credentials::Keys {
                        access_key_id: keys.id,
                        secret_access_key: keys.secret,
                        session_token: keys.session,
                    },
                },
            },
        }
    }
}

pub(crate) fn encode_schema(schema: &Schema) -> Result<Vec<u8>, ArrowError> {
    StreamWriter::try_new(Vec::new(), schema).and_then(StreamWriter::into_inner)
}

pub(crate) fn decode_schema(bytes: &[u8]) -> Result<SchemaRef, ArrowError> {
    Ok(Arc::clone(&StreamReader::try_new(Cursor::new(bytes), None)?.schema()))
}

/// What the pool hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Message(Box<FromWorker>),
    Batch { rows: u64, ipc: Bytes },
}

fn control_frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = postcard::to_extend(message, vec![0, 0, 0, 0, CONTROL]).map_err(io::Error::other)?;
    let length = frame_length(frame.len() - 4)?;
    frame[..4].copy_from_slice(&length);
    Ok(frame)
}

fn frame_length(length: usize) -> io::Result<[u8; 4]> {
    if length > LONGEST_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame is too long"));
    }
    Ok((length as u32).to_le_bytes())
}

fn read_length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length == 0 || length > LONGEST_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame has an impossible length"));
    }
    Ok(length)
}

/// Worker's side: the next message; `None` when the pool has closed the socket.
pub(crate) fn receive(socket: &mut impl Read) -> io::Result<Option<ToWorker>> {
    let mut length = [0; 4];
    match socket.read_exact(&mut length) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let mut frame = vec![0; read_length(length)?];
    socket.read_exact(&mut frame)?;
    postcard::from_bytes(&frame[1..]).map(Some).map_err(io::Error::other)
}

/// Worker's side.
pub(crate) fn reply(socket: &mut impl Write, message: &FromWorker) -> io::Result<()> {
    socket.write_all(&control_frame(message)?)
}

/// Worker's side; waits while the pool does not read.
pub(crate) fn reply_batch(socket: &mut impl Write, rows: u64, ipc: &[u8]) -> io::Result<()> {
    let mut head = [0; 13];
    head[..4].copy_from_slice(&frame_length(ipc.len() + 9)?);
    head[4] = BATCH;
    head[5..].copy_from_slice(&rows.to_le_bytes());
    socket.write_all(&head)?;
    socket.write_all(ipc)
}

/// Pool's side.
pub(crate) async fn send(socket: &mut (impl AsyncWrite + Unpin), message: &ToWorker) -> io::Result<()> {
    socket.write_all(&control_frame(message)?).await
}

/// Pool's side: frames as they come in. Dropping [`hear`](Self::hear) halfway loses nothing.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    buffer: BytesMut,
}

impl Ear {
    /// The next frame; an error when the worker is gone.
    pub(crate) async fn hear(&mut self, socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Heard> {
        loop {
            let missing = match self.buffer.first_chunk() {
                None => 4,
                Some(length) => {
                    let length = read_length(*length)?;
                    if self.buffer.len() >= 4 + length {
                        self.buffer.advance(4);
                        return parse(self.buffer.split_to(length).freeze());
                    }
                    4 + length - self.buffer.len()
                }
            };
            // Room as bytes arrive rather than as they are announced.
            self.buffer.reserve(missing.clamp(1 << 14, 1 << 22));
            if socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn parse(mut frame: Bytes) -> io::Result<Heard> {
    match frame.get_u8() {
        CONTROL => {
            postcard::from_bytes(&frame).map(|message| Heard::Message(Box::new(message))).map_err(io::Error::other)
        }
        BATCH if frame.len() >= 8 => Ok(Heard::Batch { rows: frame.get_u64_le(), ipc: frame }),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "frame of an unknown kind")),
    }
}
