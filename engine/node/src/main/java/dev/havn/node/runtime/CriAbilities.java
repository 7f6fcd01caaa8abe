// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// What a runtime that speaks CRI says that it can do.
///
/// @param handlers by name, of which the usual one is empty; none when it does not tell
record CriAbilities(Set<Feature> features, List<RuntimeHandler> handlers) {

  static CriAbilities of(Cri.StatusResponse status) {
    List<RuntimeHandler> handlers =
        status.getRuntimeHandlersList().stream()
            .map(
                each ->
                    new RuntimeHandler(
                        each.getName(), each.getFeatures().getRecursiveReadOnlyMounts(), false))
            .sorted(Comparator.comparing(RuntimeHandler::name))
            .toList();
    // Runtimes know CDI since containerd 1.7, where it is off, and do not tell whether they do.
    Set<Feature> features = EnumSet.complementOf(EnumSet.of(Feature.CDI, Feature.USER_NAMESPACES));
    if (handlers.stream().noneMatch(each -> each.name().isEmpty() && each.recursiveReadOnly())) {
      features.remove(Feature.RECURSIVE_READ_ONLY);
    }
    if (!status.getFeatures().getSupplementalGroupsPolicy()) {
      features.remove(Feature.GROUPS_POLICY);
    }
    return new CriAbilities(features, handlers);
  }
}
