//! What stands between a browser and the API: only requests that name a loopback host are answered (a page of a
//! foreign site that rebinds its name to 127.0.0.1 is not), state changes must come from our own origin, and the
//! page gets a strict content security policy.

use crate::problem::ApiError;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

/// Scripts, styles and connections from our own origin only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Wraps all routes.
pub fn protect(router: Router) -> Router {
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    // Event streams must not wait in a compressor's buffer.
    let compress = SizeAbove::new(1_024).and(NotForContentType::const_new("text/event-stream"));
    router
        .layer(from_fn(check_origin))
        .layer(CompressionLayer::new().compress_when(compress))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
}

async fn check_origin(request: Request, next: Next) -> Response {
    match refusal(&request) {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    }
}

fn refusal(request: &Request) -> Option<ApiError> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST);
    if !host.is_some_and(names_loopback) {
        return Some(ApiError::forbidden(
            "this server answers only under the names localhost and 127.0.0.1",
            "from another machine, reach it through an SSH tunnel: ssh -L 7878:127.0.0.1:7878 HOST",
        ));
    }
    let changes_state = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let own = host.map(|host| format!("http://{host}"));
    match text(header::ORIGIN) {
        Some(origin) if changes_state && own.as_deref() != Some(origin) => {
            Some(ApiError::forbidden(
                "state changes must come from this server's own page",
                "programs leave the Origin header out",
            ))
        }
        _ => None,
    }
}

fn names_loopback(host: &str) -> bool {
    let (name, rest) = match host.strip_prefix('[') {
        Some(inner) => inner.split_once(']').unwrap_or((inner, "]")),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    if !rest.is_empty() && !rest.starts_with(':') {
        return false;
    }
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_pass() {
        for host in ["localhost", "Localhost:7878", "127.0.0.1:1", "[::1]:7878", "127.8.8.8"] {
            assert!(names_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.4:80",
            "",
            "[::2]:1",
            "[::1].evil.example",
        ] {
            assert!(!names_loopback(host), "{host}");
        }
    }
}
