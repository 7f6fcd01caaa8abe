// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.definition;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Registry;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import dev.havn.store.Cursor;
import dev.havn.store.Entry;
import dev.havn.store.Store;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The custom objects of a definition that is being deleted.
final class Instances {
  private static final Logger LOG = LoggerFactory.getLogger(Instances.class);

  private final Store store;
  private final Definitions.Caller caller;
  private final Runnable wake;

  /// Cursors that wait for the last objects of a folder.
  private final Map<String, Cursor> waiting = new HashMap<>();

  Instances(Store store, Definitions.Caller caller, Runnable wake) {
    this.store = store;
    this.caller = caller;
    this.wake = wake;
  }

  /// Asks for the deletion of all that are left; true when none is. When some have finalizers,
  /// calls again as soon as something happens to them.
  ///
  /// @param types as which they are served
  boolean areGone(ObjectNode definition, List<ResourceType> types) {
    String plural = definition.path("status").path("acceptedNames").path("plural").asText("");
    String folder = Registry.customFolder(definition.path("spec").path("group").asText(), plural);
    if (plural.isEmpty()) {
      return true;
    }
    long revision = store.revision();
    for (Entry entry : store.range(folder, "", 0, 0).entries()) {
      ObjectNode object = StoredObject.of(entry).shared();
      if (!object.path("metadata").has("deletionTimestamp")) {
        delete(entry, object, types);
      }
    }
    @Nullable Cursor old = waiting.remove(folder);
    if (old != null) {
      old.close();
    }
    if (store.count(folder) == 0) {
      return true;
    }
    Cursor cursor = store.watch(folder, Math.max(revision, store.compactedRevision()));
    waiting.put(folder, cursor);
    cursor.onReady(wake);
    return false;
  }

  private void delete(Entry entry, ObjectNode object, List<ResourceType> types) {
    if (types.isEmpty()) {
      if (object.path("metadata").path("finalizers").isEmpty()) {
        store.delete(entry.key(), entry.revision());
      }
      return;
    }
    ResourceType type = types.getFirst();
    String namespace = object.path("metadata").path("namespace").asText("");
    String path =
        "/apis/"
            + type.apiVersion()
            + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/")
            + type.plural()
            + "/"
            + object.path("metadata").path("name").asText();
    Definitions.Caller.Answer answer = caller.call("DELETE", path, "");
    if (!answer.succeeded() && answer.status() != 404) {
      LOG.warn("{} was refused: {}", path, answer.body());
    }
  }
}
