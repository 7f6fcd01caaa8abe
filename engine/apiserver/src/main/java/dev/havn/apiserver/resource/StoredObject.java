// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Json;
import dev.havn.schema.codec.Protobuf;
import dev.havn.store.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.lang.ref.SoftReference;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is derived from a stored entry, once, for everybody who sees it: the labels by which it is
/// selected and its forms on the wire.
///
/// Stored bytes are JSON with `metadata` after `kind` and `apiVersion` and without
/// `resourceVersion`, which is spliced in as the first field of `metadata`. The tree, many times
/// larger, and the event that watchers share are held weakly and the protobuf form softly: the
/// memory of a cluster is its bytes.
public final class StoredObject {
  private static final ObjectMapper JSON = Json.mapper();
  private static final int VERSION_BYTES_MAX = 48;
  private static final byte[] PARTIAL =
      "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{"
          .getBytes(StandardCharsets.UTF_8);

  private final Entry entry;
  private final Layout layout;
  private volatile Reference<@Nullable ObjectNode> tree = new WeakReference<>(null);
  private volatile @Nullable Map<String, String> labels;
  private volatile Reference<byte @Nullable []> protobuf = new SoftReference<>(null);
  private volatile @Nullable ResourceType plain;
  private volatile Reference<@Nullable Seen> seen = new WeakReference<>(null);
  private volatile Reference<@Nullable Frame> frame = new WeakReference<>(null);

  /// The object in another version, or by another schema, than it is stored by.
  private record Seen(ResourceType type, ObjectNode tree) {}

  /// An event of a watch about this object, as JSON on the wire.
  private record Frame(String event, long revision, boolean bare, byte[] bytes) {
    boolean is(String wanted, long at, boolean isBare) {
      return revision == at && bare == isBare && event.equals(wanted);
    }
  }

  private StoredObject(Entry entry) {
    this.entry = entry;
    this.layout = Layout.of(entry.value());
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
    @Nullable JsonNode managedFields = metadata.remove("managedFields");
    if (managedFields != null) {
      metadata.set("managedFields", managedFields);
    }
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

  /// Whether a custom type sees this object just as it is stored; looked at once for each type.
  boolean isPlain(ResourceType type) {
    if (plain == type) {
      return true;
    }
    ObjectNode stored = shared();
    if (!stored.path("apiVersion").asText().equals(type.apiVersion())
        || !seen(type).equals(stored)) {
      return false;
    }
    plain = type;
    return true;
  }

  /// The object as a custom type sees it; shared, never to be changed.
  ObjectNode seen(ResourceType type) {
    @Nullable Seen known = seen.get();
    if (known == null || known.type() != type) {
      known = new Seen(type, Conversions.toVersion(type, shared().deepCopy()));
      seen = new WeakReference<>(known);
    }
    return known.tree();
  }

  /// The same as a tree of the caller's own, with `resourceVersion`.
  ObjectNode toTree(ResourceType type) {
    ObjectNode copy = seen(type).deepCopy();
    copy.withObjectProperty("metadata").put("resourceVersion", String.valueOf(entry.revision()));
    return copy;
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
        known = parse();
      } catch (IOException e) {
        throw new UncheckedIOException("stored object " + entry.key(), e);
      }
      tree = new WeakReference<>(known);
    }
    return known;
  }

  /// Names with escapes, such as `k:{\"name\":\"web\"}`, defeat the symbol table of Jackson's
  /// parser of bytes: each of them copies it. The parser of characters knows them again.
  private ObjectNode parse() throws IOException {
    byte[] value = entry.value();
    if (!layout.hasManagedFields()) {
      return (ObjectNode) JSON.readTree(value);
    }
    int tail = value.length - layout.fieldsUntil();
    byte[] rest = Arrays.copyOf(value, layout.fieldsFrom() + tail);
    System.arraycopy(value, layout.fieldsUntil(), rest, layout.fieldsFrom(), tail);
    ObjectNode parsed = (ObjectNode) JSON.readTree(rest);
    int length = layout.fieldsUntil() - layout.fieldsValue();
    String fields = new String(value, layout.fieldsValue(), length, StandardCharsets.UTF_8);
    ((ObjectNode) parsed.get("metadata")).set("managedFields", JSON.readTree(fields));
    return parsed;
  }

  /// Adds its `PartialObjectMetadata` as of a revision.
  ///
  /// @param bare without `managedFields`
  void writePartial(Chunks out, long revision, boolean bare) {
    out.write(PARTIAL);
    writeMetadata(out, revision, bare, layout.end());
    out.write("}");
  }

  /// Adds what is from inside the metadata to `until`, with `resourceVersion`.
  private void writeMetadata(Chunks out, long revision, boolean bare, int until) {
    byte[] value = entry.value();
    out.write("\"resourceVersion\":\"" + revision + "\"");
    int kept = bare ? layout.fieldsFrom() : layout.inside();
    int again = bare ? layout.fieldsUntil() : layout.inside();
    if (kept > layout.inside() || value[again] != '}') {
      out.write(",");
    }
    out.write(value, layout.inside(), kept - layout.inside());
    out.write(value, again, until - again);
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
    writeJson(out, revision, false);
  }

  private void writeJson(Chunks out, long revision, boolean bare) {
    byte[] value = entry.value();
    out.write(value, 0, layout.inside());
    writeMetadata(out, revision, bare, value.length);
  }

  /// The bytes that [#writeJson] adds are no more than these.
  int jsonBytesMax() {
    return entry.value().length + VERSION_BYTES_MAX;
  }

  /// A watch's event about this object as of a revision: JSON and a line feed. Made once for all
  /// who watch; the buffer is the caller's, its bytes are not.
  ///
  /// @param bare without `managedFields`
  ByteBuffer event(String event, long revision, boolean bare) {
    @Nullable Frame known = frame.get();
    if (known == null || !known.is(event, revision, bare)) {
      Chunks out = new Chunks(jsonBytesMax() + VERSION_BYTES_MAX);
      out.write("{\"type\":\"" + event + "\",\"object\":");
      writeJson(out, revision, bare);
      known = new Frame(event, revision, bare, out.write("}\n").toByteArray());
      frame = new WeakReference<>(known);
    }
    return ByteBuffer.wrap(known.bytes());
  }

  /// Adds the JSON as an item of a list, which says the kind once for all.
  void writeItem(Chunks out) {
    out.write("{\"metadata\":{");
    writeMetadata(out, entry.revision(), false, entry.value().length);
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
}
