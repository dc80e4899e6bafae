//! An HTTP server that answers as it is told: late, wrongly, by half or not at all.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lakefront_query::trino::{TrinoAuth, TrinoClient, TrinoConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const STATEMENTS: &str = "/v1/statement";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The page asked for; posting a statement asks for page 0.
    pub(crate) fn page(&self) -> usize {
        self.path.rsplit('/').next().and_then(|page| page.parse().ok()).unwrap_or(0)
    }
}

pub(crate) enum Reply {
    /// HTTP 200.
    Page(Value),
    Status(u16, &'static [(&'static str, &'static str)], Vec<u8>),
    /// Headers that promise the whole page, half of it, and the end of the connection.
    Half(Value),
    /// The end of the connection.
    HangUp,
    Silence,
}

type Answer = dyn Fn(&Seen, &str, usize) -> Reply + Send + Sync;

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// `answer` is given a request, the server's own address, and how many requests of that method and path came
    /// before it.
    pub(crate) async fn start(answer: impl Fn(&Seen, &str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, all, address): (Arc<Answer>, _, _) = (Arc::new(answer), seen.clone(), url.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), all.clone(), address.clone()));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn client(&self) -> TrinoClient {
        let config = TrinoConfig::parse(&format!("{}/lake", self.url), TrinoAuth::None, None).unwrap();
        TrinoClient::new(config).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method).count()
    }

    /// Waits for a request of that method.
    pub(crate) async fn saw(&self, method: &str) -> Seen {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(seen) = self.seen().into_iter().find(|seen| seen.method == method) {
                return seen;
            }
            assert!(Instant::now() < patience, "no {method} came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn serve(stream: TcpStream, answer: Arc<Answer>, all: Arc<Mutex<Vec<Seen>>>, url: String) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = request(&mut stream).await {
        let before = {
            let mut all = all.lock().unwrap();
            let same = |other: &&Seen| (&other.method, &other.path) == (&seen.method, &seen.path);
            let before = all.iter().filter(same).count();
            all.push(seen.clone());
            before
        };
        let (status, headers, body, cut) = match answer(&seen, &url, before) {
            Reply::Page(page) => (200, &[][..], page.to_string().into_bytes(), false),
            Reply::Half(page) => (200, &[][..], page.to_string().into_bytes(), true),
            Reply::Status(status, headers, body) => (status, headers, body, false),
            Reply::HangUp => return,
            Reply::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
        };
        let mut out = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            out += &format!("{name}: {value}\r\n");
        }
        let mut out = (out + "\r\n").into_bytes();
        out.extend_from_slice(if cut { &body[..body.len() / 2] } else { &body });
        if stream.write_all(&out).await.is_err() || cut {
            return;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { method, path, headers, body: String::from_utf8(body).unwrap() })
}

/// A page of a query with one column of numbers, that goes on at page `next`.
pub(crate) fn page(url: &str, next: Option<usize>, rows: &[i64]) -> Value {
    let mut page = json!({
        "id": "20240506_101112_00001_abcde",
        "infoUri": format!("{url}/ui/query.html"),
        "stats": {
            "state": if next.is_some() { "RUNNING" } else { "FINISHED" },
            "queuedTimeMillis": 5,
            "elapsedTimeMillis": 30,
            "physicalInputBytes": 4096,
            "progressPercentage": 50.0,
        },
    });
    if let Some(next) = next {
        page["nextUri"] = format!("{url}{STATEMENTS}/executing/20240506_101112_00001_abcde/y1/{next}").into();
    }
    if !rows.is_empty() {
        page["columns"] = json!([{"name": "n", "type": "bigint"}]);
        page["data"] = rows.iter().map(|row| json!([row])).collect();
    }
    page
}

/// A query of `pages` pages with a row each, the number of its page. The first page has none, as with Trino.
pub(crate) fn counting(seen: &Seen, url: &str, pages: usize) -> Value {
    match seen.page() {
        0 => page(url, Some(1), &[]),
        last if last == pages => page(url, None, &[last as i64]),
        number => page(url, Some(number + 1), &[number as i64]),
    }
}
