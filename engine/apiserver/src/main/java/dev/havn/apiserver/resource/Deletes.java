// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.Numbers;
import dev.havn.schema.kinds.SystemPriorityClasses;
import dev.havn.schema.validate.Times;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Delete and deletecollection: at once, after a grace period, or when the last finalizer is gone.
final class Deletes {
  private static final String ORPHAN = "orphan";
  private static final String FOREGROUND = "foregroundDeletion";

  private final Objects objects;
  private final Admission admission;
  private final Allocation allocation;
  private final InstantSource clock;

  Deletes(Objects objects, Admission admission, Allocation allocation, InstantSource clock) {
    this.objects = objects;
    this.admission = admission;
    this.allocation = allocation;
    this.clock = clock;
  }

  /// What came of it.
  ///
  /// @param object the object as it is now, or as it was last
  /// @param gone whether it is deleted, not just marked
  record Result(ObjectNode object, boolean gone) {}

  Result delete(Call call, ObjectNode options) {
    ResourceType type = call.type();
    keepSystemClass(call);
    for (int attempt = 1; ; attempt++) {
      @Nullable StoredObject found = objects.find(type, call.namespace(), call.name());
      if (found == null) {
        throw ApiException.notFound(type, call.name());
      }
      ObjectNode object = Conversions.tree(type, found);
      preconditions(type, call.name(), object, options);
      Admission.Write write = Admissions.deletion(call, object, options, isDry(call, options));
      admission.admit(write);
      admission.validate(write);
      @Nullable Result result = attempt(call, found, object, options);
      if (result != null) {
        return result;
      }
      if (attempt == Writes.ATTEMPTS_MAX) {
        throw ApiException.modified(type, call.name());
      }
    }
  }

  /// Classes of the system stay, whoever asks; Kubernetes does not look at them when all classes
  /// are deleted in one request.
  private static void keepSystemClass(Call call) {
    if (call.type().builtinKind().equals("PriorityClass")
        && call.info().verb().equals("delete")
        && SystemPriorityClasses.values().containsKey(call.name())) {
      throw ApiException.forbidden(
          call.type(), call.name(), "this is a system priority class and cannot be deleted");
    }
  }

  private @Nullable Result attempt(
      Call call, StoredObject found, ObjectNode object, ObjectNode options) {
    ResourceType type = call.type();
    ObjectNode marked = object.objectNode().setAll(object);
    ObjectNode metadata = object.get("metadata").deepCopy();
    marked.set("metadata", metadata);
    propagation(type, metadata, call, options);
    DefinitionEnd.begin(type, marked, clock.instant());
    long grace = grace(type, object, call, options);
    boolean waits =
        !metadata.path("finalizers").isEmpty()
            || (type.builtinKind().equals("Namespace")
                && !marked.path("spec").path("finalizers").isEmpty());
    boolean already = object.path("metadata").has("deletionTimestamp");
    boolean dry = isDry(call, options);
    if (!waits && grace == 0) {
      return now(call, found, object, dry);
    }
    Instant now = clock.instant();
    long before = object.path("metadata").path("deletionGracePeriodSeconds").asLong(0);
    if (!already || grace < before) {
      Instant start =
          already
              ? Instant.parse(metadata.get("deletionTimestamp").asText()).minusNanos(nanos(before))
              : now;
      if (already) {
        metadata.put("deletionTimestamp", Times.seconds(start.plusNanos(nanos(grace))));
        metadata.set("deletionGracePeriodSeconds", Numbers.node(grace));
      } else {
        end(type, metadata, start, grace);
      }
    }
    if (type.builtinKind().equals("Namespace")) {
      ObjectNode status = marked.putObject("status");
      object
          .path("status")
          .properties()
          .forEach(each -> status.set(each.getKey(), each.getValue()));
      status.put("phase", "Terminating");
      metadata.remove("deletionGracePeriodSeconds");
    }
    if (marked.equals(object) || dry) {
      return new Result(marked, false);
    }
    ObjectNode stored = Conversions.toStored(type, marked);
    @Nullable StoredObject done = objects.put(type, call.key(), stored, found.entry().revision());
    return done == null ? null : new Result(done.toTree(), false);
  }

  /// Deletes at once; null when another write came between.
  private @Nullable Result now(Call call, StoredObject found, ObjectNode object, boolean dry) {
    ObjectNode metadata = (ObjectNode) object.get("metadata");
    if (call.type().builtinKind().equals("Pod")) {
      endNow(call.type(), metadata);
    }
    if (dry) {
      return new Result(object, true);
    }
    long revision = objects.delete(call.key(), found.entry().revision());
    if (revision > 0) {
      metadata.put("resourceVersion", String.valueOf(revision));
      allocation.free(call.type(), object, null);
    }
    return revision > 0 ? new Result(object, true) : null;
  }

  /// What a pod that was to end later says of its end when it comes at once.
  private void endNow(ResourceType type, ObjectNode metadata) {
    if (!metadata.has("deletionTimestamp")) {
      end(type, metadata, clock.instant(), 0);
      return;
    }
    long before = metadata.path("deletionGracePeriodSeconds").asLong(0);
    if (before > 0) {
      Instant until = Instant.parse(metadata.get("deletionTimestamp").asText());
      metadata.put("deletionTimestamp", Times.seconds(until.minusNanos(nanos(before))));
      metadata.set("deletionGracePeriodSeconds", Numbers.node(0));
    }
  }

  static boolean isDry(Call call, ObjectNode options) {
    return call.isDryRun() || !options.path("dryRun").isEmpty();
  }

  private static void end(ResourceType type, ObjectNode metadata, Instant start, long grace) {
    metadata.put("deletionTimestamp", Times.seconds(start.plusNanos(nanos(grace))));
    metadata.set("deletionGracePeriodSeconds", Numbers.node(grace));
    if (Kinds.hasGeneration(type) && metadata.path("generation").asLong() > 0) {
      metadata.set("generation", Numbers.node(metadata.path("generation").asLong() + 1));
    }
  }

  /// As Go counts: what is too long for a long of nanoseconds wraps around.
  private static long nanos(long seconds) {
    return seconds * 1_000_000_000L;
  }

  private static void preconditions(
      ResourceType type, String name, ObjectNode object, ObjectNode options) {
    JsonNode wanted = options.path("preconditions");
    JsonNode metadata = object.path("metadata");
    String uid = wanted.path("uid").asText("");
    if (!uid.isEmpty() && !uid.equals(metadata.path("uid").asText())) {
      throw failed(type, name, "UID", uid, metadata.path("uid").asText());
    }
    String version = wanted.path("resourceVersion").asText("");
    if (!version.isEmpty() && !version.equals(metadata.path("resourceVersion").asText())) {
      throw failed(
          type, name, "ResourceVersion", version, metadata.path("resourceVersion").asText());
    }
  }

  private static ApiException failed(
      ResourceType type, String name, String what, String wanted, String actual) {
    if (type.builtinKind().equals("Namespace")) {
      return ApiException.conflict(
          type,
          name,
          "Precondition failed: %s in precondition: %s, %s in object meta: %s"
              .formatted(what, wanted, what, actual));
    }
    return ApiException.preconditionFailed(
        type,
        name,
        "the %s in the precondition (%s) does not match the %s in record (%s). The object might have been %s"
            .formatted(
                what,
                wanted,
                what,
                actual,
                what.equals("UID") ? "deleted and then recreated" : "modified"));
  }

  /// Notes what shall happen to dependents as a finalizer for the garbage collector.
  private static void propagation(
      ResourceType type, ObjectNode metadata, Call call, ObjectNode options) {
    String policy = option(call, options, "propagationPolicy");
    boolean orphan =
        option(call, options, "orphanDependents").equals("true") || policy.equals("Orphan");
    boolean foreground = policy.equals("Foreground");
    if (type.builtinKind().equals("Namespace") || type.builtinKind().equals("Event")) {
      return;
    }
    boolean decided = !policy.isEmpty() || !option(call, options, "orphanDependents").isEmpty();
    List<String> finalizers = new ArrayList<>();
    metadata.path("finalizers").forEach(each -> finalizers.add(each.asText()));
    boolean before = finalizers.contains(ORPHAN) || finalizers.contains(FOREGROUND);
    // Whoever leaves it open leaves it as an earlier request has decided.
    orphan |= !decided && !before && Kinds.orphansByDefault(type);
    if (decided) {
      finalizers.remove(ORPHAN);
      finalizers.remove(FOREGROUND);
    }
    if (orphan) {
      finalizers.add(ORPHAN);
    } else if (foreground) {
      finalizers.add(FOREGROUND);
    }
    if (finalizers.isEmpty()) {
      metadata.remove("finalizers");
    } else {
      ArrayNode list = metadata.putArray("finalizers");
      finalizers.forEach(list::add);
    }
  }

  private static String option(Call call, ObjectNode options, String name) {
    @Nullable String query = call.query(name);
    return options.hasNonNull(name) ? options.get(name).asText() : query == null ? "" : query;
  }

  private static long grace(ResourceType type, ObjectNode object, Call call, ObjectNode options) {
    String asked = option(call, options, "gracePeriodSeconds");
    if (!type.builtinKind().equals("Pod") || !Pods.endsGracefully(object)) {
      return 0;
    }
    long grace =
        asked.isEmpty()
            ? object.path("spec").path("terminationGracePeriodSeconds").asLong(30)
            : asked.startsWith("-") ? 1 : Long.parseLong(asked);
    boolean already = object.path("metadata").has("deletionTimestamp");
    long before = object.path("metadata").path("deletionGracePeriodSeconds").asLong(grace);
    return already ? Math.min(before, asked.isEmpty() ? before : grace) : grace;
  }

  /// `Status` of a delete whose object is gone.
  static ObjectNode success(ResourceType type, ObjectNode object) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    status.put("status", "Success");
    ObjectNode details = status.putObject("details");
    details.put("name", object.path("metadata").path("name").asText());
    if (!type.group().isEmpty()) {
      details.put("group", type.group());
    }
    details.put("kind", type.plural()).put("uid", object.path("metadata").path("uid").asText());
    return status;
  }
}
