//! Sessions in which people work: statements, rows of nodes, plans, one after the other and from several processes.
//!
//! A session lives on its server under an id that was chosen here. Nothing is stored by this module: who keeps the id and the
//! profile comes back with [`InteractiveSession::reattach`], from any process. Every operation has an id of ours too, by which
//! it is interrupted and its rows are fetched, also after the process that started it has ended.

mod explain;
mod profile;
mod statement;

pub use explain::ExplainMode;
pub use profile::{ConnectProfile, SessionId};
pub use statement::{NodeRows, NodeRun};

use crate::session::{ANSWERS, user};
use crate::{Engine, Error, OperationId, Session, operation};
use spark_connect_core::SparkError;
use spark_connect_proto as proto;

/// A property of the session that holds its id: a server that was started again, or that has ended the session, has none.
const MARK: &str = "spark.tinderbox.session";
/// gRPC's code for a call that a server does not have.
const UNIMPLEMENTED: i32 = 12;

/// A session on a server, for many operations at a time. Clones are handles of the same session.
#[derive(Debug, Clone)]
pub struct InteractiveSession {
    session: Session,
    engine: Engine,
    id: SessionId,
}

/// What became of a session that was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The server has ended it.
    Ended,
    /// What ran in it was interrupted. Spark 3.5 cannot be told to end a session; it does after an hour without use.
    Left,
}

impl InteractiveSession {
    /// Begins a session under this id.
    ///
    /// # Errors
    /// [`Error::BadAddress`], [`Error::Unreachable`], [`Error::Forbidden`].
    pub async fn open(profile: &ConnectProfile, id: SessionId) -> Result<Self, Error> {
        let (opened, _) = Self::dial(profile, id).await?;
        let mark = id.to_string();
        opened.asked(opened.session.client().set_config(MARK, &mark)).await?;
        Ok(opened)
    }

    /// Comes back to a session that was opened before, by this process or another one, with all that is set and made in it.
    ///
    /// # Errors
    /// [`Error::SessionLost`] when the server does not have it any more, and those of [`InteractiveSession::open`].
    pub async fn reattach(profile: &ConnectProfile, id: SessionId) -> Result<Self, Error> {
        let lost =
            |problem: &str| Error::SessionLost { id: id.to_string(), problem: problem.to_owned() };
        let (found, mark) = match Self::dial(profile, id).await {
            Ok(dialed) => dialed,
            Err(Error::Unreachable { problem, .. }) if is_closed(&problem) => {
                return Err(lost("it was closed"));
            }
            Err(error) => return Err(error),
        };
        if mark == Some(id.to_string()) {
            return Ok(found);
        }
        // Asking may have begun a session of this id. It is left alone: it may as well be that of another program.
        Err(lost(
            "the server does not know it; it was started again, or has ended the session unused",
        ))
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Who computes: found out, not said by the caller.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where the server is, without a token.
    pub fn url(&self) -> &str {
        self.session.url()
    }

    /// The version that the server says it has.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::Unreachable`].
    pub async fn version(&self) -> Result<String, Error> {
        let too_slow = |_| self.too_slow();
        tokio::time::timeout(ANSWERS, self.session.version()).await.map_err(too_slow)?
    }

    /// Interrupts all that runs for an operation, whoever has started it; false when nothing did.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::Unreachable`].
    pub async fn interrupt(&self, operation: OperationId) -> Result<bool, Error> {
        let tag = operation.tag();
        Ok(!self.asked(self.session.client().interrupt_tag(&tag)).await?.is_empty())
    }

    /// Interrupts everything that runs in the session, and says how many executions that were. Sail counts those that have ended,
    /// too.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::Unreachable`].
    pub async fn interrupt_all(&self) -> Result<usize, Error> {
        Ok(self.asked(self.session.client().interrupt_all()).await?.len())
    }

    /// Has the server forget the rows of an operation, which it else keeps for some minutes.
    pub async fn release(&self, operation: OperationId) {
        // What is not forgotten now is in some minutes.
        let _ = tokio::time::timeout(ANSWERS, operation::release(&self.session, operation)).await;
    }

    /// Ends the session and everything that runs and is kept in it. Waits 20 seconds at most for each of two answers.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::Unreachable`].
    pub async fn close(self) -> Result<Closed, Error> {
        let client = self.session.client();
        // What has ended meanwhile is not to be interrupted.
        let _ = self.asked(client.interrupt_all()).await;
        let Ok(released) = tokio::time::timeout(ANSWERS, client.release_session()).await else {
            return Err(self.too_slow());
        };
        match released {
            Ok(()) => Ok(Closed::Ended),
            Err(error) if error.grpc_code() == Some(UNIMPLEMENTED) => {
                self.asked(client.unset_config(MARK)).await?;
                Ok(Closed::Left)
            }
            Err(error) if is_closed(&error.to_string()) => Ok(Closed::Ended),
            Err(error) => Err(self.session.failure(&error)),
        }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// The answer to a call that computes nothing.
    async fn asked<T>(
        &self,
        call: impl Future<Output = Result<T, SparkError>>,
    ) -> Result<T, Error> {
        let answer = tokio::time::timeout(ANSWERS, call).await.map_err(|_| self.too_slow())?;
        answer.map_err(|error| self.session.failure(&error))
    }

    fn too_slow(&self) -> Error {
        let problem = format!("nothing came for {} s", ANSWERS.as_secs());
        Error::Unreachable { url: self.session.url().to_owned(), problem }
    }

    /// A session of this id, and the mark that it has.
    async fn dial(
        profile: &ConnectProfile,
        id: SessionId,
    ) -> Result<(Self, Option<String>), Error> {
        let session_id = id.to_string();
        let parameters = profile.parameters(&session_id);
        let dialed = Session::dial(&profile.address, &parameters).await;
        let session = dialed.map_err(|error| profile.without_token(error))?;
        let asked = session.client().config(mark_of(&session));
        let answer = session.first_answer(&profile.address, asked).await;
        let answer = answer.map_err(|error| profile.without_token(error))?;
        // The server's own id of the session: Spark makes one at random, Spark 3.5 has none, and Sail takes ours.
        let is_sail = answer.server_side_session_id == session_id;
        let engine = if is_sail { Engine::Sail } else { Engine::Spark };
        let mark = answer.pairs.into_iter().find(|pair| pair.key == MARK);
        Ok((Self { session, engine, id }, mark.and_then(|pair| pair.value)))
    }
}

/// Spark's INVALID_HANDLE.SESSION_CLOSED, and Sail's words for the same.
fn is_closed(problem: &str) -> bool {
    problem.contains("SESSION_CLOSED") || problem.contains("is not running")
}

/// Asks for the mark of the session, and gets nothing where it has none.
fn mark_of(session: &Session) -> proto::ConfigRequest {
    use proto::config_request::{GetOption, Operation, operation::OpType};
    let get = OpType::GetOption(GetOption { keys: vec![MARK.to_owned()] });
    proto::ConfigRequest {
        session_id: session.client().session_id().to_owned(),
        user_context: Some(user(session.client())),
        operation: Some(Operation { op_type: Some(get) }),
        ..Default::default()
    }
}
