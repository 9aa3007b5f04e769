//! Real Sparks and Sail side by side: graphs three ways, and the list of what Sail computes as Spark does. A part of both
//! every other day; where `TINDERBOX_AGREEMENT` is `graphs` all graphs and some that are drawn anew, where it is `list` the whole
//! list, which `TINDERBOX_UPDATE` writes; `TINDERBOX_NAMES` names parts of either, with commas between.

use crate::graphs::{self, Graph};
use crate::spark::Spark;
use crate::three_ways::{self, Counts};
use crate::verified::{self, Status, Verdict};
use std::time::SystemTime;

/// How much is a day's part, for which two Sparks are started.
const GRAPHS_A_DAY: usize = 10;
const NAMES_A_DAY: usize = 6;
/// How often what differed before and does not is looked at again.
const JUDGED_AGAIN: usize = 8;
/// Graphs that are drawn anew when all are run.
const FRESH: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn real_spark_and_sail_agree_on_rows_and_on_the_list() {
    let Some((sail, _folder)) = crate::start().await else { return };
    let (three, four) = std::thread::scope(|scope| {
        let three = scope.spawn(|| Spark::start("TINDERBOX_SPARK_3_5"));
        let four = Spark::start("TINDERBOX_SPARK_4");
        (three.join().unwrap(), four)
    });
    let (Some(mut three), Some(mut four)) = (three, four) else { return };
    let wanted = std::env::var("TINDERBOX_AGREEMENT").unwrap_or_default();
    let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    // scripts/test.sh comes here on every second day.
    let seed = std::env::var("TINDERBOX_SEED").map_or(day / 2, |seed| seed.parse().unwrap());
    println!("seed {seed} (TINDERBOX_SEED)");
    if wanted != "list" {
        let is_all = wanted == "graphs";
        let mut all = graphs::all();
        if let Some(names) = std::env::var("TINDERBOX_NAMES").ok().filter(|_| is_all) {
            all.retain(|graph| names.split(',').any(|name| graph.name.contains(name)));
        } else if is_all {
            all.extend(graphs::fresh(seed * 1_000_000, FRESH));
        } else {
            all = part(all, GRAPHS_A_DAY, seed);
        }
        let counts = three_ways::compare(&all, &mut three, &mut four, sail.url()).await;
        report(&all, &counts);
        assert!(counts.different.is_empty(), "{}", counts.different.join("\n"));
        let share = counts.equal * 100 / all.len();
        assert!(!is_all || share >= 85, "{share} % of the graphs are equal on Sail");
    }
    let old = if wanted == "list" { three.functions() } else { Vec::new() };
    drop(three);
    if wanted != "graphs" {
        compare_list(&mut four, &old, wanted == "list", seed).await;
    }
}

async fn compare_list(spark: &mut Spark, old: &[String], is_all: bool, seed: u64) {
    let listed = verified::read();
    let known: Vec<String> = listed.iter().map(|verdict| verdict.name.clone()).collect();
    let names = match std::env::var("TINDERBOX_NAMES") {
        Ok(names) => Some(names.split(',').map(str::to_owned).collect::<Vec<_>>()),
        Err(_) if is_all => None,
        Err(_) => Some(part(known, NAMES_A_DAY, seed)),
    };
    let mut found = verified::judge(spark, names.as_deref()).await.unwrap();
    if is_all && std::env::var_os("TINDERBOX_UPDATE").is_some() {
        if let Some(names) = names {
            found.extend(listed.into_iter().filter(|verdict| !names.contains(&verdict.name)));
            found.sort_by(|left, right| left.name.cmp(&right.name));
        }
        verified::write(&found, &spark.version, old);
        return;
    }
    for _ in 0..JUDGED_AGAIN {
        let unstable = unstable(&listed, &found);
        if unstable.is_empty() {
            break;
        }
        for again in verified::judge(spark, Some(&unstable)).await.unwrap() {
            found.retain(|one| one.name != again.name);
            found.push(again);
        }
    }
    let wrong = otherwise(&listed, &found, is_all && names.is_none());
    let hint = "cargo xtask verify-sail writes what is found";
    assert!(wrong.is_empty(), "{hint}:\n{}", wrong.join("\n"));
}

fn report(all: &[Graph], counts: &Counts) {
    let Counts { equal, lenient, changed, refused, different } = counts;
    println!(
        "graphs: {} in all, {equal} equal, {} refused by name, {} different",
        all.len(),
        refused.len(),
        different.len()
    );
    for one in refused {
        println!("  refused: {one}");
    }
    for one in changed {
        println!("  other rows on Spark 3.5: {one}");
    }
    for one in lenient {
        println!("  rows of Spark without ANSI: {one}");
    }
}

/// What the list says otherwise than servers do.
fn otherwise(listed: &[Verdict], found: &[Verdict], is_all: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in found {
        let Some(known) = listed.iter().find(|known| known.name == one.name) else {
            wrong.push(format!("{} is not in the list", one.name));
            continue;
        };
        if (known.status, &known.notes) != (one.status, &one.notes) {
            wrong.push(format!("listed {known:?}\n found {one:?}"));
        }
    }
    let gone = listed.iter().filter(|known| !found.iter().any(|one| one.name == known.name));
    if is_all {
        wrong.extend(gone.map(|known| format!("{} is listed, and Spark has it not", known.name)));
    }
    wrong
}

/// What is listed because it differs, and did not this time: `percentile` of values with NaN among them depends on the order in
/// which Sail's threads are done.
fn unstable(listed: &[Verdict], found: &[Verdict]) -> Vec<String> {
    let differed = listed.iter().filter(|known| known.status == Status::Differs);
    let is_otherwise = |known: &&Verdict| {
        let one = found.iter().find(|one| one.name == known.name);
        one.is_some_and(|one| (one.status, &one.notes) != (known.status, &known.notes))
    };
    differed.filter(is_otherwise).map(|known| known.name.clone()).collect()
}

/// So many of them, others each day, until all were there.
fn part<T>(all: Vec<T>, count: usize, seed: u64) -> Vec<T> {
    let parts = all.len().div_ceil(count).max(1);
    let part = usize::try_from(seed % u64::try_from(parts).unwrap()).unwrap();
    let each = all.into_iter().enumerate().filter(|(at, _)| at % parts == part);
    each.map(|(_, one)| one).collect()
}

#[test]
fn parts_together_are_all() {
    let parts = 300_usize.div_ceil(GRAPHS_A_DAY);
    let mut all: Vec<usize> = (0..u64::try_from(parts).unwrap())
        .flat_map(|seed| part((0..300).collect(), GRAPHS_A_DAY, seed))
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..300).collect::<Vec<_>>());
}
