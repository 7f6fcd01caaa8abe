// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.util.Optional;

/// What is asked of the API for the sake of volumes.
public interface CsiApi {

  /// The object at a path, or empty when there is none.
  Optional<JsonNode> find(String path);

  /// Creates, and gives the answer.
  JsonNode create(String path, String json);

  /// Changes by a merge patch, and gives the answer.
  JsonNode merge(String path, JsonNode patch);

  static CsiApi of(Api api) {
    return new CsiApi() {
      @Override
      public Optional<JsonNode> find(String path) {
        return api.find(path);
      }

      @Override
      public JsonNode create(String path, String json) {
        return api.create(path, json);
      }

      @Override
      public JsonNode merge(String path, JsonNode patch) {
        return api.merge(path, patch);
      }
    };
  }
}
