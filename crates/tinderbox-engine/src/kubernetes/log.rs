//! Logs of driver and executors.

use super::api::within;
use super::cluster::{KubernetesCluster, pods};
use crate::Error;
use futures::io::AsyncBufRead;
use http::Request;

/// Whose log is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodLog {
    /// The namespace.
    pub namespace: String,
    /// The pod of a driver or an executor.
    pub pod: String,
    /// The container, needed where the pod has sidecars.
    pub container: Option<String>,
}

impl KubernetesCluster {
    /// The last lines of a pod's log, at most `limit_bytes` of them from their beginning. Empty while the container has not
    /// started.
    ///
    /// # Errors
    /// [`Error::Kubernetes`]; a pod that is gone has no log.
    pub async fn log_tail(
        &self,
        log: &PodLog,
        lines: u32,
        limit_bytes: u32,
    ) -> Result<String, Error> {
        let path = log.path(&format!("tailLines={lines}&limitBytes={limit_bytes}"));
        match within(self.api.client.request_text(request(&path))).await {
            Ok(text) => Ok(text),
            Err(failure) if failure.says("is waiting to start") => Ok(String::new()),
            Err(failure) => Err(self.failed(failure, &log.namespace, &log.object())),
        }
    }

    /// The lines of a pod's log, each with its time before it, from a time on (RFC 3339; servers compare whole seconds) or from
    /// the beginning; at most `limit_bytes`. None while the container has not started, or when the pod is gone.
    pub(super) async fn log_since(
        &self,
        log: &PodLog,
        since: Option<&str>,
        limit_bytes: u32,
    ) -> Result<Option<String>, Error> {
        let since = since.map(|time| format!("&sinceTime={time}")).unwrap_or_default();
        let path = log.path(&format!("timestamps=true&limitBytes={limit_bytes}{since}"));
        match within(self.api.client.request_text(request(&path))).await {
            Ok(text) => Ok(Some(text)),
            Err(failure) if failure.code() == Some(404) || failure.code() == Some(400) => Ok(None),
            Err(failure) => Err(self.failed(failure, &log.namespace, &log.object())),
        }
    }

    /// The log of a pod from its beginning, line by line, until the container ends. Whoever reads it sets the limit of
    /// time; the server ends it too, now and then.
    ///
    /// # Errors
    /// [`Error::Kubernetes`].
    pub async fn log_follow(&self, log: &PodLog) -> Result<impl AsyncBufRead + use<>, Error> {
        let path = log.path("follow=true");
        let stream = within(self.api.client.request_stream(request(&path))).await;
        stream.map_err(|failure| self.failed(failure, &log.namespace, &log.object()))
    }
}

impl PodLog {
    fn path(&self, query: &str) -> String {
        let container = self.container.as_ref().map(|name| format!("&container={name}"));
        format!(
            "{}/{}/log?{query}{}",
            pods(&self.namespace),
            self.pod,
            container.unwrap_or_default()
        )
    }

    fn object(&self) -> String {
        format!("log of pod {}", self.pod)
    }
}

fn request(path: &str) -> Request<Vec<u8>> {
    let mut request = Request::new(Vec::new());
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
}
