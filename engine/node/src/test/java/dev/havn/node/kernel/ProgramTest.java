// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

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

  @Test
  void aProgramThatHangsIsEndedWithAllThatItStarted() throws IOException {
    List<String> hangs = List.of("sh", "-c", "sleep 98765.25; true");
    assertThatThrownBy(() -> Program.run(hangs, "", Duration.ofMillis(300)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("does not end");
    for (long left : Processes.startedWith("sleep 98765.25")) {
      ProcessHandle.of(left).ifPresent(process -> process.onExit().join());
    }
  }

  @Test
  @Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
  void whatAProgramDoesNotReadIsNotWaitedFor() {
    List<String> hangs = List.of("sh", "-c", "exec sleep 98765.75");
    assertThatThrownBy(() -> Program.run(hangs, "x".repeat(300_000), Duration.ofMillis(300)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("does not end");
  }

  @Test
  void inputThatFillsThePipeIsTakenWhileOutputIsRead() throws IOException {
    assertThat(Program.run(List.of("cat"), "x".repeat(300_000)).output()).hasSize(300_000);
  }

  /// The JDK takes what is in the pipe when a program has ended, unless somebody is reading then:
  /// the output is whole or said to be endless, but never waited for until its holder ends.
  @Test
  void theOutputOfAProgramIsNotWaitedForWhenAnotherHoldsIt() throws IOException {
    List<String> leaves = List.of("sh", "-c", "sleep 98765.5 & echo done");
    try {
      assertThat(Program.run(leaves, "", Duration.ofMillis(300)).output()).isEqualTo("done");
    } catch (IOException endless) {
      assertThat(endless).hasMessageContaining("output");
    }
    assertThat(Processes.startedWith("sleep 98765.5")).isNotEmpty();
    Processes.startedWith("sleep 98765.5").forEach(Processes::kill);
  }

  @Test
  void outputThatFillsThePipeIsReadWhileTheProgramRuns() throws IOException {
    assertThat(Program.must(List.of("sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x")))
        .hasSize(300_000);
  }

  @Test
  void anAnswerIsKeptApartFromErrorsAndNeedsNoReadQuestion() throws IOException {
    List<String> deaf = List.of("sh", "-c", "exec <&-; echo yes $WHO; echo no >&2; exit 3");
    Program.Answer answer =
        Program.ask(deaf, Map.of("WHO", "me"), "x".repeat(300_000), Duration.ofSeconds(30));
    assertThat(answer).isEqualTo(new Program.Answer(3, "yes me\n", "no"));
    assertThat(Program.ask(List.of("cat"), Map.of(), "question", Duration.ofSeconds(30)).output())
        .isEqualTo("question");
    assertThatThrownBy(
            () ->
                Program.ask(
                    List.of("head", "-c", "3000000", "/dev/zero"),
                    Map.of(),
                    "",
                    Duration.ofSeconds(30)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("says more than");
  }
}
