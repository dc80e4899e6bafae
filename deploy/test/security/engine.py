"""User SQL reads registered tables and nothing else: no files, no network, no writes."""

import os

from .harness import CANARY, case, check, skip, workers
from .s3 import Bucket

REFUSED_TABLE_FUNCTIONS = [
    "read_csv", "read_parquet", "read_json", "read_text", "read_blob", "glob", "sniff_csv", "parquet_metadata",
    "parquet_scan", "read_csv_auto", "read_arrow", "list_files_cache", "metadata_cache", "statistics_cache",
]  # fmt: skip
# Functions of the engine that tell about the machine, or of other engines that read, write or wait.
REFUSED_FUNCTIONS = [
    "version()", "arrow_typeof(1)", "arrow_cast(1, 'Int8')", "input_file_name()", "file_row_index()", "pg_sleep(9)",
    "pg_read_file('/etc/passwd')", "getenv('HOME')", "load_file('/etc/passwd')", "current_setting('x')", "lo_import('x')",
    "sleep(9)", "url_fetch('http://127.0.0.1')", "query_to_xml('select 1')", "dblink('x', 'y')", "xmlparse('x')",
    "no_such_function(1)", "get_field(1, 'a')", "named_struct('a', 1)", "with_metadata(1, 'a', 'b')",
]  # fmt: skip


def folders(world):
    """Everything below the folders that no statement may write to."""
    watched = [world.canary.parent, world.main.data / "lake"]
    return {os.path.join(at, name) for root in watched for at, _, names in os.walk(root) for name in names}


def refused(world, statements, code):
    """Each statement answers 4xx with the code, without touching files or the network."""
    before = folders(world)
    for sql in statements:
        answer = world.main.run(sql)
        codes = code if isinstance(code, tuple) else (code,)
        check(400 <= answer.status < 500 and answer.code in codes, f"{sql[:160]} answered {answer}")
        check(CANARY not in answer.body, f"{sql} answered the canary")
    check(folders(world) == before, f"files appeared: {folders(world) - before}")
    check(not world.sensor.seen, f"a connection was opened: {world.sensor.seen}")


@case("ENG-001")
def a_path_is_no_table(world):
    path = world.canary
    # A text where a name belongs is no SQL at all; as a quoted name it is a table that is not there.
    refused(world, [f"SELECT * FROM '{path}'"], ("TABLE_NOT_FOUND", "SYNTAX_ERROR"))
    quoted = [f'"{path}"', f'"file://{path}"', f'"http://127.0.0.1:{world.sensor.port}/x.csv"', '"forecast.csv"', '"../main/forecast"']
    refused(world, [f"SELECT * FROM {name}" for name in quoted], "TABLE_NOT_FOUND")


@case("ENG-002")
def functions_that_read_files_do_not_exist(world):
    for_all = [f"SELECT * FROM {name}('{world.canary}')" for name in REFUSED_TABLE_FUNCTIONS]
    refused(world, for_all, "FUNCTION_NOT_ALLOWED")


@case("ENG-003")
def no_external_tables(world):
    location = f"STORED AS CSV LOCATION '{world.canary}'"
    refused(world, [f"CREATE EXTERNAL TABLE x {location}", f"CREATE UNBOUNDED EXTERNAL TABLE x (a int) {location}"], "STATEMENT_NOT_ALLOWED")


@case("ENG-004")
def no_copy(world):
    target = world.canary.with_name("lf-write.csv")
    refused(
        world,
        [
            f"COPY (SELECT 'x') TO '{target}'",
            f"COPY forecast TO '{target}' STORED AS CSV",
            f"UNLOAD (SELECT 1) TO '{target}' WITH (format = 'PARQUET')",
            f"SELECT 1 INTO OUTFILE '{target}'",
            "SELECT 1 INTO x",
            "CREATE TABLE x AS SELECT 1",
            "CREATE VIEW x AS SELECT 1",
            "INSERT INTO forecast SELECT * FROM forecast",
            "UPDATE forecast SET state = 'x'",
            "DELETE FROM forecast",
            "DROP TABLE forecast",
            "TRUNCATE TABLE forecast",
        ],
        ("STATEMENT_NOT_ALLOWED", "SYNTAX_ERROR"),
    )
    check(not target.exists(), f"{target} was written")


@case("ENG-005")
def no_table_elsewhere(world):
    port = world.sensor.port
    places = [f"http://127.0.0.1:{port}/x.csv"]
    places += [f"{scheme}://127.0.0.1:{port}/x" for scheme in ("https", "s3", "s3a", "gs", "az", "abfss", "hdfs", "ftp", "file")]
    refused(world, [f"CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{place}'" for place in places], "STATEMENT_NOT_ALLOWED")
    refused(world, [f'SELECT * FROM "{place}"' for place in places], "TABLE_NOT_FOUND")


@case("ENG-006")
def no_settings(world):
    names = ["execution.batch_size", "catalog.location", "runtime.memory_limit", "runtime.temp_directory"]
    statements = [f"SET datafusion.{name} = 1" for name in names]
    statements += ["SHOW ALL", "SET SESSION x = 1", "SET TIME ZONE 'UTC'", "RESET ALL", "USE main"]
    statements += ["PREPARE p FROM SET SESSION x = 1", "PREPARE p FROM EXECUTE p", "EXECUTE IMMEDIATE 'SET SESSION x = 1'", "SET ROLE ALL", "BEGIN", "COMMIT", "ANALYZE forecast", "KILL 1", "LOAD 'x'", "CALL x()"]
    refused(world, statements, ("STATEMENT_NOT_ALLOWED", "SYNTAX_ERROR"))
    # Nothing was kept.
    refused(world, ["EXECUTE p"], "NOT_FOUND")


@case("ENG-009")
def a_location_is_taken_literally(world):
    before = len(world.sensor.seen)
    for number, place in enumerate(
        [
            "s3://lake/forecast/../../secrets/",
            "s3://lake/%2e%2e/secrets",
            "s3://lake/..%2fsecrets",
            "s3://lake/a\\..\\b",
            "s3://lake//a",
            "s3://lake/\u2025/a",
            "file:///etc",
            "s3://",
            "https://lake/x",
        ]
    ):
        endpoint = f"http://127.0.0.1:{world.sensor.port}"
        added = world.main.command("catalog", "add", f"odd{number}", "--s3", place, "--endpoint", endpoint)
        check(added.returncode == 1, f"{place} was added: {added.stdout}{added.stderr}")
        check(len(added.stderr.strip().splitlines()[-1]) > 10, f"{place}: no reason given")
    check(len(world.sensor.seen) == before, f"a refused place was asked: {world.sensor.seen[before:]}")
    for path in ["/etc/passwd", "/nonexistent", "../../../../nowhere"]:
        added = world.main.command("catalog", "add", "odd", "--path", path)
        check(added.returncode == 1, f"{path} was added: {added.stdout}{added.stderr}")


@case("ENG-010")
def a_link_out_of_the_lake_is_not_followed(world):
    lake = world.main.data / "lake" / "main"
    links = {"leak.csv": world.canary, "leak_folder": world.canary.parent, "leak_up": "../..", "leak_key.csv": world.main.data / "master.key"}
    for name, target in links.items():
        (lake / name).symlink_to(target)
    (lake / "swapped.csv").write_text("a\n1\n")
    try:
        refresh = world.main.call("POST", "/api/v1/catalogs/local/refresh", {}, token=world.main.tokens["admin"])
        check(refresh.status == 200, refresh)
        for name in ["leak", "leak_folder", "leak_up", "leak_key"]:
            answer = world.main.run(f"SELECT * FROM {name}")
            check(400 <= answer.status < 500 and answer.code in ("INVALID_LOCATION", "TABLE_NOT_FOUND"), f"{name}: {answer}")
        listed = world.main.call("GET", "/api/v1/catalogs/local/databases/main/tables", token=world.main.tokens["admin"])
        check(CANARY not in listed.body and "leak" not in listed.text, listed.text)
        # Judged when it is opened: a file that becomes a link after the listing is not read either.
        check(world.main.run("SELECT * FROM swapped").json["rows"] == [[1]], "the table is there at first")
        (lake / "swapped.csv").unlink()
        (lake / "swapped.csv").symlink_to(world.canary)
        answer = world.main.run("SELECT * FROM swapped")
        check(answer.status >= 400 and answer.status < 500 and CANARY not in answer.body, f"after the swap: {answer}")
    finally:
        for name in [*links, "swapped.csv"]:
            (lake / name).unlink(missing_ok=True)
        world.main.call("POST", "/api/v1/catalogs/local/refresh", {}, token=world.main.tokens["admin"])


@case("ENG-012")
def a_prefix_ends_at_a_slash(world):
    objects = {"pub/t/a.csv": b"a\n1\n", "public-secret/t/a.csv": CANARY + b"\n1\n", "pub.csv": CANARY + b"\n1\n"}
    with Bucket("lake", objects) as bucket:
        run = bucket.lakefront(world, "pub")
        rows = run("query", "--catalog", "bucket", "--format", "json", "SELECT count(*) n FROM t.a")
        check(rows.returncode == 0 and "1" in rows.stdout, f"{rows.stdout} {rows.stderr}")
        read = [request for request in bucket.requests if "secret" in request or "pub.csv" in request]
        check(not read, f"outside the prefix: {read}")
        listings = [request for request in bucket.requests if "list-type=2" in request]
        check(listings and all("prefix=pub%2F" in request for request in listings), listings)


@case("ENG-013")
def keys_are_literal(world):
    odd = ["forecast/state=CA/../../state=TX/x.csv", "forecast/state=A%2FB/x.csv", "forecast/state=a b+c/x.csv", "forecast/state=ü/x.csv"]
    objects = {f"pub/{key}": b"a\n%d\n" % number for number, key in enumerate(odd)}
    objects |= {"state=TX/x.csv": CANARY + b"\n9\n", "pub/state=TX/x.csv": CANARY + b"\n9\n", "pub/forecast/state=A/B/x.csv": b"a\n8\n"}
    with Bucket("lake", objects) as bucket:
        run = bucket.lakefront(world, "pub")
        rows = run("query", "--catalog", "bucket", "--format", "json", "SELECT state, a FROM forecast ORDER BY a")
        check(CANARY not in rows.stdout.encode(), rows.stdout)
        gets = {request.split("?")[0] for request in bucket.requests if "list-type=2" not in request}
        other = [path for path in gets if path.startswith("GET /lake/state=TX") or path.startswith("GET /lake/pub/state=TX")]
        check(not other, f"another key was read: {other}")
        check(rows.returncode == 0 or "error" in rows.stderr, f"{rows.stdout} {rows.stderr}")


@case("ENG-015")
def only_listed_functions_can_be_called(world):
    refused(world, [f"SELECT {call}" for call in REFUSED_FUNCTIONS], "FUNCTION_NOT_ALLOWED")
    refused(world, [f"SELECT {call} OVER () FROM forecast" for call in ("version()", "pg_sleep(1)")], "FUNCTION_NOT_ALLOWED")
    refused(world, ["SELECT system.version()", "SELECT pg_catalog.version()", 'SELECT "version"()'], "FUNCTION_NOT_ALLOWED")
    sides = ["information_schema.df_settings", '"forecast$partitions"', "system.runtime.queries", "pg_catalog.pg_class"]
    refused(world, [f"SELECT * FROM {name}" for name in sides], "TABLE_NOT_FOUND")
    refused(world, ['SELECT "$partition" FROM forecast', "SELECT _metadata FROM forecast"], "COLUMN_NOT_FOUND")
    answer = world.main.run("SELECT abs(-1), upper('a'), count(*) FROM forecast")
    check(answer.status == 200, f"harmless functions: {answer}")


skip("ENG-018", "no Trino engine yet")
skip("ENG-019", "no Trino or Athena engine yet")


@case("SEC-008")
def a_worker_knows_no_secrets(world):
    world.main.run("SELECT count(*) FROM forecast")
    found = workers(world.main.pid)
    check(found, "no worker runs")
    key = (world.main.data / "master.key").read_bytes()
    for pid in found:
        try:
            text = open(f"/proc/{pid}/environ", "rb").read()
            names = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        except FileNotFoundError:
            continue
        check(key.strip() not in text and b"LAKEFRONT_" not in text and b"DATABASE" not in text, f"environment: {text[:300]}")
        open_files = [name for name in names if "lakefront.db" in name or "master.key" in name]
        check(not open_files, f"open: {open_files}")
