// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The program, where it hangs: what it knows of a container is a pipe that nobody writes to.
@Timeout(60)
class RuncTest {
  private static final Duration WITHIN = Duration.ofMillis(300);

  @TempDir private Path state;
  private Path stuck;

  @BeforeEach
  void aContainerThatItHangsAt() throws IOException {
    boolean there = Program.missing(List.of("runc", "mkfifo")).isEmpty();
    if (!there) {
      System.out.println("skipped RuncTest: needs runc");
    }
    Assumptions.assumeTrue(there, "needs runc");
    stuck = Files.createDirectories(state.resolve("runc/stuck")).resolve("state.json");
    Program.must(List.of("mkfifo", stuck.toString()));
  }

  @Test
  void whatHangsEndsInItsTimeAndManyTimesInARowAreToldUntilItAnswers() throws IOException {
    Runc runc = new Runc(state, OciProgram.RUNC, WITHIN);
    for (int call = 0; call < 3; call++) {
      assertThat(runc.problems()).isEmpty();
      assertThatThrownBy(() -> runc.delete("stuck", "havn-none"))
          .isInstanceOf(Program.HangException.class)
          .hasMessageEndingWith("delete --force stuck does not end");
    }
    assertThat(runc.problems())
        .containsExactly(
            "container runtime is down: runc delete --force stuck does not end within 0 s");
    runc.tryAgain();
    assertThat(runc.problems()).hasSize(1);
    Files.delete(stuck);
    Files.delete(stuck.getParent());
    Runc patient = new Runc(state, OciProgram.RUNC, Runc.WITHIN);
    assertThat(patient.list()).isEmpty();
    TestPods.await(
        () -> {
          runc.tryAgain();
          return runc.problems();
        },
        List::isEmpty);
  }

  @Test
  void containersOfAProgramThatWasTakenAwayKeepNobodyFromTheOthersAndGoWithoutIt()
      throws IOException {
    Files.delete(stuck);
    Files.delete(stuck.getParent());
    // Whoever asked crun would wait for this pipe.
    Path old = Files.createDirectories(state.resolve("crun/old"));
    Program.must(List.of("mkfifo", old.resolve("status").toString()));
    Runc runc = new Runc(state, OciProgram.RUNC, Runc.WITHIN, each -> each.equals(OciProgram.RUNC));
    runc.tellOfStrangers();
    assertThat(runc.list()).isEmpty();
    runc.kill("old", "havn-none");
    assertThat(old).exists();
    runc.delete("old", "havn-none");
    assertThat(old.getParent()).isEmptyDirectory();
  }

  @Test
  void filesOfCommandsOfAServerThatWasKilledGo() throws IOException {
    Runc runc = new Runc(state, OciProgram.RUNC, WITHIN);
    runc.endCommands();
    Files.createFile(Files.createDirectory(runc.commands()).resolve("left.json"));
    runc.endCommands();
    assertThat(runc.commands()).doesNotExist();
  }
}
