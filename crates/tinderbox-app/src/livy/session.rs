//! Livy's sessions: statements one after the other, on a Sail of the session's own or on a Spark Connect server. They live as long as
//! the server does; one that nobody uses for an hour is ended (Livy's `livy.server.session.timeout`).

use super::Livy;
use super::python::{Python, Said};
use crate::{App, Error, OwnSession, SparkPlaces, chain, lock, now};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tinderbox_connect::{Column, InteractiveSession, Limits, OperationId};
use tinderbox_engine::Host;
use tinderbox_model::{Bytes, TimestampMs};
use tokio::sync::{Notify, mpsc};

/// Sessions at a time: each may have a Sail of its own.
const MOST: usize = 8;
/// Sessions that are known, those that have ended among them.
const REMEMBERED: usize = 100;
/// Statements that wait in a session.
const WAITING: usize = 1_000;
/// How long a session without a statement lives.
const IDLE: Duration = Duration::from_secs(3_600);
/// What an answer may take; Livy's `livy.rsc.sql.num-rows` is 1,000, too.
const LIMITS: Limits =
    Limits { rows: 1_000, bytes: Bytes(64 << 20), time: Duration::from_secs(24 * 3_600) };

/// What statements are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LivyKind {
    /// Spark's SQL.
    Sql,
    /// Python with PySpark's client of Spark Connect, in a process of the session's own.
    PySpark,
    /// What each statement says, which is SQL; Livy's default.
    Shared,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LivyState {
    /// The server is being started or asked.
    Starting,
    /// Nothing runs.
    Idle,
    /// A statement runs.
    Busy,
    /// It is being ended.
    ShuttingDown,
    /// It could not begin, or its server is gone.
    Dead,
    /// It was ended on demand, or for want of use.
    Killed,
}

/// A session that is wanted.
#[derive(Debug, Clone)]
pub struct NewLivySession {
    /// What its owner calls it.
    pub name: Option<String>,
    /// What its statements are written in.
    pub kind: LivyKind,
    /// A Spark Connect server, `sc://HOST:PORT`; a Sail of its own when left out.
    pub server: Option<String>,
}

/// A session.
#[derive(Debug, Clone)]
pub struct LivySession {
    /// Livy's id.
    pub number: u32,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What its statements are written in.
    pub kind: LivyKind,
    /// Where it stands.
    pub state: LivyState,
    /// What happened to it, in sentences.
    pub log: Vec<String>,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementState {
    /// Others run before it.
    Waiting,
    /// It runs.
    Running,
    /// It has ended, well or not.
    Available,
    /// Its end was asked for.
    Cancelling,
    /// It was ended before its end.
    Cancelled,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct LivyStatement {
    /// Counts from 0 in its session.
    pub id: usize,
    /// As it was sent.
    pub code: String,
    /// Where it stands.
    pub state: StatementState,
    /// Columns and rows, or what went wrong; nothing before it has ended.
    pub output: Option<StatementOutput>,
    /// When it began to run.
    pub started: Option<TimestampMs>,
    /// When it ended.
    pub completed: Option<TimestampMs>,
}

/// What came of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementOutput {
    /// Of SQL.
    Rows(StatementRows),
    /// Of Python: what was printed.
    Text(String),
    /// It failed.
    Failed {
        /// The class of the error.
        name: String,
        /// Its message.
        message: String,
        /// Of Python, line by line.
        traceback: Vec<String>,
    },
}

/// The rows of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementRows {
    /// Names, and types in Spark's words.
    pub columns: Vec<Column>,
    /// A value per column each.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// All sessions by their numbers.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_number: Mutex<BTreeMap<u32, Arc<Held>>>,
}

#[derive(Debug)]
struct Held {
    shown: Mutex<Shown>,
    queue: mpsc::Sender<usize>,
    /// Ends the session.
    stop: Notify,
    /// Ends the statement that runs.
    cancel: Notify,
}

#[derive(Debug)]
struct Shown {
    session: LivySession,
    statements: Vec<LivyStatement>,
}

impl App {
    /// Begins a session; it is ready when it is idle. `None`: there are too many.
    ///
    /// # Errors
    /// [`Error::File`].
    pub async fn livy_open(&self, new: NewLivySession) -> Result<Option<LivySession>, Error> {
        if !self.has_room() {
            return Ok(None);
        }
        let number = self.next_session().await?;
        let (queue, asked) = mpsc::channel(WAITING);
        let session = LivySession {
            number,
            name: new.name,
            kind: new.kind,
            state: LivyState::Starting,
            log: Vec::new(),
        };
        let shown = Mutex::new(Shown { session: session.clone(), statements: Vec::new() });
        let held = Arc::new(Held { shown, queue, stop: Notify::new(), cancel: Notify::new() });
        let mut all = self.sessions();
        // Those that have ended are kept for who asks why, and not for ever.
        while all.len() >= REMEMBERED
            && let Some(number) = all.iter().find(|(_, held)| held.is_over()).map(|(at, _)| *at)
        {
            all.remove(&number);
        }
        all.insert(number, Arc::clone(&held));
        drop(all);
        let at = Wanted {
            places: self.inner.places.clone(),
            host: self.inner.host.clone(),
            server: new.server,
            kind: new.kind,
        };
        self.spawn(serve(held, asked, at));
        Ok(Some(session))
    }

    /// A session by its number or its name.
    pub fn livy_session(&self, text: &str) -> Option<LivySession> {
        self.held(text).map(|held| lock(&held.shown).session.clone())
    }

    /// All sessions in the order of their numbers.
    pub fn livy_sessions(&self) -> Vec<LivySession> {
        let all = self.sessions();
        all.values().map(|held| lock(&held.shown).session.clone()).collect()
    }

    /// Ends a session and forgets it; false when there is none.
    pub fn livy_close(&self, text: &str) -> bool {
        let Some(held) = self.held(text) else { return false };
        let number = {
            let mut shown = lock(&held.shown);
            shown.session.state = LivyState::ShuttingDown;
            shown.session.number
        };
        held.stop.notify_one();
        self.sessions().remove(&number);
        true
    }

    /// Puts a statement into a session's queue; `None`: there is no such session, or it takes none any more.
    pub fn livy_execute(&self, text: &str, code: String) -> Option<LivyStatement> {
        let held = self.held(text)?;
        let mut shown = lock(&held.shown);
        if matches!(
            shown.session.state,
            LivyState::ShuttingDown | LivyState::Dead | LivyState::Killed
        ) {
            return None;
        }
        let statement = LivyStatement {
            id: shown.statements.len(),
            code,
            state: StatementState::Waiting,
            output: None,
            started: None,
            completed: None,
        };
        held.queue.try_send(statement.id).ok()?;
        shown.statements.push(statement.clone());
        Some(statement)
    }

    /// The statements of a session, in their order; `None`: there is no such session.
    pub fn livy_statements(&self, text: &str) -> Option<Vec<LivyStatement>> {
        self.held(text).map(|held| lock(&held.shown).statements.clone())
    }

    /// Asks for the end of a statement; false when there is none.
    pub fn livy_cancel(&self, text: &str, id: usize) -> bool {
        let Some(held) = self.held(text) else { return false };
        let mut shown = lock(&held.shown);
        let Some(statement) = shown.statements.get_mut(id) else { return false };
        match statement.state {
            StatementState::Waiting => statement.state = StatementState::Cancelled,
            StatementState::Running => {
                statement.state = StatementState::Cancelling;
                held.cancel.notify_one();
            }
            StatementState::Available | StatementState::Cancelling | StatementState::Cancelled => {}
        }
        true
    }

    fn has_room(&self) -> bool {
        self.sessions().values().filter(|held| !held.is_over()).count() < MOST
    }

    fn held(&self, text: &str) -> Option<Arc<Held>> {
        let all = self.sessions();
        match text.parse() {
            Ok(number) => all.get(&number).cloned(),
            Err(_) => all
                .values()
                .find(|held| lock(&held.shown).session.name.as_deref() == Some(text))
                .cloned(),
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Arc<Held>>> {
        let Livy { sessions, .. } = &self.inner.livy;
        lock(&sessions.by_number)
    }
}

/// A session from its beginning to its end.
async fn serve(held: Arc<Held>, mut asked: mpsc::Receiver<usize>, wanted: Wanted) {
    let opened = tokio::select! {
        opened = Runner::open(&wanted) => opened,
        () = held.stop.notified() => return held.ended(LivyState::Killed, "it was ended while it began"),
    };
    let mut runner = match opened {
        Ok(runner) => runner,
        Err(why) => return held.ended(LivyState::Dead, &why),
    };
    held.moves(LivyState::Idle);
    held.says(&format!("session {} at {}", runner.own.session.id(), runner.own.session.url()));
    let end = loop {
        let next = tokio::select! {
            next = tokio::time::timeout(IDLE, asked.recv()) => next,
            () = held.stop.notified() => break (LivyState::Killed, "it was ended"),
        };
        let Ok(Some(id)) = next else {
            break (LivyState::Killed, "nobody used it for an hour");
        };
        if !held.begins(id) {
            continue;
        }
        let code = held.code(id);
        // A statement of which half was sent could not be interrupted.
        let sent = tokio::select! {
            sent = runner.send(&code) => sent,
            () = held.stop.notified() => break (LivyState::Killed, "it was ended"),
        };
        let ran = async {
            sent?;
            runner.answer(code).await
        };
        let ran = tokio::select! {
            ran = ran => Some(ran),
            () = held.cancelled(id) => None,
            () = held.stop.notified() => break (LivyState::Killed, "it was ended"),
        };
        let ran = match ran {
            Some(Ok(output)) => Some(output),
            Some(Err(why)) => {
                held.ends(id, Some(failed("Error", &why)));
                held.says(&why);
                break (LivyState::Dead, "its process is gone");
            }
            None if runner.interrupt().await => None,
            None => break (LivyState::Dead, "a statement could not be interrupted"),
        };
        held.ends(id, ran);
    };
    held.ended(end.0, end.1);
    // What still runs is interrupted with it; an own Sail ends.
    let _ = runner.own.session.close().await;
}

/// What a session runs on.
struct Wanted {
    places: SparkPlaces,
    host: Host,
    server: Option<String>,
    kind: LivyKind,
}

/// Who runs statements.
struct Runner {
    own: OwnSession,
    /// Of a session of Python; dropped first, before its server.
    python: Option<Python>,
}

impl Runner {
    async fn open(wanted: &Wanted) -> Result<Self, String> {
        let server = wanted.server.as_deref();
        let own = OwnSession::open(&wanted.places, server).await.map_err(|error| told(&error))?;
        let python = match wanted.kind {
            LivyKind::PySpark => {
                // The session's own address is without its token.
                let remote = server.unwrap_or(own.session.url());
                Some(Python::start(wanted.host.clone(), remote).await?)
            }
            LivyKind::Sql | LivyKind::Shared => None,
        };
        Ok(Self { own, python })
    }

    /// An error is the end of the session.
    async fn send(&mut self, code: &str) -> Result<(), String> {
        match &mut self.python {
            Some(python) => python.send(code).await,
            None => Ok(()),
        }
    }

    /// What comes of the statement that was sent. An error is the end of the session.
    async fn answer(&mut self, code: String) -> Result<StatementOutput, String> {
        let Some(python) = &mut self.python else {
            return Ok(run_sql(&self.own.session, code).await);
        };
        Ok(match python.answer().await? {
            Said { text: Some(text), .. } => StatementOutput::Text(text),
            Said { ename, evalue, traceback, .. } => StatementOutput::Failed {
                name: ename.unwrap_or_default(),
                message: evalue.unwrap_or_default(),
                traceback,
            },
        })
    }

    /// After waiting for a statement was given up, which interrupts SQL; false when the session cannot go on.
    async fn interrupt(&mut self) -> bool {
        match &mut self.python {
            Some(python) => python.interrupt().await,
            None => true,
        }
    }
}

async fn run_sql(session: &InteractiveSession, code: String) -> StatementOutput {
    let answered = async {
        let answer = session.sql(&code, OperationId::random(), LIMITS).await?;
        Ok(StatementRows { rows: answer.rows()?, columns: answer.columns() })
    };
    match answered.await {
        Ok(rows) => StatementOutput::Rows(rows),
        Err::<_, tinderbox_connect::Error>(error) => match error.failure(Some(&code)) {
            Some(failure) => failed(failure.class.as_deref().unwrap_or("Error"), &failure.message),
            None => failed("Error", &chain(&error)),
        },
    }
}

fn failed(name: &str, message: &str) -> StatementOutput {
    StatementOutput::Failed {
        name: name.to_owned(),
        message: message.to_owned(),
        traceback: Vec::new(),
    }
}

pub(super) fn told(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{}; {hint}", chain(error)),
        None => chain(error),
    }
}

impl Held {
    fn is_over(&self) -> bool {
        matches!(lock(&self.shown).session.state, LivyState::Dead | LivyState::Killed)
    }

    fn moves(&self, state: LivyState) {
        let mut shown = lock(&self.shown);
        if shown.session.state != LivyState::ShuttingDown {
            shown.session.state = state;
        }
    }

    fn says(&self, line: &str) {
        lock(&self.shown).session.log.push(line.to_owned());
    }

    fn ended(&self, state: LivyState, why: &str) {
        self.says(why);
        let mut shown = lock(&self.shown);
        shown.session.state = state;
        for statement in &mut shown.statements {
            if !matches!(statement.state, StatementState::Available | StatementState::Cancelled) {
                statement.state = StatementState::Cancelled;
            }
        }
    }

    /// Waits until the end of this statement is asked for. What was asked of one before it, which ended just then, is not meant.
    async fn cancelled(&self, id: usize) {
        let is_meant = || {
            let shown = lock(&self.shown);
            shown.statements.get(id).is_some_and(|one| one.state == StatementState::Cancelling)
        };
        loop {
            self.cancel.notified().await;
            if is_meant() {
                return;
            }
        }
    }

    fn code(&self, id: usize) -> String {
        let shown = lock(&self.shown);
        shown.statements.get(id).map(|statement| statement.code.clone()).unwrap_or_default()
    }

    /// False of one that was cancelled while it waited.
    fn begins(&self, id: usize) -> bool {
        let mut shown = lock(&self.shown);
        let Some(statement) = shown.statements.get_mut(id) else { return false };
        if statement.state != StatementState::Waiting {
            return false;
        }
        (statement.state, statement.started) = (StatementState::Running, Some(now()));
        shown.session.state = LivyState::Busy;
        true
    }

    /// `None` of one that was cancelled: dropping its question has interrupted it.
    fn ends(&self, id: usize, ran: Option<StatementOutput>) {
        let mut shown = lock(&self.shown);
        if let Some(statement) = shown.statements.get_mut(id) {
            let is_cancelled = ran.is_none();
            statement.state = match is_cancelled {
                true => StatementState::Cancelled,
                false => StatementState::Available,
            };
            (statement.output, statement.completed) = (ran, Some(now()));
        }
        if shown.session.state == LivyState::Busy {
            shown.session.state = LivyState::Idle;
        }
    }
}
