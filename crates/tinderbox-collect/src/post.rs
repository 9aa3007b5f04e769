//! Telling a server something: the one thing that is sent anywhere.

use crate::history_server::{beginning, plain};
use crate::{Access, Error};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;

/// A JSON text for a server.
#[derive(Clone)]
pub struct Post {
    /// Where to, with everything that is secret in it.
    pub url: String,
    /// How errors name it.
    pub place: String,
    /// For the header `Authorization`, behind `Bearer`.
    pub bearer: Option<String>,
    /// The text.
    pub body: String,
    /// How long all of it may take.
    pub limit: Duration,
}

impl Access {
    /// Sends it once. Redirects are not followed, and the answer is read only where it says what is wrong.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Answer`], [`Error::Unreadable`], [`Error::Setting`]; none of them holds the URL.
    pub async fn post(&self, post: &Post) -> Result<(), Error> {
        let failed = |source| Error::Unreadable { place: post.place.clone(), source };
        let url = Url::parse(&post.url)
            .map_err(|error| Error::Url { url: post.place.clone(), reason: error.to_string() })?;
        self.check(url.host_str().unwrap_or_default()).map_err(failed)?;
        let request = self
            .http(true)?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .timeout(post.limit)
            .body(post.body.clone());
        let request = match &post.bearer {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let answer = request.send().await.map_err(|error| failed(plain(error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let reason = beginning(answer).await.unwrap_or_default();
        Err(Error::Answer { url: post.place.clone(), status: status.as_u16(), reason, wait: None })
    }
}
