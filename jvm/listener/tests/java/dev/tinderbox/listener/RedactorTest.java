package dev.tinderbox.listener;

import static dev.tinderbox.listener.TestMain.check;
import static dev.tinderbox.listener.TestMain.equal;

import java.io.IOException;
import java.util.regex.Pattern;

final class RedactorTest {
    private static final String GONE = "*********(redacted)";

    static void environmentLosesSecretsHadoopPropertiesAndClassPath() throws Exception {
        String event = """
                {"Event":"SparkListenerEnvironmentUpdate","JVM Information":{"Java Version":"17"},\
                "Spark Properties":{"spark.my.password":"p1","spark.master":"local[2]","spark.note":"my Token is p2"},\
                "Hadoop Properties":{"fs.s3a.secret.key":"p3","dfs.x":"1"},\
                "System Properties":{"sun.java.command":"Submit --conf spark.x.secret.key=p4","java.class.path":"/a:/b","os.name":"Linux"},\
                "Metrics Properties":{"*.sink.token":"p5"},"Classpath Entries":{"/a.jar":"System Classpath"}}""";
        equal("""
                {"Event":"SparkListenerEnvironmentUpdate","JVM Information":{"Java Version":"17"},\
                "Spark Properties":{"spark.my.password":"GONE","spark.master":"local[2]","spark.note":"GONE"},\
                "Hadoop Properties":{},\
                "System Properties":{"sun.java.command":"GONE","os.name":"Linux"},\
                "Metrics Properties":{"*.sink.token":"GONE"},"Classpath Entries":{}}""".replace("GONE", GONE),
                redact("SparkListenerEnvironmentUpdate", event));
    }

    static void localPropertiesOfJobsAndStagesAreRedacted() throws Exception {
        for (String kind : new String[] {"SparkListenerJobStart", "SparkListenerStageSubmitted"}) {
            equal("{\"Event\":\"" + kind + "\",\"Properties\":{\"my.api.token\":\"" + GONE + "\",\"spark.sql.execution.id\":\"3\"}}",
                    redact(kind, "{\"Event\":\"" + kind + "\",\"Properties\":{\"my.api.token\":\"p1\",\"spark.sql.execution.id\":\"3\"}}"));
        }
    }

    static void modifiedConfigsOfAQueryAreRedactedAndItsPlanIsLeftAlone() throws Exception {
        String kind = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart";
        String event = """
                {"Event":"%s","executionId":1,"description":"select token from t","sparkPlanInfo":{"nodeName":"Scan",\
                "metadata":{"ReadSchema":"struct<token:string>"},"children":[]},"time":5,"modifiedConfigs":{"a.secret":"%s"}}""";
        equal(event.formatted(kind, GONE), redact(kind, event.formatted(kind, "p1")));
    }

    static void attributesAndLogAddressesOfExecutorsAreRedacted() throws Exception {
        String event = "{\"Event\":\"SparkListenerExecutorAdded\",\"Executor Info\":{\"Host\":\"h\",\"Total Cores\":2,"
                + "\"Log Urls\":{\"stdout\":\"http://h/log?%s\"},\"Attributes\":{\"API_TOKEN\":\"%s\"}}}";
        String redacted = redact("SparkListenerExecutorAdded", event.formatted("token=p1", "p2"));
        check(!redacted.contains("p1") && !redacted.contains("p2") && redacted.contains("\"Host\":\"h\""), redacted);
    }

    static void unknownEventsLoseEveryFieldWithATellingName() throws Exception {
        String event = "{\"Event\":\"com.acme.TokenIssued\",\"password\":\"p1\",\"deep\":[{\"n\":1,\"apiToken\":\"p2\",\"metadata\":{\"secret\":\"p3\"}}]}";
        equal("{\"Event\":\"com.acme.TokenIssued\",\"password\":\"GONE\",\"deep\":[{\"n\":1,\"apiToken\":\"GONE\",\"metadata\":{\"secret\":\"GONE\"}}]}"
                .replace("GONE", GONE), redact("com.acme.TokenIssued", event));
    }

    static void descriptionsStayReadableButLoseWhatIsAssigned() throws Exception {
        equal("tokenize the words", description("tokenize the words"));
        equal("load with password=" + GONE + ", then token: " + GONE, description("load with password=p1, then token: p2"));
        equal("create view v using jdbc options (user 'u', password " + GONE + ", x 'y')",
                description("create view v using jdbc options (user 'u', password 'p 1', x 'y')"));
        equal("map('secret' => " + GONE + ")", description("map('secret' => \"p1\")"));
        equal("my.secret.name=" + GONE + " b", description("my.secret.name=p1 b"));
        equal("ends in token=", description("ends in token="));
    }

    static void ownPatternIsUsedInsteadOfTheDefault() throws Exception {
        Redactor redactor = new Redactor(Pattern.compile("^my[.]own$|Event"));
        equal("{\"Event\":\"SparkListenerJobStart\",\"Properties\":{\"my.own\":\"" + GONE + "\",\"my.own.not\":\"b\",\"password\":\"c\"}}",
                redactor.redact(EventKind.named("SparkListenerJobStart"),
                        "{\"Event\":\"SparkListenerJobStart\",\"Properties\":{\"my.own\":\"a\",\"my.own.not\":\"b\",\"password\":\"c\"}}"));
    }

    static void patternThatMatchesNothingAtAllEndsTheSearch() throws Exception {
        Redactor redactor = new Redactor(Pattern.compile("x?"));
        String redacted = redactor.redact(EventKind.named("SparkListenerJobStart"),
                "{\"Event\":\"SparkListenerJobStart\",\"Properties\":{\"a\":\"b\",\"spark.job.description\":\"c = d\"}}");
        check(!redacted.contains("\"b\""), redacted);
    }

    static void hotEventsPassAsTheSameString() throws Exception {
        String text = "{\"Event\":\"SparkListenerTaskEnd\",\"x\":1}";
        check(redact("SparkListenerTaskEnd", text) == text, "not even parsed");
    }

    static void numbersSurviveTheTree() throws Exception {
        String text = "{\"Event\":\"SparkListenerStageSubmitted\",\"a\":9223372036854775807,\"b\":0.1,\"c\":-1,\"d\":null,\"e\":true}";
        equal(text, redact("SparkListenerStageSubmitted", text));
    }

    static void unreadableEventIsAnErrorAndNotSentAsItIs() {
        for (String text : new String[] {"", "[1]", "{\"Properties\":{\"token\":\"p1\""}) {
            try {
                redact("SparkListenerJobStart", text);
                throw new AssertionError("passed: " + text);
            } catch (IOException expected) {
                check(expected.getMessage() != null, "says why");
            }
        }
    }

    private static String redact(String kind, String json) throws IOException {
        return new Redactor(Pattern.compile(LiveConfig.DEFAULT_REDACTION)).redact(EventKind.named(kind), json);
    }

    private static String description(String text) throws IOException {
        com.fasterxml.jackson.databind.ObjectMapper json = new com.fasterxml.jackson.databind.ObjectMapper();
        com.fasterxml.jackson.databind.node.ObjectNode event = json.createObjectNode().put("Event", "SparkListenerJobStart");
        event.putObject("Properties").put("spark.job.description", text);
        String redacted = redact("SparkListenerJobStart", json.writeValueAsString(event));
        return json.readTree(redacted).get("Properties").get("spark.job.description").textValue();
    }
}
