// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/// What Kubernetes says of its types and fields. Read when somebody asks for documentation, and let
/// go.
public final class Descriptions {
  private final Map<String, Map<String, String>> byType;

  private Descriptions(Map<String, Map<String, String>> byType) {
    this.byType = byType;
  }

  public static Descriptions load() {
    try (InputStream resource = Descriptions.class.getResourceAsStream("descriptions.bin")) {
      if (resource == null) {
        throw new AssertionError("descriptions.bin is not on the class path");
      }
      DataInputStream in =
          new DataInputStream(new BufferedInputStream(new GZIPInputStream(resource)));
      Map<String, Map<String, String>> byType = new HashMap<>();
      for (int types = in.readUnsignedShort(); types > 0; types--) {
        Map<String, String> fields = new HashMap<>();
        byType.put(in.readUTF(), fields);
        fields.put("", in.readUTF());
        for (int left = in.readUnsignedShort(); left > 0; left--) {
          fields.put(in.readUTF(), in.readUTF());
        }
      }
      return new Descriptions(byType);
    } catch (IOException e) {
      throw new UncheckedIOException("descriptions.bin", e);
    }
  }

  /// The text of a field, or with an empty field name of the type itself; empty when there is none.
  public String of(String definition, String field) {
    return byType.getOrDefault(definition, Map.of()).getOrDefault(field, "");
  }
}
