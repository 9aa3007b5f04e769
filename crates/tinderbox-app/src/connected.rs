//! A session on Sail or on a Spark Connect server for as long as one question takes.

use crate::history_sql::{LONGEST, start_sail};
use crate::{Error, SparkPlaces};
use std::pin::pin;
use tinderbox_connect::{Engine, SAIL_VERSION, Sail, Session};

/// An open session.
pub(crate) struct Connected {
    pub(crate) session: Session,
    /// Lives as long as the session.
    sail: Option<Sail>,
}

impl Connected {
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
    let (sail, url) = match server {
        Some(url) => (None, url.to_owned()),
        None => {
            let sail = start_sail(places).await?;
            let url = sail.url().to_owned();
            (Some(sail), url)
        }
    };
    let mut stop = pin!(stop);
    let session = tokio::select! {
        session = Session::connect(&url) => session?,
        () = &mut stop => return Ok(None),
    };
    let connected = Connected { session, sail };
    let too_slow = tinderbox_connect::Error::TooSlow { limit: LONGEST };
    let answered = tokio::select! {
        answered = tokio::time::timeout(LONGEST, question(&connected)) => {
            Some(answered.unwrap_or_else(|_| Err(too_slow.into())))
        }
        () = &mut stop => None,
    };
    connected.session.clone().close().await;
    drop(connected);
    answered.transpose()
}
