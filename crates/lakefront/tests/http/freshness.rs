//! From a new object to an open dashboard: S3, EventBridge and SQS are MiniStack's, which `LAKEFRONT_TEST_AWS` names
//! (`deploy/test/aws.sh`); two instances share a PostgreSQL of `LAKEFRONT_TEST_POSTGRES`. Without them nothing is tested
//! here. Interval listings are off unless a test says otherwise, so what shows up was told.

use std::io::Write;
use std::pin::Pin;
use std::process::Command;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, add_user, make_token};

const SECRET: &str = "0123456789abcdef0123";

/// A bucket with an event bus behind it.
struct Lake {
    aws: String,
    bucket: String,
}

impl Lake {
    async fn new(name: &str) -> Option<Self> {
        let Ok(aws) = std::env::var("LAKEFRONT_TEST_AWS") else {
            let note = b"new data is not tested: LAKEFRONT_TEST_AWS names no MiniStack\n";
            std::io::stderr().write_all(note).unwrap();
            return None;
        };
        let lake = Self { aws, bucket: format!("{name}-{}", std::process::id()) };
        lake.object(Method::PUT, "", "").await;
        let events = "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
        lake.object(Method::PUT, "?notification", events).await;
        Some(lake)
    }

    async fn object(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) {
        let address = format!("{}/{}{path}", self.aws, self.bucket);
        let call = Client::new().request(method, address).header("authorization", signed("s3")).body(body);
        assert!(call.send().await.unwrap().status().is_success());
    }

    async fn put(&self, key: &str, body: &str) {
        self.object(Method::PUT, &format!("/{key}"), body.to_owned()).await;
    }

    async fn call(&self, service: &str, operation: &str, body: Value) -> Value {
        let call = Client::new().post(&self.aws).header("authorization", signed(service));
        let call = call.header("x-amz-target", operation).header("content-type", "application/x-amz-json-1.1");
        let answer = call.body(body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{operation}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Sends events of the bucket to a target.
    async fn rule(&self, name: &str, target: Value) {
        let pattern = json!({"source": ["aws.s3"], "detail": {"bucket": {"name": [self.bucket]}}}).to_string();
        let rule = format!("{}-{name}", self.bucket);
        self.call("events", "AWSEvents.PutRule", json!({"Name": rule, "EventPattern": pattern})).await;
        self.call("events", "AWSEvents.PutTargets", json!({"Rule": rule, "Targets": [target]})).await;
    }

    /// The address of a new queue with the bucket's events.
    async fn queue(&self) -> String {
        let made = self.call("sqs", "AmazonSQS.CreateQueue", json!({"QueueName": self.bucket})).await;
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{}", self.bucket);
        self.rule("queue", json!({"Id": "queue", "Arn": arn})).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// A data folder with the bucket as catalog `lake`, with an administrator and their token.
    fn folder(&self, more: &str) -> (TempDir, String) {
        let data = tempfile::tempdir().unwrap();
        let settings = format!(
            "{more}\n[catalogs.lake]\ns3 = \"s3://{}\"\nregion = \"us-east-1\"\nendpoint = \"{}\"\n",
            self.bucket, self.aws
        );
        std::fs::write(data.path().join("lakefront.toml"), settings).unwrap();
        add_user(data.path(), "admin@example.com", "admin");
        let token = make_token(data.path(), "admin@example.com", &[]);
        (data, token)
    }

    fn serve(&self, data: TempDir, more: &[(&str, &str)]) -> Server {
        let environment = [
            ("AWS_ENDPOINT_URL", self.aws.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("LAKEFRONT_CATALOG_S3_INTERVAL_S", "0"),
            ("LAKEFRONT_EVENTS_SECRET", SECRET),
            ("LAKEFRONT_EVENTS_SQS_REGION", "us-east-1"),
        ];
        Server::on(data, &[&environment[..], more].concat())
    }

    /// A sale in a partition of its own, announced to a server.
    async fn sell(&self, server: &Server, day: &str) {
        let key = format!("demo/sales/day={day}/b.csv");
        self.put(&key, "id,amount\n3,1\n").await;
        assert_eq!(announce(server, self.event(&key)).await.status, 202);
    }

    fn event(&self, key: &str) -> Value {
        json!({
            "version": "0", "id": "7b6011b8-e7e7-42b9-b9e4-a09f4486e8bf", "source": "aws.s3", "account": "000000000000",
            "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [format!("arn:aws:s3:::{}", self.bucket)],
            "detail-type": "Object Created",
            "detail": {"version": "0", "bucket": {"name": self.bucket}, "object": {"key": key, "size": 3, "sequencer": "00"},
                       "request-id": "7b6011b8-e7e7-42b9-b9e4-a09f4486e8bf", "reason": "PutObject"},
        })
    }
}

/// MiniStack looks up the key and does not check what was signed with it.
fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

async fn announce(server: &Server, body: Value) -> crate::server::Answer {
    server.post("/api/v1/events/s3", body).header("authorization", &format!("Bearer {SECRET}")).send().await
}

/// A dashboard with a tile of each table.
struct Dashboard<'a> {
    server: &'a Server,
    token: &'a str,
    id: String,
}

type Text = Pin<Box<dyn Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>;

impl<'a> Dashboard<'a> {
    async fn new(server: &'a Server, token: &'a str) -> Self {
        let tile = |id: &str, sql: &str| json!({"id": id, "title": id, "x": 0, "y": 0, "w": 6, "h": 4, "sql": sql, "chart": {"type": "table"}});
        let definition = json!({
            "catalog": "lake", "database": "demo",
            "tabs": [{"id": "one", "title": "One", "tiles": [
                tile("sales", "select count(*) n, sum(amount) s from sales"),
                tile("notes", "select count(*) n from notes"),
                tile("other", "select count(*) n from lake.other.things"),
            ]}],
        });
        let mut definition = definition;
        definition["queries"] = json!({});
        let made = server.post("/api/v1/dashboards", json!({"title": "Fresh", "definition": definition}));
        let made = made.token(token).send().await;
        assert_eq!(made.status, 201, "{}", made.text());
        Self { server, token, id: made.json()["id"].as_str().unwrap().to_owned() }
    }

    /// The same one, on another instance.
    fn on<'b>(&self, server: &'b Server, token: &'b str) -> Dashboard<'b> {
        Dashboard { server, token, id: self.id.clone() }
    }

    async fn data(&self) -> Value {
        let path = format!("/api/v1/dashboards/{}/data", self.id);
        let answer = self.server.post(&path, json!({})).token(self.token).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn open(&self) -> Text {
        self.open_with("", None).await
    }

    /// With a query, and as a browser that connects again.
    async fn open_with(&self, query: &str, last: Option<&str>) -> Text {
        let path = format!("/api/v1/dashboards/{}/events{query}", self.id);
        let call = self.server.get(&path).token(self.token);
        let call = match last {
            Some(id) => call.header("last-event-id", id),
            None => call,
        };
        let answer = call.open().await;
        assert_eq!(answer.status(), 200);
        Box::pin(answer.bytes_stream())
    }
}

/// What the next `stale` says.
async fn stale(events: &mut Text, patience: Duration) -> Option<Value> {
    let mut text = String::new();
    let told = async {
        loop {
            text.push_str(&String::from_utf8_lossy(&events.next().await.unwrap().unwrap()));
            if let Some((_, data)) = text.split_once("event: stale\ndata: ")
                && let Some((data, _)) = data.split_once('\n')
            {
                return serde_json::from_str(data).unwrap();
            }
        }
    };
    tokio::time::timeout(patience, told).await.ok()
}

async fn fill(lake: &Lake) {
    lake.put("demo/sales/day=2025-01-01/a.csv", "id,amount\n1,10\n2,20\n").await;
    lake.put("demo/notes.csv", "id,note\n1,a\n").await;
    lake.put("other/things.csv", "id,thing\n1,a\n2,b\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_object_refreshes_an_open_dashboard_within_two_seconds() {
    let Some(lake) = Lake::new("fresh").await else { return };
    fill(&lake).await;
    let queue = lake.queue().await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[("LAKEFRONT_EVENTS_SQS_QUEUE_URL", &queue)]);
    let dashboard = Dashboard::new(&server, &token).await;
    let before = dashboard.data().await;
    assert_eq!(before["queries"]["tile:sales"]["rows"], json!([[2, 30]]), "{before}");
    assert!(before["queries"]["tile:notes"]["as_of"].is_string());
    let mut events = dashboard.open().await;

    let mut slowest = Duration::ZERO;
    for round in 1..=5 {
        let began = Instant::now();
        // A new partition each time.
        lake.put(&format!("demo/sales/day=2025-02-0{round}/b.csv"), "id,amount\n3,1\n").await;
        let told = stale(&mut events, Duration::from_secs(10)).await.expect("no event came");
        let after = dashboard.data().await;
        slowest = slowest.max(began.elapsed());
        assert_eq!(after["queries"]["tile:sales"]["rows"], json!([[2 + round, 30 + round]]));
        assert_eq!(told["tiles"], json!(["sales"]), "the other tiles stay as they are");
        assert_eq!(after["totals"]["scans"], 1, "only the tile whose table changed runs again");
    }
    writeln!(std::io::stderr(), "object to refreshed dashboard: {} ms at most, of 5", slowest.as_millis()).unwrap();
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let left = json!({"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]});
    let left = lake.call("sqs", "AmazonSQS.GetQueueAttributes", left).await;
    assert_eq!(left["Attributes"]["ApproximateNumberOfMessages"], "0", "what is done is deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_was_away_is_told_what_it_missed() {
    let Some(lake) = Lake::new("missed").await else { return };
    fill(&lake).await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[]);
    let dashboard = Dashboard::new(&server, &token).await;
    // The first answer may be from before the first listing.
    dashboard.data().await;
    let seen = dashboard.data().await["data_version"].as_str().unwrap().to_owned();
    let since = format!("?since={seen}");
    let (calm, patience) = (Duration::from_secs(1), Duration::from_secs(20));
    assert!(stale(&mut dashboard.open_with(&since, None).await, calm).await.is_none(), "it is what is shown");

    let mut events = dashboard.open().await;
    lake.sell(&server, "2025-02-01").await;
    let told = stale(&mut events, patience).await.expect("no event came");
    let now = told["data_version"].as_str().unwrap();
    assert_ne!(now, seen);
    let missed =
        stale(&mut dashboard.open_with(&since, None).await, patience).await.expect("nothing was said to be missed");
    assert_eq!(missed["data_version"], now);
    assert_eq!(missed["tiles"], json!(["notes", "other", "sales"]));
    // What a browser got last counts for more than the address it once opened.
    assert!(stale(&mut dashboard.open_with(&since, Some(now)).await, calm).await.is_none());
    assert!(stale(&mut dashboard.open_with("", Some(&seen)).await, patience).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_reads_the_queue_that_it_names() {
    let Some(lake) = Lake::new("named").await else { return };
    fill(&lake).await;
    let queue = lake.queue().await;
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    let server = lake.serve(data, &[]);
    let connection = |queue: &str| {
        json!({"name": "lake", "kind": "s3", "secret": "test", "settings": {
            "uri": format!("s3://{}", lake.bucket), "region": "us-east-1", "endpoint": lake.aws,
            "access_key_id": "test", "events_queue_url": queue,
        }})
    };
    let odd = server.post("/api/v1/connections", connection("lake-queue")).token(&token).send().await;
    assert_eq!(odd.status, 422, "{}", odd.text());
    assert!(odd.text().contains("no address of a queue"), "{}", odd.text());
    let of_aws = connection("https://sqs.us-east-1.amazonaws.com/000000000000/lake");
    let elsewhere = server.post("/api/v1/connections", of_aws).token(&token).send().await;
    assert_eq!(elsewhere.status, 422, "{}", elsewhere.text());
    assert!(elsewhere.text().contains("tells nothing of the files at"), "{}", elsewhere.text());
    let gone = server.post("/api/v1/connections", connection(&format!("{queue}-gone"))).token(&token).send().await;
    assert_eq!(gone.status, 422, "{}", gone.text());
    assert!(gone.text().contains("sqs:ReceiveMessage"), "{}", gone.text());
    let made = server.post("/api/v1/connections", connection(&queue)).token(&token).send().await;
    assert_eq!(made.status, 201, "{}", made.text());

    let dashboard = Dashboard::new(&server, &token).await;
    assert_eq!(dashboard.data().await["queries"]["tile:sales"]["rows"], json!([[2, 30]]));
    let mut events = dashboard.open().await;
    lake.put("demo/sales/day=2025-02-01/b.csv", "id,amount\n3,1\n").await;
    // The queue is looked for every few seconds.
    assert!(stale(&mut events, Duration::from_secs(20)).await.is_some());
    assert_eq!(dashboard.data().await["queries"]["tile:sales"]["rows"], json!([[3, 31]]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_hears_of_an_event_that_one_of_them_gets() {
    let Some(lake) = Lake::new("shared").await else { return };
    let Ok(postgres) = std::env::var("LAKEFRONT_TEST_POSTGRES") else { return };
    fill(&lake).await;
    let name = format!("fresh_{}", std::process::id());
    let made = Command::new("psql").args([&postgres, "-X", "-q", "-c", &format!("CREATE DATABASE {name}")]).status();
    assert!(made.unwrap().success());
    let settings = format!("database_url = \"{}/{name}\"", postgres.rsplit_once('/').unwrap().0);
    let (first, token) = lake.folder(&settings);
    let second = tempfile::tempdir().unwrap();
    for file in ["lakefront.toml", "master.key"] {
        // Without a key yet the second one makes its own.
        let _ = std::fs::copy(first.path().join(file), second.path().join(file));
    }
    let (first, second) = (lake.serve(first, &[]), lake.serve(second, &[]));
    let here = Dashboard::new(&first, &token).await;
    let there = here.on(&second, &token);
    assert_eq!(there.data().await["queries"]["tile:sales"]["rows"], json!([[2, 30]]));
    let (mut events_here, mut events_there) = (here.open().await, there.open().await);
    // The first listing of a new instance on a busy machine may be slow, and the next is not begun soon after a slow one.
    lake.sell(&first, "2025-01-02").await;
    assert!(stale(&mut events_here, Duration::from_secs(60)).await.is_some());
    assert!(stale(&mut events_there, Duration::from_secs(60)).await.is_some());

    let began = Instant::now();
    lake.sell(&first, "2025-02-01").await;
    assert!(stale(&mut events_here, Duration::from_secs(10)).await.is_some());
    assert!(stale(&mut events_there, Duration::from_secs(10)).await.is_some());
    let told = began.elapsed();
    writeln!(std::io::stderr(), "event on one instance to stale on the other: {} ms", told.as_millis()).unwrap();
    assert!(told < Duration::from_secs(2), "{told:?}");
    assert_eq!(there.data().await["queries"]["tile:sales"]["rows"], json!([[4, 32]]));
    // Nothing goes back and forth between them.
    let calm = std::time::Duration::from_secs(3);
    assert!(stale(&mut events_there, calm).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_events_is_a_few_listings() {
    let Some(lake) = Lake::new("flood").await else { return };
    fill(&lake).await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[]);
    let dashboard = Dashboard::new(&server, &token).await;
    dashboard.data().await;
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    // 1,000 keys that differ, each of them fifty times, none in order.
    let events = |at: u32| {
        json!(
            (0..1_000_u32)
                .rev()
                .map(|n| lake.event(&format!("demo/sales/day=2025-03-01/{}.csv", (n * 7 + at) % 1_000)))
                .collect::<Vec<_>>()
        )
    };
    assert_eq!(announce(&server, events(0)).await.json()["matched"], 1_000);
    let (before, began) = (resident(), Instant::now());
    lake.put("demo/sales/day=2025-03-01/1.csv", "id,amount\n3,1\n").await;
    let sent = futures::stream::iter(0..50).map(|at| announce(&server, events(at))).buffer_unordered(4);
    let answers: Vec<_> = sent.collect().await;
    assert!(answers.iter().all(|answer| answer.status == 202));
    let (took, grown) = (began.elapsed(), resident().saturating_sub(before));
    writeln!(std::io::stderr(), "50,000 events in {} ms, {grown} KiB more memory", took.as_millis()).unwrap();
    assert!(grown < 48 << 10, "{grown} KiB");
    let end = Instant::now() + Duration::from_secs(10);
    while dashboard.data().await["queries"]["tile:sales"]["rows"] != json!([[3, 31]]) {
        assert!(Instant::now() < end, "the new file does not show");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_knows_the_secret_announces() {
    let Some(lake) = Lake::new("secret").await else { return };
    fill(&lake).await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[]);
    let dashboard = Dashboard::new(&server, &token).await;
    dashboard.data().await;
    let event = lake.event("demo/notes.csv");
    for given in [
        "",
        "Bearer ",
        "Bearer wrong",
        &format!("Basic {SECRET}"),
        &format!("Bearer {SECRET}x"),
        &format!("Bearer {token}"),
    ] {
        let call = server.post("/api/v1/events/s3", event.clone()).header("authorization", given).send().await;
        assert_eq!(call.status, 401, "{given}");
    }
    let matched = async |body: Value| {
        let answer = announce(&server, body).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["matched"].as_u64().unwrap()
    };
    assert_eq!(matched(event.clone()).await, 1);
    assert_eq!(matched(json!([event, lake.event("demo/_temporary/1"), {"source": "aws.ec2"}])).await, 1);
    let mut foreign = lake.event("demo/notes.csv");
    foreign["detail"]["bucket"]["name"] = json!("another");
    assert_eq!(matched(foreign).await, 0);
    assert_eq!(announce(&server, json!("text")).await.status, 400);

    let deaf = Server::start(&[]);
    let call = deaf.post("/api/v1/events/s3", event).header("authorization", "Bearer ").send().await;
    assert_eq!(call.status, 401, "without a secret in the settings nobody announces");
    assert!(!server.log().contains(SECRET));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_come_and_conflicts_are_told() {
    let Some(lake) = Lake::new("columns").await else { return };
    fill(&lake).await;
    lake.put("demo/logs/1.jsonl", "{\"id\": 1, \"at\": \"2025-01-01\"}\n").await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[]);
    let ask = async |sql: &str| {
        let body = json!({"sql": sql, "catalog": "lake", "database": "demo"});
        server.post("/api/v1/executions?wait_s=30&result=json", body).token(&token).send().await
    };
    let until = async |key: &str, sql: &str, wanted: &dyn Fn(&crate::server::Answer) -> bool| {
        assert_eq!(announce(&server, lake.event(key)).await.status, 202);
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = ask(sql).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{}", answer.text());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert_eq!(ask("select count(*) from logs").await.json()["rows"], json!([[1]]));
    lake.put("demo/logs/2.jsonl", "{\"id\": 2, \"at\": \"2025-01-02\", \"level\": \"warn\"}\n").await;
    let added = "select id, level from logs order by id";
    let rows = json!([[1, null], [2, "warn"]]);
    until("demo/logs/2.jsonl", added, &|answer| answer.status == 200 && answer.json()["rows"] == rows).await;

    lake.put("demo/logs/3.jsonl", "{\"id\": {\"a\": 1}, \"at\": \"2025-01-03\"}\n").await;
    let refused = until("demo/logs/3.jsonl", added, &|answer| answer.status != 200).await;
    assert_eq!(refused.code(), "SCHEMA_CONFLICT");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("3.jsonl") && detail.contains("id"), "{detail}");
    assert_eq!(ask("select count(*) from sales").await.json()["rows"], json!([[2]]), "nothing else breaks");

    lake.object(Method::DELETE, "/demo/logs/3.jsonl", "").await;
    until("demo/logs/3.jsonl", added, &|answer| answer.status == 200 && answer.json()["rows"] == rows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_event_is_made_up_for_by_the_next_listing() {
    let Some(lake) = Lake::new("lost").await else { return };
    fill(&lake).await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[("LAKEFRONT_CATALOG_S3_INTERVAL_S", "1")]);
    let dashboard = Dashboard::new(&server, &token).await;
    dashboard.data().await;
    let mut events = dashboard.open().await;
    lake.put("demo/notes.csv", "id,note\n1,a\n2,b\n").await;
    assert!(stale(&mut events, Duration::from_secs(10)).await.is_some());
    assert_eq!(dashboard.data().await["queries"]["tile:notes"]["rows"], json!([[2]]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_destination_tells_of_new_objects() {
    let Some(lake) = Lake::new("destination").await else { return };
    fill(&lake).await;
    let (data, token) = lake.folder("");
    let server = lake.serve(data, &[]);
    let parameters =
        json!({"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": format!("Bearer {SECRET}")}});
    let connection = json!({"Name": lake.bucket, "AuthorizationType": "API_KEY", "AuthParameters": parameters});
    let connection = lake.call("events", "AWSEvents.CreateConnection", connection).await;
    let destination = json!({
        "Name": lake.bucket, "ConnectionArn": connection["ConnectionArn"], "HttpMethod": "POST",
        "InvocationEndpoint": format!("{}/api/v1/events/s3", server.url),
    });
    let destination = lake.call("events", "AWSEvents.CreateApiDestination", destination).await;
    lake.rule("destination", json!({"Id": "lakefront", "Arn": destination["ApiDestinationArn"], "RoleArn": "arn:aws:iam::000000000000:role/events"})).await;
    let dashboard = Dashboard::new(&server, &token).await;
    dashboard.data().await;
    let mut events = dashboard.open().await;
    let began = Instant::now();
    lake.put("demo/notes.csv", "id,note\n1,a\n2,b\n").await;
    assert!(stale(&mut events, Duration::from_secs(10)).await.is_some());
    assert_eq!(dashboard.data().await["queries"]["tile:notes"]["rows"], json!([[2]]));
    writeln!(std::io::stderr(), "object to refreshed dashboard by API destination: {} ms", began.elapsed().as_millis())
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
}
