// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
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

  /// Those that a node tells of; the empty one is for pods without a class.
  public static List<String> of(ContainerRuntime runtime) {
    return isKnownToIt(runtime) ? List.of("") : List.of("", word(runtime));
  }

  private static boolean isKnownToIt(ContainerRuntime runtime) {
    return !runtime.needsImages() || runtime.features().contains(Feature.HANDLERS);
  }

  private static String word(ContainerRuntime runtime) {
    String version = runtime.version();
    return version.substring(0, version.indexOf(':'));
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
    if (!isKnownToIt(runtime) && !of(runtime).contains(handler)) {
      throw failed("no runtime for \"%s\" is configured".formatted(handler));
    }
    return handler;
  }

  private static StartException failed(String why) {
    return new StartException("FailedCreatePodSandBox", FAILED + why, null);
  }
}
