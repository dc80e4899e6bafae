//! Public dashboards: what people get who do not sign in, what they never get, and what caches are told.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::dashboards;
use crate::server::{Answer, Server, numbers};

/// The debug build draws pages many times slower than what is shipped.
const PATIENT: (&str, &str) = ("LAKEFRONT_PAGES_RENDER_TIMEOUT_MS", "20000");
const FRESH: &str = "public, max-age=60, stale-while-revalidate=600";

async fn share(server: &Server, dashboard: &Value, public: bool) -> Answer {
    let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
    server.call(Method::PATCH, &path).json(json!({"public": public})).token(&server.tokens.editor).send().await
}

/// A dashboard that anyone may read: the addresses of its page and of its data.
async fn shared(server: &Server, title: &str) -> (Value, String, String) {
    let dashboard = dashboards::create(server, title).await;
    let answer = share(server, &dashboard, true).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let slug = dashboard["slug"].as_str().unwrap();
    (dashboard.clone(), format!("/d/{slug}"), format!("/api/v1/public/dashboards/{slug}/data"))
}

/// An answer that tells nobody apart.
fn unnamed(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["request_id"].take();
    (answer.status.as_u16(), body)
}

fn state(page: &Answer) -> Option<Value> {
    let text = page.text();
    let (_, rest) = text.split_once("id=\"lf-state\"")?;
    Some(serde_json::from_str(rest.split_once('>').unwrap().1.split("</script>").next().unwrap()).unwrap())
}

/// Everyone's runs of statements, by name.
async fn runs(server: &Server) -> BTreeMap<String, usize> {
    let history = server.get("/api/v1/executions?limit=200").token(&server.tokens.admin).send().await.json();
    let mut runs = BTreeMap::new();
    for run in history["items"].as_array().unwrap() {
        *runs.entry(run["principal"]["name"].as_str().unwrap_or("nobody").to_owned()).or_default() += 1;
    }
    runs
}

#[tokio::test]
async fn who_makes_a_dashboard_public_says_so_and_is_written_down() {
    let server = Server::shared();
    let dashboard = dashboards::create(&server, "Who may share").await;
    assert_eq!(dashboard["public"], false);
    let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
    let change = |token: &str| server.call(Method::PATCH, &path).json(json!({"public": true})).token(token);
    for token in [&server.tokens.viewer, &server.tokens.reader] {
        assert_eq!(change(token).send().await.status, 403);
    }
    assert_eq!(change(&server.tokens.editor).header("if-match", "\"7\"").send().await.status, 412);
    let made = change(&server.tokens.editor).header("if-match", "\"1\"").send().await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (200, "\"2\""));
    assert_eq!((&made.json()["public"], &made.json()["version"]), (&json!(true), &json!(2)));
    let listed = server.get("/api/v1/dashboards?search=who+may+share").token(&server.tokens.viewer).send().await.json();
    assert_eq!(listed["items"][0]["public"], true);

    let audit = server.get("/api/v1/audit?action=dashboard.share&limit=200").token(&server.tokens.admin).send().await;
    let entry =
        audit.json()["items"].as_array().unwrap().iter().find(|e| e["target"] == dashboard["id"]).unwrap().clone();
    assert_eq!(
        (&entry["actor"]["name"], &entry["detail"]),
        (&json!("editor"), &json!({"public": true, "slug": "who-may-share", "title": "Who may share"}))
    );

    let query = json!({"title": "No page", "definition": {"sql": "select 1"}});
    let query = server.post("/api/v1/queries", query).token(&server.tokens.editor).send().await.json();
    let path = format!("/api/v1/queries/{}", query["id"].as_str().unwrap());
    let refused = server.call(Method::PATCH, &path).json(json!({"public": true})).token(&server.tokens.editor);
    assert_eq!(refused.send().await.status, 400);
    let born = json!({"title": "Born public", "public": true, "definition": {"tabs": []}});
    assert_eq!(server.post("/api/v1/dashboards", born).token(&server.tokens.editor).send().await.status, 400);
}

#[tokio::test]
async fn private_and_absent_look_alike_to_strangers() {
    let server = Server::shared();
    let hidden = dashboards::create(&server, "Hidden from strangers").await;
    let slug = hidden["slug"].as_str().unwrap();
    let here = server.get(&format!("/api/v1/public/dashboards/{slug}/data")).send().await;
    let absent = server.get("/api/v1/public/dashboards/never-made/data").send().await;
    assert_eq!((unnamed(&here), here.status.as_u16()), (unnamed(&absent), 404));
    assert_eq!(here.header("cache-control"), "no-store");
    // Not with a session either: this route knows nobody.
    let known = server.get(&format!("/api/v1/public/dashboards/{slug}/data")).token(&server.tokens.admin).send().await;
    assert_eq!(known.status, 404);
    for slug in [slug, "never-made"] {
        for query in ["", "?state=CA", "?nonsense=1"] {
            let page = server.get(&format!("/d/{slug}{query}")).send().await;
            assert_eq!((page.status.as_u16(), page.header("cache-control")), (302, "no-store"));
            assert!(page.header("location").starts_with(&format!("/signin?next=%2Fd%2F{slug}")));
        }
    }
}

#[tokio::test]
async fn strangers_read_a_public_dashboard_and_caches_may_keep_it() {
    let server = Server::start(&[PATIENT]);
    let (dashboard, page_path, data_path) = shared(&server, "Open to all").await;
    let page = server.get(&page_path).send().await;
    let data = server.get(&data_path).send().await;
    assert_eq!((page.status.as_u16(), data.status.as_u16()), (200, 200), "{}", data.text());
    for answer in [&page, &data] {
        assert_eq!((answer.header("cache-control"), answer.header("vary")), (FRESH, "accept-encoding"));
        assert_eq!(answer.header("cdn-cache-control"), FRESH);
        assert!(answer.header("etag").starts_with("W/\""), "{:?}", answer.headers);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let policy = page.header("content-security-policy");
    let scripts = policy.split(';').find_map(|part| part.trim().strip_prefix("script-src ")).unwrap();
    assert!(scripts.starts_with("'self'") && !scripts.contains("unsafe") && !scripts.contains("nonce"), "{scripts}");
    assert!(policy.contains("frame-ancestors 'none'"));
    insta::assert_json_snapshot!("public_data", data.json(), {".as_of" => "[time]", ".queries.*.as_of" => "[time]"});
    if let Some(state) = state(&page) {
        assert_eq!(state["me"], Value::Null);
        assert_eq!(state["data"]["public"]["data"], data.json());
        assert_eq!(
            state["data"]["public"]["data_tag"],
            data.header("etag"),
            "the page's first question is a condition"
        );
        insta::assert_json_snapshot!("public_dashboard", state["data"]["public"]["dashboard"]);
        assert!(page.text().contains("<h1"), "drawn on the server");
    }

    // What is known is confirmed without a run, in any way the question is put.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let before = runs(&server).await;
    assert!(before["Public"] > 0, "{before:?}");
    for (path, answer) in [(&page_path, &page), (&data_path, &data)] {
        let tag = answer.header("etag");
        for known in [tag.to_owned(), format!("\"other\", {tag}"), tag.replace("W/", "")] {
            let again = server.get(path).header("if-none-match", &known).send().await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path} {known}");
            assert_eq!(again.header("etag"), tag);
            for name in ["cache-control", "cdn-cache-control", "vary"] {
                assert_eq!(again.header(name), answer.header(name), "{name} of {path}");
            }
        }
        let head = server.call(Method::HEAD, path).send().await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        for name in ["cache-control", "vary", "etag", "content-type", "content-security-policy"] {
            assert_eq!(head.header(name), answer.header(name), "{name} of {path}");
        }
        assert_eq!(server.get(path).header("if-none-match", "W/\"other\"").send().await.status, 200);
    }
    // A cache takes the headers of a confirmation over: the policy must be the one the scripts were named for.
    let again = server.get(&page_path).header("if-none-match", page.header("etag")).send().await;
    assert_eq!(again.header("content-security-policy"), policy);

    // Whoever is signed in gets a page of their own, that no cache keeps.
    let cookie = server.sign_in("viewer@example.com").await;
    let own = server.get(&page_path).cookie(&cookie).header("if-none-match", page.header("etag")).send().await;
    assert_eq!((own.status.as_u16(), own.header("cache-control")), (200, "private, no-store"));
    assert!(own.header("vary").contains("cookie") && own.header("etag").is_empty());
    if let Some(state) = state(&own) {
        assert_eq!(state["me"]["user"]["email"], "viewer@example.com");
    }
    // The way past caches that hold the other one.
    let mine = server.get(&format!("{page_path}?signin=1")).cookie(&cookie).send().await;
    assert_eq!((mine.status.as_u16(), mine.header("cache-control")), (200, "private, no-store"));
    let stranger = server.get(&format!("{page_path}?signin=1")).send().await;
    assert_eq!((stranger.status.as_u16(), stranger.header("cache-control")), (302, "no-store"));

    // Private again, at once, whatever the caller has.
    assert_eq!(share(&server, &dashboard, false).await.json()["public"], false);
    let page = server.get(&page_path).header("if-none-match", page.header("etag")).send().await;
    let data = server.get(&data_path).header("if-none-match", data.header("etag")).send().await;
    assert_eq!((page.status.as_u16(), data.status.as_u16()), (302, 404));
    // And public again it is another version.
    share(&server, &dashboard, true).await;
    assert_eq!(server.get(&data_path).header("if-none-match", data.header("etag")).send().await.status, 200);
}

#[tokio::test]
async fn a_page_asks_as_often_as_its_dashboard_says_and_no_more_often_than_caches_keep() {
    let server = Server::start(&[PATIENT]);
    let (dashboard, page_path, _) = shared(&server, "Asked about").await;
    let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
    for (wanted, told) in [(Value::Null, 60), (json!(30), 60), (json!(900), 900)] {
        let mut definition = dashboard["definition"].clone();
        definition["refresh_s"] = wanted.clone();
        let change = server.call(Method::PATCH, &path).json(json!({"definition": definition}));
        assert_eq!(change.token(&server.tokens.editor).send().await.status, 200);
        let page = server.get(&page_path).send().await;
        let Some(state) = state(&page) else { return };
        assert_eq!(state["data"]["public"]["dashboard"]["refresh_s"], told, "{wanted}");
    }
    let mut definition = dashboard["definition"].clone();
    definition["refresh_s"] = json!(5);
    let change = server.call(Method::PATCH, &path).json(json!({"definition": definition}));
    let refused = change.token(&server.tokens.editor).send().await;
    assert_eq!(refused.json()["detail"], "`refresh_s` is 5; it has to be a whole number from 10 to 86400.");
}

#[tokio::test]
async fn what_is_sent_says_nothing_of_how_it_is_made() {
    let server = Server::start(&[PATIENT]);
    let (dashboard, page_path, data_path) = shared(&server, "Says little").await;
    let id = dashboard["id"].as_str().unwrap();
    let owner = dashboard["owner"]["id"].as_str().unwrap();
    for query in ["", "?state=CA", "?tab=two", "?from=not+a+day"] {
        for path in [&page_path, &data_path] {
            let answer = server.get(&format!("{path}{query}")).send().await;
            assert_eq!(answer.status, 200, "{path}{query}");
            let text = answer.text().to_lowercase();
            for secret in [
                "select ",
                "group by",
                "from sales",
                "nothing_here",
                "column_not_found",
                "part.csv",
                "state=ca/",
                "by_state",
                "execution_id",
                "estimate",
                "route_reason",
                "scanned_bytes",
                "statistics",
                "\"usd\"",
                "owner",
                "@example.com",
                "\"sql\"",
                "cannot cast",
                "data_version",
                "collection",
                id,
                owner,
            ] {
                // Scripts and styles are files of their own: what the page holds is all it says.
                assert!(!text.contains(&secret.to_lowercase()), "{path}{query} says {secret}");
            }
        }
    }
    // A tile that fails says that, and the answer is soon asked for again.
    let failed = server.get(&format!("{data_path}?tab=two")).send().await;
    assert_eq!((failed.header("cache-control"), failed.header("etag")), ("public, max-age=10", ""));
    let broken: Vec<_> = failed.json()["queries"].as_object().unwrap().values().cloned().collect();
    assert!(broken.contains(&json!({"state": "FAILED", "columns": [], "rows": [], "truncated": false, "as_of": null})));
    let page = server.get(&format!("{page_path}?tab=two")).send().await;
    assert_eq!((page.header("cache-control"), page.header("etag")), ("public, max-age=10", ""));
}

#[tokio::test]
async fn one_view_has_one_address() {
    let server = Server::start(&[PATIENT]);
    let (_, page_path, data_path) = shared(&server, "One address").await;
    for (given, one) in [
        ("?state=&from=&to=", ""),
        ("?tab=one", ""),
        ("?tab=gone&utm_source=mail", ""),
        ("?from=2025-01-01&state=TX&state=CA&state=TX", "?from=2025-01-01&state=CA&state=TX"),
        ("?table=a&tab=one&state=CA", "?state=CA&table=a"),
        ("?table=gone", ""),
    ] {
        let moved = server.get(&format!("{page_path}{given}")).send().await;
        assert_eq!(
            (moved.status.as_u16(), moved.header("location")),
            (302, format!("{page_path}{one}").as_str()),
            "{given}"
        );
        assert_eq!(server.get(&format!("{page_path}{one}")).send().await.status, 200, "{one}");
    }
    for same in ["?from=2025%2D01%2D01&state=C%41", "?from=2025-01-01&state=CA"] {
        assert_eq!(server.get(&format!("{page_path}{same}")).send().await.status, 200, "{same}");
    }
    let tag = async |query: &str| {
        let answer = server.get(&format!("{data_path}{query}")).send().await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        (answer.header("etag").to_owned(), answer.json()["queries"]["q2"]["rows"].clone())
    };
    let (all, rows) = tag("").await;
    assert_eq!(rows, json!([["CA", 2], ["NY", 1], ["TX", 1]]));
    let (two, rows) = tag("?state=TX&state=CA").await;
    assert_eq!((rows, tag("?state=CA&state=TX&state=").await.0), (json!([["CA", 2], ["TX", 1]]), two.clone()));
    assert_ne!(all, two);
    // A value is a value, whatever it says.
    assert_eq!(tag("?state=x%27)+or+(%271%27+=+%271").await.1, json!([]));
    for wrong in ["?nonsense=1", "?state=CA&State=CA", "?signin=1", "?sql=select+1"] {
        let refused = server.get(&format!("{data_path}{wrong}")).send().await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "UNKNOWN_FILTER"), "{wrong}");
    }
    let long = format!("?state={}", "x".repeat(9_000));
    for path in [&data_path, &page_path] {
        assert_eq!(server.get(&format!("{path}{long}")).send().await.status, 400);
    }
}

#[tokio::test]
async fn new_data_and_new_versions_have_new_tags() {
    let server = Server::start(&[PATIENT]);
    let (dashboard, page_path, data_path) = shared(&server, "Tagged").await;
    let tags = async || {
        let mut tags = Vec::new();
        for path in [&page_path, &data_path] {
            tags.push(server.get(path).send().await.header("etag").to_owned());
        }
        assert!(tags.iter().all(|tag| tag.len() > 10) && tags[0] != tags[1], "{tags:?}");
        tags
    };
    let first = tags().await;
    assert_eq!(tags().await, first);
    let more = server.data.path().join("lake/demo/sales/state=CA/more.csv");
    std::fs::write(more, "id,day,amount\n9,2025-02-01,1\n").unwrap();
    let refreshed = server.post("/api/v1/catalogs/local/refresh", json!({})).token(&server.tokens.admin).send().await;
    assert_eq!(refreshed.status, 200);
    let second = tags().await;
    assert!(first.iter().zip(&second).all(|(a, b)| a != b), "{first:?} {second:?}");
    let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
    server.call(Method::PATCH, &path).json(json!({"description": "New"})).token(&server.tokens.editor).send().await;
    let third = tags().await;
    assert!(second.iter().zip(&third).all(|(a, b)| a != b), "{second:?} {third:?}");
}

#[tokio::test]
async fn what_no_version_tells_of_is_not_kept() {
    let server = Server::shared();
    for (n, (sql, kept)) in [
        ("select count(*) n from sales", true),
        ("select count(*) n from sales where day <= current_date", false),
        ("select count(*) n from sales where random() < 2", false),
        ("select count(*) n from information_schema.tables where table_schema = 'demo'", false),
    ]
    .into_iter()
    .enumerate()
    {
        let chart = json!({"type": "number", "value": "n"});
        let tile = json!({"id": "a", "title": "A", "x": 0, "y": 0, "w": 6, "h": 4, "chart": chart, "sql": sql});
        let tabs = json!([{"id": "one", "title": "One", "tiles": [tile]}]);
        let new =
            json!({"title": format!("Told {n}"), "definition": {"catalog": "local", "database": "demo", "tabs": tabs}});
        let dashboard = server.post("/api/v1/dashboards", new).token(&server.tokens.editor).send().await.json();
        share(&server, &dashboard, true).await;
        let data = server.get(&format!("/api/v1/public/dashboards/told-{n}/data")).send().await;
        assert_eq!(data.json()["queries"]["tile:a"]["state"], "SUCCEEDED", "{sql}");
        let control = if kept { FRESH } else { "public, max-age=10" };
        assert_eq!((data.header("cache-control"), !data.header("etag").is_empty()), (control, kept), "{sql}");
    }
}

#[tokio::test]
async fn strangers_can_do_nothing_else() {
    let server = Server::shared();
    let (dashboard, page_path, data_path) = shared(&server, "Nothing else").await;
    let id = dashboard["id"].as_str().unwrap();
    let base = format!("/api/v1/dashboards/{id}");
    for path in [
        base.clone(),
        format!("{base}/versions"),
        format!("{base}/events"),
        "/api/v1/dashboards/by-slug/nothing-else".to_owned(),
        "/api/v1/dashboards".to_owned(),
        "/api/v1/auth/me".to_owned(),
        "/api/v1/executions".to_owned(),
    ] {
        assert_eq!(server.get(&path).send().await.status, 401, "{path}");
    }
    assert_eq!(server.post(&format!("{base}/data"), json!({})).send().await.status, 401);
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for path in [&page_path, &data_path] {
            let refused = server.call(method.clone(), path).json(json!({})).send().await;
            assert_eq!(refused.status, 405, "{method} {path}");
        }
    }
    // Nobody comes in as the one that strangers are.
    for email in ["public", "Public"] {
        let login = server.post("/api/v1/auth/login", json!({"email": email, "password": ""})).send().await;
        assert_eq!(login.status, 401);
    }
    let users = server.get("/api/v1/users?limit=200").token(&server.tokens.admin).send().await.text();
    assert!(!users.contains("00000000000000000000000000"));
    let nobody = "/api/v1/users/00000000000000000000000000";
    let enabled = server.call(Method::PATCH, nobody).json(json!({"disabled": false, "role": "admin"}));
    assert_eq!(enabled.token(&server.tokens.admin).send().await.status, 404);
}

#[tokio::test]
async fn the_public_has_budgets_like_anyone_and_asks_nobody() {
    let server = Server::start(&[]);
    let (dashboard, _, data_path) = shared(&server, "On a budget").await;
    assert_eq!(server.get(&data_path).send().await.header("cache-control"), FRESH);
    let costs = async || {
        let report = server.get("/api/v1/costs?by=user").token(&server.tokens.admin).send().await.json();
        report["items"].as_array().unwrap().iter().find(|row| row["name"] == "Public").cloned()
    };
    let mut seen = None;
    for _ in 0..50 {
        seen = costs().await;
        if seen.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(seen.unwrap()["bytes"].as_u64().unwrap() > 0);

    for (action, day) in [("ask", 1), ("block", 2)] {
        let subject = json!({"kind": "user", "id": "00000000000000000000000000"});
        let budget = json!({"subject": subject, "period": "run", "limit_bytes": 1, "action": action});
        let made = server.post("/api/v1/budgets", budget).token(&server.tokens.admin).send().await;
        assert_eq!((made.status.as_u16(), &made.json()["subject_name"]), (201, &json!("Public")));
        // Stored results are still answered; this one is new.
        let limited = server.get(&format!("{data_path}?from=2025-01-0{day}")).send().await;
        assert_eq!(limited.status, 200);
        assert_eq!(limited.json()["queries"]["q2"]["state"], "FAILED");
        assert_eq!((limited.header("etag"), limited.header("cache-control")), ("", "public, max-age=10"));
        assert!(!limited.text().to_lowercase().contains("budget"), "{}", limited.text());
    }
    let waiting = server.get("/api/v1/approvals").token(&server.tokens.admin).send().await.json();
    assert_eq!(waiting["items"], json!([]));
    // It is the readers' own limit.
    let path = format!("/api/v1/dashboards/{}/data", dashboard["id"].as_str().unwrap());
    let own = server.post(&path, json!({"filters": {"state": ["own"]}})).token(&server.tokens.viewer).send().await;
    assert_eq!(own.json()["queries"]["by_state"]["state"], "SUCCEEDED");
}

/// Makes the public dashboard `slow`, whose one tile runs until its deadline, and anew for each setting of its filter.
async fn share_slow(server: &Server) {
    let (a, b, c) = (numbers(1_000, "a", "x"), numbers(1_000, "b", "y"), numbers(1_000, "c", "z"));
    let sql = format!("select count(*) n from {a}, {b}, {c} where x * y % z = cast({{{{n}}}} as integer)");
    let definition = json!({
        "catalog": "local", "database": "demo",
        "filters": [{"id": "n", "label": "N", "type": "number"}],
        "tabs": [{"id": "one", "title": "One", "tiles": [
            {"id": "a", "title": "A", "x": 0, "y": 0, "w": 6, "h": 4, "chart": {"type": "number", "value": "n"}, "sql": sql},
        ]}],
    });
    let made = server.post("/api/v1/dashboards", json!({"title": "Slow", "definition": definition}));
    let dashboard = made.token(&server.tokens.editor).send().await.json();
    assert_eq!(share(server, &dashboard, true).await.status, 200);
}

#[tokio::test]
async fn who_leaves_leaves_no_run_behind() {
    let server = Server::start(&[("LAKEFRONT_QUERY_DEADLINE_S", "120")]);
    share_slow(&server).await;
    let asked = server.get("/api/v1/public/dashboards/slow/data?n=1").send();
    assert!(tokio::time::timeout(std::time::Duration::from_secs(2), asked).await.is_err());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let history = server.get("/api/v1/executions").token(&server.tokens.admin).send().await.json();
        let left =
            history["items"].as_array().unwrap().iter().find(|run| run["sql"].as_str().unwrap().contains("x * y % z"));
        if left.is_some_and(|run| run["state"] == "CANCELLED") {
            break;
        }
        assert!(std::time::Instant::now() < end, "{left:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_crowd_waits_its_turn_or_is_told_to_come_back() {
    let settings = [("LAKEFRONT_QUERY_DEADLINE_S", "12"), ("LAKEFRONT_SERVER_TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = Server::start(&settings);
    share_slow(&server).await;
    let (_, page_path, _) = shared(&server, "For all").await;
    let call = |n: usize, reader: usize| {
        let data = server.get(&format!("/api/v1/public/dashboards/slow/data?n={n}"));
        data.header("x-forwarded-for", &format!("192.0.2.{reader}")).send()
    };
    // One reader's slow views take their share of the eight places; nobody else waits for them.
    let greedy = futures::future::join_all((0..9).map(|n| call(n, 1)));
    let other = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        server.get(&page_path).header("x-forwarded-for", "192.0.2.2").send().await.status
    };
    tokio::select! {
        _ = greedy => panic!("the slow views came first"),
        status = other => assert_eq!(status, 200),
    }
    let answers = futures::future::join_all((10..19).map(|n| call(n, n))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 503]);
    let busy = answers.iter().find(|answer| answer.status == 503).unwrap();
    assert_eq!(
        (busy.header("retry-after"), busy.header("cache-control"), busy.code().as_str()),
        ("5", "no-store", "BUSY")
    );
}

#[tokio::test]
async fn a_server_may_show_nothing_to_strangers() {
    let server = Server::start(&[("LAKEFRONT_PAGES_PUBLIC_MAX_AGE_S", "5"), ("LAKEFRONT_PAGES_PUBLIC_STALE_S", "0")]);
    let (dashboard, page_path, data_path) = shared(&server, "For a while").await;
    assert_eq!(server.get(&data_path).send().await.header("cache-control"), "public, max-age=5");
    let token = server.tokens.editor.clone();
    let server = Server::on(server.killed(), &[("LAKEFRONT_PAGES_PUBLIC", "false")]);
    assert_eq!(server.get(&page_path).send().await.status, 302);
    assert_eq!(server.get(&data_path).send().await.status, 404);
    let path = format!("/api/v1/dashboards/{}", dashboard["id"].as_str().unwrap());
    let change = |public: bool| server.call(Method::PATCH, &path).json(json!({"public": public})).token(&token).send();
    let refused = change(true).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "PUBLIC_DASHBOARDS_OFF"));
    assert_eq!(change(false).await.json()["public"], false);
}
