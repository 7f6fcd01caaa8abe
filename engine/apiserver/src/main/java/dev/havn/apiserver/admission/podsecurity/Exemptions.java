// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/// What the plugin does not look at.
///
/// @param users who may create any pod
/// @param namespaces in which any pod may be created
/// @param runtimeClasses with which a pod may be anything
record Exemptions(Set<String> users, Set<String> namespaces, Set<String> runtimeClasses) {
  boolean hasRuntimeClass(JsonNode spec) {
    String name = spec.path("runtimeClassName").asText("");
    return !name.isEmpty() && runtimeClasses.contains(name);
  }
}
