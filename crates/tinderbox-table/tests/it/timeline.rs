//! Timelines of packs against the tasks themselves.

use crate::folder;
use crate::generated::plausible;
use crate::pack::pack;
use tinderbox_model::{StageAttemptId, StageId, Task, TaskStatus, TimestampMs};
use tinderbox_table::Pack;

/// Milliseconds that a task ran between two times.
fn busy(task: &Task, from: i64, to: i64) -> u64 {
    let Some(finish) = task.finish_time else { return 0 };
    u64::try_from(finish.0.min(to) - task.launch_time.0.max(from)).unwrap_or(0)
}

fn check_timeline(pack: &Pack, tasks: &[Task], level: u8) {
    let extent = pack.timeline_extent().expect("has tasks");
    let (start, end) = (extent.start.0, extent.end.0);
    let timeline = pack.timeline(extent.start, TimestampMs(end + 1), level).expect("reads");
    let width = 1_i64 << timeline.level;
    assert!(timeline.start.0 <= start && start < timeline.start.0 + width);
    assert_eq!(timeline.start.0 % width, 0);
    assert!(timeline.num_buckets <= 4_096);
    for (lane, executor) in timeline.lanes.iter().enumerate() {
        let executor = executor.as_deref().expect("few executors");
        let of_lane: Vec<&Task> =
            tasks.iter().filter(|task| task.executor.as_str() == executor).collect();
        for bucket in 0..timeline.num_buckets {
            let at = lane * timeline.num_buckets + bucket;
            let from = timeline.start.0 + i64::try_from(bucket).expect("few") * width;
            let to = from + width;
            let within = |time: i64| from <= time && time < to;
            let sum: u64 = of_lane.iter().map(|task| busy(task, from, to)).sum();
            assert_eq!(timeline.busy_ms[at], sum, "level {level}, lane {executor}, {bucket}");
            let launched = of_lane.iter().filter(|task| within(task.launch_time.0)).count();
            assert_eq!(timeline.launched[at], launched as u64);
            let ended = |failed: bool| {
                let ended = of_lane.iter().filter(|t| t.finish_time.is_some_and(|f| within(f.0)));
                ended.filter(|t| !failed || t.status == TaskStatus::Failed).count() as u64
            };
            assert_eq!((timeline.ended[at], timeline.failed[at]), (ended(false), ended(true)));
            if level == extent.finest_level {
                let of_stage = |stage: StageAttemptId| -> u64 {
                    of_lane.iter().filter(|t| t.stage == stage).map(|t| busy(t, from, to)).sum()
                };
                let most = pack.stages().map(|stage| of_stage(stage.id)).max().expect("has some");
                let found = timeline.stages[at].map_or(0, of_stage);
                assert_eq!(found, most, "lane {executor}, {bucket}");
            }
        }
    }
}

#[test]
fn a_timeline_counts_what_the_tasks_say_at_every_level() {
    let folder = folder();
    let mut tasks: Vec<Task> = (0..400).map(plausible).collect();
    for (task, n) in tasks.iter_mut().zip(0_i64..) {
        task.stage.stage = StageId(n % 7);
        task.executor = ["driver", "10", "2"][usize::try_from(n % 3).expect("few")].into();
        task.status = if n % 9 == 0 { TaskStatus::Failed } else { TaskStatus::Success };
        if n % 50 == 3 {
            // Has not ended; a clock that went backwards; no time at all; all the time.
            task.finish_time = None;
        }
        if n % 50 == 4 {
            task.finish_time = Some(TimestampMs(task.launch_time.0 - 5));
        }
        if n % 50 == 5 {
            task.finish_time = Some(task.launch_time);
        }
        if n % 50 == 6 {
            task.finish_time = Some(TimestampMs(task.launch_time.0 + 40_000));
        }
    }
    let pack = pack(&folder, &tasks);
    let extent = pack.timeline_extent().expect("has tasks");
    // 41 s in at most 4,096 buckets.
    assert_eq!(extent.finest_level, 4);
    for level in extent.finest_level..=extent.coarsest_level {
        check_timeline(&pack, &tasks, level);
    }
    let whole = pack.timeline(extent.start, TimestampMs(i64::MAX), 63).expect("reads");
    assert!(whole.num_buckets <= 2);
    assert_eq!(whole.lanes, ["2", "10", "driver"].map(|lane| Some(lane.to_owned())));
    // A part is a part of the whole.
    let from = TimestampMs(extent.start.0 + 1_000);
    let part = pack.timeline(from, TimestampMs(from.0 + 100), 5).expect("reads");
    let whole = pack.timeline(extent.start, extent.end, 5).expect("reads");
    let skipped = usize::try_from((part.start.0 - whole.start.0) >> 5).expect("is later");
    for lane in 0..3 {
        let of = |timeline: &tinderbox_table::Timeline, first: usize| {
            let first = lane * timeline.num_buckets + first;
            timeline.busy_ms[first..first + part.num_buckets].to_vec()
        };
        assert_eq!(of(&part, 0), of(&whole, skipped));
    }
    assert_eq!(pack.timeline(extent.end, extent.start, 0).expect("reads").num_buckets, 0);
}

#[test]
fn executors_beyond_a_thousand_share_a_lane() {
    let folder = folder();
    let tasks: Vec<Task> = (0..1_100_u64)
        .map(|n| Task { executor: n.to_string().as_str().into(), ..plausible(n) })
        .collect();
    let pack = pack(&folder, &tasks);
    let extent = pack.timeline_extent().expect("has tasks");
    let timeline = pack.timeline(extent.start, TimestampMs(i64::MAX), 63).expect("reads");
    assert_eq!(timeline.lanes.len(), 1_001);
    assert_eq!(timeline.lanes[999].as_deref(), Some("999"));
    assert_eq!(timeline.lanes[1_000], None);
    let last = &timeline.launched[1_000 * timeline.num_buckets..];
    assert_eq!(last.iter().sum::<u64>(), 100);
}
