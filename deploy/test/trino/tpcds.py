"""The 99 queries of TPC-DS at a small scale, answered by a real Trino and by the embedded engine from the same Parquet files.

    python3 deploy/test/trino/tpcds.py BINARY [--scale 0.01] [--only 1,2,…]

Tables and texts are those of DuckDB's generator, which `make test-tpcds` installs. Trino reads the files over an S3 of this
machine (lake_s3.py). Rows are compared as a bag, doubles to 12 digits. A refusal (NOT_SUPPORTED_HERE) is counted and shown.
Ends with 1 if any answer is another.
"""

import argparse
import collections
import glob
import pathlib
import re
import sys
import tempfile
import time

import duckdb
import duckdb_extension_tpcds

from client import Refused, Trino, trino_over
from fuzz import Ours, compared


def generated(lake, scale):
    """Writes each table as a file in a folder of its own; answers the tables' columns, and the queries by number."""
    database = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    (extension,) = glob.glob(f"{pathlib.Path(duckdb_extension_tpcds.__file__).parent}/extensions/*/*.duckdb_extension")
    database.execute(f"LOAD '{extension}'")
    database.execute(f"CALL dsdgen(sf = {scale})")
    tables = {}
    for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        (lake / name).mkdir(parents=True)
        database.execute(f"COPY {name} TO '{lake / name / 'part.parquet'}' (FORMAT parquet)")
        tables[name] = [(column[0], column[1].lower()) for column in database.execute(f"DESCRIBE {name}").fetchall()]
    queries = dict(database.execute("SELECT query_nr, query FROM tpcds_queries()").fetchall())
    return tables, {number: of_trino(text) for number, text in queries.items()}


def of_trino(sql):
    """A text of DuckDB's in Trino's words, which compare no date with a text and count no days as a number."""
    sql = re.sub(r"'(\d{4}-\d{2}-\d{2})'(?! *as date)", r"DATE '\1'", sql.strip().rstrip(";"), flags=re.I)
    return re.sub(r"d_date \+ (\d+)", r"d_date + INTERVAL '\1' DAY", sql)


def refusal(trino, sql):
    try:
        trino.ask(sql)
    except Refused as refused:
        return f"{refused.name}: {refused}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--scale", type=float, default=0.01)
    options.add_argument("--only", default="")
    options = options.parse_args()
    only = {int(number) for number in options.only.split(",") if number}
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        lake = work / "data/lake/tpcds"
        tables, queries = generated(lake, options.scale)
        with trino_over(lake, work / "trino") as (address, _):
            trino = Trino(address)
            trino.headers |= {"X-Trino-Catalog": "lake", "X-Trino-Schema": "tpcds"}
            trino.ask("CREATE SCHEMA lake.tpcds")
            for name, columns in tables.items():
                columns = ", ".join(f"{column} {kind}" for column, kind in columns)
                trino.ask(f"CREATE TABLE {name} ({columns}) WITH (format = 'PARQUET', external_location = 's3://tpcds/{name}')")
            ours = Ours(options.binary, str(work / "data"), "--catalog", "local", "--database", "tpcds")
            for number, sql in queries.items():
                if only and number not in only:
                    continue
                began = time.monotonic()
                outcome, why = compared(sql, trino, ours)
                if "refuse" in outcome:
                    why = f"{ours.ask(sql)['error']}; Trino: {refusal(trino, sql)}"
                counts[outcome] += 1
                print(f"{number:3} {outcome} ({time.monotonic() - began:.1f} s)" + (f"\n    {why}" if why else ""), flush=True)
    for outcome, count in counts.most_common():
        print(f"{count:7} {outcome}")
    sys.exit(1 if counts["different"] + counts["failed here"] + counts["answered what Trino refuses"] else 0)


if __name__ == "__main__":
    main()
