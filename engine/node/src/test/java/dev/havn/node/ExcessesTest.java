// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.ProcessBound;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A pod of one container whose counters the test turns.
class ExcessesTest {
  private static final long MEBIBYTE = 1 << 20;

  private final Container container =
      new Container("id-0", "web", 0, "i", "i", Instant.EPOCH, null, 0, false, Path.of("log"));
  private final List<String> told = new ArrayList<>();
  private long refused;
  private long putAway;

  private final ContainerRuntime runtime =
      (ContainerRuntime)
          Proxy.newProxyInstance(
              ExcessesTest.class.getClassLoader(),
              new Class<?>[] {ContainerRuntime.class},
              (_, method, _) ->
                  switch (method.getName()) {
                    case "containers" -> List.of(container);
                    case "processBound" -> new ProcessBound(64, 64, refused);
                    case "logBytesPutAway" -> putAway;
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private final Excesses excesses =
      new Excesses(
          runtime, (pod, part, reason, message) -> told.add(part + " " + reason + ": " + message));

  private void look() {
    Pod pod = new PodBuilder().withNewMetadata().withUid("u").withName("p").endMetadata().build();
    excesses.look(List.of(pod));
  }

  @Test
  void whatWasThereWhenTheNodeStartedIsNoNews() {
    refused = 5;
    putAway = 900 * MEBIBYTE;
    look();
    look();
    assertThat(told).isEmpty();
  }

  @Test
  void aPodThatIsRefusedProcessesIsToldOfAsOftenAsThatGoesOn() {
    look();
    refused = 3;
    look();
    look();
    refused = 4;
    look();
    assertThat(told)
        .containsExactly(words("ProcessLimitReached"), words("ProcessLimitReached"))
        .first()
        .asString()
        .contains("64 (podPidsLimit)");
  }

  private String words(String reason) {
    return told.stream().filter(each -> each.contains(reason)).findFirst().orElse("none");
  }

  @Test
  void aPodThatIsNewIsToldOfAtOnce() {
    excesses.look(List.of());
    refused = 1;
    look();
    assertThat(told).hasSize(1);
  }

  @Test
  void aContainerFloodsItsLogThatWritesMoreThanIsKeptBetweenTwoLooks() {
    look();
    putAway = 49 * MEBIBYTE;
    look();
    assertThat(told).isEmpty();
    putAway += 50 * MEBIBYTE;
    look();
    assertThat(told)
        .containsExactly(
            "spec.containers{web} LogFlooded: Container web floods its log: of what it writes the last 50 MiB are kept");
  }

  @Test
  void countersThatBeginAnewCountFromZero() {
    refused = 100;
    look();
    refused = 1;
    look();
    assertThat(told).hasSize(1);
  }
}
