// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.ResourceType;
import org.jspecify.annotations.Nullable;

/// Looks at every write after it was merged and defaulted, and before it is validated and stored;
/// may change the object, or refuse by throwing `ApiException`.
@FunctionalInterface
public interface Admission {
  void admit(Write write);

  /// What a write does.
  enum Operation {
    CREATE,
    UPDATE,
    DELETE
  }

  /// @param object the object to be stored, which may be changed; for a delete the one that goes
  /// @param before what stood there, or null on create
  /// @param subresource empty for the object itself
  record Write(
      Operation operation,
      ResourceType type,
      String subresource,
      String namespace,
      String name,
      ObjectNode object,
      @Nullable ObjectNode before,
      UserInfo user) {}
}
