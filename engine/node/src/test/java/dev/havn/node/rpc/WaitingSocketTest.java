// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitingSocketTest {
  @Test
  void whoCannotBeTakenNowIsTakenLater() throws IOException {
    List<SocketChannel> taken = new ArrayList<>();
    int[] asked = {0};
    try (SocketChannel first = SocketChannel.open(StandardProtocolFamily.UNIX);
        SocketChannel second = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      WaitingSocket.serve(
          () ->
              switch (asked[0]++) {
                case 0 -> first;
                case 1, 2 -> throw new IOException("Too many open files");
                case 3 -> second;
                default -> throw new ClosedChannelException();
              },
          taken::add,
          Duration.ofNanos(1),
          Path.of("s"));
      assertThat(taken).containsExactly(first, second);
    }
  }
}
