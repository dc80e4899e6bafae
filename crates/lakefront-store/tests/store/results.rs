//! Results that instances share.

use std::time::Duration;

use lakefront_store::{Claim, NewSharedResult, Role, SharedResultLook as Look, StoreError};

use crate::world::{SYSTEM, World};

fn claim(key: &str, holder: &str) -> Claim {
    Claim { key: key.to_owned(), holder: holder.to_owned(), lease: Duration::from_secs(60) }
}

fn result(bytes: usize, bonus_ms: u64) -> NewSharedResult {
    NewSharedResult { body: vec![7; bytes], bonus_ms }
}

pub(crate) async fn a_result_is_made_by_one_and_found_by_all(world: &World) {
    let (here, there) = (&world.store, world.another_instance().await);
    let look = async |store: &lakefront_store::Store, holder: &str, waited| {
        store.look_for_result(&SYSTEM, &claim("k", holder), waited).await.unwrap()
    };
    assert_eq!(look(here, "a", false).await, Look::Claimed);
    assert_eq!(look(&there, "b", false).await, Look::Taken);
    here.release_claim(&SYSTEM, &claim("k", "b")).await.unwrap();
    assert_eq!(look(&there, "b", true).await, Look::Taken, "only the holder gives a claim up");
    here.store_result(&SYSTEM, &claim("k", "a"), result(3, 0)).await.unwrap();
    assert_eq!(look(&there, "b", true).await, Look::Stored(vec![7; 3]));
    assert_eq!(look(here, "c", false).await, Look::Stored(vec![7; 3]));
    // Stored again, by whoever was not waited for.
    there.store_result(&SYSTEM, &claim("k", "b"), result(4, 0)).await.unwrap();
    assert_eq!(look(here, "c", false).await, Look::Stored(vec![7; 4]));

    there.delete_result(&SYSTEM, "k").await.unwrap();
    assert_eq!(look(here, "c", false).await, Look::Claimed);
    here.release_claim(&SYSTEM, &claim("k", "c")).await.unwrap();
    assert_eq!(look(&there, "d", true).await, Look::Released);
    assert_eq!(look(&there, "d", false).await, Look::Claimed);

    // Of many at once one makes it.
    let looks = (0..8).map(|n| {
        let store = if n % 2 == 0 { here.clone() } else { there.clone() };
        tokio::spawn(async move { store.look_for_result(&SYSTEM, &claim("many", &n.to_string()), false).await })
    });
    let mut claimed = 0;
    for look in looks.collect::<Vec<_>>() {
        claimed += usize::from(look.await.unwrap().unwrap() == Look::Claimed);
    }
    assert_eq!(claimed, 1);
    let (_, ana) = world.person("ana", Role::Admin).await;
    let refused = here.look_for_result(&ana, &claim("k", "a"), false).await;
    assert!(matches!(refused, Err(StoreError::Forbidden(_))), "results are for the program, which asks policy first");
    there.close().await;
}

pub(crate) async fn a_claim_ends_with_its_lease(world: &World) {
    let store = &world.store;
    let brief = Claim { lease: Duration::from_millis(300), ..claim("k", "a") };
    assert!(store.claim(&SYSTEM, &brief).await.unwrap());
    assert!(!store.claim(&SYSTEM, &claim("k", "b")).await.unwrap());
    // The database's clock counts, not the program's.
    world.pass(60);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        store.renew_claim(&SYSTEM, &Claim { lease: Duration::from_secs(30), ..brief.clone() }).await.unwrap();
        assert!(!store.claim(&SYSTEM, &claim("k", "b")).await.unwrap());
    }
    store.renew_claim(&SYSTEM, &Claim { lease: Duration::ZERO, ..brief.clone() }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(store.claim(&SYSTEM, &claim("k", "b")).await.unwrap());
    store.renew_claim(&SYSTEM, &brief).await.unwrap();
    store.release_claim(&SYSTEM, &brief).await.unwrap();
    assert!(!store.claim(&SYSTEM, &claim("k", "c")).await.unwrap(), "what was lost is not got back");
}

pub(crate) async fn the_least_worth_keeping_go_first(world: &World) {
    let store = &world.store;
    let put = async |key: &str, bytes, bonus_ms| {
        store.store_result(&SYSTEM, &claim(key, "a"), result(bytes, bonus_ms)).await.unwrap();
    };
    put("dear", 100, 3_600_000).await;
    put("used", 100, 0).await;
    put("old", 100, 0).await;
    world.pass(30);
    put("new", 100, 0).await;
    assert!(matches!(store.look_for_result(&SYSTEM, &claim("used", "b"), false).await.unwrap(), Look::Stored(_)));
    let is_there = async |key: &str| {
        let look = store.look_for_result(&SYSTEM, &claim(key, "b"), false).await.unwrap();
        if look == Look::Claimed {
            store.release_claim(&SYSTEM, &claim(key, "b")).await.unwrap();
        }
        matches!(look, Look::Stored(_))
    };
    let sums = store.trim_results(&SYSTEM, 400).await.unwrap();
    assert_eq!((sums.entries, sums.bytes, sums.evicted), (4, 400, 0));
    let sums = store.trim_results(&SYSTEM, 399).await.unwrap();
    assert_eq!((sums.entries, sums.bytes, sums.evicted), (3, 300, 1));
    assert!(!is_there("old").await && is_there("used").await);
    let sums = store.trim_results(&SYSTEM, 150).await.unwrap();
    assert_eq!((sums.entries, sums.evicted), (1, 2));
    assert!(is_there("dear").await, "an hour more than its last use is later than now");
    assert_eq!(store.trim_results(&SYSTEM, 0).await.unwrap().entries, 0);
}
