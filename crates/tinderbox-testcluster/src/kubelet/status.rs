//! `status` of a pod, as a kubelet writes it.

use crate::time;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    Waiting { reason: String, message: String },
    Running { started: String },
    Ended(Ended),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) started: Option<String>,
    pub(super) finished: String,
}

#[derive(Debug, Clone)]
pub(super) struct ContainerStatus {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) state: State,
    pub(super) last: Option<Ended>,
    pub(super) restarts: u32,
}

impl ContainerStatus {
    pub(super) fn of(container: &Value) -> Self {
        let text = |field: &str| container[field].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            image: text("image"),
            state: State::Waiting {
                reason: "ContainerCreating".to_owned(),
                message: String::new(),
            },
            last: None,
            restarts: 0,
        }
    }

    pub(super) fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    fn written(&self) -> Value {
        let running = matches!(self.state, State::Running { .. });
        let id = format!("process://{}", self.name);
        let began = !matches!(self.state, State::Waiting { .. });
        let mut status = json!({
            "name": self.name, "image": self.image, "restartCount": self.restarts,
            "ready": running, "started": running, "state": written(&self.state),
            "imageID": if began { self.image.as_str() } else { "" },
            "lastState": self.last.clone().map_or(json!({}), |last| written(&State::Ended(last))),
        });
        if began {
            status["containerID"] = json!(id);
        }
        status
    }
}

fn written(state: &State) -> Value {
    match state {
        State::Waiting { reason, message } => {
            let mut waiting = json!({"reason": reason});
            if !message.is_empty() {
                waiting["message"] = json!(message);
            }
            json!({"waiting": waiting})
        }
        State::Running { started } => json!({"running": {"startedAt": started}}),
        State::Ended(ended) => {
            let mut terminated = json!({
                "exitCode": ended.code, "reason": ended.reason, "finishedAt": ended.finished,
                "startedAt": ended.started,
            });
            if !ended.message.is_empty() {
                terminated["message"] = json!(ended.message);
            }
            json!({"terminated": terminated})
        }
    }
}

/// Writes containers and what follows from them. `phase` wins over what would follow.
pub(super) fn write(
    pod: &mut Value,
    inits: &[ContainerStatus],
    mains: &[ContainerStatus],
    phase: Option<&str>,
) {
    let list = |statuses: &[ContainerStatus]| -> Vec<Value> {
        statuses.iter().map(ContainerStatus::written).collect()
    };
    let follows = if mains.iter().all(|status| status.ended().is_some()) {
        let good = mains.iter().all(|status| status.ended().is_some_and(|ended| ended.code == 0));
        if good { "Succeeded" } else { "Failed" }
    } else if mains
        .iter()
        .any(|status| !matches!(status.state, State::Waiting { .. }) || status.restarts > 0)
    {
        "Running"
    } else {
        "Pending"
    };
    let phase = phase.unwrap_or(follows);
    let status = &mut pod["status"];
    status["phase"] = json!(phase);
    status["containerStatuses"] = json!(list(mains));
    if !inits.is_empty() {
        status["initContainerStatuses"] = json!(list(inits));
    }
    status["hostIP"] = json!("127.0.0.1");
    status["hostIPs"] = json!([{"ip": "127.0.0.1"}]);
    if status["startTime"].is_null() {
        status["startTime"] = json!(time::now());
    }
    if mains.iter().any(|status| !matches!(status.state, State::Waiting { .. })) {
        status["podIP"] = json!("127.0.0.1");
        status["podIPs"] = json!([{"ip": "127.0.0.1"}]);
    }
    let ready = mains.iter().all(|status| matches!(status.state, State::Running { .. }));
    let initialized =
        inits.iter().all(|status| status.ended().is_some_and(|ended| ended.code == 0));
    let over = phase == "Succeeded";
    let not_ready = if over { ("PodCompleted", "") } else { ("ContainersNotReady", "") };
    let why = |holds: bool| if holds { ("", "") } else { not_ready };
    let word = |holds: bool| if holds { "True" } else { "False" };
    let start = if initialized { ("", "") } else { ("ContainersNotInitialized", "") };
    set_condition(pod, "Initialized", word(initialized), start);
    set_condition(pod, "ContainersReady", word(ready), why(ready));
    set_condition(pod, "Ready", word(ready), why(ready));
}

/// Sets a condition with its reason and message, which may be empty. Its time changes only with its status.
pub(crate) fn set_condition(pod: &mut Value, kind: &str, word: &str, why: (&str, &str)) {
    let (reason, message) = why;
    if !pod["status"]["conditions"].is_array() {
        pod["status"]["conditions"] = json!([]);
    }
    let Some(conditions) = pod["status"]["conditions"].as_array_mut() else { return };
    let place = conditions.iter().position(|one| one["type"] == kind);
    let since = place
        .map(|place| &conditions[place])
        .filter(|old| old["status"] == word)
        .map_or_else(|| json!(time::now()), |old| old["lastTransitionTime"].clone());
    let mut condition =
        json!({"type": kind, "status": word, "lastTransitionTime": since, "lastProbeTime": null});
    if !reason.is_empty() {
        condition["reason"] = json!(reason);
    }
    if !message.is_empty() {
        condition["message"] = json!(message);
    }
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
}
