"""Writes a real Trino's answers to statements, one a line, in the form that tests/corpus of lakefront-trino reads.

    eval "$(deploy/test/trino.sh start DIR)"
    python3 deploy/test/trino/record.py CATEGORY < STATEMENTS >> crates/lakefront-trino/tests/corpus/statements/FILE
"""

import hashlib
import json
import sys

from client import Refused, Trino


def main():
    category, trino = sys.argv[1], Trino()
    for sql in filter(None, map(str.strip, sys.stdin)):
        entry = {"id": f"{category}-{hashlib.sha1(sql.encode()).hexdigest()[:10]}", "category": category, "sql": sql}
        try:
            columns, rows = trino.ask(sql)
            entry |= {"columns": columns, "rows": rows, "ordered": "ORDER BY" in sql.upper().rsplit(")", 1)[-1]}
        except Refused as refused:
            entry |= {"error": refused.name}
        print(json.dumps(entry, ensure_ascii=False))


if __name__ == "__main__":
    main()
