/// Which names of WITH clauses can be seen where the walk is.
///
/// The parser's walk enters the queries of a WITH clause, in order, before anything else of the query that has it. So
/// the first queries that end directly inside a query are those of its WITH clause, and each name becomes visible when
/// its own query has ended: `WITH a AS (SELECT * FROM a)` reads a table, not itself.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    frames: Vec<Frame>,
}

#[derive(Debug)]
struct Frame {
    names: Vec<String>,
    visible: usize,
}

impl Scopes {
    /// Enters a query whose WITH clause has these names, in lower case.
    pub(super) fn enter(&mut self, names: Vec<String>) {
        self.frames.push(Frame { names, visible: 0 });
    }

    /// Leaves the query that was entered last.
    pub(super) fn leave(&mut self) {
        self.frames.pop();
        if let Some(outer) = self.frames.last_mut()
            && outer.visible < outer.names.len()
        {
            outer.visible += 1;
        }
    }

    /// Whether a name is one of a WITH clause here.
    pub(super) fn has(&self, name: &str) -> bool {
        self.frames
            .iter()
            .any(|frame| frame.names[..frame.visible].iter().any(|known| known == name))
    }
}
