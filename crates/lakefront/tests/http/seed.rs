//! `lakefront seed`: into SQLite, and into PostgreSQL where `LAKEFRONT_TEST_POSTGRES` names one
//! (`deploy/test/postgres.sh`).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, add_user, command, make_token, output, run};

/// A data folder, with the app database in a new database of the server's where there is one.
fn folder(address: Option<&str>) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    if let Some(address) = address {
        std::fs::write(data.path().join("lakefront.toml"), format!("database_url = \"{address}\"\n")).unwrap();
    }
    data
}

/// The address of a new database, for tests with PostgreSQL.
fn new_database(name: &str) -> Option<String> {
    let server = std::env::var("LAKEFRONT_TEST_POSTGRES").ok()?;
    let name = format!("seed_{name}_{}", std::process::id());
    psql(&server, &format!("CREATE DATABASE {name}"));
    Some(format!("{}/{name}", server.rsplit_once('/').unwrap().0))
}

fn psql(address: &str, sql: &str) -> String {
    let done = Command::new("psql").args([address, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

fn told(data: &Path, arguments: &[&str]) -> (bool, String) {
    let output = run(data, arguments, "");
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn rows(data: &Path, sql: &str) -> String {
    output(data, &["query", "--format", "csv", sql], "")
}

const ODD: &str = "\u{feff}id,Shop Name,day,at,seen,share,open,code,nothing,big_id\r\n\
    1,\"Ann's, \"\"A\"\"\",2024-02-29,2024-02-29 23:59:59.123456,2024-03-01T01:00:00+01:00,0.5,true,007,,9223372036854775807\r\n\
    2,,1969-12-31,,2024-03-01T00:00:00Z,-1e3,FALSE,12,,-5\r\n\
    ,Ünï,,1970-01-01T00:00:00,,3,,x,,\r\n";

fn seeding_has_a_life(address: Option<&str>, table: &str) {
    let data = folder(address);
    let file = data.path().join("odd.csv");
    std::fs::write(&file, ODD).unwrap();
    let seed = |more: &[&str]| told(data.path(), &[&["seed", "--csv", file.to_str().unwrap()], more].concat());

    let (done, said) = seed(&["--table", "odd"]);
    assert!(done && said.contains(&format!("{table}: 3 rows")), "{said}");
    let all = format!(
        "select id, shop_name, day, at, seen, share, open, code, nothing, big_id from {table} order by id nulls last"
    );
    let first = rows(data.path(), &all);
    assert!(
        first.contains("1,\"Ann's, \"\"A\"\"\",2024-02-29,2024-02-29 23:59:59.123456,2024-03-01 00:00:00.000000 UTC,0.5,true,007,,9223372036854775807\r\n"),
        "{first}"
    );
    assert!(first.contains("2,,1969-12-31,,2024-03-01 00:00:00.000000 UTC,-1000.0,false,12,,-5\r\n"), "{first}");

    let (done, said) = seed(&["--table", "odd"]);
    assert!(done && said.contains("nothing changes"), "{said}");
    std::fs::write(&file, ODD.replace("Ann's", "Bob's")).unwrap();
    let (done, said) = seed(&["--table", "odd"]);
    assert!(!done && said.contains("Replace") && said.contains("--yes"), "{said}");
    assert_eq!(rows(data.path(), &all), first);
    let (done, said) = seed(&["--table", "odd", "--yes"]);
    assert!(done, "{said}");
    assert_eq!(rows(data.path(), &all), first.replace("Ann's", "Bob's"));

    // What can't be loaded leaves what was.
    std::fs::write(&file, format!("{ODD}4,too,few\r\n")).unwrap();
    let (done, said) = seed(&["--table", "odd", "--yes"]);
    assert!(!done && said.contains("odd.csv"), "{said}");
    assert_eq!(rows(data.path(), &all), first.replace("Ann's", "Bob's"));
    std::fs::write(&file, ODD.lines().next().unwrap()).unwrap();
    let (done, said) = seed(&["--table", "odd", "--yes"]);
    assert!(!done && said.contains("has no rows"), "{said}");
    std::fs::write(&file, "id;name\r\n1;Ann\r\n").unwrap();
    let (done, said) = seed(&["--table", "odd", "--yes"]);
    assert!(!done && said.contains("separated by ';'; seed reads commas"), "{said}");
    assert_eq!(rows(data.path(), &all), first.replace("Ann's", "Bob's"));
    for name in ["users; drop table users", "Users", "", "_x", "ü"] {
        let refused = run(data.path(), &["seed", "--csv", file.to_str().unwrap(), "--table", name], "");
        assert_eq!(refused.status.code(), Some(2), "{name}");
    }
}

#[test]
fn a_file_is_loaded_into_sqlite_and_read_from_the_lake() {
    seeding_has_a_life(None, "local.lakefront_data.odd");
}

#[test]
fn a_file_is_loaded_into_postgres_and_read_there() {
    let Some(address) = new_database("life") else { return };
    seeding_has_a_life(Some(&address), "seeded.lakefront_data.odd");
    let indexes = psql(&address, "select count(*) from pg_indexes where schemaname = 'lakefront_data'");
    assert_eq!(indexes, "5");
}

#[test]
fn the_apps_own_tables_can_not_be_read_through_the_catalog() {
    let Some(address) = new_database("safe") else { return };
    let data = folder(Some(&address));
    add_user(data.path(), "admin@example.com", "admin");
    let file = data.path().join("a.csv");
    std::fs::write(&file, "id,name\n1,a\n").unwrap();
    let (done, said) = told(data.path(), &["seed", "--csv", file.to_str().unwrap(), "--table", "users"]);
    assert!(done, "{said}");
    // The name of an app table is no trouble, and leads to the seeded one.
    assert_eq!(rows(data.path(), "select name from seeded.lakefront_data.users"), "name\r\na\r\n");
    // Somebody opens a door that the catalog's own rule has to keep shut.
    psql(&address, "create view lakefront_data.leak as select email from public.users");
    psql(&address, "grant select on lakefront_data.leak to public; grant select on public.users to public");
    let listed = output(data.path(), &["catalog", "refresh", "seeded"], "");
    assert_eq!(listed, "");
    for table in
        ["seeded.public.users", "seeded.public.sessions", "seeded.lakefront_data.leak", "seeded.pg_catalog.pg_class"]
    {
        let refused = run(data.path(), &["query", &format!("select * from {table}")], "");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && !said.contains("admin@"), "{table}: {said}");
    }
    // And without that rule the role itself reads nothing else.
    psql(&address, "revoke select on public.users from public");
    let role = psql(&address, "select reader from seeds");
    let asked = format!("begin; set local role {role}; select email from public.users");
    let refused = Command::new("psql").args([&address, "-X", "-c", &asked]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("permission denied"), "{refused:?}");
    assert_eq!(
        psql(&address, &format!("begin; set local role {role}; select id from lakefront_data.users")),
        "BEGIN\nSET\n1"
    );
}

#[test]
fn seeding_again_gives_a_restored_database_its_reader() {
    let Some(address) = new_database("restored") else { return };
    let data = folder(Some(&address));
    let file = data.path().join("a.csv");
    std::fs::write(&file, "id,name\n1,a\n").unwrap();
    let seed = || told(data.path(), &["seed", "--csv", file.to_str().unwrap(), "--table", "a"]);
    let (done, said) = seed();
    assert!(done, "{said}");
    let role = psql(&address, "select reader from seeds");
    let made = || psql(&address, "select detail from audit where action = 'data.reader' order by id");
    let entry = format!("{{\"made\":true,\"reader\":\"{role}\"}}");
    assert_eq!(made(), entry);
    psql(&address, &format!("drop owned by {role}; drop role {role}"));
    let select = ["query", "select name from seeded.lakefront_data.a"];
    assert!(!run(data.path(), &select, "").status.success());
    let (done, said) = seed();
    assert!(done && said.contains("nothing changes"), "{said}");
    assert!(run(data.path(), &select, "").status.success());
    assert_eq!(made(), format!("{entry}\n{entry}"), "the role was made again under its old name");
    // A table that was not restored is loaded.
    psql(&address, "drop table lakefront_data.a");
    let (done, said) = seed();
    assert!(done && said.contains("1 rows"), "{said}");
    assert_eq!(made().lines().count(), 2, "the role was there");
}

#[test]
fn a_killed_seed_leaves_what_was() {
    let Some(address) = new_database("killed") else { return };
    let data = folder(Some(&address));
    let file = data.path().join("numbers.csv");
    std::fs::write(&file, "id,x\n1,2\n").unwrap();
    let seed = ["seed", "--csv", file.to_str().unwrap(), "--yes"];
    let (done, said) = told(data.path(), &seed);
    assert!(done, "{said}");
    let many: String = (0..400_000).map(|number| format!("{number},{number}.5\n")).collect();
    std::fs::write(&file, format!("id,x\n{many}")).unwrap();

    let mut child = command(data.path()).args(seed).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    loop {
        let copied = psql(&address, "select coalesce(sum(tuples_processed), 0) from pg_stat_progress_copy");
        if copied.parse::<u64>().unwrap() > 1_000 {
            break;
        }
        assert!(child.try_wait().unwrap().is_none(), "it was over before it could be killed");
        assert!(began.elapsed() < Duration::from_secs(60));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let state = "select count(*) || ' ' || (select row_count from seeds) from lakefront_data.forecast_data";
    assert_eq!(psql(&address, state), "1 1");
    let (done, said) = told(data.path(), &seed);
    assert!(done, "{said}");
    assert_eq!(psql(&address, state), "400000 400000");
    let tables = psql(&address, "select count(*) from pg_tables where schemaname = 'lakefront_data'");
    assert_eq!(tables, "1");
}

/// The demo's lake, and the same rows seeded: its tables by CSV.
fn seeded_demo(data: &Path) {
    let options = ["--restaurants", "60", "--days", "28"];
    let mut demo = command(data)
        .args([&["demo", "--listen", "127.0.0.1:0"], &options[..]].concat())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Sign in once")));
    demo.kill().unwrap();
    demo.wait().unwrap();

    let out = data.join("csv");
    output(data, &[&["sample", "forecast", "--out", out.to_str().unwrap()], &options[..]].concat(), "");
    for table in ["restaurant", "item", "dma", "dc"] {
        let text = rows(data, &format!("select * from local.demo.{table}"));
        std::fs::write(out.join(format!("{table}.csv")), text).unwrap();
    }
    for table in ["forecast", "restaurant", "item", "dma", "dc"] {
        let file = out.join(format!("{table}.csv"));
        let (done, said) = told(data, &["seed", "--csv", file.to_str().unwrap(), "--table", table]);
        assert!(done, "{table}: {said}");
    }
}

async fn the_demo_dashboard_shows_the_same(address: Option<&str>, catalog: &str) {
    let data = folder(address);
    seeded_demo(data.path());
    let token = make_token(data.path(), "admin@lakefront.local", &[]);
    let server = Server::on(data, &[]);
    let list = server.get("/api/v1/dashboards").token(&token).send().await.json();
    let mut dashboard = list["items"][0].clone();
    let shown = async |id: &Value, filters: Value| {
        let path = format!("/api/v1/dashboards/{}/data", id.as_str().unwrap());
        let answer = server.post(&path, json!({"filters": filters})).token(&token).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["queries"].clone()
    };
    if dashboard["definition"].is_null() {
        let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
        dashboard = server.get(&path).token(&token).send().await.json();
    }
    let mut definition = dashboard["definition"].clone();
    definition["catalog"] = json!(catalog);
    definition["database"] = json!("lakefront_data");
    let new = json!({"title": "Seeded", "slug": "seeded", "definition": definition});
    let copy = server.post("/api/v1/dashboards", new).token(&token).send().await;
    assert_eq!(copy.status, 201, "{}", copy.text());
    let copy = copy.json();

    for filters in [json!({}), json!({"state": ["CA", "TX"], "from": "2025-01-06", "to": "2025-01-19"})] {
        let lake = shown(&dashboard["id"], filters.clone()).await;
        let seeded = shown(&copy["id"], filters).await;
        for (name, expected) in lake.as_object().unwrap() {
            let found = &seeded[name];
            assert!(found["error"].is_null() && expected["error"].is_null(), "{name}: {}", found["error"]);
            assert!(!expected["rows"].as_array().unwrap().is_empty(), "{name}");
            assert!(is_same(&expected["rows"], &found["rows"]), "{name}:\n{}\n{}", expected["rows"], found["rows"]);
        }
    }
}

/// Sums of doubles depend on their order in the last digits, and so may what is rounded to a whole number.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 1e-9 + 1e-9 || (a.abs() > 10.0 && (a - b).abs() == 1.0)
        }
        (a, b) => a == b,
    }
}

#[tokio::test]
async fn the_demo_dashboard_runs_from_what_was_seeded_beside_sqlite() {
    the_demo_dashboard_shows_the_same(None, "local").await;
}

#[tokio::test]
async fn the_demo_dashboard_runs_from_postgres() {
    let Some(address) = new_database("demo") else { return };
    the_demo_dashboard_shows_the_same(Some(&address), "seeded").await;
}
