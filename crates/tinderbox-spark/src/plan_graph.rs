use crate::event::PlanInfo;
use tinderbox_model::{
    AccumulatorId, PlanEdge, PlanGraph, PlanNode, PlanNodeId, SqlMetric, SqlMetricKind,
};

/// Numbers a plan tree as Spark does (`SparkPlanGraph` of 3.5 and 4.x): depth first from the root; query
/// stages, input adapters and references to something that is in the graph already get no number.
pub(crate) fn plan_graph(root: &PlanInfo<'_>) -> PlanGraph {
    let mut builder = Builder::default();
    builder.add(root, Place { parent: None, codegen: None });
    builder.graph
}

#[derive(Default)]
struct Builder<'p> {
    graph: PlanGraph,
    /// Exchanges and subqueries that can be referred to again.
    shared: Vec<(&'p PlanInfo<'p>, PlanNodeId)>,
}

#[derive(Clone, Copy)]
struct Place {
    parent: Option<PlanNodeId>,
    /// The block of generated code around the node.
    codegen: Option<Codegen>,
}

/// Spark 2 blocks have no number.
#[derive(Clone, Copy)]
struct Codegen {
    number: Option<i64>,
}

impl<'p> Builder<'p> {
    fn add(&mut self, info: &'p PlanInfo<'p>, place: Place) {
        let outside = Place { codegen: None, ..place };
        match &*info.name {
            name if name.starts_with("WholeStageCodegen") => {
                let number = codegen_number(name);
                self.push(info, number);
                self.add_only_child(info, Place { codegen: Some(Codegen { number }), ..place });
            }
            "InputAdapter" | "TableCacheQueryStage" | "ResultQueryStage" => {
                self.add_only_child(info, outside);
            }
            "BroadcastQueryStage" | "ShuffleQueryStage" => {
                if !info.children.first().is_some_and(|child| self.refer_to(child, place.parent)) {
                    self.add_only_child(info, outside);
                }
            }
            "ReusedSubquery" => self.add_only_child(info, place),
            // A subquery is never part of the generated code around it.
            "Subquery" if self.refer_to(info, place.parent) => {}
            "Subquery" => self.add_operator(info, outside),
            "ReusedExchange"
                if info
                    .children
                    .first()
                    .is_some_and(|child| self.refer_to(child, place.parent)) => {}
            _ => self.add_operator(info, place),
        }
    }

    fn add_only_child(&mut self, info: &'p PlanInfo<'p>, place: Place) {
        if let Some(child) = info.children.first() {
            self.add(child, place);
        }
    }

    fn add_operator(&mut self, info: &'p PlanInfo<'p>, place: Place) {
        let id = self.push(info, place.codegen.and_then(|codegen| codegen.number));
        if info.name.contains("Exchange") || &*info.name == "Subquery" {
            self.shared.push((info, id));
        }
        if let Some(parent) = place.parent {
            self.graph.edges.push(PlanEdge { from: id, to: parent });
        }
        for child in &info.children {
            self.add(child, Place { parent: Some(id), codegen: place.codegen });
        }
    }

    /// Draws an edge from what is in the graph already. Spark 4 draws it once, 3.5 as often as it is used.
    fn refer_to(&mut self, info: &PlanInfo<'_>, parent: Option<PlanNodeId>) -> bool {
        let Some(&(_, from)) = self.shared.iter().rev().find(|(shared, _)| *shared == info) else {
            return false;
        };
        if let Some(to) = parent {
            let edge = PlanEdge { from, to };
            if !self.graph.edges.contains(&edge) {
                self.graph.edges.push(edge);
            }
        }
        true
    }

    fn push(&mut self, info: &PlanInfo<'_>, codegen_stage: Option<i64>) -> PlanNodeId {
        let id = PlanNodeId(i64::try_from(self.graph.nodes.len()).unwrap_or(i64::MAX));
        let metrics = info.metrics.iter().map(|metric| SqlMetric {
            name: metric.name.to_string(),
            kind: metric_kind(&metric.kind),
            accumulator: AccumulatorId(metric.accumulator),
            value: None,
            spread: None,
        });
        self.graph.nodes.push(PlanNode {
            id,
            // `Scan parquet ` ends with a space when the table has no name.
            name: info.name.trim().to_owned(),
            description: info.simple_string.to_string(),
            codegen_stage,
            metrics: metrics.collect(),
            stages: Vec::new(),
        });
        id
    }
}

/// The 2 of `WholeStageCodegen (2)`.
fn codegen_number(name: &str) -> Option<i64> {
    name.split_once('(')?.1.trim_end_matches(')').parse().ok()
}

pub(crate) fn metric_kind(name: &str) -> SqlMetricKind {
    match name {
        "sum" => SqlMetricKind::Sum,
        "size" => SqlMetricKind::Size,
        "timing" => SqlMetricKind::Timing,
        "nsTiming" => SqlMetricKind::NsTiming,
        "average" => SqlMetricKind::Average,
        _ => SqlMetricKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use std::fmt::Write;

    /// `Name(child, child)` as Spark's JSON; the text behind `#` is the node's simple string.
    fn check_graph(plan: &str, expected: &str) {
        let raw = RawValue::from_string(plan.replace('\'', "\"")).unwrap();
        let graph = plan_graph(&PlanInfo::parse(&raw).unwrap());
        let mut shown = String::new();
        for node in &graph.nodes {
            write!(shown, "{}:{}", node.id, node.name).unwrap();
            if let Some(stage) = node.codegen_stage {
                write!(shown, "*{stage}").unwrap();
            }
            shown.push(' ');
        }
        for edge in &graph.edges {
            write!(shown, "{}>{} ", edge.from, edge.to).unwrap();
        }
        assert_eq!(shown.trim_end(), expected);
    }

    #[test]
    fn generated_code_is_a_node_of_its_own_and_adapters_are_none() {
        check_graph(
            "{'nodeName':'WholeStageCodegen (2)','simpleString':'w','children':[
               {'nodeName':'Project','simpleString':'p','children':[
                 {'nodeName':'InputAdapter','simpleString':'i','children':[
                   {'nodeName':'Exchange','simpleString':'e','children':[
                     {'nodeName':'Scan','simpleString':'s','children':[]}]}]}]}]}",
            "0:WholeStageCodegen (2)*2 1:Project*2 2:Exchange 3:Scan 2>1 3>2",
        );
    }

    #[test]
    fn reused_exchange_points_to_the_first_one() {
        let exchange = "{'nodeName':'Exchange','simpleString':'e #1','children':[{'nodeName':'Scan','simpleString':'s'}]}";
        for reuse in ["ReusedExchange", "ShuffleQueryStage", "BroadcastQueryStage"] {
            check_graph(
                &format!(
                    "{{'nodeName':'Union','children':[{exchange},{{'nodeName':'{reuse}','children':[{exchange}]}}]}}"
                ),
                "0:Union 1:Exchange 2:Scan 1>0 2>1",
            );
        }
    }

    #[test]
    fn reused_exchange_of_something_unseen_is_an_operator() {
        check_graph(
            "{'nodeName':'ReusedExchange','children':[{'nodeName':'Exchange','simpleString':'e'}]}",
            "0:ReusedExchange 1:Exchange 1>0",
        );
    }

    #[test]
    fn subquery_leaves_the_generated_code_around_it_and_is_shared() {
        let subquery =
            "{'nodeName':'Subquery','simpleString':'q','children':[{'nodeName':'Scan'}]}";
        check_graph(
            &format!(
                "{{'nodeName':'WholeStageCodegen (1)','children':[{{'nodeName':'Filter','children':[
                   {subquery},{{'nodeName':'ReusedSubquery','children':[{subquery}]}}]}}]}}"
            ),
            "0:WholeStageCodegen (1)*1 1:Filter*1 2:Subquery 3:Scan 2>1 3>2",
        );
    }

    #[test]
    fn deep_plans_are_read_and_absurd_ones_refused() {
        let nested = |levels: usize| {
            RawValue::from_string(
                "{\"nodeName\":\"Project\",\"children\":[".repeat(levels) + &"]}".repeat(levels),
            )
            .unwrap()
        };
        assert_eq!(plan_graph(&PlanInfo::parse(&nested(300)).unwrap()).nodes.len(), 300);
        assert!(PlanInfo::parse(&nested(2_000)).is_err());
    }
}
