package dev.tinderbox.listener;

import static dev.tinderbox.listener.EventQueueTest.END;
import static dev.tinderbox.listener.EventQueueTest.JOB_START;
import static dev.tinderbox.listener.EventQueueTest.TASK_END;
import static dev.tinderbox.listener.EventQueueTest.TASK_START;
import static dev.tinderbox.listener.TestMain.await;
import static dev.tinderbox.listener.TestMain.check;
import static dev.tinderbox.listener.TestMain.equal;
import static dev.tinderbox.listener.TestMain.millisSince;

import dev.tinderbox.listener.ScriptedSink.Request;
import dev.tinderbox.listener.ScriptedSink.Step;
import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

final class ShipperTest {
    private static final long BOUND = 16L * 1024 * 1024;

    static void fastSinkGetsEveryEventInOrderOverOneConnection() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(204))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = start(sink.url(), queue, "t0ken");
            List<String> offered = offer(queue, 3000, 700);
            end(queue, shipper);
            offered.add("end");
            equal(offered, sink.acceptedEvents());
            checkContract(sink.accepted());
            equal(1, sink.connections.size());
            Request first = sink.requests.get(0);
            equal("POST /ingest/live HTTP/1.1", first.headers().get("request"));
            equal("application/x-ndjson", first.headers().get("content-type"));
            equal("Bearer t0ken", first.headers().get("authorization"));
            check(sink.accepted().size() >= 8, "batches are bounded");
        }
    }

    static void noTokenMeansNoHeader() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            end(queue, start(sink.url(), queue, null));
            equal(null, sink.requests.get(0).headers().get("authorization"));
        }
    }

    static void envelopeNamesRunAttemptAndDrops() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = new Shipper(config(sink.url(), null, "r-7", 3), queue);
            shipper.start();
            queue.countDrop(TASK_START);
            queue.countDrop(TASK_START);
            end(queue, shipper);
            String envelope = sink.requests.get(0).lines().get(0);
            String session = sink.requests.get(0).envelope().get("session").textValue();
            equal("{\"tinderbox\":1,\"session\":\"" + session + "\",\"run\":\"r-7\",\"attempt\":3,\"seq\":0,"
                    + "\"first_event\":0,\"events\":1,\"dropped\":{\"SparkListenerTaskStart\":2},\"final\":true}", envelope);
        }
    }

    static void busySinkGetsTheSameBatchAgain() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(503), Step.answer(500), Step.answer(401), Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = start(sink.url(), queue, "t");
            List<String> offered = offer(queue, 5, 100);
            await("the batch is accepted", () -> sink.accepted().size() == 1);
            end(queue, shipper);
            for (int i = 1; i < 4; i++) {
                check(Arrays.equals(sink.requests.get(0).body(), sink.requests.get(i).body()), "same seq, same bytes");
            }
            offered.add("end");
            equal(offered, sink.acceptedEvents());
            checkContract(sink.accepted());
        }
    }

    static void connectionCutInTheMiddleLosesNothing() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.cutAfter(1000), Step.answer(200), Step.cutAfter(50_000), Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = start(sink.url(), queue, null);
            List<String> offered = offer(queue, 1500, 700);
            end(queue, shipper);
            offered.add("end");
            equal(offered, sink.acceptedEvents());
            checkContract(sink.accepted());
        }
    }

    static void lostAnswerRepeatsTheSequenceNumber() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.loseAnswer(), Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = start(sink.url(), queue, null);
            List<String> offered = offer(queue, 3, 100);
            await("the batch is accepted", () -> sink.accepted().size() == 1);
            equal(0L, sink.accepted().get(0).envelope().get("seq").longValue());
            end(queue, shipper);
            offered.add("end");
            equal(offered, sink.acceptedEvents());
        }
    }

    static void slowSinkGetsEverythingAndTheProducerNeverWaits() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answerLate(200, 150))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = start(sink.url(), queue, null);
            long start = System.nanoTime();
            List<String> offered = offer(queue, 3000, 700);
            check(millisSince(start) < 1000, "2 MB were queued in " + millisSince(start) + " ms");
            end(queue, shipper);
            offered.add("end");
            equal(offered, sink.acceptedEvents());
        }
    }

    static void refusedConnectionsAreTriedUntilTheServerComesUp() throws Exception {
        int port = ScriptedSink.freePort();
        EventQueue queue = new EventQueue(BOUND);
        Shipper shipper = start(ScriptedSink.url(port), queue, null);
        List<String> offered = offer(queue, 10, 100);
        Thread.sleep(400);
        try (ScriptedSink sink = new ScriptedSink(port, Step.answer(200))) {
            await("the server is found again", () -> sink.accepted().size() == 1);
            end(queue, shipper);
            offered.add("end");
            equal(offered, sink.acceptedEvents());
            checkContract(sink.accepted());
        }
    }

    static void deadSinkCostsBoundedMemoryAndShedsInOrder() throws Exception {
        EventQueue queue = new EventQueue(LiveConfig.SMALLEST_QUEUE_BYTES);
        start(ScriptedSink.url(ScriptedSink.freePort()), queue, null);
        long start = System.nanoTime();
        byte[] text = new byte[700];
        for (int i = 0; i < 100_000; i++) {
            EventKind kind = i % 1000 == 0 ? JOB_START : i % 2 == 0 ? TASK_START : TASK_END;
            if (queue.admits(kind)) {
                queue.offer(kind, text);
            }
        }
        check(queue.heldBytes() <= LiveConfig.SMALLEST_QUEUE_BYTES, "within the bound: " + queue.heldBytes());
        check(millisSince(start) < 2000, "100,000 events in " + millisSince(start) + " ms");
        queue.stop();
    }

    static void sinkThatNeverReadsIsLeftAtTheDeadline() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.neverRead())) {
            EventQueue queue = new EventQueue(64L * EventQueue.BATCH_BYTES);
            Shipper shipper = start(sink.url(), queue, null);
            // Larger than the socket buffers, so that the write itself blocks.
            queue.offer(JOB_START, new byte[40 * EventQueue.BATCH_BYTES]);
            Thread.sleep(300);
            long start = System.nanoTime();
            queue.finish(END, "end".getBytes(StandardCharsets.UTF_8));
            shipper.awaitEnd(System.nanoTime() + 500_000_000L);
            long waited = millisSince(start);
            check(waited >= 450 && waited < 1500, "waited " + waited + " ms");
        }
    }

    static void unwantedSessionStopsForGood() throws Exception {
        for (int status : new int[] {409, 410}) {
            try (ScriptedSink sink = new ScriptedSink(Step.answer(status))) {
                EventQueue queue = new EventQueue(BOUND);
                Shipper shipper = start(sink.url(), queue, null);
                offer(queue, 3, 100);
                await("the queue stops", queue::isStopped);
                check(!queue.admits(JOB_START), "no event is taken any more");
                long start = System.nanoTime();
                shipper.awaitEnd(System.nanoTime() + 2_000_000_000L);
                check(millisSince(start) < 500, "the end does not wait");
                equal(1, sink.requests.size());
            }
        }
    }

    static void redirectIsNotFollowed() throws Exception {
        try (ScriptedSink elsewhere = new ScriptedSink(Step.answer(200));
                ScriptedSink sink = new ScriptedSink(Step.redirect(elsewhere.url().toString()), Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            end(queue, start(sink.url(), queue, "t"));
            equal(0, elsewhere.connections.size());
            equal(2, sink.requests.size());
        }
    }

    static void proxyOfTheSystemIsNotUsedForLoopback() throws Exception {
        try (ScriptedSink proxy = new ScriptedSink(Step.answer(200)); ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            System.setProperty("http.proxyHost", "127.0.0.1");
            System.setProperty("http.proxyPort", String.valueOf(proxy.url().getPort()));
            // Only an empty list makes the JDK use a proxy for loopback as well.
            System.setProperty("http.nonProxyHosts", "");
            EventQueue queue = new EventQueue(BOUND);
            end(queue, start(sink.url(), queue, null));
            equal(0, proxy.connections.size());
            check(sink.sawFinal(), "reached without the proxy");
        } finally {
            System.clearProperty("http.proxyHost");
            System.clearProperty("http.proxyPort");
            System.clearProperty("http.nonProxyHosts");
        }
    }

    static void finalBatchIsSentEvenWhenTheLastEventIsMissing() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            EventQueue queue = new EventQueue(BOUND);
            Shipper shipper = start(sink.url(), queue, null);
            queue.finish(END, null);
            shipper.awaitEnd(System.nanoTime() + 5_000_000_000L);
            equal(0, sink.requests.get(0).envelope().get("events").intValue());
            check(sink.sawFinal(), "final");
        }
    }

    /** What the server may rely on: seq and first_event without gaps, final on the last only. */
    static void checkContract(List<Request> accepted) {
        long seq = 0;
        long events = 0;
        String session = accepted.get(0).envelope().get("session").textValue();
        for (Request request : accepted) {
            equal(1, request.envelope().get("tinderbox").intValue());
            equal(session, request.envelope().get("session").textValue());
            equal(seq++, request.envelope().get("seq").longValue());
            equal(events, request.envelope().get("first_event").longValue());
            equal(request.events().size(), request.envelope().get("events").intValue());
            equal(seq == accepted.size(), request.envelope().path("final").asBoolean());
            events += request.events().size();
        }
    }

    private static Shipper start(URL url, EventQueue queue, String token) {
        Shipper shipper = new Shipper(config(url, token, null, null), queue);
        shipper.start();
        return shipper;
    }

    private static LiveConfig config(URL url, String token, String run, Integer attempt) {
        return new LiveConfig(url, BOUND, Pattern.compile(LiveConfig.DEFAULT_REDACTION), token, run, attempt);
    }

    private static List<String> offer(EventQueue queue, int count, int bytes) throws IOException {
        List<String> offered = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder("event ü ").append(i).append(' ');
            while (text.length() < bytes) {
                text.append('.');
            }
            offered.add(text.toString());
            queue.offer(i % 3 == 0 ? JOB_START : TASK_END, text.toString().getBytes(StandardCharsets.UTF_8));
        }
        return offered;
    }

    private static void end(EventQueue queue, Shipper shipper) throws InterruptedException {
        queue.finish(END, "end".getBytes(StandardCharsets.UTF_8));
        shipper.awaitEnd(System.nanoTime() + 10_000_000_000L);
        check(queue.isStopped(), "the shipper came to its end");
    }
}
