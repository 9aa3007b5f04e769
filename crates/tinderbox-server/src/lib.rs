//! Tinderbox over HTTP: our API under `/api`, live ingest, server-sent events, and the page.
//!
//! Invariants: handlers extract, call `tinderbox-app`, convert; no SQL and no Spark format here. The fallback that
//! serves the page never answers a path below `/api`, `/ingest`. A bind to anything but loopback is refused,
//! because there is no login yet.

mod convert;
mod extract;
mod guard;
mod history;
mod http;
mod page;
mod problem;

pub use history::HistoryOptions;
pub use page::{Asset, Assets};

use axum::Router;
use axum::http::{Method, Uri};
use axum::serve::ListenerExt as _;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::time::Duration;
use tinderbox_app::App;
use tokio::net::TcpListener;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not loopback.
    #[error(
        "refusing to listen on {address}: this version has no login, and anyone who reaches the port could run jobs"
    )]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The listening socket failed.
    #[error("the listening socket failed")]
    Serve(#[source] std::io::Error),
}

impl Error {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotLoopback { .. } => Some(
                "listen on 127.0.0.1 and reach it through an SSH tunnel: ssh -L 7878:127.0.0.1:7878 HOST".to_owned(),
            ),
            Self::Bind { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => Some(
                "another program has this port: choose one with --listen 127.0.0.1:PORT, or 127.0.0.1:0 for any free one".to_owned(),
            ),
            Self::Bind { .. } | Self::Serve(_) => None,
        }
    }
}

/// Binds `address`, which must be loopback. Port 0 takes a free one.
///
/// # Errors
/// [`Error::NotLoopback`], [`Error::Bind`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback { address });
    }
    TcpListener::bind(address).await.map_err(|source| Error::Bind { address, source })
}

/// Serves until `shutdown` resolves. Open event streams end then; requests that are being answered get five seconds.
///
/// # Errors
/// [`Error::Serve`].
pub async fn serve(
    listener: TcpListener,
    app: App,
    assets: Assets,
    history: HistoryOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let (asked, mut is_asked) = tokio::sync::watch::channel(false);
    // An answer in several pieces must not wait for the client's confirmation of the first.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers in pieces are delayed");
        }
    });
    let serving =
        axum::serve(listener, router(app, assets, history)).with_graceful_shutdown(async move {
            shutdown.await;
            let _ = asked.send(true);
        });
    let too_late = async {
        // An error means that serving has ended by itself.
        if is_asked.wait_for(|asked| *asked).await.is_ok() {
            tokio::time::sleep(SHUTDOWN_GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = serving.into_future() => served.map_err(Error::Serve),
        // A client that does not read its answer would hold the server open for ever.
        () = too_late => Ok(()),
    }
}

/// All routes.
pub fn router(app: App, assets: Assets, history: HistoryOptions) -> Router {
    let (api, contract) = api_routes().split_for_parts();
    let contract = to_json(&contract);
    let api = api
        .route(
            "/api/openapi.json",
            axum::routing::get(move || async move {
                ([("content-type", "application/json")], contract)
            }),
        )
        .merge(http::operations::routes())
        .merge(http::ingest::routes())
        .merge(http::livy::routes())
        .merge(history::routes(history))
        .method_not_allowed_fallback(async |method: Method, uri: Uri| {
            problem::no_such_method(&method, uri.path())
        })
        .fallback(move |method: Method, uri: Uri| {
            let assets = assets.clone();
            async move { page::answer(&assets, &method, &uri) }
        })
        .with_state(app);
    guard::protect(api)
}

/// The contract of `/api/*` as OpenAPI 3.1, byte for byte what `schemas/openapi.json` holds.
pub fn openapi_json() -> String {
    to_json(&api_routes().split_for_parts().1)
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Tinderbox",
    description = "Define, run, watch, understand and tune Apache Spark jobs. Errors are RFC 9457 problem bodies."
))]
struct Contract;

fn api_routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Contract::openapi())
        .merge(http::jobs::routes())
        .merge(http::runs::routes())
        .merge(http::scale::routes())
        .merge(http::clusters::routes())
        .merge(http::inside::routes())
        .merge(http::advice::routes())
        .merge(http::events::routes())
        .merge(http::fleet::routes())
        .merge(http::streaming::routes())
        .merge(http::timeline_cells::routes())
        .merge(http::server_info::routes())
        .merge(http::data_sets::routes())
}

fn to_json(contract: &utoipa::openapi::OpenApi) -> String {
    // Serializing a document that was built from derives cannot fail; an empty one would fail the contract test.
    let mut text = contract.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
