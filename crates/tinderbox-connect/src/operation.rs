//! One execution on a server: started under an id of our own, read to its end however often the stream breaks, interrupted
//! when nobody waits for it any more.

use crate::session::{Client, Session};
use crate::{Error, session};
use proto::execute_plan_request::{RequestOption, request_option};
use proto::execute_plan_response::ResponseType;
use spark_connect_core::SparkError;
use spark_connect_proto as proto;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tonic::Streaming;
use uuid::Uuid;

/// The id of an execution, chosen here, by which any process that knows the session interrupts it or fetches its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(Uuid);

impl OperationId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// All executions that an operation needs have this tag.
    pub(crate) fn tag(self) -> String {
        format!("tinderbox-{self}")
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OperationId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let id = text.parse().map_err(|_| Error::BadId { text: text.to_owned() })?;
        Ok(Self(id))
    }
}

/// What an execution gives.
pub(crate) enum Part {
    /// An Arrow stream.
    Rows(Vec<u8>),
    /// Where the rows of a SQL statement are.
    Result(Box<proto::Relation>),
}

/// An execution whose answers are being read.
pub(crate) struct Running {
    session: Session,
    id: OperationId,
    stream: Streaming<proto::ExecutePlanResponse>,
    last_response: Option<String>,
    tries: Tries,
    /// Whether nobody else is going to fetch the answers.
    is_ours: bool,
    guard: Interrupt,
}

/// How often a stream that breaks at once is asked for again. Spark ends every stream after two minutes
/// (`spark.connect.execute.reattachable.senderMaxStreamDuration`), which is none of these.
const MOST_TRIES: u32 = 4;
/// Streams that live longer have not broken at once.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Before the first of them; four times longer before each other one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

struct Tries {
    done: u32,
    since: Instant,
}

impl Tries {
    fn new() -> Self {
        Self { done: 0, since: Instant::now() }
    }

    /// Waits a moment; false when there were enough of them.
    async fn again(&mut self) -> bool {
        if self.since.elapsed() > AT_ONCE {
            self.done = 0;
        }
        if self.done == MOST_TRIES {
            return false;
        }
        tokio::time::sleep(FIRST_PAUSE * 4_u32.pow(self.done)).await;
        self.done += 1;
        self.since = Instant::now();
        true
    }
}

impl Running {
    /// Starts an execution as one of those that `operation` needs, under the id `id`.
    pub(crate) async fn start(
        session: &Session,
        plan: proto::plan::OpType,
        id: OperationId,
        operation: OperationId,
    ) -> Result<Self, Error> {
        let client = session.client();
        let reattach = proto::ReattachOptions { reattachable: true };
        let reattach = request_option::RequestOption::ReattachOptions(reattach);
        let request = proto::ExecutePlanRequest {
            session_id: client.session_id().to_owned(),
            user_context: Some(session::user(client)),
            operation_id: Some(id.to_string()),
            plan: Some(proto::Plan { op_type: Some(plan) }),
            request_options: vec![RequestOption { request_option: Some(reattach) }],
            tags: vec![operation.tag()],
            ..Default::default()
        };
        // Made before anything is sent, so that whoever stops waiting for the first answer interrupts too.
        let mut guard = Interrupt { client: session.shared_client(), operation: Some(id) };
        let mut tries = Tries::new();
        let stream = loop {
            let error = match client.execute_plan(request.clone()).await {
                Ok(stream) => break stream,
                Err(error) => error,
            };
            if !is_transient(&error) || !tries.again().await {
                guard.operation = None;
                return Err(failure(session, id, &error));
            }
            // The server may have it although its answer was lost.
            if let Ok(stream) = attach(session, id, None).await {
                break stream;
            }
        };
        let session = session.clone();
        let tries = Tries::new();
        Ok(Self { session, id, stream, last_response: None, tries, is_ours: true, guard })
    }

    /// Reads the answers of an execution that somebody else has started, from the first one. Dropping this interrupts nothing, and
    /// the server keeps the answers.
    pub(crate) async fn attach(session: &Session, id: OperationId) -> Result<Self, Error> {
        let stream =
            attach(session, id, None).await.map_err(|error| failure(session, id, &error))?;
        let guard = Interrupt { client: session.shared_client(), operation: None };
        let session = session.clone();
        let tries = Tries::new();
        Ok(Self { session, id, stream, last_response: None, tries, is_ours: false, guard })
    }

    /// The next answer, `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, Error> {
        loop {
            let broken = match self.stream.message().await {
                Ok(Some(response)) => {
                    if !response.response_id.is_empty() {
                        self.last_response = Some(response.response_id);
                    }
                    match response.response_type {
                        Some(ResponseType::ArrowBatch(batch)) => {
                            self.tries = Tries::new();
                            return Ok(Some(Part::Rows(batch.data.to_vec())));
                        }
                        Some(ResponseType::SqlCommandResult(result)) => {
                            if let Some(relation) = result.relation {
                                return Ok(Some(Part::Result(Box::new(relation))));
                            }
                        }
                        Some(ResponseType::ResultComplete(_)) => {
                            self.end();
                            return Ok(None);
                        }
                        _ => {}
                    }
                    continue;
                }
                // Without the mark of its end: it goes on in another stream, or was stopped.
                Ok(None) => None,
                Err(status) => Some(SparkError::from_grpc_status(status)),
            };
            if let Some(error) = broken.filter(|error| !is_transient(error)) {
                self.guard.operation = None;
                // Sail says nothing of an interrupt and ends the stream; asked for the rest it has nothing.
                let is_gone = error.to_string().contains("task context not found");
                return Err(if self.is_ours && is_gone {
                    Error::Interrupted { operation: self.id.to_string() }
                } else {
                    failure(&self.session, self.id, &error)
                });
            }
            self.reattach().await?;
        }
    }

    /// Leaves the execution to itself: it goes on, and the server keeps its answers for whoever fetches them.
    pub(crate) fn leave(mut self) {
        self.guard.operation = None;
    }

    async fn reattach(&mut self) -> Result<(), Error> {
        while self.tries.again().await {
            match attach(&self.session, self.id, self.last_response.clone()).await {
                Ok(stream) => {
                    self.stream = stream;
                    return Ok(());
                }
                Err(error) if is_transient(&error) => {}
                Err(_) => break,
            }
        }
        self.guard.operation = None;
        Err(Error::Interrupted { operation: self.id.to_string() })
    }

    /// The server need not keep the answers.
    fn end(&mut self) {
        self.guard.operation = None;
        if self.is_ours
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (session, id) = (self.session.clone(), self.id);
            runtime.spawn(async move { release(&session, id).await });
        }
    }
}

fn failure(session: &Session, id: OperationId, error: &SparkError) -> Error {
    if error.to_string().contains("OPERATION_CANCELED") {
        return Error::Interrupted { operation: id.to_string() };
    }
    session.failure(error)
}

/// The answers after `last`, or all.
async fn attach(
    session: &Session,
    id: OperationId,
    last: Option<String>,
) -> Result<Streaming<proto::ExecutePlanResponse>, SparkError> {
    let client = session.client();
    let request = proto::ReattachExecuteRequest {
        session_id: client.session_id().to_owned(),
        user_context: Some(session::user(client)),
        operation_id: id.to_string(),
        last_response_id: last,
        ..Default::default()
    };
    client.reattach_execute(request).await
}

/// Has the server forget the answers of an execution. What it does not know it has forgotten already.
pub(crate) async fn release(session: &Session, id: OperationId) {
    use proto::release_execute_request::{Release, ReleaseAll};
    let client = session.client();
    let request = proto::ReleaseExecuteRequest {
        session_id: client.session_id().to_owned(),
        user_context: Some(session::user(client)),
        operation_id: id.to_string(),
        release: Some(Release::ReleaseAll(ReleaseAll {})),
        ..Default::default()
    };
    if let Err(error) = client.release_execute(request).await {
        tracing::debug!(%error, "cannot release an execution");
    }
}

/// gRPC's code for a server that cannot be reached.
const UNAVAILABLE: i32 = 14;

fn is_transient(error: &SparkError) -> bool {
    error.grpc_code() == Some(UNAVAILABLE) || error.message.contains("INVALID_CURSOR.DISCONNECTED")
}

/// Interrupts an operation when it is dropped before the operation has ended.
struct Interrupt {
    client: Arc<Client>,
    operation: Option<OperationId>,
}

impl Interrupt {
    /// A busy server may take some time until it knows the operation; then it interrupts nothing and says so.
    const TRIES: u32 = 40;
    const PAUSE: Duration = Duration::from_millis(250);
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        let Some(operation) = self.operation.take() else { return };
        // Without a runtime the process is ending: whoever ends it closes the session.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = Arc::clone(&self.client);
            runtime.spawn(async move {
                for _ in 0..Self::TRIES {
                    match client.0.interrupt_operation(&operation.to_string()).await {
                        Ok(interrupted) if interrupted.is_empty() => {}
                        Ok(_) => return,
                        Err(error) => tracing::debug!(%error, "cannot interrupt a query"),
                    }
                    tokio::time::sleep(Self::PAUSE).await;
                }
            });
        }
    }
}
