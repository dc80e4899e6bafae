"""Measures the release binary on the whole sample lake and prints a table of medians.

usage: bench.py BINARY [--runs 11] [--only NAME,...] [--json FILE]
Needs e2e/node_modules (playwright-core) and Chromium for the browser's figures; DuckDB and DataFusion from PyPI for the comparison
(a virtual environment in ~/.cache/lakefront/bench is made for them).
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
BY_DAY = "select business_date, sum(y_05), sum(y_50), sum(y_95) from forecast where state = 'CA' group by 1"


def tree(pid):
    """The process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry))
            except OSError:
                continue
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        todo += children.get(current, [])
    return found


def rss_mib(pids):
    total = 0
    for pid in pids:
        try:
            total += int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
        except (OSError, TypeError):
            continue
    return total / 1024


def cpu_ms(pids):
    """CPU time in ms. /proc/PID/schedstat counts nanoseconds of each thread, unlike the ticks of stat."""
    total = 0
    for pid in pids:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e6


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, binary, data_dir):
        self.binary, self.data_dir, self.port = binary, data_dir, free_port()
        self.started = time.perf_counter()
        self.log = open(os.path.join(tempfile.gettempdir(), "lakefront-bench.log"), "ab")
        self.process = subprocess.Popen(
            [binary, "demo", "--data-dir", data_dir, "--listen", f"127.0.0.1:{self.port}"],
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        self.first_200 = self.wait()
        self.headers = {"Content-Type": "application/json"}

    def wait(self, timeout=120):
        while time.perf_counter() - self.started < timeout:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return (time.perf_counter() - self.started) * 1000
            except OSError:
                time.sleep(0.002)
        raise TimeoutError("no answer from the server; see lakefront-bench.log in the temporary folder")

    def sign_in(self, token):
        self.headers["Authorization"] = f"Bearer {token}"
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def request(self, method, path, body=None, want=200):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        response = self.connection.getresponse()
        data = response.read()
        assert response.status == want, (method, path, response.status, data[:400])
        return data, response

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def times(work, runs, warmup=2):
    for _ in range(warmup):
        work()
    result = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        result.append((time.perf_counter() - start) * 1000)
    return result


class Bench:
    def __init__(self, binary, runs):
        self.binary, self.runs, self.rows = binary, runs, []
        self.data_dir = tempfile.mkdtemp(prefix="lakefront-bench-")

    def add(self, name, values, unit, goal):
        values = values if isinstance(values, list) else [values]
        row = {"name": name, "median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values), "unit": unit, "goal": goal}
        self.rows.append(row)
        print(f"{name:<62} {row['median']:>9.2f} {unit:<4} [{row['min']:.2f}–{row['max']:.2f}, n={row['n']}]  goal {goal}", flush=True)

    def token(self):
        def call(*arguments, **options):
            return subprocess.run([self.binary, *arguments, "--data-dir", self.data_dir], check=True, capture_output=True, text=True, **options).stdout.strip()

        call("user", "add", "bench@example.com", "--role", "admin", "--password-stdin", input="a long enough password\n")
        return call("token", "create", "--user", "bench@example.com", "--name", "bench")

    # -- process ---------------------------------------------------------------------------------------------------------------------

    def start(self):
        self.add("binary size", os.path.getsize(self.binary) / 1e6, "MB", "≤ 120")
        server = Server(self.binary, self.data_dir)
        server.stop()
        self.bearer = self.token()
        starts = []
        for _ in range(self.runs):
            server = Server(self.binary, self.data_dir)
            starts.append(server.first_200)
            server.stop()
        self.add("start to first HTTP 200, existing data folder", starts, "ms", "≤ 150")
        self.server = Server(self.binary, self.data_dir)
        self.server.sign_in(self.bearer)
        time.sleep(8)
        self.add("resident memory idle after start, all processes", rss_mib(tree(self.server.process.pid)), "MiB", "≤ 120")

    def idle_after_work(self):
        time.sleep(45)
        self.add("resident memory idle after this benchmark's queries", rss_mib(tree(self.server.process.pid)), "MiB", "≤ 120")

    # -- pages -----------------------------------------------------------------------------------------------------------------------

    def page(self):
        server = self.server
        dashboard = json.loads(server.request("GET", "/api/v1/dashboards/by-slug/demand-forecast")[0])
        data = f"/api/v1/dashboards/{dashboard['id']}/data"
        # Nearly the whole sample each time, so that every chart is as full as on the page without filters.
        periods = [(f"2025-01-{start:02}", f"2025-03-{end}") for end in (29, 30, 31) for start in range(1, 18)]
        for start, end in periods:
            server.request("POST", data, {"filters": {"from": start, "to": end}})
        cost = []
        for start, end in periods:
            before = cpu_ms(tree(server.process.pid))
            page = server.request("GET", f"/d/demand-forecast?from={start}&to={end}")[0].decode()
            cost.append(cpu_ms(tree(server.process.pid)) - before)
            assert page.count("data-drawn") == 9, f"the page of {start} to {end} has not all nine charts"
        self.add("dashboard HTML, data cached, rendering not (CPU)", cost[10:], "ms", "≤ 15")
        self.add("dashboard HTML, whole page cached (wall)", times(lambda: server.request("GET", "/d/demand-forecast?from=2025-01-01&to=2025-03-29"), self.runs), "ms", "≤ 2")

    def browser(self):
        self.server.stop()
        out = subprocess.run(
            ["node", str(HERE / "browser.mjs"), self.binary, self.data_dir, str(free_port()), self.bearer, str(self.runs)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "CHROMIUM": CHROMIUM},
        ).stdout
        figures = json.loads(out)
        self.add("demo dashboard drawn, browser and result cache cold", figures["cold"], "ms", "≤ 500")
        self.add("  on the screen", figures["cold_shown"], "ms", "")
        self.add("demo dashboard drawn, warm", figures["warm"], "ms", "≤ 200")
        self.add("  on the screen", figures["warm_shown"], "ms", "")
        self.add("first-load JavaScript, gz", figures["script_kb"], "kB", "≤ 150")
        self.add("dashboard HTML, gz", figures["html_kb"], "kB", "≤ 60")
        for width, shift in figures["cls"].items():
            self.add(f"cumulative layout shift at {width} px", shift, "", "0")
        self.server = Server(self.binary, self.data_dir)
        self.server.sign_in(self.bearer)

    # -- queries ---------------------------------------------------------------------------------------------------------------------

    def run_sql(self, sql, format="arrow"):
        body = {"sql": sql, "catalog": "local", "database": "demo", "reuse_max_age_s": 0}
        return self.server.request("POST", f"/api/v1/executions?wait_s=60&result={format}", body)

    def queries(self):
        peers = peer_times(self.data_dir, self.runs)
        self.server.sign_in(self.bearer)
        ours = times(lambda: self.run_sql(BY_DAY), 3 * self.runs, 5)
        self.add("sums by day in CA through the API, not reused", ours, "ms", "≤ 1.15 × DataFusion + 5 ms; ≤ 1.2 × DuckDB")
        for name in ("datafusion", "duckdb"):
            self.add(f"  the same in {name}, in process", peers[name]["by_day"], "ms", "")
        full = "select * from forecast limit 100000"
        self.add("100,000 rows as Arrow through the API", times(lambda: self.run_sql(full), self.runs), "ms", "≤ engine + 150")
        self.add("  the same in datafusion, in process", peers["datafusion"]["rows"], "ms", "")

    def download(self):
        pid = self.server.process.pid
        before = rss_mib([pid])
        data, response = self.run_sql("select * from forecast", "json&limit=1")
        execution = response.headers["Lakefront-Execution-Id"]
        peak, rows, start = before, 0, time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        connection.request("GET", f"/api/v1/executions/{execution}/result?format=csv", headers=self.server.headers)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        while chunk := response.read(1 << 20):
            rows += chunk.count(b"\n")
            peak = max(peak, rss_mib([pid]))
        assert rows == 1_251_251, rows
        self.add("1,251,250 rows as CSV: growth of the front process", peak - before, "MiB", "≤ 64")
        self.add("1,251,250 rows as CSV: time", (time.perf_counter() - start) * 1000, "ms", "")


def peer_times(data_dir, runs):
    """The same statements in DuckDB and DataFusion on the same files, each in one Python process with two threads."""
    venv = pathlib.Path.home() / ".cache/lakefront/bench"
    python = venv / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "duckdb==2.0.0", "datafusion==55.0.0", "pyarrow"], check=True)
    out = subprocess.run([str(python), str(HERE / "peers.py"), f"{data_dir}/lake/demo/forecast", str(3 * runs)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--only", default="page,queries,download,browser,idle_after_work")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    bench = Bench(os.path.abspath(arguments.binary), arguments.runs)
    bench.server = None
    try:
        bench.start()
        for part in arguments.only.split(","):
            getattr(bench, part)()
    finally:
        if bench.server:
            bench.server.stop()
        shutil.rmtree(bench.data_dir, ignore_errors=True)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(bench.rows, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
