"""Asks a real Trino what it reads for each statement of crates/lakefront-engine/tests/estimates/queries.sql.

usage: trino_bytes.py [--record] [--column-index] [--session NAME=VALUE ...] [--keep DIR]

Writes the tests' Parquet files, serves them as S3 (deploy/test/lake_s3.py), starts a Trino over them
(deploy/test/trino.sh) and runs the statements one by one. With --record its answers become trino.tsv, which the tests
compare with. What Trino reads of footers is told by the S3 server: ranges that end at the end of a file.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "crates/lakefront-engine/tests/estimates"
sys.path.insert(0, str(ROOT / "deploy/test/trino"))
from client import trino_over  # noqa: E402


# What a join's other side rules out is not known before a run. And Trino counts what it has read between two batches of rows,
# so that it misses the columns that a split's last batch brings in: batches smaller than row groups leave little to miss.
SESSION = ["enable_dynamic_filtering=false", "lake.parquet_max_read_block_row_count=256"]


class Trino:
    def __init__(self, address, session):
        self.base = "http://" + address.split("@")[1]
        self.headers = {"X-Trino-User": "lakefront", "X-Trino-Catalog": "lake", "X-Trino-Schema": "estimates"}
        if session:
            self.headers["X-Trino-Session"] = ",".join(session)

    def run(self, sql):
        """Statistics of the whole run; every row is fetched and dropped."""
        request = urllib.request.Request(f"{self.base}/v1/statement", sql.encode(), self.headers)
        while True:
            with urllib.request.urlopen(request, timeout=120) as response:
                answer = json.load(response)
            if "error" in answer:
                raise RuntimeError(f"{sql}: {answer['error']['message']}")
            if "nextUri" not in answer:
                return answer["stats"]
            request = urllib.request.Request(answer["nextUri"], headers=self.headers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--column-index", action="store_true", help="let Trino leave out pages")
    parser.add_argument("--session", action="append", default=[], help=f"a session property; default {SESSION}")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the files, which stays")
    options = parser.parse_args()
    # Who ends this ends the servers it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    session = options.session or SESSION
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        data = (options.keep or work) / "estimates"
        data.mkdir(parents=True, exist_ok=True)
        if not data.with_suffix(".sql").exists():
            write = ["cargo", "test", "--workspace", "--locked", "--test", "estimates", "--", "--ignored", "write_for_trino"]
            subprocess.run(write, cwd=ROOT, check=True, stdout=sys.stderr, env={**os.environ, "LAKEFRONT_ESTIMATES_DATA": str(data)})
        column_index = str(options.column_index).lower()
        with trino_over(data, work / "trino", LAKEFRONT_TEST_COLUMN_INDEX=column_index) as (address, s3):
            ask(address, s3, data, session, options)


def ask(address, s3, data, session, options):
    trino = Trino(address, session)
    trino.run("create schema lake.estimates")
    for statement in data.with_suffix(".sql").read_text().splitlines():
        trino.run(statement.replace("{location}", f"s3://{data.name}"))
    counts = lambda: json.load(urllib.request.urlopen(f"{s3}/-/counts"))
    rows, failed = [], 0
    statements = [line for line in (TESTS / "queries.sql").read_text().splitlines() if line and not line.startswith("--")]
    for sql in statements:
        counts()
        try:
            stats = trino.run(sql)
        except (RuntimeError, urllib.error.URLError) as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        # What a limit made superfluous may still be under way.
        time.sleep(0.2 if "limit" in sql else 0.02)
        read = counts()
        physical = stats["physicalInputBytes"]
        rows.append((read["bytes"] - read["tail_bytes"], physical, read["tail_bytes"], read["requests"], sql))
    print(f"{len(rows)} of {len(statements)} statements ran; {sum(row[0] for row in rows)} bytes of data", file=sys.stderr)
    head = [
        "# What Trino 435 read of the files of these tests, as `make bench-estimates` took it: bytes of column chunks; Trino's",
        "# own physicalInputBytes; bytes of reads that end where a file ends, which are its footers; requests; statement.",
        "# physicalInputBytes is their sum, but for what is read of files that give no row, which it does not count.",
        f"# Session: {', '.join(session)}. Below, bytes of the column chunks of each table.",
    ]
    text = "\n".join(head) + "\n" + data.with_suffix(".prints").read_text()
    text += "".join("\t".join(map(str, row)) + "\n" for row in rows)
    if options.record and not failed:
        (TESTS / "trino.tsv").write_text(text)
    else:
        print(text)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
