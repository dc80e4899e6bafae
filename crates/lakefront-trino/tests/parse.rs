//! One statement that reads, or an error that points at its cause.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use lakefront_trino::{SyntaxErrorKind, parse, print, words};

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
    assert_eq!(error("select * from (@stage)").2, (1, 16));
    let (_, message, position) = error("select (1 + 2");
    assert!(message.contains("end of the statement"), "{message}");
    assert_eq!(position.0, 1);
}

#[test]
fn what_trinos_grammar_has_no_place_for_is_no_syntax() {
    for (sql, position, said) in [
        ("select 17.1E0 . 37.7E0", (1, 17), "After a point comes a name"),
        ("select (TINYINT '-65' . 1)", (1, 25), "After a point comes a name"),
        ("select t.\n 2020 from t", (2, 2), "After a point comes a name"),
        ("select t.'a' from t", (1, 10), "After a point comes a name"),
        ("select t.(a) from t", (1, 10), "After a point comes a name"),
        ("select 2 . *", (1, 10), "A number has no columns"),
        ("select x from (values ) t(x)", (1, 16), "VALUES needs a row"),
        ("select x from (values -- none\n) t(x)", (1, 16), "VALUES needs a row"),
        ("select x from t where x == 1", (1, 25), "values are compared by `=`"),
        ("select `x` from t", (1, 8), "Names stand between double quotes"),
        ("select x from t where x not ilike 'a%'", (1, 23), "compare lower(x) LIKE lower(pattern)"),
        ("select values", (1, 8), "VALUES begins a list of rows"),
        ("select x from values t(x)", (1, 15), "VALUES begins a list of rows"),
        ("select x from (values 1, values -1) t(x)", (1, 26), "VALUES begins a list of rows"),
        ("select x from (values 1) t(x bigint)", (1, 28), "The columns of an alias have names only"),
        ("with t(x bigint) as (select 1) select x from t", (1, 8), "The columns of an alias have names only"),
        ("select timestamp 4", (1, 18), "a text in single quotes"),
        ("select transform(array[1], (x bigint) -> x)", (1, 29), "The parameters of a lambda have names only"),
        (
            "with function f(a bigint) returns bigint return apply(a, x y -> y) select f(1)",
            (1, 58),
            "The parameters of a lambda have names only",
        ),
        ("select :\"a\"", (1, 8), "no parameters with names"),
        ("select cast(a as array(2) as t)", (1, 27), "Expected a type"),
        ("select json_value('1', 'lax $' returning decimal('9', 2))", (1, 50), "Expected a type"),
        ("select 1 as 'x'", (1, 13), "Names stand between double quotes"),
        ("select 1 / x '-1\\''.5'", (1, 14), "Names stand between double quotes"),
        ("select * from 't''s'", (1, 15), "Names stand between double quotes"),
        ("select x from (values 1) as t('x')", (1, 31), "Names stand between double quotes"),
        ("with 'a' as (select 1) select * from a", (1, 6), "Names stand between double quotes"),
        ("select 'x' as 'x'", (1, 15), "Names stand between double quotes"),
        ("select * from a join b using ('id')", (1, 31), "Names stand between double quotes"),
        ("select 't'.* from t", (1, 8), "Names stand between double quotes"),
        ("select sum(x) over 'w' from t window w as ()", (1, 20), "Names stand between double quotes"),
        ("select sum(x) over w from t window 'w' as ()", (1, 36), "Names stand between double quotes"),
        ("show partitions a ) ( b", (1, 19), "the name of a table and nothing else"),
        ("show partitions a b", (1, 19), "the name of a table and nothing else"),
    ] {
        let (kind, message, at) = error(sql);
        assert_eq!((kind, at), (SyntaxErrorKind::Syntax, position), "{sql}: {message}");
        assert!(message.contains(said), "{sql}: {message}");
    }
    for sql in
        ["show stats for (select 1)", "show terse partitions t", "show session partitions a b", "show fields from t"]
    {
        let (kind, message, at) = error(sql);
        assert_eq!((kind, at), (SyntaxErrorKind::NotAllowed, (1, 6)), "{sql}: {message}");
    }
    let (kind, message, _) = error("with function f(select bigint) returns bigint return 1 select f(1)");
    assert_eq!(kind, SyntaxErrorKind::Syntax);
    assert!(message.contains("A parameter of the name select needs double quotes"), "{message}");
    for sql in [
        "select t.a, t . \"2020\", t.*, 1.5, .5 from s.t",
        "select count(t.*) from t",
        "values 1",
        "explain values 1",
        "with t as (values 1) values 2",
        "select 1 in (values 1) union all values 2",
        "select json_object('a' : \"b\", 'c':\"d\") from t",
        "select \"values\", 1 = any (values 1) from t",
        "with function f(\"select\" bigint) returns bigint return \"select\" select f(1)",
    ] {
        assert!(parse(sql).is_ok(), "{sql}");
    }
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
fn functions_of_a_statement_stand_in_its_calls() {
    for (sql, printed) in [
        (
            "WITH FUNCTION twice(x integer) RETURNS integer RETURN x * 2 SELECT twice(21), \"TWICE\"(1)",
            "SELECT \"$routine\"('twice', 'row(integer)', 'integer', '', (x) -> x * 2, 21), \
             \"$routine\"('twice', 'row(integer)', 'integer', '', (x) -> x * 2, 1)",
        ),
        (
            "with function one() returns bigint not deterministic called on null input return 1, \
             function two(a varchar(3), b row(x double precision)) returns bigint return one() select two('a', null)",
            "SELECT \"$routine\"('two', 'row(varchar(3), row(x double precision))', 'bigint', '', \
             (a, b) -> \"$routine\"('one', '', 'bigint', 'NOT DETERMINISTIC CALLED ON NULL INPUT', 1), 'a', NULL)",
        ),
    ] {
        let statement = parse(sql).expect(sql);
        assert_eq!(print(&statement), printed);
        assert_eq!(parse(printed).expect(printed), statement);
    }
}

#[test]
fn functions_of_a_statement_that_are_not_read_are_refused_by_name() {
    for sql in [
        "WITH FUNCTION f(x integer) RETURNS integer BEGIN DECLARE y integer; SET y = x; RETURN y; END SELECT f(1)",
        "WITH FUNCTION f(x integer) RETURNS integer RETURN 1, FUNCTION g() RETURNS integer BEGIN RETURN 1; END SELECT 1",
        "EXPLAIN WITH FUNCTION f(x integer) RETURNS integer RETURN x SELECT f(1)",
        "WITH FUNCTION f(x integer) RETURNS integer RETURN x, FUNCTION f(x varchar) RETURNS varchar RETURN x SELECT f(1)",
        "WITH FUNCTION abs(x integer) RETURNS integer RETURN x SELECT abs(1)",
        "WITH FUNCTION extract(x integer) RETURNS integer RETURN x SELECT 1",
        "WITH FUNCTION f(x integer) RETURNS integer RETURN f(x) SELECT f(1)",
        "WITH FUNCTION f(x integer) RETURNS integer RETURN x SELECT 1",
        "WITH FUNCTION f(x integer) RETURNS integer LANGUAGE java RETURN x SELECT f(1)",
        "WITH FUNCTION f(x integer) RETURNS integer SECURITY INVOKER RETURN x SELECT f(1)",
    ] {
        assert_eq!(error(sql).0, SyntaxErrorKind::NotSupported, "{sql}");
    }
    for sql in [
        "WITH FUNCTION f(x integer) RETURNS boolean RETURN x > 1 SELECT f(1)",
        "WITH FUNCTION f(x integer) RETURNS integer DETERMINISTIC NOT DETERMINISTIC RETURN x SELECT f(1)",
        "WITH FUNCTION f(x) RETURNS integer RETURN x SELECT f(1)",
        "WITH FUNCTION f(x integer) RETURN x SELECT f(1)",
    ] {
        assert_eq!(error(sql).0, SyntaxErrorKind::Syntax, "{sql}");
    }
    assert!(parse("WITH function AS (SELECT 1 AS x) SELECT x FROM function").is_ok());
    // Each doubles the one before.
    let functions: Vec<String> = (1..40)
        .map(|at| format!("FUNCTION f{at}(x integer) RETURNS integer RETURN f{0}(x) + f{0}(x)", at - 1))
        .collect();
    let sql = format!("WITH FUNCTION f0(x integer) RETURNS integer RETURN x, {} SELECT f39(1)", functions.join(", "));
    assert_eq!(error(&sql).0, SyntaxErrorKind::TooComplex);
}

#[test]
fn words_tile_the_text() {
    let sql = "select 'ä''ö' as \"ü\", -- ß\n /* a /* b c */ 1.5e3\t<> x\r\nfrom t";
    let text: String = words(sql).expect("words").iter().map(|word| &sql[word.range.clone()]).collect();
    assert_eq!(text, sql);
}
