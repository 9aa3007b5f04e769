def metric_rows(predictions: DataFrame, evaluators: dict) -> DataFrame:
    """A row for each metric."""
    values = [(name, float(one.evaluate(predictions))) for name, one in evaluators.items()]
    return predictions.sparkSession.createDataFrame(values, "metric STRING, value DOUBLE")
