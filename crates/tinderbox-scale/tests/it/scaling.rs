//! Speedup, fits, advice: against published figures and against data made from known parameters.

use proptest::prelude::*;
use serde_json::{Map, json};
use tinderbox_scale::{
    BadMeasurement, Certainty, JobRequest, Measurement, Scaling, answer, chart, oversubscription,
    performance_csv, result_files,
};

/// The times of the documented answer.
const DOCUMENTED: [(u32, f64); 4] = [(1, 3.21), (2, 1.78), (4, 0.95), (8, 0.60)];

fn scaling(points: &[(u32, f64)]) -> Scaling {
    let measured: Vec<(u32, Vec<f64>)> =
        points.iter().map(|(nodes, time)| (*nodes, vec![*time])).collect();
    Scaling::of(&measured)
}

fn request() -> JobRequest {
    let body = r#"{"job_id": "job_001", "s3_path": "user123/datasets/sales.csv", "job_config": {"type": "descriptive", "tasks": ["row_count"]}, "node_list": [1, 2, 4, 8]}"#;
    JobRequest::parse(body.as_bytes()).unwrap()
}

#[test]
fn the_documented_answer() {
    let mut beside = Map::new();
    beside.insert("cluster".to_owned(), json!("local"));
    beside.insert("job_id".to_owned(), json!("another"));
    let told = answer(&request(), "spark-data", &scaling(&DOCUMENTED), beside);
    let documented = json!({
        "status": "SUCCESS",
        "data": {
            "cluster": "local",
            "job_id": "job_001",
            "result_path": "user123/result/job_001/output",
            "performance_metrics": [
                {"nodes": 1, "time_sec": 3.21, "speedup": 1.0, "efficiency": 1.0},
                {"nodes": 2, "time_sec": 1.78, "speedup": 1.80, "efficiency": 0.90},
                {"nodes": 4, "time_sec": 0.95, "speedup": 3.38, "efficiency": 0.84},
                {"nodes": 8, "time_sec": 0.60, "speedup": 5.35, "efficiency": 0.67}
            ],
            "performance_metrics_s3": "s3://spark-data/user123/result/job_001/output/performance.csv",
            "outputs": {
                "1_nodes": "s3://spark-data/user123/result/job_001/output/1_nodes.json",
                "2_nodes": "s3://spark-data/user123/result/job_001/output/2_nodes.json",
                "4_nodes": "s3://spark-data/user123/result/job_001/output/4_nodes.json",
                "8_nodes": "s3://spark-data/user123/result/job_001/output/8_nodes.json"
            }
        }
    });
    assert_eq!(told, documented);
}

#[test]
fn the_csv_of_the_documented_times() {
    let csv = performance_csv(&scaling(&DOCUMENTED));
    assert_eq!(
        csv,
        "nodes,time_sec,speedup,efficiency\n1,3.21,1.0,1.0\n2,1.78,1.8,0.9\n4,0.95,3.38,0.84\n8,0.6,5.35,0.67\n"
    );
}

#[test]
fn the_files_of_results_with_the_one_for_all_at_the_end() {
    let outputs = [(1, "{\"row_count\": 4}".to_owned()), (4, "{}\n".to_owned())].into();
    let files = result_files(&request(), &outputs, &scaling(&DOCUMENTED));
    let folder = "user123/result/job_001/output";
    assert_eq!(files[0], (format!("{folder}/1_nodes.json"), "{\"row_count\": 4}\n".to_owned()));
    assert_eq!(files[1], (format!("{folder}/4_nodes.json"), "{}\n".to_owned()));
    assert_eq!(files[2].0, format!("{folder}/performance.csv"));
    assert_eq!(files.len(), 3);
}

#[test]
fn oversubscription_is_named() {
    assert_eq!(oversubscription(&[1, 2], 2), None);
    let told = oversubscription(&[1, 2, 4, 8], 2).unwrap();
    assert!(told.starts_with("oversubscribed: 4, 8 executors share 2 cores"), "{told}");
}

#[test]
fn the_base_is_the_smallest_number_wherever_it_stands() {
    let told = scaling(&[(8, 1.0), (2, 4.0), (4, 2.5)]);
    let by_nodes: Vec<(u32, Option<f64>, Option<f64>)> =
        told.points.iter().map(|p| (p.nodes, p.speedup, p.efficiency)).collect();
    assert_eq!(
        by_nodes,
        [(8, Some(4.0), Some(1.0)), (2, Some(1.0), Some(1.0)), (4, Some(1.6), Some(0.8))]
    );
}

#[test]
fn the_spread_of_repeats() {
    let told = Scaling::of(&[(1, vec![5.0, 1.0, 2.0, 100.0]), (2, vec![3.0])]);
    let spread = told.points[0].spread.unwrap();
    assert_eq!((spread.median, spread.least, spread.most, spread.mad), (3.5, 1.0, 100.0, 2.0));
    assert_eq!(told.points[1].spread.unwrap().mad, 0.0);
    assert!(told.notes.iter().any(|note| note.contains("one repeat")));
}

#[test]
fn too_few_points_are_told() {
    let one = scaling(&[(4, 2.0)]);
    assert_eq!((one.fit.amdahl, one.fit.usl, one.advice.clone()), (None, None, None));
    assert!(one.notes[0].contains("nothing to compare"), "{:?}", one.notes);
    let two = scaling(&[(1, 4.0), (2, 3.0)]);
    assert!(two.fit.usl.is_none() && two.fit.amdahl.is_some());
    assert_eq!(two.fit.amdahl.unwrap().certainty, Certainty::Exact);
    assert!(two.notes[0].contains("needs three"));
    let three = scaling(&[(1, 4.0), (2, 2.2), (4, 1.4)]);
    assert_eq!(three.fit.usl.unwrap().certainty, Certainty::Exact);
    assert!(three.notes[0].contains("three numbers"));
}

#[test]
fn bad_times_neither_panic_nor_invent_figures() {
    for points in [
        vec![],
        vec![(1, vec![])],
        vec![(1, vec![0.0]), (2, vec![0.0])],
        vec![(1, vec![f64::NAN, f64::INFINITY, -1.0]), (2, vec![1.0])],
        vec![(0, vec![1.0]), (1, vec![1.0])],
        vec![(1, vec![1.0]), (2, vec![2.0]), (4, vec![4.0]), (8, vec![8.0])],
        vec![(1, vec![1e-300]), (1024, vec![1e300]), (3, vec![1.0])],
        vec![(1, vec![1.0]), (1, vec![3.0])],
    ] {
        let told = Scaling::of(&points);
        let shown = told.to_json().to_string() + &json!(told.performance_metrics()).to_string();
        assert!(!shown.contains("NaN") && !shown.contains("inf"), "{points:?}: {shown}");
        assert!(!performance_csv(&told).contains("NaN"));
        assert!(chart(&told, 80).ends_with('\n'));
    }
    let slower = scaling(&[(1, 1.0), (2, 2.0), (4, 4.0), (8, 8.0)]);
    assert_eq!(slower.advice.unwrap().nodes, 1);
    assert!(slower.notes.iter().any(|note| note.contains("never faster")));
    let zero = scaling(&[(1, 1.0), (2, 0.0)]);
    assert_eq!(zero.points[1].speedup, None);
}

#[test]
fn perfect_scaling_advises_the_largest_and_says_why() {
    let told = scaling(&[(1, 16.0), (2, 8.0), (4, 4.0), (8, 2.0)]);
    let advice = told.advice.unwrap();
    assert_eq!((advice.nodes, advice.peak), (8, None));
    assert!(advice.reason.contains("more may be better"), "{}", advice.reason);
    assert_eq!(told.fit.amdahl.unwrap().serial_share, 0.0);
}

#[test]
fn the_chart() {
    let drawn = chart(&scaling(&DOCUMENTED), 76);
    let expected = " nodes      median      spread  speedup   eff.
     1      3.21 s     ±0.00 s     1.00   1.00  ████
     2      1.78 s     ±0.00 s     1.80   0.90  ███████|
     4      0.95 s     ±0.00 s     3.38   0.84  ██████████████ |
     8      0.60 s     ±0.00 s     5.35   0.67  █████████████████████          |
";
    assert_eq!(drawn.lines().take(5).map(|line| format!("{line}\n")).collect::<String>(), expected);
    assert!(drawn.contains("advised: "), "{drawn}");
}

#[test]
fn what_the_program_wrote_is_read() {
    let text = r#"{"spark_version": "4.3.0", "executors": 2, "results": {"row_count": 3, "min_max_mean": {"d": {"max": 123456789012345678901.25}}},
        "repeats": [{"seconds": 9.0, "warm_up": true, "tasks": {}}, {"seconds": 1.5, "tasks": {"row_count": 0.5}}, {"seconds": 1.0}]}"#;
    let told = Measurement::parse(text.as_bytes()).unwrap();
    assert_eq!(told.seconds, [1.5, 1.0]);
    assert_eq!(told.seconds_of_tasks["row_count"], [0.5]);
    assert!(told.results.contains("123456789012345678901.25"), "no digit is lost");
    let failed = r#"{"error": {"kind": "empty_dataset", "message": "it is empty"}}"#;
    let failed = Measurement::parse(failed.as_bytes()).unwrap_err();
    assert!(matches!(&failed, BadMeasurement::Failed { kind, .. } if kind == "empty_dataset"));
    assert!(failed.hint().contains("s3_path"));
    for text in [
        "",
        "{}",
        "[]",
        r#"{"results": {}, "repeats": []}"#,
        r#"{"results": {}, "repeats": [{"seconds": 1, "warm_up": true}]}"#,
    ] {
        let bad = Measurement::parse(text.as_bytes()).unwrap_err();
        assert!(matches!(bad, BadMeasurement::Unreadable { .. }), "{text}");
    }
}

proptest! {
    #[test]
    fn known_parameters_of_the_usl_are_found(lambda in 0.01_f64..10.0, sigma in 0.0_f64..0.9, kappa in 0.0_f64..0.05) {
        let time = |n: u32| {
            let n = f64::from(n);
            (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)) / (lambda * n)
        };
        let points: Vec<(u32, f64)> = [1, 2, 4, 8, 16, 32].into_iter().map(|n| (n, time(n))).collect();
        let law = scaling(&points).fit.usl.unwrap();
        prop_assert!((law.lambda / lambda - 1.0).abs() < 1e-6, "{law:?}");
        prop_assert!((law.sigma - sigma).abs() < 1e-6 && (law.kappa - kappa).abs() < 1e-6, "{law:?}");
        if kappa > 1e-4 {
            // Gunther's formula, of which the whole number is one neighbor.
            let exact = ((1.0 - sigma) / kappa).sqrt();
            let peak = f64::from(law.peak().unwrap());
            prop_assert!((peak - exact.max(1.0)).abs() <= 1.0, "{peak} {exact}");
        }
    }

    #[test]
    fn known_serial_shares_are_found(share in 0.0_f64..1.0, one in 0.01_f64..1000.0) {
        let points: Vec<(u32, f64)> =
            [1_u32, 3, 9, 27].into_iter().map(|n| (n, one * (share + (1.0 - share) / f64::from(n)))).collect();
        let law = scaling(&points).fit.amdahl.unwrap();
        prop_assert!((law.serial_share - share).abs() < 1e-6, "{law:?}");
        prop_assert!((law.time_of_one / one - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_fit_never_errs_more_than_without_a_law(times in proptest::collection::vec(0.01_f64..100.0, 4..9)) {
        let points: Vec<(u32, f64)> = (1_u32..).zip(times).collect();
        let told = scaling(&points);
        let Some(law) = told.fit.usl else {
            prop_assert!(told.notes.iter().any(|note| note.contains("does not fit")), "{:?}", told.notes);
            return Ok(());
        };
        prop_assert!(law.sigma >= 0.0 && law.kappa >= 0.0 && law.lambda > 0.0);
        let square = |time: &dyn Fn(u32) -> f64| -> f64 {
            points.iter().map(|(n, measured)| (time(*n) / measured - 1.0).powi(2)).sum()
        };
        let fitted = square(&|n| law.time(n));
        for (sigma, kappa) in [(0.0, 0.0), (0.5, 0.0), (0.0, 0.01), (law.sigma * 1.01, law.kappa), (law.sigma, law.kappa * 0.99)] {
            let other = square(&|n| {
                let n = f64::from(n);
                (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)) / (law.lambda * n)
            });
            prop_assert!(fitted <= other + 1e-9, "{law:?} {sigma} {kappa}");
        }
        let (least, most) = (points[0].0, points[points.len() - 1].0);
        prop_assert!((least..=most).contains(&told.advice.unwrap().nodes));
    }

    #[test]
    fn no_times_panic(points in proptest::collection::vec((0_u32..2000, proptest::collection::vec(proptest::num::f64::ANY, 0..4)), 0..6)) {
        let told = Scaling::of(&points);
        let _ = (told.to_json().to_string(), performance_csv(&told), chart(&told, 40));
    }
}
