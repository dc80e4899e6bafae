//! One connection: signed in, messages of bounded size in both directions.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::backend::{ErrorResponseBody, Header, Message};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::config::{ChannelBinding, PostgresConfig};
use super::tls::{self, Tls};

/// A row may hold a gigabyte; nobody reads one of this size in a browser.
const LONGEST_MESSAGE: i32 = 64 << 20;
const READ: usize = 64 << 10;
/// For the request to cancel, on a line of its own.
const CANCELLING: Duration = Duration::from_secs(5);

/// Why a conversation ended, or did not begin.
#[derive(Debug)]
pub(super) enum Fault {
    /// The line broke, or what answers does not speak the protocol.
    Line(io::Error),
    /// The server said so.
    Server(ServerError),
    /// Signing in asks for something that is not given or not safe to give.
    SignIn(&'static str, &'static str),
    /// A message of more than 64 MiB.
    TooLong,
}

/// An `ErrorResponse`.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerError {
    /// SQLSTATE.
    pub(super) code: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// In characters of the text that was sent, from 1.
    pub(super) position: Option<u64>,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Line(error)
    }
}

impl Fault {
    /// Whether asking again on another connection may help: the server is starting, full, or gone for a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Fault::Line(error) => !tls::is_distrust(error) && error.kind() != io::ErrorKind::InvalidData,
            Fault::Server(error) => {
                error.code.starts_with("08") || matches!(error.code.as_str(), "57P01" | "57P02" | "57P03" | "53300")
            }
            Fault::SignIn(..) | Fault::TooLong => false,
        }
    }
}

impl ServerError {
    fn read(body: &ErrorResponseBody) -> io::Result<Self> {
        let mut error = Self::default();
        let mut fields = body.fields();
        while let Some(field) = fields.next()? {
            let value = String::from_utf8_lossy(field.value_bytes());
            match field.type_() {
                b'C' => error.code = value.into_owned(),
                b'M' => error.message = value.into_owned(),
                b'H' => error.hint = Some(value.into_owned()),
                b'P' => error.position = value.parse().ok(),
                _ => {}
            }
        }
        Ok(error)
    }
}

/// Lets whoever has it end a connection's statement.
#[derive(Clone, Copy)]
pub(super) struct Key {
    process: i32,
    secret: i32,
}

trait Line: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Line for T {}

pub(super) struct Connection {
    line: Box<dyn Line>,
    inbox: BytesMut,
    /// Written by whoever has something to say, sent by [`send`](Self::send).
    pub(super) outbox: BytesMut,
    key: Option<Key>,
}

impl Connection {
    /// Connects and signs in.
    pub(super) async fn open(config: &PostgresConfig, tls: Option<&Tls>) -> Result<Self, Fault> {
        let (line, end_point) = line(config, tls).await?;
        let mut connection = Self { line, inbox: BytesMut::new(), outbox: BytesMut::new(), key: None };
        let parameters = [
            ("user", config.user.as_str()),
            ("database", config.database.as_str()),
            ("client_encoding", "UTF8"),
            ("application_name", "lakefront"),
        ];
        frontend::startup_message(parameters, &mut connection.outbox)?;
        connection.send().await?;
        connection.sign_in(config, end_point).await?;
        loop {
            match connection.receive().await? {
                Message::BackendKeyData(body) => {
                    connection.key = Some(Key { process: body.process_id(), secret: body.secret_key() });
                }
                Message::ReadyForQuery(_) => return Ok(connection),
                _ => return Err(surprise()),
            }
        }
    }

    async fn sign_in(&mut self, config: &PostgresConfig, end_point: Option<Vec<u8>>) -> Result<(), Fault> {
        let password = config.password.as_ref().map(|password| password.0.as_bytes());
        let password = || password.ok_or(Fault::SignIn("The server asks for a password.", "Give POSTGRES_PASSWORD."));
        let mut bound = false;
        loop {
            match self.receive().await? {
                Message::AuthenticationOk if bound || config.channel_binding != ChannelBinding::Require => {
                    return Ok(());
                }
                Message::AuthenticationOk => {
                    return Err(Fault::SignIn(
                        "Channel binding is required, and the server let anybody in without.",
                        "Have the server ask for SCRAM-SHA-256, or leave channel_binding out.",
                    ));
                }
                Message::AuthenticationCleartextPassword | Message::AuthenticationMd5Password(_)
                    if !config.tls && !config.is_loopback() =>
                {
                    return Err(Fault::SignIn(
                        "The server asks for a password that anybody on the way could read.",
                        "Use TLS (leave sslmode=disable out), or have the server ask for SCRAM-SHA-256.",
                    ));
                }
                Message::AuthenticationCleartextPassword => {
                    frontend::password_message(password()?, &mut self.outbox)?;
                }
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(config.user.as_bytes(), password()?, body.salt());
                    frontend::password_message(hash.as_bytes(), &mut self.outbox)?;
                }
                Message::AuthenticationSasl(body) => {
                    let offered: Vec<String> = body.mechanisms().map(|name| Ok(name.to_owned())).collect()?;
                    bound = self.scram(config, &offered, password()?, end_point.clone()).await?;
                    continue;
                }
                _ => {
                    return Err(Fault::SignIn(
                        "The server asks for a way of signing in that is not known here.",
                        "Have it ask for SCRAM-SHA-256 (in pg_hba.conf).",
                    ));
                }
            }
            self.send().await?;
        }
    }

    /// Whether it was bound to the line.
    async fn scram(
        &mut self,
        config: &PostgresConfig,
        offered: &[String],
        password: &[u8],
        end_point: Option<Vec<u8>>,
    ) -> Result<bool, Fault> {
        let offers = |mechanism: &str| offered.iter().any(|name| name == mechanism);
        let end_point = end_point.filter(|_| config.channel_binding != ChannelBinding::Disable);
        let (mechanism, binding, bound) = match end_point {
            Some(end_point) if offers(sasl::SCRAM_SHA_256_PLUS) => {
                (sasl::SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(end_point), true)
            }
            // Tells a server which did offer it that somebody on the way took the offer out.
            Some(_) => (sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested(), false),
            None => (sasl::SCRAM_SHA_256, sasl::ChannelBinding::unsupported(), false),
        };
        if !bound && config.channel_binding == ChannelBinding::Require {
            return Err(Fault::SignIn(
                "Channel binding is required, and the server does not offer it.",
                "Connect to the server itself, or leave channel_binding out.",
            ));
        }
        if !offers(mechanism) {
            return Err(Fault::SignIn("The server offers no SCRAM-SHA-256.", "Have it ask for SCRAM-SHA-256."));
        }
        let mut scram = sasl::ScramSha256::new(password, binding);
        frontend::sasl_initial_response(mechanism, scram.message(), &mut self.outbox)?;
        self.send().await?;
        let Message::AuthenticationSaslContinue(body) = self.receive().await? else { return Err(surprise()) };
        scram.update(body.data())?;
        frontend::sasl_response(scram.message(), &mut self.outbox)?;
        self.send().await?;
        let Message::AuthenticationSaslFinal(body) = self.receive().await? else { return Err(surprise()) };
        scram.finish(body.data())?;
        Ok(bound)
    }

    /// Sends what is in the outbox.
    pub(super) async fn send(&mut self) -> Result<(), Fault> {
        self.line.write_all_buf(&mut self.outbox).await?;
        Ok(self.line.flush().await?)
    }

    /// The next message; an error the server tells is one here. What it says unasked is left out. A dropped future
    /// loses nothing of what has come.
    pub(super) async fn receive(&mut self) -> Result<Message, Fault> {
        loop {
            let header = Header::parse(&self.inbox)?;
            if header.is_some_and(|header| header.len() > LONGEST_MESSAGE) {
                return Err(Fault::TooLong);
            }
            match Message::parse(&mut self.inbox)? {
                Some(Message::ParameterStatus(_) | Message::NoticeResponse(_) | Message::NotificationResponse(_)) => {}
                Some(Message::ErrorResponse(body)) => return Err(Fault::Server(ServerError::read(&body)?)),
                Some(message) => return Ok(message),
                None => {
                    self.inbox.reserve(READ);
                    if self.line.read_buf(&mut self.inbox).await? == 0 {
                        return Err(Fault::Line(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
            }
        }
    }

    /// Reads until the server is ready again: the first error on the way, or whether a transaction is open.
    pub(super) async fn ready(&mut self) -> Result<bool, Fault> {
        let mut told = None;
        loop {
            match self.receive().await {
                Ok(Message::ReadyForQuery(body)) => return told.map_or(Ok(body.status() != b'I'), Err),
                Ok(_) => {}
                Err(Fault::Server(error)) => drop(told.get_or_insert(Fault::Server(error))),
                Err(fault) => return Err(told.unwrap_or(fault)),
            }
        }
    }

    /// What a request to cancel has to show.
    pub(super) fn key(&self) -> Option<Key> {
        self.key
    }

    /// Says goodbye, so that nobody waits for this side.
    pub(super) async fn close(mut self) {
        self.outbox.clear();
        frontend::terminate(&mut self.outbox);
        let _ = tokio::time::timeout(CANCELLING, async {
            let _ = self.send().await;
            let _ = self.line.shutdown().await;
        })
        .await;
    }
}

/// Has the server end what it does for the connection of a key. Goes the way of the connection itself, so that a pooler
/// knows whose statement is meant; `pg_cancel_backend` might meet the next one to use that server.
pub(super) async fn cancel(key: Key, config: &PostgresConfig, tls: Option<&Tls>) {
    let asked = async {
        let (mut line, _) = line(config, tls).await?;
        let mut request = BytesMut::new();
        frontend::cancel_request(key.process, key.secret, &mut request);
        line.write_all_buf(&mut request).await?;
        line.flush().await?;
        // The server closes once it has passed the request on.
        line.read_buf(&mut request).await
    };
    match tokio::time::timeout(CANCELLING, asked).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::info!(%error, "a request to cancel did not reach PostgreSQL: {error}"),
        Err(_) => tracing::info!("a request to cancel did not reach PostgreSQL in time"),
    }
}

/// A line to the server, with the end point of its TLS.
async fn line(config: &PostgresConfig, tls: Option<&Tls>) -> io::Result<(Box<dyn Line>, Option<Vec<u8>>)> {
    let mut tcp = TcpStream::connect((config.host.as_str(), config.port)).await?;
    tcp.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok((Box::new(tcp), None)) };
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    tcp.write_all_buf(&mut request).await?;
    if tcp.read_u8().await? != b'S' {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the server speaks no TLS"));
    }
    // Nothing is read beyond that byte before TLS begins, so nothing can be slipped in before it.
    let line = tls.over(tcp).await?;
    let end_point = tls::end_point(&line);
    Ok((Box::new(line), end_point))
}

pub(super) fn surprise() -> Fault {
    Fault::Line(io::Error::new(io::ErrorKind::InvalidData, "the server sent what does not belong here"))
}
