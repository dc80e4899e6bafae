//! Two instances on one database: what one has made answers the other, and what both are asked for is made once. A
//! PostgreSQL of `LAKEFRONT_TEST_POSTGRES` (`deploy/test/postgres.sh`) is needed; without it only the last test runs, on
//! one instance.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, add_user, make_token};

/// Reads a table of 9,000 rows against itself: seconds of work, one row.
const SLOW: &str = "select count(*) as c from numbers a, numbers b where a.n * b.n = -7";

struct Instances {
    /// What they all read.
    lake: TempDir,
    folders: Vec<Option<TempDir>>,
    servers: Vec<Server>,
    database: Option<String>,
    token: String,
}

impl Instances {
    /// `None` without a PostgreSQL.
    fn two(name: &str, environment: &[(&str, &str)]) -> Option<Self> {
        let server = std::env::var("LAKEFRONT_TEST_POSTGRES").ok()?;
        let name = format!("{name}_{}", std::process::id());
        psql(&server, &format!("CREATE DATABASE {name}"));
        let database = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        Some(Self::start(Some(database), 2, environment))
    }

    fn start(database: Option<String>, count: usize, environment: &[(&str, &str)]) -> Self {
        let lake = tempfile::tempdir().unwrap();
        let demo = lake.path().join("demo");
        std::fs::create_dir_all(demo.join("sales")).unwrap();
        std::fs::create_dir_all(demo.join("numbers")).unwrap();
        std::fs::write(demo.join("sales/a.csv"), "id,amount\n1,10\n2,20\n").unwrap();
        let numbers: String = (0..9_000).map(|n| format!("{n}\n")).collect();
        std::fs::write(demo.join("numbers/a.csv"), format!("n\n{numbers}")).unwrap();
        let first = tempfile::tempdir().unwrap();
        let url = database.as_ref().map_or_else(String::new, |url| format!("database_url = \"{url}\"\n"));
        let settings = format!(
            "{url}[catalog]\nlocal_interval_s = 0\n[query]\nmax_workers = 2\n[catalogs.lake]\npath = \"{}\"\n",
            lake.path().display()
        );
        std::fs::write(first.path().join("lakefront.toml"), settings).unwrap();
        add_user(first.path(), "admin@example.com", "admin");
        let token = make_token(first.path(), "admin@example.com", &[]);
        let mut folders = vec![first];
        for _ in 1..count {
            let folder = tempfile::tempdir().unwrap();
            for file in ["lakefront.toml", "master.key"] {
                // Without a key yet each makes its own.
                let _ = std::fs::copy(folders[0].path().join(file), folder.path().join(file));
            }
            folders.push(folder);
        }
        let servers = folders.into_iter().map(|folder| Server::on(folder, environment)).collect();
        Self { lake, folders: (0..count).map(|_| None).collect(), servers, database, token }
    }

    async fn ask(&self, server: usize, sql: &str, more: Value) -> Value {
        let mut body = json!({"sql": sql, "catalog": "lake", "database": "demo"});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let call = self.servers[server].post("/api/v1/executions?wait_s=60", body);
        let answer = call.token(&self.token).send().await;
        assert!(answer.status.is_success(), "{sql}: {}", answer.text());
        let execution = answer.json();
        assert_eq!(execution["state"], "SUCCEEDED", "{sql}: {execution}");
        execution
    }

    async fn rows(&self, server: usize, execution: &Value) -> Value {
        let path = format!("/api/v1/executions/{}/result?format=json", execution["id"].as_str().unwrap());
        let answer = self.servers[server].get(&path).token(&self.token).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["rows"].clone()
    }

    async fn refresh(&self) {
        for server in &self.servers {
            let call = server.call(Method::POST, "/api/v1/catalogs/lake/refresh");
            let answer = call.token(&self.token).send().await;
            assert!(answer.status.is_success(), "{}", answer.text());
        }
    }

    fn psql(&self, sql: &str) -> String {
        psql(self.database.as_ref().unwrap(), sql)
    }

    /// Waits until so many results are in the database.
    async fn stored(&self, count: &str) {
        for _ in 0..100 {
            if self.psql("SELECT count(*) FROM shared_results") == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {count} but {} results are stored", self.psql("SELECT count(*) FROM shared_results"));
    }

    fn restart(&mut self, at: usize, environment: &[(&str, &str)]) {
        let server = self.servers.remove(at);
        self.servers.insert(at, Server::on(server.killed(), environment));
    }
}

fn psql(database: &str, sql: &str) -> String {
    let arguments = [database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql];
    let done = Command::new("psql").args(arguments).output().unwrap();
    assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_has_made_answers_the_other() {
    let Some(instances) = Instances::two("shared", &[]) else { return };
    let sql = "select sum(amount) as s from sales";
    let made = instances.ask(0, sql, json!({})).await;
    assert_eq!(made["statistics"]["reused"], false);
    instances.stored("1").await;

    let found = instances.ask(1, sql, json!({})).await;
    let statistics = &found["statistics"];
    assert_eq!((&statistics["reused"], &statistics["engine_ms"]), (&json!(true), &json!(0)), "{found}");
    assert_eq!((&statistics["scanned_bytes"], &statistics["usd"]), (&json!(0), &json!("0.00000")));
    assert!(statistics["saved_usd"].is_string(), "{found}");
    assert_eq!(instances.rows(1, &found).await, json!([[30]]));
    // From here on from its own disk, with the same words.
    let again = instances.ask(1, sql, json!({})).await;
    for told in ["engine", "route_reason", "estimate", "columns"] {
        assert_eq!(again[told], found[told], "{told}");
    }
    assert_eq!(again["statistics"]["saved_usd"], statistics["saved_usd"]);
    assert!(again["route_reason"].as_str().unwrap().starts_with("stored result of "), "{again}");

    // Only what may be: neither chance nor what somebody wants to be run.
    for (sql, more) in
        [("select random() from sales", json!({})), ("select max(id) from sales", json!({"reuse_max_age_s": 0}))]
    {
        for server in 0..2 {
            assert_eq!(instances.ask(server, sql, more.clone()).await["statistics"]["reused"], false, "{sql}");
        }
    }
    instances.stored("1").await;
    assert_eq!(instances.psql("SELECT count(*) FROM claims"), "0");

    // One that has to be young.
    let max = "select max(id) as m from sales";
    instances.ask(0, max, json!({})).await;
    instances.stored("2").await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let young = instances.ask(1, max, json!({"reuse_max_age_s": 1})).await;
    assert_eq!(young["statistics"]["reused"], false);

    // New data is another question.
    std::fs::write(instances.lake.path().join("demo/sales/b.csv"), "id,amount\n3,3\n").unwrap();
    instances.refresh().await;
    let new = instances.ask(0, sql, json!({})).await;
    assert_eq!((&new["statistics"]["reused"], instances.rows(0, &new).await), (&json!(false), json!([[33]])));
    instances.stored("3").await;
    let new = instances.ask(1, sql, json!({})).await;
    assert_eq!((&new["statistics"]["reused"], instances.rows(1, &new).await), (&json!(true), json!([[33]])));

    // It costs nothing, whatever a run may cost; and it is counted.
    let count = "select count(*) as c from sales";
    instances.ask(0, count, json!({})).await;
    instances.stored("4").await;
    let budget = json!({"subject": {"kind": "everyone"}, "period": "run", "limit_bytes": 1, "action": "block"});
    let made = instances.servers[0].post("/api/v1/budgets", budget).token(&instances.token).send().await;
    assert_eq!(made.status, 201);
    assert_eq!(instances.ask(1, count, json!({})).await["statistics"]["reused"], true);
    let get = async |path: &str| instances.servers[1].get(path).token(&instances.token).send().await;
    let spent = get("/api/v1/costs").await.json();
    assert_eq!(spent["total"]["reused"], 4, "{spent}");
    let metrics = get("/metrics").await.text();
    for line in
        ["hits_total{place=\"database\"} 3", "hits_total{place=\"memory\"} 1", "evictions_total{place=\"disk\"} 0"]
    {
        assert!(metrics.contains(&format!("lakefront_result_cache_{line}\n")), "{line}: {metrics}");
    }
    let state = get("/api/v1/result-cache").await.json();
    assert_eq!((&state["hits"]["database"], &state["hits"]["memory"]), (&json!(3), &json!(1)), "{state}");
    assert_eq!(state["database"]["limit_bytes"], 268_435_456, "{state}");
    assert!(state["local"]["entries"].as_u64().unwrap() >= 4, "{state}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_of_two_instances_are_one_run() {
    let Some(instances) = Instances::two("crowd", &[]) else { return };
    let began = Instant::now();
    let asked = (0..40).map(|n| instances.ask(n % 2, SLOW, json!({})));
    let answers = futures::future::join_all(asked).await;
    let ran = answers.iter().filter(|answer| answer["statistics"]["reused"] == false).count();
    assert_eq!(ran, 1, "of 40 statements on two instances one runs");
    assert_eq!(instances.psql("SELECT count(*) FROM charges"), "1");
    say(&format!("40 clients of two instances: one run, {} ms in all", began.elapsed().as_millis()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_instance_is_waited_for_some_seconds() {
    let Some(mut instances) = Instances::two("killed", &[]) else { return };
    let body = json!({"sql": SLOW, "catalog": "lake", "database": "demo"});
    let begun = instances.servers[0].post("/api/v1/executions", body.clone()).token(&instances.token).send().await;
    assert!(begun.status.is_success(), "{}", begun.text());
    for _ in 0..100 {
        if instances.psql("SELECT count(*) FROM claims") == "1" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(instances.psql("SELECT count(*) FROM claims"), "1");

    // Somebody who gives up while waiting is free at once.
    let waiting = instances.servers[1].post("/api/v1/executions", body).token(&instances.token).send().await.json();
    assert_eq!(waiting["state"], "QUEUED", "{waiting}");
    let path = format!("/api/v1/executions/{}", waiting["id"].as_str().unwrap());
    instances.servers[1].call(Method::DELETE, &path).token(&instances.token).send().await;
    let began = Instant::now();
    let ended = instances.servers[1].get(&format!("{path}?wait_s=10")).token(&instances.token).send().await.json();
    assert_eq!(ended["state"], "CANCELLED");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    let began = Instant::now();
    let dead = instances.servers.remove(0);
    instances.folders[0] = Some(dead.killed());
    let answer = instances.ask(0, SLOW, json!({})).await;
    let took = began.elapsed();
    assert_eq!(answer["statistics"]["reused"], false);
    let engine_ms = answer["statistics"]["engine_ms"].as_u64().unwrap();
    let waited = took - Duration::from_millis(engine_ms);
    say(&format!("after SIGKILL of the holder: waited {} ms, then ran {engine_ms} ms", waited.as_millis()));
    assert!(waited < Duration::from_secs(12), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_result_is_made_again() {
    let Some(instances) = Instances::two("damaged", &[]) else { return };
    let sql = "select sum(amount) as s from sales";
    instances.ask(0, sql, json!({})).await;
    instances.stored("1").await;
    instances.psql("UPDATE shared_results SET body = set_byte(body, 50, 255 - get_byte(body, 50))");
    let damaged = instances.psql("SELECT md5(body) FROM shared_results");
    let answer = instances.ask(1, sql, json!({})).await;
    assert_eq!((&answer["statistics"]["reused"], instances.rows(1, &answer).await), (&json!(false), json!([[30]])));
    assert!(instances.servers[1].log().contains("unreadable and removed"), "{}", instances.servers[1].log());
    instances.stored("1").await;
    assert_ne!(instances.psql("SELECT md5(body) FROM shared_results"), damaged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_holds_nobody_up() {
    let Some(instances) = Instances::two("slow", &[]) else { return };
    let database = instances.database.clone().unwrap();
    let lock = "BEGIN; LOCK TABLE shared_results IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT";
    let mut locked =
        Locked(Command::new("psql").args([&database, "-X", "-q", "-c", lock]).stdout(Stdio::null()).spawn().unwrap());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut slowest = Duration::ZERO;
    for n in 0..4 {
        let sql = format!("select count(*) + {n} as c from sales");
        let began = Instant::now();
        assert_eq!(instances.ask(0, &sql, json!({})).await["statistics"]["reused"], false);
        slowest = slowest.max(began.elapsed());
    }
    say(&format!("a statement while the table of results is locked: {} ms at most", slowest.as_millis()));
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    let log = instances.servers[0].log();
    assert_eq!(log.matches("results are not shared with other instances for now").count(), 1, "{log}");
    locked.0.wait().unwrap();
    // It is noticed when it answers again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    instances.ask(0, "select min(id) as m from sales", json!({})).await;
    instances.stored("1").await;
    assert!(instances.servers[0].log().contains("results are shared with other instances again"));
}

/// Ends with the test.
struct Locked(Child);

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_keeps_to_its_limit() {
    let environment = [("LAKEFRONT_QUERY_SHARED_CACHE_BYTES", "4096")];
    let Some(instances) = Instances::two("limit", &environment) else { return };
    for n in 0..12 {
        instances.ask(n % 2, &format!("select id, amount, {n} as n from sales"), json!({})).await;
    }
    let mut bytes = 0;
    for _ in 0..100 {
        bytes = instances.psql("SELECT coalesce(sum(octet_length(body)), 0) FROM shared_results").parse().unwrap();
        if bytes <= 4096 && bytes > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(bytes <= 4096 && bytes > 0, "{bytes} bytes are stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dashboard_that_is_kept_warm_has_its_answers_before_anybody_asks() {
    let (instances, servers) = match Instances::two("warm", &[]) {
        Some(instances) => (instances, 2),
        None => (Instances::start(None, 1, &[]), 1),
    };
    let tile = |id: &str, sql: &str| json!({"id": id, "title": id, "x": 0, "y": 0, "w": 6, "h": 4, "sql": sql, "chart": {"type": "table"}});
    let definition = |keep_warm: bool| {
        json!({
            "catalog": "lake", "database": "demo", "queries": {}, "filters": [], "keep_warm": keep_warm,
            "tabs": [{"id": "one", "title": "One", "tiles": [
                tile("sales", "select count(*) n, sum(amount) s from sales"),
                tile("dearest", "select max(amount) m from sales"),
                tile("numbers", "select count(*) n from numbers"),
            ]}],
        })
    };
    let server = &instances.servers[0];
    let make = async |title: &str, keep_warm| {
        let body = json!({"title": title, "definition": definition(keep_warm)});
        let made = server.post("/api/v1/dashboards", body).token(&instances.token).send().await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let data = async |id: &str, at: usize| {
        let call = instances.servers[at].post(&format!("/api/v1/dashboards/{id}/data"), json!({}));
        call.token(&instances.token).send().await.json()
    };
    let runs_of = async |id: &str| {
        let all = server.get("/api/v1/executions?limit=200").token(&instances.token).send().await.json();
        let items = all["items"].as_array().unwrap().clone();
        items.iter().filter(|run| run["origin"]["dashboard"] == *id && run["state"] == "SUCCEEDED").count()
    };
    let warm = make("Warm", true).await;
    assert_eq!(data(&warm, 0).await["totals"]["scans"], 3);
    // Not before servers have started in peace.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let before = runs_of(&warm).await;

    write(&instances.lake.path().join("demo/sales/b.csv"), "id,amount\n3,100\n");
    instances.refresh().await;
    let mut told = 0;
    for _ in 0..100 {
        told = runs_of(&warm).await;
        if told >= before + 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Time for what should not come.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((told, runs_of(&warm).await), (before + 2, before + 2), "the two tiles whose table changed, once each");
    for at in 0..servers {
        let shown = data(&warm, at).await;
        assert_eq!(shown["totals"]["scans"], 0, "instance {at}: {}", shown["totals"]);
        assert_eq!(shown["queries"]["tile:sales"]["rows"], json!([[3, 130]]));
    }

    // Without the switch nothing runs by itself.
    let path = format!("/api/v1/dashboards/{warm}");
    let off = server.call(Method::PATCH, &path).json(json!({"definition": definition(false)}));
    assert_eq!(off.token(&instances.token).send().await.status, 200);
    write(&instances.lake.path().join("demo/sales/b.csv"), "id,amount\n3,1000\n");
    instances.refresh().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(runs_of(&warm).await, before + 2);
    assert_eq!(data(&warm, 0).await["totals"]["scans"], 2);
}

/// Whatever is written, asked and restarted in whatever order: an answer is that of the files as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_answer_is_a_fresh_answer() {
    let mut instances = Instances::two("fresh_answers", &[]).unwrap_or_else(|| Instances::start(None, 1, &[]));
    let statements = [
        "select count(*) as c, sum(amount) as s from sales",
        "select id, amount from sales order by id, amount",
        "select amount % 3 as k, count(*) as c from sales group by 1 order by 1",
        "select max(n) as m, (select count(*) from sales) as c from numbers where n < 100",
    ];
    let folder: PathBuf = instances.lake.path().join("demo/sales");
    let mut random = Random(20_251_126);
    let mut files = BTreeSet::from(["a.csv".to_owned()]);
    let (mut reused, mut asked) = (0, 0);
    for step in 0..60 {
        match random.below(10) {
            0 | 1 => {
                let name = format!("{}.csv", ["a", "b", "c", "d"][random.below(4)]);
                let rows: String = (0..=random.below(5)).map(|n| format!("{n},{}\n", random.below(50))).collect();
                write(&folder.join(&name), &format!("id,amount\n{rows}"));
                files.insert(name);
                instances.refresh().await;
            }
            2 if files.len() > 1 => {
                let name = files.iter().nth(random.below(files.len())).unwrap().clone();
                std::fs::remove_file(folder.join(&name)).unwrap();
                files.remove(&name);
                instances.refresh().await;
            }
            3 if step % 4 == 0 => {
                let at = random.below(instances.servers.len());
                instances.restart(at, &[]);
                instances.refresh().await;
            }
            _ => {
                let (at, sql) = (random.below(instances.servers.len()), statements[random.below(statements.len())]);
                let answer = instances.ask(at, sql, json!({})).await;
                asked += 1;
                reused += usize::from(answer["statistics"]["reused"] == true);
                let fresh = instances.ask(at, sql, json!({"reuse_max_age_s": 0})).await;
                assert_eq!(fresh["statistics"]["reused"], false);
                let (answer, fresh) = (instances.rows(at, &answer).await, instances.rows(at, &fresh).await);
                assert_eq!(answer, fresh, "step {step}: {sql}");
            }
        }
    }
    say(&format!("{asked} answers, {reused} of them stored, all as fresh ones"));
    assert!(reused > 5, "{reused} of {asked}");
}

/// As a program would that replaces a file.
fn write(path: &Path, text: &str) {
    let beside = path.with_extension("part");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's MMIX generator.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Where figures go.
fn say(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}
