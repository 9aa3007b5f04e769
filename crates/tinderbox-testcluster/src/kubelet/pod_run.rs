//! The life of one pod on its node.

use super::container::{self, Waiting};
use super::process;
use super::status::{self, ContainerStatus, Ended, State, set_condition};
use super::{Blow, Running, Signals};
use crate::objects::{self, Deletion, is_deleting};
use crate::shared::Shared;
use crate::store::Key;
use crate::time;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Time between the first refusal of an image and the back-off, and before the first restart of a container.
const BACK_OFF: Duration = Duration::from_millis(200);
/// Time that a node gives its pods when it is shut down, unless they ask for less.
const SHUT_DOWN: Duration = Duration::from_secs(5);

/// Why a pod does not go on.
#[derive(Debug, PartialEq)]
enum Stop {
    /// It has been removed from the API server.
    Gone,
    Deleted,
    Deadline,
    Struck(Blow),
}

/// Runs a pod that has a node until it has ended or is gone.
pub(super) async fn run(shared: Arc<Shared>, key: Key, pod: Arc<Value>, signals: Signals) {
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let deadline = pod["spec"]["activeDeadlineSeconds"].as_u64();
    let list = |field: &str| pod["spec"][field].as_array().cloned().unwrap_or_default();
    let (inits, mains) = (list("initContainers"), list("containers"));
    let mut run = PodRun {
        folder: shared.kubelet.folder().join("pods").join(&uid),
        changes: shared.changes(),
        signals,
        deadline: deadline.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
        init_states: inits.iter().map(ContainerStatus::of).collect(),
        states: mains.iter().map(ContainerStatus::of).collect(),
        running: JoinSet::new(),
        groups: Vec::new(),
        shared,
        key,
        uid,
        pod,
    };
    if let Err(stop) = run.live(&inits, &mains).await {
        run.stop(stop).await;
    } else {
        // A pod that is deleted at its end goes now.
        run.remove_if_deleted();
    }
}

struct PodRun {
    shared: Arc<Shared>,
    key: Key,
    uid: String,
    pod: Arc<Value>,
    folder: PathBuf,
    /// Of all objects.
    changes: watch::Receiver<u64>,
    signals: Signals,
    deadline: Option<Instant>,
    init_states: Vec<ContainerStatus>,
    states: Vec<ContainerStatus>,
    /// One task for each container that runs or waits for its restart.
    running: JoinSet<(usize, Turn)>,
    groups: Vec<i32>,
}

enum Turn {
    Ended(Ended),
    Again,
}

impl PodRun {
    async fn live(&mut self, inits: &[Value], mains: &[Value]) -> Result<(), Stop> {
        self.publish(None);
        self.check_images(inits, mains).await?;
        for (index, container) in inits.iter().enumerate() {
            loop {
                self.start(container, index, true).await?;
                let (_, turn) = self.next_turn().await?;
                let Turn::Ended(ended) = turn else { continue };
                let good = ended.code == 0;
                self.init_states[index].state = State::Ended(ended.clone());
                if !good && self.restarts(ended.code) {
                    self.init_states[index].restarts += 1;
                    self.init_states[index].last = Some(ended);
                    tokio::time::sleep(BACK_OFF).await;
                    continue;
                }
                self.publish((!good).then_some("Failed"));
                if !good {
                    return Ok(());
                }
                break;
            }
        }
        for (index, container) in mains.iter().enumerate() {
            self.start(container, index, false).await?;
        }
        while !self.running.is_empty() {
            let (index, turn) = self.next_turn().await?;
            match turn {
                Turn::Ended(ended) if self.restarts(ended.code) => self.back_off(index, ended),
                Turn::Ended(ended) => self.states[index].state = State::Ended(ended),
                Turn::Again => self.start(&mains[index], index, false).await?,
            }
            self.publish(None);
        }
        Ok(())
    }

    fn restarts(&self, code: i32) -> bool {
        match self.pod["spec"]["restartPolicy"].as_str() {
            Some("Never") => false,
            Some("OnFailure") => code != 0,
            _ => true,
        }
    }

    /// Twice as long after each restart.
    fn back_off(&mut self, index: usize, ended: Ended) {
        let status = &mut self.states[index];
        let wait = BACK_OFF * 2_u32.saturating_pow(status.restarts.min(8));
        status.restarts += 1;
        status.last = Some(ended);
        let message = format!("back-off {wait:?} restarting failed container={}", status.name);
        status.state = State::Waiting { reason: "CrashLoopBackOff".to_owned(), message };
        self.running.spawn(async move {
            tokio::time::sleep(wait).await;
            (index, Turn::Again)
        });
    }

    async fn check_images(&mut self, inits: &[Value], mains: &[Value]) -> Result<(), Stop> {
        let places = (0..inits.len()).map(|index| (index, true));
        let places: Vec<(usize, bool)> =
            places.chain((0..mains.len()).map(|index| (index, false))).collect();
        for (index, is_init) in places {
            let image = self.status(index, is_init).image.clone();
            if self.shared.config.images.contains_key(&image) {
                continue;
            }
            let why = format!(
                "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
            );
            self.event("Warning", "Failed", &format!("Failed to pull image \"{image}\": {why}"));
            self.wait_with(index, is_init, "ErrImagePull", &why);
            tokio::time::sleep(BACK_OFF).await;
            let why = format!("Back-off pulling image \"{image}\"");
            self.event("Normal", "BackOff", &why);
            self.wait_with(index, is_init, "ImagePullBackOff", &why);
            return Err(self.stopped().await);
        }
        Ok(())
    }

    /// Starts a container as soon as everything is there that it needs.
    async fn start(&mut self, container: &Value, index: usize, is_init: bool) -> Result<(), Stop> {
        let name = container["name"].as_str().unwrap_or_default().to_owned();
        let mut said: Option<Waiting> = None;
        let command = loop {
            self.changes.borrow_and_update();
            match container::command(&self.shared, &self.pod, container, &self.folder) {
                Ok(command) => break command,
                Err(waiting) => {
                    // Only news is written, because what is written wakes everybody who waits.
                    if said.as_ref() != Some(&waiting) {
                        if let Some((reason, message)) = &waiting.event {
                            self.event("Warning", reason, message);
                        }
                        self.wait_with(index, is_init, waiting.reason, &waiting.message);
                        said = Some(waiting);
                    }
                }
            }
            self.changed().await?;
        };
        let log = self.shared.kubelet.new_log(&self.uid, &name);
        let started = time::now();
        let program = command.get_program().to_string_lossy().into_owned();
        let process = match process::start(command, log.clone(), &self.shared.kubelet.groups) {
            Ok(process) => process,
            Err(error) => {
                let message = format!(
                    "failed to create containerd task: exec: \"{program}\": {error}: unknown"
                );
                let ended = Ended {
                    code: 128,
                    reason: "StartError",
                    message,
                    started: None,
                    finished: time::now(),
                };
                log.close();
                self.running.spawn(async move { (index, Turn::Ended(ended)) });
                return Ok(());
            }
        };
        let out_of_memory = Arc::new(AtomicBool::new(false));
        let running = Running { group: process.group, out_of_memory: out_of_memory.clone() };
        self.shared.kubelet.started(&self.uid, &name, running);
        self.groups.push(process.group);
        self.status_mut(index, is_init).state = State::Running { started: started.clone() };
        self.event("Normal", "Started", &format!("Started container {name}"));
        self.publish(None);
        let shared = self.shared.clone();
        let tells = container["terminationMessagePolicy"] == "FallbackToLogsOnError";
        self.running.spawn(async move {
            let code = process.ended(&shared.kubelet.groups).await;
            let reason = match code {
                0 => "Completed",
                _ if out_of_memory.load(Ordering::SeqCst) => "OOMKilled",
                _ => "Error",
            };
            // The last 2,048 bytes, as the field's documentation says.
            let text = if tells && code != 0 { log.text() } else { String::new() };
            let from =
                (0..=text.len()).rev().take(2049).filter(|at| text.is_char_boundary(*at)).last();
            let message = text[from.unwrap_or_default()..].to_owned();
            let finished = time::now();
            (index, Turn::Ended(Ended { code, reason, message, started: Some(started), finished }))
        });
        Ok(())
    }

    async fn next_turn(&mut self) -> Result<(usize, Turn), Stop> {
        loop {
            self.signals.touched.borrow_and_update();
            if let Some(stop) = self.removal() {
                return Err(stop);
            }
            tokio::select! {
                Some(Ok(turn)) = self.running.join_next() => return Ok(turn),
                stop = interruption(&mut self.signals, self.deadline) => {
                    if let Some(stop) = stop {
                        return Err(stop);
                    }
                }
            }
        }
    }

    /// Waits for a change of any object.
    async fn changed(&mut self) -> Result<(), Stop> {
        self.signals.touched.borrow_and_update();
        if let Some(stop) = self.removal() {
            return Err(stop);
        }
        let stop = tokio::select! {
            stop = interruption(&mut self.signals, self.deadline) => stop,
            changed = self.changes.changed() => changed.is_err().then_some(Stop::Gone),
        };
        stop.or_else(|| self.removal()).map_or(Ok(()), Err)
    }

    /// Waits for something that ends the pod.
    async fn stopped(&mut self) -> Stop {
        loop {
            self.signals.touched.borrow_and_update();
            if let Some(stop) = self.removal() {
                return stop;
            }
            if let Some(stop) = interruption(&mut self.signals, self.deadline).await {
                return stop;
            }
        }
    }

    fn removal(&self) -> Option<Stop> {
        let Some(pod) = self.shared.get(&self.key) else { return Some(Stop::Gone) };
        if pod["metadata"]["uid"] != self.uid.as_str() {
            return Some(Stop::Gone);
        }
        is_deleting(&pod).then_some(Stop::Deleted)
    }

    async fn stop(&mut self, stop: Stop) {
        match stop {
            Stop::Gone => self.end_containers(Duration::ZERO).await,
            Stop::Deleted => {
                let pod = self.shared.get(&self.key);
                let grace =
                    pod.and_then(|pod| pod["metadata"]["deletionGracePeriodSeconds"].as_u64());
                self.event("Normal", "Killing", "Stopping container");
                self.end_containers(Duration::from_secs(grace.unwrap_or(30))).await;
                self.publish(self.phase_of_killed());
                self.remove_if_deleted();
            }
            Stop::Deadline => {
                self.end_containers(self.grace()).await;
                let message = "Pod was active on the node longer than the specified deadline";
                self.fail("DeadlineExceeded", message);
            }
            Stop::Struck(Blow::Evicted(message)) => {
                self.event("Warning", "Evicted", &message);
                self.end_containers(Duration::ZERO).await;
                self.disrupted("TerminationByKubelet", &message);
                self.fail("Evicted", &message);
            }
            Stop::Struck(Blow::ShutDown) => {
                self.end_containers(self.grace().min(SHUT_DOWN)).await;
                let message = "Pod was terminated in response to imminent node shutdown.";
                self.disrupted("TerminationByKubelet", message);
                self.fail("Terminated", message);
            }
            // The kubelet is gone as well: nobody writes a status any more.
            Stop::Struck(Blow::Lost) => self.end_containers(Duration::ZERO).await,
        }
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(
            self.pod["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30),
        )
    }

    /// Asks, waits, kills. A deletion without any grace that comes in between is obeyed.
    async fn end_containers(&mut self, grace: Duration) {
        let end = Instant::now() + grace;
        // The number of one that has ended may be another process's by now.
        let living = self.shared.kubelet.groups.all();
        self.groups.retain(|group| living.contains(group));
        if !grace.is_zero() {
            self.groups.iter().for_each(|group| process::ask_to_end(*group));
        }
        while !self.running.is_empty() && Instant::now() < end {
            self.signals.touched.borrow_and_update();
            if self.removal() == Some(Stop::Gone) {
                break;
            }
            tokio::select! {
                Some(Ok((index, Turn::Ended(ended)))) = self.running.join_next() => {
                    self.note_end(index, ended);
                }
                _ = self.signals.touched.changed() => {}
                () = tokio::time::sleep_until(end) => {}
            }
        }
        let living = self.shared.kubelet.groups.all();
        for group in self.groups.iter().filter(|group| living.contains(group)) {
            process::kill_group(*group);
        }
        while let Some(Ok((index, turn))) = self.running.join_next().await {
            if let Turn::Ended(ended) = turn {
                self.note_end(index, ended);
            }
        }
    }

    fn note_end(&mut self, index: usize, ended: Ended) {
        // Init containers run one at a time, before all others.
        let is_init =
            self.states.iter().all(|status| matches!(status.state, State::Waiting { .. }));
        if is_init && self.init_states.len() > index {
            self.init_states[index].state = State::Ended(ended);
        } else {
            self.states[index].state = State::Ended(ended);
        }
    }

    fn phase_of_killed(&self) -> Option<&'static str> {
        let ended = self.states.iter().all(|status| status.ended().is_some());
        (!ended && !self.states.iter().any(|status| status.ended().is_some())).then_some("Pending")
    }

    fn remove_if_deleted(&self) {
        let mut store = self.shared.store();
        let Some(pod) = store.get(&self.key).cloned() else { return };
        if pod["metadata"]["uid"] == self.uid.as_str() && is_deleting(&pod) {
            let mut ended = (*pod).clone();
            ended["metadata"]["deletionGracePeriodSeconds"] = json!(0);
            store.put(&self.key, ended);
            // Finalizers may still hold it.
            let _ = objects::delete(&mut store, &self.key, &Deletion::at_once());
        }
    }

    fn status(&self, index: usize, is_init: bool) -> &ContainerStatus {
        if is_init { &self.init_states[index] } else { &self.states[index] }
    }

    fn status_mut(&mut self, index: usize, is_init: bool) -> &mut ContainerStatus {
        if is_init { &mut self.init_states[index] } else { &mut self.states[index] }
    }

    fn wait_with(&mut self, index: usize, is_init: bool, reason: &str, message: &str) {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        self.status_mut(index, is_init).state = State::Waiting { reason, message };
        self.publish(None);
    }

    fn publish(&self, phase: Option<&str>) {
        self.edit(|pod| status::write(pod, &self.init_states, &self.states, phase));
    }

    fn fail(&self, reason: &str, message: &str) {
        self.edit(|pod| {
            status::write(pod, &self.init_states, &self.states, Some("Failed"));
            pod["status"]["reason"] = json!(reason);
            pod["status"]["message"] = json!(message);
        });
    }

    fn disrupted(&self, reason: &str, message: &str) {
        self.edit(|pod| set_condition(pod, "DisruptionTarget", "True", (reason, message)));
    }

    /// Another pod of the same name is not touched.
    fn edit(&self, change: impl FnOnce(&mut Value)) {
        self.shared.edit(&self.key, |pod| {
            if pod["metadata"]["uid"] == self.uid.as_str() {
                change(pod);
            }
        });
    }

    fn event(&self, kind: &str, reason: &str, message: &str) {
        self.shared.event(&self.pod, kind, reason, message);
    }
}

/// None when the pod's object has changed.
async fn interruption(signals: &mut Signals, deadline: Option<Instant>) -> Option<Stop> {
    tokio::select! {
        changed = signals.touched.changed() => changed.is_err().then_some(Stop::Gone),
        Some(blow) = signals.blows.recv() => Some(Stop::Struck(blow)),
        () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
            Some(Stop::Deadline)
        }
    }
}
