// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// Kubernetes' protobuf: the four bytes `k8s\0`, then a `runtime.Unknown` message that names the
/// type and holds the object's message.
public final class Protobuf {
  private static final byte[] MAGIC = {'k', '8', 's', 0};
  private static final int GROUP_END = 4;
  private static final int ITEM_PREFIX_BYTES_MAX = 20;

  private Protobuf() {}

  /// An envelope's content.
  public record Unknown(String apiVersion, String kind, byte[] raw) {}

  /// @throws CodecException when the bytes are no envelope
  public static Unknown open(byte[] bytes) {
    if (bytes.length < MAGIC.length
        || !Arrays.equals(MAGIC, 0, MAGIC.length, bytes, 0, MAGIC.length)) {
      throw new CodecException(
          "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
    }
    Wire.Reader in = new Wire.Reader(bytes, MAGIC.length, bytes.length);
    String apiVersion = "";
    String kind = "";
    byte[] raw = {};
    while (in.hasMore()) {
      int tag = (int) in.varint();
      checkTag(tag);
      switch (tag >>> 3) {
        case 1 -> {
          Wire.Reader meta = in.message();
          while (meta.hasMore()) {
            int inner = (int) meta.varint();
            if (inner >>> 3 == 1) {
              apiVersion = meta.text();
            } else if (inner >>> 3 == 2) {
              kind = meta.text();
            } else {
              meta.skip(inner & 7);
            }
          }
        }
        case 2 -> raw = in.bytes();
        default -> in.skip(tag & 7);
      }
    }
    return new Unknown(apiVersion, kind, raw);
  }

  private static void checkTag(int tag) {
    int type = tag & 7;
    if (type == GROUP_END) {
      throw new CodecException("proto: Unknown: wiretype end group for non-group");
    } else if (tag >> 3 <= 0) {
      throw new CodecException(
          "proto: Unknown: illegal tag %d (wire type %d)".formatted(tag >> 3, type));
    }
  }

  /// The object's message as a JSON tree, with `apiVersion` and `kind`.
  public static ObjectNode decode(Unknown unknown, Schema.Struct type) {
    ObjectNode object = ProtobufReader.read(unknown.raw(), type);
    ObjectNode named = object.objectNode();
    if (!unknown.kind().isEmpty()) {
      named.put("kind", unknown.kind());
    }
    if (!unknown.apiVersion().isEmpty()) {
      named.put("apiVersion", unknown.apiVersion());
    }
    named.setAll(object);
    return named;
  }

  /// The message of an object, without envelope.
  public static byte[] message(JsonNode object, Schema.Struct type) {
    return ProtobufWriter.write(object, type);
  }

  /// A message in its envelope.
  public static byte[] seal(String apiVersion, String kind, byte[] message) {
    Wire.Writer meta = new Wire.Writer();
    meta.text(1, apiVersion);
    meta.text(2, kind);
    Wire.Writer out = new Wire.Writer();
    out.raw(MAGIC);
    out.message(1, meta);
    out.bytes(2, message);
    out.text(3, "");
    out.text(4, "");
    return out.toBytes();
  }

  /// What comes before the items of a list in its envelope: [#itemPrefix(int)] and the message of
  /// each follow, then [#listSuffix()].
  ///
  /// @param items the messages of the items
  public static byte[] listPrefix(
      String apiVersion, String kind, ListMeta metadata, List<byte[]> items) {
    Wire.Writer own = new Wire.Writer();
    own.message(1, listMeta(metadata));
    long length = own.size();
    for (byte[] item : items) {
      length += itemPrefix(item.length).length + (long) item.length;
    }
    Wire.Writer type = new Wire.Writer();
    type.text(1, apiVersion);
    type.text(2, kind);
    Wire.Writer out = new Wire.Writer();
    out.raw(MAGIC);
    out.message(1, type);
    out.tag(2, Wire.BYTES);
    out.varint(length);
    out.raw(own.toBytes());
    return out.toBytes();
  }

  public static byte[] itemPrefix(int length) {
    Wire.Writer out = new Wire.Writer(ITEM_PREFIX_BYTES_MAX);
    out.tag(2, Wire.BYTES);
    out.varint(length);
    return out.toBytes();
  }

  public static byte[] listSuffix() {
    Wire.Writer out = new Wire.Writer();
    out.text(3, "");
    out.text(4, "");
    return out.toBytes();
  }

  private static Wire.Writer listMeta(ListMeta metadata) {
    Wire.Writer meta = new Wire.Writer();
    meta.text(1, "");
    meta.text(2, metadata.resourceVersion());
    meta.text(3, metadata.continueToken());
    if (metadata.remaining() > 0) {
      meta.number(4, metadata.remaining());
    }
    return meta;
  }

  /// `ListMeta`; `remaining` 0 for none.
  public record ListMeta(String resourceVersion, String continueToken, long remaining) {}

  /// A watch event's message; `object` in its own envelope.
  public static byte[] watchEvent(String type, byte[] sealed) {
    Wire.Writer raw = new Wire.Writer();
    raw.bytes(1, sealed);
    Wire.Writer out = new Wire.Writer();
    out.bytes(1, type.getBytes(StandardCharsets.UTF_8));
    out.message(2, raw);
    return out.toBytes();
  }
}
