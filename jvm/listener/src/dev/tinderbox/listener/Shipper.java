package dev.tinderbox.listener;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The daemon thread that turns the queue into batches and delivers them in order.
 *
 * <p>A batch keeps its sequence number and its bytes until the server accepts it, so a server that
 * knows (session, seq) can drop repeats. Ends after the last batch, when the server does not want
 * the session, or when the queue is stopped.
 */
final class Shipper {
    /** Version of the envelope; the contract is schemas/live.schema.json. */
    static final int PROTOCOL = 1;
    static final long FIRST_PAUSE_MILLIS = 50;
    static final long LONGEST_PAUSE_MILLIS = 5000;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final LiveConfig config;
    private final EventQueue queue;
    private final Sink sink;
    private final String session = UUID.randomUUID().toString();
    private final CountDownLatch ended = new CountDownLatch(1);
    private long nextSeq;
    private long nextEvent;
    private boolean warned;

    Shipper(LiveConfig config, EventQueue queue) {
        this.config = config;
        this.queue = queue;
        this.sink = new Sink(config.url, config.token);
    }

    void start() {
        Thread thread = new Thread(this::run, "tinderbox-live");
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns when everything is delivered or given up, or at the deadline of the nano clock. */
    void awaitEnd(long deadlineNanos) throws InterruptedException {
        ended.await(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    private void run() {
        try {
            EventQueue.Taken taken = queue.take();
            while (taken != null && deliver(taken)) {
                queue.release(taken);
                taken = taken.last ? null : queue.take();
            }
        } catch (Throwable failure) {
            DriverLog.warn("live events stop, the job goes on: " + failure);
        } finally {
            queue.stop();
            ended.countDown();
        }
    }

    /** Sends until accepted; false when nothing more is to be sent. */
    private boolean deliver(EventQueue.Taken taken) throws IOException, InterruptedException {
        byte[] envelope = envelope(taken);
        long pause = FIRST_PAUSE_MILLIS;
        while (!queue.isStopped()) {
            switch (sink.post(envelope, taken.lines)) {
                case ACCEPTED:
                    nextSeq++;
                    nextEvent += taken.lines.size();
                    return true;
                case UNWANTED:
                    DriverLog.warn("the server refused this session, live events stop");
                    return false;
                default:
                    warnOnce();
                    queue.pause(queue.isFinished() ? FIRST_PAUSE_MILLIS : pause);
                    pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
            }
        }
        return false;
    }

    private byte[] envelope(EventQueue.Taken taken) throws IOException {
        ObjectNode envelope = JSON.createObjectNode();
        envelope.put("tinderbox", PROTOCOL);
        envelope.put("session", session);
        if (config.run != null) {
            envelope.put("run", config.run);
        }
        if (config.attempt != null) {
            envelope.put("attempt", config.attempt);
        }
        envelope.put("seq", nextSeq);
        envelope.put("first_event", nextEvent);
        envelope.put("events", taken.lines.size());
        ObjectNode dropped = envelope.putObject("dropped");
        for (Map.Entry<String, Long> drop : taken.dropped.entrySet()) {
            dropped.put(drop.getKey(), drop.getValue());
        }
        if (taken.last) {
            envelope.put("final", true);
        }
        return JSON.writeValueAsBytes(envelope);
    }

    private void warnOnce() {
        if (!warned) {
            warned = true;
            DriverLog.warn("cannot deliver live events to " + config.url.getAuthority() + " ("
                    + sink.lastFailure() + "), trying on; the job is not affected");
        }
    }
}
