package dev.tinderbox.listener;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkFirehoseListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.scheduler.SparkListenerLogStart;
import org.apache.spark.util.JsonProtocol;

/**
 * Sends every event of a Spark application, as event-log JSON, to a Tinderbox server.
 *
 * <p>Attach with {@code spark.extraListeners=dev.tinderbox.listener.TinderboxListener}; without
 * {@code spark.tinderbox.live.url} it does nothing. The job comes first: no callback throws, none
 * waits for the network, and only the end of the application waits, for at most {@value
 * #DRAIN_MILLIS} ms, until the last events are delivered.
 *
 * <p>Events are serialized here, on Spark's listener thread, because TaskInfo and StageInfo change
 * after the callback. Only Spark signatures free of Scala types are used, so one jar serves
 * Scala 2.12 and 2.13.
 */
public final class TinderboxListener extends SparkFirehoseListener {
    static final long DRAIN_MILLIS = 2000;
    /** Consecutive failures to serialize after which the listener gives up. */
    private static final int BREAKER_FAILURES = 100;

    private final EventQueue queue;
    private final Redactor redactor;
    private final Shipper shipper;
    private boolean started;
    private int failures;

    /** Called by Spark, which aborts the application if this throws; so it never does. */
    public TinderboxListener(SparkConf conf) {
        EventQueue queue = null;
        Redactor redactor = null;
        Shipper shipper = null;
        try {
            LiveConfig config = LiveConfig.read(conf, System.getenv(LiveConfig.TOKEN_ENVIRONMENT));
            if (config != null) {
                queue = new EventQueue(config.queueBytes);
                redactor = new Redactor(config.redaction);
                shipper = new Shipper(config, queue);
                shipper.start();
            }
        } catch (Throwable failure) {
            queue = null;
            boolean configuration = failure instanceof IllegalArgumentException;
            DriverLog.warn("live events are off: " + (configuration ? failure.getMessage() : failure));
        }
        this.queue = queue;
        this.redactor = redactor;
        this.shipper = shipper;
    }

    @Override
    public void onEvent(SparkListenerEvent event) {
        if (queue == null) {
            return;
        }
        EventKind kind = null;
        try {
            kind = EventKind.of(event.getClass());
            if (kind.endsApplication) {
                finish(event, kind);
            } else if (event.logEvent() && queue.admits(kind)) {
                start();
                queue.offer(kind, line(event, kind));
            }
            failures = 0;
        } catch (Throwable failure) {
            recover(kind, failure);
        }
    }

    /** Makes the stream a valid event log: the first line names the Spark version. */
    private void start() throws Exception {
        if (!started) {
            started = true;
            SparkListenerEvent logStart =
                    new SparkListenerLogStart(org.apache.spark.package$.MODULE$.SPARK_VERSION());
            EventKind kind = EventKind.of(logStart.getClass());
            queue.offer(kind, line(logStart, kind));
        }
    }

    private byte[] line(SparkListenerEvent event, EventKind kind) throws Exception {
        String json = redactor.redact(kind, JsonProtocol.sparkEventToJsonString(event));
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private void finish(SparkListenerEvent event, EventKind kind) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DRAIN_MILLIS);
        byte[] last = null;
        try {
            start();
            last = line(event, kind);
        } catch (Throwable failure) {
            recover(kind, failure);
        }
        queue.finish(kind, last);
        try {
            shipper.awaitEnd(deadline);
        } finally {
            queue.stop();
        }
    }

    /** An event that cannot be serialized or redacted is counted and never sent. */
    private void recover(EventKind kind, Throwable failure) {
        try {
            if (failure instanceof InterruptedException) {
                Thread.currentThread().interrupt();
                return;
            }
            if (kind != null) {
                queue.countDrop(kind);
            }
            failures++;
            boolean hopeless = failure instanceof LinkageError || failure instanceof OutOfMemoryError;
            if (hopeless || failures >= BREAKER_FAILURES) {
                queue.stop();
                DriverLog.warn("live events stop, the job goes on: " + failure);
            }
        } catch (Throwable ignored) {
            // Nothing is left to do, and Spark must not see it.
        }
    }
}
