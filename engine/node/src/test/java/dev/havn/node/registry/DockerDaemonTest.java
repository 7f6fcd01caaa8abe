// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.TestImages;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A daemon of the test's own answers at its socket what it is told to.
@Timeout(60)
class DockerDaemonTest {
  @TempDir private Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private ServerSocketChannel listener;
  private DockerDaemon docker;

  /// By which an answer is written.
  @FunctionalInterface
  private interface Answer {
    void write(OutputStream out) throws IOException, InterruptedException;
  }

  private volatile Answer answer = _ -> {};

  @BeforeEach
  void listens() throws IOException {
    Path socket = folder.resolve("docker.sock");
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    docker = new DockerDaemon(socket, Duration.ofSeconds(20));
    Thread.ofVirtual().start(this::serve);
  }

  private void serve() {
    while (true) {
      try (SocketChannel channel = listener.accept()) {
        InputStream in = Channels.newInputStream(channel);
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) in.read());
        }
        asked.add(head.substring(0, head.indexOf("\r\n")));
        answer.write(Channels.newOutputStream(channel));
      } catch (ClosedChannelException end) {
        return;
      } catch (IOException | InterruptedException gone) {
        asked.add("broken off");
      }
    }
  }

  @AfterEach
  void ends() throws IOException {
    over.countDown();
    listener.close();
  }

  private static void text(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anImageComesAsDockerSavesIt() throws IOException {
    Assumptions.assumeTrue(TestImages.missing().isEmpty(), TestImages.missing());
    Path archive = TestImages.busybox(folder);
    answer =
        out -> {
          text(out, "HTTP/1.0 200 OK\r\nContent-Type: application/x-tar\r\n\r\n");
          Files.copy(archive, out);
        };
    Path file = folder.resolve("image.tar");
    docker.save("example.test/busybox:1", file);
    assertThat(asked).containsExactly("GET /images/example.test/busybox%3A1/get HTTP/1.0");
    assertThat(Files.mismatch(archive, file)).isEqualTo(-1);
    assertThat(new ImageStore(folder.resolve("images")).load(file))
        .containsExactly("example.test/busybox:1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTP/1.1 404 Not Found;;{\"message\":\"No such image: a\"} | No such image: a",
        "HTTP/1.1 500 Oh;Content-Length: 2;;no | HTTP/1.1 500 Oh",
        "HTTP/1.0 200 OK;Content-Length: 9;;short | image a ends after 5 of 9 bytes",
        "HTTP/1.1 200 OK;Transfer-Encoding: chunked;;5 | answers HTTP/1.0 in chunks",
        "HTTP/1.0 200 OK;X: y | its answer ends early",
        "SSH-2.0;; | SSH-2.0",
      })
  void whatIsNoImageIsSaid(String said, String message) {
    answer = out -> text(out, said.replace(";", "\r\n"));
    assertThatThrownBy(() -> docker.save("a", folder.resolve("x.tar")))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("image a cannot be had from Docker at " + docker.socket())
        .hasMessageContaining(message);
  }

  @Test
  void endlessHeadersAreNotReadToTheirEnd() {
    answer =
        out -> {
          text(out, "HTTP/1.0 200 OK\r\n");
          while (true) {
            text(out, "X: " + "y".repeat(1_000) + "\r\n");
          }
        };
    assertThatThrownBy(() -> docker.save("a", folder.resolve("x.tar")))
        .hasMessageContaining("too many headers");
  }

  @Test
  void aDaemonThatIsSilentIsNotWaitedForForEver() {
    answer =
        out -> {
          text(out, "HTTP/1.0 200 OK\r\n\r\nbegun");
          over.await();
        };
    DockerDaemon silent = new DockerDaemon(docker.socket(), Duration.ofMillis(200));
    assertThatThrownBy(() -> silent.save("a", folder.resolve("x.tar")))
        .hasMessageContaining("it says nothing for");
  }

  @Test
  void whereNoDockerIsThatIsSaid() {
    DockerDaemon none = DockerDaemon.at("unix://" + folder + "/none.sock");
    assertThatThrownBy(() -> none.save("a", folder.resolve("x.tar")))
        .hasMessage(
            "image a cannot be had from Docker at %s/none.sock: there is no such socket"
                .formatted(folder));
    assertThat(DockerDaemon.at("").socket()).isEqualTo(Path.of("/var/run/docker.sock"));
    assertThatThrownBy(() -> DockerDaemon.at("tcp://127.0.0.1:2375"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("Havn reads Docker's Unix socket only");
  }
}
