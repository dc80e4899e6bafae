"""Measures how long the estimate of a statement over many Parquet files takes, through the API.

usage: estimate.py BINARY [--files 1000] [--latency-ms 20] [--runs 21] [--starts 5]

One sample file is copied into as many partitions; they are served as S3 with a delay before each answer. Cold: a server
that has just listed the table and read no footer. Warm: the same statement again, and others over the same files.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta

import bench

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALL = "select sum(y_05), sum(y_50) from facts"
FILTERED = "select restaurant_id, max(y_95) from facts where day >= date '2023-01-01' and y_50 > 5 group by 1"


class Server(bench.Server):
    """`serve`, where the demo would add its own lake."""

    def __init__(self, binary, data_dir, environment):
        self.binary, self.data_dir, self.port = binary, data_dir, bench.free_port()
        self.started = time.perf_counter()
        self.log = open(os.path.join(tempfile.gettempdir(), "lakefront-bench.log"), "ab")
        command = [binary, "serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True, env=environment)
        self.first_200 = self.wait()
        self.headers = {"Content-Type": "application/json"}

    def estimate(self, catalog, sql):
        body = {"sql": sql, "catalog": catalog, "database": "shop"}
        return json.loads(self.request("POST", "/api/v1/executions/estimate", body)[0])


def write_lake(binary, folder, files):
    """`files` partitions of the table shop.facts, each the demand of some restaurants."""
    with tempfile.TemporaryDirectory() as sample:
        subprocess.run([binary, "sample", "forecast", "--out", sample, "--format", "parquet", "--restaurants", "60"], check=True, capture_output=True)
        source = max(pathlib.Path(sample).rglob("*.parquet"), key=lambda path: path.stat().st_size)
        for number in range(files):
            target = folder / f"shop/facts/day={date(2022, 1, 1) + timedelta(days=number)}/part-0.parquet"
            target.parent.mkdir(parents=True)
            shutil.copyfile(source, target)
        return source.stat().st_size


def shown(name, values, goal=""):
    values = sorted(values)
    print(f"{name:<66} {values[len(values) // 2]:>8.1f} ms  [{values[0]:.1f}–{values[-1]:.1f}, n={len(values)}]  {goal}", flush=True)


def timed(work):
    start = time.perf_counter()
    answer = work()
    return (time.perf_counter() - start) * 1000, answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=20)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    binary = os.path.abspath(options.binary)
    work = pathlib.Path(tempfile.mkdtemp(prefix="lakefront-estimate-"))
    environment = {**os.environ, "AWS_SECRET_ACCESS_KEY": "test"}
    s3 = None
    try:
        lake = work / "lake"
        size = write_lake(binary, lake, options.files)
        print(f"{options.files} files of {size:,} bytes, {options.latency_ms:.0f} ms before each answer of S3", flush=True)
        command = [sys.executable, ROOT / "deploy/test/lake_s3.py", lake, "--latency-ms", str(options.latency_ms)]
        s3 = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        endpoint = s3.stdout.readline().strip()

        def call(*arguments, **extra):
            command = [binary, *arguments, "--data-dir", str(work / "data")]
            return subprocess.run(command, check=True, capture_output=True, text=True, env=environment, **extra).stdout.strip()

        call("user", "add", "bench@example.com", "--role", "admin", "--password-stdin", input="a long enough password\n")
        token = call("token", "create", "--user", "bench@example.com", "--name", "bench")
        call("catalog", "add", "remote", "--s3", "s3://lake", "--region", "us-east-1", "--endpoint", endpoint, "--access-key-id", "test")
        call("catalog", "add", "near", "--path", str(lake))
        figures = {}
        for catalog in ("near", "remote"):
            cold, warm, other = [], [], []
            for _ in range(options.starts):
                server = Server(binary, str(work / "data"), environment)
                try:
                    server.sign_in(token)
                    server.request("GET", f"/api/v1/catalogs/{catalog}/databases/shop/tables/facts")
                    took, first = timed(lambda: server.estimate(catalog, ALL))
                    cold.append(took)
                    assert first["exact"] and first["tables"][0]["files"] == options.files, first
                    warm += [timed(lambda: server.estimate(catalog, ALL))[0] for _ in range(options.runs)]
                    other += [timed(lambda: server.estimate(catalog, FILTERED))[0] for _ in range(options.runs)]
                finally:
                    server.stop()
            figures[catalog] = cold, warm, other
        for catalog, place in (("near", "local folder"), ("remote", "S3")):
            cold, warm, other = figures[catalog]
            shown(f"estimate over {options.files} files, {place}, cold", cold, "goal ≤ 1000 ms" if catalog == "remote" else "")
            shown(f"estimate over {options.files} files, {place}, warm", warm, "goal ≤ 20 ms")
            shown(f"estimate with filters, {place}, warm", other, "goal ≤ 20 ms")
    finally:
        if s3:
            s3.terminate()
            s3.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
