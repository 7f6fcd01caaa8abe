// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Metadata that is the server's: what clients send of it counts only here and there.
final class ServerMetadata {
  private static final List<String> OF_DELETION =
      List.of("deletionTimestamp", "deletionGracePeriodSeconds");
  private static final String SELF_LINK = "selfLink";

  /// What a client cannot change.
  private static final List<String> KEPT = List.of("creationTimestamp", "generation");

  /// What an update need not repeat.
  private static final List<String> KEPT_WHEN_UNSAID =
      List.of("uid", "deletionTimestamp", "deletionGracePeriodSeconds");

  /// Lists of which an empty one says nothing.
  private static final List<String> LISTS = List.of("finalizers", "ownerReferences");

  private ServerMetadata() {}

  static void dropEmptyLists(ObjectNode metadata) {
    for (String field : LISTS) {
      if (metadata.path(field).isArray() && metadata.path(field).isEmpty()) {
        metadata.remove(field);
      }
    }
  }

  /// Takes away what only the server gives.
  static void clear(ObjectNode metadata) {
    metadata.remove(List.of("uid", "creationTimestamp", SELF_LINK));
    metadata.remove(OF_DELETION);
  }

  /// Of a new object. One that an update or an apply makes, because it has found none, may be about
  /// to be deleted, as in Kubernetes.
  ///
  /// @param now RFC 3339, seconds
  static void ofNew(Call call, ObjectNode metadata, String now, RandomGenerator random) {
    ResourceType type = call.type();
    metadata.remove(List.of("managedFields", "resourceVersion"));
    if (isPosted(call)) {
      metadata.remove(OF_DELETION);
    }
    dropSelfLink(call, metadata);
    metadata.put("uid", Uid.next(random));
    metadata.put("creationTimestamp", now);
    if (Kinds.hasGeneration(type) && Kinds.firstGeneration(type) > 0) {
      metadata.put("generation", Kinds.firstGeneration(type));
    }
    if (type.builtinKind().equals("LimitRange") && metadata.path("name").asText("").isEmpty()) {
      metadata.put("name", Uid.next(random));
    }
  }

  /// Of a changed object.
  static void keep(Call call, ObjectNode before, ObjectNode metadata) {
    metadata.put("name", call.name());
    dropSelfLink(call, metadata);
    ObjectNode old = (ObjectNode) before.get("metadata");
    metadata.set("resourceVersion", old.get("resourceVersion"));
    for (String field : KEPT) {
      copy(field, old, metadata);
    }
    for (String field : KEPT_WHEN_UNSAID) {
      if (!metadata.hasNonNull(field) || metadata.path(field).asText("x").isEmpty()) {
        copy(field, old, metadata);
      }
    }
    if (old.has("deletionTimestamp")) {
      copy("deletionTimestamp", old, metadata);
    }
    JsonNode books = metadata.path("managedFields");
    boolean cleared = books.isArray() && books.size() <= 1 && books.path(0).isEmpty();
    if (cleared) {
      metadata.remove("managedFields");
      old.remove("managedFields");
    }
  }

  /// It is never stored, and what is only tried is shown with it, unless it is posted.
  private static void dropSelfLink(Call call, ObjectNode metadata) {
    if (!call.isDryRun() || isPosted(call)) {
      metadata.remove(SELF_LINK);
    }
  }

  private static boolean isPosted(Call call) {
    return call.request().method().equals("POST");
  }

  /// Gives `to` what stands in `from`, or takes it away where nothing does.
  static void copy(String field, ObjectNode from, ObjectNode to) {
    @Nullable JsonNode value = from.get(field);
    if (value == null) {
      to.remove(field);
    } else {
      to.set(field, value.deepCopy());
    }
  }
}
