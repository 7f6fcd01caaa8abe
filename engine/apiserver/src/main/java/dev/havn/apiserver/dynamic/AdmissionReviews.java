// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.Equivalents;
import dev.havn.schema.ResourceType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes as `AdmissionReview` shows them (`admission.k8s.io`), which is also what expressions see.
final class AdmissionReviews {
  static final String GROUP = "admission.k8s.io";

  private AdmissionReviews() {}

  /// The object as it is shown; null for a delete.
  ///
  /// @param as the type it is shown as
  /// @param unfinished whether it is not validated yet: what the server gives an object only then
  ///   is not to be seen
  static @Nullable ObjectNode object(Write write, ResourceType as, boolean unfinished) {
    if (write.operation() == Operation.DELETE) {
      return null;
    }
    ObjectNode shown = shown(write, write.object(), as);
    boolean isNew = write.operation() == Operation.CREATE && isOwnKind(write);
    if (unfinished && isNew && shown.get("metadata") instanceof ObjectNode metadata) {
      metadata.remove(List.of("uid", "creationTimestamp", "generation"));
      if (write.form().isNameHidden()) {
        metadata.remove("name");
      }
    }
    return shown;
  }

  static @Nullable ObjectNode oldObject(Write write, ResourceType as) {
    @Nullable ObjectNode before = write.before();
    return before == null ? null : shown(write, before, as);
  }

  private static ObjectNode shown(Write write, ObjectNode object, ResourceType as) {
    return isOwnKind(write) ? Equivalents.converted(object, write.type(), as) : object.deepCopy();
  }

  /// Whether the object is one of the resource, not a body of another kind.
  static boolean isOwnKind(Write write) {
    return write.form().kind().equals(write.type().kind())
        && write.form().apiVersion().equals(write.type().apiVersion());
  }

  /// A changed object in the place of the write's own.
  static void replace(Write write, ObjectNode changed, ResourceType as) {
    ObjectNode own = isOwnKind(write) ? Equivalents.converted(changed, as, write.type()) : changed;
    own.put("kind", write.form().kind()).put("apiVersion", write.form().apiVersion());
    write.form().settling().settle(own);
    boolean isNew = write.operation() == Operation.CREATE && isOwnKind(write);
    if (isNew
        && own.get("metadata") instanceof ObjectNode metadata
        && write.object().get("metadata") instanceof ObjectNode before) {
      for (String field : List.of("uid", "creationTimestamp", "generation")) {
        metadata.remove(field);
        if (before.has(field)) {
          metadata.set(field, before.get(field));
        }
      }
      if (write.form().isNameHidden() && !metadata.hasNonNull("name")) {
        metadata.set("name", before.path("name"));
      }
    }
    write.object().removeAll();
    write.object().setAll(own);
  }

  /// The `request` without its objects and its `uid`.
  static ObjectNode request(Write write, ResourceType as, boolean unfinished) {
    ObjectNode request = JsonNodeFactory.instance.objectNode();
    kind(request.putObject("kind"), write, as);
    resource(request.putObject("resource"), as);
    kind(request.putObject("requestKind"), write, write.type());
    resource(request.putObject("requestResource"), write.type());
    if (!write.subresource().isEmpty()) {
      request.put("subResource", write.subresource());
      request.put("requestSubResource", write.subresource());
    }
    boolean unnamed =
        write.form().isNameHidden() && (unfinished || write.operation() == Operation.DELETE);
    if (!unnamed && !write.name().isEmpty()) {
      request.put("name", write.name());
    }
    if (!write.namespace().isEmpty()) {
      request.put("namespace", write.namespace());
    }
    request.put("operation", write.operation().name());
    request.set("userInfo", user(write.user()));
    request.put("dryRun", write.isDryRun());
    return request;
  }

  private static void kind(ObjectNode kind, Write write, ResourceType as) {
    boolean own = isOwnKind(write);
    String version = own ? as.apiVersion() : write.form().apiVersion();
    int slash = version.indexOf('/');
    kind.put("group", slash < 0 ? "" : version.substring(0, slash));
    kind.put("version", version.substring(slash + 1));
    kind.put("kind", own ? as.kind() : write.form().kind());
  }

  private static void resource(ObjectNode resource, ResourceType type) {
    resource.put("group", type.group());
    resource.put("version", type.version()).put("resource", type.plural());
  }

  private static ObjectNode user(UserInfo user) {
    ObjectNode shown = JsonNodeFactory.instance.objectNode().put("username", user.name());
    if (!user.uid().isEmpty()) {
      shown.put("uid", user.uid());
    }
    if (!user.groups().isEmpty()) {
      user.groups().forEach(shown.putArray("groups")::add);
    }
    if (!user.extra().isEmpty()) {
      ObjectNode extra = shown.putObject("extra");
      user.extra().forEach((key, values) -> values.forEach(extra.putArray(key)::add));
    }
    return shown;
  }

  /// The whole review.
  ///
  /// @param version of the review itself
  static ObjectNode review(
      Write write, ResourceType as, boolean unfinished, String version, String uid) {
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("kind", "AdmissionReview").put("apiVersion", GROUP + "/" + version);
    ObjectNode request = review.putObject("request").put("uid", uid);
    request.setAll(request(write, as, unfinished));
    request.set("object", orNull(object(write, as, unfinished)));
    request.set("oldObject", orNull(oldObject(write, as)));
    request.set("options", orNull(write.form().options().get()));
    return review;
  }

  private static JsonNode orNull(@Nullable ObjectNode node) {
    return node == null ? NullNode.getInstance() : node;
  }
}
