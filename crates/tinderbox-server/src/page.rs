use crate::problem;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// A file of the page.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Its media type.
    pub media_type: &'static str,
}

/// Where the page's files come from: the binary embeds them. Looks a path up, without the leading slash.
#[derive(Clone)]
pub struct Assets(Arc<Find>);

type Find = dyn Fn(&str) -> Option<Asset> + Send + Sync;

impl Assets {
    /// Files by path.
    pub fn new(find: impl Fn(&str) -> Option<Asset> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// A program that was built without the page.
    pub fn none() -> Self {
        Self::new(|_| None)
    }

    fn find(&self, path: &str) -> Option<Asset> {
        (self.0)(path)
    }
}

impl std::fmt::Debug for Assets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assets")
    }
}

/// A file of the page, its index for the page's own routes, or a problem for paths of the API.
pub fn answer(assets: &Assets, method: &Method, uri: &Uri) -> Response {
    let path = uri.path();
    let is_under = |prefix: &str| path == prefix || path.starts_with(&format!("{prefix}/"));
    if is_under("/api") || is_under("/ingest") {
        return problem::no_such_path(path);
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return problem::no_such_method(method, path);
    }
    let name = path.trim_start_matches('/');
    if let Some(asset) = assets.find(name).filter(|_| !name.is_empty()) {
        // Vite puts a hash of the content into the names below assets/.
        let cache = if name.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        return file(&asset, cache);
    }
    // A path with an extension is a file that is not there; everything else is a route of the page.
    if name.rsplit('/').next().is_some_and(|last| last.contains('.')) && !name.starts_with("jobs/")
    {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    }
    match assets.find("index.html") {
        Some(index) => file(&index, "no-cache"),
        None => (
            StatusCode::NOT_IMPLEMENTED,
            "this program was built without the page\nhint: `make build` builds it with the page; the API works as it is\n",
        )
            .into_response(),
    }
}

fn file(asset: &Asset, cache: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, cache)];
    (headers, asset.bytes).into_response()
}
