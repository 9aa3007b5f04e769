//! The tasks that a request can name.

use crate::request::JobKind;

/// What is done with a data set. The names are those of the request, of results and of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the table below says what each does")]
pub enum Task {
    RowCount,
    ColumnCount,
    DataTypes,
    MinMaxMean,
    NullPercentage,
    UniqueCounts,
    Regression,
    Kmeans,
    Fpgrowth,
    Timeseries,
}

impl Task {
    /// All of them, by kind, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::RowCount,
        Self::ColumnCount,
        Self::DataTypes,
        Self::MinMaxMean,
        Self::NullPercentage,
        Self::UniqueCounts,
        Self::Regression,
        Self::Kmeans,
        Self::Fpgrowth,
        Self::Timeseries,
    ];

    /// As requests write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RowCount => "row_count",
            Self::ColumnCount => "column_count",
            Self::DataTypes => "data_types",
            Self::MinMaxMean => "min_max_mean",
            Self::NullPercentage => "null_percentage",
            Self::UniqueCounts => "unique_counts",
            Self::Regression => "regression",
            Self::Kmeans => "kmeans",
            Self::Fpgrowth => "fpgrowth",
            Self::Timeseries => "timeseries",
        }
    }

    /// The type of jobs that it belongs to.
    pub fn kind(self) -> JobKind {
        match self {
            Self::Regression | Self::Kmeans | Self::Fpgrowth | Self::Timeseries => JobKind::Ml,
            _ => JobKind::Descriptive,
        }
    }

    /// The task of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }

    /// Whether it trains a model that can be saved.
    pub fn has_model(self) -> bool {
        matches!(self, Self::Regression | Self::Kmeans | Self::Fpgrowth)
    }

    /// Its parameters.
    pub(crate) fn parameters(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Regression => &[
                ("label", Kind::Text),
                ("features", Kind::Texts),
                ("test_share", Kind::Share),
                ("seed", Kind::Whole(0, u32::MAX)),
                ("regularization", Kind::NotNegative),
            ],
            Self::Kmeans => &[
                ("k", Kind::Whole(2, 10_000)),
                ("seed", Kind::Whole(0, u32::MAX)),
                ("columns", Kind::Texts),
                ("max_iterations", Kind::Whole(1, 10_000)),
            ],
            Self::Fpgrowth => &[
                ("column", Kind::Text),
                ("separator", Kind::Text),
                ("min_support", Kind::Share),
                ("min_confidence", Kind::Share),
                ("limit", Kind::Whole(1, 100_000)),
            ],
            Self::Timeseries => {
                &[("column", Kind::Text), ("unit", Kind::OneOf(&["hour", "day", "week", "month"]))]
            }
            _ => &[],
        }
    }
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A list of texts, not empty.
    Texts,
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// A number from 0 to 1; of shares neither counts.
    Share,
    NotNegative,
    OneOf(&'static [&'static str]),
}
