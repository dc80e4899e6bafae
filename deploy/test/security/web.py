"""Other sites, scripts in texts, and what headers promise."""

import html.parser
import json
import re
import urllib.parse

from .access import operations
from .harness import CANARY, case, check, status_of

TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "", None)
NASTY = [
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "\u2028\u2029",
    "${7*7}{{7*7}}",
    "\" onmouseover=alert(1) x='",
    "javascript:alert(1)",
    "<img src=x onerror=alert(1)>",
    "</title><svg onload=alert(1)>",
    "__NONCE__<!--lf-state-->",
]


def writes(server):
    return [(method, path) for method, path, _ in operations(server) if method != "GET"]


def foreign(server):
    same = server.origin
    return [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": same},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": same.replace("127.0.0.1", "sub.127.0.0.1")},
        {"Origin": same + ".evil.test"},
        {"Origin": same, "Sec-Fetch-Site": "cross-site", "X-Requested-With": "XMLHttpRequest"},
    ]


@case("WEB-001")
def another_site_cannot_write(world):
    server, cookie = world.main, world.main.cookies["admin"]
    for method, path in writes(server):
        body = None if method == "DELETE" else {}
        for headers in foreign(server):
            answer = server.call(method, path, body, cookie=cookie, headers=headers)
            check(answer.status == 403 and answer.code == "CROSS_SITE_REQUEST", f"{method} {path} {headers}: {answer}")
    own = server.call("PUT", "/api/v1/me/preferences", {"theme": "dark"}, cookie=cookie, headers={"Origin": server.origin, "Sec-Fetch-Site": "same-origin"})
    check(own.status == 200, f"one's own page: {own}")


@case("WEB-002")
def only_json_is_read(world):
    server, cookie = world.main, world.main.cookies["admin"]
    for method, path in writes(server):
        for kind in TYPES:
            answer = server.call(method, path, b'{"a":1}', cookie=cookie, headers={"Content-Type": kind})
            check(answer.status in (403, 415), f"{method} {path} as {kind}: {answer}")


@case("WEB-003")
def reading_changes_nothing(world):
    server, cookie = world.main, world.main.cookies["viewer"]

    def state():
        listings = ("/api/v1/queries", "/api/v1/charts", "/api/v1/dashboards", "/api/v1/users", "/api/v1/catalogs")
        texts = {path: server.call("GET", path, token=server.tokens["admin"]).text for path in listings}
        # Times the server notes by itself: the last request, the last listing of a catalog.
        return {path: re.sub(r'"(last_\w+|listed_at)":"[^"]*"', "", text) for path, text in texts.items()}

    before = state()
    for _, path, _ in operations(server):
        if path.endswith("/events"):
            continue
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = server.call(method, path, cookie=cookie)
            check(answer.status < 500, f"{method} {path}: {answer}")
            check(not answer.header("set-cookie"), f"{method} {path} sets a cookie")
    for path in ("/api/v1/auth/login?email=una@example.com&password=x", "/api/v1/auth/logout"):
        check(server.call("GET", path, cookie=cookie).status in (404, 405), path)
    check(server.call("GET", "/api/v1/auth/me", cookie=cookie).status == 200, "signed out by reading")
    for path, after in state().items():
        check(after == before[path], f"reading changed {path} from {before[path]} to {after}")


@case("WEB-004")
def no_cors(world):
    server, cookie = world.main, world.main.cookies["viewer"]
    paths = sorted({path for _, path, _ in operations(server) if not path.endswith("/events")}) + ["/", "/signin", "/assets/x.js"]
    for origin in ("http://evil.test", "null", "http://sub.127.0.0.1"):
        for path in paths:
            for method in ("GET", "OPTIONS"):
                headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
                answer = server.call(method, path, cookie=cookie, headers=headers)
                told = [f"{name}: {value}" for name, value in answer.headers if name.lower().startswith("access-control")]
                check(not told, f"{method} {path} for {origin}: {told}")


def nonce_of(policy):
    found = re.search(r"script-src 'nonce-([^']+)'", policy)
    check(found, f"no nonce in {policy}")
    return found[1]


class Scripts(html.parser.HTMLParser):
    """What a browser would run: scripts with their nonces, handlers in attributes, links to scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.nonces, self.handlers, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name.startswith("on") or (name in ("href", "src", "action") and (value or "").strip().lower().startswith("javascript:")):
                self.handlers.append(f"<{tag} {name}={value}>")
        if tag == "script":
            self.nonces.append(dict(attributes).get("nonce"))


def policy_is_strict(path, answer):
    policy = answer.header("content-security-policy")
    for part in ("'strict-dynamic'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'", "default-src 'none'"):
        check(part in policy, f"{path}: no {part} in {policy}")
    scripts = re.search(r"script-src ([^;]*)", policy)[1]
    check("unsafe" not in scripts and "*" not in scripts and "http" not in scripts, scripts)
    nonce = nonce_of(policy)
    check(len(nonce) >= 22, f"a short nonce {nonce}")
    parsed = Scripts(answer.text)
    check(set(parsed.nonces) <= {nonce}, f"{path}: scripts with other nonces {set(parsed.nonces) - {nonce}}")
    check("no-store" in answer.header("cache-control"), answer.headers)
    return nonce, parsed


@case("WEB-005")
def pages_have_a_strict_policy(world):
    server, cookie = world.main, world.main.cookies["viewer"]
    nonces = []
    for path in ("/", "/dashboards", "/sql", "/data", "/settings", "/signin", "/setup", "/d/not-there", "/not-there"):
        for _ in range(2):
            answer = server.call("GET", path, cookie=cookie, headers={"Accept": "text/html"})
            check(answer.status in (200, 404) and "text/html" in answer.header("content-type"), f"{path}: {answer.status} {answer.headers}")
            nonces.append(policy_is_strict(path, answer)[0])
    check(len(set(nonces)) == len(nonces), "a nonce came twice")


@case("WEB-006")
def every_answer_has_its_headers(world):
    server, token = world.main, world.main.tokens["editor"]
    answers = {path: server.call("GET", path, token=token) for path in ("/healthz", "/api/v1/dashboards", "/api/v1/nothing", "/nothing", "/assets/nothing.js")}
    answers["/signin"] = server.call("GET", "/signin")
    answers["/ as a stranger"] = server.call("GET", "/")
    answers["a wrong body"] = server.call("POST", "/api/v1/queries", b"{", token=token, headers={"Content-Type": "application/json"})
    answers["another method"] = server.call("PUT", "/healthz", {}, token=token)
    asset = re.search(r'src="(/assets/[^"]+)"', answers["/signin"].text)
    if asset:
        answers["an asset"] = server.call("GET", asset[1])
    for format in ("json", "csv", "ndjson", "arrow", "parquet", "xlsx"):
        body = {"sql": "select '<b>' a", "catalog": "local", "database": "main"}
        answers[format] = server.call("POST", f"/api/v1/executions?wait_s=20&result={format}", body, token=token)
    for name, answer in answers.items():
        check(answer.header("x-content-type-options") == "nosniff", f"{name}: {answer.headers}")
        check(answer.header("referrer-policy"), f"{name}: no Referrer-Policy")
        check(answer.header("cross-origin-opener-policy") == "same-origin", f"{name}: no COOP")
        check(answer.header("cross-origin-resource-policy") == "same-origin", f"{name}: no CORP")
        check(answer.header("content-security-policy"), f"{name}: no CSP")
        check("no-store" in answer.header("cache-control") or name == "an asset", f"{name}: {answer.header('cache-control')}")
        kind = answer.header("content-type")
        check(answer.body == b"" or kind, f"{name}: no Content-Type")
        check(not kind.startswith("text/") or "charset=utf-8" in kind, f"{name}: {kind}")
        check(not any(key.lower() in ("server", "x-powered-by") for key, _ in answer.headers), f"{name}: {answer.headers}")


@case("WEB-007")
def texts_stay_texts(world):
    server, editor = world.main, world.main.tokens["editor"]
    nasty = " ".join(NASTY)
    columns = ", ".join(f"'{text.replace(chr(39), chr(39) * 2)}' \"{text.replace(chr(34), chr(34) * 2)}\"" for text in NASTY)
    tiles = [
        {"id": f"t{i}", "title": nasty, "unit": nasty, "x": 0, "y": i * 4, "w": 12, "h": 4, "sql": f"select {columns}", "chart": {"type": kind}}
        for i, kind in enumerate(("table", "bar", "number", "line", "markdown"))
    ]
    tiles.append({"id": "wrong", "title": "Wrong", "x": 0, "y": 40, "w": 12, "h": 4, "sql": f"select \"{NASTY[0]}\" from forecast", "chart": {"type": "table"}})
    tiles.append({"id": "text", "title": "Text", "x": 0, "y": 44, "w": 12, "h": 4, "sql": "select 1", "chart": {"type": "table", "markdown": nasty, "text": nasty}})
    definition = {
        "catalog": "local", "database": "main",
        "queries": {"options": {"sql": f"select '{NASTY[0]}' as value, '{NASTY[7]}' as label"}},
        "filters": [{"id": "state", "label": nasty, "type": "list", "options_query": "options"}],
        "tabs": [{"id": "a", "title": nasty, "tiles": tiles}, {"id": "b", "title": NASTY[0], "tiles": []}],
    }  # fmt: skip
    new = {"title": nasty, "slug": "nasty", "description": nasty, "definition": definition}
    made = server.call("POST", "/api/v1/dashboards", new, token=editor)
    check(made.status == 201, made)
    folder = server.data / "lake" / "main"
    (folder / "nasty.csv").write_text('"<script>alert(1)</script>","a"\n"<script>alert(1)</script>","1"\n')
    server.call("POST", "/api/v1/catalogs/local/refresh", {}, token=server.tokens["admin"])
    name = server.call("POST", "/api/v1/users", {"email": "nasty@example.com", "name": NASTY[0], "role": "viewer", "password": "three harmless words"}, token=server.tokens["admin"])
    check(name.status == 201, name)
    cookie = server.sign_in("nasty")
    in_url = urllib.parse.quote(nasty)
    for path in ["/d/nasty", f"/d/nasty?state={in_url}&tab={in_url}", f"/{in_url}", f"/signin?next={in_url}", "/signin?next=javascript:alert(1)", f"/data/local/main/nasty?x={in_url}", "/"]:
        answer = server.call("GET", path, cookie=cookie, headers={"Accept": "text/html"})
        check(answer.status in (200, 404), f"{path}: {answer.status}")
        nonce, parsed = policy_is_strict(path, answer)
        check(not parsed.handlers, f"{path}: {parsed.handlers[:3]}")
        check("<script>alert" not in answer.text and "<img src=x" not in answer.text and "<svg onload" not in answer.text, f"{path}: markup from a text")
        state = re.search(r'<script type="application/json" id="lf-state" nonce="[^"]*">(.*?)</script>', answer.text, re.S)
        if state:
            check(not re.search("[<>&\u2028\u2029]", state[1]), f"{path}: raw marks in the state")
            read = json.loads(state[1])
            if path == "/d/nasty":
                check(read["data"]["dashboard"]["title"] == nasty.strip() or nasty in read["data"]["dashboard"]["title"], "the title as it was written")
            # The nonce is put in by place, never by looking for a mark in people's texts.
            check(nonce not in state[1], f"{path}: the nonce stands in the state")
    for format, kind in (("json", "application/json"), ("csv", "text/csv")):
        body = {"sql": f"select '{NASTY[0]}' a"}
        answer = server.call("POST", f"/api/v1/executions?wait_s=20&result={format}", body, token=editor)
        check(answer.header("content-type").startswith(kind), answer.headers)


@case("WEB-011")
def data_is_no_document_part(world):
    server, cookie = world.main, world.main.cookies["viewer"]
    for dest in ("script", "image", "iframe", "object", "embed", "style", "worker", "frame", "audio"):
        for site in ("same-origin", "cross-site"):
            answer = server.call("GET", "/api/v1/dashboards", cookie=cookie, headers={"Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site})
            check(answer.status == 403, f"{dest} {site}: {answer}")
    opened = server.call("GET", "/api/v1/dashboards", cookie=cookie, headers={"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"})
    check(opened.header("content-type").startswith("application/json") and "default-src 'none'" in opened.header("content-security-policy"), opened.headers)
    check(server.call("GET", "/api/v1/dashboards", cookie=cookie, headers={"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "cross-site"}).status == 403, "fetch from elsewhere")


@case("WEB-015")
def assets_have_exact_names(world):
    server = world.main
    secret = (server.data / "master.key").read_bytes()
    up = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "....//", "..%c0%af", ".%2e/", "%00../"]
    paths = [f"/assets/{step * 8}{target}" for step in up for target in ("etc/passwd", "proc/self/environ")]
    paths += [f"/assets/{step}index.html" for step in up] + [f"/assets/{step}server/entry-server.js" for step in up]
    paths += ["/assets//etc/passwd", f"/assets/{server.data}/master.key", f"/assets/%2f{server.data}/master.key", "/assets/", "/assets/.", "/assets/x%00.js"]
    paths += ["/public/plugins/alertlist/../../../../../etc/passwd", "/static/../../etc/passwd", "/assets/C:%5cwindows", "/index.html", "/.git/config", "/lakefront.db", "/master.key"]
    for path in paths:
        answer = server.call("GET", path)
        check(answer.status in (302, 400, 404), f"{path}: {answer.status} {answer.text[:100]}")
        check(b"root:" not in answer.body and secret not in answer.body and CANARY not in answer.body, f"{path} answered a file")
        raw = server.raw(f"GET {path} HTTP/1.0\r\n\r\n".encode(), timeout=10)
        check(status_of(raw) in (302, 400, 404) and b"root:" not in raw, f"{path}: {raw[:100]}")
