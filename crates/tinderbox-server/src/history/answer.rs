//! Bodies: JSON, archives, and refusals in the words of Spark, JAX-RS and Jetty.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tinderbox_app::Error;
use tinderbox_app::rest::{self, Shape};
use tokio::sync::mpsc;

/// What is answered with 200.
pub enum Answer {
    /// A body that is ready.
    Json(Vec<u8>),
    /// A body that is written while it is sent.
    Stream { media_type: &'static str, disposition: Option<String>, write: WriteBody },
}

/// Writes a body. An error cuts it off.
pub type WriteBody = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// What is refused.
#[derive(Debug)]
pub enum Refusal {
    /// A text of Spark.
    Text(StatusCode, &'static str, String),
    /// Jetty's page for what JAX-RS does not find, also for parameters that it cannot read.
    Unknown,
    /// Jetty's page for an exception of Spark.
    Failed,
    /// Jetty's page for anything but GET.
    Method,
}

const PLAIN: &str = "text/plain";
const JSON: &str = "application/json";
/// Sent with every answer.
const NO_CACHE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
/// As 3.5's pages name it; the number behind is another one in each of its processes.
const SERVLET: &str = "org.glassfish.jersey.servlet.ServletContainer-0";
/// Pieces of a streamed body, and how many may wait for a slow client.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES: usize = 4;

impl Answer {
    /// JSON of a value.
    pub fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<Self, Refusal> {
        match rest::to_vec(value) {
            Ok(body) => Ok(Self::Json(body)),
            Err(error) => {
                tracing::error!(%error, "an answer of the history API cannot be written");
                Err(Refusal::Failed)
            }
        }
    }

    /// As a response.
    pub fn respond(self, shape: Shape) -> Response {
        let vary = match shape {
            Shape::V35 => "Accept-Encoding, User-Agent",
            Shape::V4 => "Accept-Encoding",
        };
        let vary = (header::VARY, HeaderValue::from_static(vary));
        match self {
            Self::Json(body) => {
                let media_type = (header::CONTENT_TYPE, HeaderValue::from_static(JSON));
                ([NO_CACHE, media_type, vary], body).into_response()
            }
            Self::Stream { media_type, disposition, write } => {
                let media_type = (header::CONTENT_TYPE, HeaderValue::from_static(media_type));
                let mut response = ([NO_CACHE, media_type, vary], streamed(write)).into_response();
                if let Some(value) = disposition.and_then(|text| text.try_into().ok()) {
                    response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
                }
                response
            }
        }
    }
}

/// Where a refusal is shown.
pub struct Page<'a> {
    pub shape: Shape,
    pub host: &'a str,
    pub uri: &'a Uri,
}

impl Refusal {
    pub fn not_found(text: &str) -> Self {
        Self::Text(StatusCode::NOT_FOUND, PLAIN, text.to_owned())
    }

    pub fn bad_request(text: &str) -> Self {
        Self::Text(StatusCode::BAD_REQUEST, PLAIN, text.to_owned())
    }

    pub fn unavailable(text: &str) -> Self {
        Self::Text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, text.to_owned())
    }

    /// A text under the media type of JSON, as Spark sends it.
    pub fn bad_date(text: &str) -> Self {
        Self::Text(StatusCode::BAD_REQUEST, JSON, format!("Couldn't parse date: {text}"))
    }

    /// As a response.
    pub fn respond(self, page: &Page<'_>) -> Response {
        let (status, message) = match self {
            Self::Text(status, media_type, text) => {
                let media_type = (header::CONTENT_TYPE, HeaderValue::from_static(media_type));
                return (status, [NO_CACHE, media_type], text).into_response();
            }
            Self::Unknown => (StatusCode::NOT_FOUND, "Not Found"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Request failed."),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        };
        let media_type = HeaderValue::from_static("text/html;charset=iso-8859-1");
        let headers = [
            (header::CACHE_CONTROL, HeaderValue::from_static("must-revalidate,no-cache,no-store")),
            (header::CONTENT_TYPE, media_type),
        ];
        let mut response = (status, headers, page.html(status, message)).into_response();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,OPTIONS"));
        }
        response
    }
}

impl Page<'_> {
    /// A page as Jetty makes it; 3.5's names the path, 4.x's the whole address.
    fn html(&self, status: StatusCode, message: &str) -> String {
        let code = status.as_u16();
        let (gap, address) = match self.shape {
            Shape::V35 => ("", self.uri.path().to_owned()),
            Shape::V4 => ("\n", format!("http://{}{}", self.host, self.uri)),
        };
        let rows = [("URI", escaped(&address)), ("STATUS", code.to_string())];
        let servlet = ("SERVLET", SERVLET.to_owned());
        let rows: String = rows
            .into_iter()
            .chain([("MESSAGE", message.to_owned())])
            .chain((self.shape == Shape::V35).then_some(servlet))
            .map(|(name, value)| format!("<tr><th>{name}:</th><td>{value}</td></tr>\n"))
            .collect();
        format!(
            "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
             <title>Error {code} {message}</title>\n</head>\n<body>{gap}<h2>HTTP ERROR {code} {message}</h2>\n\
             <table>\n{rows}</table>\n\n</body>\n</html>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        tracing::error!("the history API fails: {}", tinderbox_app::chain(&error));
        Self::Failed
    }
}

/// Runs work that reads files on the pool for it.
pub async fn blocking(
    work: impl FnOnce() -> Result<Answer, Refusal> + Send + 'static,
) -> Result<Answer, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answered) => answered,
        Err(error) => {
            tracing::error!(%error, "the history API fails");
            Err(Refusal::Failed)
        }
    }
}

/// A body that is written on a thread of its own, at most a few pieces ahead of the client.
fn streamed(write: WriteBody) -> Body {
    let (pieces, mut received) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut pipe = io::BufWriter::with_capacity(PIECE_BYTES, Pipe { pieces: pieces.clone() });
        // A panic must not look like the end either.
        let written = catch_unwind(AssertUnwindSafe(|| write(&mut pipe)));
        let written = written.unwrap_or_else(|_| Err(io::Error::other("the answer panicked")));
        if let Err(error) = written.and_then(|()| pipe.flush()) {
            // What is in the pipe must not go out as if it were the end.
            let _ = pipe.into_parts();
            // The client may be gone, which is the usual reason.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    // The compressor asks once more after the end, which a channel answers well.
    Body::from_stream(futures::stream::poll_fn(move |context| received.poll_recv(context)))
}

struct Pipe {
    pieces: mpsc::Sender<io::Result<Vec<u8>>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.pieces.blocking_send(Ok(bytes.to_vec()));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
