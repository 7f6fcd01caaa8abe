// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.store.CompactedException;
import dev.havn.store.Entry;
import dev.havn.store.FutureRevisionException;
import dev.havn.store.Outcome;
import dev.havn.store.Page;
import dev.havn.store.Store;
import dev.havn.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Objects in the store, by resource and name.
public final class Objects {
  private final Store store;
  private final Registry registry;

  public Objects(Store store, Registry registry) {
    this.store = store;
    this.registry = registry;
  }

  Store store() {
    return store;
  }

  public Registry registry() {
    return registry;
  }

  public long revision() {
    return store.revision();
  }

  public @Nullable StoredObject find(ResourceType type, String namespace, String name) {
    @Nullable Entry entry = store.get(Registry.key(type, namespace, name));
    return entry == null ? null : StoredObject.of(entry);
  }

  /// By the version and plural name under which the resource is stored.
  public @Nullable ObjectNode read(
      String apiVersion, String plural, String namespace, String name) {
    @Nullable StoredObject found = find(registry.get(apiVersion, plural), namespace, name);
    return found == null ? null : found.shared();
  }

  /// All objects of a resource in a namespace, or in all when it is empty.
  public List<ObjectNode> list(String apiVersion, String plural, String namespace) {
    ResourceType type = registry.get(apiVersion, plural);
    List<ObjectNode> objects = new ArrayList<>();
    String prefix = prefix(type, namespace);
    if (store.count(prefix) == 0) {
      return objects;
    }
    for (Entry entry : store.range(prefix, "", 0, 0).entries()) {
      objects.add(StoredObject.of(entry).shared());
    }
    return objects;
  }

  /// The same, of all namespaces, as trees of the caller's own with `resourceVersion`.
  public List<ObjectNode> trees(String apiVersion, String plural) {
    ResourceType type = registry.get(apiVersion, plural);
    List<ObjectNode> objects = new ArrayList<>();
    for (Entry entry : store.range(prefix(type, ""), "", 0, 0).entries()) {
      objects.add(StoredObject.of(entry).toTree());
    }
    return objects;
  }

  /// Below which key the objects of a resource stand in the store.
  public static String folder(ResourceType type) {
    return Registry.folder(type);
  }

  /// Stores an object of the server's own making, metadata and status as given, if none of its name
  /// is there.
  public void add(ResourceType type, ObjectNode object) {
    ObjectNode metadata = (ObjectNode) object.get("metadata");
    String namespace = metadata.path("namespace").asText("");
    put(type, Registry.key(type, namespace, metadata.path("name").asText()), object, 0);
  }

  /// Deletes an object at once, whatever its finalizers say, unless somebody has changed it.
  public void remove(StoredObject found) {
    delete(found.entry().key(), found.entry().revision());
  }

  static String prefix(ResourceType type, String namespace) {
    return namespace.isEmpty() || !type.namespaced()
        ? Registry.folder(type)
        : Registry.folder(type) + namespace + "/";
  }

  /// The revision that a request asks for, 0 for none.
  ///
  /// @throws ApiException when it is none, or this server has not reached it
  long checkReached(ResourceType type, @Nullable String asked) {
    if (asked == null) {
      return 0;
    }
    long revision =
        AskedRevision.read(asked)
            .orElseThrow(() -> ApiException.unreasoned(AskedRevision.problemOfParameter(asked)));
    if (Long.compareUnsigned(revision, revision()) > 0) {
      // Events are kept out of the cache of Kubernetes, which alone says when to come again.
      int retryAfterSeconds = type.builtinKind().equals("Event") ? 0 : 1;
      throw ApiException.futureRevision(revision, revision(), retryAfterSeconds);
    }
    return revision;
  }

  /// A page, its refusals in the API's words.
  Page page(String prefix, String after, int limit, long revision) {
    try {
      return store.range(prefix, after, limit, revision);
    } catch (CompactedException e) {
      throw ApiException.expired("The resourceVersion for the provided list is too old.");
    } catch (FutureRevisionException e) {
      throw ApiException.futureRevision(e.requested(), e.available(), 1);
    }
  }

  /// Stores an object under `key` if the key's revision is `expected`; null when it is not. Nobody
  /// may change the object afterwards.
  @Nullable StoredObject put(ResourceType type, String key, ObjectNode object, long expected) {
    try {
      ObjectNode ordered = StoredObject.ordered(object);
      byte[] bytes = StoredObject.encodeOrdered(ordered);
      if (bytes.length > Body.BYTES_MAX) {
        // Each patch may be as long as a body: an object made of many would grow for ever.
        throw ApiException.tooLarge(Body.BYTES_MAX);
      }
      return switch (store.put(key, bytes, expected, Kinds.ttl(type))) {
        case Outcome.Done(Entry entry, long _) -> StoredObject.of(entry).remember(ordered);
        case Outcome.Mismatch _ -> null;
      };
    } catch (StoreException e) {
      throw ApiException.of(e);
    }
  }

  /// Stores `object` in the place of `found`; false when somebody was faster.
  public boolean replace(ResourceType type, StoredObject found, ObjectNode object) {
    return put(type, found.entry().key(), object, found.entry().revision()) != null;
  }

  /// The revision of the delete, 0 when the key has another revision.
  long delete(String key, long expected) {
    try {
      return switch (store.delete(key, expected)) {
        case Outcome.Done(Entry _, long revision) -> revision;
        case Outcome.Mismatch _ -> 0;
      };
    } catch (StoreException e) {
      throw ApiException.of(e);
    }
  }
}
