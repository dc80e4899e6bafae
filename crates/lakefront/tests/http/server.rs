//! A server of one's own on a small lake, with three people in it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, Weak};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

pub const PASSWORD: &str = "three harmless words";

pub struct Server {
    pub data: TempDir,
    pub url: String,
    /// What it printed before it was ready, and the line after that.
    pub greeting: Vec<String>,
    pub tokens: Tokens,
    /// Every line it wrote since.
    log: Arc<Mutex<String>>,
    child: Child,
}

/// A token of each role with all that the role may, and one of the administrator that only reads.
#[derive(Default)]
pub struct Tokens {
    pub admin: String,
    pub editor: String,
    pub viewer: String,
    pub reader: String,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// One server for all tests that leave each other alone; it ends with the last of them.
    pub fn shared() -> Arc<Server> {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Server::start(&[]));
        *shared = Arc::downgrade(&server);
        server
    }

    pub fn start(environment: &[(&str, &str)]) -> Server {
        let data = tempfile::tempdir().unwrap();
        write_lake(&data.path().join("lake/demo"));
        let mut tokens = Tokens::default();
        for (role, token) in
            [("admin", &mut tokens.admin), ("editor", &mut tokens.editor), ("viewer", &mut tokens.viewer)]
        {
            add_user(data.path(), &format!("{role}@example.com"), role);
            *token = make_token(data.path(), &format!("{role}@example.com"), &[]);
        }
        tokens.reader = make_token(data.path(), "admin@example.com", &["--scope", "read"]);
        let mut server = Server::on(data, environment);
        server.tokens = tokens;
        server
    }

    /// A server on a folder as it is.
    pub fn on(data: TempDir, environment: &[(&str, &str)]) -> Server {
        let mut child = command(data.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut greeting = Vec::new();
        let url = loop {
            let line = lines.next().expect("the server ended early").unwrap();
            greeting.push(line.clone());
            if let Some((_, url)) = line.split_once("Lakefront is ready at http://") {
                break format!("http://{url}");
            }
            // Behind a proxy people come by another address.
            if let Some((_, address)) = line.split_once("Listening on ") {
                break format!("http://{address}");
            }
        };
        // Read on, so that the server never waits for its log to be read.
        let (sender, receiver) = std::sync::mpsc::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                written.lock().unwrap().push_str(&(line.clone() + "\n"));
                let _ = writeln!(std::io::stderr(), "{line}");
                let _ = sender.send(line);
            }
        });
        greeting.extend(receiver.recv_timeout(std::time::Duration::from_millis(500)));
        Server { data, url, greeting, tokens: Tokens::default(), log, child }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Call(client.request(method, format!("{}{path}", self.url)))
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// The cookie of a new session.
    pub async fn sign_in(&self, email: &str) -> String {
        let body = serde_json::json!({"email": email, "password": PASSWORD});
        let answer = self.post("/api/v1/auth/login", body).send().await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        answer.cookie()
    }

    /// Asks the administrator's question and answers the rows.
    pub async fn rows(&self, sql: &str) -> Value {
        let answer = self.run(sql, "json").await;
        assert_eq!(answer.status, 200, "{sql}: {}", answer.text());
        answer.json()["rows"].clone()
    }

    pub async fn run(&self, sql: &str, format: &str) -> Answer {
        let body = serde_json::json!({"sql": sql, "catalog": "local", "database": "demo"});
        self.post(&format!("/api/v1/executions?wait_s=30&result={format}"), body).token(&self.tokens.admin).send().await
    }
}

impl Server {
    /// Kills it as no process can prepare for; its folder stays.
    pub fn killed(mut self) -> TempDir {
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }
}

impl Server {
    /// Asked to end, as by a service manager.
    pub fn terminated(mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request.
pub struct Call(RequestBuilder);

impl Call {
    pub fn token(self, token: &str) -> Call {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub fn cookie(self, cookie: &str) -> Call {
        self.header(COOKIE.as_str(), cookie)
    }

    pub fn header(self, name: &str, value: &str) -> Call {
        Call(self.0.header(name, value))
    }

    pub fn json(self, body: Value) -> Call {
        self.header(CONTENT_TYPE.as_str(), "application/json").body(body.to_string())
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Call {
        Call(self.0.body(body))
    }

    pub async fn send(self) -> Answer {
        let response = self.open().await;
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// The answer with its body still to come.
    pub async fn open(self) -> reqwest::Response {
        self.0.send().await.unwrap()
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem document.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> String {
        self.header(SET_COOKIE.as_str()).split(';').next().unwrap().to_owned()
    }
}

/// The binary, with nothing of this machine's settings.
pub fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakefront"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LAKEFRONT_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.current_dir(data).env("LAKEFRONT_DATA_DIR", data);
    command
}

pub fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing closes its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a command that must work writes.
pub fn output(data: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(data, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub fn add_user(data: &Path, email: &str, role: &str) {
    output(data, &["user", "add", email, "--role", role, "--password-stdin"], &format!("{PASSWORD}\n"));
}

pub fn make_token(data: &Path, email: &str, more: &[&str]) -> String {
    let arguments = [&["token", "create", "--user", email, "--name", "test"], more].concat();
    output(data, &arguments, "").trim().to_owned()
}

/// Database `demo`: a table of three states and one with a value that looks like a formula.
pub fn write_lake(database: &Path) {
    let sales = database.join("sales");
    for (state, rows) in
        [("CA", "1,2025-01-01,10.5\n2,2025-01-02,20\n"), ("TX", "3,2025-01-01,30.25\n"), ("NY", "4,2025-01-03,\n")]
    {
        let folder = sales.join(format!("state={state}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("part.csv"), format!("id,day,amount\n{rows}")).unwrap();
    }
    std::fs::write(database.join("notes.csv"), "id,note\n1,\"=1+1\"\n2,\"a \"\"quoted\"\", b\"\n3,plain\n").unwrap();
}

/// `count` numbers from 1 as a table `alias(column)`.
pub fn numbers(count: u32, alias: &str, column: &str) -> String {
    let rows: Vec<String> = (1..=count).map(|number| format!("({number})")).collect();
    format!("(values {}) {alias}({column})", rows.join(", "))
}
