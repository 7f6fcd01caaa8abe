// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.AddressRange;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.SimulatedRuntime;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HTTPGetActionBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ProbeRunTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(500);

  /// A server that says `each` again and again, with a pause between.
  private static void serve(ServerSocket server, byte[] each, int pauseMillis) {
    var unused =
        Thread.ofVirtual()
            .start(
                () -> {
                  try (Socket socket = server.accept();
                      OutputStream out = socket.getOutputStream()) {
                    while (true) {
                      out.write(each);
                      out.flush();
                      Thread.sleep(pauseMillis);
                    }
                  } catch (IOException | InterruptedException theProbeHasGone) {
                    return;
                  }
                });
  }

  private static ProbeRun.Result ask(ServerSocket server, Duration limit) throws IOException {
    HTTPGetAction get =
        new HTTPGetActionBuilder().withPath("/").withNewPort(server.getLocalPort()).build();
    return ProbeRun.http(Socket::new, new Container(), get, "127.0.0.1", limit, "kube-probe/1.36");
  }

  private final SimulatedRuntime simulated =
      new SimulatedRuntime(
          InstantSource.system(), Runnable::run, AddressRange.parse("192.0.2.0/24"));

  private static ProbeRun.Result ask(ContainerRuntime runtime, Probe probe) {
    Pod pod = new PodBuilder().withNewMetadata().withUid("u").endMetadata().build();
    ContainerRuntime.Container container =
        new ContainerRuntime.Container(
            "id", "c", 0, "i", "i", Instant.EPOCH, null, 0, false, Path.of("/dev/null"));
    return ProbeRun.run(runtime, pod, new Container(), container, probe, "192.0.2.1", LIMIT);
  }

  @Test
  void nobodyIsAskedBehindTheAddressOfASimulatedPod() {
    Probe probe =
        new ProbeBuilder().withNewHttpGet().withPath("/").withNewPort(80).endHttpGet().build();
    assertThat(ask(simulated, probe)).isEqualTo(new ProbeRun.Result(true, ""));
  }

  /// On a disk that is full, say.
  private ContainerRuntime without(AtomicInteger left) {
    return (ContainerRuntime)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {ContainerRuntime.class},
            (_, method, arguments) -> {
              if (method.getName().equals("exec") && left.getAndDecrement() > 0) {
                throw new ContainerRuntime.StartException("ExecError", "exec: no space left", null);
              }
              return method.invoke(simulated, arguments);
            });
  }

  @Test
  void aCommandThatCouldNotBeRunIsNoVerdict() {
    Probe probe = new ProbeBuilder().withNewExec().withCommand("true").endExec().build();
    assertThat(ask(without(new AtomicInteger(Integer.MAX_VALUE)), probe))
        .isEqualTo(new ProbeRun.Result(ProbeRun.Outcome.ERROR, "exec: no space left"));
    assertThat(ask(without(new AtomicInteger(2)), probe))
        .isEqualTo(new ProbeRun.Result(true, "simulated: true\n"));
  }

  @Test
  @Timeout(60)
  void aServerThatAnswersDropByDropGetsNoMoreTimeThanOneThatIsSilent() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      serve(server, new byte[] {'H'}, 100);
      assertThatThrownBy(() -> ask(server, SHORT)).isInstanceOf(IOException.class);
    }
  }

  @Test
  @Timeout(60)
  void aStatusLineWithoutEndIsReadOnlyAsFarAsOneCanBe() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      serve(server, "x".repeat(16_384).getBytes(StandardCharsets.US_ASCII), 0);
      assertThatThrownBy(() -> ask(server, LIMIT))
          .hasMessageContaining("a line of more than 8192 bytes");
    }
  }

  @Test
  @Timeout(60)
  void aHeaderIsOneLine() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var unused =
          Thread.ofVirtual().start(() -> answers(server, "HTTP/1.1 204 No Content\r\n\r\n"));
      HTTPGetAction get =
          new HTTPGetActionBuilder()
              .withPath("/")
              .withNewPort(server.getLocalPort())
              .addNewHttpHeader("X-One", "a\r\nX-Two: b")
              .build();
      assertThat(
              ProbeRun.http(
                  Socket::new, new Container(), get, "127.0.0.1", LIMIT, "kube-probe/1.36"))
          .isEqualTo(
              new ProbeRun.Result(
                  false,
                  "Get \"http://127.0.0.1:%d/\": net/http: invalid header field value for \"X-One\""
                      .formatted(server.getLocalPort())));
    }
  }

  private static ProbeRun.Result redirected(String location) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
      String here = "http://127.0.0.1:" + server.getLocalPort();
      var unused =
          Thread.ofVirtual()
              .start(
                  () -> {
                    String answer = "HTTP/1.1 302 Found\r\nLocation: " + location;
                    answers(server, answer.replace("HERE", here) + "\r\n\r\nmoved");
                    answers(server, "HTTP/1.1 204 No Content\r\n\r\n");
                  });
      return ask(server, LIMIT);
    }
  }

  private static void answers(ServerSocket server, String answer) {
    try (Socket socket = server.accept();
        OutputStream out = socket.getOutputStream()) {
      out.write(answer.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException theProbeHasGone) {
      return;
    }
  }

  @Test
  @Timeout(60)
  void redirectsToTheSameHostAreFollowed() throws IOException {
    assertThat(redirected("/other")).isEqualTo(new ProbeRun.Result(true, ""));
    assertThat(redirected("HERE/other")).isEqualTo(new ProbeRun.Result(true, ""));
  }

  @Test
  @Timeout(60)
  void aRedirectToAnotherHostIsASuccessToBeToldOf() throws IOException {
    assertThat(redirected("http://elsewhere.example/"))
        .isEqualTo(ProbeRun.Result.warning("Probe terminated redirects, Response body: moved"));
  }

  @Test
  void ofWhatACommandPrintsTheBeginningIsKept() {
    FirstBytes output = new FirstBytes();
    byte[] line = "0123456789".getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < 10_000; i++) {
      output.write(line, 0, line.length);
      output.write('x');
    }
    assertThat(output.toString()).hasSize(10_240).startsWith("0123456789x0123456789x");
  }
}
