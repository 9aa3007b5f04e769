//! Machine learning with `pyspark.ml`: features, models, metrics, predictions.

pub(crate) mod algorithms;
pub(crate) mod setting;
pub(crate) mod steps;

use super::Operation;
use super::build::Parameters;
use crate::diagnostic::Report;
use crate::nearest::suggestion;
use algorithms::{ALGORITHMS, Algorithm, METRICS, Metric};
use setting::Setting;
use steps::Step;
use tinderbox_model::NodeId;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A number for each row.
    Regression,
    /// A class for each row.
    Classification,
    /// Groups of rows, without a label.
    Clustering,
    /// Ratings of items by users.
    Recommendation,
    /// Items that come together.
    Items,
}

/// A model that is trained. Its rows are metrics, those of `fp_growth` its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Train {
    /// Spark's class for the task.
    pub algorithm: &'static Algorithm,
    /// Steps before it; they are part of the model.
    pub steps: Vec<Step>,
    /// Columns that it learns from; one that a step made, or what has to be assembled.
    pub features: Vec<String>,
    /// The column that it learns.
    pub label: Option<String>,
    /// Parameters by Spark's own names.
    pub settings: Vec<Setting>,
    /// The share of rows that it learns from, as written; it is measured on the others.
    pub share: Option<String>,
    /// What makes the split the same each time over the same partitions.
    pub seed: Option<String>,
    /// Where the model goes, and whether it takes the place of what is there.
    pub save: Option<(String, bool)>,
    /// Names of metrics.
    pub metrics: Vec<String>,
}

/// Metrics of predictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluate {
    /// Whose metrics.
    pub task: Task,
    /// Their names.
    pub metrics: Vec<String>,
    /// The column with the truth; none for clusters.
    pub label: Option<String>,
    /// The column with predictions.
    pub prediction: String,
    /// The column with the confidence of a classifier.
    pub raw_prediction: String,
    /// The column with the vectors of clusters.
    pub features: String,
}

/// A model that predicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// Saved before.
    Saved(String),
    /// Of a `train` node of this job.
    Trained(NodeId),
}

impl Task {
    pub(crate) const WORDS: &[&str] =
        &["regression", "classification", "clustering", "recommendation"];

    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "regression" => Self::Regression,
            "classification" => Self::Classification,
            "clustering" => Self::Clustering,
            "recommendation" => Self::Recommendation,
            _ => return None,
        })
    }

    /// The word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Classification => "classification",
            Self::Clustering => "clustering",
            Self::Recommendation => "recommendation",
            Self::Items => "frequent items",
        }
    }

    /// Ratings are measured as numbers are.
    pub(crate) fn metrics(self) -> impl Iterator<Item = &'static Metric> {
        let like = if self == Self::Recommendation { Self::Regression } else { self };
        METRICS.iter().filter(move |metric| metric.task == like)
    }

    /// What is measured when nothing is named.
    fn default_metrics(self) -> Vec<String> {
        let count = match self {
            Self::Regression | Self::Recommendation => 3,
            Self::Classification => 2,
            Self::Clustering | Self::Items => 1,
        };
        self.metrics().take(count).map(|metric| metric.name.to_owned()).collect()
    }

    fn has_label(self) -> bool {
        !matches!(self, Self::Clustering | Self::Items)
    }
}

pub(crate) fn features(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Features { steps: node.steps("steps") })
}

pub(crate) fn train(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let before = report.error_count();
    let algorithm = algorithm(node, report)?;
    let task = algorithm.task;
    let mut settings = Vec::new();
    for (name, value) in node.literal_by_name("params") {
        let owner = format!("`{}`", algorithm.name);
        let path = format!("{}.{name}", node.path_of("params"));
        let place = (node.span, path.as_str());
        settings.extend(setting::checked(
            algorithm.parameters,
            (&name, &value),
            &owner,
            place,
            report,
        ));
    }
    let features = node.texts("features");
    let needs_features = task != Task::Recommendation;
    let label = node.text("label");
    let mut wrong = |key: &str, message: String, hint: &str| {
        let span = node.spanned(key).map_or(node.span, |text| text.span);
        report.error("spec::ml-train", span, &node.path_of(key), message).hint =
            Some(hint.to_owned());
    };
    let name = algorithm.name;
    if needs_features && features.is_empty() {
        let message = format!("`{name}` has nothing to learn from: it needs `features`");
        wrong("features", message, "for example `features: [amount, age]`");
    } else if !needs_features && !features.is_empty() {
        let message = format!("`{name}` has no `features`: it learns from users and items");
        wrong("features", message, "name them in `params`: `{userCol: user, itemCol: item}`");
    }
    if task == Task::Items && features.len() > 1 {
        let message = "`fp_growth` reads one column: an array of items".to_owned();
        wrong("features", message, "for example `features: items`");
    }
    if label.is_none() && matches!(task, Task::Regression | Task::Classification) {
        let message = format!("`{name}` has nothing to learn: it needs `label`");
        wrong("label", message, "`label` is the column that is to be predicted");
    } else if label.is_some() && !task.has_label() {
        let message = format!("`{name}` has no `label`: it learns without one");
        wrong("label", message, "remove `label`");
    }
    if task == Task::Recommendation {
        for key in ["userCol", "itemCol"] {
            if !node.literal_by_name("params").iter().any(|(name, _)| name == key) {
                let message = format!("`als` needs `{key}` in `params`");
                wrong("params", message, "for example `params: {userCol: user, itemCol: item}`");
            }
        }
        if !settings.iter().any(|(name, _)| *name == "coldStartStrategy") {
            // Else users that were not learned make every metric NaN.
            settings.push(("coldStartStrategy", crate::Literal::Text("drop".to_owned())));
        }
    }
    let (share, seed) = split(node, report);
    let save = save(node, report);
    let metrics = metrics(node, task, report);
    (report.error_count() == before).then_some(Operation::Train(Train {
        algorithm,
        steps: node.steps("steps"),
        features,
        label,
        settings,
        share,
        seed,
        save,
        metrics,
    }))
}

pub(crate) fn evaluate(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let before = report.error_count();
    let task = Task::of(node.word("task")?)?;
    let label = node.text("label");
    if label.is_none() && task.has_label() {
        let message = format!("{} is measured against a `label`", task.as_str());
        report.error("spec::ml-evaluate", node.span, &node.path_of("label"), message).hint =
            Some("`label` is the column with the truth".to_owned());
    }
    for (key, is_wrong, of) in [
        ("label", label.is_some() && !task.has_label(), "labels"),
        ("features", node.text("features").is_some() && task != Task::Clustering, "clustering"),
        (
            "raw_prediction",
            node.text("raw_prediction").is_some() && task != Task::Classification,
            "classification",
        ),
    ] {
        if is_wrong {
            let span = node.spanned(key).map_or(node.span, |text| text.span);
            let message = format!("`{key}` is for {of}, not for {}", task.as_str());
            report.error("spec::ml-evaluate", span, &node.path_of(key), message).hint =
                Some(format!("remove `{key}`"));
        }
    }
    let metrics = metrics(node, task, report);
    let text = |key: &str, default: &str| node.text(key).unwrap_or_else(|| default.to_owned());
    (report.error_count() == before).then(|| {
        Operation::Evaluate(Evaluate {
            task,
            metrics,
            label,
            prediction: text("prediction", "prediction"),
            raw_prediction: text("raw_prediction", "rawPrediction"),
            features: text("features", "features"),
        })
    })
}

pub(crate) fn predict(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    // Whether it is the id of a node is known to the graph.
    Some(Operation::Predict { model: Model::Saved(node.text("model")?) })
}

fn algorithm(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<&'static Algorithm> {
    let name = node.word("algorithm")?;
    let possible: Vec<&'static Algorithm> =
        ALGORITHMS.iter().filter(|algorithm| algorithm.name == name).collect();
    let task = node.word("task");
    let found = match (task, possible.as_slice()) {
        (None, [only]) => Some(*only),
        (None, _) => None,
        (Some(task), _) => {
            possible.iter().copied().find(|algorithm| Some(algorithm.task) == Task::of(task))
        }
    };
    if found.is_none() {
        let tasks: Vec<&str> = possible.iter().map(|algorithm| algorithm.task.as_str()).collect();
        let message = match task {
            None => format!("`{name}` needs `task`"),
            Some(task) => format!("`{name}` cannot do {task}"),
        };
        let span = node.spanned("task").map_or(node.span, |text| text.span);
        report.error("spec::ml-train", span, &node.path_of("task"), message).hint =
            Some(format!("`{name}` does: {}", tasks.join(", ")));
    }
    found
}

fn split(node: &Parameters<'_>, report: &mut Report<'_>) -> (Option<String>, Option<String>) {
    let (mut share, mut seed) = (None, None);
    for (key, value) in node.literal_by_name("split") {
        let number = match &value {
            crate::Literal::Number(number) => Some(number.clone()),
            _ => None,
        };
        let path = format!("{}.{key}", node.path_of("split"));
        match key.as_str() {
            "train" => {
                share = number.filter(|number| {
                    number.parse::<f64>().is_ok_and(|share| share > 0.0 && share < 1.0)
                });
                if share.is_none() {
                    let message = "`train` is the share of rows to learn from, between 0 and 1";
                    report.error("spec::ml-train", node.span, &path, message);
                }
            }
            "seed" => {
                seed = number.filter(|number| number.parse::<i64>().is_ok());
                if seed.is_none() {
                    report.error("spec::ml-train", node.span, &path, "`seed` is a whole number");
                }
            }
            other => {
                let message = format!("`split` has no field `{other}`");
                report.error("spec::unknown-key", node.span, &path, message).hint =
                    Some(suggestion(other, &["train", "seed"]));
            }
        }
    }
    if share.is_none()
        && node.literal_by_name("split").iter().all(|(key, _)| key != "train")
        && node.values.contains_key("split")
    {
        let message = "`split` needs `train`: the share of rows to learn from";
        report.error("spec::missing-parameter", node.span, &node.path_of("split"), message).hint =
            Some("for example `split: {train: 0.8, seed: 42}`".to_owned());
    }
    (share, seed)
}

fn save(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<(String, bool)> {
    let (mut path, mut overwrites) = (None, false);
    let written = node.literal_by_name("save");
    for (key, value) in &written {
        let place = format!("{}.{key}", node.path_of("save"));
        match (key.as_str(), value) {
            ("path", crate::Literal::Text(text)) => path = Some(text.clone()),
            ("mode", crate::Literal::Text(mode)) if mode == "overwrite" => overwrites = true,
            ("mode", crate::Literal::Text(mode)) if mode == "error" => {}
            ("path" | "mode", _) => {
                let message = format!("`{key}` of `save` is not right");
                report.error("spec::wrong-value", node.span, &place, message).hint = Some(
                    "`save: {path: models/price, mode: overwrite}`, or `mode: error`".to_owned(),
                );
            }
            _ => {
                let message = format!("`save` has no field `{key}`");
                report.error("spec::unknown-key", node.span, &place, message).hint =
                    Some(suggestion(key, &["path", "mode"]));
            }
        }
    }
    if path.is_none()
        && node.values.contains_key("save")
        && written.iter().all(|(k, _)| k != "path")
    {
        let message = "`save` needs `path`";
        report.error("spec::missing-parameter", node.span, &node.path_of("save"), message);
    }
    Some((path?, overwrites))
}

fn metrics(node: &Parameters<'_>, task: Task, report: &mut Report<'_>) -> Vec<String> {
    let names = node.texts("metrics");
    let known: Vec<&str> = task.metrics().map(|metric| metric.name).collect();
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        let span = node.spanned("metrics").map_or(node.span, |text| text.span);
        let message = format!("`{name}` is no metric of {}", task.as_str());
        let hint = if known.is_empty() {
            "remove `metrics`: the rows of `fp_growth` are its rules".to_owned()
        } else {
            format!("one of: {}", known.join(", "))
        };
        report.error("spec::ml-metric", span, &node.path_of("metrics"), message).hint = Some(hint);
    }
    if names.is_empty() { task.default_metrics() } else { names }
}
