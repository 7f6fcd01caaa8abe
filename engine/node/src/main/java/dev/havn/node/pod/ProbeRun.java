// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HTTPHeader;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks once.
final class ProbeRun {
  private static final Logger LOG = LoggerFactory.getLogger(ProbeRun.class);
  private static final int STATUS_LINE_BYTES_MAX = 1_024;

  /// Lets a single step that takes too long say so in its own words first.
  private static final Duration GRACE = Duration.ofMillis(200);

  private ProbeRun() {}

  record Result(boolean success, String message) {}

  static Result run(
      ContainerRuntime runtime,
      Pod pod,
      io.fabric8.kubernetes.api.model.Container spec,
      Container container,
      Probe probe,
      String address,
      Duration timeout) {
    try {
      if (probe.getExec() != null) {
        return exec(runtime, pod, container, probe, timeout);
      }
      if (probe.getHttpGet() != null) {
        return http(spec, probe.getHttpGet(), address, timeout, "kube-probe/1.36");
      }
      if (probe.getGrpc() != null) {
        String service = probe.getGrpc().getService();
        return GrpcHealth.check(
            address, probe.getGrpc().getPort(), service == null ? "" : service, timeout);
      }
      if (probe.getTcpSocket() != null) {
        int port = port(spec, probe.getTcpSocket().getPort());
        String host = probe.getTcpSocket().getHost();
        try (Socket socket = new Socket()) {
          socket.connect(
              new InetSocketAddress(host == null || host.isEmpty() ? address : host, port),
              (int) timeout.toMillis());
          return new Result(true, "");
        }
      }
      return new Result(true, "");
    } catch (IOException | ContainerRuntime.StartException | IllegalArgumentException e) {
      return new Result(false, e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private static Result exec(
      ContainerRuntime runtime, Pod pod, Container container, Probe probe, Duration timeout) {
    FirstBytes output = new FirstBytes();
    int code =
        runtime.exec(
            pod.getMetadata().getUid(),
            container.id(),
            probe.getExec().getCommand(),
            false,
            new ContainerRuntime.Streams(null, output, output, _ -> {}, _ -> {}),
            timeout);
    if (code < 0) {
      return new Result(
          false,
          "command timed out: "
              + probe.getExec().getCommand()
              + " timed out after "
              + timeout.toSeconds()
              + "s");
    }
    return new Result(code == 0, output.toString());
  }

  /// A plain request by hand: probes follow no redirects and need no more than a status line.
  static Result http(
      io.fabric8.kubernetes.api.model.Container spec,
      HTTPGetAction get,
      String address,
      Duration timeout,
      String userAgent)
      throws IOException {
    try (Socket plain = new Socket()) {
      Thread guard = Thread.ofVirtual().start(() -> closeAfter(timeout.plus(GRACE), plain));
      try {
        return http(spec, get, address, timeout, userAgent, plain);
      } finally {
        guard.interrupt();
      }
    }
  }

  /// A time for each read is none for all of them: a server may answer drop by drop.
  private static void closeAfter(Duration timeout, Socket socket) {
    try {
      boolean unused = new CountDownLatch(1).await(timeout.toMillis(), TimeUnit.MILLISECONDS);
      socket.close();
    } catch (InterruptedException answered) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.debug("the connection of a probe stays: {}", e.getMessage());
    }
  }

  private static Result http(
      io.fabric8.kubernetes.api.model.Container spec,
      HTTPGetAction get,
      String address,
      Duration timeout,
      String userAgent,
      Socket plain)
      throws IOException {
    int port = port(spec, get.getPort());
    String host = get.getHost() == null || get.getHost().isEmpty() ? address : get.getHost();
    plain.connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
    plain.setSoTimeout((int) timeout.toMillis());
    Socket socket = "HTTPS".equals(get.getScheme()) ? Tls.over(plain, host, port) : plain;
    StringBuilder request = new StringBuilder("GET ").append(get.getPath()).append(" HTTP/1.1\r\n");
    boolean hasHost = false;
    for (HTTPHeader header : get.getHttpHeaders()) {
      request.append(header.getName()).append(": ").append(header.getValue()).append("\r\n");
      hasHost |= header.getName().equalsIgnoreCase("host");
    }
    if (!hasHost) {
      request.append("Host: ").append(host).append(':').append(port).append("\r\n");
    }
    request
        .append("User-Agent: ")
        .append(userAgent)
        .append("\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    String line = statusLine(socket.getInputStream());
    int code =
        line.matches("HTTP/1\\.[01] [0-9]{3}.*") ? Integer.parseInt(line.substring(9, 12)) : 0;
    return code >= 200 && code < 400
        ? new Result(true, "")
        : new Result(false, "HTTP probe failed with statuscode: " + code);
  }

  private static String statusLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      if (line.length() == STATUS_LINE_BYTES_MAX) {
        return "";
      }
      line.append((char) b);
    }
    return line.toString().stripTrailing();
  }

  private static int port(io.fabric8.kubernetes.api.model.Container spec, IntOrString port) {
    if (port.getIntVal() != null) {
      return port.getIntVal();
    }
    for (ContainerPort each : spec.getPorts()) {
      if (port.getStrVal().equals(each.getName())) {
        return each.getContainerPort();
      }
    }
    return port.getStrVal().matches("[0-9]{1,5}") ? Integer.parseInt(port.getStrVal()) : 0;
  }
}
