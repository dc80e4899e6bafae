//! Pages drawn by small bundles, through the public door.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::{sync::Arc, time::Duration};

use lakefront_ssr::{SsrError, SsrLimits, SsrPage, SsrPool};

const LIMITS: SsrLimits = SsrLimits { deadline: Duration::from_secs(20), memory: 64 << 20, js_stack: 1 << 20 };

fn pool(bundle: &'static str) -> SsrPool {
    SsrPool::start(bundle, 1, LIMITS).unwrap()
}

fn impatient(bundle: &'static str, milliseconds: u64) -> SsrPool {
    SsrPool::start(bundle, 1, SsrLimits { deadline: Duration::from_millis(milliseconds), ..LIMITS }).unwrap()
}

/// What the script in `input` answers; a bundle for whatever a test wants to try.
const EVAL: &str = r#"
globalThis.render = async (input) => {
  const html = await (0, eval)(input)
  return { status: 200, head: '', html: String(html), errors: [] }
}"#;

async fn html(pool: &SsrPool, script: &str) -> String {
    pool.render(Arc::from(script)).await.unwrap().html
}

#[tokio::test]
async fn a_page_has_status_head_and_html() {
    let pool = pool(
        r#"globalThis.render = (input) => Promise.resolve({
             status: 404, head: '<title>Hello</title>', html: `<h1>${JSON.parse(input).name}</h1>`, errors: [] })"#,
    );
    let page = pool.render(Arc::from(r#"{"name": "Zoë 🦆"}"#)).await.unwrap();
    assert_eq!(page, SsrPage { status: 404, head: "<title>Hello</title>".into(), html: "<h1>Zoë 🦆</h1>".into() });
}

#[tokio::test]
async fn timers_fire_in_order_without_waiting() {
    let pool = pool(EVAL);
    let started = std::time::Instant::now();
    let order = html(
        &pool,
        r#"new Promise((resolve) => {
             const seen = []
             setTimeout(() => { seen.push('hour'); resolve(seen.join()) }, 3_600_000)
             setTimeout((word) => { seen.push(word); setTimeout(() => seen.push('later'), 10) }, 20, 'soon')
             clearTimeout(setTimeout(() => seen.push('cleared'), 1))
             queueMicrotask(() => seen.push('microtask'))
           })"#,
    )
    .await;
    assert_eq!(order, "microtask,soon,later,hour");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn timers_do_not_outlive_their_page() {
    let pool = pool(EVAL);
    html(&pool, "globalThis.leaked = 0; setTimeout(() => globalThis.leaked++, 0); 'done'").await;
    let after = html(&pool, "new Promise((resolve) => setTimeout(() => resolve(globalThis.leaked), 5))").await;
    assert_eq!(after, "0");
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_deadline_and_hurts_no_later_page() {
    let pool = impatient(EVAL, 800);
    html(&pool, "'warm'").await;
    let started = std::time::Instant::now();
    let error = pool.render(Arc::from("for (;;) {}")).await.unwrap_err();
    assert!(matches!(error, SsrError::Timeout), "{error}");
    assert!(started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());
    assert_eq!(html(&pool, "'fine'").await, "fine");
}

#[tokio::test]
async fn an_endless_chain_of_promises_or_regular_expression_ends_too() {
    let pool = impatient(EVAL, 800);
    html(&pool, "'warm'").await;
    for script in ["(async () => { for (;;) await null })()", "/^(a+)+$/.test('a'.repeat(64) + 'b')"] {
        let error = pool.render(Arc::from(script)).await.unwrap_err();
        assert!(matches!(error, SsrError::Timeout), "{script}: {error}");
    }
    assert_eq!(html(&pool, "'fine'").await, "fine");
}

#[tokio::test]
async fn a_script_that_eats_memory_meets_its_limit_and_hurts_no_later_page() {
    let pool = pool(EVAL);
    let error = pool
        .render(Arc::from("const all = []; for (;;) all.push(new Array(1000).fill('x'.repeat(10)))"))
        .await
        .unwrap_err();
    assert!(matches!(error, SsrError::OutOfMemory), "{error}");
    assert_eq!(html(&pool, "'fine'").await, "fine");
}

#[tokio::test]
async fn waiting_for_nothing_is_a_deadlock_at_once() {
    let pool = pool(EVAL);
    html(&pool, "'warm'").await;
    let started = std::time::Instant::now();
    let error = pool.render(Arc::from("new Promise(() => {})")).await.unwrap_err();
    assert!(matches!(error, SsrError::Deadlock), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(html(&pool, "'fine'").await, "fine");
}

#[tokio::test]
async fn failures_of_the_script_name_their_cause() {
    let pool = pool(EVAL);
    for (script, cause) in [
        ("throw new TypeError('no such column')", "no such column"),
        ("Promise.reject(new Error('later'))", "later"),
        ("const deep = () => deep() + 1; deep()", "Maximum call stack size exceeded"),
        ("fetch('/')", "fetch"),
    ] {
        match pool.render(Arc::from(script)).await {
            Err(SsrError::Js(message)) => assert!(message.contains(cause), "{script}: {message}"),
            other => panic!("{script}: {other:?}"),
        }
    }
    assert_eq!(html(&pool, "'fine'").await, "fine");
}

#[tokio::test]
async fn a_page_with_errors_or_holes_is_no_page() {
    let pool = pool("globalThis.render = async (input) => JSON.parse(input)");
    for (answer, cause) in [
        (r#"{"status": 200, "head": "", "html": "", "errors": ["useQuery failed"]}"#, "useQuery failed"),
        (r#"{"status": 200, "head": "", "html": "<p><!--$!--></p>", "errors": []}"#, "component"),
        ("\"nonsense\"", "something else than a page"),
        (r#"{"status": 200, "head": "", "errors": []}"#, "something else than a page"),
    ] {
        match pool.render(Arc::from(answer)).await {
            Err(SsrError::Js(message)) => assert!(message.contains(cause), "{answer}: {message}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_bundle_that_fails_to_load_is_reported_by_every_page() {
    let broken = pool("throw new Error('half a bundle')");
    for _ in 0..2 {
        match broken.render(Arc::from("{}")).await {
            Err(SsrError::Js(message)) => assert!(message.contains("half a bundle"), "{message}"),
            other => panic!("{other:?}"),
        }
    }
    let empty = pool("1 + 1").render(Arc::from("{}")).await.unwrap_err();
    assert!(matches!(&empty, SsrError::Engine(message) if message.contains("globalThis.render")), "{empty}");
}

#[tokio::test]
async fn three_hundred_pages_leave_no_more_behind_than_one() {
    // A page that leaves a timer and 40 kB behind would need 12 MB of a 6 MB heap.
    let pool = SsrPool::start(EVAL, 1, SsrLimits { memory: 6 << 20, ..LIMITS }).unwrap();
    let page =
        r#"(() => { const page = '<td>cell</td>'.repeat(3000); setTimeout(() => page, 1e6); return page.length })()"#;
    for _ in 0..300 {
        assert_eq!(html(&pool, page).await, "39000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_the_async_runtime_goes_on() {
    let pool = impatient(EVAL, 1_500);
    html(&pool, "'warm'").await;
    let busy: Vec<_> = (0..40)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.render(Arc::from("for (;;) {}")).await })
        })
        .collect();
    let mut refused = 0;
    for render in busy {
        match render.await.unwrap() {
            Err(SsrError::QueueFull) => refused += 1,
            Err(SsrError::Timeout) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!((7..=8).contains(&refused), "one is drawn, 32 wait, the rest is refused: {refused}");
    assert_eq!(html(&pool, "'fine'").await, "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_draw_side_by_side() {
    let pool = SsrPool::start(EVAL, 3, LIMITS).unwrap();
    let pages: Vec<_> = (0..24)
        .map(|i| {
            let pool = pool.clone();
            tokio::spawn(
                async move { html(&pool, &format!("new Promise((r) => setTimeout(() => r({i} * 2), 1))")).await },
            )
        })
        .collect();
    for (i, page) in pages.into_iter().enumerate() {
        assert_eq!(page.await.unwrap(), (i * 2).to_string());
    }
}

#[tokio::test]
async fn the_host_has_what_react_and_the_router_use() {
    let pool = pool(EVAL);
    for (script, expected) in [
        // text and bytes
        ("new TextDecoder().decode(new TextEncoder().encode('Zoë 🦆'))", "Zoë 🦆"),
        ("new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0x62]))", "a\u{fffd}b"),
        (
            "(() => { const d = new TextDecoder(), b = new TextEncoder().encode('é🦆!'); let s = ''; for (const x of b) s += d.decode(new Uint8Array([x]), { stream: true }); return s + d.decode() })()",
            "é🦆!",
        ),
        (
            "(() => { const b = new Uint8Array(4), r = new TextEncoder().encodeInto('aé🦆', b); return [r.read, r.written, b].join() })()",
            "2,3,97,195,169,0",
        ),
        // addresses
        ("new URLSearchParams('?a=1&b=x+y%26&a=2').getAll('a').join()", "1,2"),
        ("String(new URLSearchParams([['q', \"it's ü & more\"], ['n', 1]]))", "q=it%27s+%C3%BC+%26+more&n=1"),
        (
            "(() => { const p = new URLSearchParams('a=1&b=2&a=3'); p.set('a', 9); p.delete('b'); return String(p) })()",
            "a=9",
        ),
        ("new URL('../c?x=1#y', 'https://Host.example:443/a/b/d').href", "https://host.example/a/c?x=1#y"),
        (
            "(() => { const u = new URL('http://h:8080/p?a=1'); u.searchParams.append('b', 'ü'); return u.href + ' ' + u.host })()",
            "http://h:8080/p?a=1&b=%C3%BC h:8080",
        ),
        ("(() => { try { new URL('/only/a/path') } catch (e) { return e.name } })()", "TypeError"),
        // aborting
        (
            "(() => { const c = new AbortController(), seen = []; c.signal.addEventListener('abort', () => seen.push(1)); c.abort(); c.abort(); return seen.length + c.signal.reason.name })()",
            "1AbortError",
        ),
        // streams and answers
        (
            "(async () => { const s = new ReadableStream({ start(c) { c.enqueue('a') }, pull(c) { c.enqueue('b'); c.close() } }); let all = ''; for await (const x of s) all += x; return all })()",
            "ab",
        ),
        (
            "new ReadableStream({ pull(c) { c.error(new Error('broken')) } }).getReader().read().catch((e) => e.message)",
            "broken",
        ),
        ("Response.redirect('/next').headers.get('Location') + Response.redirect('/').status", "/next302"),
        ("(() => { const h = new Headers({ A: 1 }); h.append('a', 2); return h.get('A') })()", "1, 2"),
        ("typeof performance.now() + typeof console.error + typeof Intl", "numberfunctionundefined"),
    ] {
        assert_eq!(html(&pool, script).await, expected, "{script}");
    }
}
