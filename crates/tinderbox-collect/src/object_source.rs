use crate::access::{Begun, Worker, back_off, chain};
use crate::{Access, Error, list_answer};
use futures::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, GetOptions, GetRange, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, ObjectStoreScheme, PutPayload,
    RetryConfig,
};
use reqwest::Url;
use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// One bucket (container) of an object store.
pub(crate) struct Bucket {
    pub(crate) store: Arc<dyn ObjectStore>,
    worker: Arc<Worker>,
    /// `scheme://bucket`.
    url: String,
    /// Values that must not be shown.
    pub(crate) secrets: Arc<[String]>,
}

/// An object as a whole at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectState {
    pub(crate) size: u64,
    pub(crate) e_tag: Option<String>,
}

impl Bucket {
    /// Rolling logs that are listed at a time.
    const LISTED_AT_ONCE: usize = 16;

    /// Tries of one range, those of the client itself not counted.
    const TRIES: u32 = 6;

    pub(crate) fn connect(url: &Url, access: &Access) -> Result<(Self, Key), Error> {
        let unknown = |reason: String| Error::Url { url: url.to_string(), reason };
        // Hadoop's names of the same scheme.
        let text = match url.as_str().split_once("://") {
            Some(("s3a" | "s3n", rest)) => format!("s3://{rest}"),
            _ => url.to_string(),
        };
        let url = Url::parse(&text).map_err(|error| unknown(error.to_string()))?;
        let (scheme, key) =
            ObjectStoreScheme::parse(&url).map_err(|_| match Key::from_url_path(url.path()) {
                Err(error) => unknown(error.to_string()),
                Ok(_) => unknown("it is not read by this version".to_owned()),
            })?;
        let settings = Settings { access, text: &text };
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 => settings.s3()?,
            ObjectStoreScheme::GoogleCloudStorage => settings.gcs()?,
            ObjectStoreScheme::MicrosoftAzure => settings.azure()?,
            _ => return Err(unknown("it is not read by this version".to_owned())),
        };
        let secrets =
            access.settings().iter().filter(|(name, value)| is_secret(name) && value.len() > 3);
        let mut shown = text.trim_end_matches('/').to_owned();
        // What is left is scheme and bucket.
        let path = key.as_ref();
        if let Some(head) = shown.strip_suffix(path) {
            shown = head.trim_end_matches('/').to_owned();
        } else if let Some(head) = shown.strip_suffix(url.path().trim_end_matches('/')) {
            shown = head.to_owned();
        }
        let bucket = Self {
            store,
            worker: access.worker()?,
            url: shown,
            secrets: secrets.map(|(_, value)| value.clone()).collect(),
        };
        Ok((bucket, key))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// One level: objects, and the prefixes below.
    pub(crate) fn list(&self, prefix: &Key) -> io::Result<ListResult> {
        let (store, prefix, secrets) = (self.store.clone(), prefix.clone(), self.secrets.clone());
        self.worker.wait(async move {
            store.list_with_delimiter(Some(&prefix)).await.map_err(|error| plain(&error, &secrets))
        })
    }

    /// One level of several prefixes, side by side. Each has a result of its own.
    pub(crate) fn list_each(
        &self,
        prefixes: Vec<Key>,
    ) -> io::Result<Vec<(Key, io::Result<ListResult>)>> {
        let (store, secrets) = (self.store.clone(), self.secrets.clone());
        self.worker.wait(async move {
            let lists = prefixes.into_iter().map(|prefix| {
                let (store, secrets) = (store.clone(), secrets.clone());
                async move {
                    let listed = store.list_with_delimiter(Some(&prefix)).await;
                    (prefix, listed.map_err(|error| plain(&error, &secrets)))
                }
            });
            Ok(futures::stream::iter(lists).buffer_unordered(Self::LISTED_AT_ONCE).collect().await)
        })
    }

    /// All objects below.
    pub(crate) fn list_all(&self, prefix: &Key) -> io::Result<Vec<ObjectMeta>> {
        let (store, prefix, secrets) = (self.store.clone(), prefix.clone(), self.secrets.clone());
        self.worker.wait(async move {
            store.list(Some(&prefix)).try_collect().await.map_err(|error| plain(&error, &secrets))
        })
    }

    /// Size and time of one object.
    pub(crate) fn head(&self, key: &Key) -> io::Result<ObjectMeta> {
        let (store, key, secrets) = (self.store.clone(), key.clone(), self.secrets.clone());
        self.worker
            .wait(async move { store.head(&key).await.map_err(|error| plain(&error, &secrets)) })
    }

    /// Writes an object as a whole.
    pub(crate) fn put(&self, key: &Key, bytes: PutPayload) -> io::Result<()> {
        let (store, key, secrets) = (self.store.clone(), key.clone(), self.secrets.clone());
        self.worker.wait(async move {
            store.put(&key, bytes).await.map(drop).map_err(|error| plain(&error, &secrets))
        })
    }

    /// Removes an object.
    pub(crate) fn delete(&self, key: &Key) -> io::Result<()> {
        let (store, key, secrets) = (self.store.clone(), key.clone(), self.secrets.clone());
        self.worker
            .wait(async move { store.delete(&key).await.map_err(|error| plain(&error, &secrets)) })
    }

    /// Begins an object that is written in parts.
    pub(crate) fn begin_parts(&self, key: &Key) -> io::Result<Box<dyn MultipartUpload>> {
        let (store, key, secrets) = (self.store.clone(), key.clone(), self.secrets.clone());
        self.worker.wait(async move {
            store.put_multipart(&key).await.map_err(|error| plain(&error, &secrets))
        })
    }

    /// Begins to send a part.
    pub(crate) fn send_part(
        &self,
        parts: &mut dyn MultipartUpload,
        part: PutPayload,
    ) -> Begun<io::Result<()>> {
        let (sent, secrets) = (parts.put_part(part), self.secrets.clone());
        self.worker.begin(async move { sent.await.map_err(|error| plain(&error, &secrets)) })
    }

    /// Makes an object of its parts.
    pub(crate) fn complete(&self, mut parts: Box<dyn MultipartUpload>) -> io::Result<()> {
        let secrets = self.secrets.clone();
        self.worker.wait(async move {
            let done = match parts.complete().await {
                Ok(_) => return Ok(()),
                Err(error) => plain(&error, &secrets),
            };
            // What was sent is of no use any more; why it failed is what counts.
            let _ = parts.abort().await;
            Err(done)
        })
    }

    /// Gives parts up.
    pub(crate) fn abort(&self, mut parts: Box<dyn MultipartUpload>) -> io::Result<()> {
        let secrets = self.secrets.clone();
        self.worker
            .wait(async move { parts.abort().await.map_err(|error| plain(&error, &secrets)) })
    }

    /// Reads a range of an object that must still be in this state. A connection that breaks in the middle is taken
    /// up where it broke.
    pub(crate) fn read(
        &self,
        key: &Key,
        state: &ObjectState,
        range: Range<u64>,
    ) -> impl Future<Output = io::Result<Vec<u8>>> + Send + 'static {
        let (store, key, secrets) = (self.store.clone(), key.clone(), self.secrets.clone());
        let e_tag = state.e_tag.clone();
        async move {
            let mut read =
                Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(0));
            let mut tries = 0;
            loop {
                let before = read.len();
                let start = range.start + as_u64(before);
                let options = GetOptions {
                    range: Some(GetRange::Bounded(start..range.end)),
                    if_match: e_tag.clone(),
                    ..GetOptions::default()
                };
                let error = match read_once(store.as_ref(), &key, options, &mut read).await {
                    Ok(()) if range.start + as_u64(read.len()) >= range.end => return Ok(read),
                    // Not `UnexpectedEof`, which is what a log that is cut off reads as.
                    Ok(()) => {
                        io::Error::new(io::ErrorKind::ConnectionAborted, "the answer is too short")
                    }
                    Err(error) if !is_transient(&error) => return Err(plain(&error, &secrets)),
                    Err(error) => plain(&error, &secrets),
                };
                // What makes progress may go on.
                tries = if read.len() > before { 0 } else { tries + 1 };
                if tries >= Self::TRIES {
                    return Err(error);
                }
                tokio::time::sleep(back_off(Duration::from_millis(200), tries)).await;
            }
        }
    }
}

async fn read_once(
    store: &dyn ObjectStore,
    key: &Key,
    options: GetOptions,
    into: &mut Vec<u8>,
) -> Result<(), object_store::Error> {
    let mut stream = store.get_opts(key, options).await?.into_stream();
    while let Some(bytes) = stream.try_next().await? {
        into.extend_from_slice(&bytes);
    }
    Ok(())
}

/// The settings for one store.
struct Settings<'a> {
    access: &'a Access,
    text: &'a str,
}

impl Settings<'_> {
    fn s3(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        let mut builder = AmazonS3Builder::new().with_url(self.text);
        for (name, value) in self.access.settings() {
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                builder = builder.with_config(key, value);
            }
        }
        // Who names an endpoint without encryption wants it.
        let is_plain = |(name, value): &(String, String)| {
            name.to_ascii_uppercase().starts_with("AWS_ENDPOINT") && value.starts_with("http://")
        };
        if self.access.settings().iter().any(is_plain) {
            builder = builder.with_allow_http(true);
        }
        let built = builder.with_http_connector(self.connector()).with_retry(retry()).build();
        Ok(Arc::new(built.map_err(|error| self.wrong(&error))?))
    }

    fn gcs(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        let mut builder = GoogleCloudStorageBuilder::new().with_url(self.text);
        for (name, value) in self.access.settings() {
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                builder = builder.with_config(key, value);
            }
        }
        let built = builder.with_http_connector(self.connector()).with_retry(retry()).build();
        Ok(Arc::new(built.map_err(|error| self.wrong(&error))?))
    }

    fn azure(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        let mut builder = MicrosoftAzureBuilder::new().with_url(self.text);
        for (name, value) in self.access.settings() {
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                builder = builder.with_config(key, value);
            }
        }
        let built = builder.with_http_connector(self.connector()).with_retry(retry()).build();
        Ok(Arc::new(built.map_err(|error| self.wrong(&error))?))
    }

    fn connector(&self) -> Connector {
        Connector { access: self.access.clone() }
    }

    fn wrong(&self, error: &object_store::Error) -> Error {
        if let Some(Error::Setting { name, reason, hint }) = ours(error) {
            return Error::Setting { name: name.clone(), reason: reason.clone(), hint };
        }
        let secrets = self.access.settings().iter().filter(|(name, _)| is_secret(name));
        let secrets: Vec<String> = secrets.map(|(_, value)| value.clone()).collect();
        Error::Setting {
            name: self.text.to_owned(),
            reason: shown(&chain(error), &secrets),
            hint: "check the environment variables AWS_…, GOOGLE_… or AZURE_… of the store",
        }
    }
}

/// The error of ours that a store has wrapped.
fn ours<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Error> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref::<Error>())
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: 5,
        retry_timeout: Duration::from_secs(90),
    }
}

/// Makes the clients of object stores ours.
#[derive(Debug)]
struct Connector {
    access: Access,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allow_http =
            options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let http = self.access.http(allow_http).map_err(|error| object_store::Error::Generic {
            store: "client",
            source: Box::new(error),
        })?;
        Ok(HttpClient::new(Guarded { access: self.access.clone(), http: HttpClient::new(http) }))
    }
}

/// Refuses metadata addresses before a request leaves, and makes lists readable that come in.
#[derive(Debug)]
struct Guarded {
    access: Access,
    http: HttpClient,
}

impl HttpService for Guarded {
    fn call<'service, 'call>(
        &'service self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'call>>
    where
        'service: 'call,
        Self: 'call,
    {
        Box::pin(async move {
            self.access
                .check(request.uri().host().unwrap_or_default())
                .map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
            let is_list = list_answer::is_list(request.uri().query().unwrap_or_default());
            let answer = self.http.execute(request).await?;
            if !is_list || !answer.status().is_success() {
                return Ok(answer);
            }
            let (head, body) = answer.into_parts();
            let bytes = body.bytes().await?;
            let body = match std::str::from_utf8(&bytes).map(list_answer::fit) {
                Ok(Cow::Owned(fitted)) => fitted.into(),
                _ => bytes.into(),
            };
            Ok(HttpResponse::from_parts(head, body))
        })
    }
}

/// Names of settings whose values are never shown.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["KEY", "SECRET", "TOKEN", "SAS", "PASSWORD", "CREDENTIAL", "SERVICE_ACCOUNT"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether another try may succeed: answers that are about the object are final.
pub(crate) fn is_transient(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::Generic { .. })
}

/// An error of the store as one of the operating system, without secrets and queries of URLs.
pub(crate) fn plain(error: &object_store::Error, secrets: &[String]) -> io::Error {
    use object_store::Error as Store;
    let kind = match error {
        Store::NotFound { .. } => io::ErrorKind::NotFound,
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        Store::Precondition { .. } => io::ErrorKind::StaleNetworkFileHandle,
        Store::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        Store::InvalidPath { .. } => io::ErrorKind::InvalidFilename,
        _ => kind_of_answer(&chain(error)),
    };
    let text = match kind {
        io::ErrorKind::StaleNetworkFileHandle => "it changed while it was read".to_owned(),
        _ => shown(&chain(error), secrets),
    };
    io::Error::new(kind, text)
}

/// Of a request for a list, for which the client tells no kinds of errors but the server's words.
fn kind_of_answer(text: &str) -> io::ErrorKind {
    if text.contains("status code: 401") || text.contains("status code: 403") {
        io::ErrorKind::PermissionDenied
    } else if text.contains("<Code>NoSuchBucket</Code>") {
        io::ErrorKind::NotFound
    } else {
        io::ErrorKind::Other
    }
}

/// A message of foreign code: one line, no secrets, no queries, no more than 600 characters.
fn shown(text: &str, secrets: &[String]) -> String {
    const SHOWN: usize = 600;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() > 3) {
        text = text.replace(secret.as_str(), "…");
    }
    let words = text.split_whitespace().map(|word| match word.split_once('?') {
        Some((url, _)) if url.contains("://") => format!("{url}?…"),
        _ => word.to_owned(),
    });
    let line = words.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN).chain(['…']).collect()
}

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_stores_hold_no_secrets() {
        let text = "GET https://a.example/logs?sig=abc&x=1 failed\n  with hunter2 in it";
        assert_eq!(
            shown(text, &["hunter2".to_owned()]),
            "GET https://a.example/logs?… failed with … in it"
        );
        assert!(shown(&"x".repeat(2_000), &[]).len() < 700);
    }

    #[test]
    fn names_of_secrets_are_known() {
        for name in ["AWS_SECRET_ACCESS_KEY", "aws_session_token", "AZURE_STORAGE_SAS_KEY"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("AWS_REGION"));
    }
}
