// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndsTest {
  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));

  @Test
  void careIsTakenEveryFiveSecondsThoughItFailsAtTimes() throws IOException {
    AtomicInteger cares = new AtomicInteger();
    Ends ends =
        new Ends(
            new ContainerFolders(folder),
            time,
            () -> {},
            () -> {
              if (cares.incrementAndGet() == 1) {
                throw new IllegalStateException("once");
              }
            });
    ends.begin();
    time.advance(Duration.ofMillis(4_999));
    assertThat(cares).hasValue(0);
    time.advance(Duration.ofMillis(1));
    assertThat(cares).hasValue(1);
    time.advance(Duration.ofSeconds(10));
    assertThat(cares).hasValue(3);
    ends.close();
  }
}
