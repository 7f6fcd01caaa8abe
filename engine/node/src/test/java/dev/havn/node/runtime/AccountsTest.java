// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccountsTest {
  @TempDir private Path rootfs;

  @Test
  void usersAndGroupsOfAnImageLargerThanMemoryAreNotRead() throws IOException {
    Path etc = Files.createDirectory(rootfs.resolve("etc"));
    Files.writeString(etc.resolve("passwd"), "web:x:1000:2000::/:/bin/sh\n");
    assertThat(Accounts.user(rootfs, "web")).containsExactly(1000, 2000);
    for (String name : new String[] {"passwd", "group"}) {
      try (RandomAccessFile file = new RandomAccessFile(etc.resolve(name).toFile(), "rw")) {
        file.setLength(8L << 30);
      }
    }
    String tooLarge = " of the image has more than 4194304 bytes";
    assertThatThrownBy(() -> Accounts.user(rootfs, "web"))
        .isInstanceOf(StartException.class)
        .hasMessage("/etc/passwd" + tooLarge);
    assertThatThrownBy(() -> Accounts.group(rootfs, "web"))
        .isInstanceOf(StartException.class)
        .hasMessage("/etc/group" + tooLarge);
  }
}
