//! One statement that reads, or an error that points at its cause.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use lakefront_trino::{SyntaxErrorKind, parse, words};

fn error(sql: &str) -> (SyntaxErrorKind, String, (u64, u64)) {
    let error = parse(sql).expect_err("the statement is refused");
    (error.kind, error.message, (error.line, error.column))
}

#[test]
fn a_statement_may_end_with_semicolons_but_not_go_on() {
    assert!(parse("select 1").is_ok());
    assert!(parse("select 1 ;; -- done").is_ok());
    let (kind, _, position) = error("select 1;\n  drop table t");
    assert_eq!(kind, SyntaxErrorKind::NotAllowed);
    assert_eq!(position, (2, 3));
    assert_eq!(error("").0, SyntaxErrorKind::Syntax);
    assert_eq!(error(" -- nothing").0, SyntaxErrorKind::Syntax);
}

#[test]
fn statements_that_write_are_refused_by_name_whatever_their_syntax() {
    for sql in [
        "unload (select 1) to 's3://evil/x' with (format = 'PARQUET')",
        "EXECUTE IMMEDIATE 'select 1'",
        "create external table x stored as csv location '/etc/passwd'",
        "copy (select 'x') to '/tmp/x.csv'",
        "set session authorization admin",
        "/* hi */ insert into t select 1",
        "merge into t using u on a = b",
    ] {
        let (kind, message, _) = error(sql);
        assert_eq!(kind, SyntaxErrorKind::NotAllowed, "{sql}: {message}");
    }
}

#[test]
fn errors_point_at_their_word() {
    let (kind, message, position) = error("select a,\n  from t wher b");
    assert_eq!(kind, SyntaxErrorKind::Syntax);
    assert_eq!(position, (2, 3), "{message}");
    assert_eq!(error("select 'abc").2, (1, 8));
    let (_, message, position) = error("select (1 + 2");
    assert!(message.contains("end of the statement"), "{message}");
    assert_eq!(position.0, 1);
}

#[test]
fn only_one_form_of_string() {
    for sql in
        [r"select E'it\'s'", "select $$it's$$", "select $a$it's$a$", "select N'x'", "select q'[it's]'", "select r'x'"]
    {
        assert_eq!(error(sql).0, SyntaxErrorKind::Syntax, "{sql}");
    }
    // MySQL reads what is in it; Trino does not, nor does this.
    assert_eq!(parse("select /*!50110 1 */ 2"), parse("select 2"));
    assert!(parse("select 'it''s', X'00ff', \"a\"\"b\" from t").is_ok());
}

#[test]
fn functions_of_a_statement_are_refused_by_name() {
    let (kind, message, position) = error("with function f(x integer) returns integer return x select f(1)");
    assert_eq!((kind, position), (SyntaxErrorKind::NotSupported, (1, 6)), "{message}");
    assert!(parse("with function as (select 1 x) select x from function").is_ok());
}

#[test]
fn words_tile_the_text() {
    let sql = "select 'ä''ö' as \"ü\", -- ß\n /* a /* b c */ 1.5e3\t<> x\r\nfrom t";
    let text: String = words(sql).expect("words").iter().map(|word| &sql[word.range.clone()]).collect();
    assert_eq!(text, sql);
}
