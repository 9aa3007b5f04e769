use super::Fold;
use super::redaction::redacted;
use crate::event::{ApplicationEnd, ApplicationStart, EnvironmentUpdate, LogStart};
use tinderbox_model::{ApplicationId, SparkVersion, TimestampMs};

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
    }

    pub(super) fn application_end(&mut self, event: &ApplicationEnd) {
        self.see(event.time);
        self.head.end_time = Some(TimestampMs(event.time));
        self.head.exit_code = event.exit_code;
        self.head.completeness.ended = true;
    }

    /// Spark and the listener redact; it is done once more, because other writers of logs may not.
    pub(super) fn environment_update(&mut self, event: EnvironmentUpdate<'_>) {
        self.head.environment.runtime = event
            .runtime
            .into_iter()
            .map(|(key, value)| (key.into_string(), value.into_string()))
            .collect();
        self.head.environment.spark_properties = event
            .spark_properties
            .into_iter()
            .map(|(key, value)| {
                let value = redacted(&key, &value).to_owned();
                (key.into_string(), value)
            })
            .collect();
    }
}
