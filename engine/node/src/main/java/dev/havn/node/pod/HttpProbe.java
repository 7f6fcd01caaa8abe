// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.ProbeRun.Result;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HTTPHeader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An HTTP request by hand: it needs no more than a status line, and where a redirect leads. Those
/// to the same host are followed; one to another is a success with a warning.
final class HttpProbe {
  private static final Logger LOG = LoggerFactory.getLogger(HttpProbe.class);
  private static final int LINE_BYTES_MAX = 8_192;
  private static final int LINES_MAX = 100;
  private static final int BODY_BYTES_MAX = 10_240;
  private static final int REDIRECTS_MAX = 10;
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  /// Lets a single step that takes too long say so in its own words first.
  private static final Duration GRACE = Duration.ofMillis(200);

  private final HTTPGetAction get;
  private final Duration timeout;
  private final String userAgent;
  private final Sockets sockets;

  /// Makes them, not connected.
  interface Sockets {
    Socket open() throws IOException;
  }

  HttpProbe(HTTPGetAction get, Duration timeout, String userAgent, Sockets sockets) {
    this.get = get;
    this.timeout = timeout;
    this.userAgent = userAgent;
    this.sockets = sockets;
  }

  /// @param location where a redirect leads, empty for anything else
  private record Answer(int code, String location, String body) {}

  Result ask(String host, int port) throws IOException {
    boolean isSecret = "HTTPS".equals(get.getScheme());
    String shown = host.contains(":") ? "[" + host + "]" : host;
    String path = Optional.ofNullable(get.getPath()).orElse("");
    URI at = uri((isSecret ? "https://" : "http://") + shown + ":" + port + slash(path));
    Optional<String> refused = refusal();
    if (refused.isPresent()) {
      return new Result(false, "Get \"" + at + "\": " + refused.get());
    }
    for (int hops = 0; hops < REDIRECTS_MAX; hops++) {
      Answer answer = ask(at);
      if (answer.location().isEmpty()) {
        return result(answer);
      }
      URI next = at.resolve(uri(answer.location()));
      if (!shown.equals(next.getHost())) {
        return result(answer);
      }
      at = next;
    }
    return new Result(false, "Get \"" + at + "\": stopped after 10 redirects");
  }

  /// Why no request can be made of the headers: one with a line's end in it would be several, or
  /// the next request on the connection.
  private Optional<String> refusal() {
    return get.getHttpHeaders().stream()
        .filter(
            each ->
                each.getValue() != null && each.getValue().chars().anyMatch(HttpProbe::isControl))
        .map(each -> "net/http: invalid header field value for \"%s\"".formatted(each.getName()))
        .findFirst();
  }

  private static boolean isControl(int c) {
    return c != '\t' && (c < ' ' || c == 0x7f);
  }

  private static String slash(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }

  private static URI uri(String text) throws IOException {
    try {
      return URI.create(text.replace(" ", "%20"));
    } catch (IllegalArgumentException e) {
      throw new IOException("no URL: " + text, e);
    }
  }

  private static Result result(Answer answer) {
    int code = answer.code();
    if (code >= 300 && code < 400) {
      return Result.warning("Probe terminated redirects, Response body: " + answer.body());
    }
    return code >= 200 && code < 300
        ? new Result(true, "")
        : new Result(false, "HTTP probe failed with statuscode: " + code);
  }

  private Answer ask(URI at) throws IOException {
    try (Socket plain = sockets.open()) {
      Thread guard = Thread.ofVirtual().start(() -> closeAfter(timeout.plus(GRACE), plain));
      try {
        return ask(at, plain);
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

  private Answer ask(URI at, Socket plain) throws IOException {
    boolean isSecret = "https".equals(at.getScheme());
    int port = at.getPort() > 0 ? at.getPort() : isSecret ? 443 : 80;
    @Nullable String host = at.getHost();
    if (host == null) {
      throw new IOException("no host in URL \"" + at + "\"");
    }
    plain.connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
    plain.setSoTimeout((int) timeout.toMillis());
    Socket socket = isSecret ? Tls.over(plain, host, port) : plain;
    socket.getOutputStream().write(request(at, port).getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    InputStream in = socket.getInputStream();
    String line = line(in);
    int code =
        line.matches("HTTP/1\\.[01] [0-9]{3}.*") ? Integer.parseInt(line.substring(9, 12)) : 0;
    if (code < 300 || code >= 400) {
      return new Answer(code, "", "");
    }
    String location = location(in);
    boolean isRedirect = REDIRECTS.contains(code);
    String body = new String(in.readNBytes(BODY_BYTES_MAX), StandardCharsets.UTF_8);
    return new Answer(code, isRedirect ? location : "", body);
  }

  private String request(URI at, int port) {
    String path = at.getRawPath().isEmpty() ? "/" : at.getRawPath();
    String query = at.getRawQuery() == null ? "" : "?" + at.getRawQuery();
    StringBuilder request =
        new StringBuilder("GET ").append(path).append(query).append(" HTTP/1.1\r\n");
    boolean hasHost = false;
    for (HTTPHeader header : get.getHttpHeaders()) {
      request.append(header.getName()).append(": ").append(header.getValue()).append("\r\n");
      hasHost |= header.getName().equalsIgnoreCase("host");
    }
    if (!hasHost) {
      request.append("Host: ").append(at.getHost()).append(':').append(port).append("\r\n");
    }
    return request
        .append("User-Agent: ")
        .append(userAgent)
        .append("\r\nAccept: */*\r\nConnection: close\r\n\r\n")
        .toString();
  }

  /// Reads all headers.
  private static String location(InputStream in) throws IOException {
    String location = "";
    for (int lines = 0; lines < LINES_MAX; lines++) {
      String line = line(in);
      if (line.isEmpty()) {
        return location;
      }
      if (line.toLowerCase(Locale.ROOT).startsWith("location:")) {
        location = line.substring("location:".length()).strip();
      }
    }
    throw new IOException("more than " + LINES_MAX + " headers");
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      if (line.length() == LINE_BYTES_MAX) {
        throw new IOException("a line of more than " + LINE_BYTES_MAX + " bytes");
      }
      line.append((char) b);
    }
    return line.toString().stripTrailing();
  }
}
