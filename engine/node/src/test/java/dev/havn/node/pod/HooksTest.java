// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.addresses.AddressRange;
import dev.havn.node.runtime.SimulatedRuntime;
import dev.havn.reconcile.VirtualTime;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A container ends after its hook, so a hook has an outcome whatever it is.
class HooksTest {
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-05-04T10:00:00Z"));
  private final Hooks hooks =
      new Hooks(new SimulatedRuntime(time, time, AddressRange.parse("192.0.2.0/24")), time);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{httpGet: {path: /, port: 8080}}",
        "{httpGet: {host: a_b, path: /, port: 8080}}",
        "{httpGet: {path: /, port: 99999}}",
        "{tcpSocket: {port: 8080}}",
      })
  void aHookThatCannotBeRunHasSaidSo(String hook) {
    Pod pod =
        GoldenPods.pod(
            """
            metadata: {name: p, namespace: default, uid: u}
            spec: {containers: [{name: c, lifecycle: {preStop: %s}}]}
            """
                .formatted(hook));
    Container spec = pod.getSpec().getContainers().getFirst();
    var running =
        GoldenPods.container(
            "c", JsonNodeFactory.instance.objectNode().put("started", "2026-05-04T10:00:00Z"));
    CompletableFuture<String> said =
        hooks.run(spec.getLifecycle().getPreStop(), pod, spec, running, Duration.ofSeconds(5), "");
    time.advance(Duration.ofSeconds(1));
    assertThat(said).isCompletedWithValueMatching(each -> !each.isEmpty());
  }
}
