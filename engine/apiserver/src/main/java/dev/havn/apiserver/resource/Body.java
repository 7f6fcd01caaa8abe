// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.BodyTooLargeException;
import dev.havn.apiserver.http.Request;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.codec.Json;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.custom.CustomResource;
import dev.havn.schema.validate.Structure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Request bodies as trees.
final class Body {
  static final int BYTES_MAX = 3 << 20;

  private static final String TOKEN = "[^\\s()<>@,;:\\\\\"/\\[\\]?=]++";

  /// RFC 9110, section 8.3.1. What is read is never read again, however the rest goes on.
  private static final Pattern MEDIA_TYPE = Pattern.compile("\\s*+(" + TOKEN + "/" + TOKEN + ")");

  private static final Pattern PARAMETER =
      Pattern.compile(
          "\\s*+;\\s*+" + TOKEN + "=(?:" + TOKEN + "|\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\")");

  private static final int SHOWN_BYTES_MAX = 30;

  /// Evictions have the same form in this version, which has no other kind any more.
  private static final String OLD_EVICTION = "policy/v1beta1";

  private Body() {}

  static byte[] bytes(Request request) {
    try {
      return request.body(BYTES_MAX);
    } catch (BodyTooLargeException e) {
      throw ApiException.tooLarge(BYTES_MAX);
    }
  }

  /// What a body shall be.
  ///
  /// @param registry knows what other kinds there are
  /// @param custom what a custom resource is fitted by, null for what Kubernetes has itself
  record Expected(
      Registry registry,
      String apiVersion,
      String kind,
      Schema.Struct schema,
      @Nullable CustomResource custom) {
    Expected(Registry registry, String apiVersion, String kind, Schema.Struct schema) {
      this(registry, apiVersion, kind, schema, null);
    }

    static Expected of(Registry registry, ResourceType type) {
      return new Expected(registry, type.apiVersion(), type.kind(), type.schema(), type.custom());
    }

    private String internalPackage() {
      return Body.internalPackage(apiVersion);
    }

    ApiException unhandled(String givenKind, String givenVersion, String why) {
      return ApiException.badRequest(
          "%s in version \"%s\" cannot be handled as a %s: %s"
              .formatted(givenKind, shortVersion(givenVersion), kind, why));
    }
  }

  /// Go's package of the internal types of a group.
  private static String internalPackage(String apiVersion) {
    int slash = apiVersion.indexOf('/');
    return slash < 0 ? "core" : apiVersion.substring(0, slash).split("\\.")[0];
  }

  /// The type in Go of an object, or of a list of them.
  ///
  /// @param ending `List` or empty
  static String goType(ResourceType type, String ending) {
    if (type.custom() != null) {
      return "*unstructured.Unstructured" + ending;
    }
    String packageName =
        type.builtinKind().equals("Event") ? "core" : internalPackage(type.apiVersion());
    return "*" + packageName + "." + type.kind() + ending;
  }

  private static String shortVersion(String apiVersion) {
    return apiVersion.substring(apiVersion.indexOf('/') + 1);
  }

  /// A tree as it was read, with what a strict reader has against it.
  ///
  /// @param duplicates paths of fields that stand twice, of JSON
  /// @param warnings what else is to be warned of
  /// @param refusals the same as a strict reader says it
  record Parsed(
      JsonNode tree, Set<String> duplicates, List<String> warnings, List<String> refusals) {
    Parsed(JsonNode tree, Set<String> duplicates) {
      this(tree, duplicates, List.of(), List.of());
    }

    private static Parsed of(Yaml.Document document) {
      List<String> repeated = document.repeated();
      return new Parsed(
          document.tree(),
          Set.of(),
          repeated,
          repeated.isEmpty()
              ? List.of()
              : List.of("yaml: unmarshal errors:\n  " + String.join("\n  ", repeated)));
    }
  }

  /// @throws ApiException 415 when a body of this form cannot be read, whatever stands in it
  static void checkForm(Call call) {
    String type = mediaType(call.request());
    if (call.type().custom() != null) {
      CustomBody.checkMedia(type);
    }
    if (!List.of(Media.JSON, Media.YAML, Media.PROTOBUF).contains(type)) {
      throw ApiException.unsupportedMediaType(Media.ALL);
    }
  }

  /// An object of the expected kind, pruned and checked against its schema.
  static ObjectNode object(Call call, Expected expected) {
    byte[] bytes = bytes(call.request());
    String type = mediaType(call.request());
    Parsed parsed;
    try {
      parsed = parsed(bytes, type, expected);
    } catch (CodecException e) {
      throw unrecognized(expected.kind(), bytes, String.valueOf(e.getMessage()));
    }
    if (parsed.tree().isNull() && expected.custom() == null) {
      parsed = new Parsed(JsonNodeFactory.instance.objectNode(), Set.of());
    }
    if (!(parsed.tree() instanceof ObjectNode object)) {
      throw unrecognized(expected.kind(), bytes, noObject(parsed.tree()));
    }
    if (expected.custom() == null) {
      checkKind(object, expected);
    } else {
      CustomBody.checkType(object, bytes, expected);
    }
    String problem = fit(call, parsed, expected);
    if (!problem.isEmpty()) {
      throw expected.unhandled(expected.kind(), expected.apiVersion(), problem);
    }
    return object;
  }

  /// How Go says that it cannot tell the kind of what is no object.
  static String noObject(JsonNode tree) {
    return "couldn't get version/kind; json parse error: json: cannot unmarshal "
        + GoJson.type(tree)
        + " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
  }

  static ApiException unrecognized(String kind, byte[] bytes, String why) {
    return ApiException.badRequest(
        "the object provided is unrecognized (must be of type %s): %s (%s)"
            .formatted(kind, why, summary(bytes)));
  }

  /// The beginning of a body: as text if it looks like JSON, else in hexadecimal.
  private static String summary(byte[] bytes) {
    if (bytes.length == 0) {
      return "<empty>";
    }
    byte[] shown = Arrays.copyOf(bytes, Math.min(bytes.length, SHOWN_BYTES_MAX));
    String text =
        bytes[0] == '{'
            ? new String(shown, StandardCharsets.UTF_8)
            : HexFormat.of().formatHex(shown);
    return bytes.length > SHOWN_BYTES_MAX ? text + " ..." : text;
  }

  private static Parsed parsed(byte[] bytes, String contentType, Expected expected) {
    if (contentType.equals(Media.PROTOBUF) && expected.custom() == null) {
      ObjectNode decoded = Protobuf.decode(Protobuf.open(bytes), expected.schema());
      return new Parsed(decoded, Set.of());
    }
    if (expected.custom() != null) {
      CustomBody.checkMedia(contentType);
    }
    return text(bytes, contentType, "couldn't get version/kind; json parse error: ");
  }

  /// JSON or YAML.
  ///
  /// @param jsonProblem what comes before the words on what is wrong with JSON
  static Parsed text(byte[] bytes, String contentType, String jsonProblem) {
    switch (contentType) {
      case Media.JSON -> {
        try {
          Json.Document document = Json.read(bytes);
          return new Parsed(document.tree(), document.duplicates());
        } catch (CodecException e) {
          throw new CodecException(jsonProblem + e.getMessage());
        }
      }
      case Media.YAML, Patches.APPLY -> {
        return Parsed.of(Yaml.document(bytes));
      }
      default ->
          throw ApiException.unsupportedMediaType(
              Media.JSON + ", " + Media.YAML + ", " + Media.PROTOBUF);
    }
  }

  /// The media type of an object; JSON when nothing is said, empty when it is written wrongly.
  private static String mediaType(Request request) {
    @Nullable String type = request.headers().first("content-type");
    if (type == null || type.isEmpty() || type.equals(Media.JSON)) {
      return Media.JSON;
    }
    Matcher matcher = MEDIA_TYPE.matcher(type);
    if (!matcher.lookingAt()) {
      return "";
    }
    int end = matcher.end();
    Matcher parameter = PARAMETER.matcher(type);
    while (parameter.region(end, type.length()).lookingAt()) {
      end = parameter.end();
    }
    String rest = type.substring(end).strip();
    if (!rest.isEmpty() && !rest.equals(";")) {
      return "";
    }
    String name = matcher.group(1).toLowerCase(Locale.ROOT);
    // a patch is no object
    return name.equals(Patches.APPLY) ? "" : name;
  }

  /// The media type of a patch; JSON when nothing is said.
  static String contentType(Request request) {
    String type = request.headers().first("content-type");
    if (type == null || type.isBlank()) {
      return Media.JSON;
    }
    int parameters = type.indexOf(';');
    return (parameters < 0 ? type : type.substring(0, parameters)).strip();
  }

  private static void checkKind(ObjectNode object, Expected expected) {
    String kind = given(object, "kind", expected.kind());
    String version = given(object, "apiVersion", expected.apiVersion());
    if (kind.equals("Eviction") && version.equals(OLD_EVICTION)) {
      version = "policy/v1";
    }
    boolean same = kind.equals(expected.kind()) && version.equals(expected.apiVersion());
    if (!same) {
      if (!expected.registry().hasKind(version, kind)) {
        throw expected.unhandled(
            kind,
            version,
            "no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/runtime/scheme.go:111\""
                .formatted(kind, version));
      }
      if (kind.equals(expected.kind())) {
        throw ApiException.badRequest(
            "the API version in the data (%s) does not match the expected API version (%s)"
                .formatted(version, expected.apiVersion()));
      }
      throw expected.unhandled(
          kind,
          version,
          "converting (%s.%s) to (%s.%s): unknown conversion"
              .formatted(shortVersion(version), kind, expected.internalPackage(), expected.kind()));
    }
    object.put("kind", expected.kind()).put("apiVersion", expected.apiVersion());
  }

  private static String given(ObjectNode object, String field, String expected) {
    String text = object.path(field).asText("");
    return text.isEmpty() ? expected : text;
  }

  /// Prunes and checks a tree; warns of what does not belong, or gives the words with which a
  /// strict reader refuses it.
  static String fit(Call call, Parsed parsed, Expected expected) {
    List<String> problems;
    try {
      problems =
          expected.custom() == null
              ? Structure.fit((ObjectNode) parsed.tree(), expected.schema(), parsed.duplicates())
              : CustomBody.fit((ObjectNode) parsed.tree(), expected.custom(), parsed.duplicates());
    } catch (CodecException e) {
      return String.valueOf(e.getMessage());
    }
    String validation = call.query("fieldValidation");
    switch (validation == null ? "Warn" : validation) {
      case "Ignore" -> {}
      case "Strict" -> {
        List<String> all = new ArrayList<>(parsed.refusals());
        all.addAll(problems);
        return all.isEmpty() ? "" : "strict decoding error: " + String.join(", ", all);
      }
      default -> {
        call.warnings().addAll(parsed.warnings());
        call.warnings().addAll(problems);
      }
    }
    return "";
  }

  /// `DeleteOptions` from the body, or an empty object.
  static ObjectNode options(Request request, Registry registry) {
    byte[] bytes = bytes(request);
    if (bytes.length == 0) {
      return JsonNodeFactory.instance.objectNode();
    }
    Schema.Struct schema = registry.struct("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
    if (schema == null) {
      throw new AssertionError("no schema of DeleteOptions");
    }
    try {
      Expected expected = new Expected(registry, "v1", "DeleteOptions", schema);
      JsonNode tree = parsed(bytes, mediaType(request), expected).tree();
      if (tree.isNull()) {
        return JsonNodeFactory.instance.objectNode();
      }
      if (!(tree instanceof ObjectNode options)) {
        throw ApiException.badRequest(noObject(tree));
      }
      checkOptionsKind(options);
      Structure.fit(options, schema, Set.of());
      return options;
    } catch (CodecException e) {
      throw ApiException.badRequest(String.valueOf(e.getMessage()));
    }
  }

  private static void checkOptionsKind(ObjectNode options) {
    String kind = given(options, "kind", "DeleteOptions");
    if (!kind.equals("DeleteOptions")) {
      throw ApiException.badRequest(
          "no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/runtime/scheme.go:111\""
              .formatted(kind, given(options, "apiVersion", "v1")));
    }
  }
}
