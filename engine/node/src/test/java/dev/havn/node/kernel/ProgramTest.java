// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramTest {
  @Test
  void aCommandsProgramIsFoundWhereItWasLookedFor() throws IOException {
    assertThat(Program.builder(List.of("sh", "-c", "true")).command())
        .containsExactly(Program.find("sh"), "-c", "true");
    assertThat(Program.must(List.of("sh", "-c", "echo $PATH"))).contains("/usr/sbin");
    assertThat(Program.missing(List.of("sh", "no-such-program")))
        .containsExactly("no-such-program");
  }

  @Test
  void aProgramThatIsNotThereKeepsItsName() {
    assertThat(Program.builder(List.of("no-such-program")).command())
        .containsExactly("no-such-program");
  }
}
