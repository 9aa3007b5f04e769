use crate::Error;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

/// With which settings and credentials sources are called, and what must not be called.
///
/// Cloning is cheap; all clones share one thread for the network, started at the first use of it. Functions of this
/// crate block their caller while that thread works, so they are called on threads that may block.
#[derive(Clone, Default)]
pub struct Access {
    inner: Arc<Inner>,
}

/// What an [`Access`] is made of. Read at the edge of the program; this crate reads no environment.
#[derive(Clone, Default)]
pub struct AccessOptions {
    /// Settings of object stores by the names of their environment variables: `AWS_ACCESS_KEY_ID`,
    /// `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME` and so on. Names that a store does not know are ignored.
    pub settings: Vec<(String, String)>,
    /// Allows link-local and metadata addresses, where cloud machines get their credentials from.
    pub allow_instance_metadata: bool,
    /// The proxy for everything; none when left out, whatever the environment says.
    pub proxy: Option<String>,
}

#[derive(Default)]
struct Inner {
    options: AccessOptions,
    worker: Mutex<Option<Arc<Worker>>>,
}

/// Settings hold secrets, so only their number is shown.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("num_settings", &self.inner.options.settings.len())
            .field("allow_instance_metadata", &self.inner.options.allow_instance_metadata)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// How long a connection may take to be made.
    const CONNECT: Duration = Duration::from_secs(20);
    /// How long an answer may stay silent. Servers that pack large logs need a while before the first byte.
    const SILENCE: Duration = Duration::from_secs(300);

    /// Access by these options.
    pub fn new(options: AccessOptions) -> Self {
        Self { inner: Arc::new(Inner { options, worker: Mutex::default() }) }
    }

    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.inner.options.settings
    }

    /// The thread of the network.
    pub(crate) fn worker(&self) -> Result<Arc<Worker>, Error> {
        let mut worker = self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = &*worker {
            return Ok(Arc::clone(worker));
        }
        let started = Arc::new(Worker::start()?);
        *worker = Some(Arc::clone(&started));
        Ok(started)
    }

    /// An HTTP client that follows no redirects, takes no proxy from the environment and refuses metadata addresses
    /// that a name resolves to. Addresses in the URL itself are the caller's: [`Access::check`].
    pub(crate) fn http(&self, allow_http: bool) -> Result<reqwest::Client, Error> {
        let options = &self.inner.options;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(Self::CONNECT)
            .read_timeout(Self::SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .https_only(!allow_http)
            .no_proxy();
        if !options.allow_instance_metadata {
            builder = builder.dns_resolver(Arc::new(Guard));
        }
        if let Some(proxy) = &options.proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| Error::Setting {
                name: "the proxy".to_owned(),
                reason: "it is no URL".to_owned(),
                hint: "give --proxy a URL, for example http://proxy.example:3128",
            })?;
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| Error::Setting {
            name: "TLS".to_owned(),
            reason: format!("it cannot be set up: {}", chain(&error.without_url())),
            hint: "check the certificates of this machine; SSL_CERT_FILE may name a file with others",
        })
    }

    /// Refuses a URL that names a link-local or metadata address.
    pub(crate) fn check(&self, host: &str) -> io::Result<()> {
        if !self.inner.options.allow_instance_metadata && is_metadata_host(host) {
            return Err(refused(host));
        }
        Ok(())
    }
}

/// A runtime of one thread for everything that waits for the network.
pub(crate) struct Worker {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Worker {
    fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tinderbox-sources")
            .enable_all()
            .build()
            .map_err(|source| Error::Unreadable { place: "the network".to_owned(), source })?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    /// Starts work; its result can be waited for on any thread, one of another runtime's included.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Begun<T> {
        let (sender, result) = mpsc::sync_channel(1);
        let task = self.handle.spawn(async move {
            // Nobody may be interested any more.
            let _ = sender.send(work.await);
        });
        Begun { result, task: task.abort_handle() }
    }

    /// Does work and waits for it.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        self.begin(work).received()
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// Work that was begun. It ends where it is when nobody waits for it any more, that is when this is dropped.
#[derive(Debug)]
pub(crate) struct Begun<T> {
    result: mpsc::Receiver<T>,
    task: AbortHandle,
}

impl<T> Begun<io::Result<T>> {
    /// Waits for the result.
    pub(crate) fn received(self) -> io::Result<T> {
        let ended = || Err(io::Error::other("the network's thread has ended"));
        self.result.recv().unwrap_or_else(|_| ended())
    }
}

impl<T> Drop for Begun<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A runtime must not wait for its threads inside of another one.
impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}

/// Resolves names and refuses those that lead to metadata addresses.
struct Guard;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
            if found.iter().any(|address| is_metadata(address.ip())) {
                return Err(refused(name).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn refused(host: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "{host} is a link-local or metadata address, which is only called with --allow-instance-metadata"
        ),
    )
}

fn is_metadata_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => is_metadata(address),
        Err(_) => host.trim_end_matches('.').eq_ignore_ascii_case("metadata.google.internal"),
    }
}

/// Link-local addresses (RFC 3927, RFC 4291) and the metadata addresses of clouds that are not: Amazon's over IPv6,
/// Alibaba's, and the address of Azure's host.
fn is_metadata(address: IpAddr) -> bool {
    const AMAZON: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    const AMAZON_PODS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);
    const ALIBABA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local() || [ALIBABA, AZURE].contains(&address),
        IpAddr::V6(address) => {
            address.is_unicast_link_local() || [AMAZON, AMAZON_PODS].contains(&address)
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat their source.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// Waiting time before another try: doubled each time from `first`, at most 30 seconds, of which a random half is
/// left out so that many clients do not return together.
pub(crate) fn back_off(first: Duration, tries: u32) -> Duration {
    use std::hash::{BuildHasher, Hasher};
    let whole = first.saturating_mul(1 << tries.min(10)).min(Duration::from_secs(30));
    let random = std::hash::RandomState::new().build_hasher().finish() % 1_000;
    let half = whole / 2;
    half + half.mul_f64(f64::from(u32::try_from(random).unwrap_or(0)) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_addresses_are_refused_however_they_are_written() {
        let access = Access::default();
        for host in [
            "169.254.169.254",
            "169.254.170.2",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            "100.100.100.200",
            "168.63.129.16",
            "Metadata.Google.Internal.",
        ] {
            assert!(access.check(host).is_err(), "{host}");
        }
        for host in ["127.0.0.1", "10.0.0.8", "[::1]", "s3.amazonaws.com", "localhost"] {
            assert!(access.check(host).is_ok(), "{host}");
        }
        let allowed = Access::new(AccessOptions {
            allow_instance_metadata: true,
            ..AccessOptions::default()
        });
        assert!(allowed.check("169.254.169.254").is_ok());
    }

    #[test]
    fn work_ends_when_nobody_waits_for_it_any_more() {
        let worker = Worker::start().unwrap();
        let (begins, begun) = mpsc::sync_channel(1);
        let (ends, ended) = mpsc::sync_channel::<()>(1);
        let work = worker.begin(async move {
            begins.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(ends);
        });
        begun.recv_timeout(Duration::from_secs(60)).unwrap();
        drop(work);
        let error = ended.recv_timeout(Duration::from_secs(60)).unwrap_err();
        assert_eq!(error, mpsc::RecvTimeoutError::Disconnected);
    }

    #[test]
    fn settings_are_not_shown() {
        let settings = vec![("AWS_SECRET_ACCESS_KEY".to_owned(), "hunter2".to_owned())];
        let access = Access::new(AccessOptions { settings, ..AccessOptions::default() });
        assert!(!format!("{access:?}").contains("hunter2"));
    }

    #[test]
    fn waiting_times_double_up_to_half_a_minute() {
        for (tries, whole) in [(0, 200), (1, 400), (3, 1_600), (30, 30_000)] {
            let time = back_off(Duration::from_millis(200), tries);
            assert!(time >= Duration::from_millis(whole / 2), "{tries}: {time:?}");
            assert!(time <= Duration::from_millis(whole), "{tries}: {time:?}");
        }
    }
}
