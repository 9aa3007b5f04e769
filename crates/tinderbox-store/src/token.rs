//! Words by which runs are found, whatever column they stand in.
//!
//! Indexed are, in lower case: the name and its words, the user, the application's id, and of the first line of the
//! error the class (with and without its package) and the words; at most [`TOKEN_LIMIT`] a run. Not indexed: Spark
//! properties and driver logs, which are large, and may hold what is nobody's business.

use crate::Store;
use crate::error::{Error, Failure};
use crate::run::Run;
use crate::tables::{run, run_token as table};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, HashMap};
use tinderbox_model::WorkspaceId;

/// Most words of a run.
const TOKEN_LIMIT: usize = 64;
/// Longest word, in characters.
const TOKEN_LENGTH: usize = 190;
/// Words of an error that are shorter say nothing.
const SHORTEST_ERROR_WORD: usize = 3;
/// Runs that are looked at when a word is only the beginning of others.
const CANDIDATES: u64 = 1_000;
/// Rows of one statement.
const ROWS: usize = 500;

/// A run that was searched for, with what it was found by.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The run.
    pub run: Run,
    /// Field (`id`, `name`, `user`, `application_id`, `error`) and word, one for every word of the question.
    pub matched: Vec<(String, String)>,
}

impl Store {
    /// Runs that have, for every word of `text`, a word that begins with it; upper and lower case alike. Those that
    /// have the longest word of `text` as it stands come first, the newest first, then those that have it as a
    /// beginning. A run is also found by the beginning of its id.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_search(
        &self,
        workspace: &WorkspaceId,
        text: &str,
        limit: u64,
    ) -> Result<Vec<Found>, Error> {
        let (workspace, text) = (workspace.as_str().to_owned(), text.trim().to_lowercase());
        self.connections
            .read("search runs", move |t| {
                async move { search(t, &workspace, &text, limit).await }.boxed()
            })
            .await
    }
}

/// Writes the words of new runs and of those whose words have changed.
pub(crate) async fn replace(
    t: &DatabaseTransaction,
    changes: &[(Option<&Run>, &Run)],
) -> Result<(), DbErr> {
    let (mut old_ids, mut rows) = (Vec::new(), Vec::new());
    for (old, new) in changes {
        let words = rows_of(new);
        if let Some(old) = old {
            if rows_of(old) == words {
                continue;
            }
            old_ids.push(old.id.as_str().to_owned());
        }
        rows.extend(words);
    }
    remove(t, &old_ids).await?;
    for rows in rows.chunks(ROWS) {
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        table::Entity::insert_many(rows).exec_without_returning(t).await?;
    }
    Ok(())
}

pub(crate) async fn remove(t: &DatabaseTransaction, ids: &[String]) -> Result<(), DbErr> {
    for ids in ids.chunks(ROWS) {
        table::Entity::delete_many().filter(table::Column::RunId.is_in(ids)).exec(t).await?;
    }
    Ok(())
}

/// Writes the words of all runs, of a database that had none.
pub(crate) async fn build(t: &DatabaseTransaction) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let rows = run::Entity::find()
            .filter(run::Column::Id.gt(after.as_str()))
            .order_by_asc(run::Column::Id)
            .limit(1_000)
            .all(t)
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.id);
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        remove(t, &ids).await?;
        let runs: Vec<Run> = rows.into_iter().map(Run::try_from).collect::<Result<_, _>>()?;
        let changes: Vec<_> = runs.iter().map(|run| (None, run)).collect();
        replace(t, &changes).await?;
    }
}

fn rows_of(run: &Run) -> Vec<table::Model> {
    let begun_us = run.started.unwrap_or(run.created).as_micros();
    let row = |(token, field): (String, &str)| table::Model {
        workspace: run.workspace.as_str().to_owned(),
        token,
        begun_us,
        run_id: run.id.as_str().to_owned(),
        field: field.to_owned(),
    };
    tokens(run).into_iter().map(row).collect()
}

/// The words of a run with the field that each comes from; the first field that has a word keeps it.
fn tokens(run: &Run) -> BTreeMap<String, &'static str> {
    let mut tokens = BTreeMap::new();
    let mut add = |word: &str, field| {
        let word: String = word.trim().to_lowercase().chars().take(TOKEN_LENGTH).collect();
        if !word.is_empty() && tokens.len() < TOKEN_LIMIT {
            tokens.entry(word).or_insert(field);
        }
    };
    add(&run.name, "name");
    add(&run.user, "user");
    if let Some(id) = &run.application_id {
        add(id.as_str(), "application_id");
    }
    for word in words(&run.name) {
        add(word, "name");
    }
    let error = run.error.as_deref().unwrap_or_default();
    let line = error.lines().next().unwrap_or_default();
    for word in line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '-'))) {
        let word = word.trim_matches(['.', '-']);
        if word.chars().count() >= SHORTEST_ERROR_WORD {
            add(word, "error");
        }
        // java.io.IOException is looked for as IOException.
        if let Some((_, class)) = word.rsplit_once(['.', '$'])
            && class.starts_with(char::is_uppercase)
        {
            add(class, "error");
        }
    }
    tokens
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

async fn search(
    t: &DatabaseTransaction,
    workspace: &str,
    text: &str,
    limit: u64,
) -> Result<Vec<Found>, Failure> {
    let mut words: Vec<String> =
        text.split_whitespace().map(|word| word.chars().take(TOKEN_LENGTH).collect()).collect();
    // The longest fits the fewest runs.
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    let Some((first, others)) = words.split_first() else { return Ok(Vec::new()) };
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    if others.is_empty() {
        let by_id = run::Entity::find()
            .select_only()
            .column(run::Column::Id)
            .filter(run::Column::Workspace.eq(workspace))
            .filter(begins(run::Column::Id, first))
            .limit(limit)
            .into_tuple::<String>();
        for id in by_id.all(t).await? {
            found.push((id.clone(), vec![("id".to_owned(), id)]));
        }
    }
    let exact = Condition::all().add(table::Column::Token.eq(first.as_str()));
    let longer = Condition::all()
        .add(table::Column::Token.gt(first.as_str()))
        .add(table::Column::Token.lt(end_of(first)));
    for (condition, limit_of) in [(exact, limit), (longer, CANDIDATES)] {
        if found.len() as u64 >= limit {
            break;
        }
        let mut query = table::Entity::find()
            .filter(table::Column::Workspace.eq(workspace))
            .filter(condition)
            .order_by_desc(table::Column::BegunUs)
            .limit(limit_of);
        for word in others {
            let with = table::Entity::find()
                .select_only()
                .column(table::Column::RunId)
                .filter(table::Column::Workspace.eq(workspace))
                .filter(begins(table::Column::Token, word));
            query = query
                .filter(table::Column::RunId.in_subquery(sea_orm::QueryTrait::into_query(with)));
        }
        for row in query.all(t).await? {
            if !found.iter().any(|(id, _)| *id == row.run_id) {
                found.push((row.run_id, vec![(row.field, row.token)]));
            }
        }
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    let mut runs: HashMap<String, Run> = HashMap::new();
    let mut matched: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let rows = run::Entity::find().filter(run::Column::Id.is_in(ids.iter().copied()));
        for row in rows.all(t).await? {
            runs.insert(row.id.clone(), Run::try_from(row)?);
        }
        for word in others {
            let rows = table::Entity::find()
                .filter(table::Column::RunId.is_in(ids.iter().copied()))
                .filter(begins(table::Column::Token, word))
                .order_by_desc(table::Column::Token);
            let by_run: HashMap<String, (String, String)> =
                rows.all(t).await?.into_iter().map(|r| (r.run_id, (r.field, r.token))).collect();
            for (id, pair) in by_run {
                matched.entry(id).or_default().push(pair);
            }
        }
    }
    Ok(found
        .into_iter()
        .filter_map(|(id, mut first)| {
            first.extend(matched.remove(&id).unwrap_or_default());
            Some(Found { run: runs.remove(&id)?, matched: first })
        })
        .collect())
}

fn begins<C: ColumnTrait>(column: C, word: &str) -> Condition {
    Condition::all().add(column.gte(word)).add(column.lt(end_of(word)))
}

fn end_of(word: &str) -> String {
    format!("{word}{}", char::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_model::{ApplicationId, RunId, TimestampMs};

    #[test]
    fn words_come_from_name_user_id_and_the_first_line_of_the_error() {
        let run = Run {
            user: "Ada".to_owned(),
            application_id: Some(ApplicationId::new("local-17")),
            error: Some("org.apache.spark.SparkException: Job aborted\nat x".to_owned()),
            ..Run::new(RunId::new("r"), "Daily orders", TimestampMs(0))
        };
        let words: Vec<(String, &str)> = tokens(&run).into_iter().collect();
        let words: Vec<(&str, &str)> = words.iter().map(|(w, f)| (w.as_str(), *f)).collect();
        assert_eq!(
            words,
            [
                ("aborted", "error"),
                ("ada", "user"),
                ("daily", "name"),
                ("daily orders", "name"),
                ("job", "error"),
                ("local-17", "application_id"),
                ("orders", "name"),
                ("org.apache.spark.sparkexception", "error"),
                ("sparkexception", "error"),
            ]
        );
    }

    #[test]
    fn a_run_has_a_bounded_number_of_words() {
        let name: String = (0..200).map(|n| format!("w{n} ")).collect();
        let run = Run::new(RunId::new("r"), name, TimestampMs(0));
        assert_eq!(tokens(&run).len(), TOKEN_LIMIT);
    }
}
