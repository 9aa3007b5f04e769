//! What `make build` embeds: the page and the listener's jar. Built without the feature, both are absent and
//! whoever needs them gets a clear error.

use tinderbox_server::Assets;

#[cfg(feature = "bundle")]
static PAGE: include_dir::Dir<'static> =
    include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../dist/ui");

/// The listener's jar.
#[cfg(feature = "bundle")]
pub const LISTENER_JAR: Option<&[u8]> =
    Some(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/tinderbox-listener.jar")));

/// The listener's jar.
#[cfg(not(feature = "bundle"))]
pub const LISTENER_JAR: Option<&[u8]> = None;

/// The page's files.
#[cfg(feature = "bundle")]
pub fn assets() -> Assets {
    Assets::new(|path| {
        let bytes = PAGE.get_file(path)?.contents();
        Some(tinderbox_server::Asset { bytes, media_type: media_type(path) })
    })
}

/// The page's files.
#[cfg(not(feature = "bundle"))]
pub fn assets() -> Assets {
    Assets::none()
}

#[cfg(feature = "bundle")]
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
