//! What can be trained, and measured: Spark's classes with their parameters.
//! Source: `pyspark.ml` 3.5 (`regression`, `classification`, `clustering`, `recommendation`, `fpm`, `evaluation`).

use super::Task;
use super::Task::{Classification, Clustering, Items, Recommendation, Regression};
use super::setting::Kind::{self, Boolean, Float, Text, Whole};

/// An algorithm for one task.
#[derive(Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// The word in the document.
    pub name: &'static str,
    /// What it is for.
    pub task: Task,
    /// Spark's class.
    pub class: &'static str,
    /// The module of `pyspark.ml` that has it.
    pub module: &'static str,
    /// Its parameters by Spark's own names.
    pub(crate) parameters: &'static [(&'static str, Kind)],
}

/// A metric of a task: the word in the document, and the arguments of Spark's evaluator.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) task: Task,
    pub(crate) evaluator: &'static str,
    pub(crate) spark_name: &'static str,
}

pub(crate) const ALGORITHM_NAMES: &[&str] = &[
    "linear_regression",
    "logistic_regression",
    "decision_tree",
    "random_forest",
    "gradient_boosting",
    "kmeans",
    "als",
    "fp_growth",
];

const TREE: &[(&str, Kind)] = &[
    ("cacheNodeIds", Boolean),
    ("checkpointInterval", Whole),
    ("impurity", Text),
    ("maxBins", Whole),
    ("maxDepth", Whole),
    ("maxMemoryInMB", Whole),
    ("minInfoGain", Float),
    ("minInstancesPerNode", Whole),
    ("minWeightFractionPerNode", Float),
    ("seed", Whole),
    ("weightCol", Text),
];
const FOREST: &[(&str, Kind)] = &[
    ("bootstrap", Boolean),
    ("cacheNodeIds", Boolean),
    ("checkpointInterval", Whole),
    ("featureSubsetStrategy", Text),
    ("impurity", Text),
    ("maxBins", Whole),
    ("maxDepth", Whole),
    ("maxMemoryInMB", Whole),
    ("minInfoGain", Float),
    ("minInstancesPerNode", Whole),
    ("minWeightFractionPerNode", Float),
    ("numTrees", Whole),
    ("seed", Whole),
    ("subsamplingRate", Float),
    ("weightCol", Text),
];
const BOOSTED: &[(&str, Kind)] = &[
    ("cacheNodeIds", Boolean),
    ("checkpointInterval", Whole),
    ("featureSubsetStrategy", Text),
    ("lossType", Text),
    ("maxBins", Whole),
    ("maxDepth", Whole),
    ("maxIter", Whole),
    ("maxMemoryInMB", Whole),
    ("minInfoGain", Float),
    ("minInstancesPerNode", Whole),
    ("minWeightFractionPerNode", Float),
    ("seed", Whole),
    ("stepSize", Float),
    ("subsamplingRate", Float),
    ("weightCol", Text),
];

macro_rules! algorithm {
    ($name:literal, $task:ident, $module:literal, $class:literal, $parameters:expr) => {
        Algorithm {
            name: $name,
            task: $task,
            class: $class,
            module: $module,
            parameters: $parameters,
        }
    };
}

pub(crate) static ALGORITHMS: &[Algorithm] = &[
    algorithm!(
        "linear_regression",
        Regression,
        "regression",
        "LinearRegression",
        &[
            ("aggregationDepth", Whole),
            ("elasticNetParam", Float),
            ("epsilon", Float),
            ("fitIntercept", Boolean),
            ("loss", Text),
            ("maxIter", Whole),
            ("regParam", Float),
            ("solver", Text),
            ("standardization", Boolean),
            ("tol", Float),
            ("weightCol", Text),
        ]
    ),
    algorithm!(
        "logistic_regression",
        Classification,
        "classification",
        "LogisticRegression",
        &[
            ("aggregationDepth", Whole),
            ("elasticNetParam", Float),
            ("family", Text),
            ("fitIntercept", Boolean),
            ("maxIter", Whole),
            ("regParam", Float),
            ("standardization", Boolean),
            ("threshold", Float),
            ("tol", Float),
            ("weightCol", Text),
        ]
    ),
    algorithm!("decision_tree", Regression, "regression", "DecisionTreeRegressor", TREE),
    algorithm!("decision_tree", Classification, "classification", "DecisionTreeClassifier", TREE),
    algorithm!("random_forest", Regression, "regression", "RandomForestRegressor", FOREST),
    algorithm!("random_forest", Classification, "classification", "RandomForestClassifier", FOREST),
    algorithm!("gradient_boosting", Regression, "regression", "GBTRegressor", BOOSTED),
    algorithm!("gradient_boosting", Classification, "classification", "GBTClassifier", BOOSTED),
    algorithm!(
        "kmeans",
        Clustering,
        "clustering",
        "KMeans",
        &[
            ("distanceMeasure", Text),
            ("initMode", Text),
            ("initSteps", Whole),
            ("k", Whole),
            ("maxIter", Whole),
            ("seed", Whole),
            ("tol", Float),
            ("weightCol", Text),
        ]
    ),
    algorithm!(
        "als",
        Recommendation,
        "recommendation",
        "ALS",
        &[
            ("alpha", Float),
            ("coldStartStrategy", Text),
            ("implicitPrefs", Boolean),
            ("itemCol", Text),
            ("maxIter", Whole),
            ("nonnegative", Boolean),
            ("numItemBlocks", Whole),
            ("numUserBlocks", Whole),
            ("rank", Whole),
            ("regParam", Float),
            ("seed", Whole),
            ("userCol", Text),
        ]
    ),
    algorithm!(
        "fp_growth",
        Items,
        "fpm",
        "FPGrowth",
        &[("minConfidence", Float), ("minSupport", Float), ("numPartitions", Whole)]
    ),
];

macro_rules! metric {
    ($name:literal, $task:ident, $evaluator:literal, $spark_name:literal) => {
        Metric { name: $name, task: $task, evaluator: $evaluator, spark_name: $spark_name }
    };
}

/// The first ones of a task are measured when none is named: see [`Task::default_metrics`].
pub(crate) static METRICS: &[Metric] = &[
    metric!("rmse", Regression, "RegressionEvaluator", "rmse"),
    metric!("mae", Regression, "RegressionEvaluator", "mae"),
    metric!("r2", Regression, "RegressionEvaluator", "r2"),
    metric!("mse", Regression, "RegressionEvaluator", "mse"),
    metric!("explained_variance", Regression, "RegressionEvaluator", "var"),
    metric!("accuracy", Classification, "MulticlassClassificationEvaluator", "accuracy"),
    metric!("f1", Classification, "MulticlassClassificationEvaluator", "f1"),
    metric!("precision", Classification, "MulticlassClassificationEvaluator", "weightedPrecision"),
    metric!("recall", Classification, "MulticlassClassificationEvaluator", "weightedRecall"),
    metric!("auc", Classification, "BinaryClassificationEvaluator", "areaUnderROC"),
    metric!("pr_auc", Classification, "BinaryClassificationEvaluator", "areaUnderPR"),
    metric!("silhouette", Clustering, "ClusteringEvaluator", "silhouette"),
];
