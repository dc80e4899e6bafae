//! `lakefront doctor aws` against an AWS that enforces IAM: the emulator that `LAKEFRONT_TEST_AWS` names.

use reqwest::Client;
use serde_json::{Value, json};

use crate::server::command;

/// Takes any signature of the root key; those of others count.
struct Emulator {
    url: String,
    client: Client,
}

impl Emulator {
    fn named() -> Option<Self> {
        match std::env::var("LAKEFRONT_TEST_AWS") {
            Ok(url) => Some(Self { url, client: Client::new() }),
            Err(_) => {
                let why = "skipped: LAKEFRONT_TEST_AWS names no AWS; deploy/test/aws.sh starts one\n";
                let _ = std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes());
                None
            }
        }
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
        )
    }

    async fn json(&self, service: &str, target: &str, body: Value) {
        let call = self.client.post(format!("{}/", self.url)).header("authorization", Self::signed(service));
        let call = call.header("x-amz-target", target).header("content-type", "application/x-amz-json-1.1");
        let answer = call.body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{target}: {}", answer.text().await.unwrap());
    }

    async fn put(&self, path: &str, body: &'static str) {
        let call = self.client.put(format!("{}/{path}", self.url)).header("authorization", Self::signed("s3"));
        assert!(call.body(body).send().await.unwrap().status().is_success(), "{path}");
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut form = url(&[("Action", action), ("Version", "2010-05-08")]);
        form = format!("{form}&{}", url(parameters));
        let call = self.client.post(format!("{}/", self.url)).header("authorization", Self::signed("iam"));
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let answer = call.body(form).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{action}: {text}");
        text
    }

    /// Someone with a key and these statements as policy.
    async fn user(&self, name: &str, statements: Value) -> Key {
        self.iam("CreateUser", &[("UserName", name)]).await;
        let text = self.iam("CreateAccessKey", &[("UserName", name)]).await;
        let of = |tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        let key = Key { id: of("AccessKeyId"), secret: of("SecretAccessKey") };
        self.allow(name, statements).await;
        key
    }

    async fn allow(&self, name: &str, statements: Value) {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        self.iam("PutUserPolicy", &[("UserName", name), ("PolicyName", "p"), ("PolicyDocument", &policy)]).await;
    }

    async fn lake(&self) {
        self.put("lake", "").await;
        self.put("lake/sales/day=2025-01-01/a.csv", "id,x\n1,2\n").await;
        self.put("results", "").await;
        self.json("glue", "AWSGlue.CreateDatabase", json!({"DatabaseInput": {"Name": "demo"}})).await;
        let columns = json!([{"Name": "id", "Type": "int"}]);
        let storage = json!({"Columns": columns, "Location": "s3://lake/sales/"});
        let keys = json!([{"Name": "day", "Type": "string"}]);
        let table = json!({"Name": "sales", "StorageDescriptor": storage, "PartitionKeys": keys});
        self.json("glue", "AWSGlue.CreateTable", json!({"DatabaseName": "demo", "TableInput": table})).await;
        let configuration = json!({"ResultConfiguration": {"OutputLocation": "s3://results/out/"}});
        let group = json!({"Name": "lakefront", "Configuration": configuration});
        self.json("athena", "AmazonAthena.CreateWorkGroup", group).await;
    }
}

fn url(parameters: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

struct Key {
    id: String,
    secret: String,
}

/// Exit code, report, and what people are told.
fn doctor(emulator: &Emulator, key: &Key, more: &[&str]) -> (i32, Value, String) {
    let data = tempfile::tempdir().unwrap();
    let output = command(data.path())
        .args(["doctor", "aws", "--region", "us-east-1", "--access-key-id", &key.id, "--json"])
        .args(more)
        .env("AWS_SECRET_ACCESS_KEY", &key.secret)
        .env("AWS_ENDPOINT_URL", &emulator.url)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains(&key.secret), "{told}");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {told}"));
    (output.status.code().unwrap(), report, told)
}

#[tokio::test]
async fn a_missing_right_is_named_with_its_resource_and_its_line() {
    let Some(emulator) = Emulator::named() else { return };
    emulator.lake().await;
    let everything = ["--workgroup", "lakefront", "--write"];
    let key = emulator.user("reader", json!([{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}])).await;

    let (code, report, told) = doctor(&emulator, &key, &everything);
    assert_eq!((code, report["checks"][0]["ok"].clone()), (1, json!(true)), "{told}");
    insta::assert_json_snapshot!("nothing_is_allowed", report);
    insta::assert_snapshot!("nothing_is_allowed_told", told);

    // Adding what it says, round by round, ends with a policy that is enough.
    let mut statements: Vec<Value> = Vec::new();
    let mut rounds = 0;
    loop {
        statements.extend(report_statements(&report_of(&emulator, &key, &everything)));
        emulator.allow("reader", json!(statements)).await;
        let (code, report, told) = doctor(&emulator, &key, &everything);
        rounds += 1;
        if code == 0 {
            assert_eq!(report["policy"], Value::Null);
            break;
        }
        assert!(rounds < 5, "{told}");
    }
    insta::assert_json_snapshot!("what_is_enough", statements);

    // One right less is one line more.
    let fewer: Vec<&Value> =
        statements.iter().filter(|statement| statement["Action"] != "glue:GetPartitions").collect();
    emulator.allow("reader", json!(fewer)).await;
    let (code, report, _) = doctor(&emulator, &key, &everything);
    let missing: Vec<&Value> =
        report["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).collect();
    assert_eq!((code, missing.len()), (1, 1), "{report}");
    assert_eq!(missing[0]["missing"]["action"], "glue:GetPartitions");
    assert_eq!(missing[0]["missing"]["resource"], "arn:aws:glue:us-east-1:000000000000:catalog");
    assert_eq!(report["policy"]["Statement"][0]["Action"], "glue:GetPartitions");
}

fn report_of(emulator: &Emulator, key: &Key, more: &[&str]) -> Value {
    doctor(emulator, key, more).1
}

fn report_statements(report: &Value) -> Vec<Value> {
    report["policy"]["Statement"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn keys_that_aws_does_not_know_are_no_matter_of_policy() {
    let Some(emulator) = Emulator::named() else { return };
    let key = Key { id: "AKIANOSUCHKEY0000000".to_owned(), secret: "wrong-secret-of-nobody".to_owned() };
    let (code, report, told) = doctor(&emulator, &key, &[]);
    assert_eq!((code, report["policy"].clone()), (1, Value::Null), "{told}");
    assert_eq!(report["checks"].as_array().unwrap().len(), 1);
    assert!(told.contains("AWS does not know these keys"), "{told}");
}

#[tokio::test]
async fn a_glue_catalog_is_kept_with_rights_and_checked_by_its_name() {
    let Some(emulator) = Emulator::named() else { return };
    let key = emulator.user("keeper", json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])).await;
    let data = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(data.path())
            .args(arguments)
            .env("AWS_SECRET_ACCESS_KEY", &key.secret)
            .env("AWS_ENDPOINT_URL", &emulator.url)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!told.contains(&key.secret), "{told}");
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), told)
    };
    let add = ["catalog", "add", "aws", "--glue", "us-east-1", "--access-key-id", &key.id];
    let (code, _, told) = run(&add);
    assert!(code == Some(1) && told.contains("\"Action\": \"glue:GetDatabases\""), "{told}");

    let rights = ["glue:GetDatabases", "glue:GetTables", "s3:*"];
    emulator.allow("keeper", json!([{"Effect": "Allow", "Action": rights, "Resource": "*"}])).await;
    let (code, _, told) = run(&add);
    assert_eq!(code, Some(0), "{told}");
    let (code, report, _) = run(&["doctor", "aws", "--catalog", "aws", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let missing: Vec<&str> =
        report["checks"].as_array().unwrap().iter().filter_map(|check| check["missing"]["action"].as_str()).collect();
    assert_eq!((code, missing), (Some(1), vec!["glue:GetPartitions", "athena:GetWorkGroup"]), "{report}");
}
