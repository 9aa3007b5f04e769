//! Windows of streams.

/// The window of time that a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeWindow {
    /// Column with the time of the event.
    pub column: String,
    /// How long it is.
    pub length: WindowLength,
    /// The new column.
    pub name: String,
}

/// How long windows of time are; every text is an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowLength {
    /// Always the same.
    Fixed {
        /// From beginning to end.
        size: String,
        /// Between two beginnings; `None`: windows do not overlap.
        slide: Option<String>,
        /// Of the first beginning after 1970-01-01 00:00 UTC.
        offset: Option<String>,
    },
    /// Until so long nothing has come.
    Session {
        /// How long.
        gap: String,
    },
}

/// Every so many rows are a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountWindow {
    /// Rows of a window.
    pub size: u32,
    /// Columns whose values are counted each for itself.
    pub by: Vec<String>,
    /// Columns or SQL expressions that order the rows.
    pub order_by: Vec<String>,
    /// The new column; it counts from 0.
    pub name: String,
}
