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
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is derived from a stored entry, once, for everybody who sees it: the labels by which it is
/// selected and its forms on the wire.
///
/// Stored bytes are JSON with `metadata` after `kind` and `apiVersion` and without
/// `resourceVersion`, which is spliced in as the first field of `metadata`.
public final class StoredObject {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final byte[] METADATA = "\"metadata\":{".getBytes(StandardCharsets.UTF_8);

  private final Entry entry;
  private final int splice;
  private volatile @Nullable ObjectNode tree;
  private volatile @Nullable Map<String, String> labels;
  private volatile byte @Nullable [] protobuf;

  private StoredObject(Entry entry) {
    this.entry = entry;
    this.splice = indexOf(entry.value(), METADATA) + METADATA.length;
  }

  public static StoredObject of(Entry entry) {
    return entry.derived(StoredObject::new);
  }

  /// The bytes to store for an object: known field order, no `resourceVersion`.
  static byte[] encode(ObjectNode object) {
    ObjectNode ordered = object.objectNode();
    ordered.set("kind", object.get("kind"));
    ordered.set("apiVersion", object.get("apiVersion"));
    ObjectNode metadata = object.objectNode();
    metadata.setAll((ObjectNode) object.get("metadata"));
    metadata.remove("resourceVersion");
    ordered.set("metadata", metadata);
    ordered.setAll(object);
    ordered.set("metadata", metadata);
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
    ObjectNode known = tree;
    if (known == null) {
      try {
        known = (ObjectNode) JSON.readTree(entry.value());
      } catch (IOException e) {
        throw new UncheckedIOException("stored object " + entry.key(), e);
      }
      tree = known;
    }
    return known;
  }

  /// Lets go of the parsed tree, which can be had again.
  void forgetTree() {
    tree = null;
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
      ObjectNode copy = toTree();
      ((ObjectNode) copy.get("metadata")).put("resourceVersion", String.valueOf(revision));
      return Protobuf.message(copy, type);
    }
    byte[] known = protobuf;
    if (known == null) {
      known = Protobuf.message(toTree(), type);
      protobuf = known;
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
