package dev.tinderbox.listener;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.util.List;
import java.util.Locale;

/**
 * One server address, reached by HTTP POST over a connection that is kept alive.
 *
 * <p>The body is streamed with a fixed length: no copy of a batch is made, and the JDK cannot
 * repeat a POST behind our back. Redirects are not followed, so the token goes to no other server.
 */
final class Sink {
    enum Outcome {
        ACCEPTED,
        /** The server will never take this session. */
        UNWANTED,
        /** Not now; {@link #lastFailure} tells why. */
        FAILED
    }

    private static final int CONNECT_TIMEOUT_MILLIS = 1000;
    private static final int READ_TIMEOUT_MILLIS = 2000;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final URL url;
    private final String token;
    private String lastFailure = "not tried";

    /** A null token means that no Authorization header is sent. */
    Sink(URL url, String token) {
        this.url = url;
        this.token = token;
    }

    Outcome post(byte[] envelope, List<byte[]> lines) {
        HttpURLConnection connection = null;
        try {
            connection = open(envelope, lines);
            write(connection, envelope, lines);
            int status = connection.getResponseCode();
            discardAnswer(connection, status);
            lastFailure = "HTTP status " + status;
            if (status >= 200 && status < 300) {
                return Outcome.ACCEPTED;
            }
            boolean unwanted = status == HttpURLConnection.HTTP_CONFLICT || status == HttpURLConnection.HTTP_GONE;
            return unwanted ? Outcome.UNWANTED : Outcome.FAILED;
        } catch (IOException | RuntimeException failure) {
            lastFailure = failure.toString();
            if (connection != null) {
                connection.disconnect();
            }
            return Outcome.FAILED;
        }
    }

    String lastFailure() {
        return lastFailure;
    }

    /** Decided by the text of the address alone; a name lookup could block. */
    static boolean isLoopback(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.endsWith(".localhost") || name.startsWith("127.")
                || name.equals("[::1]") || name.equals("::1");
    }

    private HttpURLConnection open(byte[] envelope, List<byte[]> lines) throws IOException {
        HttpURLConnection connection = (HttpURLConnection)
                (isLoopback(url.getHost()) ? url.openConnection(Proxy.NO_PROXY) : url.openConnection());
        connection.setConnectTimeout(CONNECT_TIMEOUT_MILLIS);
        connection.setReadTimeout(READ_TIMEOUT_MILLIS);
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/x-ndjson");
        connection.setRequestProperty("User-Agent", "tinderbox-listener");
        if (token != null) {
            connection.setRequestProperty("Authorization", "Bearer " + token);
        }
        long length = envelope.length + 1L;
        for (byte[] line : lines) {
            length += line.length + 1L;
        }
        connection.setFixedLengthStreamingMode(length);
        return connection;
    }

    private static void write(HttpURLConnection connection, byte[] envelope, List<byte[]> lines)
            throws IOException {
        try (OutputStream body = new BufferedOutputStream(connection.getOutputStream(), BUFFER_BYTES)) {
            body.write(envelope);
            body.write('\n');
            for (byte[] line : lines) {
                body.write(line);
                body.write('\n');
            }
        }
    }

    /** An answer read to its end lets the JDK reuse the connection; a long one is cut off. */
    private static void discardAnswer(HttpURLConnection connection, int status) throws IOException {
        try (InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            byte[] buffer = new byte[4096];
            int left = BUFFER_BYTES;
            int count = 0;
            while (answer != null && left > 0 && count >= 0) {
                count = answer.read(buffer);
                left -= count;
            }
            if (left <= 0) {
                connection.disconnect();
            }
        }
    }
}
