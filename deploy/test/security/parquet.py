"""Writes Parquet files by hand, so that every number in them can be a lie.

Thrift's compact protocol: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
The structures: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

import struct
import zlib

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
INT64, BYTE_ARRAY = 2, 6
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
UNCOMPRESSED, SNAPPY, GZIP, ZSTD = 0, 1, 2, 6
MOST = 2**31 - 1
MAGIC = b"PAR1"


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def i32(number):
    return I32, varint(number << 1 if number >= 0 else (-number << 1) - 1)


def i64(number):
    return I64, i32(number)[1]


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return BINARY, varint(len(value)) + value


def many(items, kind=STRUCT, claimed=None):
    """A list; `claimed` is the length it says it has."""
    length = len(items) if claimed is None else claimed
    head = bytes([length << 4 | kind]) if length < 15 else bytes([0xF0 | kind]) + varint(length)
    return LIST, head + b"".join(item[1] for item in items)


def structure(fields):
    out, last = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        out.append((number - last) << 4 | kind)
        out += value
        last = number
    out.append(0)
    return STRUCT, bytes(out)


def page(count, body, *, packed=None, size=None, encoding=PLAIN, checksum=None):
    packed = body if packed is None else packed
    data = structure({1: i32(count), 2: i32(encoding), 3: i32(RLE), 4: i32(RLE)})
    head = {1: i32(0), 2: i32(len(body) if size is None else size), 3: i32(len(packed))}
    if checksum is not None:
        head[4] = i32(checksum - (checksum >> 31 << 32))
    head[5] = data
    return structure(head)[1] + packed


def dictionary(count, body):
    head = {1: i32(2), 2: i32(len(body)), 3: i32(len(body)), 7: structure({1: i32(count), 2: i32(PLAIN)})}
    return structure(head)[1] + body


def indices(count, index, width=8):
    """One run of the same dictionary index."""
    return bytes([width]) + varint(count << 1) + index.to_bytes((width + 7) // 8, "little")


def column(pages, rows, *, name="c", kind=INT64, codec=UNCOMPRESSED, dictionary_at=None, data_at=4, **changes):
    meta = {
        1: i32(kind),
        2: many([i32(PLAIN), i32(RLE), i32(RLE_DICTIONARY)], I32),
        3: many([text(name)], BINARY),
        4: i32(codec),
        5: i64(rows),
        6: i64(max(pages, 8 * min(rows, 1000))),
        7: i64(pages),
        9: i64(data_at),
    }
    if dictionary_at is not None:
        meta[11] = i64(dictionary_at)
    meta.update({int(key[1:]): value for key, value in changes.items()})
    return structure({2: i64(4), 3: structure(meta)})


def footer(columns, rows, *, names=(("c", INT64),), groups=1, group=None, **changes):
    elements = [structure({4: text("schema"), 5: i32(len(names))})]
    elements += [structure({1: i32(kind), 3: i32(0), 4: text(name)}) for name, kind in names]
    row_group = structure({1: many(columns), 2: i64(8 * min(rows, 1000)), 3: i64(rows), **(group or {})})
    fields = {1: i32(1), 2: many(elements), 3: i64(rows * groups), 4: many([row_group] * groups), 6: text("hand")}
    fields.update({int(key[1:]): value for key, value in changes.items()})
    return structure(fields)[1]


def file(pages, foot, *, length=None, end=MAGIC):
    return MAGIC + pages + foot + struct.pack("<I", len(foot) if length is None else length) + end


VALUES = struct.pack("<1000q", *range(1000))


def sound():
    pages = page(1000, VALUES)
    return file(pages, footer([column(len(pages), 1000)], 1000))


def checked(wrong=0):
    """With a checksum of its page."""
    pages = page(1000, VALUES, checksum=zlib.crc32(VALUES) ^ wrong)
    return file(pages, footer([column(len(pages), 1000)], 1000))


def endless():
    """A few kilobytes that say they hold a billion times as many rows, each with a number and a megabyte of text."""
    rows, groups = MOST, 500
    numbers = dictionary(1, struct.pack("<q", 1))
    numbers_data = page(rows, indices(rows, 0), encoding=RLE_DICTIONARY)
    long = b"x" * (1 << 20)
    texts = dictionary(1, struct.pack("<I", len(long)) + long)
    texts_data = page(rows, indices(rows, 0), encoding=RLE_DICTIONARY)
    at = 4 + len(numbers) + len(numbers_data)
    columns = [
        column(len(numbers) + len(numbers_data), rows, dictionary_at=4, data_at=4 + len(numbers)),
        column(len(texts) + len(texts_data), rows, name="s", kind=BYTE_ARRAY, dictionary_at=at, data_at=at + len(texts)),
    ]
    names = (("c", INT64), ("s", BYTE_ARRAY))
    return file(numbers + numbers_data + texts + texts_data, footer(columns, rows, names=names, groups=groups))


def large_claim():
    """A page that is not compressed and says it would be 2 GB if it were not."""
    pages = page(1000, VALUES, size=MOST)
    return file(pages, footer([column(len(pages), 1000)], 1000))


def bomb(codec, packed, size, count=1000):
    """A page that inflates to something else than it says."""
    pages = page(count, b"", packed=packed, size=size)
    return file(pages, footer([column(len(pages), count, codec=codec)], count))


def long_lists():
    """Footers whose lists claim two thousand million items and end there."""
    yield "schema", file(b"", structure({1: i32(1), 2: many([], claimed=MOST)})[1])
    # The ten bytes of https://github.com/apache/arrow-rs/issues/9874 are such a list.
    yield "short", file(b"", bytes([0x15, 0x02, 0x19, 0xFC]) + varint(MOST) + b"\0")
    pages = page(1000, VALUES)
    plain = column(len(pages), 1000)
    for name, number, kind in (("row_groups", 4, STRUCT), ("key_values", 5, STRUCT), ("column_orders", 7, STRUCT)):
        yield name, file(pages, footer([plain], 1000, **{f"f{number}": many([], kind, MOST)}))
    yield "columns", file(pages, footer([plain], 1000, group={1: many([], claimed=MOST)}))
    yield "sorting", file(pages, footer([plain], 1000, group={4: many([], claimed=MOST)}))
    for name, number, kind in (("encodings", 2, I32), ("path", 3, BINARY), ("key_value", 8, STRUCT), ("encoding_stats", 13, STRUCT)):
        odd = column(len(pages), 1000, **{f"f{number}": many([], kind, MOST)})
        yield f"column_{name}", file(pages, footer([odd], 1000))


def broken():
    """What a reader must notice: sizes, places and counts that can't be."""
    pages = page(1000, VALUES)
    plain = column(len(pages), 1000)
    foot = footer([plain], 1000)
    yield "footer_longer_than_file", file(pages, foot, length=10**9)
    yield "footer_length_most", file(pages, foot, length=2**32 - 1)
    yield "wrong_magic", file(pages, foot, end=b"PARX")
    yield "nothing", b""
    yield "magic_only", MAGIC
    yield "offset_outside", file(pages, footer([column(len(pages), 1000, data_at=10**9)], 1000))
    yield "offset_negative", file(pages, footer([column(len(pages), 1000, data_at=-4)], 1000))
    yield "size_outside", file(pages, footer([column(10**12, 1000)], 1000))
    yield "size_negative", file(pages, footer([column(len(pages), 1000, f7=i64(-5))], 1000))
    yield "rows_negative", file(pages, footer([plain], 1000, group={3: i64(-1)}))
    most = page(MOST, VALUES)
    yield "page_values_most", file(most, footer([column(len(most), MOST)], MOST))
    negative = page(-7, VALUES)
    yield "page_values_negative", file(negative, footer([column(len(negative), 1000)], 1000))
    one, far = dictionary(1, struct.pack("<q", 1)), page(1000, indices(1000, 200), encoding=RLE_DICTIONARY)
    column_far = column(len(one) + len(far), 1000, dictionary_at=4, data_at=4 + len(one))
    yield "checksum", checked(wrong=1)
    yield "dictionary_index", file(one + far, footer([column_far], 1000))


def snappy(size):
    """Text of `size` bytes as copies of one byte."""
    out = bytearray(varint(size) + b"\0x")
    # A literal of one byte, then copies of up to 64 from one byte back.
    copies, rest = divmod(size - 1, 64)
    out += bytes([63 << 2 | 2, 1, 0]) * copies
    if rest:
        out += bytes([(rest - 1) << 2 | 2, 1, 0])
    return bytes(out)


def zstd(size, window=0x68, start=b""):
    """A frame of run-length blocks: four bytes for each 128 KiB. The window is 8 MiB if not said."""
    out = bytearray(b"\x28\xb5\x2f\xfd\x00" + bytes([window]))
    if start:
        out += (len(start) << 3).to_bytes(3, "little") + start
    block = 128 << 10
    count = -(-size // block)
    for number in range(count):
        last = 1 if number == count - 1 else 0
        out += (block << 3 | 1 << 1 | last).to_bytes(3, "little") + b"x"
    return bytes(out)


def gzip(size, start=b"", filling=b"x", end=b""):
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = [pack.compress(start)]
    chunk = filling * ((1 << 20) // len(filling))
    out += [pack.compress(chunk) for _ in range(size >> 20)]
    return b"".join([*out, pack.compress(end), pack.flush()])
