// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Consumption;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// One container whose counters the test turns.
class UsageMeterTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final String POD = "pod";

  private Instant now = START;
  private long cpuNanos;
  private boolean counts = true;
  private Container container =
      new Container("id-0", "web", 0, "i", "i", START, null, 0, false, Path.of("log"));

  private final ContainerRuntime runtime =
      (ContainerRuntime)
          Proxy.newProxyInstance(
              UsageMeterTest.class.getClassLoader(),
              new Class<?>[] {ContainerRuntime.class},
              (_, method, _) ->
                  switch (method.getName()) {
                    case "features" ->
                        counts ? EnumSet.of(Feature.USAGE) : EnumSet.noneOf(Feature.class);
                    case "pods" -> List.of(POD);
                    case "containers" -> List.of(container);
                    case "consumption" -> Optional.of(new Consumption(cpuNanos, 4_096));
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private final UsageMeter meter = new UsageMeter(runtime, () -> now);

  private void pass(int seconds, long cpuMillis) {
    now = now.plusSeconds(seconds);
    cpuNanos += cpuMillis * 1_000_000;
  }

  @Test
  void aContainerThatHasJustStartedIsMeasuredSinceItsStart() {
    pass(4, 2_000);
    assertThat(meter.ofPod(POD))
        .containsEntry("web", new Figure(now, Duration.ofSeconds(4), 500_000_000, 4_096));
  }

  @Test
  void figuresAreOfTheTimeBetweenTheLastTwoReadings() {
    pass(4, 2_000);
    meter.read();
    pass(10, 1_000);
    meter.read();
    pass(5, 5_000);
    Instant read = START.plusSeconds(14);
    assertThat(meter.ofPod(POD))
        .containsEntry("web", new Figure(read, Duration.ofSeconds(10), 100_000_000, 4_096));
  }

  @Test
  void aContainerThatHasEndedHasNoFiguresAndTheNextBeginsAnew() {
    pass(4, 2_000);
    meter.read();
    container = new Container("id-0", "web", 0, "i", "i", START, now, 0, false, Path.of("log"));
    assertThat(meter.ofPod(POD)).isEmpty();
    meter.read();
    container = new Container("id-1", "web", 1, "i", "i", now, null, 0, false, Path.of("log"));
    cpuNanos = 0;
    pass(2, 200);
    assertThat(meter.ofPod(POD))
        .containsEntry("web", new Figure(now, Duration.ofSeconds(2), 100_000_000, 4_096));
  }

  @Test
  void aRuntimeThatCountsNothingIsNotAsked() {
    counts = false;
    meter.read();
    assertThat(meter.ofPod(POD)).isEmpty();
    assertThat(meter.ofNode()).isEmpty();
  }

  @Test
  void theMachineIsMeasuredBetweenTwoReadings() {
    meter.read();
    pass(10, 0);
    meter.read();
    assertThat(meter.ofNode())
        .hasValueSatisfying(
            figure -> {
              assertThat(figure.window()).isEqualTo(Duration.ofSeconds(10));
              assertThat(figure.memoryBytes()).isPositive();
            });
  }
}
