use crate::compile::check_golden;
use crate::{check_spec, job_with, loaded};
use insta::assert_snapshot;
use tinderbox_spec::compile_pyspark;

const LEARNING: &str = include_str!("../fixtures/learning.yaml");

fn with(nodes: &[&str]) -> String {
    let nodes: Vec<String> = nodes.iter().map(|node| format!("    - {node}")).collect();
    job_with(&nodes.join("\n"))
}

#[test]
fn rows_1_16_to_1_18_features_models_and_predictions_compile() {
    let compiled = compile_pyspark(&loaded(LEARNING).spec);
    check_golden("learning.py", &compiled.source);
}

#[test]
fn row_1_18_a_node_that_predicts_comes_after_the_one_that_trains() {
    let text = with(&[
        "{id: later, type: predict, input: customers, model: trained}",
        "{id: trained, type: train, input: customers, algorithm: kmeans, features: [a, b]}",
    ]);
    let source = compile_pyspark(&loaded(&text).spec).source;
    let calls = "    trained_model, trained_df = trained(customers_df)\n    later_df = later(customers_df, trained_model)\n";
    assert!(source.contains(calls), "{source}");
}

#[test]
fn wrong_training() {
    let text = with(&[
        "{id: t0, type: train, algorithm: deep_learning, features: a, label: b}",
        "{id: t1, type: train, algorithm: random_forest, features: a, label: b}",
        "{id: t2, type: train, algorithm: kmeans, task: regression, features: a}",
        "{id: t3, type: train, algorithm: linear_regression, features: a}",
        "{id: t4, type: train, algorithm: linear_regression, label: b}",
        "{id: t5, type: train, algorithm: kmeans, features: a, label: b}",
        "{id: t6, type: train, algorithm: als, features: a}",
        "{id: t7, type: train, algorithm: fp_growth, features: [a, b], metrics: [rmse]}",
        "{id: t8, type: train, algorithm: linear_regression, features: a, label: b, params: {maxiter: 3, regParam: high}, metrics: [auc]}",
        "{id: t9, type: train, algorithm: linear_regression, features: a, label: b, split: {train: 80, seed: x}, save: {mode: append}}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:40: error[spec::wrong-value]: `deep_learning` is not a value of `algorithm`
      |
    6 |     - {id: t0, type: train, algorithm: deep_learning, features: a, label: b}
      |                                        ^^^^^^^^^^^^^
      = field: pipeline.transformations[0].algorithm
      = hint: one of: linear_regression, logistic_regression, decision_tree, random_forest, gradient_boosting, kmeans, als, fp_growth

    job.yaml:7:12: error[spec::ml-train]: `random_forest` needs `task`
      |
    7 |     - {id: t1, type: train, algorithm: random_forest, features: a, label: b}
      |            ^^
      = field: pipeline.transformations[1].task
      = hint: `random_forest` does: regression, classification

    job.yaml:8:54: error[spec::ml-train]: `kmeans` cannot do regression
      |
    8 |     - {id: t2, type: train, algorithm: kmeans, task: regression, features: a}
      |                                                      ^^^^^^^^^^
      = field: pipeline.transformations[2].task
      = hint: `kmeans` does: clustering

    job.yaml:9:12: error[spec::ml-train]: `linear_regression` has nothing to learn: it needs `label`
      |
    9 |     - {id: t3, type: train, algorithm: linear_regression, features: a}
      |            ^^
      = field: pipeline.transformations[3].label
      = hint: `label` is the column that is to be predicted

    job.yaml:10:12: error[spec::ml-train]: `linear_regression` has nothing to learn from: it needs `features`
       |
    10 |     - {id: t4, type: train, algorithm: linear_regression, label: b}
       |            ^^
       = field: pipeline.transformations[4].features
       = hint: for example `features: [amount, age]`

    job.yaml:11:68: error[spec::ml-train]: `kmeans` has no `label`: it learns without one
       |
    11 |     - {id: t5, type: train, algorithm: kmeans, features: a, label: b}
       |                                                                    ^
       = field: pipeline.transformations[5].label
       = hint: remove `label`

    job.yaml:12:12: error[spec::ml-train]: `als` needs `userCol` in `params`
       |
    12 |     - {id: t6, type: train, algorithm: als, features: a}
       |            ^^
       = field: pipeline.transformations[6].params
       = hint: for example `params: {userCol: user, itemCol: item}`

    job.yaml:12:12: error[spec::ml-train]: `als` needs `itemCol` in `params`
       |
    12 |     - {id: t6, type: train, algorithm: als, features: a}
       |            ^^
       = field: pipeline.transformations[6].params
       = hint: for example `params: {userCol: user, itemCol: item}`

    job.yaml:12:55: error[spec::ml-train]: `als` has no `features`: it learns from users and items
       |
    12 |     - {id: t6, type: train, algorithm: als, features: a}
       |                                                       ^
       = field: pipeline.transformations[6].features
       = hint: name them in `params`: `{userCol: user, itemCol: item}`

    job.yaml:13:62: error[spec::ml-train]: `fp_growth` reads one column: an array of items
       |
    13 |     - {id: t7, type: train, algorithm: fp_growth, features: [a, b], metrics: [rmse]}
       |                                                              ^
       = field: pipeline.transformations[7].features
       = hint: for example `features: items`

    job.yaml:13:79: error[spec::ml-metric]: `rmse` is no metric of frequent items
       |
    13 |     - {id: t7, type: train, algorithm: fp_growth, features: [a, b], metrics: [rmse]}
       |                                                                               ^^^^
       = field: pipeline.transformations[7].metrics
       = hint: remove `metrics`: the rows of `fp_growth` are its rules

    job.yaml:14:12: error[spec::ml-parameter]: `linear_regression` has no parameter `maxiter`
       |
    14 |     - {id: t8, type: train, algorithm: linear_regression, features: a, label: b, params: {maxiter: 3, regParam: high}, metrics: [auc]}
       |            ^^
       = field: pipeline.transformations[8].params.maxiter
       = hint: did you mean `maxIter`?

    job.yaml:14:12: error[spec::ml-parameter]: `regParam` of `linear_regression` takes a number
       |
    14 |     - {id: t8, type: train, algorithm: linear_regression, features: a, label: b, params: {maxiter: 3, regParam: high}, metrics: [auc]}
       |            ^^
       = field: pipeline.transformations[8].params.regParam

    job.yaml:14:130: error[spec::ml-metric]: `auc` is no metric of regression
       |
    14 |     - {id: t8, type: train, algorithm: linear_regression, features: a, label: b, params: {maxiter: 3, regParam: high}, metrics: [auc]}
       |                                                                                                                                  ^^^
       = field: pipeline.transformations[8].metrics
       = hint: one of: rmse, mae, r2, mse, explained_variance

    job.yaml:15:12: error[spec::ml-train]: `train` is the share of rows to learn from, between 0 and 1
       |
    15 |     - {id: t9, type: train, algorithm: linear_regression, features: a, label: b, split: {train: 80, seed: x}, save: {mode: append}}
       |            ^^
       = field: pipeline.transformations[9].split.train

    job.yaml:15:12: error[spec::ml-train]: `seed` is a whole number
       |
    15 |     - {id: t9, type: train, algorithm: linear_regression, features: a, label: b, split: {train: 80, seed: x}, save: {mode: append}}
       |            ^^
       = field: pipeline.transformations[9].split.seed

    job.yaml:15:12: error[spec::wrong-value]: `mode` of `save` is not right
       |
    15 |     - {id: t9, type: train, algorithm: linear_regression, features: a, label: b, split: {train: 80, seed: x}, save: {mode: append}}
       |            ^^
       = field: pipeline.transformations[9].save.mode
       = hint: `save: {path: models/price, mode: overwrite}`, or `mode: error`

    job.yaml:15:12: error[spec::missing-parameter]: `save` needs `path`
       |
    15 |     - {id: t9, type: train, algorithm: linear_regression, features: a, label: b, split: {train: 80, seed: x}, save: {mode: append}}
       |            ^^
       = field: pipeline.transformations[9].save
    ");
}

#[test]
fn wrong_measures_and_predictions() {
    let text = with(&[
        "{type: evaluate, task: regression}",
        "{type: evaluate, task: clustering, label: a}",
        "{type: evaluate, task: classification, label: a, metrics: [rmse], features: b}",
        "{type: evaluate, task: regression, label: a, raw_prediction: b}",
        "{id: good, type: train, algorithm: kmeans, features: [a, b]}",
        "{type: predict, input: customers, model: god}",
        "{type: predict, input: customers, model: customers}",
        "{type: predict, input: customers}",
        "{id: loop, type: train, input: looped, algorithm: kmeans, features: [a, b]}",
        "{id: looped, type: predict, input: customers, model: loop}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::ml-evaluate]: regression is measured against a `label`
      |
    6 |     - {type: evaluate, task: regression}
      |              ^^^^^^^^
      = field: pipeline.transformations[0].label
      = hint: `label` is the column with the truth

    job.yaml:7:49: error[spec::ml-evaluate]: `label` is for labels, not for clustering
      |
    7 |     - {type: evaluate, task: clustering, label: a}
      |                                                 ^
      = field: pipeline.transformations[1].label
      = hint: remove `label`

    job.yaml:8:66: error[spec::ml-metric]: `rmse` is no metric of classification
      |
    8 |     - {type: evaluate, task: classification, label: a, metrics: [rmse], features: b}
      |                                                                  ^^^^
      = field: pipeline.transformations[2].metrics
      = hint: one of: accuracy, f1, precision, recall, auc, pr_auc

    job.yaml:8:83: error[spec::ml-evaluate]: `features` is for clustering, not for classification
      |
    8 |     - {type: evaluate, task: classification, label: a, metrics: [rmse], features: b}
      |                                                                                   ^
      = field: pipeline.transformations[2].features
      = hint: remove `features`

    job.yaml:9:68: error[spec::ml-evaluate]: `raw_prediction` is for classification, not for regression
      |
    9 |     - {type: evaluate, task: regression, label: a, raw_prediction: b}
      |                                                                    ^
      = field: pipeline.transformations[3].raw_prediction
      = hint: remove `raw_prediction`

    job.yaml:11:48: error[spec::ml-model]: there is no `train` node `god`
       |
    11 |     - {type: predict, input: customers, model: god}
       |                                                ^^^
       = field: pipeline.transformations[5].model
       = hint: did you mean `good`?

    job.yaml:12:48: error[spec::ml-model]: `customers` is a node and trains no model
       |
    12 |     - {type: predict, input: customers, model: customers}
       |                                                ^^^^^^^^^
       = field: pipeline.transformations[6].model
       = hint: name a node of type `train`, or the path of a saved model

    job.yaml:13:14: error[spec::missing-parameter]: `predict` needs `model`: id of a `train` node, or the path of a saved model, with a `/` in it
       |
    13 |     - {type: predict, input: customers}
       |              ^^^^^^^
       = field: pipeline.transformations[7].model
       = hint: for example {type: predict, model: models/price}

    job.yaml:14:12: error[spec::cycle]: these nodes read each other in a loop: loop → looped → loop
       |
    14 |     - {id: loop, type: train, input: looped, algorithm: kmeans, features: [a, b]}
       |            ^^^^
       = field: pipeline.transformations[8].input
       = hint: change the `input` of one of them
    ");
}

#[test]
fn wrong_steps() {
    let text = with(&[
        "{type: features}",
        "{type: features, steps: []}",
        "{type: features, steps: [tokenize]}",
        "{type: features, steps: [{tokenise: {column: a}}]}",
        "{type: features, steps: [{assemble: {columns: [a, b]}}]}",
        "{type: features, steps: [{index: {columns: [a, b], as: c}}]}",
        "{type: features, steps: [{pca: {column: a, as: b}}, {ngram: {column: a, as: b, n: two}}]}",
        "{type: features, steps: [{bucket: {column: a, as: b, splits: [3, 1, 2]}}]}",
        "{type: features, steps: [{scale: {column: a, as: b, by: min_max, withMean: true}}]}",
        "{type: features, steps: [{scale: {columns: [a], as: b}}, {index: {columns: a}}, {index: {columns: a}}]}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:14: error[spec::missing-parameter]: `features` needs `steps`: the steps, each `name: {parameters}`
      |
    6 |     - {type: features}
      |              ^^^^^^^^
      = field: pipeline.transformations[0].steps
      = hint: for example {type: features, steps: [{index: {columns: [kind]}}, {assemble: {columns: [kind_index, amount], as: features}}]}

    job.yaml:7:31: error[spec::missing-parameter]: `steps` is empty
      |
    7 |     - {type: features, steps: []}
      |                               ^^
      = field: pipeline.transformations[1].steps
      = hint: the steps, each `name: {parameters}`

    job.yaml:8:32: error[spec::wrong-type]: `steps[0]` must be one step with its parameters, not `tokenize`
      |
    8 |     - {type: features, steps: [tokenize]}
      |                                ^^^^^^^^
      = field: pipeline.transformations[2].steps[0]
      = hint: one of: assemble, scale, index, one_hot, bucket, hash, tokenize, stop_words, tf_idf, count_vector, ngram, impute, pca

    job.yaml:9:33: error[spec::ml-step]: there is no step `tokenise`
      |
    9 |     - {type: features, steps: [{tokenise: {column: a}}]}
      |                                 ^^^^^^^^
      = field: pipeline.transformations[3].steps[0]
      = hint: did you mean `tokenize`?

    job.yaml:10:43: error[spec::missing-parameter]: the step `assemble` needs `as`
       |
    10 |     - {type: features, steps: [{assemble: {columns: [a, b]}}]}
       |                                           ^^^^^^^^^^^^^^^^^
       = field: pipeline.transformations[4].steps[0].assemble
       = hint: for example `as: features`

    job.yaml:11:40: error[spec::ml-step]: `as` names 1 columns, the step makes 2
       |
    11 |     - {type: features, steps: [{index: {columns: [a, b], as: c}}]}
       |                                        ^^^^^^^^^^^^^^^^^^^^^^^^
       = field: pipeline.transformations[5].steps[0].index.as

    job.yaml:12:38: error[spec::missing-parameter]: the step `pca` needs `k`
       |
    12 |     - {type: features, steps: [{pca: {column: a, as: b}}, {ngram: {column: a, as: b, n: two}}]}
       |                                      ^^^^^^^^^^^^^^^^^^
       = field: pipeline.transformations[6].steps[0].pca

    job.yaml:12:86: error[spec::ml-parameter]: `n` of the step `ngram` takes a whole number
       |
    12 |     - {type: features, steps: [{pca: {column: a, as: b}}, {ngram: {column: a, as: b, n: two}}]}
       |                                                                                      ^
       = field: pipeline.transformations[6].steps[1].ngram.n

    job.yaml:13:68: error[spec::ml-parameter]: `splits` are three or more numbers, each larger than the one before
       |
    13 |     - {type: features, steps: [{bucket: {column: a, as: b, splits: [3, 1, 2]}}]}
       |                                                                    ^^^^^^^^^
       = field: pipeline.transformations[7].steps[0].bucket.splits
       = hint: for example `[-inf, 0, 10, inf]`

    job.yaml:14:72: error[spec::ml-parameter]: the step `scale` has no parameter `withMean`
       |
    14 |     - {type: features, steps: [{scale: {column: a, as: b, by: min_max, withMean: true}}]}
       |                                                                        ^^^^^^^^
       = field: pipeline.transformations[8].steps[0].scale.withMean
       = hint: one of: max, min

    job.yaml:15:40: error[spec::missing-parameter]: the step `scale` needs `column`
       |
    15 |     - {type: features, steps: [{scale: {columns: [a], as: b}}, {index: {columns: a}}, {index: {columns: a}}]}
       |                                        ^^^^^^^^^^^^^^^^^^^^^
       = field: pipeline.transformations[9].steps[0].scale
       = hint: for example `column: text`

    job.yaml:15:41: error[spec::unknown-key]: the step `scale` has no `columns`
       |
    15 |     - {type: features, steps: [{scale: {columns: [a], as: b}}, {index: {columns: a}}, {index: {columns: a}}]}
       |                                         ^^^^^^^
       = field: pipeline.transformations[9].steps[0].scale

    job.yaml:15:88: error[spec::duplicate-column]: another step makes the column `a_index`
       |
    15 |     - {type: features, steps: [{scale: {columns: [a], as: b}}, {index: {columns: a}}, {index: {columns: a}}]}
       |                                                                                        ^^^^^
       = field: pipeline.transformations[9].steps[2].index
       = hint: name it with `as`
    ");
}
