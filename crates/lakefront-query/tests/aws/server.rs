//! An Athena, its S3 and STS. A statement has the answer that the test gave it, or that the test's runner finds.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use lakefront_query::aws::{Athena, AthenaConfig, AthenaRequest, Aws, AwsAccess, AwsConfig, Endpoints};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

#[path = "objects.rs"]
mod objects;
#[path = "unload.rs"]
mod unload;

use objects::{delete, list, object};
use unload::{Asked, asked, files};

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// Refused as too fast.
    Throttled,
    /// Refused because as many queries run as may.
    Full,
    /// Refused by a fault of AWS.
    Failed,
    /// Carried out, and the answer never comes.
    AnswerLost,
    /// The connection ends before anything is done.
    NeverArrived,
    /// The credentials of this request have expired.
    Expired,
    /// Refused for lack of a right, in these words.
    Forbidden(&'static str),
    /// Half of the object's bytes, then nothing.
    Cut,
    /// Somebody replaces the object before it is read.
    Replaced,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) queued: Duration,
    pub(crate) runs: Duration,
    /// Name, type, precision, scale.
    pub(crate) columns: Vec<(&'static str, &'static str, i32, i32)>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// `DML`, `DDL` or `UTILITY`.
    pub(crate) statement: &'static str,
    /// Athena keeps the result itself.
    pub(crate) managed: bool,
    pub(crate) reused: bool,
    /// Into so many files UNLOAD writes its rows.
    pub(crate) files: usize,
    /// The sentence and the category of the failure.
    pub(crate) failure: Option<(&'static str, i32)>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            queued: Duration::ZERO,
            runs: Duration::from_millis(60),
            columns: vec![("n", "bigint", 19, 0)],
            rows: vec![vec![Some("1".to_owned())]],
            statement: "DML",
            managed: false,
            reused: false,
            files: 3,
            failure: None,
        }
    }
}

impl Answer {
    /// A column of numbers from 0.
    pub(crate) fn numbers(rows: usize) -> Self {
        Self { rows: (0..rows).map(|n| vec![Some(n.to_string())]).collect(), ..Self::default() }
    }

    pub(crate) fn csv(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut csv = self.columns.iter().map(|column| quoted(column.0)).collect::<Vec<_>>().join(",") + "\n";
        for row in &self.rows {
            let values: Vec<String> =
                row.iter().map(|value| value.as_deref().map(quoted).unwrap_or_default()).collect();
            csv.push_str(&values.join(","));
            csv.push('\n');
        }
        csv
    }
}

#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) call: Value,
    answer: Answer,
    began: Instant,
    stopped: bool,
    /// What it unloaded.
    manifest: Option<String>,
}

impl Execution {
    pub(crate) fn ends_at(&self) -> Instant {
        self.began + self.answer.queued + self.answer.runs
    }

    pub(crate) fn state(&self) -> &'static str {
        let age = self.began.elapsed();
        if self.stopped {
            "CANCELLED"
        } else if age < self.answer.queued {
            "QUEUED"
        } else if age < self.answer.queued + self.answer.runs {
            "RUNNING"
        } else if self.answer.failure.is_some_and(|(reason, _)| reason.starts_with("Bytes scanned")) {
            "CANCELLED"
        } else if self.answer.failure.is_some() {
            "FAILED"
        } else {
            "SUCCEEDED"
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state(), "QUEUED" | "RUNNING")
    }

    fn results(&self) -> &str {
        self.call["ResultConfiguration"]["OutputLocation"].as_str().unwrap_or("s3://results/out/")
    }

    fn json(&self, id: &str) -> Value {
        let state = self.state();
        let mut status = json!({"State": state, "SubmissionDateTime": 1.7e9});
        if let (Some((reason, category)), false) = (self.answer.failure, self.is_running()) {
            status["StateChangeReason"] = reason.into();
            status["AthenaError"] =
                json!({"ErrorCategory": category, "ErrorType": 1000, "Retryable": false, "ErrorMessage": reason});
        }
        let mut execution = json!({
            "QueryExecutionId": id,
            "Query": self.call["QueryString"],
            "StatementType": self.answer.statement,
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": 1000 + self.began.elapsed().as_millis() as u64,
                "EngineExecutionTimeInMillis": 7,
                "ResultReuseInformation": {"ReusedPreviousResult": self.answer.reused},
            },
        });
        if let Some(manifest) = &self.manifest {
            execution["Statistics"]["DataManifestLocation"] = manifest.as_str().into();
        } else if !self.answer.managed {
            let ending = if self.answer.statement == "DML" { "csv" } else { "txt" };
            execution["ResultConfiguration"] = json!({"OutputLocation": format!("{}{id}.{ending}", self.results())});
        }
        execution
    }
}

/// Writes an object of UNLOAD, by bucket and key, where another server plays S3.
pub(crate) type Writer = Arc<dyn Fn(&str, &str, &[u8]) + Send + Sync>;

/// Answers a statement that has no answer yet.
pub(crate) type Runner = Arc<dyn Fn(String) -> BoxFuture<'static, Answer> + Send + Sync>;

#[derive(Default)]
pub(crate) struct World {
    key: String,
    pub(crate) answers: HashMap<String, Answer>,
    pub(crate) runner: Option<Runner>,
    pub(crate) writer: Option<Writer>,
    pub(crate) executions: HashMap<String, Execution>,
    tokens: HashMap<String, String>,
    /// Objects that are not what the execution would have written.
    pub(crate) objects: HashMap<String, (String, Bytes)>,
    /// What goes wrong with the next requests of an operation, `Get` and `Head` among them.
    pub(crate) faults: HashMap<&'static str, VecDeque<Option<Fault>>>,
    /// Operations in the order of their arrival, refused ones too.
    pub(crate) calls: Vec<(String, Instant)>,
    /// Queries at the same time.
    pub(crate) most: Option<usize>,
    /// Where credentials are checked: the access key that is good.
    pub(crate) good_key: Option<String>,
    /// How long credentials of STS live.
    pub(crate) life: Duration,
    pub(crate) assumed: Vec<String>,
    /// After so many bytes the workgroup ends a query.
    pub(crate) cutoff: Option<u64>,
}

impl World {
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls.iter().filter(|(called, _)| called == operation).count()
    }

    pub(crate) fn running(&self) -> usize {
        self.executions.values().filter(|execution| execution.is_running()).count()
    }

    /// Takes a statement out of the queue and runs it for half a second, also where it has yet to arrive.
    pub(crate) fn begin(&mut self, sql: &str) {
        let runs = Duration::from_millis(500);
        let answer = self.answers.get_mut(sql).unwrap();
        (answer.queued, answer.runs) = (Duration::ZERO, runs);
        for execution in self.executions.values_mut().filter(|execution| execution.call["QueryString"] == sql) {
            (execution.answer.queued, execution.answer.runs) = (execution.began.elapsed(), runs);
        }
    }

    pub(crate) fn fault(&mut self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.faults.entry(operation).or_default().extend(faults.into_iter().map(Some));
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
    key: String,
    world: Arc<Mutex<World>>,
    _serving: AbortOnDropHandle<()>,
}

/// A key that no other server knows: what one test left trying may meet the next one at the same port.
fn own_key() -> String {
    static SERVERS: AtomicUsize = AtomicUsize::new(0);
    format!("AKIDTEST{:08}", SERVERS.fetch_add(1, Ordering::Relaxed))
}

impl Server {
    pub(crate) async fn start() -> Server {
        let key = own_key();
        let life = Duration::from_secs(3600);
        let world = Arc::new(Mutex::new(World { key: key.clone(), life, ..World::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(world.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Server { address, key, world, _serving: AbortOnDropHandle::new(serving) }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints::at(&self.address)
    }

    pub(crate) fn config(&self) -> AwsConfig {
        AwsConfig {
            region: "us-east-1".to_owned(),
            profile: None,
            access: AwsAccess::Keys {
                access_key_id: self.key.clone(),
                secret_access_key: "secret".to_owned(),
                session_token: None,
            },
            assume_role: None,
            endpoints: self.endpoints(),
        }
    }

    pub(crate) async fn aws(&self) -> Aws {
        Aws::new(self.config()).await.unwrap()
    }

    pub(crate) async fn athena(&self) -> Athena {
        Athena::new(self.aws().await, workgroup())
    }

    /// A server with one answer.
    pub(crate) async fn answering(answer: Answer) -> Server {
        let server = Server::start().await;
        server.world().answers.insert("SELECT 1".to_owned(), answer);
        server
    }

    /// Waits until no query runs; whether that came in time.
    pub(crate) async fn falls_silent(&self, within: Duration) -> bool {
        let end = Instant::now() + within;
        while self.world().running() > 0 {
            if Instant::now() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }
}

pub(crate) fn workgroup() -> AthenaConfig {
    AthenaConfig {
        workgroup: "primary".to_owned(),
        catalog: "AwsDataCatalog".to_owned(),
        output_location: Some("s3://results/out/".to_owned()),
        reuse_minutes: None,
    }
}

/// Half a minute for `SELECT 1`.
pub(crate) fn request(seed: &str) -> AthenaRequest {
    statement("SELECT 1", seed)
}

pub(crate) fn statement(sql: &str, seed: &str) -> AthenaRequest {
    AthenaRequest {
        sql: sql.to_owned(),
        database: Some("demo".to_owned()),
        parameters: Vec::new(),
        principal: "ada".to_owned(),
        deadline: Instant::now() + Duration::from_secs(30),
        token_seed: seed.to_owned(),
        data: None,
        unload: false,
        progress: None,
        on_state: None,
    }
}

async fn serve(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("x-amz-target").ends_with("StartQueryExecution") {
        run(&world, &body).await;
    }
    let mut world = world.lock().unwrap();
    if method == Method::DELETE {
        return delete(&mut world, uri.path());
    }
    if uri.query() == Some("location=") {
        return "<LocationConstraint/>".into_response();
    }
    if let Some(prefix) = uri.query().and_then(|query| query.strip_prefix("list-type=2&prefix=")) {
        return list(&mut world, &prefix.replace("%2F", "/").replace("%2D", "-"));
    }
    if method != Method::POST {
        return object(&mut world, &method, uri.path(), header("range"), header("if-match"), header("authorization"));
    }
    let Some((_, operation)) = header("x-amz-target").split_once('.') else {
        return sts(&mut world, &String::from_utf8_lossy(&body), header("authorization"));
    };
    world.calls.push((operation.to_owned(), Instant::now()));
    if header("x-amz-content-sha256").is_empty() && !header("authorization").contains("AWS4-HMAC-SHA256 Credential=") {
        return refusal(403, "MissingAuthenticationTokenException", "unsigned");
    }
    if header("authorization").contains("Credential=AKIDTEST") && !header("authorization").contains(&world.key) {
        return refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.");
    }
    if world.good_key.as_ref().is_some_and(|key| !header("authorization").contains(key.as_str())) {
        return refusal(400, "ExpiredTokenException", "The security token included in the request is expired");
    }
    let fault = world.faults.get_mut(operation).and_then(VecDeque::pop_front).flatten();
    match &fault {
        Some(Fault::Throttled) => return refusal(400, "ThrottlingException", "Rate exceeded"),
        Some(Fault::Full) => return full(),
        Some(Fault::Failed) => return refusal(500, "InternalServerException", "sorry"),
        Some(Fault::NeverArrived) => return lost(),
        Some(Fault::Expired) => return refusal(400, "ExpiredTokenException", "expired"),
        Some(Fault::Forbidden(words)) => return refusal(400, "AccessDeniedException", words),
        _ => {}
    }
    let call: Value = serde_json::from_slice(&body).unwrap();
    let answer = match operation {
        "StartQueryExecution" => start(&mut world, call),
        "StopQueryExecution" => stop(&mut world, &call),
        "BatchGetQueryExecution" => batch_get(&world, &call),
        "GetQueryResults" => results(&world, &call),
        "GetPartitions" => partitions(&call),
        "GetWorkGroup" => workgroup_of(&world, &call),
        "UpdateWorkGroup" => {
            world.cutoff = call["ConfigurationUpdates"]["BytesScannedCutoffPerQuery"].as_u64();
            json_answer(&json!({}))
        }
        other => refusal(400, "UnknownOperationException", other),
    };
    if fault == Some(Fault::AnswerLost) { lost() } else { answer }
}

/// Has the answer ready before the statement is started.
async fn run(world: &Mutex<World>, body: &[u8]) {
    let call: Value = serde_json::from_slice(body).unwrap();
    let sql = asked(call["QueryString"].as_str().unwrap()).0.to_owned();
    let runner = {
        let world = world.lock().unwrap();
        world.runner.clone().filter(|_| !world.answers.contains_key(&sql))
    };
    if let Some(runner) = runner {
        let answer = runner(sql.clone()).await;
        world.lock().unwrap().answers.insert(sql, answer);
    }
}

fn start(world: &mut World, call: Value) -> Response {
    let token = call["ClientRequestToken"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 64);
    if let Some(id) = world.tokens.get(&token) {
        return json_answer(&json!({"QueryExecutionId": id}));
    }
    let (sql, asked) = asked(call["QueryString"].as_str().unwrap());
    let Some(mut answer) = world.answers.get(sql).cloned() else {
        let mut answer = json!({"__type": "InvalidRequestException", "Message": "line 1:1: mismatched input 'SELEC'"});
        answer["AthenaErrorCode"] = "MALFORMED_QUERY".into();
        return (StatusCode::BAD_REQUEST, answer.to_string()).into_response();
    };
    if world.most.is_some_and(|most| world.running() >= most) {
        return full();
    }
    let id = format!("00000000-0000-0000-0000-{:012}", world.executions.len());
    world.tokens.insert(token, id.clone());
    let mut manifest = None;
    if asked != Asked::Rows {
        // Where another server plays S3, it has no objects with rows, but those of UNLOAD.
        answer.managed &= world.writer.is_none();
    }
    match asked {
        Asked::Rows => {}
        Asked::Columns => answer.rows.clear(),
        Asked::Unload { location, selected } => match files(&answer, &selected) {
            Ok(_) if answer.failure.is_some() => {}
            Ok(files) => manifest = Some(unload(world, &id, &location, files)),
            Err(reason) => answer.failure = Some((reason, 2)),
        },
    }
    let execution = Execution { call, answer, began: Instant::now(), stopped: false, manifest };
    world.executions.insert(id.clone(), execution);
    json_answer(&json!({"QueryExecutionId": id}))
}

/// Writes the files and the list of them.
fn unload(world: &mut World, id: &str, location: &str, files: Vec<Bytes>) -> String {
    let (folder, _) = location.split_once("unload/").unwrap();
    let (bucket, folder) = folder.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let mut put = |key: String, bytes: Bytes| match &world.writer {
        Some(write) => write(bucket, &key, &bytes),
        None => drop(world.objects.insert(key, ("\"first\"".to_owned(), bytes))),
    };
    let mut list = String::new();
    for (n, file) in files.into_iter().enumerate() {
        let uri = format!("{location}20260101_000000_00000_{n}");
        put(uri.strip_prefix(&format!("s3://{bucket}/")).unwrap().to_owned(), file);
        list.push_str(&uri);
        list.push('\n');
    }
    let manifest = format!("{folder}{id}-manifest.csv");
    put(manifest.clone(), list.into());
    format!("s3://{bucket}/{manifest}")
}

fn stop(world: &mut World, call: &Value) -> Response {
    match world.executions.get_mut(call["QueryExecutionId"].as_str().unwrap()) {
        Some(execution) => {
            execution.stopped |= execution.is_running();
            json_answer(&json!({}))
        }
        None => refusal(400, "InvalidRequestException", "QueryExecution was not found"),
    }
}

fn batch_get(world: &World, call: &Value) -> Response {
    let ids: Vec<&str> = call["QueryExecutionIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!((1..=50).contains(&ids.len()), "{} ids in one call", ids.len());
    let known = ids.iter().filter_map(|&id| Some(world.executions.get(id)?.json(id)));
    let unknown = ids.iter().filter(|&&id| !world.executions.contains_key(id));
    json_answer(&json!({
        "QueryExecutions": known.collect::<Vec<_>>(),
        "UnprocessedQueryExecutionIds": unknown.map(|id| json!({"QueryExecutionId": id})).collect::<Vec<_>>(),
    }))
}

fn results(world: &World, call: &Value) -> Response {
    let execution = &world.executions[call["QueryExecutionId"].as_str().unwrap()];
    if execution.state() != "SUCCEEDED" {
        return refusal(400, "InvalidRequestException", "Query has not yet finished");
    }
    let Answer { columns, rows, statement, .. } = &execution.answer;
    let datum = |value: &Option<String>| value.as_ref().map_or(json!({}), |value| json!({"VarCharValue": value}));
    let header = usize::from(*statement == "DML");
    let row = |n: usize| match n.checked_sub(header) {
        Some(n) => json!({"Data": rows[n].iter().map(datum).collect::<Vec<_>>()}),
        None => json!({"Data": columns.iter().map(|column| json!({"VarCharValue": column.0})).collect::<Vec<_>>()}),
    };
    let first = call["NextToken"].as_str().map_or(0, |token| token.parse::<usize>().unwrap());
    let most = call["MaxResults"].as_u64().unwrap() as usize;
    assert!(most <= 1000);
    let all = header + rows.len();
    let end = (first + most).min(all);
    let info = columns.iter().map(|(name, kind, precision, scale)| {
        json!({"Name": name, "Label": name, "Type": kind, "Precision": precision, "Scale": scale, "Nullable": "UNKNOWN"})
    });
    let mut answer = json!({"ResultSet": {
        "Rows": (first..end).map(row).collect::<Vec<_>>(),
        "ResultSetMetadata": {"ColumnInfo": info.collect::<Vec<_>>()},
    }});
    if end < all {
        answer["NextToken"] = end.to_string().into();
    }
    json_answer(&answer)
}

fn workgroup_of(world: &World, call: &Value) -> Response {
    let mut configuration = json!({"ResultConfiguration": {"OutputLocation": "s3://results/out/"}});
    if let Some(cutoff) = world.cutoff {
        configuration["BytesScannedCutoffPerQuery"] = cutoff.into();
    }
    json_answer(&json!({"WorkGroup": {"Name": call["WorkGroup"], "State": "ENABLED", "Configuration": configuration}}))
}

/// Three pages of a partition each.
fn partitions(call: &Value) -> Response {
    assert_eq!(call["MaxResults"], 1000);
    let page: u32 = call["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let mut answer = json!({"Partitions": [{"Values": [page.to_string()], "StorageDescriptor": {}}]});
    if page < 2 {
        answer["NextToken"] = (page + 1).to_string().into();
    }
    json_answer(&answer)
}

/// Who calls, and roles taken on.
fn sts(world: &mut World, form: &str, signed: &str) -> Response {
    if form.contains("Action=GetCallerIdentity") {
        let key = signed.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
        let body = format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/demo/{key}</Arn>\
             <UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        );
        return ([("content-type", "text/xml")], body).into_response();
    }
    if let Some(Some(Fault::Forbidden(words))) = world.faults.get_mut("AssumeRole").and_then(VecDeque::pop_front) {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>AccessDenied</Code><Message>{words}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        );
        return (StatusCode::FORBIDDEN, [("content-type", "text/xml")], body).into_response();
    }
    let action = if form.contains("WebIdentity") { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
    assert_eq!(signed.is_empty(), action == "AssumeRoleWithWebIdentity");
    world.assumed.push(form.to_owned());
    let key = format!("AKIDROLE{}", world.assumed.len());
    if world.good_key.is_some() {
        world.good_key = Some(key.clone());
    }
    let expires: String = rfc3339(std::time::SystemTime::now() + world.life);
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><AssumedRoleUser>\
         <Arn>arn:aws:sts::123456789012:assumed-role/demo/ada</Arn><AssumedRoleId>ARO123EXAMPLE123:ada</AssumedRoleId>\
         </AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>\
         <SessionToken>role-token</SessionToken><Expiration>{expires}</Expiration></Credentials></{action}Result>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    );
    ([("content-type", "text/xml")], body).into_response()
}

fn rfc3339(time: std::time::SystemTime) -> String {
    let time: chrono::DateTime<chrono::Utc> = time.into();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn json_answer(answer: &Value) -> Response {
    ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
}

fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"__type": code, "message": message}).to_string();
    (StatusCode::from_u16(status).unwrap(), [("x-amzn-errortype", code)], body).into_response()
}

fn full() -> Response {
    let reason = "CONCURRENT_QUERY_LIMIT_EXCEEDED";
    let body =
        json!({"__type": "TooManyRequestsException", "Reason": reason, "Message": "You have exceeded the limit"});
    (StatusCode::BAD_REQUEST, body.to_string()).into_response()
}

/// A head that promises a body, and the end of the connection.
fn lost() -> Response {
    let nothing = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("lost"))]);
    Response::builder().header("content-length", 100).body(Body::from_stream(nothing)).unwrap()
}
