use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use lakefront_store::{
    BudgetAction, BudgetChange, CostBy, ExecutionState, Foreseen, NewApproval, NewBudget, NewExecution, PartitionRule,
    Period, Reuse, Role, Ruling, Scope, Settled, Subject, Usd,
};
use serde_json::json;
use ulid::Ulid;

use crate::world::{SYSTEM, World, code, new_execution};

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn limit(subject: Subject, period: Period, bytes: u64, action: BudgetAction) -> NewBudget {
    NewBudget { subject, period, limit_bytes: Some(bytes), limit_usd: None, action }
}

pub(crate) fn run(role: Role, bytes: u64) -> Foreseen {
    Foreseen {
        execution: Ulid::generate(),
        role: Some(role),
        token: None,
        dashboard: None,
        tile: None,
        query: None,
        engine: "embedded".into(),
        bytes: Some(bytes),
        usd: usd("0.01"),
        exact: true,
        catalogs: vec!["local".into()],
        approved_bytes: None,
    }
}

pub(crate) fn settled(bytes: u64, price: &str) -> Settled {
    Settled {
        bytes,
        usd: usd(price),
        saved: Usd::ZERO,
        complete: true,
        tables: vec![("local.demo.sales".into(), bytes)],
    }
}

pub(crate) async fn a_budget_has_a_life(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Viewer).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let new = limit(Subject::User { id: una.id }, Period::Month, 100, BudgetAction::Block);
    assert_eq!(code(store.create_budget(&una_scope, new.clone()).await), "FORBIDDEN");
    let budget = store.create_budget(&ada, new.clone()).await.unwrap();
    assert_eq!(budget.subject_name.as_deref(), Some("una"));
    let id = budget.budget.id;
    assert_eq!(store.budget(&ada, id).await.unwrap(), budget);
    let change = BudgetChange { limit_bytes: Some(None), limit_usd: Some(Some(usd("5"))), action: None };
    let changed = store.update_budget(&ada, id, change).await.unwrap();
    assert_eq!((changed.budget.limit_bytes, changed.budget.limit_usd), (None, Some(usd("5"))));
    let nothing_left = BudgetChange { limit_usd: Some(None), ..BudgetChange::default() };
    assert_eq!(code(store.update_budget(&ada, id, nothing_left).await), "INVALID_VALUE");
    let nobody = NewBudget { subject: Subject::User { id: Ulid::from_parts(1, 1) }, ..new.clone() };
    assert_eq!(code(store.create_budget(&ada, nobody).await), "NOT_FOUND");
    let monthly = NewBudget { subject: Subject::Catalog { name: "local".into() }, ..new };
    assert_eq!(code(store.create_budget(&ada, monthly).await), "INVALID_VALUE");
    assert_eq!(code(store.budgets(&una_scope).await), "FORBIDDEN");
    store.delete_budget(&ada, id).await.unwrap();
    assert!(store.budgets(&ada).await.unwrap().is_empty());
    assert_eq!(code(store.budget(&ada, id).await), "NOT_FOUND");
}

pub(crate) async fn a_budget_is_used_up_and_renews(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Viewer).await;
    let (_, ben) = world.person("ben", Role::Viewer).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    // What was read before counts too.
    store.settle(&una_scope, &run(Role::Viewer, 50), &settled(40, "0.01")).await.unwrap();
    let each = limit(Subject::Role { role: Role::Viewer }, Period::Day, 100, BudgetAction::Block);
    let budget = store.create_budget(&ada, each).await.unwrap();
    assert_eq!((budget.spent_bytes, budget.spent_usd), (40, usd("0.01")));

    let second = run(Role::Viewer, 60);
    assert!(store.reserve(&una_scope, &second).await.unwrap().is_none());
    let exceeded = store.reserve(&una_scope, &run(Role::Viewer, 1)).await.unwrap().unwrap();
    assert_eq!((exceeded.budget.id, exceeded.spent_bytes), (budget.budget.id, 100));
    assert_eq!(
        exceeded.renews_at,
        Some((world.now() + TimeDelta::days(1)).date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc())
    );
    // It read less than was set aside.
    store.settle(&una_scope, &second, &settled(10, "0.001")).await.unwrap();
    assert!(store.reserve(&una_scope, &run(Role::Viewer, 50)).await.unwrap().is_none());
    // Another person has a budget of their own; what reads nothing, or nobody knows how much, passes.
    assert!(store.reserve(&ben, &run(Role::Viewer, 100)).await.unwrap().is_none());
    assert!(store.reserve(&una_scope, &run(Role::Viewer, 0)).await.unwrap().is_none());
    assert!(store.reserve(&una_scope, &Foreseen { bytes: None, ..run(Role::Viewer, 0) }).await.unwrap().is_none());
    assert!(store.reserve(&una_scope, &run(Role::Viewer, 1)).await.unwrap().is_some());
    world.pass(24 * 60);
    assert!(store.reserve(&una_scope, &run(Role::Viewer, 100)).await.unwrap().is_none());
    assert_eq!(store.budget(&ada, budget.budget.id).await.unwrap().spent_bytes, 100);
    // Money is counted as bytes are.
    let purse = NewBudget {
        subject: Subject::User { id: una.id },
        period: Period::Month,
        limit_bytes: None,
        limit_usd: Some(usd("0.045")),
        action: BudgetAction::Block,
    };
    let purse = store.create_budget(&ada, purse).await.unwrap();
    let rich = Foreseen { role: None, usd: usd("0.015"), ..run(Role::Viewer, 1) };
    let exceeded = store.reserve(&una_scope, &rich).await.unwrap().unwrap();
    assert_eq!(exceeded.budget.id, purse.budget.id);
}

pub(crate) async fn runs_side_by_side_do_not_overshoot(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    store.create_budget(&ada, limit(Subject::Everyone, Period::Month, 100, BudgetAction::Block)).await.unwrap();
    let asked = (0..20).map(|_| {
        let (store, una) = (store.clone(), una.clone());
        tokio::spawn(async move { store.reserve(&una, &run(Role::Viewer, 30)).await.unwrap().is_none() })
    });
    let mut admitted = 0;
    for answer in asked.collect::<Vec<_>>() {
        admitted += usize::from(answer.await.unwrap());
    }
    assert_eq!(admitted, 3);
}

pub(crate) async fn the_smallest_limit_of_a_run_wins(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let new = |subject, bytes, action| limit(subject, Period::Run, bytes, action);
    let token = Ulid::generate();
    for budget in [
        new(Subject::Everyone, 1000, BudgetAction::Block),
        new(Subject::Role { role: Role::Viewer }, 100, BudgetAction::Ask),
        new(Subject::Catalog { name: "Local".into() }, 500, BudgetAction::Block),
    ] {
        store.create_budget(&ada, budget).await.unwrap();
    }
    let over = async |run: &Foreseen| {
        let exceeded = store.reserve(&una, run).await.unwrap();
        exceeded.map(|exceeded| (exceeded.budget.limit_bytes.unwrap(), exceeded.budget.action))
    };
    assert_eq!(over(&run(Role::Viewer, 100)).await, None);
    assert_eq!(over(&run(Role::Viewer, 101)).await, Some((100, BudgetAction::Ask)));
    // What blocks is said before anyone is asked.
    assert_eq!(over(&run(Role::Viewer, 501)).await, Some((500, BudgetAction::Block)));
    let elsewhere = Foreseen { catalogs: vec!["other".into()], ..run(Role::Editor, 501) };
    assert_eq!(over(&elsewhere).await, None);
    assert_eq!(
        over(&Foreseen { token: Some(token), ..run(Role::Editor, 501) }).await,
        Some((500, BudgetAction::Block))
    );
    let approved = Foreseen { approved_bytes: Some(101), ..run(Role::Viewer, 101) };
    assert_eq!(over(&approved).await, None);
    let grown = Foreseen { approved_bytes: Some(101), ..run(Role::Viewer, 102) };
    assert_eq!(over(&grown).await, Some((100, BudgetAction::Ask)));
}

fn question(execution: Ulid) -> NewApproval {
    NewApproval {
        execution,
        sql: "select 1".into(),
        engine: "embedded".into(),
        reason: "too much".into(),
        estimate: Some(json!({"bytes": 7})),
        patience: Duration::from_secs(3600),
    }
}

pub(crate) async fn a_waiting_run_is_agreed_to_by_someone_else(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Viewer).await;
    let (ada, ada_scope) = world.person("ada", Role::Admin).await;
    let id = Ulid::generate();
    store.ask_approval(&una_scope, question(id)).await.unwrap();
    assert_eq!(store.ruling(&SYSTEM, id).await.unwrap(), Ruling::Waiting);
    assert_eq!(code(store.approvals(&una_scope).await), "FORBIDDEN");
    assert_eq!(code(store.decide_approval(&una_scope, id, true, None).await), "FORBIDDEN");
    let waiting = store.approvals(&ada_scope).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].execution_id, waiting[0].principal.as_ref().unwrap().id), (id, una.id));
    store.decide_approval(&ada_scope, id, true, Some("fine".into())).await.unwrap();
    let Ruling::Decided { approved, by, note } = store.ruling(&SYSTEM, id).await.unwrap() else { panic!("undecided") };
    assert_eq!((approved, by.unwrap().id, note.as_deref()), (true, ada.id, Some("fine")));
    assert!(store.approvals(&ada_scope).await.unwrap().is_empty());
    assert_eq!(code(store.decide_approval(&ada_scope, id, false, None).await), "CONFLICT");

    // The only administrator may agree to their own run, but not beside another one.
    let own = Ulid::generate();
    store.ask_approval(&ada_scope, question(own)).await.unwrap();
    let (_, bea) = world.person("bea", Role::Admin).await;
    assert_eq!(code(store.decide_approval(&ada_scope, own, true, None).await), "FORBIDDEN");
    store.decide_approval(&bea, own, false, None).await.unwrap();
    let gone = Ulid::generate();
    store.ask_approval(&una_scope, question(gone)).await.unwrap();
    store.withdraw_approval(&SYSTEM, gone).await.unwrap();
    assert_eq!(code(store.decide_approval(&bea, gone, true, None).await), "CONFLICT");
    let late = Ulid::generate();
    store.ask_approval(&una_scope, question(late)).await.unwrap();
    world.pass(60);
    assert_eq!(store.ruling(&SYSTEM, late).await.unwrap(), Ruling::Expired);
    assert_eq!(code(store.decide_approval(&bea, late, true, None).await), "CONFLICT");
}

pub(crate) async fn a_waiting_run_outlives_its_deadline_but_not_its_process(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let id = Ulid::from_datetime(world.now().into());
    let new = NewExecution {
        origin: Some(json!({"query": "q"})),
        tables: Some(json!(["local.demo.sales"])),
        ..new_execution(id, ExecutionState::Queued)
    };
    store.insert_execution(&una, new).await.unwrap();
    store.ask_approval(&una, question(id)).await.unwrap();
    let abandoned = async || {
        let before = world.now() - TimeDelta::seconds(60);
        store.fail_abandoned_executions(&SYSTEM, before, json!({"code": "INTERRUPTED"})).await.unwrap()
    };
    for _ in 0..5 {
        world.pass(1);
        assert_eq!(store.ruling(&SYSTEM, id).await.unwrap(), Ruling::Waiting);
        assert_eq!(abandoned().await, 0);
    }
    world.pass(10);
    assert_eq!(abandoned().await, 1);
    let record = store.execution(&una, id).await.unwrap();
    assert_eq!((record.origin, record.tables), (Some(json!({"query": "q"})), Some(json!(["local.demo.sales"]))));
}

pub(crate) async fn costs_add_up_and_are_ones_own(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Viewer).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let from = world.now();
    let two_tables = Settled {
        tables: vec![("local.demo.a".into(), 300), ("local.demo.b".into(), 100)],
        saved: usd("0.00005"),
        ..settled(404, "0.04")
    };
    let exact = Foreseen { bytes: Some(400), ..run(Role::Viewer, 400) };
    store.settle(&una_scope, &exact, &two_tables).await.unwrap();
    let wrong = Foreseen { bytes: Some(100), ..run(Role::Viewer, 100) };
    store.settle(&una_scope, &wrong, &settled(102, "0.01")).await.unwrap();
    let bound = Foreseen { exact: false, ..run(Role::Admin, 1000) };
    store.settle(&ada, &bound, &settled(10, "0.001")).await.unwrap();
    let cut_short = Foreseen { engine: "trino".into(), ..run(Role::Admin, 1000) };
    store.settle(&ada, &cut_short, &Settled { complete: false, ..settled(1, "0") }).await.unwrap();
    world.pass(24 * 60);
    store.settle(&ada, &run(Role::Admin, 5), &settled(5, "0.0005")).await.unwrap();
    let reuse =
        Reuse { day: from.timestamp() / 86_400, principal: Some(una.id), dashboard: None, engine: "embedded".into() };
    for _ in 0..2 {
        store.add_reuses(&SYSTEM, &BTreeMap::from([(reuse.clone(), (3, usd("0.2")))])).await.unwrap();
    }

    let to = world.now() + TimeDelta::days(1);
    let all = store.costs(&ada, from - TimeDelta::hours(1), to, CostBy::Day).await.unwrap();
    assert_eq!((all.total.runs, all.total.bytes, all.total.usd), (5, 522, usd("0.0515")));
    assert_eq!((all.total.reused, all.total.saved_by_reuse_usd), (6, usd("0.4")));
    assert_eq!(all.total.saved_by_routing_usd, usd("0.00005"));
    let days: Vec<(String, u64)> = all.items.iter().map(|row| (row.key.clone(), row.bytes)).collect();
    let day = |days| (from + TimeDelta::days(days)).format("%Y-%m-%d").to_string();
    assert_eq!(days, [(day(0), 517), (day(1), 5)]);
    let accuracy = (all.accuracy.exact_runs, all.accuracy.within_1_percent);
    assert_eq!((accuracy, all.accuracy.bounded_runs, all.accuracy.within_bound), ((3, 2), 1, 1));

    let by = async |scope: &Scope, by| {
        let costs = store.costs(scope, from - TimeDelta::hours(1), to, by).await.unwrap();
        costs
            .items
            .into_iter()
            .map(|row| (row.name.unwrap_or(row.key), row.bytes, row.usd.to_string()))
            .collect::<Vec<_>>()
    };
    let row = |name: &str, bytes, usd: &str| (name.to_owned(), bytes, usd.to_owned());
    assert_eq!(by(&ada, CostBy::User).await, [row("una", 506, "0.05"), row("ada", 16, "0.0015")]);
    assert_eq!(by(&ada, CostBy::Engine).await, [row("embedded", 521, "0.0515"), row("trino", 1, "0.00")]);
    assert_eq!(
        by(&una_scope, CostBy::Table).await,
        [row("local.demo.a", 303, "0.03"), row("local.demo.sales", 102, "0.01"), row("local.demo.b", 101, "0.01")]
    );
    assert_eq!(by(&una_scope, CostBy::User).await, [row("una", 506, "0.05")]);
    world.pass(500 * 24 * 60);
    assert_eq!(store.delete_costs(&SYSTEM).await.unwrap(), 5);
    let none = store.costs(&ada, Utc.timestamp_opt(0, 0).unwrap(), world.now(), CostBy::Day).await.unwrap();
    assert!(none.items.is_empty());
}

pub(crate) async fn a_partition_rule_is_for_editors(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let (_, ben) = world.person("ben", Role::Editor).await;
    let rule = |keys: &[&str]| PartitionRule {
        catalog: "local".into(),
        database: "demo".into(),
        table: "Sales".into(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    assert_eq!(code(store.set_partition_rule(&una, rule(&["state"])).await), "FORBIDDEN");
    store.set_partition_rule(&ben, rule(&["state"])).await.unwrap();
    store.set_partition_rule(&ben, rule(&["state", "day"])).await.unwrap();
    let rules = store.partition_rules(&una).await.unwrap();
    assert_eq!(rules, [PartitionRule { table: "sales".into(), ..rule(&["state", "day"]) }]);
    store.set_partition_rule(&ben, rule(&[])).await.unwrap();
    assert!(store.partition_rules(&una).await.unwrap().is_empty());
}
