//! Descriptions of columns with values that are no ordinary ones.

use crate::equivalence::load;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tinderbox_connect::{Engine, Limits, Preview, Session};
use tinderbox_model::{Bytes, NodeId};

const LIMITS: Limits = Limits { rows: 1, bytes: Bytes(1 << 20), time: Duration::from_secs(60) };

#[tokio::test(flavor = "multi_thread")]
async fn nan_is_the_largest_number_and_no_part_of_the_histogram() {
    let Some((sail, _folder)) = crate::start().await else { return };
    let session = Session::connect(sail.url()).await.unwrap();
    let spec = load(
        "name: odd\npipeline:\n  transformations:\n    - {id: odd, type: sql, query: \"SELECT * FROM VALUES (CAST('NaN' AS DOUBLE), CAST('NaN' AS DOUBLE), 1D, CAST(NULL AS DOUBLE)), (1D, CAST('NaN' AS DOUBLE), CAST('Infinity' AS DOUBLE), NULL), (3D, NULL, 2D, NULL) AS t(some, only, endless, none)\"}\n  sinks:\n    - {type: json, path: out}\n",
    );
    let node = NodeId::new("odd");
    let preview = Preview {
        spec: &spec,
        folder: Path::new("/"),
        node: &node,
        engine: Engine::Sail,
        source_rows: None,
    };
    let profile = session.profile(preview, LIMITS).await.unwrap();
    let found: Vec<(&str, u64, &Value, &Value, u64)> = profile
        .columns
        .iter()
        .map(|one| {
            let counted = one.histogram.iter().map(|range| range.rows).sum();
            (one.column.name.as_str(), one.nulls, &one.min, &one.max, counted)
        })
        .collect();
    let (nan, infinite) = (json!("NaN"), json!("inf"));
    assert_eq!(
        found,
        [
            ("some", 0, &json!(1.0), &nan, 2),
            ("only", 1, &nan, &nan, 0),
            ("endless", 0, &json!(1.0), &infinite, 0),
            ("none", 3, &Value::Null, &Value::Null, 0),
        ]
    );
    session.close().await;
}
