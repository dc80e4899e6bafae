"""A bucket on loopback that notes every request: listing, whole objects and ranges, nothing more."""

import email.utils
import hashlib
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

from .harness import check


class Bucket:
    def __init__(self, name, objects):
        self.name, self.objects, self.requests = name, objects, []
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                bucket.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def lakefront(self, world, prefix):
        """A data folder of its own whose catalog `bucket` is this one; answers how to run commands on it."""
        data = world.folder / f"bucket-{self.http.server_port}"
        data.mkdir()
        settings = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "no secret"}

        def run(*arguments):
            return world.main.command(*arguments, settings=settings, data=data)

        place = ["--s3", f"s3://{self.name}/{prefix}", "--region", "us-east-1", "--endpoint", self.url]
        added = run("catalog", "add", "bucket", *place)
        check(added.returncode == 0, f"the bucket was not added: {added.stderr} {self.requests}")
        return run

    def answer(self, request):
        self.requests.append(f"{request.command} {request.path}")
        address = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        key = urllib.parse.unquote(address.path).removeprefix(f"/{self.name}").removeprefix("/")
        if not key and "list-type" in query:
            return self.send(request, 200, self.listing(query), {"Content-Type": "application/xml"})
        if key not in self.objects:
            return self.send(request, 404, b"<Error><Code>NoSuchKey</Code></Error>", {"Content-Type": "application/xml"})
        body = self.objects[key]
        headers = {"ETag": etag(body), "Last-Modified": email.utils.formatdate(0, usegmt=True), "Accept-Ranges": "bytes"}
        wanted, status = request.headers.get("Range"), 200
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start = int(first) if first else len(body) - int(last)
            end = min(int(last), len(body) - 1) if first and last else len(body) - 1
            headers["Content-Range"], status = f"bytes {start}-{end}/{len(body)}", 206
            body = body[start : end + 1]
        return self.send(request, status, body, headers)

    def listing(self, query):
        prefix = query.get("prefix", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        encode = urllib.parse.quote if query.get("encoding-type") == "url" else escape
        rows = "".join(
            f"<Contents><Key>{encode(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{escape(etag(self.objects[key]))}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys
        )
        head = f"<Name>{self.name}</Name><Prefix>{encode(prefix)}</Prefix><KeyCount>{len(keys)}</KeyCount><IsTruncated>false</IsTruncated>"
        return f'<?xml version="1.0"?><ListBucketResult>{head}{rows}</ListBucketResult>'.encode()

    def send(self, request, status, body, headers):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


def etag(body):
    return f'"{hashlib.md5(body).hexdigest()}"'
