use std::time::Duration;

/// What an error means for those who must act on it: the HTTP status, the exit code and the retry follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorClass {
    /// Whose fault.
    pub fault: Fault,
    /// Whether trying again can help.
    pub retry: Retry,
}

impl ErrorClass {
    /// The user's input or environment is wrong; trying again does not help.
    pub const USER: Self = Self { fault: Fault::User, retry: Retry::Never };
    /// Something outside failed; trying again with back-off may help.
    pub const EXTERNAL: Self = Self { fault: Fault::External, retry: Retry::BackOff };
    /// A defect of ours.
    pub const INTERNAL: Self = Self { fault: Fault::Internal, retry: Retry::Never };
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The user can mend it.
    User,
    /// Spark, a database, a network or a file system failed.
    External,
    /// A defect of ours.
    Internal,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// No.
    Never,
    /// Yes, not before this time has passed.
    After(Duration),
    /// Yes, with growing pauses.
    BackOff,
}
