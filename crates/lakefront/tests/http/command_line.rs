//! The command line: data on standard output, words on standard error, exit codes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{PASSWORD, Server, add_user, command, numbers, output, run, write_lake};

fn lake() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    write_lake(&data.path().join("lake/demo"));
    data
}

#[test]
fn json_lines_are_answered_in_order() {
    let data = lake();
    let questions = [
        json!({"sql": "select id, state from sales where state = 'CA' order by id"}),
        json!({"sql": "select nothing_here from sales"}),
        json!({"sql": "select 1 / 0"}),
        json!({"sql": "select cast(9007199254740993 as bigint) big, array[1.5e0] list"}),
        json!({"text": "select 1"}),
    ];
    let input: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let out = output(data.path(), &["query", "--jsonl", "--catalog", "local", "--database", "demo"], &input);
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "state", "type": "varchar"}]);
    assert_eq!(answers[0], json!({"columns": columns, "rows": [[1, "CA"], [2, "CA"]]}));
    assert_eq!(answers[1]["error"], "COLUMN_NOT_FOUND");
    assert!(answers[1]["message"].is_string());
    assert_eq!(answers[2]["error"], "DIVISION_BY_ZERO");
    assert_eq!(answers[3]["rows"], json!([[9_007_199_254_740_993_i64, [1.5]]]));
    assert_eq!(answers[4]["error"], "INVALID_JSON");
}

#[test]
fn a_query_prints_a_table_and_other_formats() {
    let data = lake();
    let query = |more: &[&str]| {
        output(data.path(), &[&["query", "--catalog", "local", "--database", "demo"], more].concat(), "")
    };
    insta::assert_snapshot!(query(&["select state, id, amount from sales order by id"]));
    assert_eq!(query(&["--format", "csv", "select count(*) n from sales"]), "n\r\n4\r\n");
    assert_eq!(
        query(&["--format", "json", "select cast(1 as bigint) one"]),
        "{\"columns\":[{\"name\":\"one\",\"type\":\"bigint\"}],\"rows\":[[1]],\"truncated\":false}\n"
    );
    assert_eq!(
        query(&["--format", "csv", "-p", "from=3", "select count(*) n from sales where id >= {{from}}"]),
        "n\r\n2\r\n"
    );
    assert!(query(&["--estimate", "select id from sales"]).contains("embedded"));
    let file = data.path().join("q.sql");
    std::fs::write(&file, "select 2 two").unwrap();
    assert_eq!(query(&["--format", "csv", "--file", file.to_str().unwrap()]), "two\r\n2\r\n");
}

/// A disk that is not mounted is told of everywhere, and forgotten as soon as it is back.
#[test]
fn a_catalog_whose_folder_is_gone_is_still_one() {
    let data = lake();
    let (folder, aside) = (data.path().join("archive"), data.path().join("aside"));
    write_lake(&folder.join("demo"));
    output(data.path(), &["catalog", "add", "archive", "--path", folder.to_str().unwrap()], "");
    std::fs::rename(&folder, &aside).unwrap();
    let failed = |arguments: &[&str]| {
        let outcome = run(data.path(), arguments, "");
        assert_eq!(outcome.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(outcome.stderr).unwrap()
    };
    let says = |text: &str| {
        assert!(
            text.contains("Catalog \"archive\" can't be used: Invalid location: there is no such folder."),
            "{text}"
        );
    };
    let listed = output(data.path(), &["catalog", "list"], "");
    assert!(listed.starts_with(&format!("archive\tlocal\t{}\t0 tables\t", folder.display())), "{listed}");
    says(&listed);
    let refreshed = failed(&["catalog", "refresh"]);
    says(&refreshed);
    assert!(refreshed.contains("local: "), "the others are listed: {refreshed}");
    let told = failed(&["doctor"]);
    says(&told);
    assert!(told.contains(folder.to_str().unwrap()), "{told}");
    let asked = failed(&["query", "select count(*) n from archive.demo.sales"]);
    says(&asked);
    assert!(asked.contains("CATALOG_UNAVAILABLE"), "{asked}");
    assert!(failed(&["query", "select 1 from nowhere.demo.sales"]).contains("There is no catalog nowhere"));

    std::fs::rename(&aside, &folder).unwrap();
    let csv = output(data.path(), &["query", "--format", "csv", "select count(*) n from archive.demo.sales"], "");
    assert_eq!(csv, "n\r\n4\r\n");
}

/// It is refused for its password, and listed all the same.
#[test]
fn a_catalog_that_is_refused_for_its_password_does_not_show_it() {
    let data = lake();
    let file = data.path().join("lakefront.toml");
    let settings = "[catalogs.shop]\npostgres = \"postgres://ada:hunter2@db.example.com:5433/shop\"\n[catalogs.warehouse]\ntrino = \"https://ada:hunter2@trino.example.com\"\n";
    std::fs::write(&file, settings).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let listed = output(data.path(), &[&["catalog", "list"][..], &config].concat(), "");
    assert!(listed.contains("shop\tpostgres\tpostgres://db.example.com:5433\t"), "{listed}");
    assert!(listed.contains("warehouse\ttrino\thttps://trino.example.com\t"), "{listed}");
    assert!(!listed.contains("hunter2"), "{listed}");
    for command in [&["doctor"][..], &["catalog", "refresh"], &["query", "select 1 from shop.public.orders"]] {
        let outcome = run(data.path(), &[command, &config].concat(), "");
        let said = String::from_utf8(outcome.stderr).unwrap();
        assert!(said.contains("Catalog \"shop\" can't be used: The address holds a password."), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let shown = output(data.path(), &[&["query", "--format", "csv", "show catalogs"][..], &config].concat(), "");
    assert_eq!(shown, "Catalog\r\nlocal\r\nshop\r\nwarehouse\r\n");
}

#[test]
fn exit_codes_tell_failure_from_misuse() {
    let data = lake();
    for (arguments, code) in [
        (&["query", "select 1"][..], 0),
        (&["query", "select from"], 1),
        (&["query", "--user", "nobody@example.com", "select 1"], 1),
        (&["query"], 2),
        (&["query", "--format", "pdf", "select 1"], 2),
        (&["fly"], 2),
        (&["user", "add", "x@example.com", "--role", "king"], 2),
        (&["seed"], 2),
    ] {
        let output = run(data.path(), arguments, "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        if code != 0 {
            assert!(output.stdout.is_empty() && !output.stderr.is_empty());
        }
    }
}

#[test]
fn people_and_catalogs_are_managed() {
    let data = lake();
    add_user(data.path(), "one@example.com", "editor");
    let again = run(
        data.path(),
        &["user", "add", "One@Example.com", "--role", "viewer", "--password-stdin"],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(again.status.code(), Some(1));
    let short =
        run(data.path(), &["user", "add", "two@example.com", "--role", "viewer", "--password-stdin"], "short\n");
    assert_eq!(short.status.code(), Some(1));
    assert_eq!(output(data.path(), &["user", "list"], ""), "one@example.com\tone\teditor\tactive\n");
    // Nobody is asked where there is no terminal.
    assert_eq!(run(data.path(), &["user", "disable", "one@example.com"], "").status.code(), Some(1));
    output(data.path(), &["user", "disable", "one@example.com", "--yes"], "");
    assert!(output(data.path(), &["user", "list"], "").contains("disabled"));
    assert_eq!(run(data.path(), &["user", "link", "one@example.com"], "").status.code(), Some(1));
    output(data.path(), &["user", "enable", "one@example.com"], "");
    output(data.path(), &["user", "role", "one@example.com", "viewer"], "");
    assert_eq!(output(data.path(), &["user", "list"], ""), "one@example.com\tone\tviewer\tactive\n");
    assert!(output(data.path(), &["user", "link", "one@example.com"], "").contains("/signin?token="));

    output(data.path(), &["token", "create", "--user", "one@example.com", "--name", "Nightly"], "");
    let tokens = output(data.path(), &["token", "list", "--user", "one@example.com"], "");
    let token: Vec<&str> = tokens.trim_end().split('\t').collect();
    assert!(
        matches!(token[..], [_, "Nightly", start, "read,write", "never", "never"] if start.starts_with("lf_")),
        "{tokens}"
    );
    output(data.path(), &["token", "revoke", token[0]], "");
    assert_eq!(output(data.path(), &["token", "list", "--user", "one@example.com"], ""), "");
    assert_eq!(run(data.path(), &["token", "revoke", token[0]], "").status.code(), Some(1));

    let other = lake();
    let folder = other.path().join("lake");
    output(data.path(), &["catalog", "add", "other", "--path", folder.to_str().unwrap()], "");
    let listed = output(data.path(), &["catalog", "list"], "");
    assert!(listed.contains("local\tlocal\t") && listed.contains("other\tlocal\t"), "{listed}");
    assert_eq!(
        output(data.path(), &["query", "--format", "csv", "select count(*) n from other.demo.notes"], ""),
        "n\r\n3\r\n"
    );
    assert_eq!(run(data.path(), &["catalog", "add", "other", "--path", "."], "").status.code(), Some(1));
    output(data.path(), &["catalog", "remove", "other", "--yes"], "");
    assert_eq!(run(data.path(), &["query", "select count(*) n from other.demo.notes"], "").status.code(), Some(1));

    assert_eq!(run(data.path(), &["migrate"], "").status.code(), Some(0));
    let doctor = run(data.path(), &["doctor"], "");
    assert_eq!(doctor.status.code(), Some(0), "{}", String::from_utf8_lossy(&doctor.stderr));

    std::fs::write(data.path().join("lake/demo/late.csv"), "a,b\n1,2\n3\n").unwrap();
    let doctor = run(data.path(), &["doctor"], "");
    let told = String::from_utf8_lossy(&doctor.stderr).into_owned();
    assert_eq!(doctor.status.code(), Some(1), "{told}");
    assert!(told.contains("ok      catalog local") && told.contains("FAILED  table local.demo.late: "), "{told}");
    assert!(told.contains("late.csv"), "{told}");
}

#[test]
fn a_template_is_printed_without_a_data_folder() {
    let place = tempfile::tempdir().unwrap();
    let (data, csv) = (place.path().join("none"), place.path().join("sales.csv"));
    std::fs::write(&csv, "id,state\n1,CA\n2,NY\n").unwrap();
    for step in ["plan", "apply"] {
        let more = ["--name", "demo-lake", "--region", "eu-central-1", "--print-template", "--data-dir"];
        let paths = [data.to_str().unwrap(), "--csv", csv.to_str().unwrap()];
        let arguments = [&["setup", "aws", step], &more[..], &paths].concat();
        let template: Value = serde_json::from_str(&output(place.path(), &arguments, "")).unwrap();
        assert!(template["Resources"].is_object());
        assert!(!data.exists(), "{step} only prints");
    }
}

/// Rows are answered while the result is written to a folder that goes with the command.
#[tokio::test]
async fn a_query_beside_a_server_has_nothing_to_complain_of() {
    let server = Server::start(&[]);
    let sql = format!("select a.x from {} order by 1", numbers(1_000, "a", "x"));
    for _ in 0..10 {
        let ran = run(server.data.path(), &["query", "--format", "csv", &sql], "");
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success() && !told.contains("stored"), "{told}");
    }
    let left = std::fs::read_dir(server.data.path().join("results/beside"))
        .map_or(0, |left| left.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count());
    assert_eq!(left, 0, "nothing is left beside the server's results");
}

#[tokio::test]
async fn a_data_folder_is_one_servers() {
    let server = Server::start(&[]);
    let mut second = tokio::process::Command::from(command(server.data.path()));
    let second = second.args(["serve", "--listen", "127.0.0.1:0"]).kill_on_drop(true).output();
    let second = tokio::time::timeout(Duration::from_secs(30), second).await.expect("it was let in").unwrap();
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && told.contains(&format!("another server (process {})", server.pid())), "{told}");

    let next = Server::on(server.killed(), &[]);
    assert_eq!(next.get("/healthz").send().await.status, 200);
}

#[test]
fn a_command_in_a_wrong_place_and_a_misspelt_variable_are_told() {
    let place = tempfile::tempdir().unwrap();
    let list = || {
        let mut list = command(place.path());
        list.env_remove("LAKEFRONT_DATA_DIR").env("LAKEFRONT_QUERY_DEADLINE", "5").args(["user", "list"]);
        let ran = list.output().unwrap();
        assert!(ran.status.success());
        String::from_utf8(ran.stderr).unwrap()
    };
    let told = list();
    assert!(told.contains("a new installation begins in") && told.contains("/.lakefront"), "{told}");
    assert!(told.contains("LAKEFRONT_QUERY_DEADLINE sets nothing; did you mean LAKEFRONT_QUERY_DEADLINE_S?"), "{told}");
    assert!(!list().contains("installation"));
}
