//! Tables of Glue through the real binary. Glue is a moto server's that `LAKEFRONT_TEST_MOTO` names; Athena is played
//! by the tests' own, which says what runs.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::{Json, Router};
use lakefront_query::aws::{Aws, AwsAccess};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::aws::{Answer, Fault, Server as Athena};
use crate::server::{Server, add_user, command, make_token};

struct World {
    athena: Athena,
    environment: Vec<(&'static str, String)>,
    database: String,
}

impl World {
    /// A table in ORC, which Athena alone reads.
    async fn new() -> Option<Self> {
        let Ok(moto) = std::env::var("LAKEFRONT_TEST_MOTO") else {
            let note = b"Athena behind the binary is not tested: LAKEFRONT_TEST_MOTO names no moto server\n";
            std::io::Write::write_all(&mut std::io::stderr(), note).unwrap();
            return None;
        };
        let athena = Athena::start().await;
        static WORLDS: AtomicUsize = AtomicUsize::new(0);
        let database = format!("http_{}_{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
        let glue = async |operation: &str, call: Value| {
            let mut config = athena.config();
            config.endpoints.glue = Some(moto.clone());
            Aws::new(config).await.unwrap().glue::<Value>(operation, &call).await.unwrap();
        };
        glue("CreateDatabase", json!({"DatabaseInput": {"Name": database}})).await;
        let table = json!({
            "Name": "ledger",
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "bigint", "Comment": "its number"}],
                "Location": "s3://lake/ledger/",
                "InputFormat": "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
                "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.orc.OrcSerde"},
            },
        });
        glue("CreateTable", json!({"DatabaseName": database, "TableInput": table})).await;
        let AwsAccess::Keys { access_key_id, .. } = athena.config().access else { panic!("Athena has keys") };
        let environment = vec![
            ("AWS_ENDPOINT_URL", moto),
            ("AWS_ENDPOINT_URL_ATHENA", athena.address.clone()),
            ("AWS_ACCESS_KEY_ID", access_key_id),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ];
        Some(Self { athena, environment, database })
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn command(&self, data: &TempDir, arguments: &[&str]) -> (bool, String) {
        let mut command = command(data.path());
        command.args(arguments).envs(self.environment()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    }

    async fn until(&self, wanted: impl Fn(&crate::aws::World) -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !wanted(&self.athena.world()) {
            assert!(Instant::now() < end, "it did not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_no_query_behind() {
    let Some(world) = World::new().await else { return };
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    let (added, told) =
        world.command(&data, &["catalog", "add", "aws", "--glue", "us-east-1", "--output", "s3://results/out/"]);
    assert!(added, "{told}");
    let settings = "[catalogs.second]\nglue = \"us-east-1\"\nworkgroup = \"analysts\"\nengine = \"athena\"\n";
    std::fs::write(data.path().join("lakefront.toml"), settings).unwrap();
    let (listed, told) = world.command(&data, &["catalog", "list"]);
    assert!(listed && told.contains("aws\tglue\tglue://us-east-1\t"), "{told}");
    assert!(told.contains("second\tglue\tglue://us-east-1\t"), "{told}");
    let (refreshed, told) = world.command(&data, &["catalog", "refresh", "aws"]);
    assert!(refreshed && told.contains("aws: ") && told.contains(" tables.") && !told.contains("files"), "{told}");
    let (refused, told) = world.command(&data, &["catalog", "add", "odd", "--glue", "Mars"]);
    assert!(!refused && told.contains("no AWS region"), "{told}");

    let server = Server::on(data, &world.environment());
    let table = server.get(&format!("/api/v1/catalogs/aws/databases/{}/tables/ledger", world.database)).token(&token);
    let table = table.send().await.json();
    assert_eq!(
        table["columns"],
        json!([{"name": "id", "type": "bigint", "comment": "its number", "partition": false}])
    );
    assert_eq!(table["problems"][0]["message"], "ORC is read by Athena only.");

    // Athena keeps it: nobody has counted its files, and none is not what that means.
    assert_eq!((&table["files"], &table["bytes"]), (&Value::Null, &Value::Null));
    let list = server.get(&format!("/api/v1/catalogs/aws/databases/{}/tables", world.database)).token(&token);
    let list = list.send().await.json();
    assert_eq!((&list["items"][0]["files"], &list["items"][0]["bytes"]), (&Value::Null, &Value::Null), "{list}");
    let catalogs = server.get("/api/v1/catalogs").token(&token).send().await.json();
    let aws = catalogs["items"].as_array().unwrap().iter().find(|catalog| catalog["name"] == "aws").unwrap();
    assert_eq!((&aws["files"], &aws["bytes"]), (&Value::Null, &Value::Null), "{aws}");

    let sql = format!("select max(id) from aws.{}.ledger", world.database);
    let sent = format!("select max(id) from \"awsdatacatalog\".\"{}\".\"ledger\" AS \"ledger\"", world.database);
    world.athena.world().answers.insert(sent, Answer { runs: Duration::from_secs(3600), ..Answer::default() });
    let asked = server.call(Method::POST, "/api/v1/executions?wait_s=1").token(&token).json(json!({"sql": sql}));
    let status = asked.send().await.json();
    assert_eq!(status["engine"], "athena", "{status}");
    assert_eq!(status["route_reason"], "table \"aws.ledger\": ORC is read by Athena only");
    world.until(|world| world.running() == 1).await;
    // Another process on the same folder does not take it for abandoned.
    let (listed, told) = world.command(&server.data, &["catalog", "list"]);
    assert!(listed, "{told}");
    assert_eq!(world.athena.world().running(), 1);

    let data = server.killed();
    assert_eq!(world.athena.world().running(), 1, "nobody could stop it");
    let server = Server::on(data, &world.environment());
    world.until(|world| world.running() == 0).await;
    assert_eq!(world.athena.world().count("StopQueryExecution"), 1);

    // In the queue of Athena, one behind the other.
    let queue = async |of: &str| {
        let sent = format!("select {of} from \"awsdatacatalog\".\"{}\".\"ledger\" AS \"ledger\"", world.database);
        let answer = Answer { queued: Duration::from_secs(3600), ..Answer::default() };
        world.athena.world().answers.insert(sent, answer);
        let sql = format!("select {of} from aws.{}.ledger", world.database);
        let asked = server.call(Method::POST, "/api/v1/executions").token(&token).json(json!({"sql": sql}));
        let id = asked.send().await.json()["id"].as_str().unwrap().to_owned();
        format!("/api/v1/executions/{id}")
    };
    let told = async |path: &str, before: u64| {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let status = server.get(path).token(&token).send().await.json();
            if status["waiting"] == json!({"at": "athena", "before": before}) {
                return assert_eq!(status["state"], "QUEUED");
            }
            assert!(Instant::now() < end, "{status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let first = queue("count(id)").await;
    told(&first, 0).await;
    let second = queue("sum(id)").await;
    told(&second, 1).await;
    server.call(Method::DELETE, &first).token(&token).send().await;
    told(&second, 0).await;
    server.call(Method::DELETE, &second).token(&token).send().await;
    world.until(|world| world.running() == 0).await;

    let sql = format!("select min(id) from aws.{}.ledger", world.database);
    let sent = format!("select min(id) from \"awsdatacatalog\".\"{}\".\"ledger\" AS \"ledger\"", world.database);
    world.athena.world().answers.insert(sent, Answer { runs: Duration::from_secs(3600), ..Answer::default() });
    server.call(Method::POST, "/api/v1/executions").token(&token).json(json!({"sql": sql})).send().await;
    world.until(|world| world.running() == 1).await;
    server.terminated();
    assert_eq!(world.athena.world().running(), 0, "it ends with the server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_a_workgroup_is_brought_into_step_when_asked() {
    let Some(world) = World::new().await else { return };
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    let add = ["catalog", "add", "aws", "--glue", "us-east-1", "--output", "s3://results/out/"];
    let (added, told) = world.command(&data, &add);
    assert!(added, "{told}");
    let limit = ["--yes", "catalog", "limit-workgroup", "aws"];
    let (limited, told) = world.command(&data, &limit);
    assert!(!limited && told.contains("Nothing limits what one run may read here"), "{told}");
    std::fs::write(data.path().join("lakefront.toml"), "[query]\nmax_scan_bytes = 2_000_000_000\n").unwrap();

    let server = Server::on(data, &world.environment());
    let step = async || {
        let report = server.post("/api/v1/connections/aws/check", json!({})).token(&token).send().await.json();
        let step =
            report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "Limit per query").cloned();
        let step = step.unwrap_or_else(|| panic!("{report}"));
        assert_eq!(step["ok"], true);
        (step["detail"].as_str().unwrap().to_owned(), step["hint"].as_str().unwrap_or_default().to_owned())
    };
    let (detail, hint) = step().await;
    assert_eq!(detail, "the workgroup ends no query; one run here may read 2 GB");
    assert!(hint.contains("lakefront catalog limit-workgroup") && hint.contains("athena:UpdateWorkGroup"), "{hint}");
    assert_eq!(world.athena.world().cutoff, None, "a check changes nothing");
    let (limited, told) = world.command(&server.data, &limit);
    assert!(limited && told.contains("The workgroup primary ends each query after 2000000000 bytes."), "{told}");
    assert_eq!(world.athena.world().cutoff, Some(2_000_000_000));
    assert_eq!(step().await.1, "");

    // Of budgets, those count that nobody lifts, for everyone or this catalog.
    for (subject, action, bytes) in [
        (json!({"kind": "catalog", "name": "aws"}), "ask", 20_000_000),
        (json!({"kind": "catalog", "name": "local"}), "block", 30_000_000),
        (json!({"kind": "role", "role": "viewer"}), "block", 40_000_000),
        (json!({"kind": "everyone"}), "block", 50_000_000),
    ] {
        let budget = json!({"subject": subject, "period": "run", "limit_bytes": bytes, "action": action});
        assert_eq!(server.post("/api/v1/budgets", budget).token(&token).send().await.status, 201);
    }
    assert!(step().await.1.ends_with("BytesScannedCutoffPerQuery=50000000"));
    let button = "/api/v1/connections/aws/limit-workgroup";
    let answer = server.post(button, json!({})).token(&token).send().await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"workgroup": "primary", "bytes": 50_000_000})));
    assert_eq!(world.athena.world().cutoff, Some(50_000_000));
    assert_eq!(step().await.1, "");
    let refused = server.post("/api/v1/connections/nobody/limit-workgroup", json!({})).token(&token).send().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (404, "NOT_FOUND"));
    let words = "User: arn:aws:iam::1:user/ada is not authorized to perform: athena:UpdateWorkGroup on resource: w";
    world.athena.world().fault("UpdateWorkGroup", [Fault::Forbidden(words)]);
    let refused = server.post(button, json!({})).token(&token).send().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "FORBIDDEN"));
    let path = "/api/v1/audit?action=catalog.limit_workgroup";
    let audit = server.get(path).token(&token).send().await.json();
    let told: Vec<_> = audit["items"].as_array().unwrap().iter().map(|item| &item["detail"]["bytes"]).collect();
    assert_eq!(told, [&json!(null), &json!(50_000_000), &json!(2_000_000_000)], "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workgroup_is_limited_only_where_there_is_one_and_a_limit() {
    let Some(world) = World::new().await else { return };
    let data = tempfile::tempdir().unwrap();
    let lake = tempfile::tempdir().unwrap();
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    for place in [["aws", "--glue", "us-east-1"], ["files", "--path", lake.path().to_str().unwrap()]] {
        let (added, told) = world.command(&data, &[&["catalog", "add"][..], &place].concat());
        assert!(added, "{told}");
    }
    let server = Server::on(data, &world.environment());
    for (name, status, code) in
        [("aws", 409, "NO_LIMIT"), ("files", 422, "NOT_SUPPORTED"), ("nobody", 404, "NOT_FOUND")]
    {
        let path = format!("/api/v1/connections/{name}/limit-workgroup");
        let refused = server.post(&path, json!({})).token(&token).send().await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, code), "{name}");
    }
    assert_eq!(world.athena.world().cutoff, None);
}

/// The portal that exchanges what `aws sso login` left for keys.
async fn portal(access_key_id: String) -> String {
    let exchange = async move |call: Request| {
        let header = |name: &str| call.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let asks = call.uri().query().unwrap_or_default();
        let is_known = header("x-amz-sso_bearer_token").as_deref() == Some("token-of-today")
            && asks.contains("role_name=Analyst")
            && asks.contains("account_id=123456789012");
        if call.uri().path() != "/federation/credentials" || !is_known {
            let refused = json!({"message": "Session token not found or invalid"});
            return (StatusCode::UNAUTHORIZED, [("x-amzn-errortype", "UnauthorizedException")], Json(refused));
        }
        let keys = json!({"roleCredentials": {
            "accessKeyId": access_key_id, "secretAccessKey": "secret", "sessionToken": "session",
            "expiration": 4_102_444_800_000u64,
        }});
        (StatusCode::OK, [("x-amzn-errortype", "none")], Json(keys))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(exchange)).await.unwrap() });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_of_sso_signs_with_the_keys_of_its_portal() {
    let Some(mut world) = World::new().await else { return };
    let home = tempfile::tempdir().unwrap();
    let cached = home.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cached).unwrap();
    let profile = "[profile analysts]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Analyst\n\
                   region = us-east-1\n[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\n\
                   sso_region = us-east-1\n";
    std::fs::write(home.path().join(".aws/config"), profile).unwrap();
    // Named by the SHA-1 of the session's name.
    let signed_in = |token: &str, until: &str| {
        let login = json!({"startUrl": "https://corp.awsapps.com/start", "region": "us-east-1", "accessToken": token,
            "expiresAt": until});
        std::fs::write(cached.join("ee0bfd2552fbd840c02cc48b6e823320543c450f.json"), login.to_string()).unwrap();
    };
    let AwsAccess::Keys { access_key_id, .. } = world.athena.config().access else { panic!("Athena has keys") };
    world.environment.retain(|(name, _)| !name.contains("ACCESS_KEY"));
    world.environment.push(("AWS_ENDPOINT_URL_SSO", portal(access_key_id).await));
    world.environment.push(("HOME", home.path().to_str().unwrap().to_owned()));

    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    signed_in("token-of-today", "2099-01-01T00:00:00Z");
    let add =
        ["catalog", "add", "aws", "--glue", "us-east-1", "--profile", "analysts", "--output", "s3://results/out/"];
    let (added, told) = world.command(&data, &add);
    assert!(added, "{told}");
    let check = async |server: &Server| {
        let report = server.post("/api/v1/connections/aws/check", json!({})).token(&token).send().await.json();
        let step = report["checks"].as_array().unwrap().iter().find(|step| step["name"] == "athena:GetWorkGroup");
        (step.is_some_and(|step| step["ok"] == true), report.to_string())
    };
    let mut server = Server::on(data, &world.environment());
    let (works, report) = check(&server).await;
    assert!(works, "{report}");
    for (token, until) in [("token-of-yesterday", "2099-01-01T00:00:00Z"), ("token-of-today", "2020-01-01T00:00:00Z")] {
        signed_in(token, until);
        server = Server::on(server.killed(), &world.environment());
        let (works, report) = check(&server).await;
        assert!(!works && report.contains("aws sso login"), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_vercel_a_role_is_taken_on_with_the_token_of_the_request() {
    let Some(world) = World::new().await else { return };
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "admin@example.com", "admin");
    let token = make_token(data.path(), "admin@example.com", &[]);
    let settings = "[catalogs.aws]\nglue = \"us-east-1\"\nweb_identity = \"vercel\"\n\
                    role_arn = \"arn:aws:iam::123456789012:role/lakefront\"\n";
    std::fs::write(data.path().join("lakefront.toml"), settings).unwrap();
    let refresh = async |server: &Server, vouched: bool| {
        let call = server.post("/api/v1/catalogs/aws/refresh", json!({})).token(&token);
        let call = if vouched { call.header("x-vercel-oidc-token", "e30.e30.e30") } else { call };
        let answer = call.send().await;
        if answer.status == 200 { "OK".to_owned() } else { answer.code() }
    };
    // Elsewhere anyone could send that header.
    let server = Server::on(data, &world.environment());
    assert_eq!(refresh(&server, true).await, "CREDENTIALS_MISSING");
    let data = server.killed();
    let mut environment = world.environment();
    environment.push(("VERCEL", "1"));
    let server = Server::on(data, &environment);
    assert_eq!(refresh(&server, false).await, "CREDENTIALS_MISSING");
    assert_eq!(refresh(&server, true).await, "OK");
}
