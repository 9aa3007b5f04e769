use super::Fold;
use crate::event::{ConnectOperationEvent, ConnectOperationStarted, ConnectSessionEvent};
use crate::scala_order::{Scala, string_hash};
use std::collections::HashMap;
use tinderbox_model::{ConnectOperation, ConnectSession, JobId, SqlExecutionId, TimestampMs};

/// Sessions and operations of Spark Connect in order of their start (`SparkConnectServerListener`). Spark's history shows
/// only those that were closed.
#[derive(Debug, Default)]
pub(super) struct Connect {
    sessions: Vec<ConnectSession>,
    operations: Vec<ConnectOperation>,
    by_tag: HashMap<String, usize>,
}

impl Connect {
    pub(super) fn sessions(&self) -> &[ConnectSession] {
        &self.sessions
    }

    pub(super) fn operations(&self) -> Vec<ConnectOperation> {
        let mut operations = self.operations.clone();
        for operation in &mut operations {
            // Spark keeps the ids as text in a set.
            let ids = operation.sql_executions.iter();
            let hashes: Vec<_> = ids.map(|id| string_hash(&id.to_string())).collect();
            let order = Scala::V2_13.mutable_order(&hashes, hashes.len());
            let ids = &operation.sql_executions;
            operation.sql_executions = order.into_iter().map(|at| ids[at]).collect();
        }
        operations
    }

    pub(super) fn job_start(&mut self, tags: &[String], job: JobId) {
        if let Some(operation) = self.operation_of(tags) {
            operation.jobs.push(job);
        }
    }

    pub(super) fn sql_start(&mut self, tags: &[String], execution: SqlExecutionId) {
        if let Some(operation) = self.operation_of(tags)
            && !operation.sql_executions.contains(&execution)
        {
            operation.sql_executions.push(execution);
        }
    }

    /// The operation whose tag (`ExecuteJobTag`) is the first such one among `tags`.
    fn operation_of(&mut self, tags: &[String]) -> Option<&mut ConnectOperation> {
        let tag = tags.iter().find(|tag| tag.starts_with("SparkConnect_OperationTag"))?;
        self.operation(tag)
    }

    fn operation(&mut self, tag: &str) -> Option<&mut ConnectOperation> {
        self.operations.get_mut(*self.by_tag.get(tag)?)
    }
}

impl Fold {
    pub(super) fn connect_session_started(&mut self, event: ConnectSessionEvent) {
        self.see(event.time);
        if !self.connect.sessions.iter().any(|s| s.id == event.id && s.finish_time.is_none()) {
            self.connect.sessions.push(ConnectSession {
                id: event.id,
                user: event.user,
                start_time: TimestampMs(event.time),
                finish_time: None,
                num_operations: 0,
            });
        }
    }

    pub(super) fn connect_session_closed(&mut self, event: &ConnectSessionEvent) {
        self.see(event.time);
        if let Some(session) = self.open_session(&event.id) {
            session.finish_time = Some(TimestampMs(event.time));
        }
    }

    fn open_session(&mut self, id: &str) -> Option<&mut ConnectSession> {
        let mut sessions = self.connect.sessions.iter_mut();
        sessions.find(|session| session.id == id && session.finish_time.is_none())
    }

    pub(super) fn connect_operation_started(&mut self, event: ConnectOperationStarted) {
        self.see(event.time);
        if let Some(session) = self.open_session(&event.session) {
            session.num_operations += 1;
        }
        let connect = &mut self.connect;
        if connect.operation(&event.job_tag).is_some_and(|o| o.close_time.is_none()) {
            return;
        }
        connect.by_tag.insert(event.job_tag.clone(), connect.operations.len());
        connect.operations.push(ConnectOperation {
            job_tag: event.job_tag,
            id: event.id,
            session: event.session,
            user: event.user,
            statement: event.statement,
            state: String::from("STARTED"),
            start_time: TimestampMs(event.time),
            finish_time: None,
            close_time: None,
            tags: event.tags,
            jobs: Vec::new(),
            sql_executions: Vec::new(),
            detail: String::new(),
        });
    }

    /// A later event of an operation, by its name without `SparkListenerConnectOperation`.
    pub(super) fn connect_operation_event(&mut self, name: &str, event: ConnectOperationEvent) {
        self.see(event.time);
        let time = Some(TimestampMs(event.time));
        let Some(operation) = self.connect.operation(&event.job_tag) else {
            return;
        };
        if operation.close_time.is_some() {
            return;
        }
        let state = match name {
            "Analyzed" => "COMPILED",
            "ReadyForExecution" => "READY",
            "Canceled" => "CANCELED",
            "Failed" => "FAILED",
            "Finished" => "FINISHED",
            "Closed" => "CLOSED",
            _ => return,
        };
        state.clone_into(&mut operation.state);
        match name {
            "Canceled" | "Finished" => operation.finish_time = time,
            "Failed" => {
                operation.finish_time = time;
                operation.detail = event.error.unwrap_or_default();
            }
            "Closed" => operation.close_time = time,
            _ => {}
        }
    }
}
