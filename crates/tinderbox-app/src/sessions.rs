//! Applications that send their events without having been launched here: `spark.extraListeners` in somebody's
//! defaults, or a player of event logs.
//!
//! What a session sends is folded for its watchers, and kept as an event log of its own, so that a restart loses nothing
//! that was acknowledged. When the application ends, or is silent for long, that log is read like any other and deleted.

mod spool;

use crate::collect::{LogIdentity, id_of};
use crate::events::IngestRefusal;
use crate::live::Envelope;
use crate::{App, Error, blocking, chain, lock, now};
use spool::Spool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tinderbox_collect::{Depth, Location, list};
use tinderbox_model::{Bytes, Origin, RunId, RunState};
use tinderbox_store::Run;
use uuid::Uuid;

/// Sessions at a time; another one is asked to try again.
const MOST_SESSIONS: usize = 10_000;
/// A session that is silent for so long has lost its driver. A listener sends the metrics of executors every ten seconds.
const SILENT: Duration = Duration::from_secs(600);
/// How often silent ones are looked for.
const LOOK_PERIOD: Duration = Duration::from_secs(60);

/// The sessions that are open.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<Uuid, Arc<Slot>>>,
}

/// A session, or the place where it is being opened. Its batches are taken one after the other.
type Slot = tokio::sync::Mutex<Option<Session>>;

#[derive(Debug)]
struct Session {
    spool: Spool,
    run: RunId,
    /// Whether the store has the run: from when its name is known.
    is_listed: bool,
    heard: Instant,
}

impl Sessions {
    fn slot(&self, session: Uuid) -> Option<Arc<Slot>> {
        let mut open = lock(&self.open);
        if !open.contains_key(&session) && open.len() >= MOST_SESSIONS {
            return None;
        }
        Some(open.entry(session).or_default().clone())
    }

    fn forget(&self, session: Uuid) {
        lock(&self.open).remove(&session);
    }

    /// Those that may be silent; one that is taking a batch is not.
    fn silent(&self, limit: Duration) -> Vec<Uuid> {
        let open = lock(&self.open);
        let is_silent = |slot: &Slot| {
            let Ok(session) = slot.try_lock() else { return false };
            session.as_ref().is_none_or(|session| session.heard.elapsed() > limit)
        };
        open.iter().filter(|(_, slot)| is_silent(slot)).map(|(id, _)| *id).collect()
    }
}

impl App {
    /// Takes a batch of a session. `first_line` is where its events begin in `body`.
    pub(crate) async fn ingest_session(
        &self,
        envelope: Envelope,
        body: impl AsRef<[u8]> + Send + 'static,
        first_line: usize,
    ) -> Result<(), IngestRefusal> {
        let id = Uuid::parse_str(&envelope.session).map_err(|_| IngestRefusal::Malformed)?;
        let slot = self.inner.sessions.slot(id).ok_or(IngestRefusal::Unavailable)?;
        let mut place = slot.lock_owned().await;
        let unavailable = |error: Error| {
            tracing::warn!(session = %id, "a batch was not taken: {}", chain(&error));
            IngestRefusal::Unavailable
        };
        if place.is_none() {
            let run = self.run_of_session(id).await.map_err(unavailable)?;
            let Some(run) = run else {
                self.inner.sessions.forget(id);
                return Err(IngestRefusal::NotWanted);
            };
            *place = Some(self.open_session(id, run).await.map_err(unavailable)?);
        }
        let ends = envelope.is_last;
        let app = self.clone();
        let taken = blocking(move || {
            let Some(session) = place.as_mut() else { return Ok(place) };
            session.heard = Instant::now();
            let lines = &body.as_ref()[first_line..];
            if session.spool.append(envelope.seq, lines)? {
                app.inner.live.take_batch(&session.run, envelope, lines);
            }
            Ok(place)
        });
        let mut place = taken.await.map_err(unavailable)?;
        let Some(session) = place.as_mut() else { return Err(IngestRefusal::NotWanted) };
        self.list_session(session).await.map_err(unavailable)?;
        let run = session.run.clone();
        drop(place);
        self.announce(&run);
        if ends {
            self.spawn(self.clone().end_session(id));
        }
        Ok(())
    }

    /// The run of a session; `None` when it has ended.
    async fn run_of_session(&self, id: Uuid) -> Result<Option<RunId>, Error> {
        let run = id_of(&url_of(id));
        let stored = self.inner.store.run_get(&run).await?;
        Ok(stored.is_none_or(|stored| !stored.state.is_final()).then_some(run))
    }

    /// Opens a session, with what an earlier process took of it.
    async fn open_session(&self, id: Uuid, run: RunId) -> Result<Session, Error> {
        let is_listed = self.inner.store.run_get(&run).await?.is_some();
        let app = self.clone();
        blocking(move || {
            let spool = Spool::open(app.inner.data_dir.root(), id)?;
            if spool.next_seq() > 0 {
                let replay = app.inner.live.replay(&run, &id.to_string(), spool.next_seq());
                spool.replay(replay)?;
            }
            Ok(Session { spool, run, is_listed, heard: Instant::now() })
        })
        .await
    }

    /// Puts the run into the list when the application has said its name.
    async fn list_session(&self, session: &mut Session) -> Result<(), Error> {
        if session.is_listed {
            return Ok(());
        }
        let head = self.inner.live.read(&session.run, |live| live.fold().head().clone());
        let Some(head) = head.filter(|head| head.id.is_some()) else { return Ok(()) };
        let run = Run {
            job_type: "application".to_owned(),
            origin: Origin::Observed,
            state: RunState::Running,
            started: head.start_time,
            application_id: head.id,
            spark_version: head.spark_version,
            user: head.user,
            ..Run::new(session.run.clone(), head.name, now())
        };
        self.inner.store.run_create(&run).await?;
        session.is_listed = true;
        Ok(())
    }

    /// Reads the log of a session that has ended, and forgets the session.
    async fn end_session(self, id: Uuid) {
        match self.try_end_session(id).await {
            Ok(()) => self.inner.sessions.forget(id),
            // Its log stays, and is looked at again.
            Err(error) => tracing::warn!(session = %id, "cannot be stored: {}", chain(&error)),
        }
    }

    async fn try_end_session(&self, id: Uuid) -> Result<(), Error> {
        let Some(slot) = self.inner.sessions.slot(id) else { return Ok(()) };
        let mut place = slot.lock().await;
        let session = match place.take() {
            Some(session) => session,
            None => match self.run_of_session(id).await? {
                Some(run) => self.open_session(id, run).await?,
                // Stored, and the process died before the log was deleted.
                None => {
                    let root = self.inner.data_dir.root().to_owned();
                    return blocking(move || Spool::open(&root, id)?.remove()).await;
                }
            },
        };
        let run = session.run.clone();
        if session.spool.next_seq() > 0 {
            self.read_session(id, &session).await?;
        }
        blocking(move || session.spool.remove()).await?;
        self.inner.live.forget(&run);
        self.announce(&run);
        Ok(())
    }

    async fn read_session(&self, id: Uuid, session: &Session) -> Result<(), Error> {
        let location = Location::Local(session.spool.path().to_owned());
        let listed = blocking(move || list(&location, Depth::OneLevel).map_err(Error::Collect));
        let Some(log) = listed.await?.logs.pop() else { return Ok(()) };
        let identity =
            LogIdentity { url: url_of(id), size: Bytes::ZERO, modified: log.version.modified };
        let _alone = self.inner.collecting.lock().await;
        let reading = self.inner.opening.begin(session.run.clone(), &log);
        match self.collect_log(identity, &log, reading).await {
            // It ended before Spark said anything.
            Err(Error::Collect(tinderbox_collect::Error::Empty { .. })) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Ends sessions that are silent, also those that an earlier process has left, until [`App::close`].
    pub(crate) async fn end_silent_sessions(self) {
        loop {
            let root = self.inner.data_dir.root().to_owned();
            let left = blocking(move || Ok(Spool::left_over(&root, SILENT))).await;
            let mut silent = self.inner.sessions.silent(SILENT);
            let known: Vec<Uuid> = lock(&self.inner.sessions.open).keys().copied().collect();
            silent.extend(left.unwrap_or_default().into_iter().filter(|id| !known.contains(id)));
            for id in silent {
                self.clone().end_session(id).await;
            }
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }
}

/// By what its log is known.
fn url_of(session: Uuid) -> String {
    format!("live:{session}")
}
