// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.ResourceType;
import org.jspecify.annotations.Nullable;

/// Looks at every write after it was merged and defaulted, before it is stored, in two phases as
/// Kubernetes does; refuses by throwing `ApiException`.
public interface Admission {
  /// Before validation; may change the object.
  default void admit(Write write) {}

  /// After validation, when the object is what would be stored; changes nothing.
  default void validate(Write write) {}

  /// What a write does.
  enum Operation {
    CREATE,
    UPDATE,
    DELETE
  }

  /// @param object the object to be stored, which may be changed; for a delete the one that goes
  /// @param before what stood there, or null on create
  /// @param name where the server makes it, the prefix that was given until the object is validated
  /// @param subresource empty for the object itself
  /// @param isDryRun whether nothing will be stored
  /// @param notes takes warnings and annotations
  record Write(
      Operation operation,
      ResourceType type,
      String subresource,
      String namespace,
      String name,
      ObjectNode object,
      @Nullable ObjectNode before,
      UserInfo user,
      boolean isDryRun,
      Notes notes) {

    /// Whether this is about the object itself of a resource, no subresource.
    public boolean isOf(String group, String plural) {
      return subresource.isEmpty() && type.plural().equals(plural) && type.group().equals(group);
    }
  }
}
