package dev.tinderbox.listener;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the listener knows of an event class: when it is shed, and where secrets may hide in it. */
final class EventKind {
    /** When an event gives way to others in a full queue; the constants are in shedding order. */
    enum Shedding {
        /** Progress only: the server derives every total without these. */
        FIRST(256),
        /** Task ends: per-task detail; totals come from stage completion as well. */
        SECOND(1024),
        /** The skeleton of the application. */
        NEVER(0);

        /** Below this much room, in bytes, such an event is not even serialized. */
        final int smallestBytes;

        Shedding(int smallestBytes) {
            this.smallestBytes = smallestBytes;
        }
    }

    /** Where an event can carry configuration or other secrets. */
    enum Secrets {
        /** Nowhere; the text passes untouched, which keeps the hot kinds cheap. */
        NONE,
        /** In the property maps that Spark puts into it. */
        MAPS,
        /** The class is unknown here: in maps and in any field with a telling name. */
        ANYWHERE
    }

    /** Simple class name as in Spark's event log, e.g. {@code SparkListenerTaskEnd}. */
    final String name;
    final Shedding shedding;
    final Secrets secrets;
    final boolean endsApplication;

    private static final Set<String> SHED_FIRST = names(
            "SparkListenerTaskStart",
            "SparkListenerTaskGettingResult",
            "SparkListenerSpeculativeTaskSubmitted",
            "SparkListenerExecutorMetricsUpdate",
            "SparkListenerBlockUpdated");

    private static final Set<String> SHED_SECOND = names("SparkListenerTaskEnd");

    private static final Set<String> WITHOUT_SECRETS = names(
            "SparkListenerApplicationEnd",
            "SparkListenerBlockManagerAdded",
            "SparkListenerBlockManagerRemoved",
            "SparkListenerBlockUpdated",
            "SparkListenerDriverAccumUpdates",
            "SparkListenerExecutorMetricsUpdate",
            "SparkListenerExecutorRemoved",
            "SparkListenerJobEnd",
            "SparkListenerLogStart",
            "SparkListenerSpeculativeTaskSubmitted",
            "SparkListenerSQLAdaptiveExecutionUpdate",
            "SparkListenerSQLAdaptiveSQLMetricUpdates",
            "SparkListenerSQLExecutionEnd",
            "SparkListenerStageCompleted",
            "SparkListenerStageExecutorMetrics",
            "SparkListenerTaskEnd",
            "SparkListenerTaskGettingResult",
            "SparkListenerTaskStart",
            "SparkListenerUnpersistRDD");

    private static final Set<String> WITH_PROPERTIES = names(
            "SparkListenerApplicationStart",
            "SparkListenerEnvironmentUpdate",
            "SparkListenerExecutorAdded",
            "SparkListenerJobStart",
            "SparkListenerResourceProfileAdded",
            "SparkListenerSQLExecutionStart",
            "SparkListenerStageSubmitted");

    private static final Map<Class<?>, EventKind> KNOWN = new ConcurrentHashMap<>();

    private EventKind(String name) {
        this.name = name;
        if (SHED_FIRST.contains(name)) {
            shedding = Shedding.FIRST;
        } else if (SHED_SECOND.contains(name)) {
            shedding = Shedding.SECOND;
        } else {
            shedding = Shedding.NEVER;
        }
        if (WITHOUT_SECRETS.contains(name)) {
            secrets = Secrets.NONE;
        } else if (WITH_PROPERTIES.contains(name)) {
            secrets = Secrets.MAPS;
        } else {
            secrets = Secrets.ANYWHERE;
        }
        endsApplication = name.equals("SparkListenerApplicationEnd");
    }

    static EventKind of(Class<?> event) {
        EventKind kind = KNOWN.get(event);
        if (kind == null) {
            kind = named(event.getName());
            KNOWN.put(event, kind);
        }
        return kind;
    }

    /**
     * The kind of a class by its full name. {@code Class.getSimpleName} fails on JDK 8 for classes
     * nested in Scala objects, such as the events of streaming queries.
     */
    static EventKind named(String className) {
        int cut = Math.max(className.lastIndexOf('.'), className.lastIndexOf('$'));
        return new EventKind(className.substring(cut + 1));
    }

    private static Set<String> names(String... names) {
        return Collections.unmodifiableSet(new HashSet<>(Arrays.asList(names)));
    }
}
