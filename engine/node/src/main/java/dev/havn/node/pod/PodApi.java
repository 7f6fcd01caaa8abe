// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.util.Optional;

/// What a node asks the API for the sake of a pod: the objects its containers are made with.
interface PodApi {

  /// The object or list at a path, or empty when there is none.
  Optional<JsonNode> find(String path);

  /// Creates, and gives the answer.
  JsonNode create(String path, String json);

  static PodApi of(Api api) {
    return new PodApi() {
      @Override
      public Optional<JsonNode> find(String path) {
        return api.find(path);
      }

      @Override
      public JsonNode create(String path, String json) {
        return api.create(path, json);
      }
    };
  }
}
