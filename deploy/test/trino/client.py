"""Trino's protocol, as far as tests need it."""

import json
import os
import urllib.parse
import urllib.request


class Refused(Exception):
    """What Trino says of a statement: its name of the error, and its words."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.name = error["errorName"]


class Trino:
    """The server that LAKEFRONT_TEST_TRINO (http://user@host:port) names."""

    def __init__(self, address=None):
        address = urllib.parse.urlsplit(address or os.environ["LAKEFRONT_TEST_TRINO"])
        self.address = f"http://{address.hostname}:{address.port}/v1/statement"
        self.headers = {"X-Trino-User": address.username, "X-Trino-Catalog": "tpch", "X-Trino-Schema": "tiny"}

    def ask(self, sql):
        """The columns, and all rows as Trino writes them."""
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
