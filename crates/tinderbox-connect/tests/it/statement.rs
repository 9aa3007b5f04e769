//! Statements in SQL on a server, as they are: what our own sessions would refuse is also compared.

use crate::table::{Outcome, Table};
use arrow_ipc::reader::StreamReader;
use proto::execute_plan_response::ResponseType;
use proto::relation::RelType;
use spark_connect_core::{ChannelBuilder, RetryPolicy, SparkConnectClient, SparkError};
use spark_connect_proto as proto;
use std::time::Duration;

/// A session of its own on a server.
pub struct Asking {
    client: SparkConnectClient,
}

impl Asking {
    pub async fn at(url: &str) -> Self {
        let mut builder = ChannelBuilder::parse(url).unwrap();
        builder.set("user_id", "tests");
        let mut client = SparkConnectClient::connect(&builder).await.unwrap();
        // What failed once fails again, and a server that has ended does not come back.
        let policy =
            RetryPolicy { max_retries: Some(1), initial_backoff_ms: 50, ..Default::default() };
        client.set_retry_policy(policy);
        Self { client }
    }

    pub async fn set(&self, key: &str, value: &str) {
        self.client.set_config(key, value).await.unwrap();
    }

    /// What a statement gives. One that does not end within 60 s has failed.
    pub async fn ask(&self, sql: &str) -> Outcome {
        match tokio::time::timeout(Duration::from_secs(60), self.run(sql)).await {
            Ok(Ok(table)) => Outcome::Rows(table),
            Ok(Err(Failure::Said(problem))) => Outcome::Failed(first_line(&problem)),
            Ok(Err(Failure::Gone)) | Err(_) => Outcome::NoAnswer,
        }
    }

    async fn run(&self, sql: &str) -> Result<Table, Failure> {
        let relation = proto::Relation {
            common: None,
            rel_type: Some(RelType::Sql(proto::Sql {
                query: sql.to_owned(),
                ..Default::default()
            })),
        };
        let request = proto::ExecutePlanRequest {
            session_id: self.client.session_id().to_owned(),
            user_context: Some(proto::UserContext {
                user_id: "tests".to_owned(),
                ..Default::default()
            }),
            operation_id: Some(uuid::Uuid::new_v4().to_string()),
            plan: Some(proto::Plan { op_type: Some(proto::plan::OpType::Root(relation)) }),
            ..Default::default()
        };
        let stream = self.client.execute_plan_reattachable(request).await;
        let mut stream = stream.map_err(Failure::of)?;
        let (mut batches, mut schema) = (Vec::new(), None);
        while let Some(answer) = stream.message().await.map_err(Failure::of)? {
            if let Some(ResponseType::ArrowBatch(batch)) = answer.response_type {
                let reader = StreamReader::try_new(batch.data.as_ref(), None);
                let reader = reader.map_err(Failure::said)?;
                schema = Some(reader.schema());
                for batch in reader {
                    batches.push(batch.map_err(Failure::said)?);
                }
            }
        }
        let schema =
            schema.ok_or_else(|| Failure::Said("the server ended without an answer".to_owned()))?;
        Ok(Table::of(&batches, schema.fields()))
    }
}

enum Failure {
    Said(String),
    Gone,
}

/// gRPC's code for a server that cannot be reached.
const UNAVAILABLE: i32 = 14;

impl Failure {
    fn of(error: SparkError) -> Self {
        if error.grpc_code() == Some(UNAVAILABLE) { Self::Gone } else { Self::said(error) }
    }

    fn said(error: impl std::fmt::Display) -> Self {
        Self::Said(error.to_string())
    }
}

/// Without tabs, which separate the columns of the list. Spark's SQLSTATE stands at the end of its line.
fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.replace('\t', " ").chars().take(2000).collect()
}
