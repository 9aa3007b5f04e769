//! Which columns a column is made from, through the whole graph, without a server.
//!
//! Names are found in the texts of expressions, so nothing is missed but what only the data knows: columns of files
//! without a declared schema are known as far as nodes name them, and what a SQL query, `flatten` or a model makes is
//! said to come from all columns (`*`) of its inputs.

pub(crate) mod names;
mod shape;

pub(crate) use names::of_schema as names_of_schema;

use crate::spec::Spec;
use shape::Shape;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// The lineage of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// In the order of [`Spec::nodes`].
    pub nodes: Vec<NodeLineage>,
}

/// Where the columns and rows of a node come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLineage {
    /// The node.
    pub node: NodeId,
    /// Its columns as far as they are known, in their order.
    pub columns: Vec<ColumnLineage>,
    /// Whether it may have more: those of its inputs, or of its files, that no node names.
    pub has_others: bool,
    /// What decides which rows there are, and how they come together.
    pub rows: Vec<(ColumnOf, Influence)>,
    /// The inputs whose columns pass through under their names.
    passes: Vec<NodeId>,
    /// The inputs of which every column may be in every column.
    pub(crate) mixes: Vec<NodeId>,
}

/// Where a column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnLineage {
    /// Its name.
    pub name: String,
    /// Columns of the node's inputs; none of a column that a source has or that is made from constants.
    pub from: Vec<ColumnOf>,
    /// How it is made.
    pub how: Making,
}

/// A column of a node. The column `*` is all that the node has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnOf {
    /// The node.
    pub node: NodeId,
    /// The name.
    pub column: String,
}

/// How a column is made, in the order of how much is done to it. The words are those of OpenLineage's column lineage facet
/// for direct transformations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Making {
    /// The same value.
    Identity,
    /// Computed within a row.
    Transformation,
    /// Computed over several rows.
    Aggregation,
}

/// How a column decides about rows. The words are those of OpenLineage's facet for indirect transformations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Influence {
    /// Which rows stay.
    Filter,
    /// Which rows meet.
    Join,
    /// Which rows come together.
    GroupBy,
    /// Their order.
    Sort,
    /// Which rows a function over a window sees.
    Window,
}

impl Making {
    /// OpenLineage's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "IDENTITY",
            Self::Transformation => "TRANSFORMATION",
            Self::Aggregation => "AGGREGATION",
        }
    }
}

impl Influence {
    /// OpenLineage's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "FILTER",
            Self::Join => "JOIN",
            Self::GroupBy => "GROUP_BY",
            Self::Sort => "SORT",
            Self::Window => "WINDOW",
        }
    }
}

/// The lineage of every node.
pub fn lineage(spec: &Spec) -> Lineage {
    lineage_with(spec, &BTreeMap::new())
}

/// The same, where all columns of some sources are known from what they read.
pub(crate) fn lineage_with(spec: &Spec, known: &BTreeMap<NodeId, Vec<String>>) -> Lineage {
    let mut shapes: BTreeMap<NodeId, Shape> = BTreeMap::new();
    let mut nodes = Vec::new();
    for node in spec.nodes() {
        let shape = match known.get(&node.id) {
            Some(columns) => Shape::with_columns(columns),
            None => Shape::of(node, &shapes),
        };
        nodes.push(NodeLineage {
            node: node.id.clone(),
            columns: shape.columns.clone(),
            has_others: shape.has_others,
            rows: shape.rows.clone(),
            passes: shape.passes.clone(),
            mixes: shape.mixes.clone(),
        });
        shapes.insert(node.id.clone(), shape);
    }
    Lineage { nodes }
}

impl Lineage {
    /// The columns of sources from which a column is made, ordered. A column that no node knows may be one of the source's.
    pub fn origins(&self, of: &ColumnOf) -> BTreeSet<ColumnOf> {
        self.origins_with_making(of).into_iter().map(|(column, _)| column).collect()
    }

    /// The same with how each is made on the way from the source to the column: what is summed somewhere is an
    /// aggregation, whatever else is done to it.
    pub fn origins_with_making(&self, of: &ColumnOf) -> BTreeSet<(ColumnOf, Making)> {
        let mut found = BTreeSet::new();
        self.walk(of, Making::Identity, &mut BTreeSet::new(), &mut found);
        found
    }

    /// The node of this id.
    pub fn node(&self, id: &NodeId) -> Option<&NodeLineage> {
        self.nodes.iter().find(|node| node.node == *id)
    }

    fn walk(
        &self,
        of: &ColumnOf,
        how: Making,
        seen: &mut BTreeSet<(ColumnOf, Making)>,
        found: &mut BTreeSet<(ColumnOf, Making)>,
    ) {
        if !seen.insert((of.clone(), how)) {
            return;
        }
        let Some(node) = self.node(&of.node) else { return };
        if node.passes.is_empty()
            && node.mixes.is_empty()
            && node.columns.iter().all(|c| c.from.is_empty())
        {
            found.insert((of.clone(), how));
            return;
        }
        let at = |input: &NodeId, column: &str| ColumnOf {
            node: input.clone(),
            column: column.to_owned(),
        };
        let all = of.column == "*";
        let known = node.columns.iter().filter(|c| all || c.name.eq_ignore_ascii_case(&of.column));
        let mut next: Vec<(ColumnOf, Making)> = known
            .clone()
            .flat_map(|column| column.from.iter().map(|from| (from.clone(), how.max(column.how))))
            .collect();
        if all || known.count() == 0 {
            // One that may have it, when there is any.
            let may_have = |input: &&NodeId| {
                self.node(input)
                    .is_none_or(|input| all || input.has_others || input.has(&of.column))
            };
            let having: Vec<&NodeId> = node.passes.iter().filter(may_have).collect();
            let inputs = if having.is_empty() { node.passes.iter().collect() } else { having };
            next.extend(inputs.into_iter().map(|input| (at(input, &of.column), how)));
        }
        let mixed = how.max(Making::Transformation);
        next.extend(node.mixes.iter().map(|input| (at(input, "*"), mixed)));
        next.iter().for_each(|(column, how)| self.walk(column, *how, seen, found));
    }
}

impl NodeLineage {
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.name.eq_ignore_ascii_case(column))
    }
}
