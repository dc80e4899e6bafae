use lakefront_store::{
    ExecutionFilter, ExecutionState, ExecutionUpdate, Idempotency, NewExecution, PageRequest, Role, Scope,
    StoredResponse,
};
use serde_json::json;
use ulid::Ulid;

use crate::world::{SYSTEM, World, code, new_execution};

fn run(world: &World, sql: &str) -> NewExecution {
    NewExecution {
        sql: sql.into(),
        parameters: json!({"from": "2025-01-01"}),
        catalog: Some("local".into()),
        database: Some("demo".into()),
        engine: Some("embedded".into()),
        route_reason: Some("small".into()),
        estimate: Some(json!({"bytes": 10})),
        ..new_execution(Ulid::from_datetime(world.now().into()), ExecutionState::Running)
    }
}

fn finished(state: ExecutionState) -> ExecutionUpdate {
    ExecutionUpdate { state: Some(state), ..ExecutionUpdate::default() }
}

pub(crate) async fn executions_belong_to_their_principal(world: &World) {
    let store = &world.store;
    let (una, una_scope) = world.person("una", Role::Viewer).await;
    let (_, ben) = world.person("ben", Role::Editor).await;
    let (_, ada) = world.person("ada", Role::Admin).await;
    let new = run(world, "select 1");
    let id = new.id;
    store.insert_execution(&una_scope, new.clone()).await.unwrap();
    store.insert_execution(&SYSTEM, run(world, "select 2")).await.unwrap();
    assert_eq!(code(store.insert_execution(&una_scope, new).await), "CONFLICT");

    let record = store.execution(&una_scope, id).await.unwrap();
    assert_eq!(record.principal.as_ref().unwrap().id, una.id);
    assert_eq!((record.state, record.finished_at), (ExecutionState::Running, None));
    assert_eq!(record.parameters, json!({"from": "2025-01-01"}));
    assert_eq!(store.execution(&ada, id).await.unwrap(), record);

    let others = store.execution(&ben, id).await.unwrap_err();
    let nobodys = store.execution(&ben, Ulid::from_parts(1, 1)).await.unwrap_err();
    assert_eq!((others.code(), others.to_string()), ("NOT_FOUND", nobodys.to_string()));
    for scope in [&ben, &ada] {
        let rewritten = store.update_execution(scope, id, finished(ExecutionState::Failed)).await;
        assert_eq!(code(rewritten), "NOT_FOUND");
    }
    let count = async |scope: &Scope, mine| {
        let filter = ExecutionFilter { mine, ..ExecutionFilter::default() };
        store.executions(scope, filter).await.unwrap().items.len()
    };
    assert_eq!((count(&una_scope, false).await, count(&ben, false).await), (1, 0));
    assert_eq!((count(&ada, false).await, count(&ada, true).await, count(&SYSTEM, false).await), (2, 0, 2));
}

pub(crate) async fn a_finished_execution_is_not_rewritten(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let new = run(world, "select 1");
    let id = new.id;
    store.insert_execution(&una, new).await.unwrap();
    world.pass(1);
    let done = ExecutionUpdate {
        engine: Some("athena".into()),
        statistics: Some(json!({"rows": 1})),
        columns: Some(json!([{"name": "a", "type": "bigint"}])),
        ..finished(ExecutionState::Succeeded)
    };
    store.update_execution(&una, id, done).await.unwrap();
    let record = store.execution(&una, id).await.unwrap();
    assert_eq!((record.state, record.finished_at), (ExecutionState::Succeeded, Some(world.now())));
    assert_eq!((record.engine.as_deref(), &record.estimate), (Some("athena"), &Some(json!({"bytes": 10}))));
    assert_eq!(record.statistics, Some(json!({"rows": 1})));
    // A cancel that comes too late.
    store.update_execution(&una, id, finished(ExecutionState::Cancelled)).await.unwrap();
    assert_eq!(store.execution(&una, id).await.unwrap(), record);
}

pub(crate) async fn history_is_paged_and_filtered(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let start = world.now();
    let mut newest_first = Vec::new();
    for i in 0..25 {
        world.pass(1);
        let new = run(world, &format!("SELECT {i} FROM Forecast_{}", i % 2));
        newest_first.insert(0, new.id);
        store.insert_execution(&una, new).await.unwrap();
    }
    store.update_execution(&una, newest_first[0], finished(ExecutionState::Failed)).await.unwrap();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: Some(10), cursor };
        let part = store.executions(&una, ExecutionFilter { page, ..ExecutionFilter::default() }).await.unwrap();
        seen.extend(part.items.iter().map(|record| record.id));
        cursor = part.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, newest_first);

    let count = async |filter: ExecutionFilter| store.executions(&una, filter).await.unwrap().items.len();
    let default = ExecutionFilter::default;
    assert_eq!(count(ExecutionFilter { state: Some(ExecutionState::Failed), ..default() }).await, 1);
    assert_eq!(count(ExecutionFilter { search: Some("FROM forecast_1".into()), ..default() }).await, 12);
    assert_eq!(count(ExecutionFilter { search: Some("forecast%1".into()), ..default() }).await, 0);
    let since = Some(start + chrono::Duration::minutes(21));
    assert_eq!(count(ExecutionFilter { since, ..default() }).await, 5);
    let page = PageRequest { limit: Some(1_000_000), cursor: None };
    assert_eq!(count(ExecutionFilter { page, ..default() }).await, 25);

    assert_eq!(store.delete_executions(&SYSTEM, start + chrono::Duration::minutes(21)).await.unwrap(), 20);
    assert_eq!(count(default()).await, 5);
    assert_eq!(code(store.delete_executions(&una, world.now()).await), "FORBIDDEN");
}

pub(crate) async fn an_abandoned_execution_fails(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let (done, dead) = (run(world, "select 'done'"), run(world, "select 'dead'"));
    let (done_id, dead_id) = (done.id, dead.id);
    store.insert_execution(&una, done).await.unwrap();
    store.insert_execution(&una, dead).await.unwrap();
    store.update_execution(&una, done_id, finished(ExecutionState::Succeeded)).await.unwrap();
    world.pass(1);
    let restart = world.now();
    let fresh = run(world, "select 'fresh'");
    let fresh_id = fresh.id;
    store.insert_execution(&una, fresh).await.unwrap();
    let error = json!({"code": "ENGINE_CRASHED"});
    assert_eq!(store.fail_abandoned_executions(&SYSTEM, restart, error.clone()).await.unwrap(), 1);
    let dead = store.execution(&una, dead_id).await.unwrap();
    assert_eq!((dead.state, dead.error, dead.finished_at), (ExecutionState::Failed, Some(error), Some(restart)));
    assert_eq!(store.execution(&una, done_id).await.unwrap().state, ExecutionState::Succeeded);
    assert_eq!(store.execution(&una, fresh_id).await.unwrap().state, ExecutionState::Running);
}

pub(crate) async fn prepared_statements_are_kept_per_user(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let (_, ben) = world.person("ben", Role::Viewer).await;
    store.keep_prepared_statement(&una, "a", "select 1", 2).await.unwrap();
    store.keep_prepared_statement(&una, "b", "select 2", 2).await.unwrap();
    assert_eq!(code(store.keep_prepared_statement(&una, "c", "select 3", 2).await), "CONFLICT");
    store.keep_prepared_statement(&una, "a", "select 4", 2).await.unwrap();
    assert_eq!(store.prepared_statement(&una, "a").await.unwrap().as_deref(), Some("select 4"));
    assert_eq!(store.prepared_statement(&ben, "a").await.unwrap(), None);
    assert!(!store.remove_prepared_statement(&ben, "a").await.unwrap());
    assert!(store.remove_prepared_statement(&una, "a").await.unwrap());
    assert_eq!(store.prepared_statement(&una, "a").await.unwrap(), None);
    assert_eq!(code(store.keep_prepared_statement(&Scope::Public, "a", "select 1", 2).await), "FORBIDDEN");
}

pub(crate) async fn preferences_are_kept_per_user(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Viewer).await;
    let (_, ben) = world.person("ben", Role::Viewer).await;
    assert_eq!(store.preferences(&una).await.unwrap(), json!({}));
    store.set_preferences(&una, json!({"theme": "dark"})).await.unwrap();
    store.set_preferences(&una, json!({"theme": "light", "n": 1})).await.unwrap();
    assert_eq!(store.preferences(&una).await.unwrap(), json!({"theme": "light", "n": 1}));
    assert_eq!(store.preferences(&ben).await.unwrap(), json!({}));
    for bad in [json!([]), json!({"x": "y".repeat(70_000)})] {
        assert_eq!(code(store.set_preferences(&una, bad).await), "INVALID_VALUE");
    }
}

pub(crate) async fn a_repeated_request_gets_the_first_answer(world: &World) {
    let store = &world.store;
    let (_, una) = world.person("una", Role::Editor).await;
    let (_, ben) = world.person("ben", Role::Editor).await;
    let request = b"POST /api/v1/dashboards {}";
    let racers: Vec<_> = (0..6)
        .map(|_| {
            let (store, una) = (store.clone(), una.clone());
            tokio::spawn(async move { code(store.begin_idempotent(&una, "k1", request).await) })
        })
        .collect();
    let mut claims = 0;
    for racer in racers {
        match racer.await.unwrap() {
            "OK" => claims += 1,
            "CONFLICT" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(claims, 1);
    assert_eq!(store.begin_idempotent(&ben, "k1", request).await.unwrap(), Idempotency::Proceed, "keys are ones own");

    let response = StoredResponse { status: 201, body: r#"{"id": 1}"#.into() };
    store.finish_idempotent(&una, "k1", response.clone()).await.unwrap();
    world.pass(23 * 60);
    assert_eq!(store.begin_idempotent(&una, "k1", request).await.unwrap(), Idempotency::Replay(response));
    assert_eq!(code(store.begin_idempotent(&una, "k1", b"another").await), "INVALID_VALUE");
    world.pass(60);
    assert_eq!(store.begin_idempotent(&una, "k1", b"another").await.unwrap(), Idempotency::Proceed);

    // One that failed may be tried again at once; one whose process died, after a minute.
    store.forget_idempotent(&una, "k1").await.unwrap();
    assert_eq!(store.begin_idempotent(&una, "k1", request).await.unwrap(), Idempotency::Proceed);
    assert_eq!(code(store.begin_idempotent(&una, "k1", request).await), "CONFLICT");
    world.pass(1);
    assert_eq!(store.begin_idempotent(&una, "k1", request).await.unwrap(), Idempotency::Proceed);
    assert_eq!(code(store.begin_idempotent(&una, "", request).await), "INVALID_VALUE");
}
