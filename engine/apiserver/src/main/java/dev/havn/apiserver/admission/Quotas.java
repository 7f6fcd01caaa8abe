// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Quantity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The plugin ResourceQuota: takes what a new or changed object uses from the quotas of its
/// namespace, in the quota's own status, so that two creates cannot both have the last piece. It
/// comes last, when everything else has agreed to the object. What goes is given back by the quota
/// controller.
public final class Quotas {
  private static final int ATTEMPTS_MAX = 10;

  private final Objects objects;

  public Quotas(Objects objects) {
    this.objects = objects;
  }

  /// What was taken for an object; it goes back when the object does not come to be after all.
  @FunctionalInterface
  public interface Charge {
    void refund();
  }

  /// What a write takes: all of it where the object was not in the quota's scope before.
  private record Usage(Map<String, Quantity> all, Map<String, Quantity> more) {
    Map<String, Quantity> in(JsonNode quota, Admission.Write write) {
      @Nullable ObjectNode before = write.before();
      boolean was =
          before != null && QuotaUsage.isInScope(quota.path("spec"), write.type(), before);
      return was ? more : all;
    }
  }

  private Usage usage(Admission.Write write) {
    Map<String, Quantity> all = QuotaUsage.of(write.type(), write.object());
    if (ClaimUsage.concerns(write.type())) {
      all.putAll(new ClaimUsage(objects).of(write.object(), write.namespace()));
    }
    @Nullable ObjectNode before = write.before();
    return before == null
        ? new Usage(all, all)
        : new Usage(all, QuotaUsage.more(all, QuotaUsage.of(write.type(), before)));
  }

  /// @param write a create, or an update that may take more
  public Charge charge(Admission.Write write) {
    if (!write.type().namespaced()
        || write.type().builtinKind().equals("Event")
        || !QuotaUsage.isCharged(write)) {
      return () -> {};
    }
    List<ObjectNode> quotas = objects.list("v1", "resourcequotas", write.namespace());
    if (quotas.isEmpty()) {
      return () -> {};
    }
    Usage usage = usage(write);
    for (ObjectNode quota : quotas) {
      charged(write, quota, usage.in(quota, write));
    }
    Map<String, Map<String, Quantity>> taken = new HashMap<>();
    Charge charge = () -> taken.forEach((quota, amounts) -> giveBack(write, quota, amounts));
    if (!write.isDryRun()) {
      take(write, quotas, usage, taken, charge);
    }
    return charge;
  }

  /// Of all quotas or of none.
  private void take(
      Admission.Write write,
      List<ObjectNode> quotas,
      Usage usage,
      Map<String, Map<String, Quantity>> taken,
      Charge charge) {
    try {
      for (ObjectNode quota : quotas) {
        Map<String, Quantity> amounts = usage.in(quota, write);
        if (take(write, quota, amounts)) {
          taken.put(quota.path("metadata").path("name").asText(), amounts);
        }
      }
    } catch (ApiException e) {
      charge.refund();
      throw e;
    }
  }

  /// What the quota's use will be; null when the object is none of its concern.
  private static @Nullable Map<String, Quantity> charged(
      Admission.Write write, ObjectNode quota, Map<String, Quantity> usage) {
    JsonNode hard = quota.path("status").path("hard");
    List<String> concerned = QuotaUsage.concerned(hard, write.type(), usage.keySet());
    if (concerned.isEmpty()
        || !QuotaUsage.isInScope(quota.path("spec"), write.type(), write.object())) {
      return null;
    }
    String name = quota.path("metadata").path("name").asText();
    if (write.type().builtinKind().equals("Pod")) {
      List<String> missing = QuotaUsage.unspecified(hard, write.object());
      if (!missing.isEmpty()) {
        throw refused(
            write, "failed quota: " + name + ": must specify " + String.join("; ", missing));
      }
    }
    if (!concerned.stream().allMatch(quota.path("status").path("used")::has)) {
      throw refused(
          write,
          "status unknown for quota: %s, resources: %s"
              .formatted(name, String.join(",", concerned)));
    }
    Map<String, Quantity> after = new TreeMap<>();
    Map<String, Quantity> requested = new TreeMap<>();
    Map<String, Quantity> used = new TreeMap<>();
    Map<String, Quantity> limited = new TreeMap<>();
    usage.forEach(
        (resource, amount) -> {
          if (!hard.has(resource)) {
            return;
          }
          Quantity limit = Quantity.parse(hard.path(resource).asText());
          Quantity now = Quantity.parse(quota.path("status").path("used").path(resource).asText());
          Quantity then = QuotaUsage.sum(now, amount);
          after.put(resource, then);
          if (then.amount().compareTo(limit.amount()) > 0 && amount.amount().signum() > 0) {
            requested.put(resource, amount);
            used.put(resource, now);
            limited.put(resource, limit);
          }
        });
    if (!limited.isEmpty()) {
      throw refused(
          write,
          "exceeded quota: %s, requested: %s, used: %s, limited: %s"
              .formatted(name, words(requested), words(used), words(limited)));
    }
    return after.isEmpty() ? null : after;
  }

  private static String words(Map<String, Quantity> amounts) {
    StringJoiner words = new StringJoiner(",");
    amounts.forEach((resource, amount) -> words.add(resource + "=" + amount));
    return words.toString();
  }

  private static ApiException refused(Admission.Write write, String why) {
    return ApiException.forbidden(write.type(), write.name(), why);
  }

  private boolean take(Admission.Write write, ObjectNode quota, Map<String, Quantity> usage) {
    String name = quota.path("metadata").path("name").asText();
    return change(write, name, current -> charged(write, current, usage));
  }

  /// What the quota does not bound any more, or what its controller has counted anew meanwhile, is
  /// left alone.
  private void giveBack(Admission.Write write, String name, Map<String, Quantity> usage) {
    var unused =
        change(
            write,
            name,
            quota -> {
              Map<String, Quantity> after = new TreeMap<>();
              usage.forEach(
                  (resource, amount) -> {
                    JsonNode used = quota.path("status").path("used").path(resource);
                    Quantity now = Quantity.parse(used.asText("0"));
                    if (!used.isMissingNode() && now.amount().compareTo(amount.amount()) >= 0) {
                      after.put(
                          resource,
                          new Quantity(now.amount().subtract(amount.amount()), now.format()));
                    }
                  });
              return after.isEmpty() ? null : after;
            });
  }

  /// What a quota's use will be; null for what it is.
  @FunctionalInterface
  private interface Change {
    @Nullable Map<String, Quantity> of(ObjectNode quota);
  }

  /// @return whether the quota has changed
  private boolean change(Admission.Write write, String name, Change change) {
    ResourceType type = objects.registry().get("v1", "resourcequotas");
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      @Nullable StoredObject found = objects.find(type, write.namespace(), name);
      if (found == null) {
        return false;
      }
      ObjectNode current = found.toTree();
      @Nullable Map<String, Quantity> after = change.of(current);
      if (after == null) {
        return false;
      }
      ObjectNode used = current.withObjectProperty("status").withObjectProperty("used");
      after.forEach((resource, amount) -> used.put(resource, amount.toString()));
      if (objects.replace(type, found, current)) {
        return true;
      }
    }
    throw ApiException.modified(type, name);
  }
}
