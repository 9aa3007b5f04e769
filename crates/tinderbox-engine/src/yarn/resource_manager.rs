//! What is asked of a ResourceManager. Source: "ResourceManager REST APIs" of Hadoop 3.3 (`RMWebServices`).

use crate::Error;
use crate::attempt::{Outcome, Status};
use crate::error::chain;
use reqwest::{Client, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// How long a ResourceManager may take to answer. It answers within 10 ms; one with ten thousand applications within a
/// second.
const ANSWERS: Duration = Duration::from_secs(20);
/// The largest answer that is read.
const LONGEST_ANSWER: usize = 64 << 20;

/// Where a YARN cluster is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct YarnAddress {
    /// Pages of ResourceManagers, `http://HOST:8088`; of several one is active.
    pub resource_managers: Vec<String>,
    /// Whose applications they are, where nobody proves who they are.
    #[serde(default)]
    pub user: Option<String>,
    /// Web services that have the logs of containers that have ended, for example `http://HOST:19888/ws/v1/history`.
    #[serde(default)]
    pub logs: Option<String>,
}

/// A YARN cluster, as its ResourceManagers tell it.
#[derive(Debug, Clone)]
pub struct YarnCluster {
    pub(super) address: YarnAddress,
    pub(super) client: Client,
}

/// An application, as the ResourceManager knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct YarnReport {
    /// Its id, for example `application_1795741690220_0001`.
    pub id: String,
    /// `YarnApplicationState`: `NEW`, `NEW_SAVING`, `SUBMITTED`, `ACCEPTED`, `RUNNING`, `FINISHED`, `FAILED` or `KILLED`.
    pub state: String,
    /// `FinalApplicationStatus`, which the driver itself has told: `UNDEFINED`, `SUCCEEDED`, `FAILED` or `KILLED`.
    #[serde(default)]
    pub final_status: String,
    /// What YARN says of its state.
    #[serde(default)]
    pub diagnostics: String,
    /// Page with the logs of its driver's container, once there is one.
    #[serde(default)]
    pub am_container_logs: Option<String>,
}

impl YarnCluster {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// [`Error::Client`] when this process cannot make connections at all.
    pub fn new(address: YarnAddress) -> Result<Self, Error> {
        let client = Client::builder()
            .timeout(ANSWERS)
            .no_proxy()
            .build()
            .map_err(|error| Error::Client { problem: chain(&error) })?;
        Ok(Self { address, client })
    }

    /// The version of its Hadoop; an answer of any kind says that the cluster is there.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn version(&self) -> Result<String, Error> {
        let (_, body) = self.ask(Method::GET, "/ws/v1/cluster/info", None).await?;
        let version = body["clusterInfo"]["hadoopVersion"].as_str();
        Ok(version.unwrap_or("of unknown version").to_owned())
    }

    /// The application with a tag. Tags are in small letters there, whoever wrote them how.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn tagged(&self, tag: &str) -> Result<Option<YarnReport>, Error> {
        let path = format!(
            "/ws/v1/cluster/apps?applicationTags={tag}&deSelects=resourceRequests,timeouts"
        );
        let (_, body) = self.ask(Method::GET, &path, None).await?;
        // `{"apps": null}`, `{"apps": {}}` or `{"apps": {"app": [ … ]}}`.
        let found = body["apps"]["app"].as_array().cloned().unwrap_or_default();
        Ok(found.into_iter().find_map(|one| serde_json::from_value(one).ok()))
    }

    /// Where the applications stand that have not ended, by their ids.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub(crate) async fn active(&self) -> Result<HashMap<String, Status>, Error> {
        let path = "/ws/v1/cluster/apps?states=NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING\
                    &applicationTypes=SPARK&deSelects=resourceRequests,timeouts";
        let (_, mut body) = self.ask(Method::GET, path, None).await?;
        let found: Vec<Value> =
            serde_json::from_value(body["apps"]["app"].take()).unwrap_or_default();
        let reports = found.into_iter().filter_map(|one| serde_json::from_value(one).ok());
        Ok(reports.map(|report: YarnReport| (report.id.clone(), report.status())).collect())
    }

    /// An application by its id; `None` when the cluster does not know it: it forgets old ones
    /// (`yarn.resourcemanager.max-completed-applications`), and all when it is started again without recovery.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn application(&self, id: &str) -> Result<Option<YarnReport>, Error> {
        let path = format!("/ws/v1/cluster/apps/{id}");
        let (status, mut body) = self.ask(Method::GET, &path, None).await?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        serde_json::from_value(body["app"].take())
            .map(Some)
            .map_err(|error| Error::Refused { server: self.server(), problem: chain(&error) })
    }

    /// Asks for the end of an application. It is over when [`Self::application`] says so.
    ///
    /// # Errors
    /// [`Error::Unreachable`]; [`Error::Refused`] where the REST interface is for reading only, or wants to know who asks
    /// in a way that is not spoken here (SPNEGO).
    pub async fn kill(&self, id: &str) -> Result<(), Error> {
        let path = format!("/ws/v1/cluster/apps/{id}/state");
        self.ask(Method::PUT, &path, Some(json!({"state": "KILLED"}))).await.map(drop)
    }

    /// The addresses of the nodes' pages, `HOST:PORT`, of lost ones too.
    pub(super) async fn nodes(&self) -> Result<Vec<String>, Error> {
        let (_, body) = self.ask(Method::GET, "/ws/v1/cluster/nodes", None).await?;
        let nodes = body["nodes"]["node"].as_array().into_iter().flatten();
        Ok(nodes.filter_map(|node| node["nodeHTTPAddress"].as_str().map(str::to_owned)).collect())
    }

    pub(super) fn server(&self) -> String {
        self.address.resource_managers.join(", ")
    }

    /// The answer of the first ResourceManager that has one: those that stand by send to the active one, or say so in text.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        content: Option<Value>,
    ) -> Result<(StatusCode, Value), Error> {
        let mut problem = "no address of a ResourceManager is known".to_owned();
        for manager in &self.address.resource_managers {
            let url = format!("{manager}{path}");
            let mut request = self.client.request(method.clone(), &url);
            if let Some(user) = &self.address.user {
                // `PseudoAuthenticator`: who asks, where nobody needs to prove it.
                request = request.query(&[("user.name", user)]);
            }
            if let Some(content) = &content {
                // `RestCsrfPreventionFilter` wants this header, whatever it says.
                request = request.header("X-XSRF-Header", "tinderbox").json(content);
            }
            let answer = async {
                let response = request.header("Accept", "application/json").send().await?;
                let status = response.status();
                let body = read(response).await?;
                Ok::<_, reqwest::Error>((status, body))
            };
            let (status, body) = match answer.await {
                Ok(answer) => answer,
                Err(error) => {
                    problem = chain(&error.without_url());
                    continue;
                }
            };
            let Ok(json) = serde_json::from_slice::<Value>(&body) else {
                let text = String::from_utf8_lossy(&body);
                let first = text.lines().map(str::trim).find(|line| !line.is_empty());
                let first: String = first.unwrap_or_default().chars().take(200).collect();
                if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                    let problem = format!("HTTP status {status}: {first}");
                    return Err(Error::Refused { server: manager.clone(), problem });
                }
                problem = format!("HTTP status {status}, and no JSON: {first}");
                continue;
            };
            if status.is_success() || status == StatusCode::NOT_FOUND {
                return Ok((status, json));
            }
            let said = json["RemoteException"]["message"].as_str().unwrap_or("no reason is given");
            let problem =
                format!("HTTP status {status}: {}", said.lines().next().unwrap_or_default());
            return Err(Error::Refused { server: manager.clone(), problem });
        }
        Err(Error::Unreachable { server: self.server(), problem })
    }
}

impl YarnReport {
    /// Where an attempt stands whose driver is the application's master.
    pub fn status(&self) -> Status {
        let message = Some(self.diagnostics.trim().to_owned()).filter(|said| !said.is_empty());
        let ended = |outcome| Status::Ended { outcome, message: message.clone() };
        match (self.state.as_str(), self.final_status.as_str()) {
            ("RUNNING", _) => Status::Running,
            ("FINISHED", "SUCCEEDED") => ended(Outcome::Succeeded),
            ("KILLED", _) | ("FINISHED", "KILLED") => ended(Outcome::Killed),
            ("FINISHED" | "FAILED", _) => ended(Outcome::Failed),
            // NEW, NEW_SAVING, SUBMITTED, ACCEPTED, and states of later versions.
            _ => Status::Waiting { reason: self.waits_for() },
        }
    }

    /// Why YARN has not started the driver, without its times and figures, which change each second; nothing while a
    /// container starts.
    fn waits_for(&self) -> Option<String> {
        let said = self.diagnostics.trim();
        let said = match said.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((_time, rest)) => rest.trim(),
            None => said,
        };
        let said = said.split("Details :").next().unwrap_or_default().trim();
        let starts = ["AM container is launched", "Scheduler has assigned a container for AM"];
        let is_start = starts.iter().any(|start| said.starts_with(start));
        (!said.is_empty() && !is_start).then(|| said.to_owned())
    }
}

pub(super) async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: &str, final_status: &str, diagnostics: &str) -> Status {
        let report = YarnReport {
            id: "application_1_0001".to_owned(),
            state: state.to_owned(),
            final_status: final_status.to_owned(),
            diagnostics: diagnostics.to_owned(),
            am_container_logs: None,
        };
        report.status()
    }

    /// The texts are those of Hadoop 3.3.6.
    #[test]
    fn row_9_13_every_state_of_yarn_has_its_meaning() {
        let waits = |reason: Option<&str>| Status::Waiting { reason: reason.map(str::to_owned) };
        let ended = |outcome, said: &str| {
            let message = Some(said.to_owned()).filter(|said| !said.is_empty());
            Status::Ended { outcome, message }
        };
        for state in ["NEW", "NEW_SAVING", "SUBMITTED", "A_LATER_ONE"] {
            assert_eq!(status(state, "UNDEFINED", ""), waits(None));
        }
        let full = "[Fri Nov 27 01:09:15 +0000 2026] Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.  Details : AM Partition = <DEFAULT_PARTITION>; AM Resource Request = <memory:5632, vCores:1>; ";
        let reason = "Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.";
        assert_eq!(status("ACCEPTED", "UNDEFINED", full), waits(Some(reason)));
        let starting = "AM container is launched, waiting for AM container to Register with RM";
        assert_eq!(status("ACCEPTED", "UNDEFINED", starting), waits(None));
        assert_eq!(status("RUNNING", "UNDEFINED", ""), Status::Running);
        assert_eq!(status("FINISHED", "SUCCEEDED", ""), ended(Outcome::Succeeded, ""));
        let said = "User application exited with status 1";
        assert_eq!(status("FINISHED", "FAILED", said), ended(Outcome::Failed, said));
        assert_eq!(status("FINISHED", "UNDEFINED", ""), ended(Outcome::Failed, ""));
        assert_eq!(status("FINISHED", "KILLED", ""), ended(Outcome::Killed, ""));
        assert_eq!(status("FAILED", "FAILED", "no room"), ended(Outcome::Failed, "no room"));
        assert_eq!(status("KILLED", "KILLED", "by root"), ended(Outcome::Killed, "by root"));
    }
}
