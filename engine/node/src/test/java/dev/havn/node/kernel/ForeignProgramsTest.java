// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ForeignProgramsTest {
  private static final String QEMU =
      """
      %s
      interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
      flags: %s
      offset 0
      magic 7f454c460201010000000000000000000200b700
      mask ffffffffffffff00fffffffffffffffffeffffff
      """;

  @TempDir private Path registered;

  @Test
  void anInterpreterThatIsOpenAlreadyIsFoundInContainers() throws IOException {
    Files.writeString(registered.resolve("register"), "");
    Files.writeString(registered.resolve("status"), "enabled\n");
    register("jar", "enabled\ninterpreter /usr/bin/jexec\nflags: F\noffset 0\nmagic 504b0304\n");
    assertThat(refusal("arm64")).contains("no interpreter", "apt-get install qemu-user-static");
    register("qemu-aarch64", QEMU.formatted("enabled", "POC"));
    assertThat(refusal("arm64")).contains("lacks the flag F");
    register("qemu-aarch64", QEMU.formatted("disabled", "POCF"));
    assertThat(refusal("arm64")).contains("no interpreter");
    register("qemu-aarch64", QEMU.formatted("enabled", "POCF"));
    assertThat(refusal("arm64")).isEmpty();
    for (String other : new String[] {"amd64", "arm", "riscv64", "s390x"}) {
      assertThat(refusal(other)).as(other).contains("no interpreter");
    }
    assertThat(refusal("pdp11")).contains("no program for it is known");
  }

  @Test
  void aMachineWithoutThemRunsItsOwnOnly() {
    assertThat(new ForeignPrograms(registered.resolve("none")).refusal("arm64").orElse(""))
        .contains("cannot be read");
  }

  private void register(String name, String text) throws IOException {
    Files.writeString(registered.resolve(name), text);
  }

  private String refusal(String architecture) {
    return new ForeignPrograms(registered).refusal(architecture).orElse("");
  }
}
