//! Crowds, crashes, and networks that fail.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lakefront_store::{ExecutionState, Kind, ObjectChange, ObjectFilter, Role, Scope, Store, StoreError, StoreOptions};
use sea_orm::{ConnectionTrait, DbBackend};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use ulid::Ulid;

use crate::world::{SYSTEM, World, code, new_execution, new_object};

pub(crate) async fn many_clients_share_few_connections(world: &World) {
    let (una, scope) = world.person("una", Role::Editor).await;
    let shared = world.dashboard(&scope, "Shared").await;
    let mut instances = Vec::new();
    for _ in 0..5 {
        instances.push(world.another_instance().await);
    }
    let clients: Vec<_> = (0..40)
        .map(|client| {
            let (store, scope) = (instances[client % instances.len()].clone(), scope.clone());
            tokio::spawn(async move {
                for round in 0..4 {
                    let title = format!("Client {client} round {round}");
                    let made = store.create_object(&scope, Kind::Query, una.id, new_object(&title)).await.unwrap();
                    let change = ObjectChange { title: Some(title.clone()), ..ObjectChange::default() };
                    store.update_object(&scope, Kind::Dashboard, shared.id, None, change).await.unwrap();
                    assert_eq!(store.object(&scope, Kind::Query, made.id).await.unwrap().title, title);
                    store.objects(&scope, Kind::Query, ObjectFilter::default()).await.unwrap();
                    // A failed statement must leave nothing behind on its connection.
                    let run = || new_execution(made.id, ExecutionState::Queued);
                    assert_eq!(code(store.insert_execution(&scope, run()).await), "OK");
                    assert_eq!(code(store.insert_execution(&scope, run()).await), "CONFLICT");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(world.store.object(&scope, Kind::Dashboard, shared.id).await.unwrap().version, 161);
    for instance in instances {
        instance.close().await;
    }
}

const WRITER_URL: &str = "LAKEFRONT_TEST_WRITER_URL";

pub(crate) async fn acknowledged_changes_survive_a_killed_process(world: &World) {
    world.user("una", Role::Editor).await;
    for _ in 0..3 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::writer", "--nocapture", "--ignored"])
            .env(WRITER_URL, &world.url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut acknowledged: Vec<String> = Vec::new();
        for line in lines.map_while(Result::ok) {
            if let Some(slug) = line.split("made:").nth(1) {
                acknowledged.push(slug.to_owned());
            }
            if acknowledged.len() == 12 {
                writer.kill().unwrap();
            }
        }
        writer.wait().unwrap();
        assert!(acknowledged.len() >= 12, "{} acknowledged", acknowledged.len());
        let store = world.another_instance().await;
        for slug in acknowledged {
            store.object_by_slug(&SYSTEM, Kind::Chart, &slug).await.unwrap();
        }
        store.close().await;
    }
}

/// The process that is killed: writes and tells, until it is.
#[tokio::test]
#[ignore = "started by acknowledged_changes_survive_a_killed_process"]
#[expect(clippy::print_stdout, reason = "tells the parent process what was acknowledged")]
async fn writer() {
    let Ok(url) = std::env::var(WRITER_URL) else { return };
    let store = Store::open(&url).await.unwrap();
    let una = store.user_by_email(&SYSTEM, "una@example.com").await.unwrap();
    loop {
        let made = store.create_object(&SYSTEM, Kind::Chart, una.id, new_object("Made")).await.unwrap();
        println!("made:{}", made.slug);
    }
}

pub(crate) async fn a_database_of_a_newer_version_is_left_alone(world: &World) {
    let raw = world.raw().await;
    raw.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('9999_future', 0)")
        .await
        .unwrap();
    let refused = Store::open(&world.url).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), "NEWER_SCHEMA");
    assert!(refused.to_string().contains("9999_future"), "{refused}");
}

pub(crate) async fn a_database_from_before_public_dashboards_keeps_them_private(world: &World) {
    let (_, scope) = world.person("una", Role::Editor).await;
    let made = world.dashboard(&scope, "Old").await;
    let raw = world.raw().await;
    for step in [
        "ALTER TABLE objects DROP COLUMN public",
        "DELETE FROM users WHERE name = 'Public'",
        "DELETE FROM seaql_migrations WHERE version = '0006_public_dashboards'",
    ] {
        raw.execute_unprepared(step).await.unwrap();
    }
    raw.close().await.unwrap();
    let store = world.another_instance().await;
    assert!(!store.object(&scope, Kind::Dashboard, made.id).await.unwrap().public);
    let public = ObjectChange { public: Some(true), ..ObjectChange::default() };
    assert!(store.update_object(&scope, Kind::Dashboard, made.id, None, public).await.unwrap().public);
    assert_eq!(store.object(&Scope::Public, Kind::Dashboard, made.id).await.unwrap().title, "Old");
    store.close().await;
}

pub(crate) async fn several_instances_may_start_at_once(world: &World) {
    // Back to an empty database.
    let raw = world.raw().await;
    if raw.get_database_backend() == DbBackend::Postgres {
        raw.execute_unprepared("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let url = match raw.get_database_backend() {
        DbBackend::Postgres => world.url.clone(),
        _ => format!("sqlite://{}/fresh.db", directory.path().display()),
    };
    let starting: Vec<_> = (0..6)
        .map(|_| {
            let options = StoreOptions { timeout: Duration::from_secs(20), ..StoreOptions::new(&url) };
            tokio::spawn(async move { Store::open_with(options).await })
        })
        .collect();
    for instance in starting {
        let store = instance.await.unwrap().unwrap();
        assert!(store.setup_required(&SYSTEM).await.unwrap());
        store.close().await;
    }
}

#[tokio::test]
async fn a_sqlite_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.db");
    let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
    store.close().await;
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["app.db"], "the write-ahead log is folded in at the end");
}

#[tokio::test]
async fn a_backup_is_a_whole_database() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::sqlite().await;
    let (_, editor) = world.person("una", Role::Editor).await;
    let made = world.dashboard(&editor, "Kept").await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("backup.db");
    assert_eq!(code(world.store.backup(&editor, &file).await), "FORBIDDEN");
    world.store.backup(&SYSTEM, &file).await.unwrap();
    assert_eq!(code(world.store.backup(&SYSTEM, &file).await), "INVALID_VALUE", "never overwrites");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
    world.dashboard(&editor, "Later").await;

    let copy = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    let kept = copy.objects(&SYSTEM, Kind::Dashboard, ObjectFilter::default()).await.unwrap().items;
    assert_eq!(kept, [made]);
    copy.close().await;
    world.end().await;
}

#[tokio::test]
async fn a_wrong_address_is_explained() {
    for url in ["mysql://localhost/x", "sqlite::memory:", "sqlite:///no/such/folder/app.db", "postgres://:bad:port:/"] {
        assert_eq!(code(Store::open(url).await), "INVALID_VALUE", "{url}");
    }
    let options =
        StoreOptions { timeout: Duration::from_millis(500), ..StoreOptions::new("postgres://x@127.0.0.1:1/x") };
    let started = Instant::now();
    assert_eq!(code(Store::open_with(options).await), "UNAVAILABLE");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_connections_are_killed() {
    let Some(world) = World::postgres().await else { return };
    let (_, scope) = world.person("una", Role::Editor).await;
    let shared = world.dashboard(&scope, "Shared").await.id;
    let killing = Arc::new(AtomicBool::new(true));
    let killer = tokio::spawn({
        let (raw, killing) = (world.raw().await, killing.clone());
        async move {
            while killing.load(Ordering::SeqCst) {
                let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE application_name = 'lakefront' AND datname = current_database()";
                raw.execute_unprepared(kill).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (store, scope) = (world.store.clone(), scope.clone());
            tokio::spawn(async move { busy(&store, &scope, shared).await })
        })
        .collect();
    let mut acknowledged = 0;
    for client in clients {
        acknowledged += client.await.unwrap();
    }
    killing.store(false, Ordering::SeqCst);
    killer.await.unwrap();
    let version = world.store.object(&scope, Kind::Dashboard, shared).await.unwrap().version;
    assert!(version > acknowledged, "{acknowledged} changes were acknowledged, {version} is the version");
    world.end().await;
}

/// Reads and writes; answers how many changes were acknowledged. Nothing may fail but a commit without an answer.
async fn busy(store: &Store, scope: &Scope, shared: Ulid) -> i64 {
    let mut acknowledged = 0;
    for _ in 0..40 {
        store.object(scope, Kind::Dashboard, shared).await.unwrap();
        let change = ObjectChange { title: Some("Changed".into()), ..ObjectChange::default() };
        match store.update_object(scope, Kind::Dashboard, shared, None, change).await {
            Ok(_) => acknowledged += 1,
            Err(StoreError::Unavailable(error)) if error.to_string().contains("commit") => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_network_costs_the_timeout_and_no_connections() {
    let Some(world) = World::postgres().await else { return };
    let silent = Arc::new(AtomicBool::new(false));
    let (server, database) = world.url.split_once('@').unwrap().1.split_once('/').unwrap();
    let proxy = proxy(server.to_owned(), silent.clone()).await;
    let options = StoreOptions {
        timeout: Duration::from_secs(1),
        max_connections: 2,
        ..StoreOptions::new(format!("postgres://lakefront@{proxy}/{database}"))
    };
    let store = Store::open_with(options).await.unwrap();

    silent.store(true, Ordering::SeqCst);
    let started = Instant::now();
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { code(store.ready(&SYSTEM).await) })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "UNAVAILABLE");
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());

    silent.store(false, Ordering::SeqCst);
    let started = Instant::now();
    while store.ready(&SYSTEM).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "no connection came back");
    }
    for _ in 0..10 {
        store.ready(&SYSTEM).await.unwrap();
    }
    store.close().await;
    world.end().await;
}

/// A way to `server` that keeps everything to itself while `silent`.
async fn proxy(server: String, silent: Arc<AtomicBool>) -> std::net::SocketAddr {
    async fn copy(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, silent: Arc<AtomicBool>) {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if silent.load(Ordering::SeqCst) {
                // Lost, and so is everything after it on this connection.
                std::future::pending::<()>().await;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            let (client_read, client_write) = client.into_split();
            let (server_read, server_write) = server.into_split();
            tokio::spawn(copy(client_read, server_write, silent.clone()));
            tokio::spawn(copy(server_read, client_write, silent.clone()));
        }
    });
    address
}
