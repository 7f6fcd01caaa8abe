// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.storageversions;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// In which versions servers keep a resource (KEP-2339), as far as it is watched.
@JsonIgnoreProperties(ignoreUnknown = true)
public record StorageVersion(Metadata metadata, @Nullable Status status) {
  /// Where they are.
  public static final String PATH = "/apis/internal.apiserver.k8s.io/v1alpha1/storageversions";

  static final Informer.Source<StorageVersion> SOURCE =
      new Informer.Source<>(
          StorageVersion.class,
          PATH,
          "",
          "application/json",
          StorageVersion::key,
          each -> each.metadata().resourceVersion(),
          false);

  private static final String CONDITION = "AllEncodingVersionsEqual";

  /// What names it.
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Metadata(String name, String resourceVersion) {}

  /// What servers say.
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Status(@Nullable List<Server> storageVersions) {}

  /// Who says it.
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Server(String apiServerID) {}

  Key key() {
    return new Key("", metadata.name());
  }

  /// The servers that have said something.
  List<String> servers() {
    return status == null || status.storageVersions() == null
        ? List.of()
        : status.storageVersions().stream().map(Server::apiServerID).toList();
  }

  /// Says whether the servers agree, as far as it is not said already; in place.
  ///
  /// @param object the whole of it
  public static void conclude(ObjectNode object, Instant now) {
    ObjectNode status = object.withObjectProperty("status");
    @Nullable JsonNode before = status.remove("commonEncodingVersion");
    Set<String> encodings = new HashSet<>();
    status
        .path("storageVersions")
        .forEach(each -> encodings.add(each.path("encodingVersion").asText()));
    boolean isCommon = encodings.size() == 1;
    if (isCommon) {
      status.put("commonEncodingVersion", encodings.iterator().next());
    }
    ObjectNode condition = condition(status.withArrayProperty("conditions"));
    String value = isCommon ? "True" : "False";
    boolean isOther = isCommon && before != null && !encodings.contains(before.asText());
    if (isOther || !value.equals(condition.path("status").asText())) {
      condition.put("lastTransitionTime", now.truncatedTo(ChronoUnit.SECONDS).toString());
    }
    condition.put("status", value);
    condition.put("reason", isCommon ? "CommonEncodingVersionSet" : "CommonEncodingVersionUnset");
    condition.put(
        "message", isCommon ? "Common encoding version set" : "Common encoding version unset");
  }

  private static ObjectNode condition(ArrayNode conditions) {
    for (JsonNode each : conditions) {
      if (each.path("type").asText().equals(CONDITION)) {
        return (ObjectNode) each;
      }
    }
    ObjectNode condition = Api.object().put("type", CONDITION);
    conditions.add(condition);
    return condition;
  }
}
