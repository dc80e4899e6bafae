//! Requests to one Trino: signed in, repeated where that is safe, answers of bounded size.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url, redirect};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::config::{TrinoAuth, TrinoConfig, invalid};
use super::failure::{unavailable, unexpected};
use super::retry::Patience;
use crate::{ErrorKind, QueryError};

const CONNECTING: Duration = Duration::from_secs(10);
/// Between two bytes of an answer; Trino holds a request for a second when it has nothing to say.
const SILENCE: Duration = Duration::from_secs(30);
/// A page is about a megabyte, and more only where its rows are long.
const PAGE_BYTES: usize = 64 << 20;
/// So many pages of more than a few megabytes are in memory at a time, of all runs on every Trino; the next one waits
/// until one of them is read.
const LONG_PAGES: usize = 4;
const LONG_PAGE: usize = 4 << 20;
static ROOM: Semaphore = Semaphore::const_new(LONG_PAGES);
/// Unpacking this much holds up no other task: it can't become more than a thousand times as long.
const UNPACKED_AT_ONCE: usize = 4 << 10;
/// How long a statement that nobody waits for is tried to be cancelled, and each time.
const CANCELLING: Duration = Duration::from_secs(15);
const CANCEL: Duration = Duration::from_secs(2);
/// The path of every `nextUri`.
const STATEMENTS: &str = "/v1/statement";

/// Cheap to clone; clones share connections.
#[derive(Clone)]
pub(super) struct Wire(Arc<Line>);

struct Line {
    http: Client,
    url: Url,
    origin: String,
    user: String,
    auth: &'static str,
}

/// What a page says, in memory.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// Held while a long one is needed.
    room: Option<SemaphorePermit<'static>>,
}

impl Body {
    /// A part of it in its place.
    pub(super) fn narrowed(self, part: Bytes) -> Self {
        Self { bytes: part, room: self.room }
    }
}

enum Trouble {
    /// May be over when asked again, after this time where the server names one.
    Passing(QueryError, Option<Duration>),
    Lasting(QueryError),
}

impl Wire {
    pub(super) fn new(config: &TrinoConfig) -> Result<Self, QueryError> {
        let url = config.checked_url()?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if !config.user.is_empty() {
            // A header takes other letters too, as bytes of no known encoding.
            let user = Some(&config.user).filter(|user| user.is_ascii());
            let user = user.and_then(|user| HeaderValue::from_str(user).ok());
            let refused = || invalid("The user of a Trino has letters that Trino can't be sent.", "Use ASCII.");
            headers.insert("x-trino-user", user.ok_or_else(refused)?);
        }
        let authorization = match &config.auth {
            TrinoAuth::None => None,
            TrinoAuth::Password(password) => Some(format!("Basic {}", basic(&config.user, password))),
            TrinoAuth::Jwt(token) => Some(format!("Bearer {token}")),
        };
        if let Some(authorization) = &authorization {
            let value = Some(authorization).filter(|authorization| authorization.is_ascii());
            let value = value.and_then(|authorization| HeaderValue::from_str(authorization).ok());
            let refused = || invalid("The token of a Trino holds characters that no token has.", "Copy it again.");
            let mut value = value.ok_or_else(refused)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut http = Client::builder()
            .user_agent("lakefront")
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            // The environment's proxy is for the way out; a Trino of one's own is inside.
            .no_proxy()
            .https_only(authorization.is_some())
            .connect_timeout(CONNECTING)
            .read_timeout(SILENCE);
        if let Some(pem) = &config.ca_pem {
            let authorities = Certificate::from_pem_bundle(pem).ok().filter(|found| !found.is_empty());
            let authorities = authorities.ok_or_else(|| {
                invalid("The authority of a Trino is no PEM certificate.", "Give -----BEGIN CERTIFICATE-----…")
            })?;
            http = authorities.into_iter().fold(http, |http, authority| http.add_root_certificate(authority));
        }
        Ok(Self(Arc::new(Line {
            http: http.build().map_err(QueryError::internal)?,
            origin: config.url.trim_end_matches('/').to_owned(),
            url,
            user: config.user.clone(),
            auth: match config.auth {
                TrinoAuth::None => "none",
                TrinoAuth::Password(_) => "password",
                TrinoAuth::Jwt(_) => "token",
            },
        })))
    }

    pub(super) fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Posts a statement. Safe to repeat: Trino starts it at the first `GET` of its `nextUri`, and forgets one that
    /// nobody comes for.
    pub(super) async fn post(&self, sql: &str, session: &HeaderMap) -> Result<Body, QueryError> {
        let mut url = self.0.url.clone();
        url.set_path(STATEMENTS);
        let request = || self.0.http.post(url.clone()).headers(session.clone()).body(sql.to_owned());
        self.exchange(request, &mut Patience::to_begin()).await
    }

    /// The page at a `nextUri`. Safe to repeat: Trino keeps a page until the next one is asked for.
    pub(super) async fn get(&self, next: &Url, patience: &mut Patience) -> Result<Body, QueryError> {
        self.exchange(|| self.0.http.get(next.clone()), patience).await
    }

    /// Ends a statement, whoever waits for it.
    pub(super) async fn cancel(&self, query_id: &str, next: &Url) {
        let mut patience = Patience::default();
        let asking = async {
            loop {
                let answer = self.0.http.delete(next.clone()).timeout(CANCEL).send().await;
                match answer.map(|response| response.status()) {
                    // Not there: it ended meanwhile.
                    Ok(status) if status.is_success() || is_gone(status) => return true,
                    _ => match patience.after_failure(None) {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => return false,
                    },
                }
            }
        };
        if tokio::time::timeout(CANCELLING, asking).await.unwrap_or(false) {
            tracing::info!(query_id, "cancelled Trino's query {query_id}");
        } else {
            tracing::warn!(query_id, "could not cancel Trino's query {query_id}; it runs until Trino's own limit");
        }
    }

    /// A `nextUri`, if it leads to this Trino.
    pub(super) fn follow(&self, next: &str) -> Result<Url, QueryError> {
        let ours = &self.0.url;
        let url = Url::parse(next).map_err(|_| unexpected("Trino's answer goes on at an address that is no URL."))?;
        let place =
            |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
        if place(&url) != place(ours) || !url.username().is_empty() || url.password().is_some() {
            let there = url.origin().ascii_serialization();
            return Err(unexpected(format!(
                "Trino's answer goes on at {there}, and Lakefront follows it nowhere but to {}.",
                self.0.origin
            ))
            .with_hint(
                "Give Trino's address as Trino itself knows it. Behind a proxy, set http-server.process-forwarded=true \
                 on Trino, and have the proxy send X-Forwarded-Proto, -Host and -Port.",
            ));
        }
        if !url.path().starts_with(&format!("{STATEMENTS}/")) {
            return Err(unexpected("Trino's answer goes on at an address that is no statement's."));
        }
        Ok(url)
    }

    async fn exchange(
        &self,
        request: impl Fn() -> RequestBuilder,
        patience: &mut Patience,
    ) -> Result<Body, QueryError> {
        loop {
            let attempt = self.attempt(request());
            let attempt = match patience.ends() {
                Some(ends) => {
                    let late = |_| Err(Trouble::Lasting(self.unreachable()));
                    tokio::time::timeout_at(ends, attempt).await.unwrap_or_else(late)
                }
                None => attempt.await,
            };
            let (error, asked) = match attempt {
                Ok(body) => {
                    patience.after_success();
                    return Ok(body);
                }
                Err(Trouble::Passing(error, asked)) => (error, asked),
                Err(Trouble::Lasting(error)) => return Err(error),
            };
            match patience.after_failure(asked) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    async fn attempt(&self, request: RequestBuilder) -> Result<Body, Trouble> {
        let response = request.send().await.map_err(|error| self.lost(error))?;
        let status = response.status();
        if status == StatusCode::OK {
            return self.body(response).await;
        }
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        tracing::info!(status = status.as_u16(), "Trino at {} answered HTTP {status}", self.0.origin);
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let error = unavailable(format!("Trino at {} is too busy to answer (HTTP {status}).", self.0.origin));
                Err(Trouble::Passing(error.with_hint("Try again later."), asked.map(Duration::from_secs)))
            }
            _ => Err(Trouble::Lasting(self.refused(status))),
        }
    }

    fn refused(&self, status: StatusCode) -> QueryError {
        let Line { origin, user, auth, .. } = &*self.0;
        let refused = |message: String, hint: &str| {
            QueryError::new("ENGINE_REFUSED", ErrorKind::Unavailable, message).with_hint(hint)
        };
        match (status, *auth) {
            (StatusCode::UNAUTHORIZED, "password") => refused(
                format!("Trino at {origin} refused the password of user \"{user}\"."),
                "Give the connection the right TRINO_PASSWORD, and check the user in its address.",
            ),
            (StatusCode::UNAUTHORIZED, "token") => refused(
                format!("Trino at {origin} refused the connection's token."),
                "It may have expired: give the connection a new TRINO_TOKEN.",
            ),
            (StatusCode::UNAUTHORIZED, _) => refused(
                format!("Trino at {origin} wants to know who calls."),
                "Give the connection a TRINO_TOKEN, or a TRINO_PASSWORD and the user in its address.",
            ),
            (StatusCode::FORBIDDEN, _) => refused(
                format!("Trino at {origin} lets this account run nothing as user \"{user}\"."),
                "Make the connection's user the account's own name, or allow the account to impersonate that user.",
            ),
            (status, _) if is_gone(status) => {
                unavailable(format!("Trino at {origin} does not know the query (any more).")).with_hint(
                    "If Trino was restarted, run the statement again; otherwise check that the address is a Trino's.",
                )
            }
            (status, _) if status.is_redirection() => unexpected(format!(
                "{origin} sends callers elsewhere, where Lakefront does not follow (HTTP {status})."
            ))
            .with_hint("Give the connection Trino's own address."),
            (status, _) => unexpected(format!("{origin} answered HTTP {status}, as no Trino does."))
                .with_hint("Check that the connection's address is a Trino's."),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Body, Trouble> {
        let zipped = response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
        let (mut body, mut room) = (Vec::new(), None);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(error))? {
            let length = body.len() + chunk.len();
            if length > PAGE_BYTES {
                return Err(Trouble::Lasting(too_large()));
            }
            if length > LONG_PAGE && room.is_none() {
                room = Some(long_page().await?);
            }
            body.extend_from_slice(&chunk);
        }
        let packed = Bytes::from(body);
        if !zipped {
            return Ok(Body { bytes: packed, room });
        }
        if room.is_none() {
            if let Some(bytes) = unpacked(packed.clone(), LONG_PAGE).await? {
                return Ok(Body { bytes, room });
            }
            room = Some(long_page().await?);
        }
        let bytes = unpacked(packed, PAGE_BYTES).await?.ok_or_else(|| Trouble::Lasting(too_large()))?;
        Ok(Body { bytes, room })
    }

    /// No answer, or only a part of one.
    fn lost(&self, error: reqwest::Error) -> Trouble {
        // The address of a page is as good as a key to it.
        let error = error.without_url();
        let mut chain = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            chain = format!("{chain}: {cause}");
            source = cause.source();
        }
        let origin = &self.0.origin;
        tracing::info!(error = chain, "no answer from Trino at {origin}: {chain}");
        if chain.contains("certificate") {
            return Trouble::Lasting(
                unavailable(format!("Trino at {origin} shows a certificate that is not trusted here."))
                    .with_hint("Give the connection the certificate (PEM) of the authority that signed it; one that signed itself won't do."),
            );
        }
        Trouble::Passing(self.unreachable(), None)
    }

    fn unreachable(&self) -> QueryError {
        unavailable(format!("Trino at {} can't be reached.", self.0.origin))
            .with_hint("Check that it runs, and the connection's host and port.")
    }
}

async fn long_page() -> Result<SemaphorePermit<'static>, Trouble> {
    ROOM.acquire().await.map_err(|error| Trouble::Lasting(QueryError::internal(error)))
}

/// `None` if it is longer than `most` bytes.
async fn unpacked(packed: Bytes, most: usize) -> Result<Option<Bytes>, Trouble> {
    let short = packed.len() <= UNPACKED_AT_ONCE;
    let unpack = move || {
        let mut plain = Vec::new();
        let read = GzDecoder::new(packed.as_ref()).take(most as u64 + 1).read_to_end(&mut plain);
        read.map(|_| (plain.len() <= most).then(|| Bytes::from(plain)))
    };
    let unpacked = if short {
        unpack()
    } else {
        let unpacking = tokio::task::spawn_blocking(unpack).await;
        unpacking.map_err(|error| Trouble::Lasting(QueryError::internal(error)))?
    };
    unpacked.map_err(|_| Trouble::Passing(unexpected("Trino sent a page that can't be unpacked."), None))
}

fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

fn too_large() -> QueryError {
    QueryError::new("RESOURCE_LIMIT", ErrorKind::Limit, "Trino sent a page of more than 64 MiB.")
        .with_hint("Select fewer or shorter columns.")
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn wire(url: &str, auth: TrinoAuth) -> Result<Wire, QueryError> {
        Wire::new(&TrinoConfig::parse(url, auth, None).unwrap())
    }

    fn password() -> TrinoAuth {
        TrinoAuth::Password("hunter2".to_owned())
    }

    #[test]
    fn an_answer_goes_on_where_it_began() {
        let wire = wire("https://ana@trino.example/lake", password()).unwrap();
        for ours in [
            "https://trino.example/v1/statement/queued/20240506_101112_00001_abcde/y1/1",
            "https://trino.example:443/v1/statement/executing/20240506_101112_00001_abcde/y1/1",
        ] {
            assert!(wire.follow(ours).is_ok(), "{ours}");
        }
        for foreign in [
            "http://trino.example/v1/statement/queued/q/y1/1",
            "https://trino.example:8443/v1/statement/queued/q/y1/1",
            "https://trino.example.evil/v1/statement/queued/q/y1/1",
            "https://trino.example@evil/v1/statement/queued/q/y1/1",
            "https://evil@trino.example/v1/statement/queued/q/y1/1",
            "https://trino.example/v1/statement/../../ui/api/kill",
            "https://trino.example/ui/",
            "file:///v1/statement/x",
            "/v1/statement/queued/q/y1/1",
        ] {
            assert_eq!(wire.follow(foreign).unwrap_err().code, "ENGINE_PROTOCOL", "{foreign}");
        }
    }

    #[test]
    fn a_refusal_names_the_setting_to_mend() {
        let refused = |url: &str, auth, status| wire(url, auth).unwrap().refused(status);
        let ana = "https://ana@trino.example/lake";
        let error = refused(ana, password(), StatusCode::UNAUTHORIZED);
        assert_eq!(error.message, "Trino at https://trino.example:443 refused the password of user \"ana\".");
        assert!(!format!("{error:?}").contains("hunter2"));
        assert!(error.hint.unwrap().contains("TRINO_PASSWORD"));
        let error = refused(ana, TrinoAuth::Jwt("a.b.c".to_owned()), StatusCode::UNAUTHORIZED);
        assert!(error.hint.unwrap().contains("TRINO_TOKEN"));
        let error = refused(ana, TrinoAuth::None, StatusCode::UNAUTHORIZED);
        assert!(error.hint.unwrap().contains("TRINO_PASSWORD"));
        let error = refused(ana, TrinoAuth::None, StatusCode::FORBIDDEN);
        assert!(error.hint.unwrap().contains("impersonate"));
        let error = refused("http://trino.example/lake", TrinoAuth::None, StatusCode::FOUND);
        assert_eq!(error.code, "ENGINE_PROTOCOL");
    }

    #[tokio::test]
    async fn a_trino_that_says_nothing_is_given_up_in_time() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/lake", silent.local_addr().unwrap());
        let wire = wire(&url, TrinoAuth::None).unwrap();
        let began = std::time::Instant::now();
        let mut patience = Patience::within(Duration::from_millis(300));
        let post = || wire.0.http.post(wire.0.url.clone());
        assert_eq!(wire.exchange(post, &mut patience).await.err().unwrap().code, "ENGINE_UNAVAILABLE");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn a_user_that_no_header_can_hold_is_refused() {
        for url in ["https://%C5%BDofie@trino.example/lake", "https://žofie@trino.example/lake"] {
            assert_eq!(wire(url, TrinoAuth::None).err().unwrap().code, "INVALID_LOCATION", "{url}");
        }
        let token = TrinoAuth::Jwt("a.ž.c".to_owned());
        assert_eq!(wire("https://trino.example/lake", token).err().unwrap().code, "INVALID_LOCATION");
    }

    #[test]
    fn a_password_is_sent_as_http_says() {
        // The example of RFC 7617.
        assert_eq!(basic("Aladdin", "open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn a_wrong_certificate_is_told_before_it_is_used() {
        let config =
            TrinoConfig::parse("https://trino.example/lake", TrinoAuth::None, Some(b"no certificate".to_vec()))
                .unwrap();
        assert_eq!(Wire::new(&config).err().unwrap().code, "INVALID_LOCATION");
    }
}
