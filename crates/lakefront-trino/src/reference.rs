//! What of Trino's SQL is read here and what is refused, each with an example that a test tries.

/// A construct and a statement that uses it. Tables of the examples are `nation` (nationkey, name, regionkey) and `region`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Construct {
    pub name: &'static str,
    pub example: &'static str,
}

const fn construct(name: &'static str, example: &'static str) -> Construct {
    Construct { name, example }
}

/// Planned with Trino's meaning.
pub const SUPPORTED: &[Construct] = &[
    construct("Typed literals", "SELECT BIGINT '1', DECIMAL '1.50', REAL '1.5', DATE '2024-05-06', X'65FF'"),
    construct(
        "Timestamps to 12 digits, with zones",
        "SELECT TIMESTAMP '2024-05-06 10:11:12.123456789012 Europe/Paris'",
    ),
    construct("Intervals", "SELECT INTERVAL '1-2' YEAR TO MONTH, INTERVAL '2' DAY"),
    construct("Unicode strings", "SELECT U&'caf\\00E9'"),
    construct("Arrays, maps and rows", "SELECT ARRAY[1, 2], MAP(ARRAY['a'], ARRAY[1]), ROW(1, 'x')"),
    construct("Subscripts from 1", "SELECT ARRAY[1, 2][1], MAP(ARRAY['a'], ARRAY[1])['a']"),
    construct("Fields of rows", "SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar)).a"),
    construct("Rows as columns", "SELECT (ROW(1, 'x')).*"),
    construct("Lambdas", "SELECT transform(ARRAY[1, 2], x -> x + 1)"),
    construct("CAST and TRY_CAST", "SELECT CAST('1' AS integer), TRY_CAST('x' AS integer)"),
    construct("TRY", "SELECT TRY(1 / 0)"),
    construct(
        "IF, COALESCE, NULLIF, CASE",
        "SELECT IF(true, 1), COALESCE(NULL, 2), NULLIF(1, 1), CASE 1 WHEN 1 THEN 'a' END",
    ),
    construct("AT TIME ZONE", "SELECT TIMESTAMP '2024-05-06 10:11:12 UTC' AT TIME ZONE 'Europe/Paris'"),
    construct(
        "EXTRACT, POSITION, SUBSTRING, TRIM",
        "SELECT EXTRACT(YEAR FROM DATE '2024-05-06'), POSITION('a' IN 'ba'), SUBSTRING('abc' FROM 2), TRIM(BOTH 'x' FROM 'xax')",
    ),
    construct("LIKE with ESCAPE", "SELECT 'a_b' LIKE 'a\\_b' ESCAPE '\\'"),
    construct("IS DISTINCT FROM", "SELECT NULL IS DISTINCT FROM 1"),
    construct(
        "IN, EXISTS and scalar subqueries",
        "SELECT name FROM nation n WHERE EXISTS (SELECT 1 FROM region r WHERE r.regionkey = n.regionkey)",
    ),
    construct("ANY and ALL", "SELECT name FROM nation WHERE nationkey > ALL (SELECT regionkey FROM region)"),
    construct(
        "FILTER and DISTINCT in aggregates",
        "SELECT count(DISTINCT regionkey) FILTER (WHERE nationkey > 3) FROM nation",
    ),
    construct(
        "ORDER BY in aggregates, WITHIN GROUP",
        "SELECT array_agg(name ORDER BY nationkey), listagg(name, ', ') WITHIN GROUP (ORDER BY name) FROM nation",
    ),
    construct(
        "GROUPING SETS, CUBE, ROLLUP",
        "SELECT regionkey, name, count(*), grouping(regionkey, name) FROM nation GROUP BY ROLLUP (regionkey, name)",
    ),
    construct(
        "Window functions and frames",
        "SELECT sum(nationkey) OVER (PARTITION BY regionkey ORDER BY nationkey ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM nation",
    ),
    construct("Named windows", "SELECT rank() OVER w FROM nation WINDOW w AS (ORDER BY name)"),
    construct("Joins with ON and USING", "SELECT r.name FROM nation n LEFT JOIN region r USING (regionkey)"),
    construct("UNNEST with ordinality", "SELECT x, n FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t(x, n)"),
    construct(
        "Subqueries of one row, by any condition on the rows around",
        "SELECT name, (SELECT count(*) FROM nation o WHERE o.nationkey < n.nationkey) FROM nation n",
    ),
    construct(
        "LATERAL",
        "SELECT n.name, l.c FROM nation n CROSS JOIN LATERAL (SELECT count(*) c FROM region r WHERE r.regionkey = n.regionkey) l",
    ),
    construct("VALUES and TABLE", "SELECT * FROM (VALUES 1, 2) AS t(x)"),
    construct(
        "WITH, also recursive",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
    ),
    construct(
        "WITH FUNCTION of one expression",
        "WITH FUNCTION twice(x integer) RETURNS integer RETURN x * 2 SELECT twice(21)",
    ),
    construct(
        "UNION, INTERSECT, EXCEPT, with ALL",
        "SELECT regionkey FROM nation EXCEPT ALL SELECT regionkey FROM region",
    ),
    construct(
        "OFFSET, LIMIT, FETCH FIRST, WITH TIES",
        "SELECT name FROM nation ORDER BY name FETCH FIRST 2 ROWS WITH TIES",
    ),
    construct(
        "MATCH_RECOGNIZE",
        "SELECT * FROM nation MATCH_RECOGNIZE (PARTITION BY regionkey ORDER BY nationkey MEASURES FIRST(A.name) AS first, FINAL count(*) AS n, CLASSIFIER() AS c ALL ROWS PER MATCH AFTER MATCH SKIP TO LAST B PATTERN (A+? (B | {- C -})* $) SUBSET u = (A, B) DEFINE B AS B.nationkey > PREV(LAST(A.nationkey)))",
    ),
    construct("TABLESAMPLE", "SELECT count(*) FROM nation TABLESAMPLE BERNOULLI (10)"),
];

/// Trino's, and refused here: with an Athena or a Trino beside, the statement goes there.
pub const REFUSED: &[Construct] = &[
    construct(
        "IN of a constant where its list has NULL and what is no constant",
        "SELECT 1 IN (nationkey, NULL) FROM nation",
    ),
    construct(
        "count(DISTINCT …) of a constant beside other aggregates",
        "SELECT count(DISTINCT 'CA'), max(name) FROM nation",
    ),
    construct("IN and BETWEEN of a value that is random", "SELECT random() BETWEEN 0.2 AND 0.8 FROM nation"),
    construct(
        "A comparison of a cast array or row with a constant that holds NULL",
        "SELECT ARRAY[nationkey] = ARRAY[1e0, NULL] FROM nation",
    ),
    construct(
        "TRY_CAST and CAST of one ROW(…) within each other",
        "SELECT CAST(TRY_CAST(ROW(name) AS row(x bigint)) AS row(x double)) FROM nation",
    ),
    construct(
        "A cast of a row in which rows with named fields become JSON",
        "SELECT CAST(CAST(ROW(ROW(nationkey)) AS row(x row(a integer))) AS row(x json)) FROM nation",
    ),
    construct(
        "A cast of a boolean to a decimal without digits before its point",
        "SELECT CAST(nationkey > 3 AS decimal(2, 2)) FROM nation",
    ),
    construct(
        "A row pattern in a window",
        "SELECT n OVER (ORDER BY nationkey MEASURES LAST(name) AS n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING PATTERN (A) DEFINE A AS true) FROM nation",
    ),
    construct(
        "A subquery in MEASURES or DEFINE",
        "SELECT * FROM nation MATCH_RECOGNIZE (MEASURES 1 AS n PATTERN (A) DEFINE A AS EXISTS (SELECT 1))",
    ),
    construct(
        "PREV, NEXT, FIRST or LAST over more than 500 rows",
        "SELECT * FROM nation MATCH_RECOGNIZE (MEASURES LAST(name, 501) AS n PATTERN (A) DEFINE A AS true)",
    ),
    construct("GROUP BY DISTINCT and GROUP BY ALL before names", "SELECT name FROM nation GROUP BY DISTINCT name"),
    construct("A subquery of several columns as a value", "SELECT (SELECT 1, 2)"),
    construct("A random value of a subquery", "SELECT (SELECT random())"),
    construct("A random value of LATERAL", "SELECT r FROM nation CROSS JOIN LATERAL (SELECT random() AS r) l"),
    construct(
        "GROUP BY of an expression with a subquery that SELECT repeats",
        "SELECT nationkey IN (SELECT 1) FROM nation GROUP BY nationkey IN (SELECT 1)",
    ),
    construct(
        "WITH RECURSIVE by UNION without ALL",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t",
    ),
    construct("current_user", "SELECT current_user"),
    construct(
        "FETCH FIRST … WITH TIES by what is not selected",
        "SELECT name FROM nation ORDER BY nationkey + 1 FETCH FIRST 2 ROWS WITH TIES",
    ),
    construct(
        "An expression of GROUP BY within a lambda",
        "SELECT transform(ARRAY[1], x -> x + (nationkey + 1)) FROM nation GROUP BY nationkey + 1",
    ),
    construct("A RIGHT or FULL JOIN of UNNEST", "SELECT x FROM nation RIGHT JOIN UNNEST(ARRAY[1, 2]) u(x) ON true"),
    construct(
        "OFFSET with FETCH FIRST … WITH TIES",
        "SELECT name FROM nation ORDER BY name OFFSET 1 FETCH FIRST 2 ROWS WITH TIES",
    ),
    construct(
        "WITH FUNCTION with BEGIN … END",
        "WITH FUNCTION twice(x integer) RETURNS integer BEGIN RETURN x * 2; END SELECT twice(21)",
    ),
    construct("CASE, COALESCE and NULLIF of a value that is random", "SELECT nullif(random(3), 0) FROM nation"),
    construct(
        "ORDER BY of an expression over a random value of SELECT",
        "SELECT random() AS r FROM nation ORDER BY r + 1",
    ),
    construct(
        "A random value that stands in several aggregates or windows",
        "SELECT min(random()), max(random()) FROM nation",
    ),
    construct(
        "ORDER BY a window of the WINDOW clause that is defined by a name of the result",
        "SELECT -nationkey AS nationkey FROM nation WINDOW w AS (ORDER BY nationkey) ORDER BY rank() OVER w",
    ),
    construct("bar, color, render and rgb", "SELECT render(5, color('red'))"),
    construct("Geospatial functions", "SELECT ST_Point(1, 2)"),
    construct("Machine learning functions", "SELECT features(1.0, 2.0)"),
    construct("quantile_at_value", "SELECT quantile_at_value(qdigest_agg(nationkey), 3) FROM nation"),
    construct("Table functions", "SELECT * FROM TABLE(sequence(start => 1, stop => 3))"),
];
