//! The app database through its public door: the same stories on SQLite, on PostgreSQL and through PgBouncer.
//!
//! SQLite always runs; the others when `LAKEFRONT_TEST_POSTGRES` and `LAKEFRONT_TEST_PGBOUNCER` name a server
//! (`deploy/test/postgres.sh` starts both).

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "store/world.rs"]
mod world;

#[path = "store/access.rs"]
mod access;
#[path = "store/costs.rs"]
mod costs;
#[path = "store/data.rs"]
mod data;
#[path = "store/faults.rs"]
mod faults;
#[path = "store/groups.rs"]
mod groups;
#[path = "store/history.rs"]
mod history;
#[path = "store/objects.rs"]
mod objects;
#[path = "store/results.rs"]
mod results;
#[path = "store/sign_in.rs"]
mod sign_in;
#[path = "store/users.rs"]
mod users;

/// Each story on each database.
macro_rules! stories {
    ($($module:ident: $($story:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                let world = crate::world::World::sqlite().await;
                crate::$module::$story(&world).await;
                world.end().await;
            })+)+
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                let Some(world) = crate::world::World::postgres().await else { return };
                crate::$module::$story(&world).await;
                world.end().await;
            })+)+
        }
        mod pgbouncer {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                let Some(world) = crate::world::World::pgbouncer().await else { return };
                crate::$module::$story(&world).await;
                world.end().await;
            })+)+
        }
    };
}

stories! {
    sign_in:
        the_first_administrator_is_made_once,
        a_setup_token_lives_fifteen_minutes,
        a_raced_setup_makes_one_administrator,
        an_administrator_from_the_command_line_closes_the_setup,
        a_session_ends_when_idle_and_stays_ended,
        a_session_ends_after_seven_days_of_use,
        signing_out_counts_at_once,
        a_disabled_user_is_out_at_once,
        the_database_holds_no_secret,
        a_sign_in_link_works_once,
        an_api_token_works_until_it_is_revoked,
        guessing_passwords_is_slowed_down_and_locks_nobody_out,
        many_addresses_can_not_guess_on_one_account,
        the_sweep_takes_what_has_expired;
    users:
        addresses_are_unique_in_any_case,
        users_are_found_and_paged,
        people_change_their_own_name_and_nothing_more,
        the_last_administrator_stays_even_when_two_leave_at_once;
    objects:
        a_dashboard_has_a_life,
        a_public_dashboard_is_for_everyone_and_says_so_in_the_audit_log,
        every_change_is_kept_and_can_be_restored,
        changes_side_by_side_do_not_overwrite_each_other,
        slugs_are_unique_among_the_living,
        lists_are_paged_filtered_and_searched,
        stars_are_ones_own,
        text_of_any_kind_comes_back_as_it_was;
    access:
        who_may_do_what,
        the_public_is_no_one,
        what_one_may_not_see_does_not_exist,
        a_token_can_not_outgrow_itself,
        the_audit_log_knows_every_privileged_change_and_forgets_nothing,
        a_sealed_secret_is_for_the_system_only;
    history:
        executions_belong_to_their_principal,
        a_finished_execution_is_not_rewritten,
        history_is_paged_and_filtered,
        an_abandoned_execution_fails,
        prepared_statements_are_kept_per_user,
        preferences_are_kept_per_user,
        a_repeated_request_gets_the_first_answer;
    costs:
        a_budget_has_a_life,
        a_budget_is_used_up_and_renews,
        runs_side_by_side_do_not_overshoot,
        the_smallest_limit_of_a_run_wins,
        a_waiting_run_is_agreed_to_by_someone_else,
        a_waiting_run_outlives_its_deadline_but_not_its_process,
        costs_add_up_and_are_ones_own,
        a_partition_rule_is_for_editors;
    groups:
        a_group_has_a_life,
        a_group_spends_its_budget_together;
    data:
        changes_are_counted_for_the_other_instances,
        a_table_is_loaded_whole_or_not_at_all;
    results:
        a_result_is_made_by_one_and_found_by_all,
        a_claim_ends_with_its_lease,
        the_least_worth_keeping_go_first;
    faults:
        many_clients_share_few_connections,
        acknowledged_changes_survive_a_killed_process,
        a_database_of_a_newer_version_is_left_alone,
        several_instances_may_start_at_once,
        a_database_from_before_public_dashboards_keeps_them_private;
}
