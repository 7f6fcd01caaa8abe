// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.BodyTooLargeException;
import dev.havn.apiserver.http.Request;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.Structure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Request bodies as trees.
final class Body {
  static final int BYTES_MAX = 3 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private Body() {}

  static byte[] bytes(Request request) {
    try {
      return request.body(BYTES_MAX);
    } catch (BodyTooLargeException e) {
      throw ApiException.tooLarge(BYTES_MAX);
    }
  }

  /// How unknown and duplicate fields are treated (`fieldValidation`).
  enum Validation {
    IGNORE,
    WARN,
    STRICT;

    static Validation of(Request request) {
      @Nullable String asked = request.query().first("fieldValidation");
      return switch (asked == null ? "" : asked) {
        case "Ignore" -> IGNORE;
        case "Strict" -> STRICT;
        default -> WARN;
      };
    }
  }

  /// An object of `kind`, pruned and checked against its schema.
  ///
  /// @param warnings receives what `Warn` says
  static ObjectNode object(
      Request request,
      String apiVersion,
      String kind,
      Schema.Struct schema,
      List<String> warnings) {
    byte[] bytes = bytes(request);
    String type = contentType(request);
    ObjectNode object;
    if (type.equals(Media.PROTOBUF)) {
      try {
        object = Protobuf.decode(Protobuf.open(bytes), schema);
      } catch (CodecException e) {
        throw ApiException.badRequest(String.valueOf(e.getMessage()));
      }
    } else {
      object = asObject(tree(bytes, type), kind, apiVersion);
    }
    checkKind(object, apiVersion, kind);
    fit(object, apiVersion, kind, schema, Validation.of(request), warnings);
    return object;
  }

  /// The media type of the body; JSON when nothing is said.
  static String contentType(Request request) {
    @Nullable String type = request.headers().first("content-type");
    return type == null || type.isBlank() ? Media.JSON : type.split(";")[0].strip();
  }

  static JsonNode tree(byte[] bytes, String contentType) {
    try {
      return switch (contentType) {
        case Media.JSON -> JSON.readTree(bytes);
        case Media.YAML, "application/apply-patch+yaml", "text/yaml" -> Yaml.read(bytes);
        default ->
            throw ApiException.unsupportedMediaType(
                Media.JSON + ", " + Media.YAML + ", " + Media.PROTOBUF);
      };
    } catch (JacksonException e) {
      throw ApiException.badRequest(
          "the object provided is unrecognized (must be of type "
              + "application/json): couldn't get version/kind; json parse error: "
              + e.getOriginalMessage());
    } catch (CodecException e) {
      throw ApiException.badRequest(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  private static ObjectNode asObject(JsonNode tree, String kind, String apiVersion) {
    if (tree instanceof ObjectNode object) {
      return object;
    }
    String version = apiVersion.substring(apiVersion.indexOf('/') + 1);
    throw ApiException.badRequest(
        "%s in version \"%s\" cannot be handled as a %s: json: cannot unmarshal %s into Go value of type %s.%s"
            .formatted(kind, version, kind, word(tree), version, kind));
  }

  private static String word(JsonNode tree) {
    return tree.isArray()
        ? "array"
        : tree.isTextual() ? "string" : tree.isNumber() ? "number" : "bool";
  }

  private static void checkKind(ObjectNode object, String apiVersion, String kind) {
    String givenKind = object.path("kind").asText("");
    String givenVersion = object.path("apiVersion").asText("");
    if (!givenKind.isEmpty() && !givenKind.equals(kind)) {
      throw ApiException.badRequest(
          "%s in version \"%s\" cannot be handled as a %s: converting (v1.%s) to (v1.%s): unknown conversion"
              .formatted(givenKind, givenVersion, kind, givenKind, kind));
    }
    if (!givenVersion.isEmpty() && !givenVersion.equals(apiVersion)) {
      throw ApiException.badRequest(
          "the API version in the data (%s) does not match the expected API version (%s)"
              .formatted(givenVersion, apiVersion));
    }
    object.put("kind", kind).put("apiVersion", apiVersion);
  }

  /// Prunes and checks; says or refuses what does not belong.
  static void fit(
      ObjectNode object,
      String apiVersion,
      String kind,
      Schema.Struct schema,
      Validation validation,
      List<String> warnings) {
    List<String> unknown = new ArrayList<>();
    try {
      for (String path : Structure.fit(object, schema)) {
        unknown.add("unknown field \"" + path + "\"");
      }
    } catch (CodecException e) {
      throw ApiException.badRequest(
          "%s in version \"%s\" cannot be handled as a %s: %s"
              .formatted(
                  kind, apiVersion.substring(apiVersion.indexOf('/') + 1), kind, e.getMessage()));
    }
    switch (validation) {
      case IGNORE -> {}
      case WARN -> warnings.addAll(unknown);
      case STRICT -> {
        if (!unknown.isEmpty()) {
          throw ApiException.badRequest(
              "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s"
                  .formatted(
                      kind,
                      apiVersion.substring(apiVersion.indexOf('/') + 1),
                      kind,
                      String.join(", ", unknown)));
        }
      }
    }
  }

  /// `DeleteOptions` from the body, or an empty object.
  static ObjectNode options(Request request, Registry registry) {
    byte[] bytes = bytes(request);
    if (bytes.length == 0) {
      return JSON.createObjectNode();
    }
    if (contentType(request).equals(Media.PROTOBUF)) {
      Schema.Struct schema = registry.struct("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
      return schema == null
          ? JSON.createObjectNode()
          : Protobuf.decode(Protobuf.open(bytes), schema);
    }
    return tree(bytes, contentType(request)) instanceof ObjectNode object
        ? object
        : JSON.createObjectNode();
  }
}
