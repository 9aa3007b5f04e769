//! Relations as PySpark's Connect client builds them (`pyspark.sql.connect.plan`): one method for each call.

use super::expression::alias_of;
use proto::relation::RelType;
use proto::{Expression, Relation};
use spark_connect_proto as proto;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A relation, how deep its messages are nested, of how many relations it is made, and the names that tables of queries
/// have in it, in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    relation: Relation,
    depth: usize,
    size: usize,
    tables: BTreeSet<String>,
}

/// What one call adds to the nesting: the relation, and the message of its kind.
const STEP: usize = 2;

impl Rows {
    /// A relation without inputs.
    pub(crate) fn leaf(kind: RelType) -> Self {
        let relation = Relation { common: None, rel_type: Some(kind) };
        Self { relation, depth: STEP, size: 1, tables: BTreeSet::new() }
    }

    /// What a server says the rows of a statement are.
    pub(crate) fn answered(relation: Relation) -> Self {
        Self { relation, depth: STEP, size: 1, tables: BTreeSet::new() }
    }

    /// How many there are.
    pub(crate) fn counted(self) -> Self {
        let count = super::expression::call("count", vec![super::expression::int(1)]);
        let outputs = vec![super::expression::alias(count, "rows")];
        self.aggregate(proto::aggregate::GroupType::Groupby, Vec::new(), outputs, None)
    }

    /// A view or a table of the catalog.
    pub(crate) fn table(name: &str) -> Self {
        let table =
            proto::read::NamedTable { unparsed_identifier: name.to_owned(), ..Default::default() };
        Self::read(proto::read::ReadType::NamedTable(table))
    }

    pub(crate) fn read(kind: proto::read::ReadType) -> Self {
        Self::leaf(RelType::Read(proto::Read { read_type: Some(kind), is_streaming: false }))
    }

    /// No rows of these columns, in SQL's DDL form.
    pub(crate) fn empty(schema: &str) -> Self {
        Self::leaf(RelType::LocalRelation(proto::LocalRelation {
            data: None,
            schema: Some(schema.to_owned()),
        }))
    }

    /// Rows as an Arrow stream, of these columns in SQL's DDL form.
    pub(crate) fn local(data: Vec<u8>, schema: &str) -> Self {
        Self::leaf(RelType::LocalRelation(proto::LocalRelation {
            data: Some(data.into()),
            schema: Some(schema.to_owned()),
        }))
    }

    /// A query over tables of its own.
    ///
    /// Spark makes a view of the session of each table, in this order, and drops the views of a query as soon as it has read
    /// the query (`SparkConnectPlanner.executeSQLWithRefs`, 4.3). A query among the tables would thus take away views of
    /// the same names that were made before it, so tables in which more names are used come first: what is used in
    /// another table uses fewer names than that one.
    pub(crate) fn sql(query: &str, mut tables: Vec<(String, Self)>) -> Self {
        let sql = proto::Sql { query: query.to_owned(), ..Default::default() };
        let mut all = Self::leaf(RelType::Sql(sql));
        if tables.is_empty() {
            return all;
        }
        tables.sort_by_key(|(_, rows)| Reverse(rows.tables.len()));
        let mut references = Vec::new();
        for (id, (name, rows)) in (1..).zip(tables) {
            let mut rows = rows.aliased(&name);
            all.contain(&rows);
            all.tables.insert(name.to_lowercase());
            rows.relation.common =
                Some(proto::RelationCommon { plan_id: Some(id), ..Default::default() });
            references.push(rows.relation);
        }
        let root = Some(Box::new(all.relation));
        let with = RelType::WithRelations(Box::new(proto::WithRelations { root, references }));
        let relation = Relation { common: None, rel_type: Some(with) };
        Self { relation, depth: all.depth + STEP, size: all.size + 1, ..all }
    }

    /// Whether it is as deep or as large as a message should be: servers decode at most a hundred levels (prost's
    /// default, which Sail keeps), of which expressions need some.
    pub(crate) fn is_large(&self) -> bool {
        self.depth > 50 || self.size > 300
    }

    /// Whether there is a query with tables of its own in it. As Spark makes them views of the session, two such relations
    /// must not be asked for in one session at the same time.
    pub(crate) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    pub(crate) fn into_relation(self) -> Relation {
        self.relation
    }

    fn then(self, kind: impl FnOnce(Option<Box<Relation>>) -> RelType) -> Self {
        let kind = kind(Some(Box::new(self.relation)));
        let relation = Relation { common: None, rel_type: Some(kind) };
        Self { relation, depth: self.depth + STEP, size: self.size + 1, ..self }
    }

    fn with(
        self,
        other: Self,
        kind: impl FnOnce(Option<Box<Relation>>, Option<Box<Relation>>) -> RelType,
    ) -> Self {
        let mut both = self;
        both.contain(&other);
        let other = Some(Box::new(other.relation));
        both.then(|input| kind(input, other))
    }

    /// Counts what another relation brings into this one's message.
    fn contain(&mut self, other: &Self) {
        self.depth = self.depth.max(other.depth);
        self.size += other.size;
        self.tables.extend(other.tables.iter().cloned());
    }

    pub(crate) fn filter(self, condition: Expression) -> Self {
        self.then(|input| {
            RelType::Filter(Box::new(proto::Filter { input, condition: Some(condition) }))
        })
    }

    pub(crate) fn project(self, expressions: Vec<Expression>) -> Self {
        self.then(|input| RelType::Project(Box::new(proto::Project { input, expressions })))
    }

    /// Adds or replaces columns, all computed from the input.
    pub(crate) fn with_columns(self, columns: Vec<(String, Expression)>) -> Self {
        let aliases =
            columns.into_iter().map(|(name, value)| alias_of(value, vec![name])).collect();
        self.then(|input| RelType::WithColumns(Box::new(proto::WithColumns { input, aliases })))
    }

    /// Other names for all columns, as many as there are.
    pub(crate) fn named(self, column_names: Vec<String>) -> Self {
        self.then(|input| RelType::ToDf(Box::new(proto::ToDf { input, column_names })))
    }

    /// Only these columns, all computed from the input.
    pub(crate) fn flags(self, columns: Vec<(String, Expression)>) -> Self {
        if columns.is_empty() {
            return self;
        }
        let columns =
            columns.into_iter().map(|(name, value)| super::expression::alias(value, &name));
        self.project(columns.collect())
    }

    pub(crate) fn renamed(self, columns: &[(String, String)]) -> Self {
        let renames = columns
            .iter()
            .map(|(old, new)| proto::with_columns_renamed::Rename {
                col_name: old.clone(),
                new_col_name: new.clone(),
            })
            .collect();
        self.then(|input| {
            RelType::WithColumnsRenamed(Box::new(proto::WithColumnsRenamed {
                input,
                renames,
                ..Default::default()
            }))
        })
    }

    pub(crate) fn drop(self, columns: &[String]) -> Self {
        let column_names = columns.to_vec();
        self.then(|input| {
            RelType::Drop(Box::new(proto::Drop { input, columns: Vec::new(), column_names }))
        })
    }

    pub(crate) fn set(self, other: Self, operation: tinderbox_spec::SetOperation) -> Self {
        use proto::set_operation::SetOpType;
        use tinderbox_spec::SetOperation as Set;
        let (kind, is_all, by_name, missing) = match operation {
            Set::UnionByName { allow_missing } => (SetOpType::Union, true, true, allow_missing),
            Set::UnionByPosition => (SetOpType::Union, true, false, false),
            Set::Intersect { all } => (SetOpType::Intersect, all, false, false),
            Set::Except { all } => (SetOpType::Except, all, false, false),
        };
        self.with(other, |left_input, right_input| {
            RelType::SetOp(Box::new(proto::SetOperation {
                left_input,
                right_input,
                set_op_type: kind.into(),
                is_all: Some(is_all),
                by_name: Some(by_name),
                allow_missing_columns: Some(missing),
            }))
        })
    }

    pub(crate) fn sort(self, order: Vec<proto::expression::SortOrder>, is_global: bool) -> Self {
        self.then(|input| {
            RelType::Sort(Box::new(proto::Sort { input, order, is_global: Some(is_global) }))
        })
    }

    /// Counts beyond the protocol's 2³¹ are cut to it.
    pub(crate) fn limit(self, rows: u32) -> Self {
        let limit = i32::try_from(rows).unwrap_or(i32::MAX);
        self.then(|input| RelType::Limit(Box::new(proto::Limit { input, limit })))
    }

    pub(crate) fn offset(self, rows: u32) -> Self {
        let offset = i32::try_from(rows).unwrap_or(i32::MAX);
        self.then(|input| RelType::Offset(Box::new(proto::Offset { input, offset })))
    }

    pub(crate) fn sample(self, share: f64, with_replacement: bool, seed: i64) -> Self {
        self.then(|input| {
            RelType::Sample(Box::new(proto::Sample {
                input,
                lower_bound: 0.0,
                upper_bound: share,
                with_replacement: Some(with_replacement),
                seed: Some(seed),
                deterministic_order: false,
            }))
        })
    }

    pub(crate) fn fill_nulls(
        self,
        cols: Vec<String>,
        values: Vec<proto::expression::Literal>,
    ) -> Self {
        self.then(|input| RelType::FillNa(Box::new(proto::NaFill { input, cols, values })))
    }

    /// `at_least`: rows with fewer values are left out; `None`: those with any missing.
    pub(crate) fn drop_nulls(self, columns: &[String], at_least: Option<u32>) -> Self {
        let min_non_nulls = at_least.map(|least| i32::try_from(least).unwrap_or(i32::MAX));
        let cols = columns.to_vec();
        self.then(|input| RelType::DropNa(Box::new(proto::NaDrop { input, cols, min_non_nulls })))
    }

    pub(crate) fn repartition(self, partitions: u32, shuffle: bool) -> Self {
        let num_partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        self.then(|input| {
            RelType::Repartition(Box::new(proto::Repartition {
                input,
                num_partitions,
                shuffle: Some(shuffle),
            }))
        })
    }

    pub(crate) fn repartition_by(self, by: Vec<Expression>, partitions: Option<u32>) -> Self {
        let num_partitions = partitions.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
        self.then(|input| {
            RelType::RepartitionByExpression(Box::new(proto::RepartitionByExpression {
                input,
                partition_exprs: by,
                num_partitions,
            }))
        })
    }

    pub(crate) fn unpivot(
        self,
        ids: Vec<Expression>,
        values: Option<Vec<Expression>>,
        names: (&str, &str),
    ) -> Self {
        let values = values.map(|values| proto::unpivot::Values { values });
        let (variable_column_name, value_column_name) = (names.0.to_owned(), names.1.to_owned());
        self.then(|input| {
            RelType::Unpivot(Box::new(proto::Unpivot {
                input,
                ids,
                values,
                variable_column_name,
                value_column_name,
            }))
        })
    }

    /// Empty columns: all decide.
    pub(crate) fn deduplicate(self, columns: &[String]) -> Self {
        let column_names = columns.to_vec();
        self.then(|input| {
            RelType::Deduplicate(Box::new(proto::Deduplicate {
                input,
                all_columns_as_keys: Some(column_names.is_empty()),
                column_names,
                within_watermark: Some(false),
            }))
        })
    }

    pub(crate) fn aliased(self, name: &str) -> Self {
        let alias = name.to_owned();
        self.then(|input| {
            RelType::SubqueryAlias(Box::new(proto::SubqueryAlias {
                input,
                alias,
                qualifier: Vec::new(),
            }))
        })
    }

    pub(crate) fn broadcast(self) -> Self {
        self.then(|input| {
            RelType::Hint(Box::new(proto::Hint {
                input,
                name: "broadcast".to_owned(),
                parameters: Vec::new(),
            }))
        })
    }

    pub(crate) fn join(
        self,
        other: Self,
        kind: proto::join::JoinType,
        using: &[String],
        condition: Option<Expression>,
    ) -> Self {
        let using_columns = using.to_vec();
        self.with(other, |left, right| {
            RelType::Join(Box::new(proto::Join {
                left,
                right,
                join_condition: condition,
                join_type: kind.into(),
                using_columns,
                join_data_type: None,
            }))
        })
    }

    pub(crate) fn aggregate(
        self,
        group_type: proto::aggregate::GroupType,
        keys: Vec<Expression>,
        outputs: Vec<Expression>,
        pivot: Option<proto::aggregate::Pivot>,
    ) -> Self {
        self.then(|input| {
            RelType::Aggregate(Box::new(proto::Aggregate {
                input,
                group_type: group_type.into(),
                grouping_expressions: keys,
                aggregate_expressions: outputs,
                pivot,
                grouping_sets: Vec::new(),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rows: &Rows) -> Vec<String> {
        let Some(RelType::WithRelations(with)) = &rows.relation.rel_type else {
            panic!("no query with tables: {rows:?}");
        };
        let name = |reference: &Relation| match &reference.rel_type {
            Some(RelType::SubqueryAlias(alias)) => alias.alias.clone(),
            other => panic!("no name: {other:?}"),
        };
        with.references.iter().map(name).collect()
    }

    #[test]
    fn tables_that_are_queries_over_others_come_before_those() {
        let a = Rows::empty("x INT");
        let table = |name: &str, rows: &Rows| (name.to_owned(), rows.clone());
        let b = Rows::sql("SELECT * FROM a", vec![table("a", &a)]);
        let c = Rows::sql("SELECT * FROM b", vec![table("b", &b.clone().limit(1))]);
        let all = vec![table("a", &a), table("b", &b), table("c", &c)];
        let query = "SELECT * FROM a, b, c";
        assert_eq!(names(&Rows::sql(query, all.clone())), ["c", "b", "a"]);
        let all = all.into_iter().rev().collect();
        assert_eq!(names(&Rows::sql(query, all)), ["c", "b", "a"]);
    }
}
