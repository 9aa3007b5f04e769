import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.net.InetAddress;
import java.util.HashMap;

/** fabric8's mock server in CRUD mode on a free port of loopback: prints its address and runs until its input ends. */
public class MockCluster {
    public static void main(String[] arguments) throws Exception {
        KubernetesMockServer server =
            new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), new Applying(), false);
        server.init(InetAddress.getByName("127.0.0.1"), 0);
        System.out.println("http://127.0.0.1:" + server.getPort());
        System.out.flush();
        while (System.in.read() >= 0) {
        }
        server.destroy();
        System.exit(0);
    }

    /**
     * The mock knows JSON patches and merge patches only. Here server-side apply makes an object that is not there and merges
     * into one that is, which is all that a submission needs.
     */
    private static final class Applying extends KubernetesCrudDispatcher {
        @Override
        public synchronized MockResponse handlePatch(RecordedRequest request) {
            if (!String.valueOf(request.getHeader("content-type")).startsWith("application/apply-patch")) {
                return super.handlePatch(request);
            }
            String path = request.getPath().replaceFirst("\\?.*", "");
            if (findResource(getKey(path)) == null) {
                String collection = path.substring(0, path.lastIndexOf('/'));
                return super.handleCreate(as(request, HttpMethod.POST, collection, "application/json"));
            }
            return super.handlePatch(as(request, HttpMethod.PATCH, path, "application/merge-patch+json"));
        }

        private static RecordedRequest as(RecordedRequest request, HttpMethod method, String path, String contentType) {
            Headers headers = Headers.builder().add("content-type", contentType).build();
            return new RecordedRequest(request.getHttpVersion(), method, path, headers, request.getBody());
        }
    }
}
