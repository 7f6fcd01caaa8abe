// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/// The roles and bindings that every Kubernetes has from its first moment.
public final class BootstrapRoles {
  private BootstrapRoles() {}

  /// One of the ClusterRoles.
  static ObjectNode clusterRole(String name) {
    return read().stream()
        .filter(
            each ->
                each.path("kind").asText().equals("ClusterRole")
                    && each.path("metadata").path("name").asText().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no default role " + name));
  }

  /// `ClusterRole`, `ClusterRoleBinding`, `Role` and `RoleBinding` objects.
  public static List<ObjectNode> read() {
    return read("default-roles.json");
  }

  /// What the controller may do that looks after StorageVersions, where there are any.
  public static List<ObjectNode> ofStorageVersions() {
    return read("storage-version-roles.json");
  }

  private static List<ObjectNode> read(String file) {
    try (InputStream resource = BootstrapRoles.class.getResourceAsStream(file)) {
      if (resource == null) {
        throw new AssertionError(file + " is not on the class path");
      }
      List<ObjectNode> objects = new ArrayList<>();
      for (JsonNode each : new ObjectMapper().readTree(resource)) {
        ObjectNode object = (ObjectNode) each;
        object.put("apiVersion", "rbac.authorization.k8s.io/v1");
        objects.add(object);
      }
      return objects;
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }
}
