//! Statements in a real PostgreSQL, through the whole road. `LAKEFRONT_TEST_POSTGRES` and `LAKEFRONT_TEST_PGBOUNCER` hold
//! the addresses (`deploy/test/postgres.sh start`); without them nothing is tested here, which the tests say.

mod shop;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lakefront_query::postgres::PostgresConfig;
use lakefront_query::{CatalogSource, EngineChoice, Execution, ExecutionState, Request};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::lake::{Lake, principal, request};
use shop::{Shop, database, new_database, on_shop, psql, server};

const ORDERS: &str = "
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE DOMAIN euro AS numeric(10,2);
CREATE TABLE orders (id int PRIMARY KEY, buyer text NOT NULL, total euro, day date, mood mood);
COMMENT ON COLUMN orders.total IS 'with tax';
INSERT INTO orders SELECT n, 'buyer ' || n % 7, n * 1.5, date '2024-01-01' + n % 30, CASE WHEN n % 2 = 0 THEN 'calm'::mood END
  FROM generate_series(1, 1000) n;
CREATE TABLE \"Mixed Case\" (\"Id\" int, \"select\" text);
INSERT INTO \"Mixed Case\" VALUES (1, 'a');
CREATE SCHEMA stock;
CREATE TABLE stock.item (id int, name varchar(25));
INSERT INTO stock.item VALUES (1, 'tea'), (2, 'cake');
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_answers_for_its_tables_in_its_own_sql() {
    let Some(shop) = Shop::open(ORDERS).await else { return };
    let mut asked = on_shop(
        "select buyer, count(*) filter (where mood = 'calm') calm, sum(total)::numeric(12,2) as total /* all */\n\
         from orders -- of a day\n\
         where day >= {{from}} and buyer ~ '^buyer [0-3]$' [[ and id = any(array[{{id}}, 3]) ]] and id < {{most}}\n\
         group by 1 order by 1 fetch first 3 rows only",
    );
    asked.parameters = [("from".to_owned(), json!("2024-01-02")), ("most".to_owned(), json!(500.5))].into();
    let execution = shop.lake.queries.submit(asked.clone()).await.expect("it starts");
    execution.finished().await.expect("it runs");
    let status = serde_json::to_value(execution.status()).expect("JSON");
    assert_eq!(status["engine"], "postgres");
    assert!(status["route_reason"].as_str().expect("a reason").contains("postgres://127.0.0.1"), "{status}");
    assert_eq!(status["statistics"]["usd"], "0.00000");
    assert_eq!(status["columns"][2], json!({"name": "total", "type": "decimal(12,2)"}));
    let expected = psql(
        &shop.address,
        "select buyer, count(*) filter (where mood = 'calm'), sum(total)::numeric(12,2) from orders
         where day >= '2024-01-02' and buyer ~ '^buyer [0-3]$' and id < 500.5 group by 1 order by 1 limit 3",
    );
    assert_eq!(shop.rows_of(asked).await.join("\n"), expected);

    // Text is never read as SQL, wherever its type comes from.
    for sql in [
        "select count(*) from orders where buyer = {{text}}",
        "select count(*) from orders where {{text}} is null",
        "select count(*) from orders where concat({{text}}, 'x') = ''",
    ] {
        let mut quoted = on_shop(sql);
        quoted.parameters = [("text".to_owned(), json!("x' or 'a' = 'a\\"))].into();
        assert_eq!(shop.rows_of(quoted).await, ["0"], "{sql}");
    }

    // The same of the values of an EXECUTE, which are Trino's literals in PostgreSQL's types.
    let sql =
        "execute immediate 'select ? + 1, ?, ?, ?, ?, ?, count(*) from orders where buyer = ? and day >= ? limit ?'
               using date '2024-02-28', -1.50, true, null, timestamp '2024-05-06 10:11:12', interval -'2' day,
                     'x'' or ''a'' = ''a', date '2024-01-02', 3";
    assert_eq!(shop.rows(sql).await, ["2024-02-29|-1.50|true|NULL|2024-05-06T10:11:12|-2 days|0"]);
    let sql = "execute immediate 'select pg_typeof(?)::text, pg_typeof(?)::text, pg_typeof(?)::text' using 1, 1.5, 1e0";
    assert_eq!(shop.rows(sql).await, ["integer|numeric|double precision"]);
    assert_eq!(shop.rows("execute immediate 'select id from orders where id = ?' using 7").await, ["7"]);
    for (sql, code) in [
        ("execute immediate 'select ?' using interval '1-2' year to month", "NOT_SUPPORTED"),
        ("execute immediate 'select ?, ?' using 1", "INVALID_PARAMETER_USAGE"),
        ("show create table orders", "NOT_SUPPORTED"),
        ("explain analyze select * from orders", "NOT_SUPPORTED"),
    ] {
        assert_eq!(shop.refused(on_shop(sql)).await.code, code, "{sql}");
    }

    // What reads no table, names in any case, other schemas, and both kinds of catalogs side by side.
    assert_eq!(shop.rows("select '2024-02-29'::date + 1 as d, 'a' || 'b'").await, ["2024-03-01|ab"]);
    assert_eq!(shop.rows("select \"Id\", \"select\" from \"Mixed Case\"").await, ["1|a"]);
    assert_eq!(shop.rows("select ID from ORDERS where Id = 7").await, ["7"]);
    assert_eq!(
        shop.rows("select name from stock.item i where exists (select from orders where id = i.id)").await.len(),
        2
    );
    let elsewhere = request("select i.name::text from shop.stock.item i order by i.name collate \"C\" limit 1");
    assert_eq!(shop.rows_of(elsewhere).await, ["cake"]);
    let files = on_shop("select count(*) from local.demo.sales");
    assert_eq!(shop.rows_of(files).await, ["30"]);
    let both = on_shop("select 1 from orders join local.demo.sales s on s.id = orders.id");
    assert_eq!(shop.refused(both).await.code, "NOT_SUPPORTED");
    let asked = Request { engine: EngineChoice::Embedded, ..on_shop("select * from orders") };
    assert_eq!(shop.refused(asked).await.code, "NOT_SUPPORTED");

    let estimate = shop.lake.queries.estimate(on_shop("select * from orders")).await.expect("an estimate");
    assert!(estimate.estimate.is_none());
    assert_eq!(estimate.engine, EngineChoice::Postgres);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_tells_its_tables() {
    let Some(shop) = Shop::open(&format!(
        "{ORDERS}
        CREATE VIEW calm AS SELECT id FROM orders WHERE mood = 'calm';
        CREATE MATERIALIZED VIEW days AS SELECT day, count(*) FROM orders GROUP BY 1;
        CREATE TABLE log (at timestamptz, line text) PARTITION BY RANGE (at);
        CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE secret (id int, pin text);
        DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
        GRANT SELECT ON orders, calm TO reader;
        GRANT SELECT (id) ON secret TO reader;"
    ))
    .await
    else {
        return;
    };
    let catalogs = shop.lake.queries.catalogs();
    let names = async |catalog: &str, database: &str| {
        let tables = catalogs.tables(catalog, database, None).await.expect("tables");
        tables.into_iter().map(|table| table.name).collect::<Vec<_>>()
    };
    assert_eq!(names("shop", "public").await, ["Mixed Case", "calm", "days", "log", "orders", "secret"]);
    let databases = catalogs.databases("shop").await.expect("databases");
    assert_eq!(databases.iter().map(|each| each.name.as_str()).collect::<Vec<_>>(), ["public", "stock"]);
    let orders = catalogs.table("shop", "public", "orders").await.expect("the table");
    let columns: Vec<_> = orders
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_name.as_str(), column.comment.as_deref()))
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "integer", None),
            ("buyer", "varchar", None),
            ("total", "decimal(10,2)", Some("with tax")),
            ("day", "date", None),
            ("mood", "varchar", None),
        ]
    );

    let as_reader = shop.address.replace("//lakefront@", "//reader@");
    shop.add("mine", &as_reader).await;
    assert_eq!(names("mine", "public").await, ["calm", "orders", "secret"]);
    let secret = catalogs.table("mine", "public", "secret").await.expect("the table");
    assert_eq!(secret.columns.len(), 1);
    let asked = request("select * from mine.public.secret");
    assert_eq!(shop.refused(asked).await.code, "FORBIDDEN");
    let asked = request("select * from mine.stock.item");
    assert_eq!(shop.refused(asked).await.code, "TABLE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_values_keep_their_types() {
    let Some(shop) = Shop::open(
        "CREATE TYPE mood AS ENUM ('calm', 'cross');
         CREATE TABLE kinds (b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric(38,10), t text, v varchar(5),
           c char(3), u uuid, j json, jb jsonb, ip inet, by bytea, d date, ti time, ts timestamp, tz timestamptz,
           iv interval, m mood, a int[], at text[], ab bytea[], au uuid[], am mood[], an numeric(5,1)[], o oid);
         INSERT INTO kinds VALUES (true, -32768, -2147483648, -9223372036854775808, 1.5, 0.1,
           -1234567890123456789012345678.0123456789, 'ž', 'abc', 'x', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
           '{\"a\": 1}', '{\"a\":1}', '10.0.0.1/8', '\\xdeadbeef', '0044-03-15 BC', '23:59:59.999999',
           '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56+02', '1 year 2 mons 3 days 04:05:06.7', 'cross',
           '{1,NULL,3}', '{a,NULL,\"b,c\"}', '{\"\\\\xff\"}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{calm,cross}',
           '{1.5,-0.1}', 4294967295);
         INSERT INTO kinds DEFAULT VALUES;",
    )
    .await
    else {
        return;
    };
    let types = shop.types("select * from kinds").await;
    assert_eq!(
        types.join("; "),
        "boolean; smallint; integer; bigint; real; double; decimal(38,10); varchar; varchar(5); char(3); uuid; json; json; \
         ipaddress; varbinary; date; time(6); timestamp(6); timestamp(6) with time zone; interval; varchar; array(integer); \
         array(varchar); array(varbinary); array(uuid); varchar; array(decimal(5,1)); bigint"
    );
    let rows = shop.rows("select * from kinds order by b").await;
    assert_eq!(
        rows[0],
        "true|-32768|-2147483648|-9223372036854775808|1.5|0.1|-1234567890123456789012345678.0123456789|ž|abc|x  |\
         a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{\"a\": 1}|{\"a\": 1}|10.0.0.1/8|deadbeef|-0043-03-15|23:59:59.999999|\
         2024-02-29T12:34:56.789012|2024-02-29T10:34:56Z|1 year 2 mons 3 days 04:05:06.7|cross|[1, NULL, 3]|\
         [a, NULL, b,c]|[ff]|[a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11]|{calm,cross}|[1.5, -0.1]|4294967295"
    );
    assert_eq!(rows[1], ["NULL"; 28].join("|"));

    // Numbers without a precision.
    assert_eq!(shop.types("select avg(i) from generate_series(1, 4) i").await, ["decimal(38,16)"]);
    assert_eq!(
        shop.rows("select avg(i), sum(i), 1/3.0 from generate_series(1, 4) i").await,
        ["2.5000000000000000|10|0.33333333333333333333"]
    );
    let wide = "select '1e40'::numeric as a, 'NaN'::numeric as b, 1e-10::numeric + 7 as c";
    assert_eq!(shop.rows(wide).await, [format!("1{}|NaN|7.0000000001", "0".repeat(40))]);
    let many = "select n * 1.25 as x from generate_series(1, 30000) n order by n";
    assert_eq!(shop.types(many).await, ["decimal"]);
    assert_eq!(shop.rows(many).await[29_999], "37500.00");

    for (sql, told) in [
        ("select date 'infinity' as far", "\"far\" has the date infinity"),
        ("select timestamp '-infinity' as far", "\"far\" has the date infinity"),
        ("select array[[1,2],[3,4]] as deep", "\"deep\" has a list of lists"),
        ("select 'NaN'::numeric(5,2) as n", "\"n\" has the number NaN"),
    ] {
        let error = shop.refused(on_shop(sql)).await;
        assert_eq!(error.code, "NUMERIC_VALUE_OUT_OF_RANGE", "{error:?}");
        assert!(error.message.contains(told), "{error:?}");
    }
    assert_eq!(shop.rows("select date 'infinity'::text, array[[1,2]]::text").await, ["infinity|{{1,2}}"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_errors_point_into_the_authors_text() {
    let Some(shop) = Shop::open(ORDERS).await else { return };
    for (sql, code, line, column) in [
        ("select buyer /* é */\nfrom orders\nwhere buyer = {{name}} and nam = 'x'", "COLUMN_NOT_FOUND", 3, 28),
        ("select buyer\nfrom order_s", "TABLE_NOT_FOUND", 2, 6),
        ("select * except (id) from orders", "SYNTAX_ERROR", 1, 18),
        ("select buyer + 1\nfrom orders", "OPERATOR_NOT_FOUND", 1, 14),
        ("select buyer, count(*) from orders", "EXPRESSION_NOT_AGGREGATE", 1, 8),
        ("select id from orders o join stock.item i using (id) where o.id = 'x'", "INVALID_CAST_ARGUMENT", 1, 67),
    ] {
        let mut wrong = on_shop(sql);
        wrong.parameters = [("name".to_owned(), json!("a rather long name that moves what follows"))].into();
        let error = shop.refused(wrong).await;
        assert_eq!(error.code, code, "{sql}: {error:?}");
        let told = serde_json::to_value(&error).expect("JSON");
        assert_eq!(told["position"], json!({"line": line, "column": column}), "{sql}: {told}");
    }
    for (sql, code) in [
        ("select 1 / (id - 1) from orders", "DIVISION_BY_ZERO"),
        ("select buyer::int from orders", "INVALID_CAST_ARGUMENT"),
        ("select (select id from orders)", "SUBQUERY_MULTIPLE_ROWS"),
        ("select id::int2 * 1000::int2 from orders", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ] {
        assert_eq!(shop.refused(on_shop(sql)).await.code, code, "{sql}");
        // The connection is as good as before.
        assert_eq!(shop.rows("select 1 as x").await, ["1"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_reads_its_own_sql() {
    let Some(shop) = Shop::open(&format!(
        "{ORDERS}
        CREATE TABLE docs (id int, j jsonb, tags text[], at timestamptz);
        INSERT INTO docs VALUES (1, '{{\"a\": {{\"b\": [1, 2]}}, \"c\": \"x\"}}', '{{red,blue}}', '2024-03-01 10:00+01'),
          (2, '{{\"c\": null}}', '{{}}', NULL);"
    ))
    .await
    else {
        return;
    };
    for sql in [
        "select j->>'c', j #>> '{a,b,1}', j ? 'a', j @> '{\"c\": \"x\"}', j ?| array['a','z'] from docs where id = 1",
        "select id, tag, n from docs cross join lateral unnest(tags) with ordinality as t(tag, n) order by id, n",
        "select d.id, x.n from docs d left join lateral (select count(*) n from orders where id < d.id * 10) x on true order by 1",
        "select distinct on (day) day::text, id from orders order by day, id desc limit 3",
        "select buyer, sum(total)::text from orders group by grouping sets ((buyer), ()) order by buyer nulls last limit 9",
        "select percentile_cont(0.5) within group (order by id)::int, string_agg(distinct buyer, ',' order by buyer) from orders",
        "select id, lag(id) over w, sum(id) over (order by id rows between 1 preceding and current row) from orders window w as (order by id) order by id limit 3",
        "with recursive t(n) as (values (1) union all select n + 1 from t where n < 5) select sum(n) from t",
        "with a as materialized (select id from orders where id <= 3), b as (select * from a) select count(*) from b, a",
        "select x.a, x.b from json_to_recordset('[{\"a\": 1, \"b\": \"z\"}]') as x(a int, b text)",
        "select (date '2024-01-31' + make_interval(months => 1))::text, (date_trunc('month', at) at time zone 'Europe/Prague')::text from docs where id = 1",
        "select extract(year from at)::int, to_char(at, 'YYYY-MM-DD HH24:MI'), at::date::text from docs where id = 1",
        "select substring('Thomas' from '...$'), trim(both 'x' from 'xTomx'), position('om' in 'Thomas'), overlay('Txxxxas' placing 'hom' from 2 for 4)",
        "select 2 ^ 10 > 1000, |/ 25 = 5, @ -5, 7 % 3, 5 & 3, 1 << 4, 'abc' !~ '^b', 'abc' similar to '%(b|d)%', 'Ab' ilike 'aB'",
        "select 3 between 1 and 5, (1, 2) = row(1, 2), null is distinct from 1, 2 = any(array[1, 2]), 2 > all (select 1)",
        "select array(select id from orders where id < 4 order by id desc)::text, (array[1,2,3])[2:3]::text, array[1,2] || 3 = array[1,2,3]",
        "select count(*) filter (where mood = 'calm'), count(distinct buyer), bool_or(id > 5), min(day)::text from orders",
        "select id from orders order by id offset 2 rows fetch next 2 rows only",
        "select id from orders where id < 3 union all select id from stock.item intersect select 1 order by 1",
        "select o.id, orders_of.buyer from orders o join orders as orders_of using (id) where id in (1, 2) order by id",
        "select public.orders.id from public.orders where orders.id = 3",
        "select shop.public.orders.id is null from shop.public.orders where id = 1",
        "select t.* from (values (1, 'a'), (2, 'b')) as t(n, s) order by n desc",
        "select case when n % 2 = 0 then 'even' else 'odd' end, n from generate_series(1, 3) as n order by n",
        "select to_tsvector('english', 'The cats') @@ to_tsquery('english', 'cat'), int4range(1, 5) @> 3, lower(int4range(1, 5))",
        "select mood from orders where mood = 'calm' and id = 2",
        "select numeric '1.50' * 2, coalesce(null, 'x'), nullif(1, 1), greatest(1, 2), 'a' || 1",
        "select \"Id\" from public.\"Mixed Case\" \"M\" where \"M\".\"select\" = 'a'",
        "select 'it''s' as \"quote\"\"d\"",
        "select jsonb_path_query_first(j, '$.a.b[*] ? (@ > 1)')::text, jsonb_build_object('k', id)::text from docs where id = 1",
        "select exists (select from docs), (select max(id) from docs) + 1",
    ] {
        let expected = psql(&shop.address, &sql.replace("shop.public.", "public."));
        let as_psql = |row: &String| {
            let values = row.split('|').map(|value| match value {
                "true" => "t",
                "false" => "f",
                "NULL" => "",
                value => value,
            });
            values.collect::<Vec<_>>().join("|")
        };
        let rows: Vec<String> = shop.rows(sql).await.iter().map(as_psql).collect();
        assert_eq!(rows.join("\n"), expected, "{sql}");
    }
    for (sql, rows) in [
        ("show tables", "Mixed Case, docs, orders"),
        ("show schemas from shop", "public, stock"),
        ("explain select * from orders", "Reads what only a run can tell, on the postgres engine: its tables are in"),
    ] {
        let told = shop.rows(sql).await.join(", ");
        assert!(told.starts_with(rows), "{sql}: {told}");
    }
    assert_eq!(shop.rows("describe orders").await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_sent_nothing_that_reaches_out() {
    let Some(shop) = Shop::open(&format!(
        "{ORDERS}
        CREATE TABLE traces (at timestamptz);
        CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO public.traces VALUES (now()) RETURNING 1';
        CREATE VIEW sneaky AS SELECT public.writes() AS x;
        CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT ''planted''';"
    ))
    .await
    else {
        return;
    };
    for sql in [
        "insert into traces values (now())",
        "with x as (insert into traces values (now()) returning 1) select * from x",
        "with x as (delete from orders returning 1) select * from x",
        "select 1; drop table orders",
        "select 1 /* ; */ ; select 2",
        "select * into stolen from orders",
        "select * from orders for update",
        "select * from orders for key share",
        "table orders",
        "copy orders to program 'id'",
        "set search_path = public",
        "begin",
        "do $$ begin end $$",
        "call x()",
        "explain analyze select * from orders",
        "explain (analyze) select * from orders",
        "select pg_sleep(1)",
        "select pg_catalog.pg_sleep(1)",
        "select \"pg_sleep\"(1)",
        "select PG_SLEEP (1)",
        "select pg_read_file('/etc/passwd')",
        "select * from pg_ls_dir('/')",
        "select lo_import('/etc/passwd')",
        "select * from dblink('dbname=x', 'select 1') as t(a int)",
        "select set_config('transaction_read_only', 'off', false)",
        "select current_setting('data_directory')",
        "select nextval('x')",
        "select query_to_xml('select 1', true, true, '')",
        "select table_to_xml('orders', true, true, '')",
        "select ts_rewrite('a'::tsquery, 'select 1')",
        "select * from ts_stat('select 1')",
        "select pg_terminate_backend(1)",
        "select pg_advisory_lock(1)",
        "select pg_notify('x', 'y')",
        "select txid_current()",
        "select has_table_privilege('orders', 'select')",
        "select writes()",
        "select public.writes()",
        "select * from writes()",
        "select * from writes() with ordinality",
        "select * from rows from (writes())",
        "select array(select writes())",
        "select distinct on (writes()) id from orders",
        "select id from orders order by writes()",
        "select id from orders fetch first (select writes()) rows only",
        "select sum(id) over (order by writes()) from orders",
        "select * from orders tablesample system (1)",
        "select 1 operator(public.+) 1",
        "select current_user",
        "select user",
        "select current_role, current_schema, session_user",
        "select 'orders'::regclass",
        "select 1::regtype",
        "select cast('orders' as pg_catalog.regclass)",
        "select regclass 'orders'",
        "select array['orders']::regclass[]",
        "select * from pg_class",
        "select * from pg_catalog.pg_authid",
        "select * from shop.pg_catalog.pg_authid",
        "select * from information_schema.tables",
        "select * from postgres.public.orders",
        "select $1",
        "select $$text$$",
        "select E'\\\\' || 'x'",
        "select '\\' || writes() || '\\'",
        "select 1 -- \r; drop table orders",
        "select 1 /* /* */ */ ; drop table orders",
    ] {
        let error = shop.refused(on_shop(sql)).await;
        let refusals =
            ["STATEMENT_NOT_ALLOWED", "FUNCTION_NOT_ALLOWED", "NOT_SUPPORTED", "TABLE_NOT_FOUND", "SYNTAX_ERROR"];
        assert!(refusals.contains(&error.code), "{sql}: {error:?}");
    }
    // What a view hides is held by the transaction.
    assert_eq!(shop.refused(on_shop("select * from sneaky")).await.code, "STATEMENT_NOT_ALLOWED");
    // A function that somebody put beside PostgreSQL's own is not called in its place.
    assert_eq!(shop.rows("select lower('ABC'::varchar)").await, ["abc"]);
    assert_eq!(psql(&shop.address, "select (select count(*) from traces), (select count(*) from orders)"), "0|1000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_through_a_pooler() {
    let Some(shop) = Shop::open(ORDERS).await else { return };
    let Some(pooler) = server("LAKEFRONT_TEST_PGBOUNCER") else { return };
    let name = shop.address.rsplit_once('/').expect("a database").1.to_owned();
    shop.add("pooled", &database(&pooler, &name)).await;
    psql(&shop.address, "CREATE TABLE many AS SELECT n, md5(n::text) AS h FROM generate_series(1, 50000) n");
    shop.lake.queries.catalogs().refresh("pooled", None).await.expect("the catalog is listed");
    let shop = Arc::new(shop);
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..12 {
        let shop = shop.clone();
        clients.spawn(async move {
            let sql = format!("select n, h, {client} as c from pooled.public.many where n > {{{{from}}}} order by n");
            let mut asked = Request { principal: principal(&format!("p{client}")), ..request(&sql) };
            asked.parameters = [("from".to_owned(), json!(10 * client))].into();
            let rows = shop.rows_of(asked).await;
            assert_eq!(rows.len(), 50_000 - 10 * client);
            assert!(rows[0].ends_with(&format!("|{client}")), "{}", rows[0]);
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client");
    }
    // Nothing stays behind in the connections that others use.
    let left = psql(
        &database(&pooler, &name),
        "select current_setting('search_path'), current_setting('statement_timeout'), (select count(*) from pg_prepared_statements)",
    );
    assert_eq!(left, "\"$user\", public|0|0");

    // Stopped behind the pooler, too.
    let endless =
        "select count(*) as pooled_mark from pooled.public.many a, pooled.public.many b where a.h < b.h || 'x'";
    let execution = shop.lake.queries.submit(request(endless)).await.expect("it starts");
    shop.until_running("pooled_mark", true).await;
    execution.cancel();
    let took = shop.until_running("pooled_mark", false).await;
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    ended(&execution, ExecutionState::Cancelled).await;
    assert_eq!(shop.rows_of(request("select count(*) from pooled.public.orders")).await, ["1000"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_what_nobody_waits_for() {
    let Some(shop) = Shop::with(ORDERS, |config| config.limits.result_rows = 25_000).await else { return };
    let endless = |mark: &str| {
        on_shop(&format!(
            "select count(*) as {mark} from generate_series(1, 100000) a, generate_series(1, 100000) b where a < b"
        ))
    };
    let execution = shop.lake.queries.submit(endless("cancel_mark")).await.expect("it starts");
    shop.until_running("cancel_mark", true).await;
    execution.cancel();
    let took = shop.until_running("cancel_mark", false).await;
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    ended(&execution, ExecutionState::Cancelled).await;

    let late = Request { deadline: Some(Duration::from_millis(1_500)), ..endless("late_mark") };
    let execution = shop.lake.queries.submit(late).await.expect("it starts");
    shop.until_running("late_mark", true).await;
    assert_eq!(execution.finished().await.err().expect("a refusal").code, "TIMEOUT");
    let took = shop.until_running("late_mark", false).await;
    assert!(took < Duration::from_secs(3), "it took {took:?}");

    // A result at its limit ends the run, however much there would be.
    let long = on_shop("select generate_series(1, 2000000000) as cut_mark");
    let execution = shop.lake.queries.submit(long).await.expect("it starts");
    let cut = execution.finished().await.expect("it runs");
    assert_eq!((cut.rows(), cut.truncated()), (25_000, true));
    shop.until_running("cut_mark", false).await;
    let idle = "select count(*) from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()";
    let began = Instant::now();
    while psql(&shop.address, idle) != "0" {
        assert!(began.elapsed() < Duration::from_secs(5), "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_may_break_off_and_come_back() {
    let Some(shop) = Shop::open(ORDERS).await else { return };
    let kill = || {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
        psql(&shop.address, sql).parse::<u32>().expect("a number")
    };
    assert_eq!(shop.rows("select count(*) from orders").await, ["1000"]);
    // Connections that died while nobody used them.
    assert!(kill() > 0);
    assert_eq!(shop.rows("select count(*) + 1 from orders").await, ["1001"]);

    let execution = shop.lake.queries.submit(on_shop(
        "select count(*) as killed_mark from generate_series(1, 100000) a, generate_series(1, 100000) b where a < b",
    ));
    let execution = execution.await.expect("it starts");
    shop.until_running("killed_mark", true).await;
    assert!(kill() > 0);
    let error = execution.finished().await.err().expect("a failure");
    assert_eq!(error.code, "ENGINE_UNAVAILABLE", "{error:?}");
    assert_eq!(shop.rows("select count(*) + 2 from orders").await, ["1002"]);

    // A server that sleeps: the first connections end at once, as behind a proxy that still wakes it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (server, name) = shop.address.rsplit_once('/').expect("a database");
    let server = server.rsplit_once('@').expect("a host").1.to_owned();
    tokio::spawn(async move {
        for refused in 0.. {
            let (mut client, _) = listener.accept().await.expect("a connection");
            if refused < 3 {
                let _ = client.shutdown().await;
                continue;
            }
            let server = server.clone();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(server).await.expect("the server");
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    shop.add("asleep", &format!("postgres://lakefront@127.0.0.1:{port}/{name}")).await;
    assert_eq!(shop.rows_of(request("select count(*) from asleep.public.orders")).await, ["1000"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_signed_in_to_over_tls_bound_to_its_certificate() {
    let Some(server) = server("LAKEFRONT_TEST_POSTGRES") else { return };
    let Ok(authority) = std::env::var("LAKEFRONT_TEST_POSTGRES_CA") else { return };
    let authority = std::fs::read(authority).expect("a certificate");
    let name = new_database(&server);
    let address = database(&server, &name);
    psql(&address, "CREATE TABLE t AS SELECT 1 AS x");
    let role = format!("tls_{name}");
    psql(&address, &format!("CREATE ROLE {role} LOGIN PASSWORD 'pa:ss' IN ROLE scram; GRANT SELECT ON t TO {role}"));
    let lake = Lake::new().await;
    let added = async |catalog: &str, password: &str, options: &str, authority: Option<Vec<u8>>| {
        let address = address.replace("//lakefront@", &format!("//{role}:{password}@"));
        let config = PostgresConfig::parse(&format!("{address}?{options}"), authority).expect("an address");
        lake.queries.catalogs().add(catalog, CatalogSource::Postgres(config)).await.expect("the catalog is added");
        lake.queries.catalogs().refresh(catalog, None).await.map(|report| report.tables).map_err(|error| error.code)
    };
    let bound = "sslmode=verify-full&channel_binding=require";
    assert_eq!(added("bound", "pa%3Ass", bound, Some(authority.clone())).await, Ok(1));
    let on_tls = "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = ";
    assert_eq!(psql(&address, &format!("{on_tls}'{role}' limit 1")), "t");
    assert_eq!(added("unbound", "pa%3Ass", "channel_binding=disable", Some(authority.clone())).await, Ok(1));
    assert_eq!(added("wrong", "hunter2", bound, Some(authority)).await, Err("ENGINE_REFUSED"));
    assert_eq!(added("stranger", "pa%3Ass", "sslmode=require", None).await, Err("ENGINE_UNAVAILABLE"));
    // SCRAM tells the password to nobody, so it may go without TLS where the address says so.
    assert_eq!(added("open", "pa%3Ass", "sslmode=disable", None).await, Ok(1));
}

async fn ended(execution: &Execution, state: ExecutionState) {
    assert!(execution.finished().await.is_err());
    assert_eq!(execution.state(), state);
}
