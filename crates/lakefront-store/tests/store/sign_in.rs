use std::{collections::HashMap, time::Duration};

use lakefront_store::{
    NewAdministrator, NewApiToken, Role, SessionClient, StoreError, TokenScope, UserChange, UserFilter,
};
use sea_orm::{ConnectionTrait, Statement};

use crate::world::{SYSTEM, World, code, session_scope};

fn administrator(name: &str) -> NewAdministrator {
    NewAdministrator { email: format!("{name}@example.com"), name: name.into(), password_hash: "hash".into() }
}

pub(crate) async fn the_first_administrator_is_made_once(world: &World) {
    let store = &world.store;
    assert!(store.setup_required(&SYSTEM).await.unwrap());
    let token = store.create_setup_token(&SYSTEM).await.unwrap();
    assert_eq!(code(store.complete_setup(&SYSTEM, "guessed", administrator("eve")).await), "NOT_FOUND");

    let ada = store.complete_setup(&SYSTEM, token.expose(), administrator("ada")).await.unwrap();
    assert_eq!(ada.role, Role::Admin);
    assert!(!store.setup_required(&SYSTEM).await.unwrap());
    assert_eq!(code(store.complete_setup(&SYSTEM, token.expose(), administrator("eve")).await), "GONE");
    assert_eq!(code(store.create_setup_token(&SYSTEM).await), "GONE");
    assert_eq!(store.users(&SYSTEM, UserFilter::default()).await.unwrap().items, [ada]);
}

pub(crate) async fn a_setup_token_lives_fifteen_minutes(world: &World) {
    let store = &world.store;
    let first = store.create_setup_token(&SYSTEM).await.unwrap();
    let second = store.create_setup_token(&SYSTEM).await.unwrap();
    assert_eq!(code(store.complete_setup(&SYSTEM, first.expose(), administrator("ada")).await), "NOT_FOUND");
    world.pass(16);
    assert_eq!(code(store.complete_setup(&SYSTEM, second.expose(), administrator("ada")).await), "GONE");
    assert!(store.setup_required(&SYSTEM).await.unwrap());
    let third = store.create_setup_token(&SYSTEM).await.unwrap();
    world.pass(14);
    store.complete_setup(&SYSTEM, third.expose(), administrator("ada")).await.unwrap();
}

pub(crate) async fn a_raced_setup_makes_one_administrator(world: &World) {
    let token = world.store.create_setup_token(&SYSTEM).await.unwrap();
    let mut answers = HashMap::<_, usize>::new();
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let (store, token) = (world.store.clone(), token.expose().to_owned());
            tokio::spawn(async move {
                code(store.complete_setup(&SYSTEM, &token, administrator(&format!("racer{racer}"))).await)
            })
        })
        .collect();
    for racer in racers {
        *answers.entry(racer.await.unwrap()).or_default() += 1;
    }
    assert_eq!(answers, HashMap::from([("OK", 1), ("GONE", 7)]));
    assert_eq!(world.store.users(&SYSTEM, UserFilter::default()).await.unwrap().items.len(), 1);
}

pub(crate) async fn an_administrator_from_the_command_line_closes_the_setup(world: &World) {
    let token = world.store.create_setup_token(&SYSTEM).await.unwrap();
    world.user("vera", Role::Viewer).await;
    assert!(world.store.setup_required(&SYSTEM).await.unwrap());
    world.user("ada", Role::Admin).await;
    assert!(!world.store.setup_required(&SYSTEM).await.unwrap());
    assert_eq!(code(world.store.complete_setup(&SYSTEM, token.expose(), administrator("eve")).await), "GONE");
}

pub(crate) async fn a_session_ends_when_idle_and_stays_ended(world: &World) {
    let una = world.user("una", Role::Viewer).await;
    let client = SessionClient { address: Some("192.0.2.1".into()), user_agent: Some("Firefox".into()) };
    let (cookie, session) = world.store.create_session(&SYSTEM, una.id, client).await.unwrap();
    assert!(cookie.expose().len() >= 43, "256 bits");
    assert_eq!(session.user.email, "una@example.com");

    world.pass(8 * 60 - 1);
    let seen = world.store.session(&SYSTEM, cookie.expose()).await.unwrap();
    assert_eq!((seen.id, seen.user.last_sign_in_at), (session.id, Some(session.created_at)));
    // That use counts: another eight hours begin.
    world.pass(8 * 60 - 1);
    world.store.session(&SYSTEM, cookie.expose()).await.unwrap();

    world.pass(8 * 60 + 1);
    assert_eq!(code(world.store.session(&SYSTEM, cookie.expose()).await), "NOT_FOUND");
    world.clock.rewind(Duration::from_secs(4 * 3600));
    assert_eq!(code(world.store.session(&SYSTEM, cookie.expose()).await), "NOT_FOUND");
}

pub(crate) async fn a_session_ends_after_seven_days_of_use(world: &World) {
    let una = world.user("una", Role::Viewer).await;
    let (cookie, _) = world.store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
    for _ in 0..28 {
        world.pass(6 * 60);
        world.store.session(&SYSTEM, cookie.expose()).await.unwrap();
    }
    world.pass(1);
    assert_eq!(code(world.store.session(&SYSTEM, cookie.expose()).await), "NOT_FOUND");
}

pub(crate) async fn signing_out_counts_at_once(world: &World) {
    let (una, scope) = world.person("una", Role::Viewer).await;
    let other = world.another_instance().await;
    let mut cookies = Vec::new();
    for _ in 0..3 {
        let (cookie, session) = world.store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
        other.session(&SYSTEM, cookie.expose()).await.unwrap();
        cookies.push((cookie, session.id));
    }
    world.store.end_session(&scope, cookies[0].1).await.unwrap();
    assert_eq!(code(other.session(&SYSTEM, cookies[0].0.expose()).await), "NOT_FOUND");
    assert_eq!(other.sessions(&scope, una.id).await.unwrap().len(), 2);

    assert_eq!(world.store.end_sessions(&scope, una.id).await.unwrap(), 2);
    for (cookie, _) in &cookies {
        assert_eq!(code(other.session(&SYSTEM, cookie.expose()).await), "NOT_FOUND");
    }
    other.close().await;
}

pub(crate) async fn a_disabled_user_is_out_at_once(world: &World) {
    let store = &world.store;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let (una, own) = world.person("una", Role::Editor).await;
    let (cookie, _) = store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
    let new = NewApiToken { name: "ci".into(), scopes: vec![TokenScope::Read], expires_at: None };
    let (token, _) = store.create_api_token(&own, una.id, new).await.unwrap();
    let link = store.create_sign_in_link(&ada, una.id).await.unwrap();

    // A new role asks for a new sign-in; the token goes on with the new role.
    let change = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    store.update_user(&ada, una.id, change).await.unwrap();
    assert_eq!(code(store.session(&SYSTEM, cookie.expose()).await), "NOT_FOUND");
    assert_eq!(store.api_token(&SYSTEM, token.expose()).await.unwrap().0.role, Role::Viewer);

    let (cookie, _) = store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    store.update_user(&ada, una.id, change).await.unwrap();
    assert_eq!(code(store.session(&SYSTEM, cookie.expose()).await), "NOT_FOUND");
    assert_eq!(code(store.api_token(&SYSTEM, token.expose()).await), "NOT_FOUND");
    assert_eq!(code(store.use_sign_in_link(&SYSTEM, link.expose()).await), "GONE");
    assert!(store.credentials(&SYSTEM, "una@example.com").await.unwrap().is_none());
    assert_eq!(code(store.create_session(&SYSTEM, una.id, SessionClient::default()).await), "NOT_FOUND");

    // Let in again, her token works; a link of before does not.
    let change = UserChange { disabled: Some(false), ..UserChange::default() };
    store.update_user(&ada, una.id, change).await.unwrap();
    assert!(store.api_token(&SYSTEM, token.expose()).await.is_ok());
    assert_eq!(code(store.use_sign_in_link(&SYSTEM, link.expose()).await), "GONE");
}

pub(crate) async fn the_database_holds_no_secret(world: &World) {
    let store = &world.store;
    let setup = store.create_setup_token(&SYSTEM).await.unwrap();
    let (ada, scope) = world.person("ada", Role::Admin).await;
    let (cookie, _) = store.create_session(&SYSTEM, ada.id, SessionClient::default()).await.unwrap();
    let link = store.create_sign_in_link(&scope, ada.id).await.unwrap();
    let new = NewApiToken { name: "ci".into(), scopes: vec![TokenScope::Admin], expires_at: None };
    let (token, shown) = store.create_api_token(&scope, ada.id, new).await.unwrap();
    assert!(token.expose().starts_with("lf_") && token.expose().starts_with(&shown.prefix));
    store.count_login_attempt(&SYSTEM, "my-Passw0rd-in-the-wrong-field", "192.0.2.1").await.unwrap();

    let raw = world.raw().await;
    let mut rows = 0;
    for (table, columns) in [
        ("installation", "setup_hash"),
        ("sessions", "id || token_hash"),
        ("sign_in_links", "token_hash"),
        ("api_tokens", "id || token_hash || name || prefix || scopes"),
        ("login_attempts", "key"),
        ("audit", "id || action || target || detail"),
    ] {
        let query =
            Statement::from_string(raw.get_database_backend(), format!("SELECT {columns} AS text FROM {table}"));
        for row in raw.query_all_raw(query).await.unwrap() {
            let text: String = row.try_get("", "text").unwrap();
            for secret in [setup.expose(), cookie.expose(), link.expose(), token.expose(), "Passw0rd"] {
                assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{table} holds a secret");
            }
            rows += 1;
        }
    }
    assert!(rows >= 8, "{rows} rows looked at");
}

pub(crate) async fn a_sign_in_link_works_once(world: &World) {
    let store = &world.store;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let una = world.user("una", Role::Viewer).await;
    let link = store.create_sign_in_link(&ada, una.id).await.unwrap();
    assert_eq!(code(store.use_sign_in_link(&SYSTEM, "guessed").await), "NOT_FOUND");

    let mut answers = HashMap::<_, usize>::new();
    let racers: Vec<_> = (0..6)
        .map(|_| {
            let (store, link) = (store.clone(), link.expose().to_owned());
            tokio::spawn(async move { store.use_sign_in_link(&SYSTEM, &link).await })
        })
        .collect();
    for racer in racers {
        let answer = racer.await.unwrap();
        if let Ok(user) = &answer {
            assert_eq!(user.id, una.id);
        }
        *answers.entry(code(answer)).or_default() += 1;
    }
    assert_eq!(answers, HashMap::from([("OK", 1), ("GONE", 5)]));

    let late = store.create_sign_in_link(&ada, una.id).await.unwrap();
    world.pass(16);
    assert_eq!(code(store.use_sign_in_link(&SYSTEM, late.expose()).await), "GONE");
    assert_eq!(code(store.create_sign_in_link(&session_scope(&una), una.id).await), "FORBIDDEN");
}

pub(crate) async fn an_api_token_works_until_it_is_revoked(world: &World) {
    let store = &world.store;
    let other = world.another_instance().await;
    let (una, scope) = world.person("una", Role::Editor).await;
    let new = |name: &str, days| NewApiToken {
        name: name.into(),
        scopes: vec![TokenScope::Read, TokenScope::Write],
        expires_at: Some(world.now() + chrono::Duration::days(days)),
    };
    let (secret, token) = store.create_api_token(&scope, una.id, new("ci", 30)).await.unwrap();
    let (short, _) = store.create_api_token(&scope, una.id, new("short", 1)).await.unwrap();
    assert_eq!(code(store.create_api_token(&scope, una.id, new("past", -1)).await), "INVALID_VALUE");

    let (owner, found) = other.api_token(&SYSTEM, secret.expose()).await.unwrap();
    assert_eq!((owner.id, found.id, found.last_used_at), (una.id, token.id, None));
    world.pass(5);
    other.api_token(&SYSTEM, secret.expose()).await.unwrap();
    let listed = store.api_tokens(&scope, una.id).await.unwrap();
    let used: Vec<_> = listed.iter().map(|token| token.last_used_at.is_some()).collect();
    assert_eq!((listed.len(), used.iter().filter(|used| **used).count()), (2, 1));

    let mut changed = secret.expose().to_owned();
    changed.replace_range(10..11, if &changed[10..11] == "x" { "y" } else { "x" });
    for wrong in [changed.as_str(), &token.prefix, "", "lf_"] {
        assert_eq!(code(store.api_token(&SYSTEM, wrong).await), "NOT_FOUND", "{wrong}");
    }
    world.pass(24 * 60);
    assert_eq!(code(store.api_token(&SYSTEM, short.expose()).await), "NOT_FOUND");

    store.revoke_api_token(&scope, token.id).await.unwrap();
    assert_eq!(code(other.api_token(&SYSTEM, secret.expose()).await), "NOT_FOUND");
    other.close().await;
}

pub(crate) async fn guessing_passwords_is_slowed_down_and_locks_nobody_out(world: &World) {
    let store = &world.store;
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.count_login_attempt(&SYSTEM, "Una@example.com", "192.0.2.1").await })
        })
        .collect();
    let mut allowed = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(()) => allowed += 1,
            Err(StoreError::Throttled { retry_after }) => assert!(retry_after <= Duration::from_secs(900)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(allowed, 10, "however many ask at once");

    // The person themselves, elsewhere, and others at the same address go on.
    store.count_login_attempt(&SYSTEM, "una@example.com", "198.51.100.9").await.unwrap();
    store.count_login_attempt(&SYSTEM, "ben@example.com", "192.0.2.1").await.unwrap();

    // Trying on does not lengthen the window.
    world.pass(14);
    match store.count_login_attempt(&SYSTEM, "una@example.com", "192.0.2.1").await {
        Err(StoreError::Throttled { retry_after }) => assert_eq!(retry_after, Duration::from_secs(60)),
        other => panic!("{other:?}"),
    }
    world.pass(1);
    for _ in 0..9 {
        store.count_login_attempt(&SYSTEM, "una@example.com", "192.0.2.1").await.unwrap();
    }
    // The right password: the slate is clean.
    store.forget_login_attempts(&SYSTEM, "una@example.com", "192.0.2.1").await.unwrap();
    for _ in 0..10 {
        store.count_login_attempt(&SYSTEM, "una@example.com", "192.0.2.1").await.unwrap();
    }
    assert_eq!(code(store.count_login_attempt(&SYSTEM, "una@example.com", "192.0.2.1").await), "TOO_MANY_REQUESTS");
}

pub(crate) async fn many_addresses_can_not_guess_on_one_account(world: &World) {
    let mut allowed = 0;
    for address in 0..60 {
        let address = format!("192.0.2.{address}");
        let attempt = world.store.count_login_attempt(&SYSTEM, "una@example.com", &address).await;
        allowed += u32::from(attempt.is_ok());
    }
    assert_eq!(allowed, 50);
    let mut allowed = 0;
    for account in 0..110 {
        let email = format!("u{account}@example.com");
        let attempt = world.store.count_login_attempt(&SYSTEM, &email, "203.0.113.5").await;
        allowed += u32::from(attempt.is_ok());
    }
    assert_eq!(allowed, 100);
}

pub(crate) async fn the_sweep_takes_what_has_expired(world: &World) {
    let store = &world.store;
    let una = world.user("una", Role::Viewer).await;
    let (old, _) = store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
    store.count_login_attempt(&SYSTEM, "una@example.com", "192.0.2.1").await.unwrap();
    world.pass(9 * 60);
    let (new, _) = store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
    assert_eq!(store.sweep(&SYSTEM).await.unwrap(), 4, "a session and three counters");
    assert_eq!(store.sweep(&SYSTEM).await.unwrap(), 0);
    assert_eq!(code(store.session(&SYSTEM, old.expose()).await), "NOT_FOUND");
    store.session(&SYSTEM, new.expose()).await.unwrap();
    let raw = world.raw().await;
    let count = Statement::from_string(raw.get_database_backend(), "SELECT count(*) AS n FROM sessions");
    let left: i64 = raw.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap();
    assert_eq!(left, 1);
}
