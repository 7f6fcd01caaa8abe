// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.RuntimeHandler;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What keeps a pod's containers apart from others: the handler that its RuntimeClass names
/// (KEP-585). A runtime that starts programs itself has one, which is called as it is; those that
/// speak CRI have their own, and know best which.
public final class RuntimeHandlers {
  private static final String CLASSES = "/apis/node.k8s.io/v1/runtimeclasses/";
  private static final String FAILED = "Failed to create pod sandbox: ";

  private final PodApi api;
  private final ContainerRuntime runtime;

  RuntimeHandlers(PodApi api, ContainerRuntime runtime) {
    this.api = api;
    this.runtime = runtime;
  }

  /// Those that a node tells of.
  public static List<RuntimeHandler> of(ContainerRuntime runtime) {
    List<RuntimeHandler> told = runtime.handlers();
    return told.isEmpty()
        ? names(runtime).map(each -> handler(each, runtime.features())).toList()
        : told;
  }

  private static Stream<String> names(ContainerRuntime runtime) {
    return isKnownToIt(runtime) ? Stream.of("") : Stream.of("", word(runtime));
  }

  private static RuntimeHandler handler(String name, Set<Feature> features) {
    return new RuntimeHandler(
        name,
        features.contains(Feature.RECURSIVE_READ_ONLY),
        features.contains(Feature.USER_NAMESPACES));
  }

  private static boolean isKnownToIt(ContainerRuntime runtime) {
    return !runtime.needsImages() || runtime.features().contains(Feature.HANDLERS);
  }

  private static String word(ContainerRuntime runtime) {
    String version = runtime.version();
    return version.substring(0, version.indexOf(':'));
  }

  /// The handler of a pod, which is looked up at once unless the pod runs: its class may have gone
  /// since. One that is to be kept apart anew needs its class again.
  ///
  /// @throws StartException as [#of(Pod)] does; so does what it gives
  Supplier<String> of(Pod pod, PodMemory memory) {
    Supplier<String> handler =
        () -> {
          @Nullable String known = memory.handler;
          if (known == null) {
            known = of(pod);
            memory.handler = known;
          }
          return known;
        };
    String uid = pod.getMetadata().getUid();
    if (memory.handler == null && runtime.containers(uid).stream().noneMatch(Container::running)) {
      String unused = handler.get();
    }
    return handler;
  }

  /// The handler of a pod, empty for the usual one.
  ///
  /// @throws StartException in the kubelet's words, when its class is not there, or its handler
  String of(Pod pod) {
    @Nullable String name = pod.getSpec().getRuntimeClassName();
    if (name == null || name.isEmpty() || !runtime.needsImages()) {
      return "";
    }
    JsonNode found =
        api.find(CLASSES + name)
            .orElseThrow(() -> failed("runtimeclass.node.k8s.io \"%s\" not found".formatted(name)));
    String handler = found.path("handler").asText();
    if (!isKnownToIt(runtime) && names(runtime).noneMatch(handler::equals)) {
      throw failed("no runtime for \"%s\" is configured".formatted(handler));
    }
    return handler;
  }

  private static StartException failed(String why) {
    return new StartException("FailedCreatePodSandBox", FAILED + why, null);
  }
}
