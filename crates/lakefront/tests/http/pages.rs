//! Pages: who sees them, and what they hold before any script has run.

use serde_json::{Value, json};

use crate::dashboards;
use crate::server::{Answer, Server};

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_back() {
    let server = Server::shared();
    for (path, next) in [("/", "%2F"), ("/d/x?state=CA", "%2Fd%2Fx%3Fstate%3DCA"), ("/settings", "%2Fsettings")] {
        let answer = server.get(path).send().await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (302, format!("/signin?next={next}").as_str()));
    }
    for path in ["/signin?next=//evil.test", "/setup"] {
        assert_eq!(server.get(path).send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_dashboard_comes_with_its_data() {
    let server = Server::shared();
    let title = "</script><script>alert(1)</script><!-- \u{2028} {{7*7}}";
    let dashboard = dashboards::create(&server, title).await;
    let path = format!("/d/{}?state=TX", dashboard["slug"].as_str().unwrap());
    let cookie = server.sign_in("viewer@example.com").await;
    let (one, two) = (server.get(&path).cookie(&cookie).send().await, server.get(&path).cookie(&cookie).send().await);
    assert_eq!(one.status, 200);
    let (first, second) = (nonce(&one), nonce(&two));
    assert!(first.len() >= 22 && first != second, "{first} {second}");
    assert!(!one.text().contains("<script>alert"));
    if !one.text().contains("lf-state") {
        // Built without its user interface.
        return;
    }
    let state = state(&one);
    assert_eq!(state["url"], path.as_str());
    assert_eq!(state["me"]["user"]["email"], "viewer@example.com");
    assert_eq!(state["data"]["dashboard"]["title"], title);
    assert_eq!(state["data"]["dashboard_data"]["queries"]["by_state"]["rows"], json!([["TX", 1]]));
    for answer in [&one, &two] {
        let text = answer.text();
        let scripts = text.matches("<script").count();
        assert_eq!(text.matches(&format!("nonce=\"{}\"", nonce(answer))).count(), text.matches(" nonce=\"").count());
        assert!(
            scripts > 0
                && text.split("<script").skip(1).all(|script| script.split('>').next().unwrap().contains("nonce=\""))
        );
    }
    let missing = server.get("/d/not-there").cookie(&cookie).send().await;
    assert_eq!(missing.status, 404);
    assert_eq!(self::state(&missing)["data"]["missing"]["problem"]["code"], "NOT_FOUND");
}

#[tokio::test]
async fn lists_come_with_their_page() {
    let server = Server::shared();
    let dashboard = dashboards::create(&server, "Listed").await;
    let cookie = server.sign_in("viewer@example.com").await;
    for (path, has_queries) in [("/", true), ("/dashboards", false)] {
        let page = server.get(path).cookie(&cookie).send().await;
        assert_eq!(page.status, 200);
        assert_eq!(server.get(path).send().await.status, 302);
        if !page.text().contains("lf-state") {
            continue;
        }
        let saved = &state(&page)["data"]["saved"];
        let first = &saved["dashboards"]["items"].as_array().unwrap().iter().find(|item| item["id"] == dashboard["id"]);
        assert_eq!(first.unwrap()["title"], "Listed");
        assert_eq!(first.unwrap()["definition"], json!(null));
        assert_eq!(saved["queries"].is_object(), has_queries);
    }
}

#[tokio::test]
async fn a_page_can_be_compressed() {
    let server = Server::shared();
    let plain = server.get("/signin").send().await;
    let squeezed = server.get("/signin").header("accept-encoding", "gzip").send().await;
    assert_eq!(squeezed.header("content-encoding"), "gzip");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&squeezed.body[..]), &mut text).unwrap();
    let without_nonce = |answer: &Answer, text: String| text.replace(&nonce(answer), "");
    let (plain_text, squeezed_text) = (without_nonce(&plain, plain.text()), without_nonce(&squeezed, text));
    assert_eq!(plain_text.len(), squeezed_text.len());
}

/// The nonce of the policy, which must be as it should.
fn nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy");
    let script =
        policy.split(';').find_map(|part| part.trim().strip_prefix("script-src ")).expect("a policy for scripts");
    assert!(script.contains("'strict-dynamic'") && !script.contains("unsafe"), "{script}");
    for part in ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    script.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned()
}

fn state(answer: &Answer) -> Value {
    let text = answer.text();
    let script =
        text.split("id=\"lf-state\"").nth(1).unwrap().split_once('>').unwrap().1.split("</script>").next().unwrap();
    serde_json::from_str(script).unwrap()
}
