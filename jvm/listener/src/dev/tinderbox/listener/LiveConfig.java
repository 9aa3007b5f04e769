package dev.tinderbox.listener;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.spark.SparkConf;

/** What the listener is told by Spark's configuration and by the environment. */
final class LiveConfig {
    static final String URL_KEY = "spark.tinderbox.live.url";
    static final String QUEUE_BYTES_KEY = "spark.tinderbox.live.queueBytes";
    static final String TOKEN_FILE_KEY = "spark.tinderbox.live.tokenFile";
    static final String RUN_KEY = "spark.tinderbox.run";
    static final String ATTEMPT_KEY = "spark.tinderbox.attempt";
    static final String REDACTION_KEY = "spark.redaction.regex";
    static final String TOKEN_ENVIRONMENT = "TINDERBOX_INGEST_TOKEN";
    static final long DEFAULT_QUEUE_BYTES = 16L * 1024 * 1024;
    /** Below this, a single batch would already fill the queue. */
    static final long SMALLEST_QUEUE_BYTES = 2L * EventQueue.BATCH_BYTES;
    /** Spark's own default (org.apache.spark.internal.config, SECRET_REDACTION_PATTERN). */
    static final String DEFAULT_REDACTION = "(?i)secret|password|token|access[.]?key";

    final URL url;
    final long queueBytes;
    final Pattern redaction;
    /** Null when the server asks for none. */
    final String token;
    /** Null when the run was not launched by Tinderbox. */
    final String run;
    final Integer attempt;

    LiveConfig(URL url, long queueBytes, Pattern redaction, String token, String run, Integer attempt) {
        this.url = url;
        this.queueBytes = queueBytes;
        this.redaction = redaction;
        this.token = token;
        this.run = run;
        this.attempt = attempt;
    }

    /**
     * Null when no URL is set. The token comes from the environment or else from a file, never from
     * a configuration value, which would show it in the process list and in the event log.
     *
     * @throws IllegalArgumentException naming the key whose value cannot be used
     */
    static LiveConfig read(SparkConf conf, String environmentToken) {
        String address = conf.get(URL_KEY, "").trim();
        if (address.isEmpty()) {
            return null;
        }
        return new LiveConfig(
                url(address),
                queueBytes(conf),
                redaction(conf.get(REDACTION_KEY, DEFAULT_REDACTION)),
                token(environmentToken, conf.get(TOKEN_FILE_KEY, "").trim()),
                textOrNull(conf.get(RUN_KEY, "").trim()),
                attempt(conf));
    }

    private static URL url(String address) {
        try {
            URI uri = new URI(address);
            if (uri.getRawUserInfo() != null) {
                // The address itself stays out of the message: it holds a secret.
                throw new IllegalArgumentException(
                        URL_KEY + " must not hold credentials; set " + TOKEN_ENVIRONMENT + " instead");
            }
            boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
            if (http && uri.getHost() != null) {
                return uri.toURL();
            }
        } catch (URISyntaxException | IOException unusable) {
            // Told below, in the words of the user.
        }
        throw new IllegalArgumentException(
                URL_KEY + " is not an http or https address, e.g. http://127.0.0.1:7878/ingest/live");
    }

    private static long queueBytes(SparkConf conf) {
        try {
            return Math.max(SMALLEST_QUEUE_BYTES, conf.getSizeAsBytes(QUEUE_BYTES_KEY, DEFAULT_QUEUE_BYTES));
        } catch (RuntimeException notASize) {
            DriverLog.warn(QUEUE_BYTES_KEY + " is not a size such as 16m; using 16m");
            return DEFAULT_QUEUE_BYTES;
        }
    }

    private static Pattern redaction(String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException invalid) {
            throw new IllegalArgumentException(REDACTION_KEY + ": " + invalid.getDescription(), invalid);
        }
    }

    private static String token(String fromEnvironment, String file) {
        String source = TOKEN_ENVIRONMENT;
        String token = fromEnvironment == null ? "" : fromEnvironment.trim();
        if (token.isEmpty() && !file.isEmpty()) {
            source = TOKEN_FILE_KEY;
            try {
                token = new String(Files.readAllBytes(Paths.get(file)), StandardCharsets.UTF_8).trim();
            } catch (IOException | RuntimeException unreadable) {
                throw new IllegalArgumentException(TOKEN_FILE_KEY + " names a file that cannot be read: " + file);
            }
        }
        for (int i = 0; i < token.length(); i++) {
            if (token.charAt(i) <= ' ' || token.charAt(i) > '~') {
                throw new IllegalArgumentException(source + " holds a character that no token has");
            }
        }
        return textOrNull(token);
    }

    private static Integer attempt(SparkConf conf) {
        String text = conf.get(ATTEMPT_KEY, "").trim();
        try {
            return text.isEmpty() ? null : Integer.valueOf(text);
        } catch (NumberFormatException notANumber) {
            DriverLog.warn(ATTEMPT_KEY + " is not a whole number and is left out");
            return null;
        }
    }

    private static String textOrNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
