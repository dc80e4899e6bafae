use lakefront_store::{
    AuditFilter, AuditRecord, BudgetAction, CatalogChange, ExecutionState, Kind, NewApiToken, NewBudget, NewCatalog,
    NewUser, ObjectChange, ObjectFilter, Outcome, PageRequest, Period, Role, Scope, SealedSecret, SessionClient,
    Subject, TokenScope, User, UserChange, UserFilter,
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use ulid::Ulid;

use crate::world::{SYSTEM, World, code, new_execution, new_object, session_scope, token_scope};

pub(crate) async fn who_may_do_what(world: &World) {
    let store = &world.store;
    let admin = world.user("ada", Role::Admin).await;
    let editor = world.user("edo", Role::Editor).await;
    let viewer = world.user("vera", Role::Viewer).await;
    let object = world.dashboard(&session_scope(&editor), "Shared").await;
    // Columns: system, admin, editor, viewer; an admin's tokens: admin, write, read.
    let scopes = [
        SYSTEM,
        session_scope(&admin),
        session_scope(&editor),
        session_scope(&viewer),
        token_scope(&admin, &[TokenScope::Admin]),
        token_scope(&admin, &[TokenScope::Read, TokenScope::Write]),
        token_scope(&admin, &[TokenScope::Read]),
    ];
    const NO: &str = "FORBIDDEN";
    let change = || ObjectChange { title: Some("New".into()), ..ObjectChange::default() };
    let token = || NewApiToken { name: "t".into(), scopes: vec![TokenScope::Read], expires_at: None };
    let mut table = Vec::new();
    for (n, scope) in scopes.iter().enumerate() {
        let own = scope.user_id().unwrap_or(admin.id);
        let new_user = NewUser {
            email: format!("new{n}@example.com"),
            name: "New".into(),
            role: Role::Viewer,
            password_hash: None,
        };
        let catalog = format!("lake{n}");
        let new_catalog = NewCatalog { name: catalog.clone(), source: json!({}), sealed_secret: None };
        let list = ObjectFilter::default();
        table.push(vec![
            ("read objects", code(store.objects(scope, Kind::Dashboard, list).await)),
            ("read an object", code(store.object(scope, Kind::Dashboard, object.id).await)),
            (
                "read versions",
                code(store.object_versions(scope, Kind::Dashboard, object.id, PageRequest::default()).await),
            ),
            ("create an object", code(store.create_object(scope, Kind::Dashboard, own, new_object("Mine")).await)),
            ("change an object", code(store.update_object(scope, Kind::Dashboard, object.id, None, change()).await)),
            ("restore an object", code(store.restore_object(scope, Kind::Dashboard, object.id, 1, None).await)),
            ("delete an object", code(store.delete_object(scope, Kind::Dashboard, object.id, None).await)),
            ("undelete an object", code(store.undelete_object(scope, Kind::Dashboard, object.id).await)),
            ("star an object", code(store.star_object(scope, Kind::Dashboard, object.id, true).await)),
            ("list users", code(store.users(scope, UserFilter::default()).await)),
            ("create a user", code(store.create_user(scope, new_user).await)),
            ("change a user", code(store.update_user(scope, viewer.id, UserChange::default()).await)),
            ("set a password", code(store.set_password_hash(scope, viewer.id, "hash".into()).await)),
            ("make a token", code(store.create_api_token(scope, own, token()).await)),
            ("make a link", code(store.create_sign_in_link(scope, viewer.id).await)),
            ("see sessions", code(store.sessions(scope, viewer.id).await)),
            ("end sessions", code(store.end_sessions(scope, viewer.id).await)),
            ("list catalogs", code(store.catalogs(scope).await)),
            ("create a catalog", code(store.create_catalog(scope, new_catalog).await)),
            ("change a catalog", code(store.update_catalog(scope, &catalog, None, CatalogChange::default()).await)),
            ("delete a catalog", code(store.delete_catalog(scope, &catalog, None).await)),
            ("read a sealed secret", code(store.catalog_secret(scope, "none").await)),
            ("read the audit log", code(store.audit(scope, AuditFilter::default()).await)),
            ("set preferences", code(store.set_preferences(scope, json!({})).await)),
            ("start a session", code(store.create_session(scope, viewer.id, SessionClient::default()).await)),
            ("look up a session", code(store.session(scope, "x").await)),
            ("read credentials", code(store.credentials(scope, "ada@example.com").await)),
            ("make a set-up token", code(store.create_setup_token(scope).await)),
            ("sweep", code(store.sweep(scope).await)),
        ]);
    }
    let ok = "OK";
    let gone = "NOT_FOUND";
    let expected: &[(&str, [&str; 7])] = &[
        ("read objects", [ok; 7]),
        ("read an object", [ok; 7]),
        ("read versions", [ok; 7]),
        ("create an object", [ok, ok, ok, NO, ok, ok, NO]),
        ("change an object", [ok, ok, ok, NO, ok, ok, NO]),
        ("restore an object", [ok, ok, ok, NO, ok, ok, NO]),
        ("delete an object", [ok, ok, ok, NO, ok, ok, NO]),
        ("undelete an object", [ok, ok, ok, NO, ok, ok, NO]),
        ("star an object", [NO, ok, ok, ok, ok, ok, NO]),
        ("list users", [ok, ok, NO, NO, ok, NO, NO]),
        ("create a user", [ok, ok, NO, NO, ok, NO, NO]),
        ("change a user", [ok, ok, gone, ok, ok, gone, gone]),
        ("set a password", [ok, ok, gone, ok, NO, gone, gone]),
        ("make a token", [ok, ok, ok, ok, NO, NO, NO]),
        ("make a link", [ok, ok, NO, NO, NO, NO, NO]),
        ("see sessions", [ok, ok, gone, ok, ok, gone, gone]),
        ("end sessions", [ok, ok, gone, ok, NO, gone, gone]),
        ("list catalogs", [ok; 7]),
        ("create a catalog", [ok, ok, NO, NO, ok, NO, NO]),
        ("change a catalog", [ok, ok, NO, NO, ok, NO, NO]),
        ("delete a catalog", [ok, ok, NO, NO, ok, NO, NO]),
        ("read a sealed secret", [gone, NO, NO, NO, NO, NO, NO]),
        ("read the audit log", [ok, ok, NO, NO, ok, NO, NO]),
        ("set preferences", [NO, ok, ok, ok, ok, ok, NO]),
        ("start a session", [ok, NO, NO, NO, NO, NO, NO]),
        ("look up a session", [gone, NO, NO, NO, NO, NO, NO]),
        ("read credentials", [ok, NO, NO, NO, NO, NO, NO]),
        ("make a set-up token", ["GONE", NO, NO, NO, NO, NO, NO]),
        ("sweep", [ok, NO, NO, NO, NO, NO, NO]),
    ];
    for (row, (action, answers)) in expected.iter().enumerate() {
        let found: Vec<_> = table.iter().map(|column| column[row]).collect();
        assert!(found.iter().all(|(name, _)| name == action));
        assert_eq!(found.iter().map(|(_, code)| *code).collect::<Vec<_>>(), answers, "{action}");
    }
}

/// The one that public readers are: it owns what they ran and can be limited, and is nobody who could come in.
pub(crate) async fn the_public_is_no_one(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Editor).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let own = world.dashboard(&una_scope, "Shared").await;
    let token = || NewApiToken { name: "t".into(), scopes: vec![TokenScope::Read], expires_at: None };
    let id = User::PUBLIC;

    let public = &Scope::Public;
    let change = || ObjectChange { title: Some("New".into()), ..ObjectChange::default() };
    for (action, found) in [
        ("create", code(store.create_object(public, Kind::Dashboard, id, new_object("Mine")).await)),
        ("change", code(store.update_object(public, Kind::Dashboard, own.id, None, change()).await)),
        ("delete", code(store.delete_object(public, Kind::Dashboard, own.id, None).await)),
        ("star", code(store.star_object(public, Kind::Dashboard, own.id, true).await)),
        ("users", code(store.users(public, UserFilter::default()).await)),
        ("token", code(store.create_api_token(public, id, token()).await)),
        ("session", code(store.create_session(public, id, SessionClient::default()).await)),
        ("preferences", code(store.set_preferences(public, json!({})).await)),
        ("audit", code(store.audit(public, AuditFilter::default()).await)),
        ("sweep", code(store.sweep(public).await)),
        ("password", code(store.set_password_hash(public, id, "hash".into()).await)),
    ] {
        assert!(matches!(found, "FORBIDDEN" | "NOT_FOUND"), "{action}: {found}");
    }
    assert_eq!(code(store.object_versions(public, Kind::Dashboard, own.id, PageRequest::default()).await), "NOT_FOUND");

    for scope in [&SYSTEM, &ada] {
        let change = UserChange { disabled: Some(false), ..UserChange::default() };
        assert_eq!(code(store.update_user(scope, id, change).await), "NOT_FOUND");
        assert_eq!(code(store.user(scope, id).await), "NOT_FOUND");
        assert_eq!(code(store.user_by_email(scope, "public").await), "NOT_FOUND");
        assert_eq!(code(store.set_password_hash(scope, id, "hash".into()).await), "NOT_FOUND");
        assert_eq!(code(store.create_sign_in_link(scope, id).await), "NOT_FOUND");
        let listed = store.users(scope, UserFilter::default()).await.unwrap().items;
        assert!(listed.iter().all(|user| user.id != id));
    }
    assert_eq!(code(store.create_session(&SYSTEM, id, SessionClient::default()).await), "NOT_FOUND");
    assert_eq!(code(store.create_api_token(&SYSTEM, id, token()).await), "NOT_FOUND");
    assert!(store.credentials(&SYSTEM, "public").await.unwrap().is_none());

    let execution = Ulid::generate();
    store.insert_execution(public, new_execution(execution, ExecutionState::Running)).await.unwrap();
    assert_eq!(code(store.execution(public, execution).await), "NOT_FOUND");
    assert_eq!(store.execution(&ada, execution).await.unwrap().principal.unwrap().name, "Public");
    assert_eq!(code(store.execution(&session_scope(&una), execution).await), "NOT_FOUND");
    let budget = NewBudget {
        subject: Subject::User { id },
        period: Period::Day,
        limit_bytes: Some(10),
        limit_usd: None,
        action: BudgetAction::Block,
    };
    assert_eq!(store.create_budget(&ada, budget).await.unwrap().subject_name.as_deref(), Some("Public"));
}

pub(crate) async fn what_one_may_not_see_does_not_exist(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Editor).await;
    let (_, ben) = world.person("ben", Role::Editor).await;
    let (_, session) = store.create_session(&SYSTEM, una.id, SessionClient::default()).await.unwrap();
    let new = NewApiToken { name: "t".into(), scopes: vec![TokenScope::Read], expires_at: None };
    let (_, token) = store.create_api_token(&una_scope, una.id, new).await.unwrap();
    let nobody = Ulid::from_parts(1, 1);
    // Another's thing and nobody's answer with the same words.
    for (others, nobodys) in [
        (store.user(&ben, una.id).await.map(drop), store.user(&ben, nobody).await.map(drop)),
        (
            store.user_by_email(&ben, "una@example.com").await.map(drop),
            store.user_by_email(&ben, "nobody@example.com").await.map(drop),
        ),
        (store.sessions(&ben, una.id).await.map(drop), store.sessions(&ben, nobody).await.map(drop)),
        (store.end_session(&ben, session.id).await, store.end_session(&ben, nobody).await),
        (store.api_tokens(&ben, una.id).await.map(drop), store.api_tokens(&ben, nobody).await.map(drop)),
        (store.revoke_api_token(&ben, token.id).await, store.revoke_api_token(&ben, nobody).await),
    ] {
        let (others, nobodys) = (others.unwrap_err(), nobodys.unwrap_err());
        assert_eq!((others.code(), others.to_string()), ("NOT_FOUND", nobodys.to_string()));
    }
    assert_eq!(store.sessions(&una_scope, una.id).await.unwrap().len(), 1);
    assert_eq!(store.api_tokens(&una_scope, una.id).await.unwrap().len(), 1);
}

pub(crate) async fn a_token_can_not_outgrow_itself(world: &World) {
    let store = &world.store;
    let (ada, ada_scope) = world.person("ada", Role::Admin).await;
    let (edo, edo_scope) = world.person("edo", Role::Editor).await;
    let new = |scopes| NewApiToken { name: "t".into(), scopes, expires_at: None };
    assert_eq!(code(store.create_api_token(&edo_scope, edo.id, new(vec![TokenScope::Admin])).await), "FORBIDDEN");
    assert_eq!(code(store.create_api_token(&edo_scope, edo.id, new(vec![])).await), "INVALID_VALUE");
    assert_eq!(code(store.create_api_token(&ada_scope, edo.id, new(vec![TokenScope::Read])).await), "FORBIDDEN");

    let (secret, token) = store.create_api_token(&ada_scope, ada.id, new(vec![TokenScope::Admin])).await.unwrap();
    let (owner, found) = store.api_token(&SYSTEM, secret.expose()).await.unwrap();
    let scope = found.scope(&owner, Some("192.0.2.2".into()));
    assert!(scope.is_admin());
    for answer in [
        code(store.create_api_token(&scope, ada.id, new(vec![TokenScope::Admin])).await),
        code(store.set_password_hash(&scope, ada.id, "hash".into()).await),
        code(store.update_user(&scope, ada.id, UserChange::default()).await),
        code(store.create_sign_in_link(&scope, ada.id).await),
        code(store.revoke_api_token(&scope, token.id).await),
        code(store.end_sessions(&scope, ada.id).await),
    ] {
        assert_eq!(answer, "FORBIDDEN");
    }
    // An editor's token with every scope is still an editor's.
    let overreaching = token_scope(&edo, &[TokenScope::Admin]);
    assert!(!overreaching.is_admin());
    assert_eq!(code(store.users(&overreaching, UserFilter::default()).await), "FORBIDDEN");
}

pub(crate) async fn the_audit_log_knows_every_privileged_change_and_forgets_nothing(world: &World) {
    let store = &world.store;
    let (ada, scope) = world.person("ada", Role::Admin).await;
    let una = world.user("una", Role::Viewer).await;
    let change = UserChange { role: Some(Role::Editor), ..UserChange::default() };
    world.pass(1);
    store.update_user(&scope, una.id, change).await.unwrap();
    let new = NewCatalog { name: "lake".into(), source: json!({"path": "/data"}), sealed_secret: None };
    store.create_catalog(&scope, new).await.unwrap();
    store.delete_catalog(&scope, "lake", None).await.unwrap();
    let refused = AuditRecord {
        action: "query.run".into(),
        target: "forecast".into(),
        outcome: Outcome::Refused,
        detail: json!({"code": "FORBIDDEN"}),
        address: None,
    };
    store.record_audit(&session_scope(&una), refused).await.unwrap();
    // What fails leaves no entry behind.
    assert_eq!(code(store.delete_catalog(&scope, "lake", None).await), "NOT_FOUND");

    let entries = store.audit(&scope, AuditFilter::default()).await.unwrap().items;
    let mut actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    actions.sort_unstable();
    let expected = ["catalog.create", "catalog.delete", "query.run", "user.create", "user.create", "user.update"];
    assert_eq!(actions, expected);
    let update = entries.iter().find(|entry| entry.action == "user.update").unwrap();
    assert_eq!(update.actor.as_ref().unwrap().id, ada.id);
    assert_eq!((&update.target, update.outcome), (&una.id.to_string(), Outcome::Done));
    assert_eq!((&update.detail["role"], update.address.as_deref()), (&json!("editor"), Some("192.0.2.7")));

    let filtered = async |filter: AuditFilter| store.audit(&scope, filter).await.unwrap().items.len();
    assert_eq!(filtered(AuditFilter { action: Some("catalog.".into()), ..AuditFilter::default() }).await, 2);
    assert_eq!(filtered(AuditFilter { actor: Some(una.id), ..AuditFilter::default() }).await, 1);
    assert_eq!(filtered(AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() }).await, 1);
    assert_eq!(filtered(AuditFilter { since: Some(world.now()), ..AuditFilter::default() }).await, 4);
    let mut page = PageRequest { limit: Some(2), cursor: None };
    let mut paged = 0;
    loop {
        let part = store.audit(&scope, AuditFilter { page, ..AuditFilter::default() }).await.unwrap();
        paged += part.items.len();
        if part.next_cursor.is_none() {
            break;
        }
        page = PageRequest { limit: Some(2), cursor: part.next_cursor };
    }
    assert_eq!(paged, 6);

    let raw = world.raw().await;
    for attack in ["DELETE FROM audit", "UPDATE audit SET outcome = 'done'"] {
        let error = raw.execute_unprepared(attack).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    assert_eq!(store.audit(&scope, AuditFilter::default()).await.unwrap().items, entries);
}

pub(crate) async fn a_sealed_secret_is_for_the_system_only(world: &World) {
    let store = &world.store;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let secret = SealedSecret(vec![0, 255, 1, 254, 0]);
    let new = |name: &str| NewCatalog {
        name: name.into(),
        source: json!({"s3": "s3://bucket/prefix", "region": "eu-west-1"}),
        sealed_secret: Some(secret.clone()),
    };
    let made = store.create_catalog(&ada, new("lake")).await.unwrap();
    assert!(made.has_secret);
    assert_eq!(code(store.create_catalog(&ada, new("lake")).await), "CONFLICT");
    for bad in ["", "Lake", "1lake", "a.b", "a b", "a\"b", "ä"] {
        assert_eq!(code(store.create_catalog(&ada, new(bad)).await), "INVALID_VALUE", "{bad}");
    }
    assert!(store.catalog_secret(&SYSTEM, "lake").await.unwrap() == Some(secret));

    let moved = CatalogChange { source: Some(json!({"s3": "s3://other"})), sealed_secret: None };
    let changed = store.update_catalog(&ada, "lake", None, moved).await.unwrap();
    assert_eq!((&changed.source["s3"], changed.has_secret), (&json!("s3://other"), true));
    let version = changed.updated_at.timestamp_millis();
    assert!(version > made.updated_at.timestamp_millis(), "a change is another version, even in the same millisecond");
    let stale = Some(made.updated_at.timestamp_millis());
    assert_eq!(code(store.update_catalog(&ada, "lake", stale, CatalogChange::default()).await), "VERSION_MISMATCH");
    assert_eq!(code(store.delete_catalog(&ada, "lake", stale).await), "VERSION_MISMATCH");
    assert_eq!(store.catalog(&ada, "lake").await.unwrap(), changed);
    let bare = CatalogChange { source: None, sealed_secret: Some(None) };
    assert!(!store.update_catalog(&ada, "lake", Some(version), bare).await.unwrap().has_secret);
    assert!(store.catalog_secret(&SYSTEM, "lake").await.unwrap().is_none());

    let (_, vera) = world.person("vera", Role::Viewer).await;
    let listed: Vec<_> = store.catalogs(&vera).await.unwrap().into_iter().map(|catalog| catalog.name).collect();
    assert_eq!(listed, ["lake"]);
    store.delete_catalog(&ada, "lake", None).await.unwrap();
    assert_eq!(code(store.catalog(&vera, "lake").await), "NOT_FOUND");
    let log = store.audit(&SYSTEM, AuditFilter::default()).await.unwrap();
    let actors = |action: &str| log.items.iter().filter(|e| e.action == action && e.actor.is_some()).count();
    assert_eq!((actors("catalog.create"), actors("catalog.update"), actors("catalog.delete")), (1, 2, 1));
}
