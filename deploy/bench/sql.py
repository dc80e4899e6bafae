"""Statements over the whole sample lake: the embedded engine against DataFusion and DuckDB on the same files, with as many
threads. Medians in ms. Ours come as JSON lines from a process, the others' as Arrow within one.

usage: make bench-sql, or in the virtual environment that bench.py makes: sql.py BINARY [--runs 9]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

THREADS = 2
# One text for all, or ours, DataFusion's and DuckDB's.
STATEMENTS = {
    "q1 totals by day": "select business_date, sum(y_05) a, sum(y_50) b, sum(y_95) c from forecast where state = 'TX' group by business_date order by business_date",
    "q2 top 20": "select restaurant_id, sum(y_50) t from forecast group by restaurant_id order by t desc limit 20",
    "q3 area by weekday": [
        f"select dma_id, {weekday} w, sum(y_50) t from forecast group by dma_id, {weekday} order by dma_id, w"
        for weekday in ("day_of_week(business_date)", "date_part('dow', business_date)", "dayofweek(business_date)")
    ],
    "q4 one restaurant": "select business_date, sum(y_05) a, sum(y_50) b, sum(y_95) c from forecast where restaurant_id = 10042 group by business_date order by business_date",
    "q5 distinct": "select state, count(distinct restaurant_id) r, count(distinct dma_id) d, count(distinct dc_id) c from forecast group by state order by state",
    "q6 moving average": "select dma_id, business_date, t, avg(t) over (partition by dma_id order by business_date rows between 6 preceding and current row) m from (select dma_id, business_date, sum(y_50) t from forecast group by dma_id, business_date) x order by dma_id, business_date",
    "q7 whole table": "select count(*) n, sum(y_05) a, avg(y_50) b, min(y_95) c, max(y_95) d, stddev(y_50) e from forecast",
    "q8 one day": "select state, inventory_item_id, sum(y_50) t, count(*) n from forecast where business_date = date '2025-02-14' group by state, inventory_item_id order by state, inventory_item_id",
    "q11 sorted extract": "select restaurant_id, inventory_item_id, business_date, y_50 from forecast where state = 'CA' order by y_50 desc limit 1000",
    "q12 median by item": [
        f"select inventory_item_id, {median} m from forecast group by inventory_item_id order by inventory_item_id"
        for median in ("approx_percentile(y_50, 0.5)", "approx_percentile_cont(y_50, 0.5)", "approx_quantile(y_50, 0.5)")
    ],
    "f upper": "select count(distinct upper(dma_id)) from forecast",
    "f substr": ["select max(substr(dma_id, 1, 2)) from forecast"] * 3,
    "f concat": "select max(dma_id || '-' || state) from forecast",
    "f like": "select count(*) from forecast where dma_id like '%A%'",
    "f regexp": [
        "select count(*) from forecast where regexp_like(dma_id, '^[A-M]')",
        "select count(*) from forecast where regexp_like(dma_id, '^[A-M]')",
        "select count(*) from forecast where regexp_matches(dma_id, '^[A-M]')",
    ],
    "f date_trunc": "select date_trunc('month', business_date) m, count(*) from forecast group by 1 order by 1",
    "f year": ["select max(year(business_date)) from forecast", "select max(date_part('year', business_date)) from forecast", "select max(year(business_date)) from forecast"],
    "f round": "select sum(round(y_50, 1)) from forecast",
    "f case": "select sum(case when y_50 > 20 then 1 else 0 end) from forecast",
    "f cast": "select count(distinct cast(restaurant_id as varchar)) from forecast",
    "f and": "select count(*) from forecast where y_50 <> 0 and 10 / y_50 > 0.5 and restaurant_id <> 7",
}


class Ours:
    def __init__(self, binary, lake):
        self.folder = tempfile.TemporaryDirectory()
        data = pathlib.Path(self.folder.name)
        subprocess.run([binary, "catalog", "add", "bench", "--path", str(lake.parent), "--data-dir", str(data), "--yes"], check=True, capture_output=True)
        command = [binary, "query", "--jsonl", "--data-dir", str(data), "--catalog", "bench"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.asked = 0

    def __call__(self, sql):
        # Another text each time: no stored result answers.
        self.asked += 1
        self.process.stdin.write(json.dumps({"sql": f"with x{self.asked} as (select 1 a) {sql}"}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer)


def engines(binary, lake):
    import datafusion
    import duckdb
    import pyarrow

    raw = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(THREADS))
    raw.register_parquet("forecast", f"{lake}/", table_partition_cols=[("state", pyarrow.string())])
    duck = duckdb.connect(config={"threads": THREADS})
    duck.execute(f"create view forecast as select * from read_parquet('{lake}/*/*.parquet', hive_partitioning=true)")
    return {"ours": Ours(binary, lake), "DataFusion": lambda sql: raw.sql(sql).collect(), "DuckDB": lambda sql: duck.execute(sql).to_arrow_table()}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--runs", type=int, default=9)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.binary, "sample", "forecast", "--format", "parquet", "--out", f"{folder}/demo/forecast"], check=True, capture_output=True)
        lake = pathlib.Path(folder) / "demo" / "forecast"
        lake = next(path.parent.parent for path in lake.rglob("*.parquet"))
        asked = engines(options.binary, lake)
        print(f"{'':22}" + "".join(f"{name:>12}" for name in asked) + f"{'÷ DataFusion':>14}{'÷ DuckDB':>10}")
        for name, sql in STATEMENTS.items():
            texts = sql if isinstance(sql, list) else [sql] * 3
            medians = []
            for run, text in zip(asked.values(), texts):
                times = []
                for _ in range(options.runs + 2):
                    began = time.monotonic()
                    run(text)
                    times.append((time.monotonic() - began) * 1000)
                medians.append(statistics.median(times[2:]))
            ratios = f"{medians[0] / medians[1]:14.2f}{medians[0] / medians[2]:10.2f}"
            print(f"{name:22}" + "".join(f"{median:12.1f}" for median in medians) + ratios, flush=True)


if __name__ == "__main__":
    main()
