"""No statement, request or connection stops the service for the others.

The classes are those of the promises, with smaller numbers: a minute of a small machine is enough for all of them.
"""

import concurrent.futures
import contextlib
import functools
import json
import math
import os
import statistics
import time
import zlib

from . import generate
from .harness import MIB, Failed, case, check, status_of, workers

DEADLINE_S = 8
MEMORY = 512 * MIB
SPILL = 64 * MIB
RESULT_ROWS = 50_000
EVENTS = 8
HEADER_TIMEOUT_S = 3

SETTINGS = {
    "LAKEFRONT_QUERY_DEADLINE_S": str(DEADLINE_S),
    "LAKEFRONT_QUERY_MEMORY_BYTES": str(MEMORY),
    "LAKEFRONT_QUERY_SPILL_BYTES": str(SPILL),
    "LAKEFRONT_QUERY_RESULT_ROWS": str(RESULT_ROWS),
    "LAKEFRONT_QUERY_RESULT_BYTES": str(64 * MIB),
    "LAKEFRONT_SERVER_EVENTS_PER_USER": str(EVENTS),
    "LAKEFRONT_SERVER_HEADER_TIMEOUT_S": str(HEADER_TIMEOUT_S),
    "LAKEFRONT_SERVER_BODY_TIMEOUT_S": str(HEADER_TIMEOUT_S),
}
# A quarter over the default limit of 2 GiB is 512 MiB; of that a worker's fixed part does not shrink with the limit.
MOST_WORKER = MEMORY + 384 * MIB
MOST_FRONT = 384 * MIB
ENDED = ("TIMEOUT", "RESOURCE_LIMIT")
TEN_THOUSAND = "generate_series(1, 10000)"
CUBE = f"{TEN_THOUSAND} a(x), {TEN_THOUSAND} b(y), {TEN_THOUSAND} c(z)"


def watched(id):
    """A case with bystanders beside it: their requests are answered, the process is the same, nothing is left over."""

    def register(run):
        @functools.wraps(run)
        def with_watch(world):
            server, start = world.main, world.watch.mark()
            pid = server.pid
            with world.watch.beside():
                run(world)
            check(server.process.poll() is None and server.pid == pid, "the server ended")
            errors = [error for _, _, error in world.watch.since(start) if error]
            check(not errors, f"{len(errors)} bystanders' requests failed: {errors[:3]}")
            peaks = world.watch.peaks
            check(peaks["front"] <= MOST_FRONT, f"the front process used {peaks['front'] // MIB} MiB")
            check(peaks["worker"] <= MOST_WORKER, f"a worker used {peaks['worker'] // MIB} MiB of {MEMORY // MIB}")
            spill_is_empty(server)

        return case(id)(with_watch)

    return register


def spill_is_empty(server):
    end = time.monotonic() + 5
    while True:
        left = [name for _, _, names in os.walk(server.data / "spill") for name in names if name != "lock"]
        if not left:
            return
        check(time.monotonic() < end, f"left in the spill folder: {left[:5]}")
        time.sleep(0.1)


def too_complex_or_fine(world, generated):
    for name, sql in generated:
        started = time.monotonic()
        answer = world.main.run(sql)
        took = time.monotonic() - started
        if len(sql) > 900_000 and answer.status == 413:
            continue
        check(answer.status == 200 or (answer.status == 400 and answer.code == "QUERY_TOO_COMPLEX"), f"{name}: {answer}")
        check(answer.status == 200 or took <= world.patience(1), f"{name} was refused after {took:.1f} s")


def sized(*pairs):
    return [(f"{make.__name__}({size})", make(size)) for make, sizes in pairs for size in sizes]


@watched("RES-001")
def long_sums(world):
    too_complex_or_fine(world, sized((generate.plus_chain, [250, 300, 400, 500, 2000, 5000, 100000])))


@watched("RES-002")
def long_ors(world):
    too_complex_or_fine(world, sized((generate.or_chain, [200, 250, 260, 5000, 25000])))


@watched("RES-003")
def large_and_deep(world):
    g = generate
    deep = [60, 5000, 100000]
    too_complex_or_fine(
        world,
        sized(
            (g.parens, deep),
            (g.not_chain, [450, 100000]),
            (g.minus_chain, [450, 100000]),
            (g.case_nest, [60, 5000]),
            (g.subquery_nest, [60, 5000]),
            (g.call_nest, [60, 5000]),
            (g.array_nest, [60, 5000]),
            (g.cast_nest, [60, 5000]),
            (g.exists_nest, [8, 20, 40, 5000]),
            (g.bracketed_plus, [60, 5000]),
            (g.union_arms, [100, 10000]),
            (g.cte_list, [100, 10000]),
            (g.cte_nest, [8, 20, 40, 5000]),
            (g.comma_join, [5000]),
            (g.join_list, [5000]),
            (g.in_list, [9000, 120000, 1000000]),
            (g.column_list, [1900, 100000]),
            (g.concat_chain, [450, 20000]),
            (g.between_chain, [150, 5000]),
            (g.like_chain, [150, 5000]),
            (g.case_arms, [200, 5000]),
            (g.values_list, [5000, 100000]),
        ),
    )


def ends(world, sql, codes=ENDED, within=DEADLINE_S + 2):
    started = time.monotonic()
    answer = world.main.run(sql)
    took = time.monotonic() - started
    check(answer.status == 400 and answer.code in codes, f"{sql[:120]} answered {answer} after {took:.1f} s")
    check(took <= within + world.patience(1), f"{sql[:120]} ended after {took:.1f} s only")
    return answer


@watched("RES-005")
def cross_joins(world):
    ends(world, "SELECT count(*) FROM forecast a, forecast b, forecast c, forecast d, forecast e, forecast f")


@watched("RES-005.many")
def cheap_to_read_and_endless_to_run(world):
    """Statements whose estimates are small take no more than their share, whatever takes them long: joining, planning."""
    joined = " JOIN ".join(["forecast a", *(f"forecast {name} ON a.state = {name}.state" for name in "bcdef")])
    for sql in (f"SELECT count(*) + {{}} FROM {joined}", generate.exists_nest(10).replace("1", "{}", 1), generate.cte_nest(10).replace("1 x", "{} x")):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: world.main.run(sql.format(number)), range(8)))
        for answer in answers:
            check(answer.status == 200 or answer.code in ENDED, answer)


@watched("RES-006")
def uneven_join(world):
    sql = "SELECT max(a.x * b.y) FROM generate_series(1, 100000000) a(x) JOIN generate_series(1, 10) b(y) ON a.x > b.y"
    ends(world, sql)
    cube = f"SELECT count(*) FROM {TEN_THOUSAND} a(x) JOIN {TEN_THOUSAND} b(y) ON a.x > b.y JOIN {TEN_THOUSAND} c(z) ON b.y > c.z"
    ends(world, cube)


@watched("RES-008")
def long_texts(world):
    long = "2000000000"
    for sql in [
        f"SELECT rpad('x', {long}, 'y')",
        f"SELECT lpad('x', {long}, 'y')",
        f"SELECT length(rpad(cast(restaurant_id AS varchar), {long}, 'y')) FROM forecast",
        f"SELECT array_join(repeat('x', {long}), '')",
        "SELECT length(array_join(array_agg(rpad('x', 1000000, 'y')), '')) FROM forecast, forecast b",
        "SELECT string_agg(rpad('x', 1000000, 'y'), '') FROM forecast, forecast b",
        "SELECT length(replace(rpad('x', 1000000, 'x'), 'x', rpad('y', 1000000, 'y')))",
        "SELECT array_agg(rpad(cast(a.y_50 AS varchar), 10000, 'y')) FROM forecast a, forecast b",
    ]:
        # A length that no text may have is a fault of the statement.
        ends(world, sql, ("RESOURCE_LIMIT", "INVALID_FUNCTION_ARGUMENT", "NOT_SUPPORTED", "FUNCTION_NOT_ALLOWED", "TYPE_MISMATCH"))


SORT = "SELECT rpad(cast(x * 7919 % 10007 AS varchar), 200, 'z') t FROM generate_series(1, 10000) a(x), generate_series(1, 400) b(y) ORDER BY t, y"


@watched("RES-010")
def many_sorts_at_once(world):
    def one(number):
        return world.main.run(f"SELECT max(t) FROM ({SORT} LIMIT {3000000 + number})", role=("editor", "viewer")[number % 2], wait=55)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, range(16)))
    for answer in answers:
        fine = answer.status == 200 or (answer.status in (400, 429) and answer.code in (*ENDED, "TOO_MANY_REQUESTS"))
        check(fine, answer)


@watched("RES-011")
def spill_has_an_end(world):
    # More than the memory and the spill folder hold together.
    sql = SORT.replace("generate_series(1, 400)", "generate_series(1, 10000)").replace("200", "2000")
    ends(world, f"SELECT max(t) FROM ({sql} LIMIT 90000000)")


@watched("RES-012")
def long_results_are_cut(world):
    answer = world.main.run(f"SELECT x, y FROM {TEN_THOUSAND} a(x), {TEN_THOUSAND} b(y)")
    if answer.status == 400:
        check(answer.code in ENDED, answer)
        raise Failed(f"an endless result answers {answer.code}, not its first {RESULT_ROWS} rows")
    check(answer.status == 200, answer)
    result = answer.json
    check(result["truncated"] is True and len(result["rows"]) == RESULT_ROWS, f"{len(result['rows'])} rows, truncated {result['truncated']}")


OPERATORS = {
    "scan": "SELECT sum(c) FROM hostile.endless",
    "filter": f"SELECT x FROM {CUBE} WHERE x * y % 7 + z = -1",
    "hash aggregate": f"SELECT x * y % 100, count(*) FROM {CUBE} GROUP BY 1",
    "sort": f"SELECT max(v) FROM (SELECT x * y * z % 1000 v FROM {CUBE} ORDER BY 1 LIMIT 100000)",
    "hash join": f"SELECT count(*) FROM {TEN_THOUSAND} a(x) JOIN {TEN_THOUSAND} b(y) ON a.x % 3 = b.y % 3 JOIN {TEN_THOUSAND} c(z) ON b.y % 3 = c.z % 3",
    "nested-loop join": f"SELECT count(*) FROM {TEN_THOUSAND} a(x) JOIN {TEN_THOUSAND} b(y) ON a.x > b.y JOIN {TEN_THOUSAND} c(z) ON b.y > c.z",
    "cross join": f"SELECT max(x + y + z) FROM {CUBE}",
    "window": f"SELECT max(v) FROM (SELECT sum(x) OVER (ORDER BY y) v FROM {TEN_THOUSAND} a(x), {TEN_THOUSAND} b(y))",
    "recursive": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "regex": f"SELECT count(*) FROM {CUBE} WHERE regexp_like(rpad(cast(x + y + z AS varchar), 2000, 'a') || '!', '(a+)+$')",
    "set operation": f"SELECT count(*) FROM (SELECT x + y + z FROM {CUBE} EXCEPT SELECT x * 2 FROM {TEN_THOUSAND} a(x))",
}


@watched("RES-013")
def cancel_ends_the_work(world):
    server, token = world.main, world.main.tokens["editor"]
    slow = []
    with world.watch.paused():
        for name, sql in OPERATORS.items():
            body = {"sql": sql, "catalog": "local", "database": "main", "reuse_max_age_s": 0}
            submitted = server.call("POST", "/api/v1/executions", body, token=token)
            check(submitted.status == 202, f"{name}: {submitted}")
            path = f"/api/v1/executions/{submitted.json['id']}"
            time.sleep(0.1 * world.slack)
            cancelled = server.call("DELETE", path, token=token)
            if cancelled.json["state"] == "FAILED" and cancelled.code in ENDED:
                continue
            check(cancelled.json["state"] == "CANCELLED", f"{name}: {cancelled.json['state']} {cancelled.json['error']}")
            slow.append((idle_after(server), name))
    slow.sort()
    check(slow[-1][0] <= 5, f"still at work: {slow}")
    check(statistics.median(seconds for seconds, _ in slow) <= world.patience(1), f"cancel frees late: {slow}")


def idle_after(server):
    """Seconds until the workers that run now are gone or at rest."""
    started, known = time.monotonic(), workers(server.pid)
    while time.monotonic() - started < 8:
        asked = time.monotonic()
        time.sleep(0.3)
        now = workers(server.pid)
        busy = [pid for pid in known if pid in now and now[pid] - known[pid] > 3]
        if not busy:
            return asked - started
        known = {pid: ticks for pid, ticks in now.items() if pid in known}
    return math.inf


@watched("RES-015")
def endless_recursion(world):
    for sql in [
        OPERATORS["recursive"],
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT a.n + 1 FROM t a, t b) SELECT count(*) FROM t",
        "WITH RECURSIVE t(n, s) AS (SELECT 1, CAST('x' AS varchar) UNION ALL SELECT n + 1, s || s FROM t) SELECT max(length(s)) FROM t",
    ]:
        ends(world, sql, (*ENDED, "NOT_SUPPORTED", "NOT_SUPPORTED_HERE", "STATEMENT_NOT_ALLOWED"))


@watched("RES-016")
def hostile_patterns(world):
    for sql in [
        "SELECT regexp_like(rpad('a', 50000, 'a') || '!', '(a+)+$')",
        "SELECT regexp_replace(rpad('a', 50000, 'a') || '!', '(a|aa)+$', 'b')",
        "SELECT regexp_like('a', '(a{1,1000}){1,1000}')",
        "SELECT regexp_like('a', '((a{0,100}){0,100}){0,100}')",
        "SELECT regexp_like('a', '" + "(a|b)*" * 30000 + "')",
        "SELECT regexp_like('a', rpad('a', 10000000, 'a?'))",
        "SELECT regexp_like(state, rpad('', 4900, '(x+x+)+')) FROM forecast",
        "SELECT count(*) FROM forecast WHERE state LIKE '" + "%_" * 5000 + "'",
        "SELECT rpad('a', 50000, 'a') LIKE '" + "%a" * 500 + "b'",
    ]:
        started = time.monotonic()
        answer = world.main.run(sql)
        took = time.monotonic() - started
        fine = answer.status == 200 or answer.code in ("INVALID_REGEX", "FUNCTION_NOT_ALLOWED", "RESOURCE_LIMIT")
        check(fine, f"{sql[:100]}: {answer}")
        check(took <= world.patience(2), f"{sql[:100]} took {took:.1f} s")


def head(world, *lines, path="/api/v1/executions"):
    first = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {world.main.tokens['viewer']}", "Content-Type: application/json"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


@watched("RES-019")
def oversized_requests(world):
    server, token = world.main, world.main.tokens["viewer"]
    json_type = {"Content-Type": "application/json"}

    def post(body, **headers):
        return server.call("POST", "/api/v1/executions", body, token=token, headers={**json_type, **headers})

    large = post(json.dumps({"sql": "x" * (100 * MIB)}).encode())
    check(large.status == 413, f"100 MiB of SQL: {large}")
    chunked = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answered = status_of(server.raw(head(world, "Transfer-Encoding: chunked") + chunked * 200 + b"0\r\n\r\n"))
    check(answered == 413, f"12 MiB in chunks: {answered}")
    million = post(json.dumps({"sql": "select 1", "parameters": {f"p{i}": 1 for i in range(1_000_000)}}).encode())
    check(million.status in (400, 413), f"a million parameters: {million}")
    many = post(json.dumps({"sql": "select 1", "parameters": {f"p{i}": 1 for i in range(60_000)}}).encode())
    check(many.status < 500, f"60,000 parameters: {many}")
    for deep in (b"[" * 100_000 + b"]" * 100_000, b'{"sql":' * 100_000, b'{"sql":"select 1","parameters":{"a":' + b"[" * 100_000):
        answer = post(deep)
        check(answer.status == 400, f"JSON 100,000 deep: {answer}")
    for name, lines in {
        "a header of 10 MiB": [f"X-Long: {'y' * (10 * MIB)}"],
        "100,000 headers": [f"X-{i}: y" for i in range(100_000)],
        "101 headers": [f"X-{i}: y" for i in range(101)],
    }.items():
        answered = status_of(server.raw(head(world, *lines)))
        # An end without an answer is what a peer that sends on without reading gets.
        check(answered in (400, 431, 0), f"{name}: {answered}")
    for path in ("/api/v1/executions/" + "x" * (1 * MIB), "/?" + "a=b&" * 100_000):
        answered = status_of(server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
        check(answered in (400, 414, 431, 0), f"an address of {len(path)} bytes: {answered}")
    for lines in (["Content-Length: 5", "Transfer-Encoding: chunked"], ["Content-Length: 1", "Content-Length: 2"], ["Content-Length: -1"]):
        answered = status_of(server.raw(head(world, *lines) + b"{}\r\n0\r\n\r\n"))
        check(answered in (400, 408, 413), f"{lines}: {answered}")
    started = time.monotonic()
    answered = status_of(server.raw(head(world, "Transfer-Encoding: chunked") + b"1\r\n{\r\n"))
    check(answered in (400, 408, 0), f"a body without end: {answered}")
    check(time.monotonic() - started <= HEADER_TIMEOUT_S + world.patience(1), "a body without end was waited for too long")


@watched("RES-020")
def compressed_bodies(world):
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    packed = b"".join([pack.compress(b'{"sql":"'), *(pack.compress(zeros) for _ in range(512)), pack.flush()])
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip"):
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        answer = world.main.call("POST", "/api/v1/executions", packed, token=world.main.tokens["viewer"], headers=headers)
        check(answer.status in (413, 415), f"{encoding}: {answer}")
        answer = world.main.call("POST", "/api/v1/auth/login", packed, headers=headers)
        check(answer.status in (413, 415), f"{encoding} at sign-in: {answer}")


@watched("RES-021")
def slow_connections(world):
    server = world.main
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(server.connect()) for _ in range(300)]
        slow = [stack.enter_context(server.connect()) for _ in range(200)]
        bodies = [stack.enter_context(server.connect()) for _ in range(100)]
        for stream in bodies:
            stream.sendall(head(world, "Content-Length: 1000") + b"{")
        started, text = time.monotonic(), b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"y" * 100
        waiting = {*idle, *slow, *bodies}
        limit = HEADER_TIMEOUT_S + 4 * world.patience(1)
        position = 0
        while waiting and time.monotonic() - started < limit:
            for stream in slow:
                if stream in waiting:
                    with contextlib.suppress(OSError):
                        stream.send(text[position : position + 1])
            position += 1
            waiting -= {stream for stream in waiting if is_closed(stream)}
            time.sleep(0.3)
        check(not waiting, f"{len(waiting)} of 600 slow or silent connections still open after {limit:.0f} s")


def is_closed(stream):
    stream.setblocking(False)
    try:
        while stream.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        stream.setblocking(True)


@watched("RES-023")
def event_streams_are_capped(world):
    server, token = world.main, world.main.tokens["viewer"]
    dashboard = server.call("POST", "/api/v1/dashboards", {"title": "Watched", "definition": {}}, token=server.tokens["editor"])
    check(dashboard.status == 201, dashboard)
    request = f"GET /api/v1/dashboards/{dashboard.json['id']}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        counts = {}
        for _ in range(120):
            stream = stack.enter_context(server.connect())
            stream.sendall(request)
            status = status_of(stream.recv(4096))
            counts[status] = counts.get(status, 0) + 1
        check(counts == {200: EVENTS, 429: 120 - EVENTS}, f"answers by status: {counts}")


@watched("RES-024")
def large_dashboards(world):
    server, editor = world.main, world.main.tokens["editor"]

    def create(title, definition):
        return server.call("POST", "/api/v1/dashboards", {"title": title, "definition": {"catalog": "local", "database": "main", **definition}}, token=editor)

    def tile(number, sql, chart="table"):
        place = {"x": 0, "y": number * 4, "w": 12, "h": 4}
        return {"id": f"t{number}", "title": f"Tile {number}", **place, "sql": sql, "chart": {"type": chart}}

    def page(dashboard):
        started = time.monotonic()
        answer = server.call("GET", f"/d/{dashboard.json['slug']}", cookie=server.cookies["viewer"])
        return answer, time.monotonic() - started

    tabs = [{"id": "a", "title": "A", "tiles": [tile(i, "select 1") for i in range(500)]}]
    many = create("500 tiles", {"tabs": tabs})
    check(many.status == 400 and many.code == "INVALID_DEFINITION", f"500 tiles: {many}")
    tabs = [{"id": "a", "title": "A", "tiles": [tile(i, "select 1 a") for i in range(200)]}]
    most = create("200 tiles", {"tabs": tabs})
    check(most.status == 201, f"200 tiles: {most}")
    answer, took = page(most)
    check(answer.status == 200 and took <= world.patience(10), f"200 tiles: {answer.status} after {took:.1f} s")
    points = create("Points", {"tabs": [{"id": "a", "title": "A", "tiles": [tile(0, f"select x * 10000 + y x, y from {TEN_THOUSAND} a(x), generate_series(1, 100) b(y)", "line")]}]})
    answer, took = page(points)
    check(answer.status == 200 and len(answer.body) < 16 * MIB, f"a million points: {answer.status}, {len(answer.body)} bytes")
    wide = create("Wide", {"tabs": [{"id": "a", "title": "A", "tiles": [tile(0, "select " + ", ".join(f"{i} c{i}" for i in range(1900)))]}]})
    answer, took = page(wide)
    check(answer.status == 200, f"1,900 columns: {answer}")
    long = create("x" * 900_000, {"tabs": []})
    check(long.status in (201, 400, 413), f"a title of 900,000 letters: {long}")


@case("RES-probe")
def bystanders_were_served_in_time(world):
    samples = world.watch.since(0)
    check(samples, "nobody watched")
    said = []
    for kind in sorted({kind for kind, _, _ in samples}):
        times = sorted(seconds for other, seconds, _ in samples if other == kind)
        p99 = times[min(len(times) - 1, math.ceil(len(times) * 0.99) - 1)]
        said.append((p99, f"{kind}: {len(times)} requests, median {statistics.median(times) * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, worst {times[-1] * 1e3:.0f} ms"))
    print("      " + "; ".join(text for _, text in said))
    check(max(said)[0] <= world.patience(0.5), "; ".join(text for _, text in said))
