// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A running `kubectl port-forward` on a free port of this machine.
final class PortForward implements AutoCloseable {
  private static final Pattern FORWARDING = Pattern.compile("127\\.0\\.0\\.1:(\\d+) -> ");
  private static final int LOOKS_MAX = 400;
  private static final long LOOK_EVERY_MS = 25;

  private final Process process;
  private final int port;

  private PortForward(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /// @throws IOException when kubectl has given up, as it does when the pod has ended between being
  ///   chosen and being looked at: ask again
  static PortForward open(
      Kubectl kubectl, LaunchedCluster cluster, String namespace, String target, int port)
      throws Exception {
    Path output = Files.createTempFile(cluster.folder(), "forward", ".txt");
    Process process =
        kubectl.start(
            cluster, List.of("-n", namespace, "port-forward", target, ":" + port), output);
    for (int look = 0; look < LOOKS_MAX && process.isAlive(); look++) {
      Matcher forwarding = FORWARDING.matcher(Files.readString(output));
      if (forwarding.find()) {
        return new PortForward(process, Integer.parseInt(forwarding.group(1)));
      }
      Thread.sleep(LOOK_EVERY_MS);
    }
    process.destroyForcibly();
    throw new IOException("port-forward: " + Files.readString(output));
  }

  /// What the pod's server answers to a GET of `/`.
  String page() throws IOException, InterruptedException {
    return page("127.0.0.1", port);
  }

  static String page(String host, int port) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://" + host + ":" + port + "/"))
              .timeout(Duration.ofSeconds(10))
              .build();
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
