use crate::access::{Worker, back_off, chain};
use crate::unpack::{UnpackLimits, unpack};
use crate::{Access, Error};
use futures::StreamExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tinderbox_model::{Bytes, TimestampMs};
use tokio::sync::mpsc;

/// One of Spark's own History Servers, as a source of event logs. Reads `/api/v1` of Spark 3.x and 4.x.
pub struct HistoryServer {
    http: reqwest::Client,
    worker: Arc<Worker>,
    base: Url,
    access: Access,
    headers: HeaderMap,
    limits: UnpackLimits,
    max_list: Bytes,
    patience: Patience,
}

/// How a [`HistoryServer`] is called.
#[derive(Clone)]
pub struct HistoryServerOptions {
    /// Headers of every request, for example `Authorization`. Their values are never shown, and sent without
    /// encryption to this machine only.
    pub headers: Vec<(String, String)>,
    /// User and password for basic authentication.
    pub basic: Option<(String, String)>,
    /// What may be unpacked.
    pub limits: UnpackLimits,
    /// What a list of applications may have at most.
    pub max_list: Bytes,
    /// When to give up.
    pub patience: Patience,
}

/// Lists of 256 MiB, which hold half a million attempts: Spark writes about 500 bytes for each.
impl Default for HistoryServerOptions {
    fn default() -> Self {
        Self {
            headers: Vec::new(),
            basic: None,
            limits: UnpackLimits::default(),
            max_list: Bytes(256 << 20),
            patience: Patience::default(),
        }
    }
}

/// How often a failing request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Tries of one request, the first included.
    pub tries: u32,
    /// Waiting time before the second try; doubled each time, at most 30 seconds.
    pub first_wait: Duration,
}

/// Six tries within about half a minute.
impl Default for Patience {
    fn default() -> Self {
        Self { tries: 6, first_wait: Duration::from_secs(1) }
    }
}

/// Header values are credentials.
impl fmt::Debug for HistoryServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryServerOptions")
            .field("num_headers", &self.headers.len())
            .field("limits", &self.limits)
            .field("patience", &self.patience)
            .finish()
    }
}

impl fmt::Debug for HistoryServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryServer").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Which applications are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only those that started then or later: `2026-11-20` or `2026-11-20T18:58:31.250GMT`, as Spark reads it.
    pub since: Option<String>,
    /// At most so many, the latest ended first.
    pub limit: Option<u64>,
    /// `completed` or `running`; both when left out.
    pub status: Option<String>,
}

/// One attempt of an application at a history server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryAttempt {
    /// The application.
    pub application: String,
    /// The attempt, where the cluster manager numbers them.
    pub attempt: Option<String>,
    /// When the server saw a change last; in milliseconds, it changes with the log.
    pub last_updated: TimestampMs,
    /// Whether the application has ended.
    pub is_completed: bool,
    /// Address of the attempt, which names it for good.
    pub url: String,
}

/// Spark's `ApplicationInfo`, what of it is needed.
#[derive(Debug, Deserialize)]
struct ApplicationInfo {
    id: String,
    #[serde(default)]
    attempts: Vec<AttemptInfo>,
}

/// Spark's `ApplicationAttemptInfo`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttemptInfo {
    attempt_id: Option<String>,
    #[serde(default)]
    last_updated_epoch: i64,
    #[serde(default)]
    end_time_epoch: i64,
    #[serde(default)]
    completed: bool,
}

impl HistoryServer {
    /// The server at this URL, for example `https://history.example:18080`; a path in front of `/api/v1` may follow.
    /// Nothing is called yet.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Setting`].
    pub fn new(url: &str, access: &Access, options: &HistoryServerOptions) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Url {
            url: crate::location::without_secrets(url),
            reason: reason.to_owned(),
        };
        let mut base = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("a history server is called by http or https"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("it holds credentials; they belong into the environment"));
        }
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').trim_end_matches("/api/v1").to_owned();
        base.set_path(&format!("{path}/"));
        let mut headers = HeaderMap::new();
        for (name, value) in &options.headers {
            let setting = |reason: &str| Error::Setting {
                name: format!("the header {name}"),
                reason: reason.to_owned(),
                hint: "give one `Name: value` a line in the file of --header-file, in visible characters of ASCII; \
                       the same holds for the token of --bearer-token-variable",
            };
            let name = HeaderName::try_from(name).map_err(|_| setting("it is no name"))?;
            let mut value =
                HeaderValue::try_from(value).map_err(|_| setting("its value cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let http = access.http(true)?;
        if let Some((user, password)) = &options.basic {
            let request = http.get(base.clone()).basic_auth(user, Some(password)).build();
            let request = request.map_err(|error| wrong(&error.without_url().to_string()))?;
            headers.extend(request.headers().clone());
        }
        // Any header may be a credential: a cookie, a token of a proxy.
        if !headers.is_empty() && base.scheme() == "http" && !is_loopback(&base) {
            return Err(wrong(
                "headers and credentials are not sent without encryption; use https",
            ));
        }
        Ok(Self {
            http,
            worker: access.worker()?,
            base,
            access: access.clone(),
            headers,
            limits: options.limits,
            max_list: options.max_list,
            patience: options.patience,
        })
    }

    /// All attempts of the applications that the query names, as the server sorts them.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::Unreadable`].
    pub fn attempts(&self, query: &HistoryQuery) -> Result<Vec<HistoryAttempt>, Error> {
        let mut url = self.url("api/v1/applications")?;
        if query.since.is_some() || query.limit.is_some() || query.status.is_some() {
            let mut pairs = url.query_pairs_mut();
            if let Some(since) = &query.since {
                pairs.append_pair("minDate", since);
            }
            if let Some(limit) = query.limit {
                pairs.append_pair("limit", &limit.to_string());
            }
            if let Some(status) = &query.status {
                pairs.append_pair("status", status);
            }
        }
        let applications: Vec<ApplicationInfo> = self.json(&url)?;
        let mut attempts = Vec::new();
        for application in applications {
            for attempt in application.attempts {
                let ended = attempt.end_time_epoch;
                let last_updated = attempt.last_updated_epoch.max(ended).max(0);
                let mut path = format!("api/v1/applications/{}", segment(&application.id));
                if let Some(id) = &attempt.attempt_id {
                    path.push('/');
                    path.push_str(&segment(id));
                }
                attempts.push(HistoryAttempt {
                    application: application.id.clone(),
                    attempt: attempt.attempt_id,
                    last_updated: TimestampMs(last_updated),
                    is_completed: attempt.completed,
                    url: self.url(&path)?.to_string(),
                });
            }
        }
        Ok(attempts)
    }

    /// Downloads the event log of an attempt into a folder and unpacks it there: a file, or a folder of parts, whose
    /// path is the answer. `on_bytes` is told what comes in. A download that fails is tried again from the start.
    ///
    /// # Errors
    /// [`Error::Answer`] when the server refuses, [`Error::Archive`] when what it sent is no zip file of a log or too
    /// large, [`Error::Unreadable`] for the network and the disk.
    pub fn download(
        &self,
        attempt: &HistoryAttempt,
        folder: &Path,
        on_bytes: &dyn Fn(Bytes),
    ) -> Result<PathBuf, Error> {
        let url = Url::parse(&format!("{}/logs", attempt.url))
            .map_err(|error| Error::Url { url: attempt.url.clone(), reason: error.to_string() })?;
        let packed = folder.join("logs.zip");
        let unpacked = folder.join("unpacked");
        let result = self.again(|| {
            self.receive(&url, &packed, on_bytes)?;
            let _ = fs::remove_dir_all(&unpacked);
            unpack(&packed, &unpacked, self.limits, url.as_str())
        });
        let _ = fs::remove_file(&packed);
        result
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        self.base
            .join(path)
            .map_err(|error| Error::Url { url: self.base.to_string(), reason: error.to_string() })
    }

    fn json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Error> {
        self.again(|| {
            let mut body = Vec::new();
            self.get(url, &mut |bytes| {
                if as_u64(body.len()).saturating_add(as_u64(bytes.len())) > self.max_list.0 {
                    return Err(Error::Answer {
                        url: url.to_string(),
                        status: 200,
                        reason: format!(
                            "its list of applications is larger than {}; ask for fewer with --since or --limit",
                            self.max_list
                        ),
                        wait: None,
                    });
                }
                body.extend_from_slice(bytes);
                Ok(())
            })?;
            serde_json::from_slice(&body).map_err(|error| Error::Answer {
                url: url.to_string(),
                status: 200,
                reason: format!("it is no list of applications of Spark: {error}"),
                wait: None,
            })
        })
    }

    fn receive(&self, url: &Url, to: &Path, on_bytes: &dyn Fn(Bytes)) -> Result<(), Error> {
        let of_file = |source| Error::Unreadable { place: to.display().to_string(), source };
        let mut file = File::create(to).map_err(of_file)?;
        let mut received = 0u64;
        let limit = self.limits.unpacked.0;
        self.get(url, &mut |bytes| {
            received += as_u64(bytes.len());
            if received > limit {
                return Err(Error::Archive {
                    url: url.to_string(),
                    reason: format!("it is larger than {}", self.limits.unpacked),
                    again: false,
                });
            }
            on_bytes(Bytes(as_u64(bytes.len())));
            file.write_all(bytes).map_err(of_file)
        })?;
        file.flush().map_err(of_file)
    }

    /// Does it until it succeeds, fails for good, or patience ends.
    fn again<T>(&self, mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            let error = match work() {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            tries += 1;
            if tries >= self.patience.tries || !error.may_pass() {
                return Err(error);
            }
            let wait = back_off(self.patience.first_wait, tries - 1);
            // What the server asks for counts, within reason.
            let asked = error.wait().unwrap_or_default().min(Duration::from_secs(120));
            std::thread::sleep(wait.max(asked));
        }
    }

    /// Sends one request, follows redirects on the same host, and hands the body out as it comes.
    fn get(
        &self,
        url: &Url,
        on_chunk: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        const REDIRECTS: usize = 5;
        let mut url = url.clone();
        let mut redirect = StatusCode::FOUND;
        for _ in 0..=REDIRECTS {
            let of_network =
                |source: io::Error| Error::Unreadable { place: url.to_string(), source };
            self.access.check(url.host_str().unwrap_or_default()).map_err(of_network)?;
            let request = self.http.get(url.clone()).headers(self.headers.clone());
            let sent = self.worker.begin(async move {
                let answer = request.send().await.map_err(plain)?;
                Ok(answer)
            });
            let answer = sent.received().map_err(of_network)?;
            let status = answer.status();
            if status.is_redirection() {
                redirect = status;
                url = self.redirected(&url, answer.headers(), status)?;
                continue;
            }
            if !status.is_success() {
                let headers = answer.headers().clone();
                let text = self.worker.wait(beginning(answer)).unwrap_or_default();
                return Err(Error::Answer {
                    url: url.to_string(),
                    status: status.as_u16(),
                    reason: text,
                    wait: retry_after(&headers),
                });
            }
            let mut chunks = self.body(answer);
            while let Some(chunk) = chunks.blocking_recv() {
                on_chunk(&chunk.map_err(of_network)?)?;
            }
            return Ok(());
        }
        Err(Error::Answer {
            url: url.to_string(),
            status: redirect.as_u16(),
            reason: "it redirects in circles".to_owned(),
            wait: None,
        })
    }

    /// The body in chunks, at most a few of them ahead of the reader.
    fn body(&self, answer: reqwest::Response) -> mpsc::Receiver<io::Result<Vec<u8>>> {
        const AHEAD: usize = 8;
        let (sender, receiver) = mpsc::channel(AHEAD);
        self.worker.handle().spawn(async move {
            let mut stream = answer.bytes_stream();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map(|bytes| bytes.to_vec()).map_err(plain);
                let is_last = chunk.is_err();
                // A reader that has gone wants no more.
                if sender.send(chunk).await.is_err() || is_last {
                    return;
                }
            }
        });
        receiver
    }

    fn redirected(
        &self,
        from: &Url,
        headers: &HeaderMap,
        status: StatusCode,
    ) -> Result<Url, Error> {
        let refused = |reason: String| Error::Answer {
            url: from.to_string(),
            status: status.as_u16(),
            reason,
            wait: None,
        };
        let target = headers
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| from.join(text).ok())
            .ok_or_else(|| refused("it redirects to nowhere".to_owned()))?;
        match refusal(&self.base, from, &target) {
            None => Ok(target),
            Some(reason) => Err(refused(reason)),
        }
    }
}

/// Why a redirect is not followed, which would send the headers once more: only to the same server, or from there on
/// with encryption, never back.
fn refusal(base: &Url, from: &Url, target: &Url) -> Option<String> {
    let is_same = target.origin() == base.origin();
    let is_upgrade = target.scheme() == "https" && base.scheme() == "http";
    if target.host_str() == base.host_str() && target.scheme() == "http" && from.scheme() == "https"
    {
        return Some("it redirects to http, without encryption, which is not followed".to_owned());
    }
    if is_same || (is_upgrade && target.host_str() == base.host_str()) {
        return None;
    }
    let host = target.host_str().unwrap_or_default();
    Some(format!("it redirects to another host, {host}, which is not followed"))
}

/// The first bytes of an answer that is an error, in one line.
pub(crate) async fn beginning(answer: reqwest::Response) -> io::Result<String> {
    const SHOWN: usize = 200;
    let mut stream = answer.bytes_stream();
    let mut head = Vec::new();
    while head.len() < SHOWN * 4 {
        match stream.next().await {
            Some(Ok(bytes)) => head.extend_from_slice(&bytes),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(line.chars().take(SHOWN).collect())
}

pub(crate) fn plain(error: reqwest::Error) -> io::Error {
    let kind =
        if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::ConnectionAborted };
    let error = error.without_url();
    let text = chain(&error);
    // Refusals of ours are final.
    let kind =
        if text.contains("metadata address") { io::ErrorKind::PermissionDenied } else { kind };
    io::Error::new(kind, text)
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Part of a path, what is special in URLs written as `%XX`.
fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_the_same_server_and_never_back_from_encryption() {
        for (base, from, target, refused) in [
            ("http://h:18080/", "http://h:18080/a", "http://h:18080/b", None),
            ("http://h:18080/", "http://h:18080/a", "https://h/b", None),
            ("http://h:18080/", "https://h/b", "https://h/c", None),
            ("https://h/", "https://h/a", "https://h:443/b", None),
            ("https://h/", "https://h/a", "http://h/b", Some("without encryption")),
            ("https://h/", "https://h/a", "http://h:443/b", Some("without encryption")),
            ("http://h/", "https://h/a", "http://h/b", Some("without encryption")),
            ("https://h/", "https://h/a", "https://h:8443/b", Some("another host")),
            ("https://h/", "https://h/a", "https://other/b", Some("another host")),
            ("http://h/", "http://h/a", "https://other/b", Some("another host")),
        ] {
            let url = |text| Url::parse(text).unwrap();
            let reason = refusal(&url(base), &url(from), &url(target));
            match (&reason, refused) {
                (None, None) => {}
                (Some(reason), Some(refused)) => assert!(reason.contains(refused), "{reason}"),
                _ => panic!("{base} {from} {target}: {reason:?}"),
            }
        }
    }
}
