// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.apply.ConflictException;
import dev.havn.schema.apply.LastApplied;
import dev.havn.schema.apply.ManagedFields;
import dev.havn.schema.apply.TypedCheck;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.patch.JsonPatch;
import dev.havn.schema.patch.MergePatch;
import dev.havn.schema.patch.PatchException;
import dev.havn.schema.patch.StrategicMergePatch;
import dev.havn.schema.validate.Restoration;
import dev.havn.schema.validate.Structure;
import dev.havn.schema.validate.Unstructured;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The patches: JSON, merge, strategic merge, apply.
final class Patches {
  static final String JSON = "application/json-patch+json";
  static final String MERGE = "application/merge-patch+json";
  static final String STRATEGIC = "application/strategic-merge-patch+json";
  static final String APPLY = "application/apply-patch+yaml";
  private static final List<String> ALL = List.of(JSON, MERGE, STRATEGIC, APPLY);

  /// Those that custom resources take: they do not say how their lists are merged.
  private static final List<String> CUSTOM = List.of(JSON, MERGE, APPLY);

  private static final String DECODING = "error decoding patch: ";
  private static final String MAPPING = "map[string]interface {}";

  private static final Set<String> MEMBERS = Set.of("op", "path", "from", "value");

  private final Writes writes;
  private final Objects objects;

  Patches(Writes writes, Objects objects) {
    this.writes = writes;
    this.objects = objects;
  }

  /// @param created whether an apply made the object
  record Result(Written written, boolean created) {}

  /// Which patch it is, is asked before anything else of a request, also the form of its answer.
  ///
  /// @throws ApiException 415
  static void checkType(Call call) {
    String type = Body.contentType(call.request());
    boolean none = call.request().headers().first("content-type") == null;
    if (call.type().custom() != null && !CUSTOM.contains(type)) {
      throw ApiException.unsupportedMediaType(String.join(", ", CUSTOM));
    }
    if (none || !ALL.contains(type)) {
      throw ApiException.unsupportedPatch();
    }
  }

  Result patch(Call call) {
    String type = Body.contentType(call.request());
    byte[] bytes = Body.bytes(call.request());
    Options.ofPatch(call, type.equals(APPLY));
    if (type.equals(APPLY)) {
      return apply(call, bytes);
    }
    if (objects.find(call.type(), call.namespace(), call.name()) == null) {
      throw ApiException.notFound(call.type(), call.name());
    }
    boolean validated = !"Ignore".equals(call.query("fieldValidation"));
    Body.Parsed patch = shaped(type, parsed(type, bytes, validated), validated);
    Written result =
        writes.update(
            call,
            current -> fitted(call, type, patch, patched(type, current, patch, call.type())),
            true,
            false);
    return new Result(result, false);
  }

  /// @param validated whether fields are looked at, which reads the patch once more
  static Body.Parsed parsed(String mediaType, byte[] bytes, boolean validated) {
    try {
      return Body.text(
          bytes, Media.JSON, mediaType.equals(STRATEGIC) || !validated ? "" : DECODING);
    } catch (CodecException e) {
      throw ApiException.badRequest(
          mediaType.equals(MERGE) && !validated
              ? "Invalid JSON Patch"
              : String.valueOf(e.getMessage()));
    }
  }

  static ObjectNode patched(
      String mediaType, ObjectNode current, Body.Parsed patch, ResourceType type) {
    try {
      JsonNode result =
          switch (mediaType) {
            case JSON -> JsonPatch.apply(current, patch.tree());
            case MERGE -> MergePatch.apply(current, patch.tree());
            default -> {
              if (!(patch.tree() instanceof ObjectNode changes)) {
                throw ApiException.badRequest(unlike(patch.tree(), MAPPING));
              }
              yield StrategicMergePatch.apply(current, changes, type.schema());
            }
          };
      if (result instanceof ObjectNode object) {
        return object;
      }
      throw ApiException.rejected();
    } catch (PatchException e) {
      String message = String.valueOf(e.getMessage());
      throw switch (e.cause()) {
        case MALFORMED -> ApiException.badRequest(message);
        case UNPROCESSABLE -> ApiException.rejected();
        case INTERNAL -> ApiException.unreasoned(message);
      };
    }
  }

  private static void restored(ObjectNode patched, Body.Parsed patch, ResourceType type) {
    try {
      Restoration.restore(patched, type.schema());
    } catch (CodecException e) {
      throw ApiException.invalidPatch(PatchWords.of(patch.tree()), String.valueOf(e.getMessage()));
    }
  }

  /// The patched object, pruned and checked; what stood twice in a patch counts against it.
  private ObjectNode fitted(Call call, String mediaType, Body.Parsed patch, ObjectNode patched) {
    boolean custom = call.type().custom() != null;
    if (!custom) {
      patched.put("kind", call.type().kind()).put("apiVersion", call.type().apiVersion());
    }
    // The check prunes it. What a strategic patch came to is not told.
    JsonNode shown = mediaType.equals(STRATEGIC) ? patched : patched.deepCopy();
    boolean operations = mediaType.equals(JSON);
    List<String> repeated = new ArrayList<>();
    if (operations) {
      patch
          .duplicates()
          .forEach(path -> repeated.add("json patch duplicate field \"" + path + "\""));
      unknownMembers(patch.tree())
          .forEach(path -> repeated.add("json patch unknown field \"" + path + "\""));
    }
    Set<String> duplicates = operations ? Set.of() : patch.duplicates();
    Body.Expected expected = Body.Expected.of(objects.registry(), call.type());
    if (mediaType.equals(STRATEGIC)) {
      restored(patched, patch, call.type());
    }
    String problem =
        Body.fit(call, new Body.Parsed(patched, duplicates, repeated, repeated), expected);
    if (!problem.isEmpty()) {
      throw ApiException.invalidPatch(
          mediaType.equals(STRATEGIC)
              ? PatchWords.of(patch.tree())
              : custom ? PatchWords.sortedDeeply(shown) : PatchWords.sorted(shown),
          problem);
    }
    return patched;
  }

  /// Members of operations that RFC 6902 does not know: `[0].bar`.
  private static List<String> unknownMembers(JsonNode operations) {
    List<String> unknown = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      for (Map.Entry<String, JsonNode> member : operations.path(i).properties()) {
        if (!MEMBERS.contains(member.getKey())) {
          unknown.add("[" + i + "]." + member.getKey());
        }
      }
    }
    return unknown;
  }

  /// The patch in its shape, `null` read as one that does nothing. A wrong shape is found twice:
  /// where fields are validated, Kubernetes reads the patch for that alone.
  private static Body.Parsed shaped(String type, Body.Parsed patch, boolean validated) {
    JsonNode tree = patch.tree();
    switch (type) {
      case JSON -> {
        if (tree.isNull()) {
          return new Body.Parsed(JsonNodeFactory.instance.arrayNode(), Set.of());
        } else if (!tree.isArray()) {
          throw ApiException.badRequest(
              validated
                  ? DECODING + unlike(tree, "[]handlers.jsonPatchOp")
                  : unlike(tree, "jsonpatch.Patch"));
        }
      }
      case MERGE -> {
        if (tree.isNull() || !tree.isContainerNode() && !validated) {
          throw ApiException.badRequest("Invalid JSON Patch");
        } else if (!tree.isObject() && validated) {
          throw ApiException.badRequest(DECODING + unlike(tree, MAPPING));
        } else if (!tree.isObject()) {
          throw ApiException.invalidPatch(tree.toString(), Body.noObject(tree));
        }
      }
      default -> {
        if (tree.isNull()) {
          return new Body.Parsed(empty(), Set.of());
        }
      }
    }
    return patch;
  }

  private static String unlike(JsonNode tree, String goType) {
    return "json: cannot unmarshal %s into Go value of type %s"
        .formatted(GoJson.type(tree), goType);
  }

  private Result apply(Call call, byte[] bytes) {
    ResourceType type = call.type();
    boolean part = !call.info().subresource().isEmpty();
    @Nullable StoredObject found = objects.find(type, call.namespace(), call.name());
    if (part && found == null && !Kinds.isCreatedByUpdate(type)) {
      throw ApiException.notFound(type, call.name());
    }
    Body.Expected expected = Body.Expected.of(objects.registry(), type);
    ObjectNode config = configuration(call, bytes);
    checkKind(expected, config);
    if (found != null) {
      checkUnbooked(call, found);
    }
    checkTyped(expected, config);
    ObjectNode fit = typed(call, config);
    boolean force = call.flag("force");
    if (found == null) {
      checkCreated(call, config.path("metadata"));
      Written created =
          writes.createInstead(
              call, withName(call, fit), object -> applied(call, empty(), fit, object, false));
      return new Result(created, true);
    }
    Written result =
        writes.update(call, current -> applied(call, current, fit, null, force), true, true);
    return new Result(result, false);
  }

  private static void checkCreated(Call call, JsonNode metadata) {
    String uid = metadata.path("uid").asText("");
    if (!uid.isEmpty()) {
      throw ApiException.conflict(
          call.type(),
          call.name(),
          "uid mismatch: the provided object specified uid %s, and no existing object was found"
              .formatted(uid));
    }
    Identity.checkName(call, metadata);
  }

  /// The configuration that is to be applied, checked for what can be told without the object.
  ObjectNode configured(Call call, byte[] bytes, Body.Expected expected) {
    ObjectNode config = configuration(call, bytes);
    checkKind(expected, config);
    checkTyped(expected, config);
    return config;
  }

  /// What stands below an object and has books of its own, with `config` applied.
  static ObjectNode appliedPart(
      Call call,
      ObjectNode live,
      ObjectNode config,
      Body.Expected expected,
      ManagedFields.Writer writer) {
    try {
      return LastApplied.applied(
          live, config, expected.schema(), writer, call.flag("force"), Set.of());
    } catch (ConflictException e) {
      throw ApiException.applyConflict(String.valueOf(e.getMessage()), e.conflicts());
    }
  }

  private static ObjectNode configuration(Call call, byte[] bytes) {
    Body.Parsed parsed;
    try {
      parsed = Body.text(bytes, APPLY, "");
    } catch (CodecException e) {
      throw ApiException.badRequest(
          "error decoding YAML: error converting YAML to JSON: " + e.getMessage());
    }
    if (parsed.tree().isNull() || parsed.tree().isMissingNode()) {
      return empty();
    }
    if (!(parsed.tree() instanceof ObjectNode config)) {
      throw ApiException.badRequest(
          "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
              + unlike(parsed.tree(), MAPPING));
    }
    if (!parsed.refusals().isEmpty()) {
      if ("Strict".equals(call.query("fieldValidation"))) {
        throw ApiException.badRequest(
            "error strict decoding YAML: error converting YAML to JSON: "
                + String.join(", ", parsed.refusals()));
      }
      call.warnings().addAll(parsed.warnings());
    }
    return config;
  }

  private static String named(Call call, ObjectNode config) {
    return named(call.type().apiVersion(), call.type().kind(), config);
  }

  private static String named(Body.Expected expected, ObjectNode config) {
    return named(expected.apiVersion(), expected.kind(), config);
  }

  /// `namespace/name; group/version, Kind=kind`, as a configuration calls itself.
  private static String named(String apiVersion, String kind, ObjectNode config) {
    JsonNode metadata = config.path("metadata");
    return "%s/%s; %s, Kind=%s"
        .formatted(
            metadata.path("namespace").asText(""),
            metadata.path("name").asText(""),
            qualified(apiVersion),
            kind);
  }

  private static String qualified(String apiVersion) {
    return apiVersion.contains("/") ? apiVersion : "/" + apiVersion;
  }

  /// The configuration with values in canonical form, its empty ones kept: they are owned. Values
  /// that have no such form stay as they are: conflicts are told before them.
  private static ObjectNode typed(Call call, ObjectNode config) {
    ObjectNode typed = config.deepCopy();
    if (call.type().custom() != null) {
      return typed;
    }
    try {
      Structure.prune(typed, call.type().schema());
      return typed;
    } catch (CodecException toldWhenMerged) {
      return config.deepCopy();
    }
  }

  private static ApiException notConverted(Call call, ObjectNode config, CodecException e) {
    ResourceType type = call.type();
    return ApiException.unreasoned(
        "failed to convert new object (%s) to proper version: unable to convert unstructured object to %s/%s, Kind=%s: %s"
            .formatted(
                named(call, config), type.group(), type.version(), type.kind(), e.getMessage()));
  }

  private static ObjectNode empty() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static ObjectNode withName(Call call, ObjectNode config) {
    ObjectNode named = config.deepCopy();
    if (!call.type().builtinKind().equals("Node")) {
      // A new node may bring its status, which nobody owns by it. What else a write cannot change
      // is there from the start.
      named.remove("status");
    }
    named.withObjectProperty("metadata").put("name", call.name()).remove("resourceVersion");
    try {
      if (call.type().custom() == null) {
        Unstructured.convert(named, call.type().schema());
        Structure.fit(named, call.type().schema());
      } else {
        call.type().custom().fit(named);
      }
      return named;
    } catch (CodecException e) {
      throw notConverted(call, config, e);
    }
  }

  /// @param finished for a create the finished object, whose managed fields become the applier's
  private ObjectNode applied(
      Call call, ObjectNode live, ObjectNode config, @Nullable ObjectNode finished, boolean force) {
    Set<String> unowned = ResetFields.of(call.type(), call.info().subresource());
    if (finished == null) {
      checkLive(call, live);
    }
    try {
      ObjectNode base = finished == null ? live : finished;
      if (finished != null) {
        ((ObjectNode) base.get("metadata")).remove("managedFields");
      }
      ObjectNode merged =
          LastApplied.applied(
              base, config, call.type().schema(), writes.writer(call, call.type()), force, unowned);
      if (finished != null) {
        // Defaults and resets have come after what was applied: of the merge only the books count.
        @Nullable JsonNode books = merged.path("metadata").get("managedFields");
        if (books != null) {
          finished.withObjectProperty("metadata").set("managedFields", books);
        }
        return timed(finished, writes.writer(call, call.type()));
      }
      if (call.type().custom() != null) {
        call.type().custom().fit(merged);
        return merged;
      }
      Restoration.restore(merged, call.type().schema());
      Unstructured.convert(merged, call.type().schema());
      Structure.fit(merged, call.type().schema());
      return merged;
    } catch (CodecException e) {
      throw notConverted(call, config, e);
    } catch (ConflictException e) {
      throw ApiException.applyConflict(String.valueOf(e.getMessage()), e.conflicts());
    }
  }

  /// Whoever makes an object by applying it does so now, even if nothing else was made of it.
  private static ObjectNode timed(ObjectNode object, ManagedFields.Writer writer) {
    for (JsonNode each : object.path("metadata").path("managedFields")) {
      if (each instanceof ObjectNode entry && !entry.has("time")) {
        entry.put("time", writer.time());
      }
    }
    return object;
  }

  /// An object without managed fields gets some before the first apply, if it can.
  private static void checkUnbooked(Call call, StoredObject found) {
    ObjectNode live = Conversions.tree(call.type(), found);
    if (!live.path("metadata").has("managedFields")) {
      String problems = TypedCheck.problems(live, call.type().schema());
      if (!problems.isEmpty()) {
        throw ApiException.unreasoned(
            "failed to create manager for existing fields: failed to convert new object (%s) to smd typed: %s"
                .formatted(named(call, live), problems));
      }
    }
  }

  /// What lacks its keys can be stored, and nothing be applied to it.
  private static void checkLive(Call call, ObjectNode live) {
    String problems = TypedCheck.keyless(live, call.type().schema());
    if (!problems.isEmpty()) {
      throw ApiException.unreasoned(
          "failed to create typed live object (%s): %s".formatted(named(call, live), problems));
    }
  }

  private static void checkKind(Body.Expected expected, ObjectNode config) {
    String apiVersion = config.path("apiVersion").asText("");
    String kind = config.path("kind").asText("");
    if (!kind.equals(expected.kind()) || !apiVersion.equals(expected.apiVersion())) {
      throw ApiException.badRequest(
          "invalid object type: %s, Kind=%s".formatted(qualified(apiVersion), kind));
    }
  }

  private static void checkTyped(Body.Expected expected, ObjectNode config) {
    if (config.path("metadata").has("managedFields")) {
      throw ApiException.badRequest("metadata.managedFields must be nil");
    }
    String problems = TypedCheck.problems(config, expected.schema());
    if (!problems.isEmpty()) {
      throw ApiException.unreasoned(
          "failed to create typed patch object (%s): %s"
              .formatted(named(expected, config), problems));
    }
  }
}
