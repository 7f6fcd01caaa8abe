// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.discovery;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.schema.ResourceType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// API groups and their resources, plain and aggregated (KEP-3352).
public final class Discovery {
  private static final int HASH_BYTES = 8;

  /// Where Kubernetes 1.36 stores objects in another version than it serves.
  private static final Map<String, String> STORED_IN =
      Map.of(
          "admissionregistration.k8s.io/MutatingAdmissionPolicy",
          "admissionregistration.k8s.io/v1beta1",
          "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
          "admissionregistration.k8s.io/v1beta1",
          "apiextensions.k8s.io/CustomResourceDefinition",
          "apiextensions.k8s.io/v1beta1",
          "autoscaling/HorizontalPodAutoscaler",
          "autoscaling/v2",
          "events.k8s.io/Event",
          "/v1");

  private final Map<String, Set<String>> versions = new LinkedHashMap<>();
  private final List<ResourceType> types;

  public Discovery(List<ResourceType> types) {
    this.types = types;
    for (ResourceType type : types) {
      versions.computeIfAbsent(type.group(), _ -> new LinkedHashSet<>()).add(type.version());
    }
  }

  /// Sends an answer of [#answer] as JSON, or says that it is the one that is known already.
  public static void send(Request request, Response response, ObjectNode answer) {
    boolean aggregated = answer.path("kind").asText().equals("APIGroupDiscoveryList");
    byte[] bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
    CRC32C sum = new CRC32C();
    sum.update(bytes);
    String tag = "\"" + Long.toHexString(sum.getValue()).toUpperCase(java.util.Locale.ROOT) + "\"";
    Headers headers = new Headers().set("vary", "Accept").set("etag", tag);
    headers.set("cache-control", "public");
    headers.set(
        "content-type",
        aggregated
            ? "application/json;g=apidiscovery.k8s.io;v="
                + answer.path("apiVersion").asText().replace("apidiscovery.k8s.io/", "")
                + ";as=APIGroupDiscoveryList"
            : "application/json");
    if (tag.equals(request.headers().first("if-none-match"))) {
      response.send(304, headers, List.of());
    } else {
      response.send(200, headers, List.of(ByteBuffer.wrap(bytes)));
    }
  }

  /// Whether a path asks for a version that a group of this server does not have. Kubernetes
  /// answers it with a `Status`, and plain text where there is no such group.
  public boolean lacksVersion(String path, Predicate<String> isOwn) {
    String[] parts = path.split("/");
    return switch (parts.length) {
      case 3 -> parts[1].equals("api");
      case 4 -> parts[1].equals("apis") && versions.containsKey(parts[2]) && isOwn.test(parts[2]);
      default -> false;
    };
  }

  /// What the root shows.
  public ObjectNode paths() {
    TreeSet<String> paths =
        new TreeSet<>(
            List.of(
                "/.well-known/openid-configuration",
                "/api",
                "/apis",
                "/apis/",
                "/healthz",
                "/livez",
                "/metrics",
                "/openapi/v2",
                "/openapi/v3",
                "/openid/v1/jwks",
                "/readyz",
                "/version"));
    versions.forEach(
        (group, all) -> {
          String below = group.isEmpty() ? "/api" : "/apis/" + group;
          paths.add(below);
          all.forEach(version -> paths.add(below + "/" + version));
        });
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    paths.forEach(root.putArray("paths")::add);
    return root;
  }

  /// What `/api`, `/apis` and what lies right below show; null when the path is no discovery.
  ///
  /// @param version of the aggregated form, or empty
  public @Nullable ObjectNode answer(String path, String version) {
    String[] parts = path.split("/");
    return switch (parts.length) {
      case 2 ->
          switch (parts[1]) {
            case "api" -> version.isEmpty() ? coreVersions() : aggregated(true, version);
            case "apis" -> version.isEmpty() ? groups() : aggregated(false, version);
            default -> null;
          };
      case 3 ->
          parts[1].equals("api")
              ? resources("", parts[2])
              : parts[1].equals("apis") && versions.containsKey(parts[2]) ? group(parts[2]) : null;
      case 4 -> parts[1].equals("apis") ? resources(parts[2], parts[3]) : null;
      default -> null;
    };
  }

  /// The version of the aggregated form that a client would rather have, empty when it asks for
  /// none.
  public static String aggregatedVersion(Request request) {
    @Nullable String accept = request.headers().first("accept");
    for (String each : accept == null ? new String[0] : accept.split(",")) {
      if (each.contains("as=APIGroupDiscoveryList") && each.contains("json")) {
        return each.contains("v=v2beta1") ? "v2beta1" : "v2";
      }
      if (each.strip().equals("application/json")) {
        return "";
      }
    }
    return "";
  }

  private static ObjectNode object(String kind, String apiVersion) {
    return JsonNodeFactory.instance.objectNode().put("kind", kind).put("apiVersion", apiVersion);
  }

  private static ObjectNode coreVersions() {
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put("kind", "APIVersions");
    answer.putArray("versions").add("v1");
    answer
        .putArray("serverAddressByClientCIDRs")
        .addObject()
        .put("clientCIDR", "0.0.0.0/0")
        .put("serverAddress", "127.0.0.1:6443");
    return answer;
  }

  private ObjectNode groups() {
    ObjectNode list = object("APIGroupList", "v1");
    ArrayNode groups = list.putArray("groups");
    for (String group : versions.keySet()) {
      if (!group.isEmpty()) {
        ObjectNode each = group(group);
        each.remove("kind");
        each.remove("apiVersion");
        groups.add(each);
      }
    }
    return list;
  }

  private ObjectNode group(String name) {
    ObjectNode group = object("APIGroup", "v1").put("name", name);
    ArrayNode list = group.putArray("versions");
    Set<String> all = versions.getOrDefault(name, Set.of());
    for (String version : all) {
      list.addObject().put("groupVersion", name + "/" + version).put("version", version);
    }
    group.set("preferredVersion", list.get(0).deepCopy());
    return group;
  }

  private @Nullable ObjectNode resources(String group, String version) {
    if (!versions.getOrDefault(group, Set.of()).contains(version)) {
      return null;
    }
    ObjectNode list = object("APIResourceList", "v1");
    list.put("groupVersion", group.isEmpty() ? version : group + "/" + version);
    ArrayNode resources = list.putArray("resources");
    for (ResourceType type : types) {
      if (type.group().equals(group) && type.version().equals(version)) {
        addPlain(resources, type);
      }
    }
    return list;
  }

  private static void addPlain(ArrayNode resources, ResourceType type) {
    ObjectNode plain = resources.addObject();
    plain.put("name", type.plural()).put("singularName", type.singular());
    plain.put("namespaced", type.namespaced()).put("kind", type.kind());
    type.verbs().forEach(plain.putArray("verbs")::add);
    if (!type.shortNames().isEmpty()) {
      type.shortNames().forEach(plain.putArray("shortNames")::add);
    }
    if (!type.categories().isEmpty()) {
      type.categories().forEach(plain.putArray("categories")::add);
    }
    plain.put("storageVersionHash", storageHash(type));
    if (!type.verbs().contains("list")) {
      plain.remove("storageVersionHash");
    }
    for (ResourceType.Subresource each : type.subresources()) {
      ObjectNode below = resources.addObject();
      below.put("name", type.plural() + "/" + each.name()).put("singularName", "");
      below.put("namespaced", type.namespaced());
      if (!each.group().equals(type.group()) || !each.version().equals(type.version())) {
        below.put("group", each.group()).put("version", each.version());
      }
      below.put("kind", each.kind());
      each.verbs().forEach(below.putArray("verbs")::add);
    }
  }

  /// As Kubernetes makes it, so that clients see when objects are stored in another version.
  private static String storageHash(ResourceType type) {
    String own = type.group() + "/" + type.version();
    String stored =
        type.custom() == null
            ? STORED_IN.getOrDefault(type.group() + "/" + type.kind(), own)
            : type.group() + "/" + type.custom().storageVersion();
    stored += "/" + type.kind();
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(stored.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(Arrays.copyOf(hash, HASH_BYTES));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private ObjectNode aggregated(boolean core, String version) {
    ObjectNode list = object("APIGroupDiscoveryList", "apidiscovery.k8s.io/" + version);
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    versions.forEach(
        (group, all) -> {
          if (group.isEmpty() == core) {
            ObjectNode item = items.addObject();
            item.putObject("metadata").putNull("creationTimestamp");
            if (!group.isEmpty()) {
              ((ObjectNode) item.get("metadata")).put("name", group);
            }
            ArrayNode shown = item.putArray("versions");
            for (String each : all) {
              ObjectNode one = shown.addObject().put("version", each);
              ArrayNode resources = one.putArray("resources");
              types.stream()
                  .filter(type -> type.group().equals(group) && type.version().equals(each))
                  .forEach(type -> addAggregated(resources, type));
              one.put("freshness", "Current");
            }
          }
        });
    return list;
  }

  private static void addAggregated(ArrayNode resources, ResourceType type) {
    ObjectNode resource = resources.addObject().put("resource", type.plural());
    kind(resource, type.group(), type.version(), type.kind());
    resource.put("scope", type.namespaced() ? "Namespaced" : "Cluster");
    resource.put("singularResource", type.singular());
    type.verbs().forEach(resource.putArray("verbs")::add);
    if (!type.shortNames().isEmpty()) {
      type.shortNames().forEach(resource.putArray("shortNames")::add);
    }
    if (!type.categories().isEmpty()) {
      type.categories().forEach(resource.putArray("categories")::add);
    }
    if (!type.subresources().isEmpty()) {
      ArrayNode below = resource.putArray("subresources");
      for (ResourceType.Subresource each : type.subresources()) {
        ObjectNode subresource = below.addObject().put("subresource", each.name());
        kind(subresource, each.group(), each.version(), each.kind());
        each.verbs().forEach(subresource.putArray("verbs")::add);
      }
    }
  }

  private static void kind(ObjectNode owner, String group, String version, String kind) {
    owner.putObject("responseKind").put("group", group).put("version", version).put("kind", kind);
  }
}
