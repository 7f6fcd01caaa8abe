// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.JsonNode;

/// The scale of a target, as its subresource says.
///
/// @param wanted replicas of its spec
/// @param present replicas of its status
/// @param selector of its pods, empty when it says none
/// @param path of the subresource
record Scale(int wanted, int present, String selector, String path, JsonNode object) {
  static Scale of(String path, JsonNode object) {
    return new Scale(
        object.path("spec").path("replicas").asInt(),
        object.path("status").path("replicas").asInt(),
        object.path("status").path("selector").asText(""),
        path,
        object);
  }
}
