"""usage: peers.py FORECAST_FOLDER RUNS: times of the benchmark's statements in DuckDB and DataFusion, as JSON on standard output."""

import json
import sys
import time

import datafusion
import duckdb
import pyarrow

folder, runs = sys.argv[1], int(sys.argv[2])
STATEMENTS = {
    "by_day": "select business_date, sum(y_05), sum(y_50), sum(y_95) from forecast where state = 'CA' group by 1",
    "rows": "select * from forecast limit 100000",
}

duck = duckdb.connect(config={"threads": 2})
duck.execute(f"create view forecast as select * from read_parquet('{folder}/*/*.parquet', hive_partitioning = true)")
fusion = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(2))
fusion.register_parquet("forecast", folder + "/", table_partition_cols=[("state", pyarrow.string())])
engines = {"duckdb": lambda sql: duck.sql(sql).to_arrow_table(), "datafusion": lambda sql: fusion.sql(sql).collect()}

result = {}
for name, run in engines.items():
    result[name] = {}
    for key, sql in STATEMENTS.items():
        for _ in range(5):
            run(sql)
        figures = []
        for _ in range(runs):
            start = time.perf_counter()
            run(sql)
            figures.append((time.perf_counter() - start) * 1000)
        result[name][key] = figures
print(json.dumps(result))
