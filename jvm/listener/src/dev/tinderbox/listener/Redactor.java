package dev.tinderbox.listener;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes secrets out of event JSON, as Spark's own event-log writer does and a listener must do.
 *
 * <p>In a map of strings (properties, configurations, attributes, log URLs) a value is replaced
 * when its key or the value itself matches {@code spark.redaction.regex}: Spark's rule
 * (org.apache.spark.util.Utils.redact), applied to local properties too, which Spark leaves alone.
 * Descriptions are prose that people need; in them only what is assigned to a matching name is
 * replaced. An event that cannot be read is an error and must not be sent.
 */
final class Redactor {
    /** Spark's own replacement text. */
    static final String REPLACEMENT = "*********(redacted)";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Parts of EnvironmentUpdate that are large and that no one looks at live: 90 of 100 KB. */
    private static final List<String> LEFT_OUT = Arrays.asList("Hadoop Properties", "Classpath Entries");
    /** The class path once more, among the system properties. */
    private static final String CLASS_PATH = "java.class.path";

    /** A map in an SQL plan that describes scans; its words are columns, not settings. */
    private static final String PLAN_METADATA = "metadata";

    private static final Set<String> PROSE = Collections.unmodifiableSet(new HashSet<>(Arrays.asList(
            "description",
            "statementText",
            "callSite.long",
            "callSite.short",
            "spark.job.description",
            "spark.job.tags",
            "spark.jobGroup.id")));

    private final Pattern secret;

    Redactor(Pattern secret) {
        this.secret = secret;
    }

    String redact(EventKind kind, String json) throws IOException {
        if (kind.secrets == EventKind.Secrets.NONE) {
            return json;
        }
        JsonNode event = JSON.readTree(json);
        if (event == null || !event.isObject()) {
            throw new IOException("event is not a JSON object: " + kind.name);
        }
        if (kind.name.equals("SparkListenerEnvironmentUpdate")) {
            shrink((ObjectNode) event);
        }
        // The name of the event is Spark's word, whatever the pattern says.
        JsonNode name = event.get("Event");
        redactFields((ObjectNode) event, false, kind.secrets == EventKind.Secrets.ANYWHERE);
        if (name != null) {
            ((ObjectNode) event).set("Event", name);
        }
        return JSON.writeValueAsString(event);
    }

    /** The parts stay as empty maps, so that every event-log reader still reads the event. */
    private static void shrink(ObjectNode event) {
        for (String part : LEFT_OUT) {
            if (event.has(part)) {
                event.putObject(part);
            }
        }
        JsonNode system = event.get("System Properties");
        if (system != null && system.isObject()) {
            ((ObjectNode) system).remove(CLASS_PATH);
        }
    }

    private void redactFields(ObjectNode object, boolean isMap, boolean byName) {
        for (String name : names(object)) {
            JsonNode value = object.get(name);
            if (value.isTextual()) {
                object.put(name, redactText(name, value.textValue(), isMap, byName));
            } else if (byName || !name.equals(PLAN_METADATA)) {
                redactBelow(value, byName);
            }
        }
    }

    private void redactBelow(JsonNode value, boolean byName) {
        if (value.isObject()) {
            redactFields((ObjectNode) value, isStringMap(value), byName);
        } else if (value.isArray()) {
            for (JsonNode element : value) {
                redactBelow(element, byName);
            }
        }
    }

    private String redactText(String name, String value, boolean isMap, boolean byName) {
        if ((isMap || byName) && secret.matcher(name).find()) {
            return REPLACEMENT;
        }
        if (PROSE.contains(name)) {
            return redactAssignments(value);
        }
        return isMap && secret.matcher(value).find() ? REPLACEMENT : value;
    }

    /** {@code password=x}, {@code token: "x"}, {@code 'secret' => x}, {@code password 'x'}. */
    private String redactAssignments(String text) {
        StringBuilder redacted = new StringBuilder();
        Matcher match = secret.matcher(text);
        int copied = 0;
        int from = 0;
        while (from <= text.length() && match.find(from)) {
            int start = valueStart(text, match.end());
            if (start >= 0) {
                int end = valueEnd(text, start);
                redacted.append(text, copied, start).append(REPLACEMENT);
                copied = end;
                from = end;
            }
            from = Math.max(from, Math.max(match.end(), match.start() + 1));
        }
        return redacted.append(text, copied, text.length()).toString();
    }

    /** Where the value begins that is assigned to the name ending here, or -1 when there is none. */
    private static int valueStart(String text, int nameEnd) {
        int at = nameEnd;
        while (at < text.length() && isNamePart(text.charAt(at))) {
            at++;
        }
        if (at < text.length() && isQuote(text.charAt(at))) {
            at++;
        }
        at = skipSpaces(text, at);
        boolean assigned = at < text.length() && "=:".indexOf(text.charAt(at)) >= 0;
        while (at < text.length() && "=:>".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        at = skipSpaces(text, at);
        boolean quoted = at < text.length() && isQuote(text.charAt(at));
        return at < text.length() && (assigned || quoted) ? at : -1;
    }

    private static int valueEnd(String text, int start) {
        char first = text.charAt(start);
        if (isQuote(first)) {
            int close = text.indexOf(first, start + 1);
            return close < 0 ? text.length() : close + 1;
        }
        int at = start;
        while (at < text.length() && !Character.isWhitespace(text.charAt(at)) && ",;)&".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return at;
    }

    private static int skipSpaces(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isNamePart(char character) {
        return Character.isLetterOrDigit(character) || "._-".indexOf(character) >= 0;
    }

    private static boolean isQuote(char character) {
        return character == '\'' || character == '"';
    }

    private static boolean isStringMap(JsonNode object) {
        for (JsonNode value : object) {
            if (!value.isTextual() && !value.isNull()) {
                return false;
            }
        }
        return true;
    }

    private static List<String> names(ObjectNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
