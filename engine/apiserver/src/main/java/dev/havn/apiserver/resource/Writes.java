// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.Quotas;
import dev.havn.schema.ResourceType;
import dev.havn.schema.apply.ManagedFields;
import dev.havn.schema.codec.Numbers;
import dev.havn.schema.kinds.Rules;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Times;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Create and update: the one way by which objects come into the store.
final class Writes {
  static final int ATTEMPTS_MAX = 5;

  private static final int NAME_ATTEMPTS_MAX = 8;

  /// Subresources whose writers own fields under their name.
  private static final Set<String> SHOWN_SUBRESOURCES =
      Set.of("status", "scale", "approval", "resize", "ephemeralcontainers", "finalize");

  private final Objects objects;
  private final Admission admission;
  private final Quotas quotas;
  private final Allocation allocation;
  private final Consumer<Call> mayCreate;
  private final InstantSource clock;
  private final RandomGenerator random;

  Writes(
      Objects objects,
      Admission admission,
      Quotas quotas,
      Allocation allocation,
      Consumer<Call> mayCreate,
      InstantSource clock,
      RandomGenerator random) {
    this.objects = objects;
    this.admission = admission;
    this.quotas = quotas;
    this.allocation = allocation;
    this.mayCreate = mayCreate;
    this.clock = clock;
    this.random = random;
  }

  /// Stores a new object as given in the version of the call's type.
  ///
  /// @param owned turns the finished object into one with its managed fields
  Written create(Call call, ObjectNode given, UnaryOperator<ObjectNode> owned) {
    return allocation.guarded(call.type(), () -> createGuarded(call, given, owned));
  }

  /// The same where a call that was to change an object has found none.
  Written createInstead(Call call, ObjectNode given, UnaryOperator<ObjectNode> owned) {
    mayCreate.accept(call.as("create"));
    ObjectNode metadata = (ObjectNode) given.get("metadata");
    String version = metadata.path("resourceVersion").asText("");
    if (!version.isEmpty() && AskedRevision.read(version).isEmpty()) {
      throw ApiException.unreasoned(AskedRevision.problem(version));
    }
    metadata.remove("resourceVersion");
    return create(call, given, owned);
  }

  private Written createGuarded(Call call, ObjectNode given, UnaryOperator<ObjectNode> owned) {
    ResourceType type = call.type();
    ObjectNode metadata = metadata(call, given);
    String version = metadata.path("resourceVersion").asText("");
    boolean versioned = AskedRevision.read(version).orElse(0) != 0;
    boolean generated =
        metadata.path("name").asText("").isEmpty()
            && !metadata.path("generateName").asText("").isEmpty();
    for (int attempt = 1; ; attempt++) {
      ObjectNode object = generated ? given.deepCopy() : given;
      ObjectNode ready = owned.apply(prepare(call, object, generated));
      if (versioned && !call.isDryRun()) {
        throw ApiException.unreasoned("resourceVersion should not be set on objects to be created");
      }
      String name = ready.path("metadata").path("name").asText();
      Quotas.Charge charge = quotas.charge(Admissions.creation(call, name, ready, generated));
      if (call.isDryRun()) {
        if (objects.find(type, call.namespace(), name) != null) {
          throw taken(type, name, metadata);
        }
        if (!version.isEmpty()) {
          ready.withObjectProperty("metadata").put("resourceVersion", version);
        }
        return new Written.Unstored(ready);
      }
      ObjectNode stored = Conversions.toStored(type, ready);
      Set<String> addresses = allocation.note(type, stored, null);
      @Nullable StoredObject done = null;
      try {
        done = objects.put(type, Registry.key(type, call.namespace(), name), stored, 0);
      } finally {
        if (done == null) {
          charge.refund();
          allocation.takeBack(stored, addresses);
        }
      }
      if (done != null) {
        return new Written.Stored(done);
      }
      if (!generated || attempt == NAME_ATTEMPTS_MAX) {
        throw taken(type, name, metadata);
      }
    }
  }

  /// An object that is only answered, with its metadata as if it were created.
  ObjectNode passing(Call call, ObjectNode given) {
    ObjectNode metadata = metadata(call, given);
    ServerMetadata.clear(metadata);
    if (call.type().kind().equals("SelfSubjectReview")) {
      // Nothing of what was sent comes back.
      given.retain("kind", "apiVersion");
      given.putObject("metadata").put("creationTimestamp", Times.seconds(clock.instant()));
    }
    return ManagedFields.updated(
        JsonNodeFactory.instance.objectNode(),
        given,
        call.type().schema(),
        writer(call, call.type()),
        Set.of());
  }

  private static ApiException taken(ResourceType type, String name, JsonNode metadata) {
    return metadata.path("generateName").asText("").isEmpty()
        ? ApiException.alreadyExists(type, name)
        : ApiException.notGenerated(type, name);
  }

  private ObjectNode prepare(Call call, ObjectNode object, boolean generated) {
    ResourceType type = call.type();
    ObjectNode metadata = metadata(call, object);
    ServerMetadata.ofNew(call, metadata, Times.seconds(clock.instant()), random);
    boolean labelled = JobSelectors.sharesLabels(type, object);
    TypeRules.fill(call, object);
    DeviceAccess.stampTaints(type, object, clock.instant());
    if (!call.info().verb().equals("patch")) {
      OwnerReferences.dedupe(call, object, false);
    }
    object = owned(call, JsonNodeFactory.instance.objectNode(), object);
    String shown = metadata.path(generated ? "generateName" : "name").asText("");
    String name = generated ? GeneratedNames.next(type, shown, random) : shown;
    if (generated) {
      // Not before: defaults that follow the name belong to nobody then.
      metadata(call, object).put("name", name);
    }
    admission.admit(Admissions.creation(call, shown, object, generated));
    OwnerReferences.dedupe(call, object, true);
    Kinds.prepareCreate(call, object);
    if (labelled) {
      JobSelectors.share(object);
    }
    if (!isOfStatus(call)) {
      allocation.prepare(call, object, null);
    }
    TypeRules.warn(call, null, object);
    List<FieldError> errors = new ArrayList<>(DeviceAccess.onCreate(objects, type, object));
    errors.addAll(
        Conversions.isJudgedAsStored(type, object)
            ? TypeRules.onCreate(storedType(type), asStored(type, object), call.notes())
            : TypeRules.onCreate(type, object, call.notes()));
    if (!errors.isEmpty()) {
      throw ApiException.invalid(type, name, errors);
    }
    admission.validate(Admissions.creation(call, name, object, generated));
    TypeRules.settle(type, object);
    JobSelectors.settle(type, object);
    return object;
  }

  /// The metadata of an object, which is of the namespace that the request names.
  ObjectNode metadata(Call call, ObjectNode object) {
    ObjectNode metadata =
        object.get("metadata") instanceof ObjectNode given ? given : object.putObject("metadata");
    ServerMetadata.dropEmptyLists(metadata);
    String namespace = metadata.path("namespace").asText("");
    if (call.type().namespaced()) {
      if (!namespace.isEmpty() && !namespace.equals(call.namespace())) {
        throw ApiException.badRequest(
            "the namespace of the provided object does not match the namespace sent on the request");
      }
      metadata.put("namespace", call.namespace());
    } else {
      metadata.remove("namespace");
    }
    return metadata;
  }

  ManagedFields.Writer writer(Call call, ResourceType type) {
    return new ManagedFields.Writer(
        call.fieldManager(),
        type.apiVersion(),
        SHOWN_SUBRESOURCES.contains(call.info().subresource()) ? call.info().subresource() : "",
        Times.seconds(clock.instant()));
  }

  private static boolean isOfStatus(Call call) {
    return call.info().subresource().equals("status");
  }

  /// Computes what an object should become.
  @FunctionalInterface
  interface Change {
    /// @param current the object as it stands, of the caller's own
    ObjectNode apply(ObjectNode current);
  }

  /// Changes an object; tries again when somebody else was faster and `retries` allows it.
  ///
  /// @param owned whether the change has brought the managed fields up to date itself
  Written update(Call call, Change change, boolean retries, boolean owned) {
    return allocation.guarded(call.type(), () -> updateGuarded(call, change, retries, owned));
  }

  private Written updateGuarded(Call call, Change change, boolean retries, boolean owned) {
    ResourceType type = call.type();
    for (int attempt = 1; ; attempt++) {
      @Nullable StoredObject found = objects.find(type, call.namespace(), call.name());
      if (found == null) {
        throw ApiException.notFound(type, call.name());
      }
      ObjectNode before = Conversions.tree(type, found);
      boolean booked = before.path("metadata").has("managedFields");
      ObjectNode wanted = change.apply(before.deepCopy());
      Identity.checkName(call, metadata(call, wanted));
      Identity.checkVersion(call, before, wanted);
      ObjectNode after = merge(call, before, wanted, owned);
      boolean unchanged =
          after.equals(before)
              && !isFinished(type, after)
              && booked == before.path("metadata").has("managedFields")
              && objects.store().isCurrent(found.entry());
      Quotas.Charge charge =
          unchanged ? () -> {} : quotas.charge(Admissions.change(call, before, after));
      if (unchanged || call.isDryRun()) {
        return new Written.Unstored(after);
      }
      @Nullable Written stored = null;
      try {
        stored = store(call, found, after);
      } finally {
        if (stored == null) {
          charge.refund();
        }
      }
      if (stored != null) {
        return stored;
      }
      if (!retries || attempt == ATTEMPTS_MAX) {
        throw ApiException.modified(type, call.name());
      }
    }
  }

  /// The stored object; null when another write came between.
  private @Nullable Written store(Call call, StoredObject found, ObjectNode after) {
    ResourceType type = call.type();
    ObjectNode before = found.shared();
    if (isFinished(type, after)) {
      if (objects.delete(call.key(), found.entry().revision()) == 0) {
        return null;
      }
      allocation.free(type, before, null);
      return new Written.Unstored(after);
    }
    ObjectNode stored = Conversions.toStored(type, after);
    Set<String> addresses = allocation.note(type, stored, before);
    @Nullable StoredObject done = null;
    try {
      done = objects.put(type, call.key(), stored, found.entry().revision());
    } finally {
      if (done == null) {
        allocation.takeBack(stored, addresses);
      }
    }
    if (done == null) {
      return null;
    }
    allocation.free(type, before, stored);
    return new Written.Stored(done);
  }

  /// Whether an object that is being deleted has nothing left to wait for.
  private static boolean isFinished(ResourceType type, ObjectNode object) {
    JsonNode metadata = object.path("metadata");
    return metadata.has("deletionTimestamp")
        && metadata.path("finalizers").isEmpty()
        && metadata.path("deletionGracePeriodSeconds").asLong(0) == 0
        && !(type.builtinKind().equals("Namespace")
            && !object.path("spec").path("finalizers").isEmpty());
  }

  private ObjectNode merge(Call call, ObjectNode before, ObjectNode wanted, boolean owned) {
    ResourceType type = call.type();
    boolean part = PodParts.isOne(call.info().subresource());
    ObjectNode after = part ? PodParts.only(call.info().subresource(), before, wanted) : wanted;
    Conversions.keepOtherHalf(type, call.info().subresource(), before, after);
    ServerMetadata.keep(call, before, metadata(call, after));
    if (call.info().subresource().equals("approval")) {
      StatusUpdates.approve(before, after);
    }
    if (!isOfStatus(call) || Kinds.hasStatus(type)) {
      TypeRules.fill(call, after);
      DeviceAccess.stampTaints(type, after, clock.instant());
    }
    if (Kinds.hasStatus(type)) {
      if (isOfStatus(call)) {
        after = StatusUpdates.of(call, before, after, clock.instant());
      } else if (call.info().subresource().isEmpty()) {
        ServerMetadata.copy("status", before, after);
      }
    }
    if (call.info().verb().equals("update")) {
      OwnerReferences.dedupe(call, after, false);
    }
    if (part) {
      ServerMetadata.copy(
          "managedFields", booked(call, before, wanted, owned), metadata(call, after));
    } else if (!owned) {
      after = owned(call, before, after);
    }
    admission.admit(Admissions.change(call, before, after));
    OwnerReferences.dedupe(call, after, true);
    if (call.info().subresource().isEmpty()) {
      Kinds.prepareUpdate(call, before, after);
      allocation.prepare(call, after, before);
    } else {
      StatusUpdates.prepare(call, before, after, clock.instant());
    }
    countGeneration(call, before, after);
    TypeRules.warn(call, before, after);
    check(call, before, after);
    if (part) {
      checkPart(call, before, wanted, after);
    }
    admission.validate(Admissions.change(call, before, after));
    TypeRules.settle(type, after);
    ManagedFields.keepTimes(before, after);
    return after;
  }

  private static void countGeneration(Call call, ObjectNode before, ObjectNode after) {
    boolean binds = call.info().subresource().equals("binding");
    if (Kinds.countsGenerations(call.type()) && !binds && specChanged(call, before, after)) {
      long counted = before.path("metadata").path("generation").asLong() + 1;
      after.withObjectProperty("metadata").set("generation", Numbers.node(counted));
    }
  }

  /// Metadata with the books of a write to a part of a pod. They follow what was sent, though all
  /// but that part is put back afterwards.
  private ObjectNode booked(Call call, ObjectNode before, ObjectNode wanted, boolean owned) {
    ObjectNode sent = wanted;
    if (!owned) {
      sent = wanted.deepCopy();
      ServerMetadata.keep(call, before, metadata(call, sent));
      TypeRules.fill(call, sent);
      StatusUpdates.address(sent.withObjectProperty("status"));
      sent = owned(call, before, sent);
    }
    return (ObjectNode) sent.path("metadata");
  }

  /// The changed object with books kept of who owns what of it.
  private ObjectNode owned(Call call, ObjectNode before, ObjectNode after) {
    ResourceType type = call.type();
    ObjectNode read = Conversions.asRead(type, after);
    Set<String> unowned = ResetFields.of(type, call.info().subresource());
    ObjectNode kept =
        ManagedFields.updated(before, read, type.schema(), writer(call, type), unowned);
    if (read != after) {
      ObjectNode metadata = after.withObjectProperty("metadata");
      ServerMetadata.copy("managedFields", (ObjectNode) kept.get("metadata"), metadata);
      return after;
    }
    return kept;
  }

  private ResourceType storedType(ResourceType type) {
    return objects.registry().get("autoscaling/v2", type.plural());
  }

  private static ObjectNode asStored(ResourceType type, ObjectNode object) {
    return Conversions.toStored(type, object.deepCopy());
  }

  private void check(Call call, ObjectNode before, ObjectNode after) {
    ResourceType type = call.type();
    List<FieldError> errors = new ArrayList<>();
    if (isOfStatus(call)) {
      errors.addAll(DeviceAccess.onStatus(objects, type, before, after));
    }
    errors.addAll(
        Conversions.isJudgedAsStored(type, after)
            ? TypeRules.onUpdate(
                storedType(type),
                call.info().subresource(),
                asStored(type, before),
                asStored(type, after),
                call.notes())
            : TypeRules.onUpdate(type, call.info().subresource(), before, after, call.notes()));
    if (!errors.isEmpty()) {
      throw ApiException.invalid(type, call.name(), errors);
    }
  }

  private static void checkPart(Call call, ObjectNode before, ObjectNode wanted, ObjectNode after) {
    ResourceType type = call.type();
    List<FieldError> errors = new ArrayList<>(Rules.ofWhole(type.kind(), after, type.schema()));
    errors.addAll(PodParts.check(call.info().subresource(), before, wanted, after));
    if (!errors.isEmpty()) {
      throw ApiException.invalid(type, call.name(), errors);
    }
  }

  private static boolean specChanged(Call call, ObjectNode before, ObjectNode after) {
    ResourceType type = call.type();
    ObjectNode one = JsonNodeFactory.instance.objectNode().setAll(before);
    ObjectNode other = JsonNodeFactory.instance.objectNode().setAll(after);
    for (ObjectNode each : List.of(one, other)) {
      if (type.custom() == null || Kinds.hasStatus(type)) {
        each.remove("status");
      }
      each.remove("metadata");
    }
    String counted = isOfStatus(call) ? "" : Kinds.countedMetadata(type);
    JsonNode had = before.path("metadata").path(counted);
    JsonNode has = after.path("metadata").path(counted);
    boolean same = had.equals(has) || had.isEmpty() && has.isEmpty();
    return !same || !one.equals(other);
  }
}
