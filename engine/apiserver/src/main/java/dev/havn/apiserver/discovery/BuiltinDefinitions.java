// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.lang.ref.Reference;
import java.lang.ref.SoftReference;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What OpenAPI version 2 says of the built-in types, megabytes that are the same whatever custom
/// types come and go: held as bytes as long as there is room.
final class BuiltinDefinitions {
  private static final String PATHS = "paths";
  private static final String DEFINITIONS = "definitions";

  private volatile Reference<@Nullable Parts> kept = new SoftReference<>(null);

  Parts parts(Supplier<ObjectNode> document) {
    Parts known = kept.get();
    if (known == null) {
      known = Parts.of(document.get());
      kept = new SoftReference<>(known);
    }
    return known;
  }

  /// A document in pieces, to which others are added.
  ///
  /// @param head all but paths and definitions, without its closing brace
  /// @param paths without the braces around them
  /// @param definitions likewise
  /// @param names of the definitions
  record Parts(byte[] head, byte[] paths, byte[] definitions, Set<String> names) {
    static Parts of(ObjectNode document) {
      ObjectNode head = document.objectNode().setAll(document);
      head.remove(PATHS);
      head.remove(DEFINITIONS);
      Set<String> names = new HashSet<>();
      document.path(DEFINITIONS).fieldNames().forEachRemaining(names::add);
      return new Parts(
          inside(head), inside(document.path(PATHS)), inside(document.path(DEFINITIONS)), names);
    }

    private static byte[] inside(JsonNode object) {
      String text = object.toString();
      return bytes(text.substring(1, text.length() - 1));
    }

    /// The document with the paths of another, and those of its definitions that are new.
    byte[] with(ObjectNode others) {
      ObjectNode more = others.objectNode().setAll((ObjectNode) others.path(DEFINITIONS));
      more.remove(names);
      ByteArrayOutputStream out = new ByteArrayOutputStream(paths.length + definitions.length);
      out.writeBytes(bytes("{"));
      out.writeBytes(head);
      out.writeBytes(bytes(",\"paths\":{"));
      join(out, paths, inside(others.path(PATHS)));
      out.writeBytes(bytes("},\"definitions\":{"));
      join(out, definitions, inside(more));
      out.writeBytes(bytes("}}"));
      return out.toByteArray();
    }

    private static void join(ByteArrayOutputStream out, byte[] first, byte[] more) {
      out.writeBytes(first);
      if (more.length > 0) {
        out.writeBytes(bytes(","));
        out.writeBytes(more);
      }
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }
}
