package dev.tinderbox.listener;

import dev.tinderbox.listener.EventKind.Shedding;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Event lines between Spark's listener thread and the shipper, bounded in bytes.
 *
 * <p>The bound covers lines that wait and lines handed out but not yet acknowledged. A full queue
 * sheds in the order of {@link Shedding}; events that are never shed may fill it to twice the
 * bound, beyond which they too are dropped. Every drop is counted by kind. No method waits except
 * {@link #take} and {@link #pause}, which are the shipper's.
 */
final class EventQueue {
    /** A batch is closed at this size, in bytes of event lines. */
    static final int BATCH_BYTES = 256 * 1024;
    /** The longest that an event waits for others to join its batch. */
    static final long LINGER_MILLIS = 100;
    /** What an event costs in the heap beside its text: array header, entry, slot. */
    static final int ENTRY_BYTES = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();
    private final Condition ending = lock.newCondition();
    private final Map<Shedding, Deque<Entry>> waiting = new EnumMap<>(Shedding.class);
    private final Map<String, Long> dropped = new TreeMap<>();
    private final long bound;
    private long heldBytes;
    private long waitingBytes;
    private long arrivals;
    private long oldestNanos;
    private boolean finished;
    private boolean stopped;

    EventQueue(long bound) {
        this.bound = bound;
        for (Shedding shedding : Shedding.values()) {
            waiting.put(shedding, new ArrayDeque<Entry>());
        }
    }

    /**
     * Whether an event of this kind has a chance to get in. Asked before the event is serialized,
     * so that a full queue costs the listener thread almost nothing; a refusal is counted.
     */
    boolean admits(EventKind kind) {
        lock.lock();
        try {
            if (stopped || finished) {
                return false;
            }
            boolean room = heldBytes + kind.shedding.smallestBytes <= bound;
            for (Shedding other : Shedding.values()) {
                room |= other.compareTo(kind.shedding) < 0 && !waiting.get(other).isEmpty();
            }
            if (room || kind.shedding == Shedding.NEVER) {
                return true;
            }
            count(kind.name);
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Takes the line, or drops and counts it; ignored after the end. */
    void offer(EventKind kind, byte[] line) {
        lock.lock();
        try {
            if (stopped || finished) {
                return;
            }
            if (makeRoom(kind.shedding, line.length + ENTRY_BYTES)) {
                append(kind, line);
            } else {
                count(kind.name);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes the last line whatever its size, null when there is none; what comes later is ignored. */
    void finish(EventKind kind, byte[] line) {
        lock.lock();
        try {
            if (stopped || finished) {
                return;
            }
            if (line != null) {
                append(kind, line);
            }
            finished = true;
            filled.signalAll();
            ending.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets everything and refuses all that comes; cannot be undone. */
    void stop() {
        lock.lock();
        try {
            stopped = true;
            for (Deque<Entry> entries : waiting.values()) {
                entries.clear();
            }
            heldBytes = 0;
            waitingBytes = 0;
            filled.signalAll();
            ending.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void countDrop(EventKind kind) {
        lock.lock();
        try {
            count(kind.name);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a batch: full, or {@link #LINGER_MILLIS} old, or the rest after the end. Null when
     * stopped. Its bytes stay within the bound until {@link #release}.
     */
    Taken take() throws InterruptedException {
        lock.lock();
        try {
            while (!stopped) {
                long wait = waitNanos();
                if (wait == 0) {
                    return drain();
                } else if (wait == Long.MAX_VALUE) {
                    filled.await();
                } else {
                    filled.awaitNanos(wait);
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    void release(Taken taken) {
        lock.lock();
        try {
            if (!stopped) {
                heldBytes -= taken.heldBytes;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Sleeps, but not past the moment at which the application ends or the queue stops. */
    void pause(long millis) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(millis);
            boolean alreadyEnding = finished;
            while (left > 0 && !stopped && finished == alreadyEnding) {
                left = ending.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isFinished() {
        lock.lock();
        try {
            return finished;
        } finally {
            lock.unlock();
        }
    }

    boolean isStopped() {
        lock.lock();
        try {
            return stopped;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes within the bound now. */
    long heldBytes() {
        lock.lock();
        try {
            return heldBytes;
        } finally {
            lock.unlock();
        }
    }

    /** Lines in the order in which they were offered. */
    static final class Taken {
        final List<byte[]> lines = new ArrayList<>();
        /** Drops so far by kind, cumulative over the listener's life. */
        Map<String, Long> dropped;
        /** Nothing follows this batch. */
        boolean last;
        private long heldBytes;
    }

    private static final class Entry {
        final long arrival;
        final String kind;
        final byte[] line;

        Entry(long arrival, String kind, byte[] line) {
            this.arrival = arrival;
            this.kind = kind;
            this.line = line;
        }

        long bytes() {
            return line.length + ENTRY_BYTES;
        }
    }

    private boolean makeRoom(Shedding shedding, long bytes) {
        for (Shedding other : Shedding.values()) {
            Deque<Entry> victims = waiting.get(other);
            while (other.compareTo(shedding) < 0 && heldBytes + bytes > bound && !victims.isEmpty()) {
                Entry victim = victims.pollFirst();
                heldBytes -= victim.bytes();
                waitingBytes -= victim.bytes();
                count(victim.kind);
            }
        }
        return heldBytes + bytes <= (shedding == Shedding.NEVER ? 2 * bound : bound);
    }

    private void append(EventKind kind, byte[] line) {
        boolean wasEmpty = waitingBytes == 0;
        boolean wasFull = waitingBytes >= BATCH_BYTES;
        Entry entry = new Entry(arrivals++, kind.name, line);
        waiting.get(kind.shedding).addLast(entry);
        heldBytes += entry.bytes();
        waitingBytes += entry.bytes();
        if (wasEmpty) {
            oldestNanos = System.nanoTime();
        }
        // The shipper is woken twice per batch at most, not by every event.
        if (wasEmpty || (!wasFull && waitingBytes >= BATCH_BYTES)) {
            filled.signal();
        }
    }

    private long waitNanos() {
        if (finished || waitingBytes >= BATCH_BYTES) {
            return 0;
        }
        if (waitingBytes == 0) {
            return Long.MAX_VALUE;
        }
        long age = System.nanoTime() - oldestNanos;
        return Math.max(0, TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS) - age);
    }

    private Taken drain() {
        Taken taken = new Taken();
        long size = 0;
        for (Deque<Entry> head = oldest(); head != null; head = oldest()) {
            Entry entry = head.peekFirst();
            if (!taken.lines.isEmpty() && size + entry.line.length > BATCH_BYTES) {
                break;
            }
            head.pollFirst();
            taken.lines.add(entry.line);
            size += entry.line.length;
            taken.heldBytes += entry.bytes();
            waitingBytes -= entry.bytes();
        }
        taken.last = finished && waitingBytes == 0;
        taken.dropped = new TreeMap<>(dropped);
        return taken;
    }

    private Deque<Entry> oldest() {
        Deque<Entry> oldest = null;
        for (Deque<Entry> entries : waiting.values()) {
            Entry head = entries.peekFirst();
            if (head != null && (oldest == null || head.arrival < oldest.peekFirst().arrival)) {
                oldest = entries;
            }
        }
        return oldest;
    }

    private void count(String kind) {
        Long before = dropped.get(kind);
        dropped.put(kind, before == null ? 1 : before + 1);
    }
}
