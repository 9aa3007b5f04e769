//! Where a command does its work: at a server that was named, at the server that owns the data directory, or in
//! this process. In the last case a server on a free loopback port lives as long as the command, so that there is
//! one way for everything, the listener has where to send its events, and other commands find this one.

use crate::args::{Outgoing, Place};
use crate::bundle;
use crate::failure::Failure;
use crate::sources;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tinderbox_api::Client;
use tinderbox_app::{App, Config, DataDir, Owner, SparkPlaces};
use tinderbox_collect::Access;
use tinderbox_server as server;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A connection to wherever the work is done.
pub struct Session {
    /// The client.
    pub client: Client,
    place: Place,
    own: Option<Own>,
}

/// How often a session is opened anew when the owner changes meanwhile: commands own the data directory for moments.
const OPEN_TRIES: u32 = 5;

struct Own {
    app: App,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), server::Error>>,
}

impl Session {
    /// Connects, starting a server of our own when nobody owns the data directory.
    pub async fn open(place: &Place) -> Result<Self, Failure> {
        let connected = |client| Self { client, place: place.clone(), own: None };
        if let Some(url) = &place.server {
            return Ok(connected(Client::new(url, place.token.clone())?));
        }
        let root = data_dir(place)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut tries = 0;
        let (app, listener, url) = loop {
            if let Some(url) = owner_url(&root).await? {
                return Ok(connected(Client::new(&url, None)?));
            }
            tries += 1;
            let access = sources::access(&Outgoing::default());
            match try_open_app(&root, address, access).await? {
                // Another command was faster: it is the owner now.
                Err(tinderbox_app::Error::Owned { .. }) if tries < OPEN_TRIES => {}
                opened => break opened?,
            }
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let history = server::HistoryOptions::default();
        let serving = server::serve(listener, app.clone(), bundle::assets(), history, async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(serving);
        Ok(Self {
            client: Client::new(&url, None)?,
            place: place.clone(),
            own: Some(Own { app, stop, server }),
        })
    }

    /// Connects again after the server has gone. When it belonged to another command that has ended, this one takes
    /// over and finds the runs again. False when there is nothing else to connect to.
    pub async fn reopen(&mut self) -> Result<bool, Failure> {
        if self.place.server.is_some() || self.is_own() {
            return Ok(false);
        }
        *self = Self::open(&self.place.clone()).await?;
        Ok(true)
    }

    /// The use cases in this process, when no other one owns the data directory.
    pub fn own_app(&self) -> Option<&App> {
        self.own.as_ref().map(|own| &own.app)
    }

    /// Whether the server ends with this command.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Ends the server that was started here. Runs that are not finished go on and are found again.
    pub async fn close(self) {
        let Some(Own { app, stop, server }) = self.own else { return };
        app.close().await;
        let _ = stop.send(());
        let _ = tokio::time::timeout(Duration::from_secs(5), server).await;
    }
}

/// Owns the data directory, binds the address and opens the app: everything that can fail before serving.
pub async fn open_app(
    root: &Path,
    address: SocketAddr,
    access: Access,
) -> Result<(App, TcpListener, String), Failure> {
    Ok(try_open_app(root, address, access).await??)
}

async fn try_open_app(
    root: &Path,
    address: SocketAddr,
    access: Access,
) -> Result<Result<(App, TcpListener, String), tinderbox_app::Error>, Failure> {
    let listener = server::bind(address).await?;
    let bound = listener.local_addr().map_err(|error| {
        Failure::environment(format!("the bound address cannot be read: {error}"), None)
    })?;
    let url = format!("http://{bound}");
    let opened = App::open(Config {
        data_dir: root.to_owned(),
        url: url.clone(),
        listener_jar: bundle::LISTENER_JAR,
        spark: spark_places(),
        access,
    });
    Ok(opened.await.map(|app| (app, listener, url)))
}

/// Where engines are; this very program is the driver of runs on Sail.
fn spark_places() -> SparkPlaces {
    let places = SparkPlaces::from_environment();
    match std::env::current_exe() {
        Ok(program) => places.with_sail_driver(program),
        Err(_) => places,
    }
}

/// The data directory: what was named, else `tinderbox` in the user's data folder (XDG base directory specification).
pub fn data_dir(place: &Place) -> Result<PathBuf, Failure> {
    if let Some(dir) = &place.data_dir {
        return Ok(dir.clone());
    }
    let base = std::env::var_os("XDG_DATA_HOME")
        .filter(|text| !text.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    base.map(|base| base.join("tinderbox")).ok_or_else(|| {
        Failure::environment(
            "there is no data folder: neither XDG_DATA_HOME nor HOME is set",
            Some("name one with --data-dir or TINDERBOX_DATA_DIR".to_owned()),
        )
    })
}

/// The address of the owner, waiting a moment for one that is just starting.
async fn owner_url(root: &Path) -> Result<Option<String>, Failure> {
    let mut owner = None;
    for _ in 0..50 {
        owner = DataDir::owner(root)?;
        match &owner {
            None => return Ok(None),
            Some(Owner { url: Some(url), .. }) => return Ok(Some(url.clone())),
            Some(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    Err(tinderbox_app::Error::Owned { path: root.to_owned(), owner }.into())
}
