//! Requests to the API server and what their failures mean.

use super::{KubernetesAccess, KubernetesError};
use http::{Method, Request};
use kube::Client;
use kube::core::response::Status;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;

/// How long the server may take for one answer: admission webhooks may take 30 s (their `timeoutSeconds`).
pub(super) const ANSWERS: Duration = Duration::from_secs(40);
/// Of server-side apply; `force` because nobody else makes these objects.
const FIELD_MANAGER: &str = "fieldManager=tinderbox&force=true";

/// A connection to an API server.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) client: Client,
    /// `https://HOST:PORT`
    pub(super) server: String,
}

/// Why a request did not do what it should.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server says no.
    Status(Box<Status>),
    /// No answer: it may have been carried out.
    Broken(String),
}

impl Failure {
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status.code),
            Self::Broken(_) => None,
        }
    }

    pub(super) fn says(&self, part: &str) -> bool {
        matches!(self, Self::Status(status) if status.message.contains(part))
    }
}

impl Api {
    pub(super) async fn connect(access: &KubernetesAccess) -> Result<Self, KubernetesError> {
        let config = access.config().await?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config)
            .map_err(|error| KubernetesError::Access { problem: error.to_string() })?;
        Ok(Self { client, server })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, "", None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, "application/json", Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str, options: &Value) -> Result<Value, Failure> {
        self.send(Method::DELETE, path, "application/json", Some(options)).await
    }

    /// Server-side apply: makes the object, or makes it so.
    pub(super) async fn apply(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let path = format!("{path}?{FIELD_MANAGER}");
        self.send(Method::PATCH, &path, "application/apply-patch+yaml", Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request =
            Request::builder().method(method).uri(path).header("content-type", content_type);
        let request = request.body(body).map_err(|error| Failure::Broken(error.to_string()))?;
        within(self.client.request(request)).await
    }
}

pub(super) async fn within<T>(
    answer: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWERS, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure(error)),
        Err(_) => Err(Failure::Broken(format!("no answer within {} s", ANSWERS.as_secs()))),
    }
}

fn failure(error: kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) => Failure::Status(status),
        other => {
            let mut text = String::new();
            let mut next: Option<&dyn std::error::Error> = Some(&other);
            while let Some(error) = next {
                let comma = if text.is_empty() { "" } else { ": " };
                // Writing to a string cannot fail; kube's messages often have their source in them.
                let said = error.to_string();
                if !text.contains(&said) {
                    let _ = write!(text, "{comma}{said}");
                }
                next = error.source();
            }
            Failure::Broken(text)
        }
    }
}

/// What a failure means for somebody who asked for this object in this namespace.
pub(super) fn meaning(
    failure: Failure,
    server: &str,
    namespace: &str,
    object: &str,
) -> KubernetesError {
    let server = server.to_owned();
    let status = match failure {
        Failure::Broken(problem) => return KubernetesError::Unreachable { server, problem },
        Failure::Status(status) => status,
    };
    let (code, problem) = (status.code, status.message);
    let object = object.to_owned();
    match code {
        401 => KubernetesError::Unauthorized { server, problem },
        403 if problem.contains("exceeded quota") => {
            KubernetesError::QuotaExceeded { namespace: namespace.to_owned(), problem }
        }
        403 => KubernetesError::Forbidden { server, problem },
        404 if problem.contains("namespaces") => {
            KubernetesError::NoNamespace { server, namespace: namespace.to_owned(), problem }
        }
        400 | 415 | 422 => KubernetesError::Invalid { server, object, problem },
        code => KubernetesError::Refused { server, object, code, problem },
    }
}
