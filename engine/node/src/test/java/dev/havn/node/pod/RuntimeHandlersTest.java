// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.RuntimeHandler;
import io.fabric8.kubernetes.api.model.Pod;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class RuntimeHandlersTest {
  private static final String CLASSES = "/apis/node.k8s.io/v1/runtimeclasses/";

  private final TableApi api =
      new TableApi()
          .with(CLASSES + "usual", "{handler: runc}")
          .with(CLASSES + "guarded", "{handler: kata}");

  private static ContainerRuntime runtime(
      String version, boolean needsImages, Set<Feature> features) {
    return runtime(version, needsImages, features, List.of());
  }

  private static ContainerRuntime runtime(
      String version, boolean needsImages, Set<Feature> features, List<Container> containers) {
    return (ContainerRuntime)
        Proxy.newProxyInstance(
            ContainerRuntime.class.getClassLoader(),
            new Class<?>[] {ContainerRuntime.class},
            (_, method, _) ->
                switch (method.getName()) {
                  case "version" -> version;
                  case "needsImages" -> needsImages;
                  case "features" -> features;
                  case "containers" -> containers;
                  case "handlers" -> List.of();
                  default -> throw new AssertionError(method);
                });
  }

  private static final ContainerRuntime RUNC =
      runtime("runc://1.2.3", true, Set.of(Feature.RECURSIVE_READ_ONLY));
  private static final ContainerRuntime CONTAINERD =
      runtime("containerd://2.1.0", true, Set.of(Feature.HANDLERS));
  private static final ContainerRuntime SIMULATED = runtime("simulated://1", false, Set.of());

  private static Pod pod(String more) {
    return GoldenPods.pod(
        "{metadata: {name: p, uid: p}, spec: {%scontainers: []}}".formatted(more));
  }

  private String of(ContainerRuntime runtime, String name) {
    return new RuntimeHandlers(api, runtime).of(pod("runtimeClassName: " + name + ", "));
  }

  @Test
  void aRuntimeThatStartsProgramsItselfHasOneOfItsName() {
    assertThat(new RuntimeHandlers(api, RUNC).of(pod(""))).isEmpty();
    assertThat(of(RUNC, "usual")).isEqualTo("runc");
    assertThat(RuntimeHandlers.of(RUNC))
        .containsExactly(
            new RuntimeHandler("", true, false), new RuntimeHandler("runc", true, false));
    assertThatThrownBy(() -> of(RUNC, "guarded"))
        .isInstanceOfSatisfying(
            StartException.class, e -> assertThat(e.reason()).isEqualTo("FailedCreatePodSandBox"))
        .hasMessage("Failed to create pod sandbox: no runtime for \"kata\" is configured");
  }

  @Test
  void othersAreAskedForWhateverTheClassSays() {
    assertThat(of(CONTAINERD, "guarded")).isEqualTo("kata");
    assertThat(RuntimeHandlers.of(CONTAINERD))
        .as("of one that does not tell")
        .containsExactly(new RuntimeHandler("", false, false));
  }

  @Test
  void aClassThatWasDeletedStartsNothing() {
    assertThatThrownBy(() -> of(CONTAINERD, "gone"))
        .isInstanceOf(StartException.class)
        .hasMessage("Failed to create pod sandbox: runtimeclass.node.k8s.io \"gone\" not found");
  }

  @Test
  void aPodThatRunsNeedsItsClassAgainOnlyWhenItIsKeptApartAnew() {
    Container running =
        new Container("id", "c", 0, "i", "i", Instant.EPOCH, null, 0, false, Path.of("log"));
    RuntimeHandlers handlers =
        new RuntimeHandlers(
            api, runtime("containerd://2.1.0", true, Set.of(Feature.HANDLERS), List.of(running)));
    assertThat(handlers.of(pod("runtimeClassName: guarded, "), new PodMemory()).get())
        .isEqualTo("kata");
    Supplier<String> gone = handlers.of(pod("runtimeClassName: gone, "), new PodMemory());
    assertThatThrownBy(gone::get).hasMessageEndingWith("\"gone\" not found");
  }

  @Test
  void aPodThatDoesNotRunNeedsItsClassAtOnceAndNeverAgain() {
    RuntimeHandlers handlers = new RuntimeHandlers(api, CONTAINERD);
    PodMemory memory = new PodMemory();
    Pod gone = pod("runtimeClassName: gone, ");
    assertThatThrownBy(() -> handlers.of(gone, memory)).isInstanceOf(StartException.class);
    assertThat(handlers.of(pod("runtimeClassName: guarded, "), memory).get()).isEqualTo("kata");
    assertThat(handlers.of(gone, memory).get()).isEqualTo("kata");
  }

  @Test
  void simulatedPodsAreKeptApartByNothing() {
    assertThat(of(SIMULATED, "guarded")).isEmpty();
    assertThat(RuntimeHandlers.of(SIMULATED)).containsExactly(new RuntimeHandler("", false, false));
  }
}
