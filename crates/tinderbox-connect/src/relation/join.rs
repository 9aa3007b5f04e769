//! Joins.

use super::expression::{all, sql};
use super::{Emitter, Rows};
use spark_connect_proto::join::JoinType;
use tinderbox_spec::{Join, JoinKeys, JoinRight, Node, Side};

impl Emitter<'_> {
    pub(super) fn join(&self, node: &Node, join: &Join, left: Rows, other: Option<Rows>) -> Rows {
        let name = |at: usize| node.inputs.get(at).map_or("", |input| self.table_of(input));
        let (mut right, right_name) = match (&join.right, other) {
            (JoinRight::Input, Some(other)) => (other, name(1)),
            (JoinRight::CatalogTable(table), _) => {
                (Rows::table(table), table.rsplit('.').next().unwrap_or(table))
            }
            // A join with an input has two; of one that reads a node twice both are the same.
            (JoinRight::Input, None) => (left.clone(), name(0)),
        };
        let mut left = left;
        if matches!(join.on, JoinKeys::Conditions(_)) {
            left = left.aliased(name(0));
            right = right.aliased(right_name);
        }
        match join.broadcast {
            Some(Side::Left) => left = left.broadcast(),
            Some(Side::Right) => right = right.broadcast(),
            None => {}
        }
        match &join.on {
            JoinKeys::None => left.join(right, JoinType::Cross, &[], None),
            JoinKeys::Columns(columns) => left.join(right, kind(join.how), columns, None),
            JoinKeys::Conditions(conditions) => {
                let condition = all(conditions.iter().map(|condition| sql(condition)));
                left.join(right, kind(join.how), &[], condition)
            }
        }
    }
}

/// Spark's names for its kinds (`org.apache.spark.sql.catalyst.plans.JoinType`).
fn kind(how: &str) -> JoinType {
    match how.to_lowercase().replace('_', "").as_str() {
        "outer" | "full" | "fullouter" => JoinType::FullOuter,
        "left" | "leftouter" => JoinType::LeftOuter,
        "right" | "rightouter" => JoinType::RightOuter,
        "semi" | "leftsemi" => JoinType::LeftSemi,
        "anti" | "leftanti" => JoinType::LeftAnti,
        "cross" => JoinType::Cross,
        _ => JoinType::Inner,
    }
}
