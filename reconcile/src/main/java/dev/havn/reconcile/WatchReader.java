// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// Reads the stream of a watch: lines of JSON, each an event. An object is read straight from the
/// bytes into its model, `managedFields` passed over, so that an event costs one parse.
final class WatchReader<T> {
  private static final int LINE_BYTES_MAX = 16 << 20;
  private static final int BUFFER_BYTES_MIN = 8 << 10;

  private static final ObjectMapper MODELS =
      JsonMapper.builder()
          .disable(tools.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(tools.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .addMixIn(ObjectMeta.class, WithoutManagedFields.class)
          .addModule(Words.module())
          .build();

  private static final ObjectMapper OUTLINES = PodOutline.of(MODELS);

  private final ObjectMapper models;
  private final Class<T> type;
  private final Receiver<T> receiver;
  private byte[] line = new byte[BUFFER_BYTES_MIN];
  private int length;

  /// What nobody who reconciles looks at, and is as large as the rest of an object.
  @com.fasterxml.jackson.annotation.JsonIgnoreProperties("managedFields")
  private interface WithoutManagedFields {}

  /// Who takes the events. False ends the watch.
  interface Receiver<T> {
    boolean put(T object);

    boolean remove(T object);

    /// @param object with little more than `metadata`
    boolean bookmark(JsonNode object);

    /// @param status why the watch ends
    boolean failed(JsonNode status);
  }

  /// @param outline whether pods are read as [PodOutline] says
  WatchReader(Class<T> type, boolean outline, Receiver<T> receiver) {
    this.models = outline ? OUTLINES : MODELS;
    this.type = type;
    this.receiver = receiver;
  }

  /// Takes the next bytes; false when the watch should end.
  ///
  /// @throws JacksonException for what is no event
  boolean read(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      int ends = lineEnd(bytes);
      int count = (ends < 0 ? bytes.limit() : ends) - bytes.position();
      boolean whole = ends >= 0 && length == 0 && bytes.hasArray();
      if (whole) {
        int from = bytes.arrayOffset() + bytes.position();
        bytes.position(ends + 1);
        if (count > 0 && !event(bytes.array(), from, count)) {
          return false;
        }
        continue;
      }
      if (length + count > LINE_BYTES_MAX) {
        return false;
      }
      reserve(length + count);
      bytes.get(line, length, count);
      length += count;
      if (ends >= 0) {
        bytes.position(ends + 1);
        int filled = length;
        length = 0;
        if (filled > 0 && !event(line, 0, filled)) {
          return false;
        }
      }
    }
    return true;
  }

  private static int lineEnd(ByteBuffer bytes) {
    for (int i = bytes.position(); i < bytes.limit(); i++) {
      if (bytes.get(i) == '\n') {
        return i;
      }
    }
    return -1;
  }

  private void reserve(int wanted) {
    if (line.length < wanted) {
      line = Arrays.copyOf(line, Math.max(wanted, 2 * line.length));
    }
  }

  private boolean event(byte[] bytes, int from, int count) {
    String event = "";
    @Nullable T model = null;
    @Nullable JsonNode tree = null;
    try (JsonParser parser = models.createParser(bytes, from, count)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        if (name.equals("type")) {
          event = parser.getString();
        } else if (name.equals("object") && isAboutObject(event)) {
          model = models.readValue(parser, type);
        } else {
          JsonNode value = MODELS.readTree(parser);
          tree = name.equals("object") ? value : tree;
        }
      }
    }
    if (model == null && tree != null && isAboutObject(event)) {
      model = models.treeToValue(tree, type);
    }
    return deliver(event, model, tree == null ? MODELS.createObjectNode() : tree);
  }

  private static boolean isAboutObject(String event) {
    return event.equals("ADDED") || event.equals("MODIFIED") || event.equals("DELETED");
  }

  private boolean deliver(String event, @Nullable T model, JsonNode tree) {
    if (model != null) {
      return event.equals("DELETED") ? receiver.remove(model) : receiver.put(model);
    }
    return event.equals("BOOKMARK") ? receiver.bookmark(tree) : receiver.failed(tree);
  }
}
