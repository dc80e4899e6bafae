use std::collections::BTreeSet;

use lakefront_store::{
    AuditFilter, BudgetAction, GroupChange, NewBudget, NewGroup, Period, Role, Scope, Subject, TokenScope, User,
};
use ulid::Ulid;

use crate::costs::{run, settled};
use crate::world::{SYSTEM, World, code, session_scope, token_scope};

fn group(name: &str, members: &[&User]) -> NewGroup {
    NewGroup { name: name.to_owned(), members: members.iter().map(|user| user.id).collect() }
}

pub(crate) async fn a_group_has_a_life(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Editor).await;
    let ben = world.user("Ben", Role::Viewer).await;
    let (ada, ada_scope) = world.person("ada", Role::Admin).await;
    assert_eq!(code(store.create_group(&una_scope, group("Analysts", &[])).await), "FORBIDDEN");
    assert_eq!(code(store.groups(&una_scope).await), "FORBIDDEN");
    let of_a_reader = token_scope(&ada, &[TokenScope::Write]);
    assert_eq!(code(store.create_group(&of_a_reader, group("Analysts", &[])).await), "FORBIDDEN");

    let analysts = store.create_group(&ada_scope, group(" Analysts ", &[&una, &ben])).await.unwrap();
    let names = |group: &lakefront_store::Group| -> Vec<String> {
        group.members.iter().map(|member| member.name.clone()).collect()
    };
    assert_eq!((analysts.name.as_str(), names(&analysts)), ("Analysts", vec!["Ben".to_owned(), "una".to_owned()]));
    assert_eq!(store.group(&ada_scope, analysts.id).await.unwrap(), analysts);
    assert_eq!(code(store.create_group(&ada_scope, group("ANALYSTS", &[])).await), "CONFLICT");
    for name in ["", " ", "a\u{0}b"] {
        assert_eq!(code(store.create_group(&ada_scope, group(name, &[])).await), "INVALID_VALUE", "{name:?}");
    }
    let stranger = NewGroup { name: "Strangers".to_owned(), members: BTreeSet::from([Ulid::from_parts(1, 1)]) };
    assert_eq!(code(store.create_group(&ada_scope, stranger).await), "NOT_FOUND");
    let public = NewGroup { name: "Public".to_owned(), members: BTreeSet::from([User::PUBLIC]) };
    assert_eq!(code(store.create_group(&ada_scope, public).await), "NOT_FOUND");
    let admins = store.create_group(&ada_scope, group("admins", &[&una])).await.unwrap();
    let listed: Vec<_> = store.groups(&ada_scope).await.unwrap().into_iter().map(|group| group.name).collect();
    assert_eq!(listed, ["admins", "Analysts"]);

    // Wherever someone comes from, their groups come along.
    assert_eq!(store.user(&ada_scope, una.id).await.unwrap().groups, ["admins", "Analysts"]);
    let (cookie, _) = store.create_session(&SYSTEM, una.id, Default::default()).await.unwrap();
    assert_eq!(store.session(&SYSTEM, cookie.expose()).await.unwrap().user.groups, ["admins", "Analysts"]);

    let change = GroupChange { name: Some("Finance".to_owned()), members: Some(BTreeSet::from([ben.id])) };
    let finance = store.update_group(&ada_scope, analysts.id, change).await.unwrap();
    assert_eq!((finance.name.as_str(), names(&finance)), ("Finance", vec!["Ben".to_owned()]));
    assert_eq!(store.session(&SYSTEM, cookie.expose()).await.unwrap().user.groups, ["admins"]);
    let taken = GroupChange { name: Some("Admins".to_owned()), members: None };
    assert_eq!(code(store.update_group(&ada_scope, analysts.id, taken).await), "CONFLICT");
    let unchanged = store.update_group(&ada_scope, analysts.id, GroupChange::default()).await.unwrap();
    assert_eq!((unchanged.name.as_str(), unchanged.members), ("Finance", finance.members));

    store.delete_group(&ada_scope, admins.id).await.unwrap();
    assert_eq!(code(store.group(&ada_scope, admins.id).await), "NOT_FOUND");
    assert_eq!(store.user(&ada_scope, una.id).await.unwrap().groups, Vec::<String>::new());
    let audit = store.audit(&ada_scope, AuditFilter::default()).await.unwrap();
    let mut actions: Vec<&str> =
        audit.items.iter().map(|entry| entry.action.as_str()).filter(|action| action.starts_with("group.")).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["group.create", "group.create", "group.delete", "group.update", "group.update"]);
}

pub(crate) async fn a_group_spends_its_budget_together(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Viewer).await;
    let (ben, ben_scope) = world.person("ben", Role::Editor).await;
    let (_, eve_scope) = world.person("eve", Role::Viewer).await;
    let (_, ada_scope) = world.person("ada", Role::Admin).await;
    let analysts = store.create_group(&ada_scope, group("Analysts", &[&una, &ben])).await.unwrap();
    let spend = async |scope: &Scope, bytes: u64| {
        let run = run(Role::Viewer, bytes);
        let exceeded = store.reserve(scope, &run).await.unwrap();
        if exceeded.is_none() {
            store.settle(scope, &run, &settled(bytes, "0.01")).await.unwrap();
        }
        exceeded
    };
    // Of before, and of people beside the group.
    assert!(spend(&una_scope, 30).await.is_none() && spend(&eve_scope, 500).await.is_none());
    let new = NewBudget {
        subject: Subject::Group { id: analysts.id },
        period: Period::Month,
        limit_bytes: Some(100),
        limit_usd: None,
        action: BudgetAction::Block,
    };
    let unknown = NewBudget { subject: Subject::Group { id: Ulid::from_parts(1, 1) }, ..new.clone() };
    assert_eq!(code(store.create_budget(&ada_scope, unknown).await), "NOT_FOUND");
    let budget = store.create_budget(&ada_scope, new).await.unwrap();
    assert_eq!((budget.spent_bytes, budget.subject_name.as_deref()), (30, Some("Analysts")));

    assert!(spend(&ben_scope, 50).await.is_none());
    let exceeded = spend(&una_scope, 21).await.expect("a budget that is used up");
    assert_eq!((exceeded.group.as_deref(), exceeded.spent_bytes), (Some("Analysts"), 80));
    assert!(spend(&una_scope, 20).await.is_none());
    assert!(spend(&ben_scope, 1).await.is_some());
    assert!(spend(&eve_scope, 1_000).await.is_none(), "she is no member");
    assert_eq!(store.budget(&ada_scope, budget.budget.id).await.unwrap().spent_bytes, 100);

    // Who leaves takes along what they have used.
    let only_una = GroupChange { members: Some(BTreeSet::from([una.id])), name: None };
    store.update_group(&ada_scope, analysts.id, only_una).await.unwrap();
    assert_eq!(store.budget(&ada_scope, budget.budget.id).await.unwrap().spent_bytes, 50);
    assert!(spend(&session_scope(&ben), 1_000).await.is_none());
    assert!(spend(&una_scope, 51).await.is_some());

    assert_eq!(code(store.delete_group(&ada_scope, analysts.id).await), "CONFLICT");
    store.delete_budget(&ada_scope, budget.budget.id).await.unwrap();
    store.delete_group(&ada_scope, analysts.id).await.unwrap();
}
