// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClosingTest {
  private final Closing closing = new Closing();
  private final List<String> taken = new ArrayList<>();

  private boolean step(String name) {
    return closing.step(() -> taken.add(name));
  }

  private boolean failing(Exception failure) {
    return closing.step(
        () -> {
          throw failure;
        });
  }

  @Test
  void eachStepIsTakenAndTheFirstFailureToldWithTheOthersBesideIt() {
    IllegalStateException first = new IllegalStateException("the door is stuck");
    IOException second = new IOException("the disk is full");
    assertThat(failing(first)).isFalse();
    assertThat(step("network")).isTrue();
    assertThat(failing(second)).isFalse();
    step("lock");
    assertThat(taken).containsExactly("network", "lock");
    assertThat(closing.failure()).containsSame(first);
    closing.ifFailed(taken::add);
    assertThat(taken).last().isEqualTo("the door is stuck; the disk is full");
    assertThatThrownBy(closing::finish).isSameAs(first).hasSuppressedException(second);
  }

  @Test
  void whatWouldHaveToBeDeclaredIsWrappedWithThoseBesideIt() {
    IOException first = new IOException("the disk is full");
    IllegalStateException second = new IllegalStateException("the door is stuck");
    failing(first);
    failing(second);
    assertThatThrownBy(closing::finish)
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage("the disk is full")
        .hasCause(first)
        .hasSuppressedException(second);
  }

  @Test
  void anErrorKeepsNoStepFromBeingTaken() {
    closing.step(
        () -> {
          throw new StackOverflowError("too deep");
        });
    step("lock");
    assertThat(taken).containsExactly("lock");
    assertThatThrownBy(closing::finish).isInstanceOf(StackOverflowError.class);
  }

  @Test
  void anInterruptionIsNotLost() {
    failing(new InterruptedException("enough"));
    assertThat(Thread.interrupted()).isTrue();
    assertThatThrownBy(closing::finish).hasCauseInstanceOf(InterruptedException.class);
  }

  @Test
  void aStepMayLeaveSomething() {
    assertThat(closing.value(() -> "names")).contains("names");
    assertThat(
            closing.<String>value(
                () -> {
                  throw new IOException("the disk is full");
                }))
        .isEmpty();
    assertThatThrownBy(closing::finish).hasMessage("the disk is full");
  }

  @Test
  void whereNothingFailsNothingIsThrown() {
    step("all");
    closing.finish();
    closing.ifFailed(taken::add);
    assertThat(taken).containsExactly("all");
    assertThat(closing.failure()).isEmpty();
  }
}
