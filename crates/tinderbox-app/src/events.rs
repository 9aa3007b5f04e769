//! What listeners send.

use crate::live::Envelope;
use crate::plan::{AttemptRecord, LaunchPlan};
use crate::{App, DataDir, Error, blocking};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use tinderbox_model::{AttemptNumber, RunId, RunState};
use tinderbox_store::Run;

/// Why a batch was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IngestRefusal {
    /// The body does not begin with an envelope of version 1.
    Malformed,
    /// The token is not that of the attempt.
    Unauthorized,
    /// The run has ended or is not known.
    NotWanted,
    /// The store does not answer; the same batch may be sent again.
    Unavailable,
}

impl App {
    /// Folds a batch of events into its run. A batch that was taken before changes nothing.
    ///
    /// # Errors
    /// See [`IngestRefusal`].
    pub async fn ingest(
        &self,
        token: Option<&str>,
        body: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<(), IngestRefusal> {
        let whole = body.as_ref();
        let (envelope, lines) = Envelope::split(whole).ok_or(IngestRefusal::Malformed)?;
        let first_line = whole.len() - lines.len();
        let Some(run) = envelope.run.clone() else {
            return self.ingest_session(envelope, body, first_line).await;
        };
        let attempt = AttemptNumber(envelope.attempt.unwrap_or(1));
        let stored = self.admit(&run, attempt, token).await?;
        // A batch can hold an event of many megabytes, and its run's fold may be locked by a reader.
        let (app, id) = (self.clone(), run.clone());
        // Spark hides what is secret by name; a message of an error may still hold it.
        let hidden = self.hidden(&LaunchPlan::of(&stored).secrets);
        let folded = blocking(move || {
            let lines = hidden.mask_bytes(&body.as_ref()[first_line..]);
            app.inner.live.take_batch(&id, envelope, &lines);
            Ok(())
        });
        folded.await.map_err(|_| IngestRefusal::Unavailable)?;
        self.note_start(&stored).await;
        self.forget_when_over(&run).await;
        self.announce(&run);
        Ok(())
    }

    /// The run may have ended, and been forgotten, while this batch was folded: then nobody else forgets it.
    async fn forget_when_over(&self, run: &RunId) {
        if let Ok(Some(run)) = self.inner.store.run_get(run).await
            && run.state.is_final()
        {
            self.inner.live.forget(&run.id);
        }
    }

    async fn admit(
        &self,
        run: &RunId,
        attempt: AttemptNumber,
        token: Option<&str>,
    ) -> Result<Run, IngestRefusal> {
        let unavailable = |_| IngestRefusal::Unavailable;
        let store = &self.inner.store;
        let stored =
            store.run_get(run).await.map_err(unavailable)?.ok_or(IngestRefusal::NotWanted)?;
        if stored.state.is_final() {
            return Err(IngestRefusal::NotWanted);
        }
        let latest = store.attempt_latest(run).await.map_err(unavailable)?;
        let record = latest
            .filter(|latest| latest.number == attempt)
            .and_then(|latest| AttemptRecord::of(&latest))
            .ok_or(IngestRefusal::NotWanted)?;
        let given = token.map(sha256_hex);
        if given.is_none() || given != record.ingest_token_sha256 {
            return Err(IngestRefusal::Unauthorized);
        }
        Ok(stored)
    }

    /// The first event of an application makes its run `running`.
    async fn note_start(&self, run: &Run) {
        if matches!(run.state, RunState::Starting | RunState::Submitting | RunState::Lost) {
            self.note_running(&run.id, run.state).await;
        }
    }
}

/// SHA-256 in hex.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A token that nobody can guess: 244 random bits of the system (two version-4 UUIDs).
pub(crate) fn new_token() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// Puts the embedded jar where Spark can read it. The name carries the content's hash, so that a newer program never
/// changes a jar under a running driver.
pub(crate) fn unpack_listener(data_dir: &DataDir, jar: &[u8]) -> Result<PathBuf, Error> {
    let hash = hex(&Sha256::digest(jar));
    let folder = data_dir.root().join("lib");
    let path = folder.join(format!("tinderbox-listener-{}.jar", &hash[..16]));
    let failed = |source| Error::File { path: path.clone(), source };
    if std::fs::metadata(&path).is_ok_and(|data| data.len() == jar.len() as u64) {
        return Ok(path);
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, jar).map_err(failed)?;
    std::fs::rename(&fresh, &path).map_err(failed)?;
    Ok(path)
}
