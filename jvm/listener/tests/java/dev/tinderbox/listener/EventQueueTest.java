package dev.tinderbox.listener;

import static dev.tinderbox.listener.TestMain.check;
import static dev.tinderbox.listener.TestMain.equal;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;

final class EventQueueTest {
    static final EventKind TASK_START = EventKind.named("org.apache.spark.scheduler.SparkListenerTaskStart");
    static final EventKind TASK_END = EventKind.named("org.apache.spark.scheduler.SparkListenerTaskEnd");
    static final EventKind JOB_START = EventKind.named("org.apache.spark.scheduler.SparkListenerJobStart");
    static final EventKind END = EventKind.named("org.apache.spark.scheduler.SparkListenerApplicationEnd");

    private static final int LINE = 1000;
    private static final int COST = LINE + EventQueue.ENTRY_BYTES;

    static void eventsLeaveInTheOrderOfTheirArrivalWhateverTheirKind() throws Exception {
        EventQueue queue = new EventQueue(100 * COST);
        queue.offer(TASK_END, line("a"));
        queue.offer(JOB_START, line("b"));
        queue.offer(TASK_START, line("c"));
        queue.offer(TASK_END, line("d"));
        equal("abcd", firstLetters(rest(queue)));
    }

    static void fullQueueShedsTaskStartsBeforeTaskEndsAndCountsBoth() throws Exception {
        EventQueue queue = new EventQueue(6 * COST);
        for (int i = 0; i < 3; i++) {
            queue.offer(TASK_START, line("s"));
            queue.offer(TASK_END, line("e"));
        }
        queue.offer(JOB_START, line("1"));
        queue.offer(JOB_START, line("2"));
        queue.offer(JOB_START, line("3"));
        equal(6L * COST, queue.heldBytes());
        queue.offer(JOB_START, line("4"));
        EventQueue.Taken taken = rest(queue);
        equal("ee1234", firstLetters(taken));
        equal(Map.of("SparkListenerTaskStart", 3L, "SparkListenerTaskEnd", 1L), taken.dropped);
    }

    static void taskEndPushesOutTaskStartsButTaskStartPushesOutNothing() throws Exception {
        EventQueue queue = new EventQueue(2 * COST);
        queue.offer(TASK_END, line("e"));
        queue.offer(TASK_START, line("s"));
        queue.offer(TASK_START, line("t"));
        queue.offer(TASK_END, line("f"));
        queue.offer(TASK_END, line("g"));
        EventQueue.Taken taken = rest(queue);
        equal("ef", firstLetters(taken));
        equal(Map.of("SparkListenerTaskStart", 2L, "SparkListenerTaskEnd", 1L), taken.dropped);
    }

    static void metricsBlocksAndSpeculationAreShedFirstLikeTaskStarts() {
        for (String name : List.of("ExecutorMetricsUpdate", "BlockUpdated", "SpeculativeTaskSubmitted",
                "TaskGettingResult", "TaskStart")) {
            equal(EventKind.Shedding.FIRST, EventKind.named("org.apache.spark.scheduler.SparkListener" + name).shedding);
        }
    }

    static void skeletonEventsMayFillTwiceTheBoundAndAreThenDroppedAndCounted() throws Exception {
        EventQueue queue = new EventQueue(3 * COST);
        for (int i = 0; i < 10; i++) {
            check(queue.admits(JOB_START), "a skeleton event is always tried");
            queue.offer(JOB_START, line("" + i));
        }
        equal(6L * COST, queue.heldBytes());
        EventQueue.Taken taken = rest(queue);
        equal("012345", firstLetters(taken));
        equal(Map.of("SparkListenerJobStart", 4L), taken.dropped);
    }

    static void endOfApplicationAlwaysGetsIn() throws Exception {
        EventQueue queue = new EventQueue(COST);
        for (int i = 0; i < 5; i++) {
            queue.offer(JOB_START, line("j"));
        }
        queue.finish(END, line("z"));
        queue.offer(JOB_START, line("late"));
        EventQueue.Taken taken = queue.take();
        equal("jjz", firstLetters(taken));
        check(taken.last, "nothing follows");
    }

    static void fullQueueRefusesTaskEventsBeforeTheyAreSerializedAndCountsThem() throws Exception {
        EventQueue queue = new EventQueue(2 * COST);
        queue.offer(TASK_START, line("s"));
        queue.offer(TASK_END, line("e"));
        check(!queue.admits(TASK_START), "no room for a task start");
        check(queue.admits(TASK_END), "a task end can push out the task start");
        queue.offer(TASK_END, line("f"));
        check(!queue.admits(TASK_END), "only task ends are left");
        equal(Map.of("SparkListenerTaskStart", 2L, "SparkListenerTaskEnd", 1L), rest(queue).dropped);
    }

    static void batchInFlightCountsAgainstTheBoundUntilItIsReleased() throws Exception {
        EventQueue queue = new EventQueue(2 * COST);
        queue.offer(TASK_END, line("a"));
        queue.offer(TASK_END, line("b"));
        EventQueue.Taken taken = queue.take();
        equal(2L * COST, queue.heldBytes());
        check(!queue.admits(TASK_END), "the batch in flight fills the bound");
        queue.release(taken);
        equal(0L, queue.heldBytes());
        check(queue.admits(TASK_END), "room again");
        queue.stop();
    }

    static void batchIsClosedAtItsSizeAndAnOversizedEventTravelsAlone() throws Exception {
        EventQueue queue = new EventQueue(64L * EventQueue.BATCH_BYTES);
        byte[] third = new byte[EventQueue.BATCH_BYTES / 3];
        byte[] giant = new byte[3 * EventQueue.BATCH_BYTES];
        for (int i = 0; i < 4; i++) {
            queue.offer(TASK_END, third);
        }
        queue.offer(JOB_START, giant);
        queue.finish(END, line("z"));
        equal(List.of(3, 1, 1, 1), List.of(queue.take().lines.size(), queue.take().lines.size(),
                queue.take().lines.size(), queue.take().lines.size()));
    }

    static void lonelyEventWaitsForCompanyOnlyBriefly() throws Exception {
        EventQueue queue = new EventQueue(10 * COST);
        long start = System.nanoTime();
        queue.offer(TASK_END, line("a"));
        queue.take();
        long waited = TestMain.millisSince(start);
        check(waited >= EventQueue.LINGER_MILLIS - 5 && waited < 1000, "waited " + waited + " ms");
    }

    static void fullBatchDoesNotWait() throws Exception {
        EventQueue queue = new EventQueue(64L * EventQueue.BATCH_BYTES);
        queue.offer(TASK_END, new byte[EventQueue.BATCH_BYTES]);
        long start = System.nanoTime();
        queue.take();
        check(TestMain.millisSince(start) < EventQueue.LINGER_MILLIS / 2, "a full batch leaves at once");
    }

    static void pauseEndsWhenTheApplicationEnds() throws Exception {
        EventQueue queue = new EventQueue(10 * COST);
        Thread ender = new Thread(() -> {
            try {
                Thread.sleep(100);
            } catch (InterruptedException impossible) {
                throw new AssertionError(impossible);
            }
            queue.finish(END, line("z"));
        });
        long start = System.nanoTime();
        ender.start();
        queue.pause(5000);
        check(TestMain.millisSince(start) < 2000, "the pause was cut short");
    }

    static void stoppedQueueHoldsNothingAndTakesNothing() throws Exception {
        EventQueue queue = new EventQueue(10 * COST);
        queue.offer(TASK_END, line("a"));
        queue.stop();
        queue.offer(JOB_START, line("b"));
        check(!queue.admits(JOB_START), "stopped");
        equal(0L, queue.heldBytes());
        equal(null, queue.take());
    }

    static void boundHoldsUnderARandomStreamWithASlowTaker() throws Exception {
        long bound = 50L * COST;
        EventQueue queue = new EventQueue(bound);
        Random random = new Random(7);
        EventKind[] kinds = {TASK_START, TASK_END, TASK_END, JOB_START};
        EventQueue.Taken inFlight = null;
        long offered = 0;
        long sent = 0;
        for (int i = 0; i < 20_000; i++) {
            EventKind kind = kinds[random.nextInt(kinds.length)];
            offered++;
            if (queue.admits(kind)) {
                queue.offer(kind, new byte[random.nextInt(2 * LINE)]);
            }
            check(queue.heldBytes() <= 2 * bound, "twice the bound is the limit");
            if (i % 2000 == 1999) {
                inFlight = queue.take();
                sent += inFlight.lines.size();
            }
            if (i % 2000 == 999 && inFlight != null) {
                queue.release(inFlight);
            }
        }
        EventQueue.Taken taken = rest(queue);
        sent += taken.lines.size() - 1;
        long counted = taken.dropped.values().stream().mapToLong(Long::longValue).sum();
        equal(offered, sent + counted);
    }

    private static EventQueue.Taken rest(EventQueue queue) throws InterruptedException {
        queue.finish(END, new byte[0]);
        EventQueue.Taken all = queue.take();
        EventQueue.Taken more = all;
        while (!more.last) {
            more = queue.take();
            all.lines.addAll(more.lines);
            all.dropped = more.dropped;
        }
        return all;
    }

    private static byte[] line(String letter) {
        StringBuilder text = new StringBuilder(letter);
        while (text.length() < LINE) {
            text.append('.');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String firstLetters(EventQueue.Taken taken) {
        StringBuilder letters = new StringBuilder();
        for (byte[] line : taken.lines) {
            if (line.length > 0) {
                letters.append((char) line[0]);
            }
        }
        return letters.toString();
    }
}
