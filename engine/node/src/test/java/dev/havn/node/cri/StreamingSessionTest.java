// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StreamingSessionTest {
  @Test
  void aStatusTellsHowACommandEnded() throws IOException {
    assertThat(StreamingSession.exitCode("")).isZero();
    assertThat(StreamingSession.exitCode("{\"metadata\":{},\"status\":\"Success\"}")).isZero();
    assertThat(
            StreamingSession.exitCode(
                "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"42\"}]}}"))
        .isEqualTo(42);
  }

  @Test
  void aFailureThatIsNoExitCodeIsAnError() {
    assertThatThrownBy(
            () ->
                StreamingSession.exitCode(
                    "{\"status\":\"Failure\",\"message\":\"container not running\"}"))
        .isInstanceOf(IOException.class)
        .hasMessage("container not running");
    assertThatThrownBy(() -> StreamingSession.exitCode("no such thing"))
        .isInstanceOf(IOException.class)
        .hasMessage("no such thing");
  }

  @Test
  void whoDoesNotOpenStreamsIsNamed() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> refuse(server));
      String url = "http://127.0.0.1:" + server.getLocalPort() + "/exec/token";
      assertThatThrownBy(() -> StreamingSession.command(url))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("HTTP/1.1 404 Not Found");
    }
  }

  private static void refuse(ServerSocket server) {
    try (Socket socket = server.accept()) {
      InputStream in = socket.getInputStream();
      int last = 0;
      while (last != '\n' || in.available() > 0) {
        last = in.read();
      }
      socket
          .getOutputStream()
          .write("HTTP/1.1 404 Not Found\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void streamsOverTlsAreRefusedWithARemedy() {
    assertThatThrownBy(() -> StreamingSession.command("https://127.0.0.1:1/exec/token"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("enable_tls_streaming = false");
  }
}
