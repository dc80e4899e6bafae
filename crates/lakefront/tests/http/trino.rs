//! A catalog of a real Trino, which `deploy/test/trino.sh` starts; without one the test says that it tested nothing.

use crate::server::{command, output};

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn a_catalog_with_a_token_is_asked_as_whom_the_token_names() {
    let setting = |name: &str| std::env::var(name).ok();
    let (Some(url), Some(ca), Some(token)) =
        (setting("LAKEFRONT_TEST_TRINO_TLS"), setting("LAKEFRONT_TEST_TRINO_CA"), setting("LAKEFRONT_TEST_TRINO_JWT"))
    else {
        eprintln!("skipped: LAKEFRONT_TEST_TRINO_TLS names no Trino; `deploy/test/trino.sh test` starts one");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let added = command(data.path())
        .args(["catalog", "add", "warehouse", "--trino", &format!("{url}/system"), "--ca", &ca])
        .env("TRINO_TOKEN", format!("{token}\n"))
        .output()
        .unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    // What was kept is what is asked with.
    let mark = format!("asked_by_{}", std::process::id());
    let sql =
        format!("select \"user\" as {mark} from runtime.queries where query like '%{mark}%' and state = 'RUNNING'");
    let query = ["query", "--catalog", "warehouse", "--database", "runtime", "--format", "csv", &sql];
    assert_eq!(output(data.path(), &query, ""), format!("{mark}\r\nben\r\n"));
}
