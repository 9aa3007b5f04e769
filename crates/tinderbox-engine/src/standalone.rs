//! A standalone cluster: drivers are asked for at the master's REST server, without a JVM of our own.
//!
//! Sources: `org.apache.spark.deploy.rest` (`StandaloneRestServer`, `SubmitRestProtocolRequest`) and
//! `org.apache.spark.deploy.JsonProtocol` of Spark 3.5.8 and 4.3.0.

mod attempt;
mod driver;
mod log;
mod web;

pub use attempt::{StandaloneDriver, StandaloneTarget};
pub use driver::{DriverRequest, DriverState, DriverStatus};
pub use web::{ClusterApplication, ClusterDriver, ClusterWorker, StandaloneCluster};

use crate::Error;
use crate::error::chain;
use reqwest::{Client, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How long the master may take to answer. It answers within 10 ms, and while a driver is registered within 0.7 s.
const ANSWERS: Duration = Duration::from_secs(20);
/// The largest answer that is read: a list of a few thousand applications.
const LONGEST_ANSWER: usize = 64 << 20;

/// Where a standalone cluster is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandaloneAddress {
    /// The master as Spark names it: `spark://HOST:PORT`, several with commas between.
    pub master: String,
    /// The master's REST server: `http://HOST:6066`. Off unless `spark.master.rest.enabled` is set.
    pub rest: String,
    /// The master's page: `http://HOST:8080`.
    pub web: String,
}

/// A standalone cluster's master.
#[derive(Clone)]
pub struct StandaloneMaster {
    address: StandaloneAddress,
    /// What `spark.master.rest.filters` may ask for (`JWSFilter`, Spark 4): a signed token.
    token: Option<String>,
    client: Client,
}

impl StandaloneMaster {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// [`Error::Client`] when this process cannot make connections at all.
    pub fn new(address: StandaloneAddress, token: Option<String>) -> Result<Self, Error> {
        let client = Client::builder()
            .timeout(ANSWERS)
            .no_proxy()
            .build()
            .map_err(|error| Error::Client { problem: chain(&error) })?;
        Ok(Self { address, token, client })
    }

    /// Where it is.
    pub fn address(&self) -> &StandaloneAddress {
        &self.address
    }

    /// Asks for a driver on one of the workers and answers its id, which the master makes. Asking twice starts two: only
    /// the application's name, once it has registered, tells whether an earlier question was answered.
    ///
    /// # Errors
    /// [`Error::Unreachable`] before the question was sent, [`Error::Unanswered`] when it may have been heard,
    /// [`Error::Refused`].
    pub async fn create(&self, request: &DriverRequest) -> Result<String, Error> {
        let url = format!("{}/v1/submissions/create", self.address.rest);
        let asked = self.request(Method::POST, &url).json(&request.to_json(&self.address.master));
        let answer: driver::Created = self.answer(asked, &url, Asks::Start).await?;
        match (answer.success, answer.submission_id) {
            (true, Some(id)) => Ok(id),
            _ => Err(Error::Refused { server: url, problem: said(answer.message) }),
        }
    }

    /// Where a driver stands; `None` when the master does not know it: it forgets ended ones
    /// (`spark.deploy.retainedDrivers`), and all when it is started again without recovery.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn status(&self, driver: &str) -> Result<Option<DriverStatus>, Error> {
        let url = format!("{}/v1/submissions/status/{driver}", self.address.rest);
        let answer: driver::Answer =
            self.answer(self.request(Method::GET, &url), &url, Asks::Look).await?;
        Ok(answer.into_status())
    }

    /// Asks for the end of a driver. It is over when [`Self::status`] says so, about a second later. False when the master says
    /// that it has ended already, or does not know it.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn kill(&self, driver: &str) -> Result<bool, Error> {
        let url = format!("{}/v1/submissions/kill/{driver}", self.address.rest);
        let answer: driver::Killed =
            self.answer(self.request(Method::POST, &url), &url, Asks::Look).await?;
        Ok(answer.success)
    }

    /// The cluster as the master's page tells it.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn cluster(&self) -> Result<StandaloneCluster, Error> {
        let url = format!("{}/json/", self.address.web);
        self.answer(self.client.get(&url), &url, Asks::Look).await
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        url: &str,
        asks: Asks,
    ) -> Result<T, Error> {
        let body = self.body(request, url, asks).await?;
        if let Ok(answer) = serde_json::from_slice(&body) {
            return Ok(answer);
        }
        // Errors of the protocol have a message in JSON too, those of filters and proxies a page.
        let message = serde_json::from_slice::<Value>(&body).ok();
        let message = message.as_ref().and_then(|body| body["message"].as_str()).map(str::to_owned);
        let page = || String::from_utf8_lossy(&body).into_owned();
        Err(Error::Refused {
            server: url.to_owned(),
            problem: said(Some(message.unwrap_or_else(page))),
        })
    }

    /// The body of an answer; of one without success too where it is JSON, which says more than the status.
    async fn body(&self, request: RequestBuilder, url: &str, asks: Asks) -> Result<Vec<u8>, Error> {
        let failed = |error: reqwest::Error| {
            let (server, problem) = (url.to_owned(), chain(&error.without_url()));
            match asks {
                Asks::Start => Error::Unanswered { server, problem },
                Asks::Look => Error::Unreachable { server, problem },
            }
        };
        let response = request.send().await.map_err(|error| match error.is_connect() {
            true => {
                Error::Unreachable { server: url.to_owned(), problem: chain(&error.without_url()) }
            }
            false => failed(error),
        })?;
        let status = response.status();
        let body = read(response).await.map_err(failed)?;
        if !status.is_success() && serde_json::from_slice::<Value>(&body).is_err() {
            let problem = format!("HTTP status {status}");
            return Err(Error::Refused { server: url.to_owned(), problem });
        }
        Ok(body)
    }
}

impl std::fmt::Debug for StandaloneMaster {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StandaloneMaster").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a question that fails may have done.
#[derive(Clone, Copy)]
enum Asks {
    /// Started a driver.
    Start,
    /// Nothing, or what may be asked for again.
    Look,
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > LONGEST_ANSWER {
            // Cut off, so no JSON.
            break;
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The first line: the master puts whole stack traces into its answers.
fn said(message: Option<String>) -> String {
    let message = message.unwrap_or_else(|| "it gives no reason".to_owned());
    message.lines().next().unwrap_or_default().trim().to_owned()
}
