// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndsTest {
  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));

  @Test
  void whatNeedsMoreCareGetsItSooner() throws IOException {
    AtomicInteger cares = new AtomicInteger();
    AtomicBoolean needsMore = new AtomicBoolean(true);
    Ends ends =
        new Ends(
            new ContainerFolders(folder),
            time,
            () -> {},
            () -> {
              cares.incrementAndGet();
              return needsMore.get();
            });
    ends.begin();
    time.advance(Duration.ofMillis(4_999));
    assertThat(cares).hasValue(0);
    time.advance(Duration.ofMillis(1));
    assertThat(cares).hasValue(1);
    time.advance(Duration.ofMillis(500));
    assertThat(cares).hasValue(3);
    needsMore.set(false);
    time.advance(Duration.ofMillis(250));
    assertThat(cares).hasValue(4);
    time.advance(Duration.ofMillis(4_999));
    assertThat(cares).hasValue(4);
    time.advance(Duration.ofMillis(1));
    assertThat(cares).hasValue(5);
    ends.close();
  }
}
