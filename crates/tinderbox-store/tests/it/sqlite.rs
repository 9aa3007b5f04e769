use crate::{conformance, lists, scale_jobs};
use std::future::Future;
use tinderbox_store::Store;

/// Runs every function of the suite on a fresh SQLite file, under its own name.
macro_rules! on_sqlite {
    ($($module:ident :: $behavior:ident),+ $(,)?) => {
        $(#[test]
        fn $behavior() {
            with_store($module::$behavior);
        })+
    };
}

on_sqlite! {
    conformance::a_run_reads_back_as_it_was_created,
    conformance::a_second_run_under_one_id_is_refused,
    conformance::a_launched_run_begins_queued,
    conformance::an_idempotency_key_makes_one_run_of_a_workspace,
    conformance::an_intent_stores_state_and_identity_together,
    conformance::a_second_intent_is_told_no,
    conformance::an_illegal_move_is_refused,
    conformance::a_move_from_another_state_changes_nothing,
    conformance::the_end_of_a_run_sets_its_times_and_its_attempt,
    conformance::a_queued_run_is_cancelled_at_once,
    conformance::a_cancel_request_keeps_its_first_time,
    conformance::an_observed_record_is_not_undone_by_a_late_live_one,
    conformance::unfinished_runs_are_the_launched_ones_that_have_not_ended,
    conformance::a_run_is_found_by_either_end_of_its_id,
    conformance::the_newest_run_of_an_application_is_found,
    conformance::concurrent_writers_all_succeed,
    conformance::only_one_of_many_intents_wins,
    conformance::a_failed_write_undoes_only_itself,
    conformance::a_spec_is_stored_once_under_its_hash,
    conformance::a_report_replaces_the_one_before,
    conformance::publishing_retires_the_file_before,
    conformance::an_event_log_is_remembered_until_it_changes,
    conformance::logs_are_known_with_what_became_of_their_runs,
    conformance::attempts_of_an_application_are_listed_for_the_run_of_one,
    conformance::an_attempt_learns_after_its_intent,
    conformance::an_attempt_that_failed_is_followed_by_another,
    conformance::a_profile_keeps_its_versions,
    lists::pages_come_in_order_and_count_everything,
    lists::every_sort_is_the_same_forwards_and_backwards,
    lists::filters_narrow_the_list_and_its_total,
    lists::wildcards_in_a_name_are_plain_text,
    lists::unknown_values_sort_before_known_ones,
    scale_jobs::of_two_that_record_one_job_the_first_counts,
    scale_jobs::the_end_of_a_job_stays,
}

/// Gives `body` an empty store on a multi-threaded runtime.
pub fn with_store<F: Future<Output = ()>>(body: impl FnOnce(Store) -> F) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&dir.path().join("tinderbox.db")).await.expect("opens");
        body(store.clone()).await;
        store.close().await;
    });
}
