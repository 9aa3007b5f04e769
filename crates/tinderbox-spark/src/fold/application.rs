use super::Fold;
use super::redaction::redacted;
use crate::event::{
    ApplicationEnd, ApplicationStart, EnvironmentUpdate, LogStart, ProcessAdded,
    ResourceProfileAdded, Text,
};
use std::collections::BTreeMap;
use tinderbox_model::{
    ApplicationId, ExecutorResourceRequest, Process, ResourceProfile, SparkVersion, TimestampMs,
};

impl Fold {
    pub(super) fn log_start(&mut self, event: &LogStart<'_>) {
        self.head.spark_version = SparkVersion::parse(&event.spark_version);
    }

    pub(super) fn application_start(&mut self, event: ApplicationStart<'_>) {
        self.see(event.time);
        self.head.id = event.id.map(|id| ApplicationId::new(id.into_string()));
        self.head.attempt_id = event.attempt_id.map(|id| id.into_string());
        self.head.name = event.name.into_string();
        self.head.user = event.user.into_string();
        self.head.start_time = Some(TimestampMs(event.time));
        self.driver_started(event.driver_logs, event.driver_attributes);
    }

    pub(super) fn application_end(&mut self, event: &ApplicationEnd) {
        let before = self.head.last_event_time.max(self.head.start_time);
        self.check_order("the application", before.map_or(0, |time| time.0), event.time);
        self.see(event.time);
        self.head.end_time = Some(TimestampMs(event.time));
        self.head.exit_code = event.exit_code;
        self.head.completeness.ended = true;
    }

    /// Spark and the listener redact; it is done once more, because other writers of logs may not. The classpath is
    /// left as it is, as in Spark's REST.
    pub(super) fn environment_update(&mut self, event: EnvironmentUpdate<'_>) {
        let environment = &mut self.head.environment;
        environment.runtime = texts(event.runtime);
        environment.spark_properties = redacted_texts(event.spark);
        environment.hadoop_properties = redacted_texts(event.hadoop);
        environment.system_properties = redacted_texts(event.system);
        environment.metrics_properties = redacted_texts(event.metrics);
        environment.classpath = texts(event.classpath);
    }

    pub(super) fn resource_profile_added(&mut self, event: ResourceProfileAdded) {
        let executor =
            event.executor.0.into_iter().map(|(name, request)| ExecutorResourceRequest {
                name,
                amount: request.amount,
                discovery_script: request.discovery_script.unwrap_or_default(),
                vendor: request.vendor.unwrap_or_default(),
            });
        let task = event.task.0.into_iter().map(|(name, request)| (name, request.amount));
        let profile =
            ResourceProfile { id: event.id, executor: executor.collect(), task: task.collect() };
        let profiles = &mut self.head.resource_profiles;
        match profiles.binary_search_by_key(&profile.id, |known| known.id) {
            Ok(at) => profiles[at] = profile,
            Err(at) => profiles.insert(at, profile),
        }
    }

    pub(super) fn process_added(&mut self, event: ProcessAdded) {
        self.see(event.time);
        let known = self.head.processes.iter_mut().find(|process| process.id == event.id);
        let add_time = known.as_ref().map_or(TimestampMs(event.time), |process| process.add_time);
        let process = Process {
            id: event.id,
            host_port: event.info.host_port,
            total_cores: event.info.cores,
            add_time,
            logs: event.info.logs.0,
        };
        match known {
            Some(known) => *known = process,
            None => self.head.processes.push(process),
        }
    }
}

fn texts(pairs: BTreeMap<Text<'_>, Text<'_>>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.into_string(), value.into_string())).collect()
}

fn redacted_texts(pairs: BTreeMap<Text<'_>, Text<'_>>) -> BTreeMap<String, String> {
    let redact = |(key, value): (Text<'_>, Text<'_>)| {
        let value = redacted(&key, &value).to_owned();
        (key.into_string(), value)
    };
    pairs.into_iter().map(redact).collect()
}
