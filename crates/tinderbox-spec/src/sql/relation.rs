//! The view of a transformation.

use super::columns::{Known, Typed, place};
use super::grouping::{aggregated, deduplicated, unpivoted};
use super::layout::{Select, ended, view};
use super::missing::{cleaned, filled, without_nulls};
use super::text::{column, expression, literal, name};
use super::{Refusal, Script, Statement};
use crate::lineage::names;
use crate::operation::build::is_expression;
use crate::operation::{
    Explode, Join, JoinKeys, JoinRight, Operation, SetOperation, Side, SortKey, TimeWindow,
    WindowColumns, WindowLength,
};
use crate::spec::Node;

pub(super) fn view_of(script: &Script<'_>, node: &Node, operation: &Operation) -> Statement {
    let statement = statement_of(script, node, operation)?;
    report_lost_names(script, node, &statement)?;
    Ok(statement)
}

/// A view has no two columns of one name, and forgets the names of the tables that its columns came from.
fn report_lost_names(script: &Script<'_>, node: &Node, statement: &str) -> Result<(), Refusal> {
    if let Some(known) = super::columns::made(
        &node.operation,
        &script.inputs(node).iter().map(|(_, known)| *known).collect::<Vec<_>>(),
    ) && let Some((at, twice)) =
        known.iter().enumerate().find(|(at, column)| place(&known, &column.name) != Some(*at))
        && at > 0
    {
        return Err(Refusal {
            code: "sql::columns",
            message: format!(
                "`{}` has two columns `{}`, which a view cannot have",
                node.id, twice.name
            ),
            hint: "rename or drop one of them before".to_owned(),
        });
    }
    let ancestors = crate::preview::ancestors(script.spec, &node.id);
    let forgets = |other: &&&Node| matches!(&other.operation, Operation::Join(join) if matches!(join.on, JoinKeys::Conditions(_)));
    let is_behind_join =
        ancestors.iter().filter(|other| other.id != node.id).any(|other| forgets(&other));
    if !is_behind_join || matches!(node.operation, Operation::Sql { .. }) {
        return Ok(());
    }
    for path in names::columns(statement).iter().filter(|path| path.len() > 1) {
        let is_lost = |other: &&&Node| {
            other.id != node.id
                && !node.inputs.contains(&other.id)
                && script.name(&other.id).eq_ignore_ascii_case(&path[0])
        };
        let is_column = script
            .inputs(node)
            .iter()
            .any(|(_, known)| known.as_ref().is_some_and(|known| place(known, &path[0]).is_some()));
        if let (Some(other), false) = (ancestors.iter().find(is_lost), is_column) {
            return Err(Refusal {
                code: "sql::columns",
                message: format!(
                    "`{}` names `{}` through `{}`, which it does not read itself",
                    node.id,
                    path.join("."),
                    other.id
                ),
                hint: "write the column alone; where two have the name, rename one before the join"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

fn statement_of(script: &Script<'_>, node: &Node, operation: &Operation) -> Statement {
    let name_of = script.name(&node.id);
    let one = One {
        node,
        known: script.inputs(node).first().map(|(_, known)| *known),
        from: script.input(node),
    };
    let from = one.from;
    let select = match operation {
        Operation::Filter { condition } => {
            Select::all(from).clause(format!("WHERE {}", condition.trim()))
        }
        Operation::Select { columns } => {
            let columns = columns.iter().map(|selected| match &selected.name {
                Some(alias) => format!("{} AS {}", expression(&selected.expression), name(alias)),
                None => column(&selected.expression),
            });
            Select::of(columns.collect(), &name(from))
        }
        Operation::Map { columns } => one.with(
            columns.iter().map(|(name, expression)| (name.as_str(), expression.trim().to_owned())),
        )?,
        Operation::Join(join) => joined(script, node, join),
        Operation::Aggregate(aggregate) => aggregated(&one, aggregate)?,
        Operation::Sql { query } => return Ok(view(name_of, &queried(script, node, query))),
        Operation::Deduplicate { within_watermark: true, .. } | Operation::Watermark { .. } => {
            return Err(Refusal::node(
                format!("`{}` is about streams, which a script of SQL cannot run", node.id),
                "compile with `--to pyspark`",
            ));
        }
        Operation::Deduplicate { columns, .. } => deduplicated(columns, from),
        Operation::Window(window) => windowed(&one, window, name_of)?,
        Operation::CountWindow(window) => one.with([(window.name.as_str(), window.sql())])?,
        Operation::TimeWindow(window) => one.with([(window.name.as_str(), time_window(window))])?,
        Operation::Rename { columns } => renamed(&one, columns)?,
        Operation::Cast { columns, is_tolerant } => cast(&one, columns, *is_tolerant)?,
        Operation::Drop { columns } => {
            let known = one.known("leaves columns out")?;
            let kept = known.iter().filter(|kept| {
                !columns.iter().any(|dropped| dropped.eq_ignore_ascii_case(&kept.name))
            });
            Select::of(kept.map(|kept| name(&kept.name)).collect(), &name(from))
        }
        Operation::Set(operation) => {
            return Ok(view(name_of, &together(script, node, *operation)?));
        }
        Operation::Sort { by, is_within_partitions } => {
            let word = if *is_within_partitions { "SORT BY" } else { "ORDER BY" };
            Select::all(from).list(word, &by.iter().map(|key| sort_key(key)).collect::<Vec<_>>())
        }
        Operation::Limit { rows, offset: 0 } => Select::all(from).clause(format!("LIMIT {rows}")),
        Operation::Limit { rows, offset } => {
            Select::all(from).clause(format!("LIMIT {rows} OFFSET {offset}"))
        }
        Operation::Sample { share, with_replacement, seed } => {
            sampled(script, &one, share, *with_replacement, *seed)?
        }
        Operation::Explode(explode) => exploded(&one, explode)?,
        Operation::FillNulls { values } => filled(&one, values)?,
        Operation::DropNulls { columns, rule } => without_nulls(&one, columns, *rule)?,
        Operation::Repartition { partitions, by, is_by_range } => {
            repartitioned(&one, *partitions, by, *is_by_range)?
        }
        Operation::Coalesce { partitions } => {
            Select::all(from).hint(&format!("COALESCE({partitions})"))
        }
        Operation::Cache { level } => {
            let level =
                level.map(|level| format!(" OPTIONS ('storageLevel' = {})", literal(level)));
            let cache = format!("CACHE LAZY TABLE {}{}", name(name_of), level.unwrap_or_default());
            return Ok(format!("{}{}", view(name_of, &Select::all(from).to_sql()), ended(&cache)));
        }
        Operation::Unpivot(unpivot) => unpivoted(&one, unpivot)?,
        Operation::Clean(clean) => cleaned(&one, clean)?,
        Operation::ParseJson(parse) => {
            let options: Vec<String> = parse
                .options
                .iter()
                .flat_map(|(key, value)| [literal(key), literal(value)])
                .collect();
            let options = if options.is_empty() {
                String::new()
            } else {
                format!(", map({})", options.join(", "))
            };
            let parsed = format!(
                "from_json({}, {}{options})",
                column(&parse.column),
                literal(&parse.schema)
            );
            one.with([(parse.name.as_str(), parsed)])?
        }
        _ => return Err(not_expressible(node)),
    };
    Ok(view(name_of, &select.to_sql()))
}

/// A node that reads one other.
pub(super) struct One<'s> {
    pub(super) node: &'s Node,
    pub(super) known: Option<&'s Known>,
    /// The name of what it reads.
    pub(super) from: &'s str,
}

impl One<'_> {
    /// All columns of the input.
    pub(super) fn known(&self, what: &str) -> Result<&[Typed], Refusal> {
        match self.known {
            Some(Some(known)) => Ok(known),
            _ => Err(self.unknown(what)),
        }
    }

    fn unknown(&self, what: &str) -> Refusal {
        let input = self.node.inputs.first().unwrap_or(&self.node.id);
        Refusal::columns(self.node, input, what)
    }

    /// All columns, with new ones behind or in the places of those of the same names.
    pub(super) fn with<'n>(
        &self,
        columns: impl IntoIterator<Item = (&'n str, String)>,
    ) -> Result<Select, Refusal> {
        let columns: Vec<(&str, String)> = columns.into_iter().collect();
        let made =
            |(named, value): &(&str, String)| format!("{} AS {}", expression(value), name(named));
        let known = match self.known {
            Some(Some(known)) => known.as_slice(),
            _ => {
                // Where a column is there after all, Spark refuses a view with two of one name.
                let itself = columns.iter().find(|(name, value)| {
                    names::columns(value).iter().any(|path| path[0].eq_ignore_ascii_case(name))
                });
                if let Some((name, _)) = itself {
                    return Err(self.unknown(&format!("replaces `{name}`")));
                }
                &[]
            }
        };
        let replaces = columns.iter().any(|(name, _)| place(known, name).is_some());
        let mut selected: Vec<String> = Vec::new();
        if replaces {
            selected.extend(known.iter().map(|column| {
                let replaced =
                    columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name));
                replaced.map_or_else(|| name(&column.name), made)
            }));
        } else {
            selected.push("*".to_owned());
        }
        selected.extend(columns.iter().filter(|(name, _)| place(known, name).is_none()).map(made));
        Ok(Select::of(selected, &name(self.from)))
    }
}

fn not_expressible(node: &Node) -> Refusal {
    let what = match &node.operation {
        Operation::ReadHttp(_) => "asks over HTTP in Python",
        Operation::Udf(_) => "calls a Python function",
        Operation::Checkpoint { .. } => "writes a checkpoint, which SQL has no statement for",
        Operation::Flatten(_) => "takes its columns from the data, which SQL must know before",
        Operation::Features { .. }
        | Operation::Train(_)
        | Operation::Evaluate(_)
        | Operation::Predict { .. } => "uses Spark's machine learning, which SQL has no words for",
        _ => "has no form in SQL",
    };
    Refusal::node(format!("`{}` {what}", node.id), "compile with `--to pyspark`")
}

fn joined(script: &Script<'_>, node: &Node, join: &Join) -> Select {
    let left = script.input(node);
    let (right, alias) = match &join.right {
        JoinRight::CatalogTable(table) => {
            let alias = table.rsplit('.').next().unwrap_or(table);
            let table: Vec<String> = table.split('.').map(name).collect();
            (format!("{} AS {}", table.join("."), name(alias)), alias)
        }
        JoinRight::Input => {
            let right = node.inputs.get(1).map(|input| script.name(input)).unwrap_or_default();
            (name(right), right)
        }
    };
    let word = match join.how {
        "left" | "left_outer" | "leftouter" => "LEFT JOIN",
        "right" | "right_outer" | "rightouter" => "RIGHT JOIN",
        "full" | "outer" | "full_outer" | "fullouter" => "FULL JOIN",
        "left_semi" | "leftsemi" | "semi" => "LEFT SEMI JOIN",
        "left_anti" | "leftanti" | "anti" => "LEFT ANTI JOIN",
        "cross" => "CROSS JOIN",
        _ => "JOIN",
    };
    let on = match &join.on {
        JoinKeys::None => String::new(),
        JoinKeys::Columns(columns) => {
            let columns: Vec<String> = columns.iter().map(|column| name(column)).collect();
            format!(" USING ({})", columns.join(", "))
        }
        JoinKeys::Conditions(conditions) => match conditions.as_slice() {
            [condition] => format!(" ON {}", condition.trim()),
            conditions => {
                let all: Vec<String> =
                    conditions.iter().map(|one| format!("({})", expression(one))).collect();
                format!(" ON {}", all.join(" AND "))
            }
        },
    };
    let select = Select::all(left).clause(format!("{word} {right}{on}"));
    match join.broadcast {
        Some(Side::Left) => select.hint(&format!("BROADCAST({})", name(left))),
        Some(Side::Right) => select.hint(&format!("BROADCAST({})", name(alias))),
        None => select,
    }
}

/// The user's query with the names of its inputs.
fn queried(script: &Script<'_>, node: &Node, query: &str) -> String {
    let mut query =
        query.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace()).to_owned();
    for input in &node.inputs {
        query = query.replace(&format!("{{{input}}}"), &name(script.name(input)));
    }
    query.replace("{input}", &name(script.input(node)))
}

fn windowed(one: &One<'_>, window: &WindowColumns, view: &str) -> Result<Select, Refusal> {
    let named = name(&format!("{view}_window"));
    let columns = window
        .functions
        .iter()
        .map(|(name, function)| (name.as_str(), format!("{} OVER {named}", expression(function))));
    let mut parts = Vec::new();
    if !window.partition_by.is_empty() {
        let keys: Vec<String> = window.partition_by.iter().map(|key| column(key)).collect();
        parts.push(format!("PARTITION BY {}", keys.join(", ")));
    }
    if !window.order_by.is_empty() {
        let keys: Vec<String> = window.order_by.iter().map(|key| sort_key(key)).collect();
        parts.push(format!("ORDER BY {}", keys.join(", ")));
    }
    Ok(one.with(columns)?.clause(format!("WINDOW {named} AS ({})", parts.join(" "))))
}

fn time_window(window: &TimeWindow) -> String {
    let time = column(&window.column);
    match &window.length {
        WindowLength::Session { gap } => format!("session_window({time}, {})", literal(gap)),
        WindowLength::Fixed { size, slide, offset } => {
            let mut arguments = vec![time, literal(size)];
            if slide.is_some() || offset.is_some() {
                arguments.push(literal(slide.as_ref().unwrap_or(size)));
            }
            arguments.extend(offset.as_deref().map(literal));
            format!("window({})", arguments.join(", "))
        }
    }
}

/// A key of an order, with SQL's words for its direction.
fn sort_key(key: &str) -> String {
    let SortKey { expression, is_descending, nulls_first } = SortKey::parse(key);
    let direction = if is_descending { " DESC" } else { "" };
    let nulls = match nulls_first {
        Some(true) => " NULLS FIRST",
        Some(false) => " NULLS LAST",
        None => "",
    };
    format!("{}{direction}{nulls}", column(expression))
}

fn renamed(one: &One<'_>, columns: &[(String, String)]) -> Result<Select, Refusal> {
    let known = one.known("renames columns")?;
    let selected = known.iter().map(|column| {
        // One after the other, as Spark does.
        let new = columns.iter().fold(column.name.as_str(), |now, (old, new)| {
            if old.eq_ignore_ascii_case(now) { new } else { now }
        });
        if new == column.name {
            name(new)
        } else {
            format!("{} AS {}", name(&column.name), name(new))
        }
    });
    Ok(Select::of(selected.collect(), &name(one.from)))
}

fn cast(one: &One<'_>, columns: &[(String, String)], is_tolerant: bool) -> Result<Select, Refusal> {
    one.known("casts columns")?;
    let word = if is_tolerant { "try_cast" } else { "CAST" };
    one.with(
        columns
            .iter()
            .map(|(column, to)| (column.as_str(), format!("{word}({} AS {to})", name(column)))),
    )
}

fn together(script: &Script<'_>, node: &Node, operation: SetOperation) -> Statement {
    let inputs = script.inputs(node);
    let word = match operation {
        SetOperation::UnionByName { .. } | SetOperation::UnionByPosition => "UNION ALL",
        SetOperation::Intersect { all: false } => "INTERSECT",
        SetOperation::Intersect { all: true } => "INTERSECT ALL",
        SetOperation::Except { all: false } => "EXCEPT",
        SetOperation::Except { all: true } => "EXCEPT ALL",
    };
    let SetOperation::UnionByName { allow_missing } = operation else {
        let all: Vec<String> =
            node.inputs.iter().map(|input| Select::all(script.name(input)).to_sql()).collect();
        return Ok(all.join(&format!("\n{word}\n")));
    };
    let mut columns: Vec<&str> = Vec::new();
    for (input, known) in &inputs {
        let Some(known) = known else {
            return Err(Refusal::columns(node, input, "matches columns by name"));
        };
        for column in known {
            if !columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name)) {
                columns.push(&column.name);
            }
        }
    }
    let mut queries = Vec::new();
    // A node may read another twice, so that the inputs are those of the node.
    for input in &node.inputs {
        let Some((_, Some(known))) = inputs.iter().find(|(id, _)| *id == input) else { continue };
        let missing = columns.iter().find(|name| place(known, name).is_none());
        if let (Some(missing), false) = (missing, allow_missing) {
            return Err(Refusal::node(
                format!("`{}` matches columns by name, but `{input}` has no `{missing}`", node.id),
                "`allow_missing: true`, or `by: position`",
            ));
        }
        let selected = columns.iter().map(|column| match place(known, column) {
            Some(_) => name(column),
            None => format!("NULL AS {}", name(column)),
        });
        queries.push(Select::of(selected.collect(), &name(script.name(input))).to_sql());
    }
    Ok(queries.join(&format!("\n{word}\n")))
}

fn sampled(
    script: &Script<'_>,
    one: &One<'_>,
    share: &str,
    with_replacement: bool,
    seed: Option<i64>,
) -> Result<Select, Refusal> {
    if with_replacement {
        return Err(Refusal::node(
            format!("`{}` samples with replacement, which SQL cannot", one.node.id),
            "leave `with_replacement` out, or compile with `--to pyspark`",
        ));
    }
    if seed.is_none() && script.readers(&one.node.id) > 1 {
        return Err(Refusal::node(
            format!(
                "`{}` has no `seed`, and each of its readers would see another sample",
                one.node.id
            ),
            "give it a `seed`",
        ));
    }
    let percent = share.parse::<f64>().map_or_else(
        |_| share.to_owned(),
        |share| {
            // The shortest text that is read as a hundred times the share.
            let percent = format!("{:.12}", share * 100.0);
            percent.trim_end_matches('0').trim_end_matches('.').to_owned()
        },
    );
    let seed = seed.map(|seed| format!(" REPEATABLE ({seed})")).unwrap_or_default();
    Ok(Select::of(
        vec!["*".to_owned()],
        &format!("{} TABLESAMPLE ({percent} PERCENT){seed}", name(one.from)),
    ))
}

fn exploded(one: &One<'_>, explode: &Explode) -> Result<Select, Refusal> {
    let position = if explode.position.is_some() { "pos" } else { "" };
    let outer = if explode.is_outer { "_outer" } else { "" };
    let call = format!("{position}explode{outer}({})", column(&explode.column));
    if explode.names.is_empty() {
        one.known(&format!("replaces `{}`", explode.column))?;
        return one.with([(explode.column.as_str(), call)]);
    }
    let names: Vec<String> =
        explode.position.iter().chain(&explode.names).map(|one| name(one)).collect();
    let names = match names.as_slice() {
        [one] => one.clone(),
        names => format!("({})", names.join(", ")),
    };
    Ok(Select::of(vec!["*".to_owned(), format!("{call} AS {names}")], &name(one.from)))
}

fn repartitioned(
    one: &One<'_>,
    partitions: Option<u32>,
    by: &[String],
    is_by_range: bool,
) -> Result<Select, Refusal> {
    let word = if is_by_range { "REPARTITION_BY_RANGE" } else { "REPARTITION" };
    let keys: Vec<String> = by.iter().map(|key| column(key)).collect();
    if by.iter().any(|key| is_expression(key)) {
        if partitions.is_some() || is_by_range {
            return Err(Refusal::node(
                format!(
                    "`{}` distributes by an expression, and SQL's hint takes columns only",
                    one.node.id
                ),
                "make it a column with `map` before, or leave `partitions` out",
            ));
        }
        return Ok(Select::all(one.from).list("DISTRIBUTE BY", &keys));
    }
    let arguments: Vec<String> =
        partitions.map(|count| count.to_string()).into_iter().chain(keys).collect();
    Ok(Select::all(one.from).hint(&format!("{word}({})", arguments.join(", "))))
}
