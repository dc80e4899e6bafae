use std::collections::HashMap;

use lakefront_store::{AuditFilter, Kind, NewObject, ObjectChange, ObjectFilter, PageRequest, Role, Scope, StoreError};
use serde_json::json;

use crate::world::{SYSTEM, World, code, new_object};

const DASHBOARD: Kind = Kind::Dashboard;

fn titled(title: &str) -> ObjectChange {
    ObjectChange { title: Some(title.into()), ..ObjectChange::default() }
}

pub(crate) async fn a_dashboard_has_a_life(world: &World) {
    let store = &world.store;
    let (una, scope) = world.person("una", Role::Editor).await;
    let new = NewObject {
        description: "By day".into(),
        collection: Some("Planning".into()),
        definition: json!({"tabs": [{"id": "overview"}], "catalog": "local"}),
        ..new_object("Demand Forecast – 2026")
    };
    let made = store.create_object(&scope, DASHBOARD, una.id, new).await.unwrap();
    assert_eq!(made.slug, "demand-forecast-2026");
    assert_eq!((made.owner.name.as_str(), made.version, made.starred), ("una", 1, false));
    assert_eq!(made.created_at, world.now());

    world.pass(1);
    let change: ObjectChange = serde_json::from_value(json!({"title": "Demand", "collection": null})).unwrap();
    let changed = store.update_object(&scope, DASHBOARD, made.id, Some(1), change).await.unwrap();
    assert_eq!((changed.title.as_str(), changed.collection.as_deref(), changed.version), ("Demand", None, 2));
    assert_eq!((&changed.description, &changed.definition), (&made.description, &made.definition));
    assert_eq!(changed.updated_at, world.now());
    assert_eq!(store.object_by_slug(&scope, DASHBOARD, "demand-forecast-2026").await.unwrap(), changed);
    assert_eq!(code(store.object(&scope, Kind::Chart, made.id).await), "NOT_FOUND");

    match store.update_object(&scope, DASHBOARD, made.id, Some(1), titled("late")).await {
        Err(StoreError::VersionMismatch { current }) => assert_eq!(current, 2),
        other => panic!("{other:?}"),
    }
    assert_eq!(code(store.delete_object(&scope, DASHBOARD, made.id, Some(1)).await), "VERSION_MISMATCH");
    store.delete_object(&scope, DASHBOARD, made.id, Some(2)).await.unwrap();
    for gone in [
        code(store.object(&scope, DASHBOARD, made.id).await),
        code(store.object_by_slug(&scope, DASHBOARD, &made.slug).await),
        code(store.update_object(&scope, DASHBOARD, made.id, None, titled("late")).await),
        code(store.object_versions(&scope, DASHBOARD, made.id, PageRequest::default()).await),
        code(store.delete_object(&scope, DASHBOARD, made.id, None).await),
    ] {
        assert_eq!(gone, "NOT_FOUND");
    }
    let back = store.undelete_object(&scope, DASHBOARD, made.id).await.unwrap();
    assert_eq!((back.title.as_str(), back.version), ("Demand", 3));

    let answer = serde_json::to_value(&back).unwrap();
    let mut keys: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "collection",
        "created_at",
        "definition",
        "description",
        "id",
        "kind",
        "owner",
        "public",
        "slug",
        "starred",
        "title",
        "updated_at",
        "version",
    ];
    assert_eq!(keys, expected);
    assert_eq!((&answer["kind"], &answer["owner"]["id"]), (&json!("dashboard"), &json!(una.id.to_string())));
}

pub(crate) async fn a_public_dashboard_is_for_everyone_and_says_so_in_the_audit_log(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Editor).await;
    let (_, vera) = world.person("vera", Role::Viewer).await;
    let share = |public: bool| ObjectChange { public: Some(public), ..ObjectChange::default() };
    let made = world.dashboard(&una, "Open").await;
    let hidden = world.dashboard(&una, "Hidden").await;
    assert!(!made.public);
    let seen = async || code(store.object_by_slug(&Scope::Public, DASHBOARD, "open").await);
    assert_eq!(seen().await, "NOT_FOUND");

    assert_eq!(code(store.update_object(&vera, DASHBOARD, made.id, None, share(true)).await), "FORBIDDEN");
    let opened = store.update_object(&una, DASHBOARD, made.id, Some(1), share(true)).await.unwrap();
    assert_eq!((opened.public, opened.version), (true, 2));
    assert_eq!(seen().await, "OK");
    assert_eq!(code(store.object(&Scope::Public, DASHBOARD, hidden.id).await), "NOT_FOUND");
    let listed = store.objects(&Scope::Public, DASHBOARD, ObjectFilter::default()).await.unwrap().items;
    assert_eq!(listed.iter().map(|object| object.id).collect::<Vec<_>>(), [made.id]);

    // To say again what it is, is no change of who may read it.
    store.update_object(&una, DASHBOARD, made.id, None, share(true)).await.unwrap();
    // Neither is a version from before.
    assert!(store.restore_object(&una, DASHBOARD, made.id, 1, None).await.unwrap().public);
    // The log is in the order of its times.
    world.pass(1);
    assert!(!store.update_object(&una, DASHBOARD, made.id, None, share(false)).await.unwrap().public);
    assert!(!store.restore_object(&una, DASHBOARD, made.id, 3, None).await.unwrap().public);
    assert_eq!(seen().await, "NOT_FOUND");

    world.pass(1);
    store.update_object(&una, DASHBOARD, made.id, None, share(true)).await.unwrap();
    world.pass(1);
    store.delete_object(&una, DASHBOARD, made.id, None).await.unwrap();
    assert_eq!(seen().await, "NOT_FOUND");
    assert!(!store.undelete_object(&una, DASHBOARD, made.id).await.unwrap().public);

    let filter = AuditFilter { action: Some("dashboard.share".into()), ..AuditFilter::default() };
    let mut entries = store.audit(&SYSTEM, filter).await.unwrap().items;
    entries.reverse();
    let told: Vec<_> = entries.iter().map(|entry| (&entry.detail["public"], &entry.detail["slug"])).collect();
    let (yes, no, slug) = (json!(true), json!(false), json!("open"));
    assert_eq!(told, [(&yes, &slug), (&no, &slug), (&yes, &slug), (&no, &slug)]);
    assert!(entries.iter().all(|entry| entry.target == made.id.to_string() && entry.actor.is_some()));

    let query = store.create_object(&una, Kind::Query, una.user_id().unwrap(), new_object("Query")).await.unwrap();
    assert_eq!(code(store.update_object(&una, Kind::Query, query.id, None, share(true)).await), "INVALID_VALUE");
}

pub(crate) async fn every_change_is_kept_and_can_be_restored(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Editor).await;
    let (ben_user, ben) = world.person("ben", Role::Editor).await;
    let made = world.dashboard(&una, "First").await;
    for n in 2..=5 {
        let change = ObjectChange { definition: Some(json!({"n": n})), ..titled(&format!("Title {n}")) };
        store.update_object(&ben, DASHBOARD, made.id, Some(n - 1), change).await.unwrap();
    }
    let restored = store.restore_object(&una, DASHBOARD, made.id, 2, Some(5)).await.unwrap();
    assert_eq!((restored.title.as_str(), &restored.definition, restored.version), ("Title 2", &json!({"n": 2}), 6));
    assert_eq!(code(store.restore_object(&una, DASHBOARD, made.id, 99, None).await), "NOT_FOUND");
    assert_eq!(code(store.restore_object(&una, DASHBOARD, made.id, 1, Some(5)).await), "VERSION_MISMATCH");

    let page = PageRequest { limit: Some(4), cursor: None };
    let first = store.object_versions(&una, DASHBOARD, made.id, page).await.unwrap();
    let page = PageRequest { limit: Some(4), cursor: first.next_cursor.clone() };
    let rest = store.object_versions(&una, DASHBOARD, made.id, page).await.unwrap();
    let all: Vec<_> = first.items.iter().chain(&rest.items).map(|v| (v.version, v.title.as_str())).collect();
    let expected = [(6, "Title 2"), (5, "Title 5"), (4, "Title 4"), (3, "Title 3"), (2, "Title 2"), (1, "First")];
    assert_eq!((all.as_slice(), rest.next_cursor), (expected.as_slice(), None));
    assert_eq!(first.items[1].changed_by.as_ref().unwrap().id, ben_user.id);
}

pub(crate) async fn changes_side_by_side_do_not_overwrite_each_other(world: &World) {
    let (_, scope) = world.person("una", Role::Editor).await;
    let made = world.dashboard(&scope, "Shared").await;
    let mut answers = HashMap::<_, usize>::new();
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let (store, scope) = (world.store.clone(), scope.clone());
            tokio::spawn(async move {
                code(store.update_object(&scope, DASHBOARD, made.id, Some(1), titled(&format!("By {racer}"))).await)
            })
        })
        .collect();
    for racer in racers {
        *answers.entry(racer.await.unwrap()).or_default() += 1;
    }
    assert_eq!(answers, HashMap::from([("OK", 1), ("VERSION_MISMATCH", 7)]));

    // Without an expected version the last one wins, and none is lost from the history.
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let (store, scope) = (world.store.clone(), scope.clone());
            tokio::spawn(async move {
                store.update_object(&scope, DASHBOARD, made.id, None, titled(&format!("By {racer}"))).await.unwrap()
            })
        })
        .collect();
    let mut versions = Vec::new();
    for racer in racers {
        versions.push(racer.await.unwrap().version);
    }
    versions.sort_unstable();
    assert_eq!(versions, (3..=10).collect::<Vec<_>>());
}

pub(crate) async fn slugs_are_unique_among_the_living(world: &World) {
    let store = &world.store;
    let (una, scope) = world.person("una", Role::Editor).await;
    let slugged = |slug: &str| NewObject { slug: Some(slug.into()), ..new_object("Sales") };
    let first = store.create_object(&scope, DASHBOARD, una.id, slugged("sales")).await.unwrap();
    assert_eq!(code(store.create_object(&scope, DASHBOARD, una.id, slugged("sales")).await), "CONFLICT");
    assert_eq!(code(store.create_object(&scope, Kind::Query, una.id, slugged("sales")).await), "OK");
    for bad in ["", "Sales", "a b", "-a", "a/b", "ü", "..", &"a".repeat(101)] {
        assert_eq!(code(store.create_object(&scope, DASHBOARD, una.id, slugged(bad)).await), "INVALID_VALUE", "{bad}");
    }

    // Made from the title, a slug finds its place by itself, side by side too.
    let made: Vec<_> = (0..5)
        .map(|_| {
            let (store, scope) = (store.clone(), scope.clone());
            tokio::spawn(async move {
                store.create_object(&scope, DASHBOARD, una.id, new_object("Sales")).await.unwrap().slug
            })
        })
        .collect();
    let mut slugs = Vec::new();
    for one in made {
        slugs.push(one.await.unwrap());
    }
    slugs.sort();
    assert_eq!(slugs, ["sales-2", "sales-3", "sales-4", "sales-5", "sales-6"]);
    assert_eq!(world.dashboard(&scope, "Грузия").await.slug, "dashboard");

    store.delete_object(&scope, DASHBOARD, first.id, None).await.unwrap();
    store.create_object(&scope, DASHBOARD, una.id, slugged("sales")).await.unwrap();
    assert_eq!(code(store.undelete_object(&scope, DASHBOARD, first.id).await), "CONFLICT");
}

pub(crate) async fn lists_are_paged_filtered_and_searched(world: &World) {
    let store = &world.store;
    let (una, scope) = world.person("una", Role::Editor).await;
    let (ben, ben_scope) = world.person("ben", Role::Editor).await;
    let mut newest_first = Vec::new();
    for i in 0..23 {
        // Some share a millisecond.
        if i % 3 == 0 {
            world.pass(1);
        }
        let (owner, scope) = if i % 2 == 0 { (una.id, &scope) } else { (ben.id, &ben_scope) };
        let collection = (i < 5).then(|| "Old".to_owned());
        let new = NewObject { collection, ..new_object(&format!("Title_{i} ÄÖ 100%")) };
        newest_first.insert(0, store.create_object(scope, DASHBOARD, owner, new).await.unwrap());
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: Some(7), cursor };
        let list = store.objects(&scope, DASHBOARD, ObjectFilter { page, ..ObjectFilter::default() }).await.unwrap();
        seen.extend(list.items);
        cursor = list.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    newest_first.sort_by_key(|object| std::cmp::Reverse((object.updated_at, object.id)));
    assert_eq!(seen, newest_first);

    let count = async |filter: ObjectFilter| {
        let page = PageRequest { limit: Some(200), cursor: None };
        store.objects(&scope, DASHBOARD, ObjectFilter { page, ..filter }).await.unwrap().items.len()
    };
    let searching = |search: &str| ObjectFilter { search: Some(search.into()), ..ObjectFilter::default() };
    assert_eq!(count(searching("äö 100%")).await, 23);
    assert_eq!(count(searching("title_1")).await, 11);
    assert_eq!(count(searching("title%1")).await, 0);
    assert_eq!(count(searching("'; --")).await, 0);
    assert_eq!(count(ObjectFilter { owner: Some(ben.id), ..ObjectFilter::default() }).await, 11);
    assert_eq!(count(ObjectFilter { collection: Some("Old".into()), ..ObjectFilter::default() }).await, 5);
    for cursor in ["nonsense!", "bm9uc2Vuc2U", ""] {
        let page = PageRequest { limit: None, cursor: Some(cursor.into()) };
        let list = store.objects(&scope, DASHBOARD, ObjectFilter { page, ..ObjectFilter::default() }).await;
        assert_eq!(code(list), "INVALID_VALUE", "{cursor}");
    }
}

pub(crate) async fn stars_are_ones_own(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Editor).await;
    let (_, vera) = world.person("vera", Role::Viewer).await;
    let made = world.dashboard(&una, "Shared").await;
    world.dashboard(&una, "Other").await;
    for _ in 0..2 {
        store.star_object(&vera, DASHBOARD, made.id, true).await.unwrap();
    }
    assert!(store.object(&vera, DASHBOARD, made.id).await.unwrap().starred);
    assert!(!store.object(&una, DASHBOARD, made.id).await.unwrap().starred);
    let starred = ObjectFilter { starred: true, ..ObjectFilter::default() };
    assert_eq!(store.objects(&vera, DASHBOARD, starred.clone()).await.unwrap().items.len(), 1);
    assert_eq!(store.objects(&una, DASHBOARD, starred.clone()).await.unwrap().items.len(), 0);
    assert_eq!(store.objects(&SYSTEM, DASHBOARD, starred).await.unwrap().items.len(), 0);
    for _ in 0..2 {
        store.star_object(&vera, DASHBOARD, made.id, false).await.unwrap();
    }
    assert!(!store.object(&vera, DASHBOARD, made.id).await.unwrap().starred);
    assert_eq!(code(store.star_object(&vera, Kind::Query, made.id, true).await), "NOT_FOUND");
}

pub(crate) async fn text_of_any_kind_comes_back_as_it_was(world: &World) {
    let store = &world.store;
    let (una, scope) = world.person("una", Role::Editor).await;
    let title = "'); DROP TABLE objects; -- \\ \" 🦆 \u{202e}";
    let definition =
        json!({"sql": "select '\u{0}\u{1}' -- 🦆", "n": 9_007_199_254_740_993_i64, "f": 0.1, "deep": [[null]]});
    let new = NewObject { definition: definition.clone(), description: "a\n\tb".into(), ..new_object(title) };
    let made = store.create_object(&scope, DASHBOARD, una.id, new).await.unwrap();
    let found = store.object(&scope, DASHBOARD, made.id).await.unwrap();
    assert_eq!((found.title.as_str(), found.description.as_str(), &found.definition), (title, "a\n\tb", &definition));
    for bad in ["", "  ", "a\u{0}b", &"x".repeat(201)] {
        assert_eq!(
            code(store.create_object(&scope, DASHBOARD, una.id, new_object(bad)).await),
            "INVALID_VALUE",
            "{bad:?}"
        );
    }
    let huge = NewObject { definition: json!({"x": "y".repeat(1 << 20)}), ..new_object("Huge") };
    assert_eq!(code(store.create_object(&scope, DASHBOARD, una.id, huge).await), "INVALID_VALUE");
    let list = NewObject { definition: json!([]), ..new_object("List") };
    assert_eq!(code(store.create_object(&scope, DASHBOARD, una.id, list).await), "INVALID_VALUE");
    assert_eq!(code(store.object_by_slug(&scope, DASHBOARD, "a\u{0}").await), "NOT_FOUND");
}
