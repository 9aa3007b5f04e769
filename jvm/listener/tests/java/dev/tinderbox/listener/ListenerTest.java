package dev.tinderbox.listener;

import static dev.tinderbox.listener.TestMain.await;
import static dev.tinderbox.listener.TestMain.check;
import static dev.tinderbox.listener.TestMain.equal;
import static dev.tinderbox.listener.TestMain.millisSince;

import dev.tinderbox.listener.ScriptedSink.Step;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.util.JsonProtocol;

final class ListenerTest {
    static void withoutAddressTheListenerIsSilentAndHasNoThread() {
        Set<Thread> before = shipperThreads();
        TinderboxListener listener = new TinderboxListener(new SparkConf(false));
        listener.onEvent(unpersist(1));
        listener.onEvent(applicationEnd());
        check(before.containsAll(shipperThreads()), "no shipper was started");
    }

    static void unusableSettingsLeaveTheListenerOffWithoutAnError() {
        Set<Thread> before = shipperThreads();
        for (String[] bad : new String[][] {{LiveConfig.URL_KEY, "nonsense"}, {LiveConfig.REDACTION_KEY, "("},
                {LiveConfig.TOKEN_FILE_KEY, "/does/not/exist"}}) {
            TinderboxListener listener = new TinderboxListener(LiveConfigTest.conf().set(bad[0], bad[1]));
            listener.onEvent(unpersist(1));
            listener.onEvent(applicationEnd());
        }
        new TinderboxListener(null).onEvent(unpersist(1));
        check(before.containsAll(shipperThreads()), "no shipper was started");
    }

    static void streamIsAnEventLogThatBeginsWithTheSparkVersion() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            TinderboxListener listener = listener(sink);
            listener.onEvent(unpersist(1));
            listener.onEvent(unpersist(2));
            listener.onEvent(applicationEnd());
            List<String> events = sink.acceptedEvents();
            String version = org.apache.spark.package$.MODULE$.SPARK_VERSION();
            equal("{\"Event\":\"SparkListenerLogStart\",\"Spark Version\":\"" + version + "\"}", events.get(0));
            equal(4, events.size());
            check(events.get(1).contains("\"RDD ID\":1") && events.get(2).contains("\"RDD ID\":2"), "in order");
            check(events.get(3).contains("SparkListenerApplicationEnd"), "complete at the end");
            for (String event : events) {
                JsonProtocol.sparkEventFromJson(event);
            }
            ShipperTest.checkContract(sink.accepted());
        }
    }

    static void secretsOfJobsAndEnvironmentAreNotSent() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            TinderboxListener listener = listener(sink);
            listener.onEvent(event("{\"Event\":\"SparkListenerEnvironmentUpdate\",\"JVM Information\":{},"
                    + "\"Spark Properties\":{\"spark.my.password\":\"hunter2\"},\"Hadoop Properties\":{\"x.secret\":\"hunter2\"},"
                    + "\"System Properties\":{\"sun.java.command\":\"--conf spark.my.password=hunter2\"},"
                    + "\"Metrics Properties\":{},\"Classpath Entries\":{\"a.jar\":\"System\"}}"));
            listener.onEvent(event("{\"Event\":\"SparkListenerJobStart\",\"Job ID\":0,\"Submission Time\":1,"
                    + "\"Stage Infos\":[],\"Stage IDs\":[],\"Properties\":{\"my.api.token\":\"hunter2\",\"kept\":\"yes\"}}"));
            listener.onEvent(applicationEnd());
            String all = String.join("\n", sink.acceptedEvents());
            check(!all.contains("hunter2") && !all.contains("a.jar"), all);
            check(all.contains("\"kept\":\"yes\"") && all.contains(Redactor.REPLACEMENT), all);
            for (String event : sink.acceptedEvents()) {
                JsonProtocol.sparkEventFromJson(event);
            }
        }
    }

    static void eventThatCannotBeSerializedIsCountedAndTheRestGoesOn() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            TinderboxListener listener = listener(sink);
            listener.onEvent(new BrokenEvent());
            listener.onEvent(null);
            listener.onEvent(new PrivateEvent());
            listener.onEvent(unpersist(1));
            listener.onEvent(applicationEnd());
            equal(3, sink.acceptedEvents().size());
            ScriptedSink.Request last = sink.accepted().get(sink.accepted().size() - 1);
            equal("{\"BrokenEvent\":1}", last.envelope().get("dropped").toString());
        }
    }

    static void listenerThatFailsAgainAndAgainGivesUp() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answer(200))) {
            TinderboxListener listener = listener(sink);
            for (int i = 0; i < 100; i++) {
                listener.onEvent(new BrokenEvent());
            }
            listener.onEvent(unpersist(1));
            long start = System.nanoTime();
            listener.onEvent(applicationEnd());
            check(millisSince(start) < 500, "nothing to wait for");
            equal(List.of(), sink.acceptedEvents());
        }
    }

    static void endOfApplicationWaitsNoLongerThanTheDrainForADeadSink() throws Exception {
        TinderboxListener listener = new TinderboxListener(
                new SparkConf(false).set(LiveConfig.URL_KEY, ScriptedSink.url(ScriptedSink.freePort()).toString()));
        checkDrain(listener);
    }

    static void endOfApplicationWaitsNoLongerThanTheDrainForASinkThatNeverReads() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.neverRead())) {
            checkDrain(listener(sink));
        }
    }

    static void endOfApplicationWaitsForASlowSinkThatMakesIt() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.answerLate(200, 400))) {
            TinderboxListener listener = listener(sink);
            listener.onEvent(unpersist(1));
            Thread.sleep(200);
            listener.onEvent(unpersist(2));
            listener.onEvent(applicationEnd());
            check(sink.sawFinal(), "the last batch arrived within the drain");
        }
    }

    static void listenerThreadIsNotHeldUpWhileTheSinkIsStuck() throws Exception {
        try (ScriptedSink sink = new ScriptedSink(Step.neverRead())) {
            TinderboxListener listener = listener(sink);
            for (int i = 0; i < 1000; i++) {
                listener.onEvent(unpersist(i));
            }
            await("the sink is connected", () -> !sink.connections.isEmpty());
            long worst = 0;
            for (int i = 0; i < 2000; i++) {
                long start = System.nanoTime();
                listener.onEvent(unpersist(i));
                worst = Math.max(worst, millisSince(start));
            }
            check(worst < 500, "the longest callback took " + worst + " ms");
        }
    }

    /** Spark events of this class are not meant for logs. */
    public static final class PrivateEvent implements SparkListenerEvent {
        @Override
        public boolean logEvent() {
            return false;
        }
    }

    public static final class BrokenEvent implements SparkListenerEvent {
        public String getBroken() {
            throw new IllegalStateException("cannot be serialized");
        }
    }

    private static void checkDrain(TinderboxListener listener) {
        listener.onEvent(unpersist(1));
        long start = System.nanoTime();
        listener.onEvent(applicationEnd());
        long waited = millisSince(start);
        check(waited >= 1500 && waited <= 2600, "waited " + waited + " ms");
        listener.onEvent(unpersist(2));
    }

    private static TinderboxListener listener(ScriptedSink sink) throws Exception {
        return new TinderboxListener(new SparkConf(false).set(LiveConfig.URL_KEY, sink.url().toString()));
    }

    private static SparkListenerEvent unpersist(int rdd) {
        return event("{\"Event\":\"SparkListenerUnpersistRDD\",\"RDD ID\":" + rdd + "}");
    }

    private static SparkListenerEvent applicationEnd() {
        return event("{\"Event\":\"SparkListenerApplicationEnd\",\"Timestamp\":1}");
    }

    private static SparkListenerEvent event(String json) {
        return JsonProtocol.sparkEventFromJson(json);
    }

    /** Earlier tests may have left some that are about to end. */
    private static Set<Thread> shipperThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("tinderbox-live"))
                .collect(Collectors.toSet());
    }
}
