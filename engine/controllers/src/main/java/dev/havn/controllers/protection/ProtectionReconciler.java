// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.protection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Holds objects of one kind by a finalizer: gives it to those that lack it, and takes it from
/// those that are deleted once nobody uses them.
public final class ProtectionReconciler<T extends HasMetadata> implements Reconciler {
  private final Kind<T> kind;
  private final Informer<T> objects;
  private final Api api;

  /// What is held, and what by.
  ///
  /// @param isUsed whether an object that is deleted has to stay; asked of it as the cache shows it
  public record Kind<T extends HasMetadata>(Class<T> type, String finalizer, Predicate<T> isUsed) {}

  public ProtectionReconciler(Kind<T> kind, Informer<T> objects, Api api) {
    this.kind = kind;
    this.objects = objects;
    this.api = api;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable T object = objects.get(key.namespace(), key.name());
    if (object == null) {
      return Result.DONE;
    }
    boolean deleted = object.getMetadata().getDeletionTimestamp() != null;
    List<String> finalizers = object.getMetadata().getFinalizers();
    boolean held = finalizers != null && finalizers.contains(kind.finalizer());
    if (deleted == held && !(deleted && kind.isUsed().test(object))) {
      return write(key, object.getMetadata().getUid(), held);
    }
    return Result.DONE;
  }

  /// A PUT, because that is what the roles of these controllers allow.
  private Result write(Key key, String uid, boolean held) {
    String path = Api.path(kind.type(), key.namespace(), key.name());
    @Nullable JsonNode current = api.find(path).orElse(null);
    if (current == null || !current.path("metadata").path("uid").asText().equals(uid)) {
      return Result.DONE;
    }
    ArrayNode finalizers =
        ((ObjectNode) current).withObjectProperty("metadata").withArrayProperty("finalizers");
    if (held) {
      remove(finalizers);
    } else {
      finalizers.add(kind.finalizer());
    }
    try {
      api.update(path, current);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Result.DONE;
  }

  private void remove(ArrayNode finalizers) {
    for (Iterator<JsonNode> each = finalizers.iterator(); each.hasNext(); ) {
      if (each.next().asText().equals(kind.finalizer())) {
        each.remove();
      }
    }
  }
}
