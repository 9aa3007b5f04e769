//! Events of runs for OpenLineage, where a document asks for them: START when Spark runs, then COMPLETE, FAIL or ABORT.
//!
//! Delivery never decides about a run: tries and time are limited, and what could not be delivered is a note of the run.
//! The end is told before the run gets its final state, because nobody looks at a run that has one; who is killed in
//! between tells it again, with the same id.

use crate::plan::{AttemptRecord, LaunchPlan};
use crate::reconcile::Current;
use crate::{App, Error, blocking, chain};
use sha2::{Digest, Sha256};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tinderbox_collect::Post;
use tinderbox_model::{RunState, TimestampMs};
use tinderbox_spark::rest::Date;
use tinderbox_spec::{
    LineageTarget, OpenLineage, RunMoment, RunMomentKind, Spec, run_event, with_secrets,
};
use tinderbox_store::Run;

/// How often an event is sent before it is given up.
const TRIES: u32 = 3;
/// How long one try may take. A run whose receiver is silent ends so much later, times the tries.
const PATIENCE: Duration = Duration::from_secs(3);
/// Waiting time before the second try; then three times as much.
const FIRST_WAIT: Duration = Duration::from_millis(300);

impl App {
    /// Whether somebody is still to be told of the start.
    pub(crate) fn tells_start(&self, run: &Run, current: &Current) -> bool {
        let told = current.record.lineage;
        let is_open = !told.is_start_told && told.start_tries < TRIES;
        is_open && run.state == RunState::Running && LaunchPlan::of(run).tells_lineage
    }

    /// Tells of the start, once, with one try each time it is called.
    pub(crate) async fn tell_start(&self, run: &Run, current: &Current) -> Result<(), Error> {
        if !self.tells_start(run, current) {
            return Ok(());
        }
        let Some(teller) = self.teller(run, &current.record).await? else { return Ok(()) };
        let mut record = current.record.clone();
        record.lineage.start_tries += 1;
        match self.tell(&teller, teller.start()).await {
            Ok(()) => record.lineage.is_start_told = true,
            Err(_) if record.lineage.start_tries < TRIES => {}
            Err(reason) => record.notes.push(teller.note(RunMomentKind::Start, &reason)),
        }
        self.keep(&current.attempt, &record).await
    }

    /// Tells of the end, and of the start when it was not told.
    pub(crate) async fn tell_end(
        &self,
        run: &Run,
        Current { attempt, mut record }: Current,
        (state, at, error): (RunState, TimestampMs, Option<&str>),
    ) -> Result<(), Error> {
        let Some(teller) = self.teller(run, &record).await? else { return Ok(()) };
        let kind = match state {
            RunState::Succeeded => RunMomentKind::Complete,
            RunState::Failed => RunMomentKind::Fail,
            _ => RunMomentKind::Abort,
        };
        let is_given_up = record.lineage.start_tries >= TRIES;
        let start = (!record.lineage.is_start_told && !is_given_up).then(|| teller.start());
        let hidden = self.hidden(&LaunchPlan::of(run).secrets);
        let error = error.map(|error| hidden.mask(error));
        let end = teller.event(kind, at, error.as_deref());
        let events =
            start.map(|start| (RunMomentKind::Start, start)).into_iter().chain([(kind, end)]);
        for (kind, event) in events {
            let mut wait = FIRST_WAIT;
            let mut tries = 1;
            let told = loop {
                match self.tell(&teller, event.clone()).await {
                    Err(_) if tries < TRIES => {
                        tokio::time::sleep(wait).await;
                        (tries, wait) = (tries + 1, wait * 3);
                    }
                    told => break told,
                }
            };
            match told {
                Ok(()) => record.lineage.is_start_told = true,
                Err(reason) => {
                    tracing::warn!(run = %run.id, "{}", teller.note(kind, &reason));
                    record.notes.push(teller.note(kind, &reason));
                    self.keep(&attempt, &record).await?;
                    // Whoever did not take the first one has had its time.
                    break;
                }
            }
        }
        Ok(())
    }

    /// `None` when the document names no place for events.
    async fn teller(&self, run: &Run, record: &AttemptRecord) -> Result<Option<Teller>, Error> {
        let plan = LaunchPlan::of(run);
        if !plan.tells_lineage {
            return Ok(None);
        }
        let Ok(spec) = self.spec_of(run, &plan).await else { return Ok(None) };
        let Some(settings) = spec.open_lineage().cloned() else { return Ok(None) };
        Ok(Some(Teller {
            spec: match run.spark_version.clone() {
                Some(version) => spec.on_spark(version),
                None => spec,
            },
            settings,
            run: run.id.to_string(),
            run_id: run_id(&record.intent.marker),
            started: run.started.unwrap_or(run.created),
            base_directory: plan.base_directory.to_string_lossy().into_owned(),
        }))
    }

    /// One try. What went wrong comes without secrets.
    async fn tell(&self, teller: &Teller, event: String) -> Result<(), String> {
        let filled = |text: &str| {
            with_secrets(text, |name| self.secret(name))
                .map_err(|name| format!("{} is not set", tinderbox_spec::secret_variable(&name)))
        };
        match &teller.settings.target {
            LineageTarget::File(path) => {
                let path = Path::new(&teller.base_directory).join(path);
                let written = blocking(move || {
                    let file = std::fs::File::options().create(true).append(true).open(&path);
                    file.and_then(|mut file| file.write_all(format!("{event}\n").as_bytes()))
                        .map_err(|source| Error::File { path, source })
                });
                written.await.map_err(|error| chain(&error))
            }
            LineageTarget::Http(url) => {
                let bearer = teller.settings.api_key.as_deref().map(filled).transpose()?;
                let post = Post {
                    url: filled(url)?,
                    place: url.clone(),
                    bearer,
                    body: event,
                    limit: PATIENCE,
                };
                let names: Vec<String> =
                    teller.settings.secret_names().into_iter().map(str::to_owned).collect();
                let sent = self.inner.access.post(&post).await;
                sent.map_err(|error| self.hidden(&names).mask(&chain(&error)).into_owned())
            }
        }
    }
}

/// All that events of one attempt have in common.
struct Teller {
    spec: Spec,
    settings: OpenLineage,
    run: String,
    run_id: String,
    started: TimestampMs,
    base_directory: String,
}

impl Teller {
    fn start(&self) -> String {
        self.event(RunMomentKind::Start, self.started, None)
    }

    fn event(&self, kind: RunMomentKind, at: TimestampMs, error: Option<&str>) -> String {
        let moment = RunMoment {
            kind,
            time: &rfc3339(at),
            run_id: &self.run_id,
            run: &self.run,
            base_directory: &self.base_directory,
            error,
        };
        run_event(&self.spec, &moment).to_string()
    }

    fn note(&self, kind: RunMomentKind, reason: &str) -> String {
        format!("OpenLineage: the event {} could not be delivered: {reason}", kind.as_str())
    }
}

/// Names the attempt for others: the same UUID each time it is asked for, from the SHA-256 of the attempt's marker
/// (version 8, RFC 9562, appendix B.2).
fn run_id(marker: &str) -> String {
    let digest = Sha256::digest(format!("tinderbox/{marker}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

fn rfc3339(time: TimestampMs) -> String {
    // Spark's form has another name for UTC.
    Date(time).to_string().replace("GMT", "Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_6_11_an_attempt_has_one_id_and_others_have_others() {
        assert_eq!(run_id("a/1"), run_id("a/1"));
        assert_ne!(run_id("a/1"), run_id("a/2"));
        let id = uuid::Uuid::parse_str(&run_id("a/1")).unwrap();
        assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        assert_eq!(rfc3339(TimestampMs(1_795_203_158_710)), "2026-11-20T19:32:38.710Z");
    }
}
