use crate::{
    ApplyCluster, CheckRequest, CheckResult, Cluster, ClusterList, ClusterProbe, CollectRequest,
    CollectResult, Comparison, ExecutorLogList, ExpectationList, ImportRequest, ImportResult, Job,
    JobDetail, JobList, JobProgress, LogMatches, LogPage, MeasureScale, OperatorList, Problem,
    PruneRequest, PruneResult, Report, ScaleState, Server, SpecSource, StageList, SubmitJob,
    SubmitRun, SubmittedJob,
};
use futures::{Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tinderbox_model::{ErrorClass, Fault, Retry};

/// A small client of the API, for the command line and for tests.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// How long a receiver of events may take.
const BATCH_TIMEOUT: Duration = Duration::from_secs(60);

/// What the receiver says to a batch of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchAnswer {
    /// It has them.
    Taken,
    /// It never wants this session.
    NotWanted {
        /// Why.
        reason: String,
    },
    /// Later it may take them.
    TryAgain,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer came.
    #[error("no answer from {url}")]
    Unreachable {
        /// Where it was sent.
        url: String,
        /// What the connection said.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The answer was not ours.
    #[error("{url} answered {status} with something that is not Tinderbox's API")]
    Foreign {
        /// Who answered.
        url: String,
        /// The HTTP status.
        status: u16,
    },
}

impl Error {
    /// Whose fault, and whether to try again.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. } => ErrorClass::EXTERNAL,
            Self::Refused(problem) if problem.status < 500 => ErrorClass::USER,
            Self::Refused(_) => ErrorClass { fault: Fault::Internal, retry: Retry::BackOff },
            Self::Foreign { .. } => ErrorClass::USER,
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => {
                Some("check that `tinderbox serve` is running at this address".to_owned())
            }
            Self::Refused(problem) => problem.hint.clone(),
            Self::Foreign { .. } => {
                Some("check the address given by --server or TINDERBOX_URL".to_owned())
            }
        }
    }
}

impl Client {
    /// A client of the server at `base`, for example `http://127.0.0.1:7878`. The token goes into the
    /// `Authorization` header of every call and nowhere else.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the TLS configuration of this machine cannot be read.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, Error> {
        let base = base.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            // Tells a server that is gone from one that takes long.
            .tcp_keepalive(Duration::from_secs(30))
            .build()
            .map_err(|source| Error::Unreachable { url: base.clone(), source })?;
        Ok(Self { http, base, token })
    }

    /// The address of the server.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Who answers.
    ///
    /// # Errors
    /// See [`Error`]; the same holds for every call below.
    pub async fn server(&self) -> Result<Server, Error> {
        self.get("/api/server", &()).await
    }

    /// Whether the server is ready.
    pub async fn is_ready(&self) -> bool {
        let request = self.http.get(format!("{}/readyz", self.base));
        matches!(request.send().await, Ok(answer) if answer.status().is_success())
    }

    /// Runs, by the parameters of `GET /api/jobs`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_jobs(&self, query: &[(&str, String)]) -> Result<JobList, Error> {
        self.get("/api/jobs", &query).await
    }

    /// Takes a data set of jobs into the history.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn import(&self, request: &ImportRequest) -> Result<ImportResult, Error> {
        self.post("/api/import", request).await
    }

    /// Asks for a run.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn submit_job(&self, request: &SubmitJob) -> Result<SubmittedJob, Error> {
        self.post("/api/jobs", request).await
    }

    /// Measures a job on several numbers of executors.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn measure_scale(&self, request: &MeasureScale) -> Result<ScaleState, Error> {
        self.post("/api/scale", request).await
    }

    /// Where such a job stands, by the `href` that it was answered with: [`crate::ScaleAnswer`] when its `status` is `SUCCESS`, else
    /// [`ScaleState`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_scale(&self, href: &str) -> Result<serde_json::Value, Error> {
        self.get(href, &()).await
    }

    /// Asks for the end of such a job.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cancel_scale(&self, href: &str) -> Result<(), Error> {
        let url = format!("{}{href}", self.base);
        let request = self.http.delete(&url).timeout(Duration::from_secs(60));
        self.answer(request, &url).await.map(drop)
    }

    /// Asks for a run of a program.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn submit_run(&self, request: &SubmitRun) -> Result<SubmittedJob, Error> {
        self.post("/api/runs", request).await
    }

    /// One run. `id` may be the id, a unique end or beginning of it, or `latest`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_job(&self, id: &str) -> Result<JobDetail, Error> {
        self.get(&format!("/api/jobs/{}", segment(id)), &()).await
    }

    /// The stages of a run.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_stages(&self, id: &str) -> Result<StageList, Error> {
        self.get(&format!("/api/jobs/{}/stages", segment(id)), &()).await
    }

    /// The SQL executions of a run with the operators of their plans.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_operators(&self, id: &str) -> Result<OperatorList, Error> {
        self.get(&format!("/api/jobs/{}/operators", segment(id)), &()).await
    }

    /// All cluster profiles.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_clusters(&self) -> Result<ClusterList, Error> {
        self.get("/api/clusters", &()).await
    }

    /// Stores a cluster profile.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn apply_cluster(&self, request: &ApplyCluster) -> Result<Cluster, Error> {
        self.post("/api/clusters", request).await
    }

    /// One cluster profile.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_cluster(&self, name: &str) -> Result<Cluster, Error> {
        self.get(&format!("/api/clusters/{}", segment(name)), &()).await
    }

    /// Takes the name of a cluster profile away.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove_cluster(&self, name: &str) -> Result<(), Error> {
        let url = format!("{}/api/clusters/{}", self.base, segment(name));
        let request = self.http.delete(&url).timeout(Duration::from_secs(60));
        self.answer(request, &url).await.map(drop)
    }

    /// Submits a small job that tells whether a cluster works.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn probe_cluster(&self, name: &str) -> Result<ClusterProbe, Error> {
        self.post(&format!("/api/clusters/{}/probe", segment(name)), &()).await
    }

    /// Asks for the end of a run.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cancel_job(&self, id: &str) -> Result<Job, Error> {
        self.post(&format!("/api/jobs/{}/cancel", segment(id)), &()).await
    }

    /// The report on a run.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_findings(&self, id: &str) -> Result<Report, Error> {
        self.get(&format!("/api/jobs/{}/findings", segment(id)), &()).await
    }

    /// Two runs side by side.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn compare_jobs(&self, before: &str, after: &str) -> Result<Comparison, Error> {
        let (before, after) = (segment(before), segment(after));
        self.get(&format!("/api/jobs/{before}/compare/{after}"), &()).await
    }

    /// A part of the log of the driver, or of an executor; offsets and limits in bytes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_log(
        &self,
        id: &str,
        executor: Option<&str>,
        offset: u64,
        limit: u64,
    ) -> Result<LogPage, Error> {
        let mut query = vec![("offset", offset.to_string()), ("limit", limit.to_string())];
        query.extend(executor.map(|executor| ("executor", executor.to_owned())));
        self.get(&format!("/api/jobs/{}/log", segment(id)), &query).await
    }

    /// Lines of a log with a text in them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn search_log(
        &self,
        id: &str,
        executor: Option<&str>,
        text: &str,
        offset: u64,
    ) -> Result<LogMatches, Error> {
        let mut query = vec![("text", text.to_owned()), ("offset", offset.to_string())];
        query.extend(executor.map(|executor| ("executor", executor.to_owned())));
        self.get(&format!("/api/jobs/{}/log/search", segment(id)), &query).await
    }

    /// The executors that have a log of their own.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn executor_logs(&self, id: &str) -> Result<ExecutorLogList, Error> {
        self.get(&format!("/api/jobs/{}/log/executors", segment(id)), &()).await
    }

    /// What came of the expectations of a run.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_expectations(&self, id: &str) -> Result<ExpectationList, Error> {
        self.get(&format!("/api/jobs/{}/expectations", segment(id)), &()).await
    }

    /// The spec and the PySpark of a run.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_spec(&self, id: &str) -> Result<SpecSource, Error> {
        self.get(&format!("/api/jobs/{}/spec", segment(id)), &()).await
    }

    /// Collects event logs.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn collect(&self, request: &CollectRequest) -> Result<CollectResult, Error> {
        self.post_within(None, "/api/collect", request).await
    }

    /// Removes runs that are too old or whose files are too many, or says which.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn prune_history(&self, request: &PruneRequest) -> Result<PruneResult, Error> {
        self.post_within(None, "/api/history/prune", request).await
    }

    /// Compares the database's counters with what they count.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn check_database(&self, request: &CheckRequest) -> Result<CheckResult, Error> {
        self.post_within(None, "/api/database/check", request).await
    }

    /// Sends a batch of events, as `schemas/live.schema.json` has it.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when no answer came, [`Error::Foreign`] for one that is not a receiver's.
    pub async fn send_events(&self, batch: Vec<u8>) -> Result<BatchAnswer, Error> {
        let url = format!("{}/ingest/live", self.base);
        let mut request = self.http.post(&url).timeout(BATCH_TIMEOUT).body(batch);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await;
        let answer = answer.map_err(|source| Error::Unreachable { url: url.clone(), source })?;
        match answer.status().as_u16() {
            200..=299 => Ok(BatchAnswer::Taken),
            409 | 410 => {
                let reason = answer.text().await.unwrap_or_default();
                Ok(BatchAnswer::NotWanted { reason: reason.trim().to_owned() })
            }
            429 | 500..=599 => Ok(BatchAnswer::TryAgain),
            status => Err(Error::Foreign { url, status }),
        }
    }

    /// Progress of a run until it ends. The stream ends with the server's `end` event or with an error.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn watch_job(
        &self,
        id: &str,
    ) -> Result<impl Stream<Item = Result<JobProgress, Error>> + Unpin + use<>, Error> {
        let url = format!("{}/api/jobs/{}/events", self.base, segment(id));
        let request = self.http.get(&url).header("accept", "text/event-stream");
        let answer = self.answer(request, &url).await?;
        let mut decoder = EventDecoder::default();
        let mut ended = false;
        let events = answer.bytes_stream().flat_map(move |chunk| {
            let decoded = match chunk {
                _ if ended => Vec::new(),
                Ok(bytes) => decoder.push(&bytes),
                Err(source) => {
                    ended = true;
                    return futures::stream::iter(vec![Err(Error::Unreachable {
                        url: url.clone(),
                        source,
                    })]);
                }
            };
            let progress = decoded.into_iter().filter(|(name, _)| name == "progress");
            let items: Vec<_> =
                progress.filter_map(|(_, data)| serde_json::from_str(&data).ok()).map(Ok).collect();
            futures::stream::iter(items)
        });
        Ok(Box::pin(events))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + Sync + ?Sized),
    ) -> Result<T, Error> {
        let url = format!("{}{path}", self.base);
        let request = self.http.get(&url).query(query).timeout(Duration::from_secs(60));
        self.body(request, &url).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.post_within(Some(Duration::from_secs(600)), path, body).await
    }

    /// Without a limit it is for what takes as long as there is data.
    async fn post_within<T: DeserializeOwned>(
        &self,
        limit: Option<Duration>,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.post(&url).json(body);
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        self.body(request, &url).await
    }

    async fn body<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
        url: &str,
    ) -> Result<T, Error> {
        let answer = self.answer(request, url).await?;
        let status = answer.status().as_u16();
        answer.json().await.map_err(|_| Error::Foreign { url: url.to_owned(), status })
    }

    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
        url: &str,
    ) -> Result<reqwest::Response, Error> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request
            .send()
            .await
            .map_err(|source| Error::Unreachable { url: url.to_owned(), source })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        match answer.json::<Problem>().await {
            Ok(problem) => Err(Error::Refused(Box::new(problem))),
            Err(_) => Err(Error::Foreign { url: url.to_owned(), status }),
        }
    }
}

/// One segment of a path: everything but unreserved characters (RFC 3986, section 2.3) is escaped.
fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Takes server-sent events apart (WHATWG HTML, section 9.2): `event:` and `data:` lines up to a blank line.
#[derive(Debug, Default)]
struct EventDecoder {
    pending: Vec<u8>,
}

impl EventDecoder {
    fn push(&mut self, bytes: &[u8]) -> Vec<(String, String)> {
        self.pending.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.pending.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.pending.drain(..end + 2).collect();
            let mut name = String::from("message");
            let mut data = String::new();
            for line in String::from_utf8_lossy(&block).lines() {
                if let Some(rest) = line.strip_prefix("event:") {
                    name = rest.trim().to_owned();
                } else if let Some(rest) = line.strip_prefix("data:") {
                    if !data.is_empty() {
                        data.push('\n');
                    }
                    data.push_str(rest.strip_prefix(' ').unwrap_or(rest));
                }
            }
            if !data.is_empty() {
                events.push((name, data));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_typed_stays_one_segment() {
        assert_eq!(segment("0193-ab_c"), "0193-ab_c");
        assert_eq!(segment("a/b?c#d é"), "a%2Fb%3Fc%23d%20%C3%A9");
    }

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        let text = "event: progress\nid: 1\ndata: {\"a\":1}\n\n: ping\n\nevent: end\ndata: x\n\n";
        for cut in 0..text.len() {
            let mut decoder = EventDecoder::default();
            let mut events = decoder.push(&text.as_bytes()[..cut]);
            events.extend(decoder.push(&text.as_bytes()[cut..]));
            let expected = [("progress", "{\"a\":1}"), ("end", "x")];
            let expected: Vec<_> =
                expected.map(|(n, d)| (n.to_owned(), d.to_owned())).into_iter().collect();
            assert_eq!(events, expected, "cut at {cut}");
        }
    }
}
