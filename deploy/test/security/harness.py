"""Cases and how they are judged; a server of one's own; a client that sends what browsers never would."""

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable

MIB = 1 << 20
PASSWORD = "three harmless words"
CANARY = b"LFCANARYFILE"
PROBE_EVERY_S = 0.1


class Failed(AssertionError):
    """What was promised did not hold; the text is the evidence."""


def check(holds, evidence):
    if not holds:
        raise Failed(str(evidence)[:600])


@dataclasses.dataclass
class Case:
    id: str
    run: Callable | None
    skipped: str = ""


CASES: list[Case] = []


def case(id):
    def register(run):
        CASES.append(Case(id, run))
        return run

    return register


def skip(id, reason):
    CASES.append(Case(id, None, reason))


@dataclasses.dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of a problem document, or of a failed execution."""
        try:
            body = self.json
            return body.get("code") or (body.get("error") or {}).get("code", "")
        except (ValueError, AttributeError):
            return ""

    @property
    def cookie(self):
        return self.header("set-cookie").split(";")[0]

    def __str__(self):
        return f"{self.status} {self.code or self.text[:300]}"


class Server:
    """`lakefront serve` on a data folder; its log is kept for evidence."""

    def __init__(self, binary, data, settings=None):
        self.binary, self.data, self.settings = binary, pathlib.Path(data), settings or {}
        self.tokens, self.users = {}, {}
        self.leaks = []
        self.start()

    def start(self):
        self.log = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.data],
            cwd=self.data,
            env=environment(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        ready = threading.Event()

        def read():
            for line in self.process.stderr:
                self.log.append(line.rstrip())
                if "Lakefront is ready at" in line:
                    ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        if not ready.wait(60) or self.process.poll() is not None:
            self.stop()
            raise RuntimeError("the server did not start:\n" + "\n".join(self.log))

    @property
    def pid(self):
        return self.process.pid

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self, *arguments, stdin="", settings=None, data=None):
        """A command of the same binary, on this server's data folder or another."""
        data = data or self.data
        return subprocess.run(
            [self.binary, *arguments, "--data-dir", data],
            cwd=data,
            env=environment({**self.settings, **(settings or {})}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            errors="replace",
        )

    def call(self, method, path, body=None, *, token=None, cookie=None, headers=None, timeout=60):
        """One request. `body` is JSON unless it is bytes; `headers` with the value None are left out."""
        sent = {"Host": f"127.0.0.1:{self.port}"}
        if body is not None and not isinstance(body, bytes):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if cookie:
            sent["Cookie"] = cookie
        sent.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            # The path goes out as it is, whatever it holds.
            connection._validate_path = lambda _: None
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None and "Transfer-Encoding" not in sent:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            if body is not None:
                # A server may answer and close before it has read everything.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.sock.sendall(body)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        if CANARY in answer.body:
            self.leaks.append(f"{method} {path}")
        return answer

    def raw(self, request, timeout=20):
        """Bytes as they are; answers what came back until the end or the time-out."""
        with self.connect(timeout) as stream:
            with contextlib.suppress(OSError):
                stream.sendall(request)
            return read_all(stream)

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def run(self, sql, role="editor", wait=40, **more):
        """A statement's rows as JSON, or its error; never from the cache."""
        body = {"sql": sql, "catalog": "local", "database": "main", "reuse_max_age_s": 0, **more}
        return self.call("POST", f"/api/v1/executions?wait_s={wait}&result=json", body, token=self.tokens[role], timeout=wait + 30)

    def sign_in(self, name):
        answer = self.call("POST", "/api/v1/auth/login", {"email": f"{name}@example.com", "password": PASSWORD})
        check(answer.status == 204, f"{name} can't sign in: {answer}")
        return answer.cookie

    def create_people(self, roles):
        """The first administrator by the set-up token, the others by hand, a token for each."""
        token = re.search(r"set-up token is (\S+);", wait_for_line(self, "set-up token is"))[1]
        body = {"token": token, "email": "admin@example.com", "name": "admin", "password": PASSWORD}
        answer = self.call("POST", "/api/v1/auth/setup", body)
        check(answer.status == 204, f"set-up answered {answer}")
        cookies = {"admin": answer.cookie}
        for name, role in roles.items():
            body = {"email": f"{name}@example.com", "name": name, "role": role, "password": PASSWORD}
            answer = self.call("POST", "/api/v1/users", body, cookie=cookies["admin"])
            check(answer.status == 201, f"{name} can't be added: {answer}")
            cookies[name] = self.sign_in(name)
        for name, cookie in cookies.items():
            scopes = ["read", "write", "admin"] if name == "admin" else ["read", "write"]
            answer = self.call("POST", "/api/v1/tokens", {"name": "test", "scopes": scopes}, cookie=cookie)
            check(answer.status == 201, f"{name} gets no token: {answer}")
            self.tokens[name] = answer.json["secret"]
        self.cookies = cookies


def environment(settings):
    """Nothing of this machine's own settings."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **settings}


def wait_for_line(server, part, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in server.log:
            if part in line:
                return line
        time.sleep(0.02)
    raise Failed(f"the server never printed {part!r}")


def read_all(stream):
    parts = []
    with contextlib.suppress(OSError):
        while part := stream.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status_of(raw):
    found = re.match(rb"HTTP/1\.[01] (\d{3})", raw)
    return int(found[1]) if found else 0


def processes():
    """Parent and CPU ticks of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                found[int(entry)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    return found


def workers(pid):
    """CPU ticks of a server's descendants."""
    all_processes, family = processes(), {pid}
    while more := {child for child, (parent, _) in all_processes.items() if parent in family} - family:
        family |= more
    return {child: all_processes[child][1] for child in family - {pid}}


def own_memory(pid):
    """Bytes that belong to one process alone; the program's text is shared by all."""
    with contextlib.suppress(OSError):
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return sum(int(size) << 10 for size in re.findall(r"(?:RssAnon|RssShmem):\s+(\d+)", text))
    return 0


class Watch:
    """Beside the cases that try to exhaust the service: bystanders' requests, and everyone's memory."""

    def __init__(self, server, token):
        self.server, self.token = server, token
        self.ended = threading.Event()
        self.running = threading.Event()
        self.running.set()
        self.lock = threading.Lock()
        self.samples = []  # (kind, seconds, error or None)
        self.peaks = {"front": 0, "worker": 0}
        self.threads = [
            threading.Thread(target=self.ask, args=(self.health,), daemon=True),
            threading.Thread(target=self.ask, args=(self.select,), daemon=True),
            threading.Thread(target=self.weigh, daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def health(self):
        return "healthz", self.server.call("GET", "/healthz", timeout=20), b""

    def select(self):
        body = {"sql": "select 1", "reuse_max_age_s": 0}
        answer = self.server.call("POST", "/api/v1/executions?wait_s=20&result=json", body, token=self.token, timeout=30)
        return "select 1", answer, b"[[1]]"

    def ask(self, question):
        while not self.ended.is_set():
            self.running.wait()
            started = time.monotonic()
            try:
                kind, answer, holds = question()
                error = None if answer.status == 200 and holds in answer.body else f"{kind}: {answer}"
            except OSError as problem:
                kind, error = question.__name__, f"{question.__name__}: {problem!r}"
            elapsed = time.monotonic() - started
            with self.lock:
                self.samples.append((kind, elapsed, error))
            self.ended.wait(max(0.0, PROBE_EVERY_S - elapsed))

    def weigh(self):
        while not self.ended.wait(0.1):
            front, others = own_memory(self.server.pid), [own_memory(pid) for pid in workers(self.server.pid)]
            with self.lock:
                self.peaks["front"] = max(self.peaks["front"], front)
                self.peaks["worker"] = max([self.peaks["worker"], *others])

    @contextlib.contextmanager
    def beside(self):
        """Asks as long as a case runs."""
        self.running.set()
        try:
            yield
        finally:
            self.running.clear()

    @contextlib.contextmanager
    def paused(self):
        """Nothing but the case itself keeps workers busy."""
        self.running.clear()
        time.sleep(0.3)
        try:
            yield
        finally:
            self.running.set()

    def since(self, start):
        with self.lock:
            return self.samples[start:]

    def mark(self):
        with self.lock:
            self.peaks = {"front": 0, "worker": 0}
            return len(self.samples)

    def end(self):
        self.ended.set()
        self.running.set()
        for thread in self.threads:
            thread.join(40)


class Sensor:
    """Counts connections that nothing should open."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.listener.accept()
                stream.settimeout(1)
                with contextlib.suppress(OSError):
                    self.seen.append(stream.recv(500).decode("latin-1"))
                stream.close()


class World:
    """Everything the cases share."""

    def __init__(self, binary, folder, slack):
        self.binary, self.folder, self.slack = str(pathlib.Path(binary).resolve()), pathlib.Path(folder), slack
        self.sensor = Sensor()
        self.servers = []

    def server(self, name, settings=None, prepare=None):
        data = self.folder / name
        data.mkdir(parents=True)
        if prepare:
            prepare(data / "lake")
        server = Server(self.binary, data, settings)
        self.servers.append(server)
        return server

    def patience(self, seconds):
        """A time that the promise names, longer for a build that is not optimised."""
        return seconds * self.slack

    def end(self):
        for server in self.servers:
            server.stop()
