//! What the sinks of streaming jobs guarantee.

use crate::loaded;
use tinderbox_spec::{Guarantee, delivery};

fn guarantee(source: &str, sink: &str) -> Guarantee {
    let text = format!(
        "name: job\ntype: streaming\nconfiguration: {{checkpointLocation: c}}\npipeline:\n  sources: [{{id: s, {source}}}]\n  sinks: [{{id: out, {sink}}}]\n"
    );
    let found = delivery(&loaded(&text).spec);
    assert_eq!(found.len(), 1);
    assert!(!found[0].reason.is_empty());
    found[0].guarantee
}

#[test]
fn row_4_11_the_weaker_of_source_and_sink_decides() {
    let files = "type: json, path: in, schema: 'id INT'";
    let rate = "type: rate";
    let batches = "type: rate_micro_batch, rows_per_batch: 3";
    let socket = "type: socket, host: h, port: 1";
    let parquet = "type: parquet, path: out";
    for (source, sink, expected) in [
        (files, parquet, Guarantee::ExactlyOnce),
        (files, "type: delta, path: out", Guarantee::ExactlyOnce),
        (files, "type: table, table: t, format: orc", Guarantee::ExactlyOnce),
        (files, "type: table, table: t", Guarantee::AtLeastOnce),
        (files, "type: console", Guarantee::None),
        (files, "type: memory", Guarantee::None),
        (batches, parquet, Guarantee::ExactlyOnce),
        (rate, parquet, Guarantee::AtLeastOnce),
        (socket, parquet, Guarantee::AtMostOnce),
        (socket, "type: table, table: t", Guarantee::AtMostOnce),
    ] {
        assert_eq!(guarantee(source, sink), expected, "{source} → {sink}");
    }
}

#[test]
fn batch_jobs_have_no_statement() {
    let text = "name: job\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    assert_eq!(delivery(&loaded(text).spec), []);
}
