// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Protobuf;
import dev.havn.store.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.lang.ref.SoftReference;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is derived from a stored entry, once, for everybody who sees it: the labels by which it is
/// selected and its forms on the wire.
///
/// Stored bytes are JSON with `metadata` after `kind` and `apiVersion` and without
/// `resourceVersion`, which is spliced in as the first field of `metadata`. The tree, many times
/// larger, is held weakly and the protobuf form softly: the memory of a cluster is its bytes.
public final class StoredObject {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final byte[] METADATA = "\"metadata\":{".getBytes(StandardCharsets.UTF_8);

  private final Entry entry;
  private final int splice;
  private volatile Reference<@Nullable ObjectNode> tree = new WeakReference<>(null);
  private volatile @Nullable Map<String, String> labels;
  private volatile Reference<byte @Nullable []> protobuf = new SoftReference<>(null);

  private StoredObject(Entry entry) {
    this.entry = entry;
    this.splice = indexOf(entry.value(), METADATA) + METADATA.length;
  }

  public static StoredObject of(Entry entry) {
    return entry.derived(StoredObject::new);
  }

  /// The bytes to store for an object: known field order, no `resourceVersion`.
  static byte[] encode(ObjectNode object) {
    return encodeOrdered(ordered(object));
  }

  /// The object in the order in which it is stored, without `resourceVersion`; shares its parts.
  static ObjectNode ordered(ObjectNode object) {
    ObjectNode ordered = object.objectNode();
    ordered.set("kind", object.get("kind"));
    ordered.set("apiVersion", object.get("apiVersion"));
    ObjectNode metadata = object.objectNode();
    metadata.setAll((ObjectNode) object.get("metadata"));
    metadata.remove("resourceVersion");
    ordered.set("metadata", metadata);
    ordered.setAll(object);
    ordered.set("metadata", metadata);
    return ordered;
  }

  static byte[] encodeOrdered(ObjectNode ordered) {
    try {
      return JSON.writeValueAsBytes(ordered);
    } catch (JacksonException e) {
      throw new UncheckedIOException(e);
    }
  }

  Entry entry() {
    return entry;
  }

  /// A tree of the caller's own, with `resourceVersion`.
  public ObjectNode toTree() {
    ObjectNode copy = shared().deepCopy();
    ((ObjectNode) copy.get("metadata")).put("resourceVersion", String.valueOf(entry.revision()));
    return copy;
  }

  /// The tree as stored; shared, never to be changed.
  public ObjectNode shared() {
    @Nullable ObjectNode known = tree.get();
    if (known == null) {
      try {
        known = (ObjectNode) JSON.readTree(entry.value());
      } catch (IOException e) {
        throw new UncheckedIOException("stored object " + entry.key(), e);
      }
      tree = new WeakReference<>(known);
    }
    return known;
  }

  /// Its `PartialObjectMetadata` as of a revision; to be written, not to be changed.
  ObjectNode partial(long revision) {
    ObjectNode partial = JSON.createObjectNode();
    partial.put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
    partial.set("metadata", metadata(revision));
    return partial;
  }

  private ObjectNode metadata(long revision) {
    ObjectNode metadata = JSON.createObjectNode().put("resourceVersion", Long.toString(revision));
    return metadata.setAll((ObjectNode) shared().get("metadata"));
  }

  /// The tree as of a revision; its parts are shared, so it is to be written, not to be changed.
  private ObjectNode asOf(long revision) {
    ObjectNode tree = JSON.createObjectNode();
    tree.setAll(shared());
    tree.set("metadata", metadata(revision));
    return tree;
  }

  /// Takes the tree that was just encoded, which from now on nobody changes.
  StoredObject remember(ObjectNode ordered) {
    tree = new WeakReference<>(ordered);
    return this;
  }

  public Map<String, String> labels() {
    Map<String, String> known = labels;
    if (known == null) {
      Map<String, String> read = new HashMap<>();
      shared()
          .path("metadata")
          .path("labels")
          .properties()
          .forEach(label -> read.put(label.getKey(), label.getValue().asText()));
      known = Map.copyOf(read);
      labels = known;
    }
    return known;
  }

  /// Adds the JSON with `resourceVersion` to `out`.
  void writeJson(Chunks out) {
    writeJson(out, entry.revision());
  }

  /// Adds the JSON as of another revision: a deleted object carries that of its deletion.
  void writeJson(Chunks out, long revision) {
    byte[] value = entry.value();
    out.write(value, 0, splice);
    out.write("\"resourceVersion\":\"" + revision + "\"");
    if (value[splice] != '}') {
      out.write(",");
    }
    out.write(value, splice, value.length - splice);
  }

  /// The protobuf message, without envelope.
  byte[] protobuf(Schema.Struct type, long revision) {
    if (revision != entry.revision()) {
      return Protobuf.message(asOf(revision), type);
    }
    byte[] known = protobuf.get();
    if (known == null) {
      known = Protobuf.message(asOf(revision), type);
      protobuf = new SoftReference<>(known);
    }
    return known;
  }

  private static int indexOf(byte[] bytes, byte[] part) {
    outer:
    for (int i = 0; i <= bytes.length - part.length; i++) {
      for (int j = 0; j < part.length; j++) {
        if (bytes[i + j] != part[j]) {
          continue outer;
        }
      }
      return i;
    }
    throw new IllegalStateException("a stored object has no metadata");
  }
}
