use std::collections::HashMap;

use lakefront_store::{NewUser, PageRequest, Role, UserChange, UserFilter};

use crate::world::{SYSTEM, World, code, session_scope};

fn new(email: &str) -> NewUser {
    NewUser { email: email.into(), name: "Someone".into(), role: Role::Viewer, password_hash: None }
}

pub(crate) async fn addresses_are_unique_in_any_case(world: &World) {
    let store = &world.store;
    let user = store.create_user(&SYSTEM, new(" Zoë@Example.com ")).await.unwrap();
    assert_eq!((user.email.as_str(), user.has_password), ("Zoë@Example.com", false));
    assert_eq!(code(store.create_user(&SYSTEM, new("ZOË@example.COM")).await), "CONFLICT");
    assert_eq!(store.user_by_email(&SYSTEM, "zOË@example.com").await.unwrap().id, user.id);
    for email in ["", "zoe", "@example.com", "zoe@", "a@b@c", "a b@example.com", "a\u{0}@example.com"] {
        assert_eq!(code(store.create_user(&SYSTEM, new(email)).await), "INVALID_VALUE", "{email:?}");
    }
    store.set_password_hash(&session_scope(&user), user.id, "argon".into()).await.unwrap();
    let credentials = store.credentials(&SYSTEM, "zoë@example.com").await.unwrap().unwrap();
    assert_eq!(credentials.password_hash.as_deref(), Some("argon"));
    assert!(credentials.user.has_password);
}

pub(crate) async fn users_are_found_and_paged(world: &World) {
    for i in 0..25 {
        world.user(&format!("user{i:02}"), Role::Viewer).await;
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: Some(10), cursor };
        let users = world.store.users(&SYSTEM, UserFilter { search: None, page }).await.unwrap();
        seen.extend(users.items.into_iter().map(|user| user.name));
        cursor = users.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).map(|i| format!("user{i:02}")).collect::<Vec<_>>());
    let filter = UserFilter { search: Some("USER1".into()), ..UserFilter::default() };
    assert_eq!(world.store.users(&SYSTEM, filter).await.unwrap().items.len(), 10);
    let filter = UserFilter { search: Some("u_er%".into()), ..UserFilter::default() };
    assert!(world.store.users(&SYSTEM, filter).await.unwrap().items.is_empty(), "taken literally");
}

pub(crate) async fn people_change_their_own_name_and_nothing_more(world: &World) {
    let store = &world.store;
    let (una, scope) = world.person("una", Role::Editor).await;
    let named = UserChange { name: Some(" Una Ó ".into()), ..UserChange::default() };
    assert_eq!(store.update_user(&scope, una.id, named.clone()).await.unwrap().name, "Una Ó");
    let promoted = UserChange { role: Some(Role::Admin), ..UserChange::default() };
    assert_eq!(code(store.update_user(&scope, una.id, promoted).await), "FORBIDDEN");
    let ben = world.user("ben", Role::Viewer).await;
    assert_eq!(code(store.update_user(&scope, ben.id, named).await), "NOT_FOUND");
}

pub(crate) async fn the_last_administrator_stays_even_when_two_leave_at_once(world: &World) {
    let (ada, scope_a) = world.person("ada", Role::Admin).await;
    let step_down = UserChange { role: Some(Role::Editor), ..UserChange::default() };
    assert_eq!(code(world.store.update_user(&scope_a, ada.id, step_down.clone()).await), "CONFLICT");

    let (eli, scope_e) = world.person("eli", Role::Admin).await;
    let mut answers = HashMap::<_, usize>::new();
    let leaving: Vec<_> = [(scope_a, ada.id), (scope_e, eli.id)]
        .into_iter()
        .map(|(scope, id)| {
            let (store, change) = (world.store.clone(), step_down.clone());
            tokio::spawn(async move { code(store.update_user(&scope, id, change).await) })
        })
        .collect();
    for answer in leaving {
        *answers.entry(answer.await.unwrap()).or_default() += 1;
    }
    assert_eq!(answers, HashMap::from([("OK", 1), ("CONFLICT", 1)]));
    // A disabled administrator does not count as one.
    let (una, _) = world.person("una", Role::Admin).await;
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    world.store.update_user(&SYSTEM, una.id, disable.clone()).await.unwrap();
    let left = if world.store.user(&SYSTEM, ada.id).await.unwrap().role == Role::Admin { ada } else { eli };
    assert_eq!(code(world.store.update_user(&SYSTEM, left.id, disable).await), "CONFLICT");
}
