//! SQL over inputs.

use super::{Emitter, Reason, Rows};
use crate::query;
use tinderbox_spec::Node;

impl Emitter<'_> {
    /// The inputs are tables of the statement alone, so nothing of it stays in the session.
    pub(super) fn statement(
        &self,
        node: &Node,
        query: &str,
        inputs: Vec<Rows>,
    ) -> Result<Rows, Reason> {
        if tinderbox_spec::has_secret(query) {
            return Err(Reason::Secret);
        }
        query::check_is_query(query).map_err(|error| Reason::NoQuery(error.to_string()))?;
        let mut query = query.to_owned();
        for input in &node.inputs {
            query = query.replace(&format!("{{{input}}}"), self.table_of(input));
        }
        if let Some(first) = node.inputs.first() {
            query = query.replace("{input}", self.table_of(first));
        }
        let mut tables: Vec<(String, Rows)> = Vec::new();
        for (input, rows) in node.inputs.iter().zip(inputs) {
            let name = self.table_of(input);
            if !tables.iter().any(|(known, _)| known == name) {
                tables.push((name.to_owned(), rows));
            }
        }
        Ok(Rows::sql(&query, tables))
    }
}
