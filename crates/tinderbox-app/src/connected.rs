//! A session on Sail or on a Spark Connect server.

use crate::history_sql::{LONGEST, start_sail};
use crate::{Error, SparkPlaces};
use std::pin::pin;
use tinderbox_connect::{Engine, SAIL_VERSION, Sail, Session};
use tokio::time::timeout;

/// An open session.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) session: Session,
    /// Lives as long as the session.
    sail: Option<Sail>,
}

impl Connected {
    /// Opens a session on the server, or on a Sail of its own when there is none.
    pub(crate) async fn open(places: &SparkPlaces, server: Option<&str>) -> Result<Self, Error> {
        let (sail, url) = match server {
            Some(url) => (None, url.to_owned()),
            None => {
                let sail = start_sail(places).await?;
                let url = sail.url().to_owned();
                (Some(sail), url)
            }
        };
        Ok(Self { session: Session::connect(&url).await?, sail })
    }

    /// Whether the server still knows the session and answers.
    pub(crate) async fn is_well(&self) -> bool {
        let is_alive = self.sail.as_ref().is_none_or(Sail::is_alive);
        is_alive && self.session.is_well().await
    }

    /// Closes the session and ends Sail.
    pub(crate) async fn close(self) {
        self.session.close().await;
    }

    pub(crate) fn engine(&self) -> Engine {
        if self.sail.is_some() { Engine::Sail } else { Engine::Spark }
    }

    /// Who computes, with its version.
    pub(crate) async fn name(&self) -> Result<String, Error> {
        Ok(match &self.sail {
            Some(_) => format!("Sail {SAIL_VERSION}"),
            None => format!("Spark Connect {}", self.session.version().await?),
        })
    }
}

/// Asks the server, or Sail when there is none, `None` when `stop` comes first. In the end the session is closed and Sail
/// gone, whatever came of it.
pub(crate) async fn ask<T>(
    places: &SparkPlaces,
    server: Option<&str>,
    stop: impl Future<Output = ()>,
    question: impl AsyncFnOnce(&Connected) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut stop = pin!(stop);
    let connected = tokio::select! {
        connected = Connected::open(places, server) => connected?,
        () = &mut stop => return Ok(None),
    };
    let answered = tokio::select! {
        answered = in_time(question(&connected)) => Some(answered),
        () = &mut stop => None,
    };
    connected.close().await;
    answered.transpose()
}

/// The answer, unless it takes too long.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let too_slow = tinderbox_connect::Error::TooSlow { limit: LONGEST };
    timeout(LONGEST, answer).await.unwrap_or_else(|_| Err(too_slow.into()))
}
