"""Trino's protocol, as far as tests need it, and a Trino of one's own."""

import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import urllib.request


class Refused(Exception):
    """What Trino says of a statement: its name of the error, and its words."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.name = error["errorName"]


class Trino:
    """The server that LAKEFRONT_TEST_TRINO (http://user@host:port) names. Patience is seconds for one statement."""

    def __init__(self, address=None, patience=math.inf):
        self.patience = patience
        address = urllib.parse.urlsplit(address or os.environ["LAKEFRONT_TEST_TRINO"])
        self.address = f"http://{address.hostname}:{address.port}/v1/statement"
        self.headers = {"X-Trino-User": address.username, "X-Trino-Catalog": "tpch", "X-Trino-Schema": "tiny",
                        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}  # fmt: skip

    def ask(self, sql):
        """The columns, and all rows as Trino writes them."""
        given_up = time.monotonic() + self.patience
        request = urllib.request.Request(self.address, data=sql.encode(), headers=self.headers)
        columns, rows = [], []
        while True:
            with urllib.request.urlopen(request) as answer:
                page = json.load(answer)
            if "error" in page:
                raise Refused(page["error"])
            columns = page.get("columns", columns)
            rows += page.get("data", [])
            if "nextUri" not in page:
                return [{"name": column["name"], "type": column["type"]} for column in columns], rows
            request = page["nextUri"]
            if time.monotonic() > given_up:
                urllib.request.urlopen(urllib.request.Request(request, method="DELETE", headers=self.headers)).close()
                raise Refused({"errorName": "EXCEEDED_TIME_LIMIT", "message": f"no answer in {self.patience} seconds"})


@contextlib.contextmanager
def trino_over(folder, work, **environment):
    """Starts a Trino whose catalog `lake` reads a folder over an S3 of this machine, and ends both: their addresses."""
    here = pathlib.Path(__file__).resolve().parents[1]
    server = subprocess.Popen([sys.executable, here / "lake_s3.py", folder], stdout=subprocess.PIPE, text=True)
    try:
        s3 = server.stdout.readline().strip()
        environment = {**os.environ, "LAKEFRONT_TEST_LAKE_S3": s3, **environment}
        said = subprocess.run([here / "trino.sh", "start", work], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
        try:
            yield next(line.split("=", 1)[1] for line in said.splitlines() if line.startswith("export LAKEFRONT_TEST_TRINO=")), s3
        finally:
            subprocess.run([here / "trino.sh", "stop", work], check=False)
    finally:
        server.terminate()
        server.wait()
