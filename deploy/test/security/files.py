"""A file that lies, or is larger than it looks, fails its own query with a typed error."""

import concurrent.futures
import time

from . import parquet
from .harness import MIB, check, skip
from .resources import watched

BOMB = 384 * MIB


def write(lake):
    """Database `hostile`: one table a file."""
    folder = lake / "hostile"
    folder.mkdir(parents=True)

    def put(name, content):
        (folder / name).write_bytes(content)

    sound = parquet.sound()
    put("sound.parquet", sound)
    put("checked.parquet", parquet.checked())
    for name, content in parquet.long_lists():
        put(f"list_{name}.parquet", content)
    for name, content in parquet.broken():
        put(f"broken_{name}.parquet", content)
    for percent in range(1, 100, 4):
        put(f"cut_{percent:02}.parquet", sound[: len(sound) * percent // 100])
    put("endless.parquet", parquet.endless())
    put("claim.parquet", parquet.large_claim())

    gzip = parquet.gzip(BOMB, b"a,b\n1,2\n")
    put("bomb_line.csv.gz", gzip)
    put("bomb_rows.csv.gz", parquet.gzip(BOMB, b"a,b\n", b"1,2\n"))
    put("bomb_commas.csv.gz", parquet.gzip(BOMB, b"a,b\n1,2\n", b","))
    put("bomb_quote.csv.gz", parquet.gzip(BOMB, b'a,b\n1,"'))
    put("bomb_nested.csv.gz", parquet.gzip(0, b"a,b\n" + gzip))
    put("bomb_text.json.gz", parquet.gzip(BOMB, b'{"a":"', end=b'"}\n'))
    put("bomb_deep.json.gz", parquet.gzip(64 * MIB, b'{"a":', b"["))
    put("bomb_keys.json.gz", keys(200_000))
    put("bomb_zstd.csv.zst", parquet.zstd(BOMB, start=b"a,b\n1,2\n"))
    put("bomb_window.csv.zst", parquet.zstd(BOMB, window=0xA8, start=b"a,b\n1,2\n"))
    for name, codec, packed in [
        ("gzip", parquet.GZIP, parquet.gzip(BOMB)),
        ("zstd", parquet.ZSTD, parquet.zstd(BOMB)),
        ("snappy", parquet.SNAPPY, parquet.snappy(BOMB)),
        ("snappy_claim", parquet.SNAPPY, parquet.varint(parquet.MOST) + b"\0x"),
    ]:
        put(f"page_{name}_small.parquet", parquet.bomb(codec, packed, 8000))
        put(f"page_{name}_true.parquet", parquet.bomb(codec, packed, BOMB, BOMB // 8))
        put(f"page_{name}_most.parquet", parquet.bomb(codec, packed, parquet.MOST))

    put("csv_line.csv", b"a,b\n1," + b"x" * (96 * MIB) + b"\n")
    put("csv_columns.csv", b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b",".join([b"1"] * 100_000) + b"\n")
    put("csv_quote.csv", b'a,b\n1,2\n3,"' + b"x\n" * (32 * MIB))
    put("csv_nul.csv", b"a,b\n1,\0\0\n\0,2\n")
    put("csv_utf16.csv", "a,b\n1,ü\n".encode("utf-16"))
    put("csv_cr.csv", b"a,b\r1,2\r3,4\r")
    put("csv_bom.csv", "\ufeffa,b\n1,2\n".encode())
    put("csv_widths.csv", b"a,b\n" + b"".join(b",".join([b"1"] * (1 + i % 200)) + b"\n" for i in range(10_000)))
    put("csv_empty.csv", b"")
    put("csv_header.csv", b"a,b\n")
    put("csv_bytes.csv", b"a,b\n1,\xff\xfe\xfa\n")
    put("json_deep.json", b'{"a":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001 + b"\n")
    put("json_cut.json", b'{"a":1}\n{"a":')
    put("json_types.json", b'{"a":1}\n{"a":"x"}\n{"a":[1]}\n{"a":{"b":1}}\n')


def keys(count):
    text = "".join(f'{{"k{i}":1}}\n' for i in range(count)).encode()
    return parquet.gzip(0, text)


def names(world, prefix):
    files = (world.main.data / "lake" / "hostile").iterdir()
    return sorted(path.name.split(".")[0] for path in files if path.name.startswith(prefix))


def ask(world, name, columns="*"):
    return world.main.run(f"SELECT {columns} FROM hostile.{name} LIMIT 10")


def nobody_panicked(world, since):
    # A panic of a worker's own threads ends as its statement's error, which is what is asked here; one of the server is a fault,
    # and so is the death of a worker.
    caught = ("thread 'operator'", "thread 'planner'")
    fault = lambda line: any(sign in line for sign in ("overflowed its stack", "SIGSEGV")) or ("panicked at" in line and not any(thread in line for thread in caught))
    lines = [line for line in world.main.log[since:] if fault(line)]
    check(not lines, f"panics: {lines[:3]}")


def each(world, tables, fine, columns="*"):
    since = len(world.main.log)
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for name, answer in zip(tables, pool.map(lambda name: ask(world, name, columns), tables)):
            if not fine(answer):
                wrong.append(f"{name}: {answer}")
    check(not wrong, f"{len(wrong)} of {len(tables)}: " + "; ".join(text[:180] for text in wrong))
    nobody_panicked(world, since)


def invalid(answer):
    return 400 <= answer.status < 500 and answer.code == "INVALID_FILE"


def limited(answer):
    return 400 <= answer.status < 500 and answer.code in ("INVALID_FILE", "RESOURCE_LIMIT", "TIMEOUT")


def defined(answer):
    return answer.status == 200 or limited(answer) or answer.code == "SCHEMA_CONFLICT"


@watched("FIL-001")
def lists_that_claim_too_much(world):
    check(ask(world, "sound", "sum(c)").json["rows"] == [[499500]], "a sound file made the same way is read")
    each(world, names(world, "list_"), invalid)


@watched("FIL-002")
def broken_files(world):
    check(ask(world, "checked", "sum(c)").json["rows"] == [[499500]], "a page whose checksum is right is read")
    each(world, names(world, "broken_"), invalid, "sum(c)")
    each(world, names(world, "cut_"), invalid)
    claim = ask(world, "claim", "sum(c)")
    check(invalid(claim) or claim.json["rows"] == [[499500]], f"a page that claims 2 GB: {claim}")


@watched("FIL-003")
def a_file_without_end(world):
    count = ask(world, "endless", "count(*)")
    check(count.status == 200 and count.json["rows"] == [[parquet.MOST * 500]] or limited(count), f"count: {count}")
    for columns in ("sum(c)", "max(length(s))"):
        answer = ask(world, "endless", columns)
        check(limited(answer), f"{columns}: {answer}")
    for columns in ("c", "s"):
        answer = ask(world, "endless", columns)
        check(answer.status == 200 or limited(answer), f"{columns} LIMIT 10: {answer}")
    body = {"sql": "SELECT sum(c) FROM hostile.endless", "reuse_max_age_s": 0}
    submitted = world.main.call("POST", "/api/v1/executions", body, token=world.main.tokens["editor"])
    time.sleep(0.3)
    started = time.monotonic()
    world.main.call("DELETE", f"/api/v1/executions/{submitted.json['id']}", token=world.main.tokens["editor"])
    check(time.monotonic() - started <= world.patience(1), "cancel took longer than a second")


@watched("FIL-004")
def bombs(world):
    # Rows that are really there are read as rows, however well they were packed.
    each(world, names(world, "bomb_"), defined)
    each(world, names(world, "bomb_"), defined, "count(*)")
    # A page that says what it is may be read, as far as memory allows.
    true = [name for name in names(world, "page_") if name.endswith("_true")]
    each(world, true, lambda answer: limited(answer) or answer.json.get("rows") == [[BOMB // 8]], "count(c)")
    each(world, [name for name in names(world, "page_") if name not in true], limited, "count(c)")


@watched("FIL-005")
def odd_texts(world):
    each(world, names(world, "csv_") + names(world, "json_"), defined)
    rows = lambda name: ask(world, name).json.get("rows")
    check(rows("csv_bom") == [[1, 2]] and ask(world, "csv_bom", "a").status == 200, f"BOM: {rows('csv_bom')}")
    check(ask(world, "csv_cr", "count(*)").json["rows"] in ([[2]], [[0]]), f"lone CR: {ask(world, 'csv_cr')}")


for id in ("FIL-008", "FIL-009", "FIL-011"):
    skip(id, "no uploads yet")
