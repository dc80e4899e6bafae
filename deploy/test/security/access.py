"""Signing in, sessions, API tokens."""

import contextlib
import re
import sqlite3
import time

from .harness import PASSWORD, case, check, skip, wait_for_line

RANDOM_ID = "01JD0000000000000000000000"


def login(server, email, password, **headers):
    return server.call("POST", "/api/v1/auth/login", {"email": email, "password": password}, headers=headers)


def me(server, **who):
    return server.call("GET", "/api/v1/auth/me", **who)


def operations(server):
    """Method, path and permission of everything in the OpenAPI document, with a random id in each path."""
    document = server.call("GET", "/api/v1/openapi.json", token=server.tokens["admin"])
    check(document.status == 200, document)
    for path, item in document.json["paths"].items():
        for method, operation in item.items():
            concrete = path.replace("{id}", RANDOM_ID).replace("{version}", "1")
            yield method.upper(), re.sub(r"[{}]", "", concrete), operation["x-permission"]


@contextlib.contextmanager
def database(server):
    """The app database, as someone with the disk in hand reads it."""
    with contextlib.closing(sqlite3.connect(server.data / "lakefront.db", timeout=10)) as connection:
        yield connection
        connection.commit()


def everything_stored(server):
    """Every byte of the app database, what is still in its log too."""
    return b"".join(path.read_bytes() for path in server.data.glob("lakefront.db*"))


@case("AUT-001")
def a_fresh_server_tells_strangers_nothing(world):
    with world.server("fresh") as server:
        token = re.search(r"set-up token is (\S+);", wait_for_line(server, "set-up token is"))[1]
        paths = ["/", "/setup", "/signin", "/d/x", "/sql", "/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/nothing"]
        # The paths of the document of a server that is set up.
        paths += sorted({path for _, path, _ in operations(world.main)})
        for path in paths:
            answer = server.call("GET", path)
            check(token not in answer.text and answer.status < 500, f"{path}: {answer}")
            told = re.search(r"\d+\.\d+\.\d+[^.\d]", answer.text) if not path.startswith("/setup") and "json" in answer.header("content-type") else None
            check(not told, f"{path} tells a version: {told}")
            allowed = (200, 302, 401, 404, 405) if path not in ("/metrics", "/api/v1/openapi.json") else (401, 403, 404)
            check(answer.status in allowed, f"{path}: {answer}")
        state = server.call("GET", "/api/v1/auth/state").json
        check(state == {"setup_required": True}, state)
        create = lambda token: server.call("POST", "/api/v1/auth/setup", {"token": token, "email": "a@example.com", "name": "a", "password": PASSWORD})
        check(create("guess").status == 401, f"a guessed token: {create('guess')}")
        check(create(token).status == 204, "the printed token")
        second = create(token)
        check(second.status == 410, f"the token's second use: {second}")
        check(create("guess").status in (401, 410), "a guess afterwards")
        check(token.encode() not in everything_stored(server), "the app database holds the token itself")


@case("AUT-001.expiry")
def a_setup_token_ages(world):
    with world.server("aged") as server:
        token = re.search(r"set-up token is (\S+);", wait_for_line(server, "set-up token is"))[1]
        with database(server) as connection:
            connection.execute("UPDATE installation SET setup_expires_at = setup_expires_at - 901000")
        body = {"token": token, "email": "a@example.com", "name": "a", "password": PASSWORD}
        answer = server.call("POST", "/api/v1/auth/setup", body)
        check(answer.status == 410, f"after 15 minutes: {answer}")


@case("AUT-002")
def weak_master_keys_are_refused(world):
    folder = world.folder / "keys"
    folder.mkdir()
    weak = ["changeme", "0" * 64, "\0" * 1, "short", "a" * 64, "lakefront-master-key-change-me-now-please", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    for key in [key for key in weak if "\0" not in key]:
        done = world.main.command("serve", "--listen", "127.0.0.1:0", settings={"LAKEFRONT_MASTER_KEY": key}, data=folder)
        check(done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, f"{key!r}: {done.returncode} {done.stderr}")
        check(key not in done.stderr, f"the message repeats the key: {done.stderr}")
    one = world.main.data / "master.key"
    check(one.stat().st_mode & 0o777 == 0o600, f"mode {one.stat().st_mode:o}")
    keys = set()
    for name in ("one", "two"):
        fresh = folder / name
        fresh.mkdir()
        with world.server(f"key-{name}") as server:
            keys.add((server.data / "master.key").read_bytes())
    check(len(keys) == 2, "two fresh installations share a key")


@case("AUT-003")
def no_default_accounts(world):
    for email, password in [("admin", "admin"), ("root", "root"), ("admin@example.com", ""), ("admin@localhost", "admin"), ("", ""), ("lakefront", "lakefront")]:
        answer = login(world.main, email, password)
        check(answer.status in (400, 401) and not answer.cookie, f"{email}/{password}: {answer}")


@case("AUT-004")
def guessing_is_slowed_down(world):
    server = world.throttled
    answers = [login(server, "una@example.com", f"guess number {i}") for i in range(20)]
    check(answers[0].status == 401, answers[0])
    last = answers[-1]
    check(last.status == 429 and int(last.header("retry-after")) > 0, last)
    check(login(server, "una@example.com", PASSWORD).status == 429, "the right password while throttled")
    check(login(server, "bob@example.com", PASSWORD).status == 204, "another person from the same address")
    times = []
    for email in ("bob@example.com", "nobody@example.com"):
        started = time.monotonic()
        login(server, email, "not the password")
        times.append(time.monotonic() - started)
    check(max(times) < 4 * min(times) + 0.2, f"the time tells who exists: {times}")
    with database(server) as connection:
        connection.execute("UPDATE login_attempts SET window_started_at = window_started_at - 901000")
    check(login(server, "una@example.com", PASSWORD).status == 204, "the right password after the window")


@case("WEB-013")
def a_claimed_address_counts_for_nothing(world):
    server = world.throttled
    with database(server) as connection:
        connection.execute("DELETE FROM login_attempts")
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"):
        value = "for=10.9.8.{}" if name == "Forwarded" else "10.9.8.{}"
        answers = [login(server, "bob@example.com", f"guess {i}", **{name: value.format(i)}) for i in range(12)]
        check(answers[-1].status == 429, f"{name}: {answers[-1]}")
    with database(server) as connection:
        addresses = {row[0] for row in connection.execute("SELECT DISTINCT address FROM audit WHERE address IS NOT NULL")}
        connection.execute("DELETE FROM login_attempts")
    check(not any(address.startswith("10.9.8") for address in addresses), f"the audit log believes {addresses}")


@case("AUT-006")
def the_cookie(world):
    server = world.main
    answer = login(server, "una@example.com", PASSWORD)
    cookie = answer.header("set-cookie")
    check(all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/")) and "Domain" not in cookie, cookie)
    value = answer.cookie.split("=", 1)[1]
    check(len(value) >= 22 and value != login(server, "una@example.com", PASSWORD).cookie.split("=", 1)[1], f"value {value}")
    check(value.encode() not in everything_stored(server), "the app database holds the cookie itself")
    with world.server("https", {"LAKEFRONT_SERVER_PUBLIC_URL": "https://lake.example.com"}) as secure:
        token = re.search(r"set-up token is (\S+);", wait_for_line(secure, "set-up token is"))[1]
        body = {"token": token, "email": "a@example.com", "name": "a", "password": PASSWORD}
        answer = secure.call("POST", "/api/v1/auth/setup", body)
        cookie = answer.header("set-cookie")
        check(cookie.startswith("__Host-lakefront=") and "Secure" in cookie and "Path=/" in cookie, cookie)
        check("max-age=" in answer.header("strict-transport-security"), answer.headers)
        # A plain name, which another host of the site might set, is not looked at.
        plain = answer.cookie.removeprefix("__Host-")
        check(me(secure, cookie=plain).status == 401 and me(secure, cookie=answer.cookie).status == 200, "the cookie's name")


@case("AUT-007")
def a_session_is_never_chosen_by_the_browser(world):
    server = world.main
    chosen = "lakefront=" + "A" * 43
    answer = server.call("POST", "/api/v1/auth/login", {"email": "una@example.com", "password": PASSWORD}, cookie=chosen)
    check(answer.status == 204 and answer.cookie != chosen, answer)
    check(me(server, cookie=chosen).status == 401, "the chosen id works")
    change = {"current": PASSWORD, "new": PASSWORD + " more"}
    changed = server.call("PUT", "/api/v1/auth/password", change, cookie=answer.cookie)
    check(changed.status == 204 and changed.cookie not in ("", answer.cookie), f"a new password: {changed}")
    check(me(server, cookie=answer.cookie).status == 401, "the session from before the new password")
    back = server.call("PUT", "/api/v1/auth/password", {"current": PASSWORD + " more", "new": PASSWORD}, cookie=changed.cookie)
    check(back.status == 204, back)
    # A new role ends the sessions that had the old one.
    una = next(user for user in server.call("GET", "/api/v1/users", token=server.tokens["admin"]).json["items"] if user["email"] == "una@example.com")
    for role in ("editor", "viewer"):
        patched = server.call("PATCH", f"/api/v1/users/{una['id']}", {"role": role}, token=server.tokens["admin"])
        check(patched.status == 200, patched)
        check(me(server, cookie=back.cookie).status == 401, "the session from before the new role")


@case("AUT-008")
def a_logged_out_cookie_is_dead(world):
    server = world.main
    cookie = server.sign_in("una")
    body = {"sql": "select 1"}
    ran = server.call("POST", "/api/v1/executions?wait_s=20", body, cookie=cookie)
    check(ran.status == 202, ran)
    check(server.call("POST", "/api/v1/auth/logout", cookie=cookie).status == 204, "logout")
    path = f"/api/v1/executions/{ran.json['id']}"
    for path in ("/api/v1/auth/me", path, f"{path}/events", f"{path}/result?format=csv", "/api/v1/tokens", "/api/v1/dashboards"):
        answer = server.call("GET", path, cookie=cookie)
        check(answer.status == 401, f"{path}: {answer}")
    check(server.call("POST", "/api/v1/executions", body, cookie=cookie).status == 401, "a write")
    check(server.call("GET", "/", cookie=cookie).status == 302, "a page")
    one, two = server.sign_in("una"), server.sign_in("una")
    check(server.call("DELETE", "/api/v1/auth/sessions", cookie=one).status == 204, "all sessions")
    check(me(server, cookie=two).status == 401, "another session after the end of all")


@case("AUT-010")
def sessions_age(world):
    server = world.main
    for change, minutes in (("last_seen_at = last_seen_at - {0}", 8 * 60 + 1), ("created_at = created_at - {0}", 7 * 24 * 60 + 1)):
        cookie = server.sign_in("una")
        with database(server) as connection:
            newest = connection.execute("SELECT id FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1").fetchone()[0]
            connection.execute(f"UPDATE sessions SET {change.format(minutes * 60_000)} WHERE id = ?", (newest,))
        check(me(server, cookie=cookie).status == 401, f"after {minutes} minutes")
        with database(server) as connection:
            connection.execute(f"UPDATE sessions SET {change.format(-minutes * 60_000)} WHERE id = ?", (newest,))
        check(me(server, cookie=cookie).status == 401, "the clock moved back")


@case("AUT-012")
def a_link_works_once(world):
    server, admin = world.main, world.main.cookies["admin"]
    body = {"email": "invited@example.com", "name": "invited", "role": "viewer"}
    created = server.call("POST", "/api/v1/users", body, cookie=admin, headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test"})
    check(created.status == 201, created)
    link = created.json["secret"]
    check("evil" not in link and link.startswith(server.origin), f"the link leads to {link}")
    token = link.split("token=")[1]
    follow = lambda token: server.call("POST", "/api/v1/auth/link", {"token": token})
    check(server.call("GET", f"/signin?token={token}").status == 200, "its page, which spends nothing")
    first = follow(token)
    check(first.status == 204, first)
    check(me(server, cookie=first.cookie).json["user"]["email"] == "invited@example.com", "whose link it is")
    check(follow(token).status == 410, "its second use")
    check(follow(token[:-1]).status == 401 and follow("").status in (400, 401), "a wrong one")
    again = server.call("POST", f"/api/v1/users/{created.json['id']}/link", cookie=admin)
    check(again.status == 201, again)
    with database(server) as connection:
        connection.execute("UPDATE sign_in_links SET expires_at = expires_at - 901000")
    check(follow(again.json["secret"].split("token=")[1]).status == 410, "an old one")


skip("AUT-013", "no single sign-on yet")


def new_token(server, name, scopes, cookie):
    created = server.call("POST", "/api/v1/tokens", {"name": name, "scopes": scopes}, cookie=cookie)
    check(created.status == 201, created)
    return created.json


@case("TOK-001")
def a_token_is_shown_once(world):
    server, cookie = world.main, world.main.cookies["editor"]
    token = new_token(server, "once", ["read"], cookie)
    listed = server.call("GET", "/api/v1/tokens", cookie=cookie)
    check(token["secret"] not in listed.text, "the list shows the secret")
    mine = next(item for item in listed.json["items"] if item["id"] == token["id"])
    check(mine["scopes"] == ["read"] and token["secret"].startswith(mine["prefix"]) and len(mine["prefix"]) < 16, mine)
    check({"expires_at", "last_used_at", "created_at"} <= mine.keys(), mine)
    check(token["secret"].encode() not in everything_stored(server), "the app database holds the secret itself")
    check(not any(token["secret"] in line for line in server.log), "the log holds the secret")


@case("TOK-002")
def only_the_header_counts(world):
    server, secret = world.main, world.main.tokens["editor"]
    for name in ("token", "api_key", "access_token", "key", "authorization"):
        check(me(server) is not None and server.call("GET", f"/api/v1/auth/me?{name}={secret}").status == 401, name)
    for headers in ({"X-Api-Key": secret}, {"Cookie": f"lakefront={secret}"}, {"Authorization": secret}, {"Authorization": f"Basic {secret}"}):
        answer = server.call("GET", "/api/v1/auth/me", headers=headers)
        check(answer.status == 401, f"{list(headers)}: {answer}")


@case("TOK-003")
def scopes_and_roles_limit(world):
    server = world.main
    reader = new_token(server, "reader", ["read"], server.cookies["admin"])["secret"]
    allowed = {
        "public": {"reader", "viewer", "editor", "admin"},
        "read": {"reader", "viewer", "editor", "admin"},
        "run_sql": {"reader", "viewer", "editor", "admin"},
        "personalise": {"viewer", "editor", "admin"},
        "edit_saved": {"editor", "admin"},
        "administer": {"admin"},
        # In a session only: a sign-in link is one in waiting.
        "invite": set(),
        "manage_access": set(),
    }
    callers = {"reader": reader, **{name: server.tokens[name] for name in ("viewer", "editor", "admin")}}
    seen = 0
    for method, path, permission in operations(server):
        # Announcing files takes a secret of its own, which no token is.
        if path.endswith("/events") or permission in ("public", "announce_files"):
            continue
        for name, token in callers.items():
            body = {} if method in ("POST", "PUT", "PATCH") else None
            answer = server.call(method, path, body, token=token)
            check((answer.status != 403) == (name in allowed[permission]), f"{name} {method} {path} ({permission}): {answer}")
            check(answer.status < 500, f"{name} {method} {path}: {answer}")
            seen += 1
    check(seen > 150, f"only {seen} calls")
    wide = server.call("POST", "/api/v1/tokens", {"name": "wide", "scopes": ["read", "write", "admin"]}, cookie=server.cookies["viewer"])
    if wide.status == 201:
        check(server.call("GET", "/api/v1/users", token=wide.json["secret"]).status == 403, "a viewer's token with the scope of an administrator")


@case("TOK-004")
def a_token_cannot_grow(world):
    server, token = world.main, world.main.tokens["admin"]
    for method, path, body in [
        ("POST", "/api/v1/tokens", {"name": "more", "scopes": ["read"]}),
        ("DELETE", f"/api/v1/tokens/{RANDOM_ID}", None),
        ("PUT", "/api/v1/auth/password", {"current": PASSWORD, "new": "another harmless phrase"}),
        ("DELETE", "/api/v1/auth/sessions", None),
        ("POST", "/api/v1/auth/logout", None),
    ]:
        answer = server.call(method, path, body, token=token)
        check(answer.status == 403, f"{method} {path}: {answer}")
    people = server.call("GET", "/api/v1/users", token=token).json["items"]
    mine = next(user for user in people if user["email"] == "admin@example.com")
    for body in ({"role": "viewer"}, {"email": "x@example.com"}, {"password": "another harmless phrase"}, {"disabled": True}):
        answer = server.call("PATCH", f"/api/v1/users/{mine['id']}", body, token=token)
        check(answer.status in (400, 403, 409), f"its owner, {body}: {answer}")
    link = server.call("POST", f"/api/v1/users/{mine['id']}/link", token=token)
    check(link.status == 403, f"a sign-in link for its owner: {link}")
    viewer = new_token(server, "small", ["read", "write"], server.cookies["viewer"])
    for path in ("/api/v1/users", "/api/v1/audit", "/metrics"):
        check(server.call("GET", path, token=viewer["secret"]).status == 403, path)


@case("TOK-006")
def a_revoked_token_is_dead(world):
    server, cookie = world.main, world.main.cookies["editor"]
    token = new_token(server, "short", ["read"], cookie)
    check(me(server, token=token["secret"]).status == 200, "before")
    stranger = server.call("DELETE", f"/api/v1/tokens/{token['id']}", cookie=server.cookies["viewer"])
    check(stranger.status == 404 and me(server, token=token["secret"]).status == 200, f"someone else: {stranger}")
    check(server.call("DELETE", f"/api/v1/tokens/{token['id']}", cookie=cookie).status == 204, "revoking")
    check(me(server, token=token["secret"]).status == 401, "after")


@case("TOK-008")
def guessed_tokens(world):
    server = world.throttled
    secret = server.tokens["bob"]
    near = [secret[:-1] + ("a" if secret[-1] != "a" else "b"), secret[:11], "lf_", "", secret.upper(), secret + "x", " ", "lf_" + "a" * 10_000]
    for token in near:
        check(server.call("GET", "/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status == 401, f"{token[:20]!r}")
    statuses = [me(server, token=f"lf_{i:043}").status for i in range(150)]
    check(set(statuses) == {401, 429} and statuses[-1] == 429, f"150 random ones: {set(statuses)}")
    check(me(server, token=secret).status == 200, "a good token from the same address")
