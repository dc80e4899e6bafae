"""A folder as a bucket of S3, on loopback, each answer after a delay, every byte counted.

usage: lake_s3.py FOLDER [--latency-ms 0] [--port 0]       prints its address and serves until it is ended

GET /FOLDER'S NAME/key with ranges, HEAD, ListObjectsV2; signatures are not checked. The folder is only read; the bucket
`scratch`, where a Trino may keep its metastore, is in memory and may be written. GET /-/counts answers what was read
since the last time: {"requests", "bytes", "tail_bytes"}, the last being ranges that end at an object's end, which is
where Parquet keeps its footer. moto takes milliseconds of Python per request; this takes a tenth of one.
"""

import argparse
import asyncio
import datetime
import hashlib
import json
import pathlib
import re
import time
import urllib.parse
from email.utils import formatdate
from xml.sax.saxutils import escape

PAGE = 1000


class Store:
    def __init__(self, folder):
        self.objects = {}
        self.buckets = {folder.name: self.objects, "scratch": {}}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                stat = path.stat()
                key = path.relative_to(folder).as_posix()
                etag = hashlib.md5(f"{key} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()
                self.objects[key] = (path, stat.st_size, stat.st_mtime, f'"{etag}"')
        self.reset()

    def reset(self):
        self.counts = {"requests": 0, "bytes": 0, "tail_bytes": 0}

    def list(self, name, query):
        objects = self.buckets[name]
        prefix = query.get("prefix", [""])[0]
        delimiter = query.get("delimiter", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        most = min(int(query.get("max-keys", [PAGE])[0]), PAGE)
        entries, common, last = [], [], ""
        for key in sorted(objects):
            if not key.startswith(prefix) or key <= after or (last and after.startswith(last)):
                continue
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                group = key[: cut + len(delimiter)]
                if group in common or after.startswith(group):
                    continue
                if len(entries) + len(common) == most:
                    break
                common.append(group)
            else:
                if len(entries) + len(common) == most:
                    break
                entries.append(key)
            last = key
        else:
            last = ""
        parts = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
            f"<Name>{escape(name)}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>",
            f"<KeyCount>{len(entries) + len(common)}</KeyCount><IsTruncated>{str(bool(last)).lower()}</IsTruncated>",
        ]
        if last:
            parts.append(f"<NextContinuationToken>{escape(last)}</NextContinuationToken>")
        for key in entries:
            _, size, modified, etag = objects[key]
            when = formatdate_iso(modified)
            parts.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{when}</LastModified><ETag>{escape(etag)}</ETag>"
                f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        parts += [f"<CommonPrefixes><Prefix>{escape(group)}</Prefix></CommonPrefixes>" for group in common]
        return "".join(parts) + "</ListBucketResult>"

    def answer(self, method, target, headers, sent):
        """Status, headers, body."""
        path, _, query = target.partition("?")
        path = urllib.parse.unquote(path)
        if path == "/-/counts":
            counts = self.counts
            self.reset()
            return 200, {"Content-Type": "application/json"}, json.dumps(counts).encode()
        self.counts["requests"] += 1
        bucket, _, key = path.lstrip("/").partition("/")
        if bucket not in self.buckets:
            return error(404, "NoSuchBucket")
        objects = self.buckets[bucket]
        query = urllib.parse.parse_qs(query, keep_blank_values=True)
        if "location" in query:
            return 200, {}, b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
        if method in ("PUT", "POST", "DELETE"):
            return self.write(method, objects, key, query, unchunked(headers, sent)) if bucket == "scratch" else error(403, "AccessDenied")
        if not key:
            return 200, {"Content-Type": "application/xml"}, self.list(bucket, query).encode()
        if key not in objects:
            return error(404, "NoSuchKey")
        file, size, modified, etag = objects[key]
        if headers.get("if-match", etag).strip('"') != etag.strip('"'):
            return error(412, "PreconditionFailed")
        told = {"ETag": etag, "Last-Modified": formatdate(modified, usegmt=True), "Accept-Ranges": "bytes"}
        told["Content-Type"] = "application/octet-stream"
        if method == "HEAD":
            return 200, {**told, "Content-Length": str(size)}, b""
        start, end = 0, size
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", ""))
        if asked and asked[1]:
            start, end = int(asked[1]), min(int(asked[2]) + 1 if asked[2] else size, size)
        elif asked and asked[2]:
            start = max(size - int(asked[2]), 0)
        if asked and start >= size:
            return error(416, "InvalidRange")
        if isinstance(file, bytes):
            return 206 if asked else 200, told, file[start:end]
        with open(file, "rb") as source:
            source.seek(start)
            body = source.read(end - start)
        self.counts["bytes"] += len(body)
        if end == size:
            self.counts["tail_bytes"] += len(body)
        if asked:
            told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return (206 if asked else 200), told, body

    def write(self, method, objects, key, query, body):
        if method == "POST":
            for gone in re.findall(rb"<Key>(.*?)</Key>", body):
                objects.pop(gone.decode(), None)
            return 200, {"Content-Type": "application/xml"}, b"<DeleteResult/>"
        if method == "DELETE":
            objects.pop(key, None)
            return 204, {}, b""
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        objects[key] = (body, len(body), time.time(), etag)
        return 200, {"ETag": etag}, b""


def unchunked(headers, body):
    """A body without the chunks that a client signs one by one."""
    if "aws-chunked" not in headers.get("content-encoding", "") and "STREAMING" not in headers.get("x-amz-content-sha256", ""):
        return body
    whole = b""
    while body:
        head, _, body = body.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if not size:
            break
        whole, body = whole + body[:size], body[size + 2 :]
    return whole


def formatdate_iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def error(status, code):
    return status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


class Connection(asyncio.Protocol):
    """HTTP/1.1, as S3's clients speak it."""

    def __init__(self, store, latency):
        self.store, self.latency, self.buffer, self.told_to_go_on = store, latency, b"", False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, rest = self.buffer.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            if "expect" in headers and not self.told_to_go_on:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.told_to_go_on = True
            if len(rest) < length:
                return
            sent, self.buffer, self.told_to_go_on = rest[:length], rest[length:], False
            if target.startswith("/-/") or not self.latency:
                self.send(method, target, headers, sent)
            else:
                asyncio.get_running_loop().call_later(self.latency, self.send, method, target, headers, sent)

    def send(self, method, target, headers, sent):
        if self.transport.is_closing():
            return
        status, told, body = self.store.answer(method, target, headers, sent)
        if status != 204:
            told.setdefault("Content-Length", str(len(body)))
        told.setdefault("x-amz-request-id", "local")
        lines = [f"HTTP/1.1 {status} {'OK' if status < 300 else 'Error'}", *(f"{name}: {value}" for name, value in told.items())]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if method == "HEAD" else body))


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    store = Store(options.folder.resolve())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(store, options.latency_ms / 1000), "127.0.0.1", options.port, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
