// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.validate.Zeros;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `metadata.managedFields`: who owns which field, kept on every write, and server-side apply on
/// top of it (KEP-555).
public final class ManagedFields {
  /// Entries of operation `Update`; older ones are merged into [#ANCIENT].
  static final int UPDATERS_MAX = 10;

  static final String ANCIENT = "ancient-changes";

  private static final String OF_METADATA = "metadata.";
  private static final String APPLY = "Apply";
  private static final String UPDATE = "Update";

  /// Metadata that nobody owns.
  private static final List<String> UNOWNED_METADATA =
      List.of(
          "name",
          "namespace",
          "creationTimestamp",
          "selfLink",
          "uid",
          "clusterName",
          "generation",
          "managedFields",
          "resourceVersion");

  private static final FieldSet UNOWNED = unowned();
  private static final List<String> SCALE_REPLICAS = List.of("spec", "replicas");
  private static final String BEFORE_APPLY = "before-first-apply";

  /// `metadata` itself, without what is in it.
  private static final FieldSet METADATA = metadata();

  private ManagedFields() {}

  /// Who writes.
  ///
  /// @param manager as the field manager is called
  /// @param apiVersion in which the object was written
  /// @param subresource empty for the object itself
  /// @param time RFC 3339, seconds
  public record Writer(String manager, String apiVersion, String subresource, String time) {}

  /// One entry.
  private record Owner(
      String manager,
      String operation,
      String apiVersion,
      String subresource,
      @Nullable String time,
      FieldSet fields) {

    boolean is(Writer writer, String as) {
      return operation.equals(as)
          && manager.equals(writer.manager())
          && subresource.equals(writer.subresource())
          && (as.equals(APPLY) || apiVersion.equals(writer.apiVersion()));
    }

    boolean owns(FieldSet any) {
      return !fields.and(any).isEmpty();
    }

    Owner with(FieldSet changed) {
      return new Owner(manager, operation, apiVersion, subresource, time, changed);
    }

    /// What tells owners apart; its order is that in which conflicts are told.
    String key() {
      String version = operation.equals(APPLY) ? "" : "," + apiVersion;
      return manager
          + ","
          + operation
          + version
          + (subresource.isEmpty() ? "~" : "," + subresource);
    }

    ObjectNode toJson() {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("manager", manager).put("operation", operation).put("apiVersion", apiVersion);
      if (time != null) {
        json.put("time", time);
      }
      json.put("fieldsType", "FieldsV1").set("fieldsV1", fields.toJson());
      if (!subresource.isEmpty()) {
        json.put("subresource", subresource);
      }
      return json;
    }
  }

  /// The object after a create, update or patch by `writer`, its managed fields brought up to date.
  ///
  /// An object whose keyed lists have, or had, items without keys has none: nobody can own a field
  /// that no path leads to. Whoever clears an object's managed fields ends their bookkeeping, until
  /// somebody applies.
  ///
  /// @param before what stood there; an empty object before a create
  /// @param unowned fields which this endpoint resets, so that writing them owns nothing: `status`,
  ///   `metadata.labels`
  public static ObjectNode updated(
      ObjectNode before, ObjectNode after, Schema.Struct type, Writer writer, Set<String> unowned) {
    boolean creates = before.isEmpty();
    List<Owner> owners = creates ? List.of() : ownersOfUpdate(before, after, writer);
    if (!creates && owners.isEmpty()
        || TypedCheck.lacksKeys(after, type)
        || TypedCheck.lacksKeys(before, type)) {
      return withOwners(after, List.of());
    }
    ObjectNode base = creates ? Zeros.of(type) : before;
    Fields.Difference difference =
        Fields.between(bare(base, unowned), bare(Zeros.written(after, type), unowned), type);
    FieldSet written = difference.written().minus(METADATA);
    FieldSet removed = difference.removed();
    List<Owner> result = new ArrayList<>();
    @Nullable Owner mine = null;
    for (Owner owner : owners) {
      if (owner.is(writer, UPDATE)) {
        mine = owner;
      } else {
        FieldSet rest = owner.fields().minus(written).minusBelow(removed);
        if (!rest.isEmpty()) {
          result.add(owner.with(rest));
        }
      }
    }
    FieldSet before2 = mine == null ? new FieldSet() : mine.fields();
    // What is owned of a removed value, but was never part of it, stays: fields of features that
    // are
    // off.
    FieldSet fields = FieldSet.union(before2, written).minus(removed.minus(written));
    if (!fields.isEmpty()) {
      boolean same = mine != null && fields.equals(before2) && written.isEmpty();
      @Nullable String time = same && mine != null ? mine.time() : writer.time();
      result.add(
          new Owner(
              writer.manager(), UPDATE, writer.apiVersion(), writer.subresource(), time, fields));
    }
    return withOwners(after, capped(result));
  }

  /// The live object with `config` applied by `writer`.
  ///
  /// @param live what stands there; an empty object when there is nothing
  /// @throws ConflictException when another manager owns a field with another value and `force` is
  ///   not set
  public static ObjectNode applied(
      ObjectNode live,
      ObjectNode config,
      Schema.Struct type,
      Writer writer,
      boolean force,
      Set<String> unowned) {
    ObjectNode owning = bare(config, unowned);
    FieldSet wanted = owning.isEmpty() ? new FieldSet() : Fields.of(owning, type).minus(METADATA);
    ObjectNode merged = (ObjectNode) TypedMerge.merge(live, config, type);
    FieldSet changed = Fields.appliedOver(bare(live, unowned), bare(merged, unowned), type);
    List<Owner> owners = ownersBeforeApply(live, type, writer, unowned);
    List<ConflictException.Conflict> conflicts = new ArrayList<>();
    List<Owner> result = new ArrayList<>();
    FieldSet others = new FieldSet();
    FieldSet last = new FieldSet();
    @Nullable Owner mine = null;
    for (Owner owner : owners.stream().sorted(Comparator.comparing(Owner::key)).toList()) {
      if (owner.is(writer, APPLY)) {
        mine = owner;
        last = owner.fields();
        continue;
      }
      FieldSet contested = owner.fields().and(changed);
      FieldSet rest = owner.fields();
      if (!contested.isEmpty()) {
        conflicts.add(new ConflictException.Conflict(describe(owner), contested.paths()));
        rest = rest.minus(contested);
      }
      if (!rest.isEmpty()) {
        result.add(owner.with(rest));
      }
      others = FieldSet.union(others, rest);
    }
    if (!conflicts.isEmpty() && !force) {
      throw new ConflictException(conflicts);
    }
    FieldSet dropped = last.minus(wanted).minus(others);
    ObjectNode pruned =
        (ObjectNode) TypedMerge.without(merged, dropped, FieldSet.union(wanted, others), type);
    if (!wanted.isEmpty()) {
      boolean same = withoutOwners(live).equals(withoutOwners(pruned));
      @Nullable String before = mine == null ? null : mine.time();
      @Nullable String time = same ? before : writer.time();
      result.add(
          new Owner(
              writer.manager(), APPLY, writer.apiVersion(), writer.subresource(), time, wanted));
    }
    return withOwners(pruned, result);
  }

  /// Puts the times back when nothing but them has changed: what was only tried is not written.
  ///
  /// @param after as it would be stored; changed in place
  public static void keepTimes(ObjectNode before, ObjectNode after) {
    if (after.get("metadata") instanceof ObjectNode metadata
        && metadata.get("managedFields") instanceof ArrayNode now
        && before.path("metadata").get("managedFields") instanceof ArrayNode old
        && !now.equals(old)
        && areSameButForTimes(now, old)) {
      metadata.set("managedFields", old);
      if (after.equals(before)) {
        metadata.set("managedFields", old.deepCopy());
      } else {
        metadata.set("managedFields", now);
      }
    }
  }

  private static boolean areSameButForTimes(ArrayNode now, ArrayNode old) {
    boolean same = now.size() == old.size();
    for (int i = 0; same && i < now.size(); i++) {
      same = isSameButForTime(now.get(i), old.get(i));
    }
    return same;
  }

  private static boolean isSameButForTime(JsonNode now, JsonNode old) {
    if (!(now instanceof ObjectNode) || !(old instanceof ObjectNode)) {
      return now.equals(old);
    }
    int timed = (now.has("time") ? 1 : 0) - (old.has("time") ? 1 : 0);
    return now.size() - timed == old.size()
        && now.properties().stream()
            .allMatch(
                field ->
                    field.getKey().equals("time")
                        || field.getValue().equals(old.get(field.getKey())));
  }

  /// The books that a client hands in, as when it moves fields from one manager to another, else
  /// those of the object. Below an object nobody keeps its books.
  private static List<Owner> ownersOfUpdate(ObjectNode before, ObjectNode after, Writer writer) {
    List<Owner> given = writer.subresource().isEmpty() ? owners(after) : List.of();
    return given.isEmpty() ? owners(before) : given;
  }

  /// Owners of an object; of a stored one that nobody has kept books of, somebody unknown owns all.
  private static List<Owner> ownersBeforeApply(
      ObjectNode live, Schema.Struct type, Writer writer, Set<String> unowned) {
    List<Owner> owners = owners(live);
    boolean stored = live.path("metadata").has("resourceVersion");
    FieldSet all =
        Fields.between(bare(Zeros.of(type), unowned), bare(live, unowned), type)
            .written()
            .minus(METADATA);
    return stored && owners.isEmpty() && !all.isEmpty()
        ? List.of(
            new Owner(
                BEFORE_APPLY,
                UPDATE,
                writer.apiVersion(),
                writer.subresource(),
                writer.time(),
                all))
        : owners;
  }

  /// The scale of an object with its own books: whoever owns the replicas of the object owns those
  /// of the scale.
  ///
  /// @param path where the replicas of the object stand, such as `spec`, `replicas`
  /// @param apiVersion of the scale
  public static ObjectNode ofScale(
      ObjectNode object, ObjectNode scale, List<String> path, String apiVersion) {
    FieldSet replicas = only(path);
    FieldSet own = only(SCALE_REPLICAS);
    List<Owner> owners = new ArrayList<>();
    for (Owner owner : owners(object)) {
      if (owner.owns(replicas)) {
        owners.add(
            new Owner(
                owner.manager(),
                owner.operation(),
                apiVersion,
                owner.subresource(),
                owner.time(),
                own));
      }
    }
    return withOwners(scale, owners);
  }

  /// The object after its replicas were set through a scale. As in Kubernetes, whoever owned them
  /// by writes owns them no more, or only until the object is written again: an entry that comes
  /// from the scale has no time, and is taken for the manager's own.
  ///
  /// @param scale with its books after the change
  /// @param path where the replicas of the object stand
  /// @param apiVersion of the object
  public static ObjectNode scaled(
      ObjectNode before, ObjectNode after, ObjectNode scale, List<String> path, String apiVersion) {
    FieldSet replicas = only(path);
    FieldSet own = only(SCALE_REPLICAS);
    Map<String, Owner> ofScale = new LinkedHashMap<>();
    owners(scale).forEach(owner -> ofScale.put(owner.key(), owner));
    List<Owner> result = new ArrayList<>();
    for (Owner owner : owners(before)) {
      boolean had = owner.owns(replicas);
      // Appliers are known by the same key here and there, updaters are not.
      boolean kept = had && ofScale.remove(owner.key()) != null;
      FieldSet rest = had && !kept ? owner.fields().minus(replicas) : owner.fields();
      if (!rest.isEmpty()) {
        result.add(owner.with(rest));
      }
    }
    for (Owner owner : ofScale.values()) {
      if (owner.owns(own)) {
        result.add(
            new Owner(
                owner.manager(),
                owner.operation(),
                apiVersion,
                owner.subresource(),
                null,
                replicas));
      }
    }
    return withOwners(after, result);
  }

  private static FieldSet only(List<String> path) {
    FieldSet set = new FieldSet();
    FieldSet field = set;
    for (String step : path) {
      field = field.child(PathElements.field(step));
    }
    field.mark();
    return set;
  }

  /// What an apply is compared by: whatever it changes, be it reset by this endpoint, is a change.
  private static ObjectNode withoutOwners(ObjectNode object) {
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.setAll(object);
    if (result.get("metadata") instanceof ObjectNode metadata) {
      ObjectNode rest = JsonNodeFactory.instance.objectNode();
      rest.setAll(metadata);
      rest.remove("managedFields");
      result.set("metadata", rest);
    }
    return result;
  }

  private static String describe(Owner owner) {
    String text = "\"" + owner.manager() + "\"";
    if (!owner.subresource().isEmpty()) {
      text += " with subresource \"" + owner.subresource() + "\"";
    }
    return owner.operation().equals(UPDATE) ? text + " using " + owner.apiVersion() : text;
  }

  /// Fields of `last` that stand the same in `live`, as paths that conflicts name.
  static Set<String> unchanged(ObjectNode last, ObjectNode live, Schema.Struct type) {
    ObjectNode bareLast = bare(last, Set.of());
    Fields.Difference since = Fields.between(bareLast, bare(live, Set.of()), type);
    FieldSet same = Fields.of(bareLast, type).minus(since.written()).minus(since.removed());
    return Set.copyOf(same.paths());
  }

  private static ObjectNode bare(ObjectNode object, Set<String> unowned) {
    ObjectNode bare = JsonNodeFactory.instance.objectNode();
    bare.setAll(object);
    bare.remove("apiVersion");
    bare.remove("kind");
    unowned.forEach(bare::remove);
    if (bare.get("metadata") instanceof ObjectNode metadata) {
      ObjectNode owned = JsonNodeFactory.instance.objectNode();
      owned.setAll(metadata);
      UNOWNED_METADATA.forEach(owned::remove);
      for (String each : unowned) {
        if (each.startsWith(OF_METADATA)) {
          owned.remove(each.substring(OF_METADATA.length()));
        }
      }
      bare.set("metadata", owned);
    }
    return bare;
  }

  private static FieldSet metadata() {
    FieldSet set = new FieldSet();
    set.child("f:metadata").mark();
    return set;
  }

  private static FieldSet unowned() {
    FieldSet set = new FieldSet();
    set.child("f:apiVersion").mark();
    set.child("f:kind").mark();
    UNOWNED_METADATA.forEach(name -> set.child("f:metadata").child("f:" + name).mark());
    return set;
  }

  private static List<Owner> owners(ObjectNode object) {
    Map<String, Owner> owners = new LinkedHashMap<>();
    for (JsonNode entry : object.path("metadata").path("managedFields")) {
      Owner owner =
          new Owner(
              entry.path("manager").asText(),
              entry.path("operation").asText(),
              entry.path("apiVersion").asText(),
              entry.path("subresource").asText(""),
              entry.hasNonNull("time") ? entry.get("time").asText() : null,
              FieldSet.parse(entry.path("fieldsV1")).minusBelow(UNOWNED));
      owners.put(owner.key(), owner);
    }
    return new ArrayList<>(owners.values());
  }

  private static List<Owner> capped(List<Owner> owners) {
    if (owners.size() <= UPDATERS_MAX) {
      return owners;
    }
    List<Owner> updaters =
        owners.stream()
            .filter(owner -> owner.operation().equals(UPDATE))
            .sorted(Comparator.comparing(ManagedFields::timeOf))
            .toList();
    int surplus = updaters.size() - UPDATERS_MAX;
    if (surplus <= 0) {
      return owners;
    }
    List<Owner> oldest = updaters.subList(0, surplus + 1);
    List<Owner> result = new ArrayList<>(owners);
    result.removeAll(oldest);
    FieldSet all = new FieldSet();
    for (Owner owner : oldest) {
      all = FieldSet.union(all, owner.fields());
    }
    Owner newest = oldest.getLast();
    result.add(new Owner(ANCIENT, UPDATE, newest.apiVersion(), "", newest.time(), all));
    return result;
  }

  private static String timeOf(Owner owner) {
    return owner.time() == null ? "" : owner.time();
  }

  private static ObjectNode withOwners(ObjectNode object, List<Owner> owners) {
    List<Owner> ordered = new ArrayList<>(owners);
    ordered.sort(
        Comparator.comparing(Owner::operation)
            .thenComparing(ManagedFields::timeOf)
            .thenComparing(Owner::manager)
            .thenComparing(Owner::apiVersion)
            .thenComparing(Owner::subresource));
    ArrayNode entries = JsonNodeFactory.instance.arrayNode();
    ordered.forEach(owner -> entries.add(owner.toJson()));
    ObjectNode metadata = JsonNodeFactory.instance.objectNode();
    if (object.get("metadata") instanceof ObjectNode present) {
      metadata.setAll(present);
    }
    metadata.remove("managedFields");
    if (!entries.isEmpty()) {
      metadata.set("managedFields", entries);
    }
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.setAll(object);
    result.set("metadata", metadata);
    return result;
  }
}
