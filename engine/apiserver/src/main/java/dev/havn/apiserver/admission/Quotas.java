// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Quantity;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The plugin ResourceQuota: takes what a new object uses from the quotas of its namespace, in the
/// quota's own status, so that two creates cannot both have the last piece. It comes last, when
/// everything else has agreed to the object. What goes is given back by the quota controller.
public final class Quotas {
  private static final int ATTEMPTS_MAX = 10;

  private final Objects objects;

  public Quotas(Objects objects) {
    this.objects = objects;
  }

  /// @param dryRun whether nothing is taken in earnest
  public void charge(Admission.Write write, boolean dryRun) {
    List<ObjectNode> quotas = objects.list("v1", "resourcequotas", write.namespace());
    if (quotas.isEmpty() || write.type().kind().equals("Event")) {
      return;
    }
    if (objects.find(write.type(), write.namespace(), write.name()) != null) {
      throw ApiException.alreadyExists(write.type(), write.name());
    }
    Map<String, Quantity> usage = QuotaUsage.of(write.type(), write.object());
    for (ObjectNode quota : quotas) {
      charged(write, quota, usage);
    }
    if (!dryRun) {
      quotas.forEach(quota -> take(write, quota, usage));
    }
  }

  /// What the quota's use will be; null when the object is none of its concern.
  private static @Nullable Map<String, Quantity> charged(
      Admission.Write write, ObjectNode quota, Map<String, Quantity> usage) {
    JsonNode hard = quota.path("status").path("hard");
    if (!QuotaUsage.isInScope(quota.path("spec"), write.type(), write.object())) {
      return null;
    }
    String name = quota.path("metadata").path("name").asText();
    if (write.type().kind().equals("Pod")) {
      List<String> missing = QuotaUsage.unspecified(hard, write.object());
      if (!missing.isEmpty()) {
        throw refused(
            write, "failed quota: " + name + ": must specify " + String.join("; ", missing));
      }
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
          JsonNode before = quota.path("status").path("used").path(resource);
          if (before.isMissingNode()) {
            throw refused(write, "status unknown for quota: " + name + ", resources: " + resource);
          }
          Quantity now = Quantity.parse(before.asText());
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

  private void take(Admission.Write write, ObjectNode quota, Map<String, Quantity> usage) {
    ResourceType type = objects.registry().get("v1", "resourcequotas");
    String name = quota.path("metadata").path("name").asText();
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      @Nullable StoredObject found = objects.find(type, write.namespace(), name);
      if (found == null) {
        return;
      }
      ObjectNode current = found.toTree();
      @Nullable Map<String, Quantity> after = charged(write, current, usage);
      if (after == null) {
        return;
      }
      ObjectNode used = current.withObjectProperty("status").withObjectProperty("used");
      after.forEach((resource, amount) -> used.put(resource, amount.toString()));
      if (objects.replace(type, found, current)) {
        return;
      }
    }
    throw ApiException.modified(type, name);
  }
}
