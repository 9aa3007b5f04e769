use crate::answer::{Answer, decode};
use crate::operation::{OperationId, Part, Running};
use crate::relation::Rows;
use crate::schema::Schema;
use crate::{Error, Query};
use spark_connect_core::{ChannelBuilder, RetryPolicy, SparkConnectClient, SparkError};
use spark_connect_proto as proto;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tinderbox_model::Bytes;

/// How long a server may take for its first answer.
pub(crate) const ANSWERS: Duration = Duration::from_secs(20);
/// How long it may take to say that it is well.
const WELL: Duration = Duration::from_secs(5);
/// What is asked in the cheapest call that needs the session.
const CHEAPEST: &[&str] = &["spark.sql.session.timeZone"];
/// How long it may take to end a session.
const CLOSES: Duration = Duration::from_secs(10);
/// The user of the session where the address names none.
const USER: &str = "tinderbox";

/// gRPC's codes for a server that cannot be reached, and for one that does not let us in.
const UNAVAILABLE: i32 = 14;
const PERMISSION_DENIED: i32 = 7;
const UNAUTHENTICATED: i32 = 16;

/// What one answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows; the rest of the answer is left out and the answer says so.
    pub rows: u32,
    /// Size of the answer as Arrow batches; a larger one is an error.
    pub bytes: Bytes,
    /// Time from sending the query to the last row; then the query is interrupted.
    pub time: Duration,
}

/// A session on a Spark Connect server. Clones are handles of the same session.
#[derive(Debug, Clone)]
pub struct Session {
    client: Arc<Client>,
    url: String,
}

pub(crate) struct Client(pub(crate) SparkConnectClient);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("session", &self.0.session_id()).finish_non_exhaustive()
    }
}

impl Session {
    /// A new session at `sc://HOST:PORT`, with the parameters of Spark's connection strings after `/;`.
    ///
    /// # Errors
    /// [`Error::BadAddress`], [`Error::Unreachable`], [`Error::Forbidden`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let session = Self::dial(url, &[]).await?;
        let asked = session.client.0.get_configs(CHEAPEST);
        session.first_answer(url, asked).await?;
        Ok(session)
    }

    /// Says nothing to the server yet. The parameters win over those of the address.
    pub(crate) async fn dial(url: &str, parameters: &[(&str, &str)]) -> Result<Self, Error> {
        let shown = without_parameters(url);
        let bad = |error: SparkError| Error::BadAddress {
            url: shown.to_owned(),
            problem: without_token(url, &error.to_string()),
        };
        let mut builder = ChannelBuilder::parse(url).map_err(bad)?;
        for (name, value) in parameters {
            builder.set(name, value);
        }
        // A session belongs to a user: without one the client would interrupt and release that of another user, "".
        if builder.user_id().is_none() {
            builder.set("user_id", USER);
        }
        let mut client = SparkConnectClient::connect(&builder).await.map_err(bad)?;
        client.set_retry_policy(RetryPolicy {
            max_retries: Some(3),
            initial_backoff_ms: 50,
            ..RetryPolicy::default()
        });
        Ok(Self { client: Arc::new(Client(client)), url: shown.to_owned() })
    }

    /// The first answer, or why there is none. `url` may hold a token, which is not repeated.
    pub(crate) async fn first_answer<T>(
        &self,
        url: &str,
        asked: impl Future<Output = Result<T, SparkError>>,
    ) -> Result<T, Error> {
        let shown = self.url.clone();
        match tokio::time::timeout(ANSWERS, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let problem = without_token(url, &error.to_string());
                Err(match error.grpc_code() {
                    Some(PERMISSION_DENIED | UNAUTHENTICATED) => {
                        Error::Forbidden { url: shown, problem }
                    }
                    _ => Error::Unreachable { url: shown, problem },
                })
            }
            Err(_) => {
                let problem = format!("nothing came for {} s", ANSWERS.as_secs());
                Err(Error::Unreachable { url: shown, problem })
            }
        }
    }

    /// Where the server is, without the parameters of the connection string: a token may be among them.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server still has the session and answers within five seconds; Sail takes 1 ms, Spark 10 ms.
    pub async fn is_well(&self) -> bool {
        let asked = self.client.0.get_configs(CHEAPEST);
        matches!(tokio::time::timeout(WELL, asked).await, Ok(Ok(_)))
    }

    /// The version of Spark that the server says it is. Sail knows it only where PySpark is installed beside it.
    ///
    /// # Errors
    /// [`Error::Server`], [`Error::Unreachable`], [`Error::Answer`].
    pub async fn version(&self) -> Result<String, Error> {
        use proto::{analyze_plan_request as ask, analyze_plan_response as answer};
        let client = &self.client.0;
        let request = proto::AnalyzePlanRequest {
            session_id: client.session_id().to_owned(),
            user_context: Some(user(client)),
            analyze: Some(ask::Analyze::SparkVersion(ask::SparkVersion::default())),
            ..Default::default()
        };
        let response = client.analyze_plan(request).await.map_err(|error| self.failure(&error))?;
        match response.result {
            Some(answer::Result::SparkVersion(version)) => Ok(version.version),
            _ => Err(Error::Answer { problem: "it has no version".to_owned() }),
        }
    }

    /// Sets a property of this session.
    pub(crate) async fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        self.client.0.set_config(name, value).await.map_err(|error| self.failure(&error))
    }

    /// Makes `name` a view of this session over Parquet files, which must all have the same columns. The paths are
    /// the server's; a view of the same name is replaced. Nothing is read but what the server needs for the schema.
    ///
    /// # Errors
    /// [`Error::PatternPath`]; [`Error::Server`], for example when the server cannot see a file.
    pub async fn create_view(&self, name: &str, files: &[PathBuf]) -> Result<(), Error> {
        let source = proto::read::DataSource {
            format: Some("parquet".to_owned()),
            paths: files.iter().map(|file| plain_path(file)).collect::<Result<_, _>>()?,
            ..Default::default()
        };
        self.make_view(name, Rows::read(proto::read::ReadType::DataSource(source))).await
    }

    /// Makes `name` a view of this session over a relation; one of the same name is replaced.
    pub(crate) async fn make_view(&self, name: &str, rows: Rows) -> Result<(), Error> {
        let view = proto::CreateDataFrameViewCommand {
            input: Some(rows.into_relation()),
            name: name.to_owned(),
            is_global: false,
            replace: true,
        };
        self.command(proto::Command {
            command_type: Some(proto::command::CommandType::CreateDataframeView(view)),
        })
        .await
    }

    /// Has the server do something, and waits for its end, however long that takes.
    pub(crate) async fn command(&self, command: proto::Command) -> Result<(), Error> {
        let operation = proto::plan::OpType::Command(command);
        let mut running = self.execute(operation).await?;
        while running.next().await?.is_some() {}
        Ok(())
    }

    /// The columns of a relation. Nothing is computed but what the server needs for them.
    pub(crate) async fn schema_of(&self, rows: Rows) -> Result<Schema, Error> {
        use proto::{analyze_plan_request as ask, analyze_plan_response as answer};
        let client = &self.client.0;
        let plan = proto::Plan { op_type: Some(proto::plan::OpType::Root(rows.into_relation())) };
        let request = proto::AnalyzePlanRequest {
            session_id: client.session_id().to_owned(),
            user_context: Some(user(client)),
            analyze: Some(ask::Analyze::Schema(ask::Schema { plan: Some(plan) })),
            ..Default::default()
        };
        let response = client.analyze_plan(request).await.map_err(|error| self.failure(&error))?;
        let schema = match response.result {
            Some(answer::Result::Schema(schema)) => schema.schema.and_then(Schema::of),
            _ => None,
        };
        schema.ok_or_else(|| Error::Answer { problem: "it has no columns".to_owned() })
    }

    /// Runs a query. When it takes too long, or the future is dropped, the server is asked to interrupt it as long as this
    /// runtime lives; [`Session::close`] ends it for certain.
    ///
    /// # Errors
    /// [`Error::Server`] with the server's words, [`Error::TooLarge`], [`Error::TooSlow`], [`Error::Answer`].
    pub async fn run(&self, query: &Query, limits: Limits) -> Result<Answer, Error> {
        self.collect(Rows::sql(query.text(), Vec::new()), limits).await
    }

    /// The first rows of a relation, as [`Session::run`] gives those of a query.
    pub(crate) async fn collect(&self, rows: Rows, limits: Limits) -> Result<Answer, Error> {
        match tokio::time::timeout(limits.time, self.answer(rows, limits)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::TooSlow { limit: limits.time }),
        }
    }

    /// Ends the session and all it holds on the server, queries that run among it. Waits ten seconds at most.
    pub async fn close(self) {
        // A server that is gone has no session any more.
        let _ = tokio::time::timeout(CLOSES, self.client.0.release_session()).await;
    }

    async fn answer(&self, rows: Rows, limits: Limits) -> Result<Answer, Error> {
        // One row more tells whether there are more.
        let root = rows.limit(limits.rows.saturating_add(1)).into_relation();
        read(self.execute(proto::plan::OpType::Root(root)).await?, limits).await
    }

    async fn execute(&self, plan: proto::plan::OpType) -> Result<Running, Error> {
        let id = OperationId::random();
        Running::start(self, plan, id, id).await
    }

    pub(crate) fn client(&self) -> &SparkConnectClient {
        &self.client.0
    }

    pub(crate) fn shared_client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    pub(crate) fn failure(&self, error: &SparkError) -> Error {
        if error.grpc_code() == Some(UNAVAILABLE) {
            return Error::Unreachable { url: self.url.clone(), problem: error.to_string() };
        }
        Error::Server { message: error.to_string() }
    }
}

/// All rows that come, cut to the limits.
pub(crate) async fn read(mut running: Running, limits: Limits) -> Result<Answer, Error> {
    let mut batches = Vec::new();
    let mut bytes = 0_u64;
    while let Some(part) = running.next().await? {
        let Part::Rows(data) = part else { continue };
        bytes = bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        if bytes > limits.bytes.0 {
            return Err(Error::TooLarge { limit: limits.bytes });
        }
        decode(&data, &mut batches)?;
    }
    Answer::new(batches, limits.rows)
}

pub(crate) fn user(client: &SparkConnectClient) -> proto::UserContext {
    proto::UserContext {
        user_id: client.user_id().unwrap_or(USER).to_owned(),
        ..Default::default()
    }
}

/// The address alone.
fn without_parameters(url: &str) -> &str {
    url.split_once("/;").map_or(url, |(address, _)| address)
}

/// The client's words without the token of the connection string, which some of them repeat.
fn without_token(url: &str, text: &str) -> String {
    let parameters = url.split_once("/;").map_or("", |(_, parameters)| parameters).split(';');
    let tokens = parameters.filter_map(|parameter| parameter.strip_prefix("token="));
    tokens.filter(|token| !token.is_empty()).fold(text.to_owned(), |text, token| {
        text.replace(token, "***").replace(token.trim_end_matches('='), "***")
    })
}

/// The path as a server takes it for itself: one with a sign of a pattern is refused, because Spark
/// (`org.apache.hadoop.fs.GlobPattern`) and Sail do not agree on how a sign is made plain, and Sail answers an
/// empty table where nothing fits a pattern.
fn plain_path(path: &Path) -> Result<String, Error> {
    match path.to_str() {
        Some(text) if !text.contains(['*', '?', '[', ']', '{', '}', '\\']) => Ok(text.to_owned()),
        _ => Err(Error::PatternPath { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_of_an_address_is_not_repeated() {
        let url = "sc://h:443/;use_ssl=true;token=c2VjcmV0==;user_id=u";
        assert_eq!(without_parameters(url), "sc://h:443");
        let said = "`token=c2VjcmV0==` and c2VjcmV0 at sc://h:443/;use_ssl=true;token=c2VjcmV0==";
        assert!(!without_token(url, said).contains("c2VjcmV0"));
        assert_eq!(without_token("sc://h:443", said), said);
    }

    #[test]
    fn path_that_could_be_a_pattern_is_refused() {
        let plain = "/data/x y/run-%2F%20-1.parquet";
        assert_eq!(plain_path(Path::new(plain)).unwrap(), plain);
        for path in ["/a*", "/a?", "/[a]", "/{a,b}", "/a\\b"] {
            let error = plain_path(Path::new(path)).unwrap_err();
            assert!(error.hint().is_some_and(|hint| hint.contains("--data-dir")), "{error}");
        }
    }
}
