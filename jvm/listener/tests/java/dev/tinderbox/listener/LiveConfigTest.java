package dev.tinderbox.listener;

import static dev.tinderbox.listener.TestMain.check;
import static dev.tinderbox.listener.TestMain.equal;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.SparkConf;

final class LiveConfigTest {
    static final String ADDRESS = "http://127.0.0.1:7878/ingest/live";

    static void withoutAddressThereIsNothingToDo() {
        equal(null, LiveConfig.read(new SparkConf(false), "t"));
    }

    static void defaultsHoldWhereNothingIsSet() {
        LiveConfig config = LiveConfig.read(conf(), null);
        equal(ADDRESS, config.url.toString());
        equal(16L * 1024 * 1024, config.queueBytes);
        equal(LiveConfig.DEFAULT_REDACTION, config.redaction.pattern());
        check(config.token == null && config.run == null && config.attempt == null, "absent");
    }

    static void runAttemptAndQueueSizeAreRead() {
        LiveConfig config = LiveConfig.read(
                conf().set(LiveConfig.RUN_KEY, "r-7").set(LiveConfig.ATTEMPT_KEY, "2").set(LiveConfig.QUEUE_BYTES_KEY, "4m"),
                null);
        equal("r-7", config.run);
        equal(2, config.attempt);
        equal(4L * 1024 * 1024, config.queueBytes);
    }

    static void unusableNumbersFallBack() {
        LiveConfig config = LiveConfig.read(
                conf().set(LiveConfig.ATTEMPT_KEY, "two").set(LiveConfig.QUEUE_BYTES_KEY, "much"), null);
        equal(null, config.attempt);
        equal(LiveConfig.DEFAULT_QUEUE_BYTES, config.queueBytes);
        equal(LiveConfig.SMALLEST_QUEUE_BYTES, LiveConfig.read(conf().set(LiveConfig.QUEUE_BYTES_KEY, "1"), null).queueBytes);
    }

    static void tokenComesFromTheEnvironmentBeforeTheFile() throws Exception {
        Path file = Files.createTempFile("token", null);
        Files.writeString(file, "from-file\n");
        try {
            SparkConf conf = conf().set(LiveConfig.TOKEN_FILE_KEY, file.toString());
            equal("from-environment", LiveConfig.read(conf, "from-environment").token);
            equal("from-file", LiveConfig.read(conf, null).token);
            equal("from-file", LiveConfig.read(conf, " ").token);
        } finally {
            Files.delete(file);
        }
    }

    static void tokenInTheConfigurationIsNotRead() {
        equal(null, LiveConfig.read(conf().set("spark.tinderbox.live.token", "t"), null).token);
    }

    static void unusableSettingsAreRefusedByNameAndWithoutTheirSecrets() {
        refused(LiveConfig.URL_KEY, "ftp://h/x", null);
        refused(LiveConfig.URL_KEY, "127.0.0.1:7878", null);
        refused(LiveConfig.URL_KEY, "http:// /x", null);
        refused(LiveConfig.URL_KEY, "http://user:hunter2@h/x", null);
        refused(LiveConfig.TOKEN_FILE_KEY, "/does/not/exist", null);
        refused(LiveConfig.REDACTION_KEY, "(", null);
        refused(LiveConfig.TOKEN_ENVIRONMENT, "unused", "two\nlines");
    }

    static void loopbackAddressesAreKnownByTheirText() {
        for (String host : new String[] {"localhost", "LOCALHOST", "127.0.0.1", "127.3.2.1", "[::1]", "a.localhost"}) {
            check(Sink.isLoopback(host), host);
        }
        for (String host : new String[] {"10.0.0.1", "localhost.example.org", "example.org"}) {
            check(!Sink.isLoopback(host), host);
        }
    }

    static SparkConf conf() {
        return new SparkConf(false).set(LiveConfig.URL_KEY, ADDRESS);
    }

    private static void refused(String key, String value, String environmentToken) {
        try {
            LiveConfig.read(conf().set(key, value), environmentToken);
            throw new AssertionError("taken: " + key + "=" + value);
        } catch (IllegalArgumentException expected) {
            String message = expected.getMessage();
            check(message.contains(key) && !message.contains("hunter2"), message);
        }
    }
}
