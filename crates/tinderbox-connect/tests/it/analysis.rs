//! Columns of nodes, asked of Sail.

use crate::equivalence::load;
use std::fmt::Write as _;
use std::path::Path;
use tinderbox_connect::{Analyzer, Engine, NodeColumns, ProblemKind, Session};

/// What is wrong with a node, and what it is about.
const WRONG: &[(&str, &str)] = &[
    ("{type: filter, input: a, condition: \"amout > 1\"}", "column amout"),
    ("{type: filter, input: a, condition: \"name > \"}", "syntax"),
    ("{type: map, input: a, columns: {x: \"nofun(amount)\"}}", "function nofun"),
    ("{type: map, input: a, columns: {x: \"upper(amount, 1)\"}}", "other"),
    ("{type: map, input: a, columns: {x: \"name + amount.b\"}}", "column amount.b"),
    ("{type: select, input: a, columns: [nme]}", "column nme"),
    ("{type: aggregate, input: a, group_by: [nme], aggregations: {amount: sum}}", "column nme"),
    ("{type: join, input: [a, b], on: [idd]}", "column idd"),
    ("{type: sort, input: a, by: [nme]}", "column nme"),
    ("{type: deduplicate, input: a, columns: [nme]}", "column nme"),
    ("{type: union, input: [a, b]}", "column name"),
    ("{type: sql, input: a, query: \"SELECT nme FROM {input}\"}", "column nme"),
    ("{type: sql, input: a, query: \"SELECT x.id FROM {input} JOIN nowhere x\"}", "table nowhere"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_of_each_node_and_of_none_behind_it() {
    let Some((sail, _folder)) = crate::start().await else { return };
    let session = Session::connect(sail.url()).await.unwrap();
    let mut text = "name: wrong\npipeline:\n  transformations:\n    - {id: a, type: sql, query: \"SELECT 1 AS id, 'x' AS name, 2 AS amount\"}\n    - {id: b, type: sql, query: \"SELECT 1 AS id, 'x' AS other\"}\n".to_owned();
    for (at, (node, _)) in WRONG.iter().enumerate() {
        writeln!(text, "    - {}", node.replacen('{', &format!("{{id: n{at}, "), 1)).unwrap();
    }
    text.push_str("  sinks:\n");
    for at in 0..WRONG.len() {
        writeln!(text, "    - {{type: json, input: n{at}, path: out/{at}}}").unwrap();
    }
    let spec = load(&text);
    let mut analyzer = Analyzer::new(session.clone(), Engine::Sail);
    let found = analyzer.analyze(&spec, Path::new("/")).await.unwrap();
    let mut wrong = Vec::new();
    for (at, (node, expected)) in WRONG.iter().enumerate() {
        let columns = &found.iter().find(|(id, _)| id.as_str() == format!("n{at}")).unwrap().1;
        let said = match columns {
            NodeColumns::Wrong(problem) => match &problem.kind {
                ProblemKind::Column(name) => format!("column {name}"),
                ProblemKind::Function(name) => format!("function {name}"),
                ProblemKind::Table(name) => format!("table {name}"),
                ProblemKind::Syntax => "syntax".to_owned(),
                _ => "other".to_owned(),
            },
            other => format!("{other:?}"),
        };
        if said != *expected {
            wrong.push(format!("{node}\n  expected {expected}, found {said}: {columns:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let behind = found.iter().filter(|(_, columns)| *columns == NodeColumns::Behind).count();
    assert_eq!(behind, WRONG.len());
    session.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_an_edit_changes_is_asked_for_again() {
    let Some((sail, _folder)) = crate::start().await else { return };
    let session = Session::connect(sail.url()).await.unwrap();
    let text = |first: &str, second: &str| {
        let mut text = format!(
            "name: edited\npipeline:\n  transformations:\n    - {{id: a, type: sql, query: \"SELECT {first} AS x\"}}\n    - {{id: b, type: map, input: a, columns: {{y: \"{second}\"}}}}\n"
        );
        for at in 0..5 {
            let before = if at == 0 { "b".to_owned() } else { format!("c{}", at - 1) };
            writeln!(
                text,
                "    - {{id: c{at}, type: map, input: {before}, columns: {{z{at}: \"y\"}}}}"
            )
            .unwrap();
        }
        text + "  sinks:\n    - {type: json, input: c4, path: out}\n"
    };
    let mut analyzer = Analyzer::new(session.clone(), Engine::Sail);
    let mut asked_for = async |first: &str, second: &str| {
        let before = analyzer.asked();
        let found = analyzer.analyze(&load(&text(first, second)), Path::new("/")).await.unwrap();
        let NodeColumns::Known(columns) = &found.last().unwrap().1 else { panic!("{found:?}") };
        (columns.last().unwrap().kind.clone(), analyzer.asked() - before)
    };
    assert_eq!(asked_for("1", "x + 1").await, ("int".to_owned(), 8));
    assert_eq!(asked_for("1", "x + 1").await, ("int".to_owned(), 0));
    assert_eq!(asked_for("1", "x + 2").await, ("int".to_owned(), 1), "the same columns come out");
    assert_eq!(asked_for("1", "x + 1L").await, ("bigint".to_owned(), 7));
    assert_eq!(asked_for("2", "x + 1L").await, ("bigint".to_owned(), 1));
    session.close().await;
}
