package dev.tinderbox.listener;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP server on raw sockets that misbehaves as told, one step per request; the last repeats. */
final class ScriptedSink implements AutoCloseable {
    /** What is done with one request. */
    record Step(int status, long delayMillis, int cutAfterBytes, boolean reads, String header) {
        static Step answer(int status) {
            return new Step(status, 0, -1, true, "");
        }

        static Step answerLate(int status, long delayMillis) {
            return new Step(status, delayMillis, -1, true, "");
        }

        static Step redirect(String location) {
            return new Step(302, 0, -1, true, "Location: " + location + "\r\n");
        }

        /** Closes the connection after so many bytes of the body. */
        static Step cutAfter(int bytes) {
            return new Step(0, 0, bytes, true, "");
        }

        /** Reads all, then closes without an answer. */
        static Step loseAnswer() {
            return cutAfter(Integer.MAX_VALUE);
        }

        static Step neverRead() {
            return new Step(0, 0, -1, false, "");
        }
    }

    /** A request whose body was read to its end. */
    record Request(Map<String, String> headers, byte[] body, int status) {
        List<String> lines() {
            return Arrays.asList(new String(body, StandardCharsets.UTF_8).split("\n"));
        }

        JsonNode envelope() {
            try {
                return new ObjectMapper().readTree(lines().get(0));
            } catch (IOException notJson) {
                throw new AssertionError(notJson);
            }
        }

        List<String> events() {
            return lines().subList(1, lines().size());
        }
    }

    final List<Request> requests = new CopyOnWriteArrayList<>();
    final List<Socket> connections = new CopyOnWriteArrayList<>();

    private final List<Step> steps;
    private final ServerSocket server;
    private int step;

    ScriptedSink(Step... steps) throws IOException {
        this(0, steps);
    }

    ScriptedSink(int port, Step... steps) throws IOException {
        this.steps = List.of(steps);
        this.server = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    /** A port on which nobody listens. */
    static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    static URL url(int port) throws IOException {
        return URI.create("http://127.0.0.1:" + port + "/ingest/live").toURL();
    }

    URL url() throws IOException {
        return url(server.getLocalPort());
    }

    /** The bodies that were answered with 2xx. */
    List<Request> accepted() {
        return requests.stream().filter(request -> request.status() / 100 == 2).toList();
    }

    List<String> acceptedEvents() {
        List<String> events = new ArrayList<>();
        accepted().forEach(request -> events.addAll(request.events()));
        return events;
    }

    boolean sawFinal() {
        return accepted().stream().anyMatch(request -> request.envelope().path("final").asBoolean());
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket connection : connections) {
            connection.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = server.accept();
                connections.add(connection);
                daemon(() -> serve(connection));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket connection) {
        try {
            while (true) {
                Step next = nextStep();
                if (!next.reads()) {
                    return;
                }
                Map<String, String> headers = readHeaders(connection.getInputStream());
                int length = Integer.parseInt(headers.get("content-length"));
                if (next.cutAfterBytes() >= 0) {
                    connection.getInputStream().readNBytes(Math.min(length, next.cutAfterBytes()));
                    connection.close();
                    return;
                }
                byte[] body = connection.getInputStream().readNBytes(length);
                Thread.sleep(next.delayMillis());
                requests.add(new Request(headers, body, next.status()));
                String answer = "HTTP/1.1 " + next.status() + " Told\r\n" + next.header() + "Content-Length: 2\r\n\r\nok";
                connection.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException | InterruptedException ended) {
            // The client went away or the test is over.
        }
    }

    private synchronized Step nextStep() {
        return steps.get(Math.min(step++, steps.size() - 1));
    }

    private static Map<String, String> readHeaders(InputStream input) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
            int next = input.read();
            if (next < 0) {
                throw new EOFException();
            }
            head.write(next);
        }
        Map<String, String> headers = new TreeMap<>();
        String[] lines = head.toString(StandardCharsets.US_ASCII).split("\r\n");
        headers.put("request", lines[0]);
        for (String line : Arrays.asList(lines).subList(1, lines.length)) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
        }
        return headers;
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "scripted-sink");
        thread.setDaemon(true);
        thread.start();
    }
}
