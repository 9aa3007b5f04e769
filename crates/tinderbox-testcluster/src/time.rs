//! Times as Kubernetes writes them: RFC 3339 in whole seconds, UTC.

use jiff::{SignedDuration, Timestamp};

pub(crate) fn now() -> String {
    written(Timestamp::now())
}

pub(crate) fn after_seconds(seconds: i64) -> String {
    let later = Timestamp::now().checked_add(SignedDuration::from_secs(seconds));
    written(later.unwrap_or(Timestamp::MAX))
}

fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
