"""From a CSV to readers: what setting up, seeding and serving cost, measured on the release binary.

usage: lake.py BINARY [--runs 5] [--clients 500]
Needs PostgreSQL's address in LAKEFRONT_TEST_POSTGRES and MiniStack's in LAKEFRONT_TEST_AWS (`make bench-lake` starts both),
and nginx and wrk for the last figure.
"""

import argparse
import asyncio
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from bench import Bench, Server, free_port  # noqa: E402

PAGE = "/d/demand-forecast"
# How much larger the large CSV is: 950 MB.
TIMES = 16


def rate(said):
    return float(re.search(r"\((\d+) rows/s\)", said)[1])


def timed(arguments, **environment):
    """Seconds, the peak of resident memory in MiB, and what was said."""
    began = time.perf_counter()
    run = subprocess.Popen(arguments, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = run.stdout.read()
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert run.returncode == 0, said
    return time.perf_counter() - began, usage.ru_maxrss / 1024, said


def sample(binary, folder):
    subprocess.run([binary, "sample", "forecast", "--format", "csv", "--out", str(folder)], check=True, capture_output=True)
    (file,) = folder.rglob("*.csv")
    return file


def seed(bench, csv, runs):
    """Each run into a database of its own, then the same file again."""
    postgres = os.environ["LAKEFRONT_TEST_POSTGRES"]
    server, rates, memory, again = postgres.rsplit("/", 1)[0], [], [], []
    for run in range(runs):
        name = f"bench_{os.getpid()}_{run}"
        subprocess.run(["psql", postgres, "-X", "-q", "-c", f"CREATE DATABASE {name}"], check=True)
        with tempfile.TemporaryDirectory() as data:
            command = [bench.binary, "seed", "--csv", str(csv), "--data-dir", data]
            _, peak, said = timed(command, DATABASE_URL=f"{server}/{name}")
            rates.append(rate(said))
            memory.append(peak)
            took, _, said = timed(command, DATABASE_URL=f"{server}/{name}")
            assert "nothing changes" in said, said
            again.append(took * 1000)
        subprocess.run(["psql", postgres, "-X", "-q", "-c", f"DROP DATABASE {name} WITH (FORCE)"], check=True)
    bench.add("seed into PostgreSQL, indexes included", rates, "/s", "≥ 200,000 rows")
    bench.add("seed into PostgreSQL, peak memory", memory, "MiB", "≤ 64")
    bench.add("the same file again", again, "ms", "no change")


def apply(bench, csv, name):
    """Rows per second as `apply` says them, and its peak of memory."""
    with tempfile.TemporaryDirectory() as data:
        command = [bench.binary, "setup", "aws", "apply", "--csv", str(csv), "--name", name, "--region", "us-east-1", "--yes", "--data-dir", data]
        _, peak, said = timed(command, AWS_ENDPOINT_URL=os.environ["LAKEFRONT_TEST_AWS"], AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    return rate(said), peak


def setup(bench, csv, runs):
    rates, memory = zip(*(apply(bench, csv, f"bench{os.getpid()}-{run}") for run in range(runs)))
    bench.add("CSV to partitioned Parquet to bucket", list(rates), "/s", "≥ 500,000 rows")
    bench.add("setup aws apply, peak memory", list(memory), "MiB", "")
    header, *lines = csv.read_bytes().splitlines(keepends=True)
    large = csv.with_name("large.csv")
    with large.open("wb") as file:
        file.write(header)
        for _ in range(TIMES):
            file.writelines(lines)
    rows, peak = apply(bench, large, f"bench{os.getpid()}-large")
    bench.add(f"{TIMES} times the CSV", rows, "/s", "≥ 500,000 rows")
    bench.add(f"{TIMES} times the CSV, peak memory", peak, "MiB", "no failure")


async def ask(port, bearer, start):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await start.wait()
    writer.write(f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200"), head
    return len(body)


async def crowd(port, bearer, clients):
    start = asyncio.Event()
    asking = [asyncio.create_task(ask(port, bearer, start)) for _ in range(clients)]
    await asyncio.sleep(2)
    began = time.perf_counter()
    start.set()
    sizes = await asyncio.gather(*asking)
    # With the data alone, where the server had no time to draw.
    assert min(sizes) > 10_000, f"a page of {min(sizes)} bytes"
    return time.perf_counter() - began, sum(size > 20_000 for size in sizes)


def cold(bench, server, clients):
    """Everybody opens the dashboard, of which nothing is stored."""
    took, drawn = asyncio.run(crowd(server.port, bench.bearer, clients))
    listed = json.loads(server.request("GET", "/api/v1/executions?limit=200")[0])["items"]
    ran = [run for run in listed if not run["statistics"]["reused"]]
    distinct = len({run["sql"] for run in ran})
    bench.add(f"{clients} clients on a cold dashboard: statements run", len(ran), "", f"{distinct}, which differ")
    bench.add(f"{clients} clients on a cold dashboard: all served", took, "s", "")
    bench.add(f"{clients} clients on a cold dashboard: drawn on the server", drawn, "", "")


def nginx(folder, body):
    """Serves the same bytes, compressed as ours are."""
    (folder / "page.html").write_bytes(body)
    port = free_port()
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes auto;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}; default_type text/html; add_header Content-Encoding gzip; }}
}}
""")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    time.sleep(1)
    return process, f"http://127.0.0.1:{port}/page.html"


def wrk(address, *headers):
    arguments = [argument for header in headers for argument in ("-H", header)]
    out = subprocess.run(["wrk", "-t1", "-c64", "-d5s", *arguments, address], check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def cached(bench, server, runs):
    """The page of one who is signed in, and the one that is public, each kept by the server."""
    dashboard = json.loads(server.request("GET", "/api/v1/dashboards/by-slug/demand-forecast")[0])
    server.request("PATCH", f"/api/v1/dashboards/{dashboard['id']}", {"public": True})
    gzipped = "Accept-Encoding: gzip"
    for whose, headers in (("one's own", [gzipped, f"Authorization: Bearer {bench.bearer}"]), ("public", [gzipped])):
        body = page(server, headers)
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            process, file = nginx(pathlib.Path(folder), body)
            try:
                ours, theirs = [], []
                for _ in range(runs):
                    ours.append(wrk(f"http://127.0.0.1:{server.port}{PAGE}", *headers))
                    theirs.append(wrk(file))
            finally:
                process.terminate()
                process.wait()
        bench.add(f"cached dashboard, {whose} ({len(body) / 1000:.0f} kB), keep-alive, 64 clients", ours, "/s", "≥ ½ of nginx")
        bench.add("  the same bytes as a file of nginx", theirs, "/s", "")
        print(f"  {statistics.median(ours) / statistics.median(theirs):.2f} of nginx")


def page(server, headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", PAGE, headers=dict(header.split(": ") for header in headers))
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200 and b"<html" in gzip.decompress(body)
    return body


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--only", default="seed,setup,pages")
    arguments = parser.parse_args()
    bench = Bench(os.path.abspath(arguments.binary), arguments.runs)
    parts = arguments.only.split(",")
    server = None
    try:
        if {"seed", "setup"} & set(parts):
            csv = sample(bench.binary, pathlib.Path(bench.data_dir) / "csv")
            for part, measure in (("seed", seed), ("setup", setup)):
                if part in parts:
                    measure(bench, csv, arguments.runs)
        if "pages" in parts:
            first = Server(bench.binary, bench.data_dir)
            first.stop()
            bench.bearer = bench.token()
            shutil.rmtree(pathlib.Path(bench.data_dir) / "results", ignore_errors=True)
            server = Server(bench.binary, bench.data_dir)
            server.sign_in(bench.bearer)
            time.sleep(2)
            cold(bench, server, arguments.clients)
            cached(bench, server, arguments.runs)
    finally:
        if server:
            server.stop()
        shutil.rmtree(bench.data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
