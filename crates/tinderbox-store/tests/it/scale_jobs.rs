//! Jobs over several numbers of executors.

use crate::at;
use tinderbox_model::WorkspaceId;
use tinderbox_store::{ScaleJob, ScaleJobState, Store};

fn job(id: &str, ms: i64) -> ScaleJob {
    ScaleJob {
        id: id.to_owned(),
        workspace: WorkspaceId::new("team-a"),
        body_hash: format!("hash of {id}"),
        plan: String::from(r#"{"nodes":[1,2]}"#),
        state: ScaleJobState::Open,
        answer: None,
        cancel_requested: None,
        created: at(ms),
        ended: None,
    }
}

pub async fn of_two_that_record_one_job_the_first_counts(store: Store) {
    let first = job("a", 1);
    let second = ScaleJob { body_hash: String::from("another"), ..job("a", 2) };
    assert_eq!(store.scale_job_create(&first).await.expect("records"), (first.clone(), false));
    assert_eq!(store.scale_job_create(&second).await.expect("answers"), (first.clone(), true));
    assert_eq!(store.scale_job_get("a").await.expect("reads"), Some(first));
    assert_eq!(store.scale_job_get("b").await.expect("reads"), None);
}

pub async fn the_end_of_a_job_stays(store: Store) {
    for (id, ms) in [("later", 9), ("first", 1), ("second", 1)] {
        store.scale_job_create(&job(id, ms)).await.expect("records");
    }
    let open = |jobs: Vec<ScaleJob>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    let listed = open(store.scale_job_open().await.expect("lists"));
    assert_eq!(listed, ["first", "second", "later"], "the oldest first");

    assert!(store.scale_job_request_cancel("first", at(20)).await.expect("notes"));
    assert!(store.scale_job_request_cancel("first", at(21)).await.expect("notes"));
    assert!(!store.scale_job_request_cancel("none", at(21)).await.expect("answers"));
    let end = |state, text: &str| (state, text.to_owned());
    for (id, state, text, ms) in [
        ("first", ScaleJobState::Cancelled, "null", 30),
        ("first", ScaleJobState::Succeeded, "{}", 31),
        ("later", ScaleJobState::Succeeded, r#"{"status":"SUCCESS"}"#, 32),
    ] {
        store.scale_job_end(id, end(state, text), at(ms)).await.expect("ends");
    }
    let first = store.scale_job_get("first").await.expect("reads").expect("is there");
    assert_eq!((first.state, first.ended), (ScaleJobState::Cancelled, Some(at(30))));
    assert_eq!((first.cancel_requested, first.answer.as_deref()), (Some(at(20)), Some("null")));
    let later = store.scale_job_get("later").await.expect("reads").expect("is there");
    assert_eq!(later.answer.as_deref(), Some(r#"{"status":"SUCCESS"}"#));
    assert!(!store.scale_job_request_cancel("later", at(40)).await.expect("answers"));
    assert_eq!(open(store.scale_job_open().await.expect("lists")), ["second"]);
}
