//! `…/sql`.

use super::answer::{Answer, Refusal};
use super::{Resource, Scope, is_number};
use tinderbox_app::model::SqlExecutionId;
use tinderbox_app::rest::{self, Shape, SqlDetails, SqlTableQuery};

pub fn find(path: &[&str], shape: Shape) -> Result<Resource, Refusal> {
    match path {
        [] => Ok(Resource::Of(Box::new(|scope| list(&scope)))),
        ["sqlTable"] if shape == Shape::V4 => Ok(Resource::Of(Box::new(|scope| table(&scope)))),
        [id] if is_number(id) => {
            let id: i64 = id.parse().map_err(|_| Refusal::Unknown)?;
            Ok(Resource::Of(Box::new(move |scope| one(&scope, id))))
        }
        _ => Err(Refusal::Unknown),
    }
}

fn details(scope: &Scope) -> SqlDetails {
    SqlDetails {
        nodes: scope.parameters.boolean("details", true),
        plan: scope.parameters.boolean("planDescription", true),
    }
}

fn list(scope: &Scope) -> Result<Answer, Refusal> {
    let offset = scope.parameters.int("offset", 0)?;
    let default = if scope.shape == Shape::V4 { -1 } else { 20 };
    let length = scope.parameters.int("length", default)?;
    if scope.shape == Shape::V35 && length < 0 {
        return Err(Refusal::Failed);
    }
    Answer::json(&rest::executions(scope.view(), offset, length, details(scope)))
}

fn one(scope: &Scope, id: i64) -> Result<Answer, Refusal> {
    match rest::execution(scope.view(), SqlExecutionId(id), details(scope)) {
        Some(execution) => Answer::json(&execution),
        None => Err(Refusal::not_found(&format!("unknown query execution id: {id}"))),
    }
}

/// Numbers that cannot be read are exceptions of Spark here, not of JAX-RS.
fn table(scope: &Scope) -> Result<Answer, Refusal> {
    let parameters = &scope.parameters;
    let number = |name, default| match parameters.first(name) {
        Some(text) => text.parse::<i32>().map_err(|_| Refusal::Failed),
        None => Ok(default),
    };
    let text = |name: &str| parameters.first(name).unwrap_or_default().to_owned();
    let column = parameters.first("order[0][column]");
    let sort = column.and_then(|column| parameters.first(&format!("columns[{column}][name]")));
    let groups = !matches!(
        parameters.first("groupSubExecution"),
        Some(text) if text.eq_ignore_ascii_case("false")
    );
    let query = SqlTableQuery {
        draw: number("draw", 0)?,
        groups,
        search: text("search[value]"),
        status: text("status"),
        sort: sort.unwrap_or("id").to_owned(),
        ascending: parameters.first("order[0][dir]") == Some("asc"),
        start: number("start", 0)?,
        length: number("length", 20)?,
    };
    Answer::json(&rest::sql_table(scope.view(), &query))
}
