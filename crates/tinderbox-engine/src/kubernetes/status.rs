//! What a driver's pod says of the driver.

use serde_json::Value;

/// Where a driver stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubernetesStatus {
    /// Its container has not started.
    Pending {
        /// What it waits for.
        wait: PendingReason,
        /// What Kubernetes says.
        message: String,
    },
    /// Its container runs.
    Running,
    /// Ended with exit code 0.
    Succeeded,
    /// Ended otherwise.
    Failed {
        /// Why.
        reason: FailureReason,
        /// The exit code of the driver; none when its container never ran or nobody saw its end.
        exit_code: Option<i32>,
        /// What Kubernetes says.
        message: String,
    },
    /// Nobody hears from the node. It may come back.
    Unreachable {
        /// What Kubernetes says.
        message: String,
    },
    /// The pod is gone, and with it what became of the driver.
    Deleted,
}

/// What a driver waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingReason {
    /// The scheduler's decision.
    Scheduling,
    /// A node with room that it may run on: there is none now.
    Unschedulable,
    /// The image, which cannot be had: it does not exist or may not be read.
    Image,
    /// A config map or secret that is not there.
    Configuration,
    /// Volumes, the image's download, init containers: the usual.
    Starting,
}

/// Why a driver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// The program ended with a code that is not 0.
    ExitCode,
    /// The kernel killed it at its memory limit.
    OutOfMemory,
    /// The node ran out of something, or somebody drained it.
    Evicted,
    /// It made room for a pod of higher priority.
    Preempted,
    /// The node is gone: lost, shut down, or a spot node taken back.
    NodeLost,
    /// `activeDeadlineSeconds` of the template.
    DeadlineExceeded,
    /// The node did not take it or its container could not be started.
    Start,
    /// Kubernetes gives no reason that is known here.
    Unknown,
}

impl KubernetesStatus {
    /// The status of a driver pod, as the API server has it.
    pub fn of_pod(pod: &Value) -> Self {
        let status = &pod["status"];
        let container = driver_container(pod);
        let state = &container["state"];
        if let Some(ended) = state.get("terminated").filter(|ended| ended.is_object()) {
            return terminated(pod, ended);
        }
        match status["phase"].as_str() {
            Some("Succeeded") => Self::Succeeded,
            Some("Failed") => Self::failed(pod, None, text(&status["message"])),
            Some("Unknown") => Self::Unreachable { message: text(&status["message"]) },
            _ if status["reason"] == "NodeLost" => {
                Self::Unreachable { message: text(&status["message"]) }
            }
            _ if state["running"].is_object() => Self::Running,
            _ => pending(pod, state),
        }
    }

    /// Whether it stays so.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed { .. } | Self::Deleted)
    }

    /// What the user can do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Pending { wait, .. } => match wait {
                PendingReason::Unschedulable => Some(
                    "ask for less memory or fewer cores (spark.driver.memory, spark.driver.cores), or check node selectors and \
                     tolerations against the nodes",
                ),
                PendingReason::Image => Some(
                    "check the image's name and tag, and spark.kubernetes.container.image.pullSecrets for a registry with log-in",
                ),
                PendingReason::Configuration => Some(
                    "make the config map or secret that the message names, or correct its name",
                ),
                PendingReason::Scheduling | PendingReason::Starting => None,
            },
            Self::Failed { reason, .. } => match reason {
                FailureReason::OutOfMemory => {
                    Some("give the driver more: spark.driver.memory or spark.driver.memoryOverhead")
                }
                FailureReason::Evicted | FailureReason::NodeLost => Some(
                    "start it again; keep the driver off spot nodes and give it the memory that it uses",
                ),
                FailureReason::Preempted => {
                    Some("start it again, or give the driver a higher priority class")
                }
                FailureReason::DeadlineExceeded => {
                    Some("raise activeDeadlineSeconds of the driver's pod template")
                }
                FailureReason::Start => {
                    Some("check the image's entry point and the volumes of the driver")
                }
                FailureReason::ExitCode | FailureReason::Unknown => None,
            },
            Self::Running | Self::Succeeded | Self::Unreachable { .. } | Self::Deleted => None,
        }
    }

    fn failed(pod: &Value, exit_code: Option<i32>, message: String) -> Self {
        let reason = of_pod(pod).unwrap_or(match exit_code {
            Some(_) => FailureReason::ExitCode,
            None => FailureReason::Unknown,
        });
        Self::Failed { reason, exit_code, message }
    }
}

fn terminated(pod: &Value, ended: &Value) -> KubernetesStatus {
    let code = ended["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok());
    let said = [&pod["status"]["message"], &ended["message"], &ended["reason"]];
    let message = said.into_iter().map(text).find(|said| !said.is_empty()).unwrap_or_default();
    // Code 0 after an eviction: the driver ended in its grace period, perhaps before it was done.
    if code == Some(0) && of_pod(pod).is_none() {
        return KubernetesStatus::Succeeded;
    }
    let own = match ended["reason"].as_str() {
        Some("OOMKilled") => Some(FailureReason::OutOfMemory),
        Some("StartError" | "ContainerCannotRun") => Some(FailureReason::Start),
        _ => None,
    };
    match own {
        Some(reason) => KubernetesStatus::Failed { reason, exit_code: code, message },
        None => KubernetesStatus::failed(pod, code, message),
    }
}

/// What befell the pod as a whole. Sources: `k8s.io/kubernetes/pkg/kubelet/{eviction,preemption,nodeshutdown,lifecycle}`
/// and the reasons of the condition `DisruptionTarget`.
fn of_pod(pod: &Value) -> Option<FailureReason> {
    let status = &pod["status"];
    let disrupted = condition(pod, "DisruptionTarget").filter(|one| one["status"] == "True");
    let of_condition = disrupted.and_then(|one| one["reason"].as_str());
    match (status["reason"].as_str().unwrap_or_default(), of_condition.unwrap_or_default()) {
        (_, "PreemptionByScheduler" | "PreemptionByKubeScheduler") | ("Preempting", _) => {
            Some(FailureReason::Preempted)
        }
        ("Terminated" | "NodeShutdown" | "Shutdown" | "NodeLost", _) => {
            Some(FailureReason::NodeLost)
        }
        (_, "DeletionByTaintManager" | "DeletionByPodGC") => Some(FailureReason::NodeLost),
        ("Evicted", _) | (_, "EvictionByEvictionAPI" | "TerminationByKubelet") => {
            Some(FailureReason::Evicted)
        }
        ("DeadlineExceeded", _) => Some(FailureReason::DeadlineExceeded),
        ("NodeAffinity" | "UnexpectedAdmissionError" | "NodePorts", _) => {
            Some(FailureReason::Start)
        }
        (reason, _) if reason.starts_with("OutOf") => Some(FailureReason::Start),
        _ => None,
    }
}

fn pending(pod: &Value, state: &Value) -> KubernetesStatus {
    let waiting = &state["waiting"];
    let init = pod["status"]["initContainerStatuses"].as_array().into_iter().flatten();
    let of_init = init
        .map(|one| &one["state"]["waiting"])
        .find(|one| one["reason"] != "PodInitializing" && one.is_object());
    let waiting = of_init.unwrap_or(waiting);
    let wait = match waiting["reason"].as_str() {
        Some(
            "ImagePullBackOff"
            | "ErrImagePull"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable",
        ) => PendingReason::Image,
        Some("CreateContainerConfigError") => PendingReason::Configuration,
        Some(_) => PendingReason::Starting,
        None => match condition(pod, "PodScheduled") {
            Some(one) if one["reason"] == "Unschedulable" || one["reason"] == "SchedulingGated" => {
                return KubernetesStatus::Pending {
                    wait: PendingReason::Unschedulable,
                    message: text(&one["message"]),
                };
            }
            Some(one) if one["status"] == "True" => PendingReason::Starting,
            _ => PendingReason::Scheduling,
        },
    };
    let message = match text(&waiting["message"]) {
        message if message.is_empty() => text(&waiting["reason"]),
        message => message,
    };
    KubernetesStatus::Pending { wait, message }
}

/// The status of the driver's container, which is the last of the pod; sidecars stand before it.
fn driver_container(pod: &Value) -> &Value {
    let name =
        pod["spec"]["containers"].as_array().and_then(|all| all.last()).map(|one| &one["name"]);
    let statuses = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    statuses.into_iter().find(|one| Some(&one["name"]) == name).unwrap_or(&Value::Null)
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    pod["status"]["conditions"].as_array()?.iter().find(|one| one["type"] == kind)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failed(pod: &Value) -> (FailureReason, Option<i32>) {
        match KubernetesStatus::of_pod(pod) {
            KubernetesStatus::Failed { reason, exit_code, .. } => (reason, exit_code),
            other => panic!("{other:?}"),
        }
    }

    fn ended(code: i32, reason: &str) -> Value {
        json!([{"name": "driver", "state": {"terminated": {"exitCode": code, "reason": reason}}}])
    }

    /// The forms are those of Kubernetes 1.33.
    #[test]
    fn row_9_5_ends_are_told_apart_by_condition_and_reason() {
        let disrupted = |reason: &str| json!([{"type": "DisruptionTarget", "status": "True", "reason": reason}]);
        let cases = [
            (
                json!({"phase": "Failed", "conditions": disrupted("PreemptionByScheduler")}),
                FailureReason::Preempted,
            ),
            (json!({"phase": "Failed", "reason": "Preempting"}), FailureReason::Preempted),
            (
                json!({"phase": "Failed", "conditions": disrupted("EvictionByEvictionAPI")}),
                FailureReason::Evicted,
            ),
            (json!({"phase": "Failed", "reason": "Evicted"}), FailureReason::Evicted),
            (
                json!({"phase": "Failed", "conditions": disrupted("DeletionByPodGC")}),
                FailureReason::NodeLost,
            ),
            (
                json!({"phase": "Failed", "reason": "DeadlineExceeded"}),
                FailureReason::DeadlineExceeded,
            ),
            (json!({"phase": "Failed", "reason": "OutOfcpu"}), FailureReason::Start),
            (json!({"phase": "Failed"}), FailureReason::Unknown),
        ];
        for (status, wanted) in cases {
            let pod = json!({"spec": {"containers": [{"name": "driver"}]}, "status": status});
            assert_eq!(failed(&pod), (wanted, None), "{pod}");
            let mut with_code = pod.clone();
            with_code["status"]["containerStatuses"] = ended(143, "Error");
            let wanted =
                if wanted == FailureReason::Unknown { FailureReason::ExitCode } else { wanted };
            assert_eq!(failed(&with_code), (wanted, Some(143)), "{with_code}");
        }
        let start = json!({"spec": {"containers": [{"name": "driver"}]},
            "status": {"phase": "Failed", "containerStatuses": ended(128, "StartError")}});
        assert_eq!(failed(&start), (FailureReason::Start, Some(128)));
    }

    #[test]
    fn row_9_5_the_driver_counts_and_not_its_sidecars() {
        let containers = json!([{"name": "proxy"}, {"name": "driver"}]);
        let running = json!({"name": "proxy", "state": {"running": {}}});
        let of = |driver: Value| {
            let statuses = json!([{"name": "driver", "state": driver}, running]);
            let status = json!({"phase": "Running", "containerStatuses": statuses});
            KubernetesStatus::of_pod(&json!({"spec": {"containers": containers}, "status": status}))
        };
        assert_eq!(of(json!({"terminated": {"exitCode": 0}})), KubernetesStatus::Succeeded);
        assert_eq!(of(json!({"running": {}})), KubernetesStatus::Running);
        let waits = of(
            json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"a\" not found"}}),
        );
        assert!(
            matches!(waits, KubernetesStatus::Pending { wait: PendingReason::Configuration, ref message } if message.contains("secret"))
        );
    }

    #[test]
    fn pods_of_any_form_have_a_status() {
        let lost = json!({"status": {"phase": "Unknown", "message": "Node a is unresponsive"}});
        assert!(matches!(KubernetesStatus::of_pod(&lost), KubernetesStatus::Unreachable { .. }));
        for odd in [
            json!(null),
            json!([]),
            json!({"status": 5}),
            json!({"spec": {"containers": "a"}, "status": {"phase": 1}}),
        ] {
            let status = KubernetesStatus::of_pod(&odd);
            assert!(
                matches!(status, KubernetesStatus::Pending { wait: PendingReason::Scheduling, .. }),
                "{status:?}"
            );
        }
    }
}
