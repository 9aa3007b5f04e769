use super::Debugger;
use crate::relation::Emitter;
use crate::{Answer, Error, OperationId};
use tinderbox_model::NodeId;
use tinderbox_spec::{Node, Operation};

/// Where to stop after a node has run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breakpoint {
    /// A condition in SQL over the node's columns: stops when a row fulfills it. Always when left out.
    pub condition: Option<String>,
}

impl Debugger {
    /// Whether a breakpoint holds at a node that has run, with the rows that fulfill its condition.
    pub(super) async fn held(
        &self,
        node: &NodeId,
        breakpoint: &Breakpoint,
    ) -> Result<Option<Option<Answer>>, Error> {
        let Some(condition) = &breakpoint.condition else { return Ok(Some(None)) };
        let rows = self.fulfilling(node, condition).await.map_err(|error| match &error {
            Error::Server { .. } | Error::Node(_) | Error::Refused { .. } => Error::Condition {
                node: node.to_string(),
                condition: condition.clone(),
                problem: error.failure(None).map_or(error.to_string(), |failure| failure.message),
            },
            _ => error,
        })?;
        let is_met = rows.batches().iter().any(|batch| batch.num_rows() > 0);
        Ok(is_met.then_some(Some(rows)))
    }

    /// The condition as a filter behind the node, so that what a server computes otherwise is refused here too.
    async fn fulfilling(&self, node: &NodeId, condition: &str) -> Result<Answer, Error> {
        let emitter = Emitter::new(&self.spec, &self.folder, self.engine());
        let node = self.on_the_way(node)?;
        let operation = Operation::Filter { condition: condition.to_owned() };
        let inputs = vec![node.id.clone()];
        let filter = Node { operation, inputs, expectations: Vec::new(), ..node.clone() };
        let session = self.session.session();
        let rows = session.relation(&emitter, &filter, &self.built(), true).await?;
        let ids = (OperationId::random(), self.operation);
        self.session.collect_as(rows, ids, self.limits).await
    }
}
