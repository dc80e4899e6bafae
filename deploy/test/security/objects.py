"""Whose objects are whose, and what an address can't be."""

from .access import RANDOM_ID, operations
from .harness import case, check, status_of

PUBLIC = {
    "/healthz", "/readyz", "/api/v1/auth/state", "/api/v1/auth/setup", "/api/v1/auth/login", "/api/v1/auth/link",
    "/api/v1/public/dashboards/slug/data",
}  # fmt: skip


def without_id(answer):
    body = answer.json
    body.pop("request_id", None)
    return answer.status, body


@case("AZ-001")
def strangers_get_nothing(world):
    server, seen = world.main, 0
    for method, path, permission in operations(server):
        if permission == "public":
            check(path in PUBLIC, f"{method} {path} calls itself public")
            continue
        body = {} if method in ("POST", "PUT", "PATCH") else None
        for headers in ({}, {"Authorization": "Bearer lf_nothing"}, {"Cookie": "lakefront=nothing"}):
            answer = server.call(method, path, body, headers=headers)
            check(answer.status in (401, 429), f"{method} {path} {headers}: {answer}")
        seen += 1
    check(seen > 40, f"only {seen} operations")
    for path in ("/", "/dashboards", "/d/x", "/sql", "/data", "/settings"):
        answer = server.call("GET", path)
        check(answer.status == 302 and answer.header("location").startswith("/signin"), f"{path}: {answer}")


@case("AZ-001.public")
def a_public_dashboard_tells_its_rows_and_nothing_else(world):
    server, editor = world.main, world.main.tokens["editor"]
    secret = "told_to_nobody"
    tile = {"id": "a", "title": "A", "x": 0, "y": 0, "w": 6, "h": 4, "chart": {"type": "table"}}
    definition = {
        "catalog": "local",
        "database": secret,
        "note": secret,
        "queries": {secret: {"sql": f"select 4711 a -- {secret}"}, "unused": {"sql": f"select '{secret}'"}},
        "tabs": [{
            "id": "t",
            "title": "</script><script>alert(1)</script>",
            "note": secret,
            "tiles": [
                {**tile, "query": secret, "note": secret},
                {**tile, "id": "b", "sql": f"select {secret} from nothing"},
                {**tile, "id": "c", "sql": f"select cast('{secret}' as bigint)"},
            ],
        }],
    }
    made = server.call("POST", "/api/v1/dashboards", {"title": "Told", "collection": secret, "definition": definition}, token=editor).json
    page, data = f"/d/{made['slug']}", f"/api/v1/public/dashboards/{made['slug']}/data"
    strangers = ({}, {"Authorization": "Basic x"}, {"Cookie": "lakefront=nothing"})
    hidden = [server.call("GET", data, headers=headers) for headers in strangers]
    absent = server.call("GET", "/api/v1/public/dashboards/absent/data")
    check(all(without_id(answer) == without_id(absent) for answer in hidden), f"private {hidden}, absent {absent}")
    check(server.call("GET", page).status == 302, "a private dashboard's page")

    shared = server.call("PATCH", f"/api/v1/dashboards/{made['id']}", {"public": True}, token=editor)
    check(shared.status == 200, shared)
    for path in (page, data):
        answer = server.call("GET", path)
        check(answer.status == 200 and (b"4711" in answer.body), f"{path}: {answer}")
        for word in (secret, made["id"], made["owner"]["id"], "select 4711", "select cast", "execution_id", "estimate", "alert(1)</script>"):
            check(word.lower() not in answer.text.lower(), f"{path} tells {word}")
        check("public" in answer.header("cache-control") and not answer.header("set-cookie"), f"{path}: {answer.headers}")
    for method, path, permission in operations(server):
        if permission in ("public", "announce_files") or "dashboards" not in path:
            continue
        answer = server.call(method, path.replace(RANDOM_ID, made["id"]), {} if method in ("POST", "PUT", "PATCH") else None)
        check(answer.status == 401, f"{method} {path}: {answer}")
    server.call("PATCH", f"/api/v1/dashboards/{made['id']}", {"public": False}, token=editor)
    check(server.call("GET", page).status == 302 and server.call("GET", data).status == 404, "private again")


@case("AZ-002")
def what_is_anothers_is_absent(world):
    server = world.main
    owner, stranger = server.tokens["editor"], server.tokens["viewer"]
    ran = server.call("POST", "/api/v1/executions?wait_s=20", {"sql": "select 4711"}, token=owner)
    check(ran.status == 202, ran)
    id = ran.json["id"]
    for method, path in [
        ("GET", "/api/v1/executions/{}"),
        ("GET", "/api/v1/executions/{}/result"),
        ("GET", "/api/v1/executions/{}/result?format=csv"),
        ("GET", "/api/v1/executions/{}/events"),
        ("DELETE", "/api/v1/executions/{}"),
    ]:
        theirs, random = (server.call(method, path.format(which), token=stranger) for which in (id, RANDOM_ID))
        check(theirs.status == 404 and without_id(theirs) == without_id(random), f"{method} {path}: {theirs}, random {random}")
    check(server.call("GET", f"/api/v1/executions/{id}/result", token=owner).json["rows"] == [[4711]], "its owner's result")
    token = server.call("POST", "/api/v1/tokens", {"name": "mine"}, cookie=server.cookies["editor"]).json
    for which in (token["id"], RANDOM_ID):
        answer = server.call("DELETE", f"/api/v1/tokens/{which}", cookie=server.cookies["viewer"])
        check(answer.status == 404, f"someone else's token: {answer}")
    saved = server.call("POST", "/api/v1/queries", {"title": "Kept", "definition": {"sql": "select 1"}}, token=owner).json
    # An id of one kind opens no other.
    for kind in ("charts", "dashboards"):
        check(server.call("GET", f"/api/v1/{kind}/{saved['id']}", token=owner).status == 404, kind)
    for method in ("PATCH", "DELETE"):
        answer = server.call(method, f"/api/v1/queries/{saved['id']}", {"title": "x"} if method == "PATCH" else None, token=stranger)
        check(answer.status == 403, f"a viewer's {method}: {answer}")
    check(server.call("GET", f"/api/v1/queries/{saved['id']}", token=owner).json["title"] == "Kept", "unchanged")


@case("AZ-003")
def lists_hold_ones_own(world):
    server = world.main
    word = "anotherpersonsword"
    ran = server.call("POST", "/api/v1/executions?wait_s=20", {"sql": f"select '{word}'"}, token=server.tokens["editor"])
    check(ran.status == 202, ran)
    for path in ("/api/v1/executions", "/api/v1/executions?limit=200", f"/api/v1/executions?q={word}", "/api/v1/executions?mine=0", "/api/v1/tokens"):
        answer = server.call("GET", path, token=server.tokens["viewer"])
        check(answer.status == 200 and word not in answer.text and ran.json["id"] not in answer.text, f"{path}: {answer.text[:300]}")
    for path in ("/api/v1/users", "/api/v1/audit", "/metrics"):
        check(server.call("GET", path, token=server.tokens["viewer"]).status == 403, path)


@case("AZ-004")
def unknown_fields_are_refused(world):
    server, token = world.main, world.main.tokens["editor"]
    new = {"title": "Fields", "definition": {"sql": "select 1"}}
    saved = server.call("POST", "/api/v1/queries", new, token=token).json
    path = f"/api/v1/queries/{saved['id']}"
    for field in ("owner_id", "owner", "role", "workspace_id", "policy_exempt", "is_admin", "created_at", "updated_at", "id", "version", "kind", "starred", "deleted_at"):
        for method, place, body in (("PATCH", path, {field: "x"}), ("POST", "/api/v1/queries", {**new, field: "x"})):
            answer = server.call(method, place, body, token=token)
            check(answer.status == 400, f"{method} with {field}: {answer}")
    check(server.call("GET", path, token=token).json == saved, "changed by a refused request")
    for place, body in (("/api/v1/executions", {"sql": "select 1", "principal": "admin"}), ("/api/v1/executions", {"sql": "select 1", "limits": {}})):
        check(server.call("POST", place, body, token=token).status == 400, f"{place} {body}")
    body = {"name": "x", "scopes": ["read"], "owner_id": RANDOM_ID}
    check(server.call("POST", "/api/v1/tokens", body, cookie=server.cookies["editor"]).status == 400, "a token for someone else")
    body = {"email": "x@example.com", "name": "x", "role": "viewer", "has_password": True}
    check(server.call("POST", "/api/v1/users", body, token=server.tokens["admin"]).status == 400, "a user with unknown fields")
    una = next(user for user in server.call("GET", "/api/v1/users", token=server.tokens["admin"]).json["items"] if user["email"] == "una@example.com")
    for field in ("id", "email", "password_hash", "created_at", "owner"):
        answer = server.call("PATCH", f"/api/v1/users/{una['id']}", {field: "x"}, token=server.tokens["admin"])
        check(answer.status == 400, f"a user's {field}: {answer}")


@case("AZ-005")
def odd_ids_name_nothing(world):
    server, token = world.main, world.main.tokens["admin"]
    odd = [":id", "{id}", "%7Bid%7D", "null", "undefined", "0", "-1", "%00", "..%2f..", "%2e%2e", "%ff", "'%20or%201=1--", "*", RANDOM_ID[:-1], RANDOM_ID + "0", "9" * 26]
    for noun in ("executions", "queries", "charts", "dashboards", "users"):
        for id in odd:
            answer = server.call("GET", f"/api/v1/{noun}/{id}", token=token)
            check(answer.status in (400, 404), f"{noun}/{id}: {answer}")
    for slug in odd:
        answer = server.call("GET", f"/d/{slug}", cookie=server.cookies["admin"])
        check(answer.status in (400, 404), f"/d/{slug}: {answer.status}")


@case("AZ-009")
def odd_methods(world):
    server, token = world.main, world.main.tokens["editor"]
    saved = server.call("POST", "/api/v1/queries", {"title": "Methods", "definition": {"sql": "select 1"}}, token=token).json
    path = f"/api/v1/queries/{saved['id']}"
    for method in ("TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO", "get"):
        for place in (path, "/", "/healthz"):
            line = f"{method} {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nX-Echo: echoed\r\n\r\n"
            answer = server.raw(line.encode(), timeout=5)
            check(status_of(answer) in (400, 404, 405) and b"echoed" not in answer, f"{method} {place}: {answer[:200]}")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for method in ("GET", "POST"):
            body = None if method == "GET" else {}
            server.call(method, path, body, token=token, headers={name: "DELETE"})
        server.call("GET", f"{path}?_method=DELETE", token=token)
        check(server.call("GET", path, token=token).status == 200, f"{name} was followed")
    check(server.call("POST", path, {}, token=token).status == 405, "POST on one object")


@case("AZ-010")
def odd_paths(world):
    server = world.main
    for path in [
        "//api/v1/users", "/API/v1/users", "/api/v1/./users", "/api/v1/x/../users", "/api/v1/users/", "/api/v1/users.", "/api/v1/users;a=b",
        "/api/v1/%75sers", "/api/v1/users%00", "/api/v1/users%20", "/%2e/api/v1/users", "/api%2fv1%2fusers", "/api/v1/users%c0%af", "/api\\v1\\users",
        "/signin/../api/v1/users", "/assets/../api/v1/users", "/assets/%2e%2e/api/v1/users", "/api/v1/users?x=/signin", "/healthz/../api/v1/users",
        "http://127.0.0.1/api/v1/users", "/api/v1/users#x",
    ]:  # fmt: skip
        for who in ({}, {"token": server.tokens["viewer"]}):
            answer = server.call("GET", path, **who)
            check(answer.status in (301, 302, 308, 400, 401, 403, 404), f"{path} {who and 'viewer'}: {answer}")
            check("@example.com" not in answer.text, f"{path} lists people")
