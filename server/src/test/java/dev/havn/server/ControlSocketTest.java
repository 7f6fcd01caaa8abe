// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlSocketTest {
  @TempDir Path folder;

  /// Another user could connect in the moment between.
  @Test
  void isNeverThereWithOtherPermissionsThanItsOwn() throws Exception {
    Path path = folder.resolve("s");
    AtomicBoolean done = new AtomicBoolean();
    AtomicBoolean seenOpen = new AtomicBoolean();
    Thread looker =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    seenOpen.compareAndSet(false, isOpen(path));
                  }
                });
    for (int i = 0; i < 300; i++) {
      ControlSocket.open(path, (command, arguments) -> TextNode.valueOf(command)).close();
    }
    done.set(true);
    looker.join();
    assertThat(seenOpen).isFalse();
  }

  private static boolean isOpen(Path path) {
    try {
      return !PosixFilePermissions.toString(Files.getPosixFilePermissions(path))
          .equals("rw-------");
    } catch (IOException notThere) {
      return false;
    }
  }

  @Test
  void answersWhereItWasAskedFor() throws IOException {
    Path path = folder.resolve("s");
    try (ControlSocket _ = ControlSocket.open(path, (command, _) -> TextNode.valueOf(command))) {
      assertThat(ControlSocket.ask(path, "status", JsonNodeFactory.instance.objectNode()).asText())
          .isEqualTo("status");
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aServerThatHangsIsSaidToHang() throws IOException {
    Path path = folder.resolve("s");
    CountDownLatch release = new CountDownLatch(1);
    ControlSocket.Commands hanging =
        (command, _) -> {
          try {
            release.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return TextNode.valueOf(command);
        };
    Files.writeString(path.resolveSibling("process"), "4711\n");
    try (ControlSocket _ = ControlSocket.open(path, hanging)) {
      assertThatThrownBy(
              () ->
                  ControlSocket.ask(
                      path,
                      "status",
                      JsonNodeFactory.instance.objectNode(),
                      Duration.ofMillis(200)))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("it hangs")
          .hasMessageContaining("`kill -9 4711`");
      release.countDown();
    }
  }
}
