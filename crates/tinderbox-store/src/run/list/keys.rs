//! Orders of several columns, and places in them.

use super::{RunKey, RunPlace, RunSort, RunSortBy, SortOrder, column};
use crate::row::UNKNOWN;
use crate::tables::run as table;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{CaseStatement, Cond, ExprTrait, SimpleExpr};
use sea_orm::{Order, QueryFilter, QueryOrder};

/// In this order; equal runs by creation and id.
pub(super) fn ordered(
    mut query: Select<table::Entity>,
    sort: &[RunSort],
    last: SortOrder,
) -> Select<table::Entity> {
    for key in sort {
        query = query.order_by(value_of(key.by), order(key.order));
    }
    let last = order(last);
    query.order_by(table::Column::CreatedUs, last.clone()).order_by(table::Column::Id, last)
}

/// Only what is behind `place` in this order.
pub(super) fn behind(
    query: Select<table::Entity>,
    sort: &[RunSort],
    last: SortOrder,
    place: Option<&RunPlace>,
) -> Select<table::Entity> {
    let Some(place) = place else { return query };
    let mut columns: Vec<(SimpleExpr, SimpleExpr, SortOrder)> = sort
        .iter()
        .zip(&place.keys)
        .map(|(sort, key)| (value_of(sort.by), literal(sort.by, key), sort.order))
        .collect();
    let column = |column: table::Column| Expr::col(column);
    columns.push((column(table::Column::CreatedUs), place.created_us.into(), last));
    columns.push((column(table::Column::Id), place.id.as_str().into(), last));
    // Behind in the first column, or equal in it and behind in the second, and so on.
    let mut any = Cond::any();
    for (at, (value, place, order)) in columns.iter().enumerate() {
        let mut all = Cond::all();
        for (value, place, _) in &columns[..at] {
            all = all.add(value.clone().eq(place.clone()));
        }
        all = all.add(match order {
            SortOrder::Ascending => value.clone().gt(place.clone()),
            SortOrder::Descending => value.clone().lt(place.clone()),
        });
        any = any.add(all);
    }
    query.filter(any)
}

fn order(order: SortOrder) -> Order {
    match order {
        SortOrder::Ascending => Order::Asc,
        SortOrder::Descending => Order::Desc,
    }
}

fn value_of(by: RunSortBy) -> SimpleExpr {
    match by {
        RunSortBy::SparkVersion => Expr::col(table::Column::SparkVersion).if_null(""),
        RunSortBy::Status => {
            let mut words = CaseStatement::new();
            for (state, word) in STATUSES {
                words = words.case(Expr::col(table::Column::State).eq(state), word);
            }
            words.finally("RUNNING").into()
        }
        by => Expr::col(column(by)),
    }
}

/// The words for states; all others are `RUNNING`.
const STATUSES: [(&str, &str); 6] = [
    ("queued", "QUEUED"),
    ("succeeded", "COMPLETED"),
    ("failed", "FAILED"),
    ("cancelled", "CANCELLED"),
    ("timed_out", "TIMED_OUT"),
    ("lost", "LOST"),
];

fn literal(by: RunSortBy, key: &RunKey) -> SimpleExpr {
    let is_text = matches!(
        by,
        RunSortBy::Id
            | RunSortBy::Name
            | RunSortBy::State
            | RunSortBy::Status
            | RunSortBy::JobType
            | RunSortBy::User
            | RunSortBy::SparkVersion
    );
    match key {
        RunKey::Number(number) => (*number).into(),
        RunKey::Text(text) => text.as_str().into(),
        RunKey::Unknown if is_text => "".into(),
        RunKey::Unknown => UNKNOWN.into(),
    }
}
