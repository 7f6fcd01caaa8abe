// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.ResourceType;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Looks at every write after it was merged and defaulted, before it is stored, in two phases as
/// Kubernetes does; refuses by throwing `ApiException`.
public interface Admission {
  /// Before validation; may change the object.
  default void admit(Write write) {}

  /// After validation, when the object is what would be stored; changes nothing.
  default void validate(Write write) {}

  /// Before a pod is evicted: before its budget counts the disruption.
  ///
  /// @param write with the pod that is there as its object
  default void evict(Write write) {}

  /// What a write does.
  enum Operation {
    CREATE,
    UPDATE,
    DELETE,
    /// something is opened: `exec`, `attach`, `portforward`, `proxy`
    CONNECT
  }

  /// Who is asked about a write.
  enum Audience {
    EVERYBODY,
    /// a part of a request whose body others were asked about, as the delete of an eviction
    PLUGINS,
    /// a body that is not stored as it is: a scale, a binding, options of an exec
    CONFIGURED
  }

  /// Brings an object that was changed from outside into the form of its kind again: prunes it and
  /// adds defaults.
  @FunctionalInterface
  interface Settling {
    /// @throws dev.havn.schema.codec.CodecException when a value has a wrong type
    void settle(ObjectNode object);
  }

  /// What those are told who look at writes from outside, beyond the write itself.
  ///
  /// @param apiVersion of the object's kind, which for a subresource is not the resource's
  /// @param options such as `CreateOptions`; null when there are none
  /// @param isNameHidden whether the client did not say the name: the server makes it, and shows it
  ///   after validation only, or finds it in a collection
  record Form(
      Audience audience,
      String apiVersion,
      String kind,
      Supplier<@Nullable ObjectNode> options,
      boolean isNameHidden,
      Settling settling) {

    /// Of what only the plugins are asked about.
    public static Form internal(ResourceType type) {
      return new Form(Audience.PLUGINS, type.apiVersion(), type.kind(), () -> null, false, _ -> {});
    }

    public Form to(Audience other) {
      return new Form(other, apiVersion, kind, options, isNameHidden, settling);
    }
  }

  /// @param object the object to be stored, which may be changed; for a delete the one that goes
  /// @param before what stood there, or null on create
  /// @param name where the server makes it, the prefix that was given until the object is validated
  /// @param subresource empty for the object itself
  /// @param isDryRun whether nothing will be stored
  /// @param notes takes warnings and annotations
  /// @param form for those who look from outside
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
      Notes notes,
      Form form) {

    public Write(
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
      this(
          operation,
          type,
          subresource,
          namespace,
          name,
          object,
          before,
          user,
          isDryRun,
          notes,
          Form.internal(type));
    }

    /// Whether this is about the object itself of a resource, no subresource.
    public boolean isOf(String group, String plural) {
      return subresource.isEmpty() && type.plural().equals(plural) && type.group().equals(group);
    }
  }
}
