// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import dev.havn.schema.apply.ManagedFields;
import dev.havn.schema.codec.Numbers;
import dev.havn.schema.custom.CustomResource;
import dev.havn.schema.select.SelectorText;
import dev.havn.schema.validate.FieldError;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The subresource `scale`: how many of something there are and should be, as an object of its own
/// that has its own books of who owns the number.
final class Scales {
  private static final String API_VERSION = "autoscaling/v1";
  private static final String KIND = "Scale";

  private final Objects objects;
  private final Reads reads;
  private final Writes writes;
  private final Patches patches;
  private final Admission admission;

  Scales(Objects objects, Reads reads, Writes writes, Patches patches, Admission admission) {
    this.objects = objects;
    this.reads = reads;
    this.writes = writes;
    this.patches = patches;
    this.admission = admission;
  }

  /// @param object the scale as it should be
  /// @param applied whether it is so by an apply, which has kept the books itself
  private record Wanted(ObjectNode object, boolean applied) {}

  void serve(Call call, Response response) {
    Schema.@Nullable Struct schema = objects.registry().struct("io.k8s.api.autoscaling.v1.Scale");
    if (schema == null) {
      throw new AssertionError("no schema of scales");
    }
    Body.Expected expected = new Body.Expected(objects.registry(), API_VERSION, KIND, schema);
    if (call.info().verb().equals("get")) {
      reads.checkRevision(call);
    }
    ObjectNode result =
        switch (call.info().verb()) {
          case "get" -> Conversions.tree(call.type(), existing(call));
          case "patch" -> patched(call, expected);
          default -> {
            ObjectNode wanted = Body.object(call, expected);
            Identity.checkName(call, wanted.withObjectProperty("metadata"));
            ObjectNode current = Conversions.tree(call.type(), existing(call));
            yield scaled(call, schema, current, new Wanted(wanted, false));
          }
        };
    checkScale(call.type(), result);
    Output.send(
        response,
        Media.of(call.request(), false),
        200,
        scaleOf(call.type(), result),
        schema,
        call.warnings());
  }

  /// Patches the scale of the moment, and that of the next one when somebody else was faster; a
  /// patch that names a revision does not fit that one.
  private ObjectNode patched(Call call, Body.Expected expected) {
    String type = Body.contentType(call.request());
    byte[] bytes = Body.bytes(call.request());
    Options.ofPatch(call, type.equals(Patches.APPLY));
    StoredObject first = existing(call);
    Function<ObjectNode, Wanted> change = change(call, type, bytes, expected);
    for (int attempt = 1; ; attempt++) {
      ObjectNode current = Conversions.tree(call.type(), attempt == 1 ? first : existing(call));
      Wanted wanted = change.apply(current);
      try {
        return scaled(call, expected.schema(), current, wanted);
      } catch (ApiException e) {
        boolean again =
            e.reason().equals("Conflict") && version(wanted.object()).equals(version(current));
        if (!again || attempt == Writes.ATTEMPTS_MAX) {
          throw e;
        }
      }
    }
  }

  /// What a patch makes of the scale of an object.
  private Function<ObjectNode, Wanted> change(
      Call call, String mediaType, byte[] bytes, Body.Expected expected) {
    ResourceType type = call.type();
    if (!mediaType.equals(Patches.APPLY)) {
      Body.Parsed patch = Patches.parsed(mediaType, bytes, true);
      return current ->
          new Wanted(Patches.patched(mediaType, scaleOf(type, current), patch, type), false);
    }
    ObjectNode config = patches.configured(call, bytes, expected);
    ManagedFields.Writer writer = writer(call);
    return current -> {
      ObjectNode scale = booked(type, current);
      ObjectNode applied = Patches.appliedPart(call, scale, config, expected, writer);
      Identity.checkName(call, writes.metadata(call, applied));
      return new Wanted(applied, true);
    };
  }

  private ManagedFields.Writer writer(Call call) {
    ManagedFields.Writer writer = writes.writer(call, call.type());
    return new ManagedFields.Writer(
        writer.manager(), API_VERSION, writer.subresource(), writer.time());
  }

  private static ObjectNode booked(ResourceType type, ObjectNode object) {
    return ManagedFields.ofScale(object, scaleOf(type, object), replicasPath(type), API_VERSION);
  }

  private StoredObject existing(Call call) {
    @Nullable StoredObject found = objects.find(call.type(), call.namespace(), call.name());
    if (found == null) {
      throw ApiException.notFound(call.type(), call.name());
    }
    return found;
  }

  private static JsonNode version(ObjectNode object) {
    return object.path("metadata").path("resourceVersion");
  }

  private ObjectNode scaled(Call call, Schema.Struct schema, ObjectNode current, Wanted wanted) {
    ObjectNode whole = scaleOf(call.type(), current);
    JsonNode replicas = wanted.object().path("spec").path("replicas");
    whole.putObject("spec");
    if (replicas.asLong() != 0) {
      whole.withObjectProperty("spec").set("replicas", replicas);
    }
    Admission.Write write =
        Admissions.body(call, Operation.UPDATE, schema, whole, scaleOf(call.type(), current));
    admission.admit(write);
    check(call, write.object());
    admission.validate(write);
    checkUid(call, current, wanted.object());
    return resized(call, schema, write.object(), wanted);
  }

  private static void check(Call call, ObjectNode scale) {
    JsonNode replicas = scale.path("spec").path("replicas");
    if (replicas.asLong() < 0 && call.type().custom() == null) {
      throw ApiException.invalid(
          "autoscaling",
          KIND,
          call.name(),
          List.of(
              FieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0")));
    }
  }

  /// Of an update the store itself asks whether it means this object.
  private static void checkUid(Call call, ObjectNode current, ObjectNode wanted) {
    String uid = wanted.path("metadata").path("uid").asText("");
    String actual = current.path("metadata").path("uid").asText();
    if (call.info().verb().equals("patch") && !uid.isEmpty() && !uid.equals(actual)) {
      throw ApiException.conflict(
          call.type().group(),
          call.type().plural() + "/scale",
          call.name(),
          "Precondition failed: UID in precondition: %s, UID in object meta: %s"
              .formatted(uid, actual));
    }
  }

  private ObjectNode resized(Call call, Schema.Struct schema, ObjectNode scale, Wanted wanted) {
    ResourceType type = call.type();
    List<String> path = replicasPath(type);
    JsonNode named = wanted.object().path("metadata");
    Written written =
        writes.update(
            call,
            object -> {
              ObjectNode before = object.deepCopy();
              setReplicas(type, object, scale.path("spec").path("replicas").asInt());
              for (String field : List.of("resourceVersion", "uid")) {
                if (named.path(field).isTextual()) {
                  object.withObjectProperty("metadata").set(field, named.get(field));
                }
              }
              ObjectNode books =
                  wanted.applied()
                      ? wanted.object()
                      : ManagedFields.updated(
                          booked(type, before), scale, schema, writer(call), Set.of());
              return ManagedFields.scaled(before, object, books, path, type.apiVersion());
            },
            true,
            true);
    return written.tree();
  }

  /// A custom object that does not say how many it wants has no scale to show.
  private static void checkScale(ResourceType type, ObjectNode object) {
    @Nullable CustomResource custom = type.custom();
    CustomResource.@Nullable Scale places = custom == null ? null : custom.scale();
    if (places != null && at(object, places.replicas()).isMissingNode()) {
      throw ApiException.internal(
          "the spec replicas field \"%s\" does not exist".formatted(places.replicas()));
    }
  }

  /// Where the wanted replicas stand.
  private static List<String> replicasPath(ResourceType type) {
    @Nullable CustomResource custom = type.custom();
    return custom == null || custom.scale() == null
        ? List.of("spec", "replicas")
        : List.of(custom.scale().replicas().substring(1).split("\\."));
  }

  private static void setReplicas(ResourceType type, ObjectNode object, int replicas) {
    ObjectNode owner = object;
    List<String> path = replicasPath(type);
    for (String step : path.subList(0, path.size() - 1)) {
      owner = owner.withObjectProperty(step);
    }
    owner.put(path.getLast(), replicas);
  }

  private static JsonNode at(ObjectNode object, String path) {
    JsonNode node = object;
    for (String step : path.isEmpty() ? new String[0] : path.substring(1).split("\\.")) {
      node = node.path(step);
    }
    return path.isEmpty() ? MissingNode.getInstance() : node;
  }

  private static ObjectNode scaleOf(ResourceType type, ObjectNode object) {
    @Nullable CustomResource custom = type.custom();
    CustomResource.@Nullable Scale places = custom == null ? null : custom.scale();
    if (places == null) {
      JsonNode selector = object.path("spec").path("selector");
      return scaleOf(
          object,
          object.path("spec").path("replicas"),
          object.path("status").path("replicas"),
          SelectorText.of(selector));
    }
    return scaleOf(
        object,
        at(object, places.replicas()),
        at(object, places.statusReplicas()),
        at(object, places.selector()).asText(""));
  }

  private static ObjectNode scaleOf(
      ObjectNode object, JsonNode wanted, JsonNode present, String selector) {
    ObjectNode scale = JsonNodeFactory.instance.objectNode();
    scale.put("kind", KIND).put("apiVersion", API_VERSION);
    ObjectNode metadata = scale.putObject("metadata");
    for (String field :
        List.of("name", "namespace", "uid", "resourceVersion", "creationTimestamp")) {
      metadata.set(field, object.path("metadata").path(field));
    }
    ObjectNode spec = scale.putObject("spec");
    long replicas = wanted.asLong();
    if (replicas != 0) {
      spec.set("replicas", Numbers.node(replicas));
    }
    ObjectNode status = scale.putObject("status");
    status.put("replicas", present.asLong());
    if (!selector.isEmpty()) {
      status.put("selector", selector);
    }
    return scale;
  }
}
