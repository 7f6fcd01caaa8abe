// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/// Writes to the Kubernetes API: creates, patches and deletes of JSON, over the transport of a
/// [KubernetesClient]. Blocks.
public final class Api {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MERGE_PATCH = "application/merge-patch+json";
  private static final String STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";

  private final KubernetesClient client;

  public Api(KubernetesClient client) {
    this.client = client;
  }

  public KubernetesClient client() {
    return client;
  }

  /// The API refuses.
  public static final class RefusedException extends RuntimeException {
    private final int code;
    private final String reason;

    RefusedException(int code, String reason, String message) {
      super(message);
      this.code = code;
      this.reason = reason;
    }

    public int code() {
      return code;
    }

    /// Whether the object has changed since it was read: whoever follows it hears of the change and
    /// looks again.
    public boolean isStale() {
      return code == 409 && reason.equals("Conflict");
    }

    /// Of the `Status`, such as `AlreadyExists`.
    public String reason() {
      return reason;
    }
  }

  /// The path of a resource, or of one object when `name` is not empty.
  public static String path(Class<? extends HasMetadata> type, String namespace, String name) {
    String apiVersion = HasMetadata.getApiVersion(type);
    return (apiVersion.indexOf('/') < 0 ? "/api/" : "/apis/")
        + apiVersion
        + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/")
        + HasMetadata.getPlural(type)
        + (name.isEmpty() ? "" : "/" + name);
  }

  public JsonNode get(String path) {
    return send("GET", path, null, null);
  }

  /// The object, or empty when there is none.
  public Optional<JsonNode> find(String path) {
    try {
      return Optional.of(get(path));
    } catch (RefusedException e) {
      if (e.code() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  public <T extends HasMetadata> JsonNode create(T object) {
    String namespace = object.getMetadata().getNamespace();
    return create(
        path(object.getClass(), namespace == null ? "" : namespace, ""),
        client.getKubernetesSerialization().asJson(object));
  }

  public JsonNode create(String path, String json) {
    return send("POST", path, "application/json", json);
  }

  public JsonNode merge(String path, JsonNode patch) {
    return send("PATCH", path, MERGE_PATCH, patch.toString());
  }

  /// Merges lists by their keys, so that what others wrote into them stays.
  public JsonNode strategicMerge(String path, JsonNode patch) {
    return send("PATCH", path, STRATEGIC_MERGE_PATCH, patch.toString());
  }

  public JsonNode update(String path, JsonNode object) {
    return send("PUT", path, "application/json", object.toString());
  }

  /// Replaces the status of `object`, if it is still as it was read: 409 when it is not. A PUT,
  /// because that is what the roles of most controllers allow.
  public JsonNode updateStatus(HasMetadata object, JsonNode status) {
    return updateStatus(object, status, Map.of());
  }

  /// @param annotations to set beside those that `object` has
  public JsonNode updateStatus(
      HasMetadata object, JsonNode status, Map<String, String> annotations) {
    ObjectNode body = object();
    body.put("kind", object.getKind()).put("apiVersion", object.getApiVersion());
    ObjectNode metadata = (ObjectNode) toTree(object.getMetadata());
    if (!annotations.isEmpty()) {
      ObjectNode all = metadata.withObjectProperty("annotations");
      annotations.forEach(all::put);
    }
    body.set("metadata", metadata);
    body.set("status", status);
    String namespace = object.getMetadata().getNamespace();
    return update(
        path(object.getClass(), namespace == null ? "" : namespace, object.getMetadata().getName())
            + "/status",
        body);
  }

  /// Deletes; an object that is gone already is fine.
  public void delete(String path, ObjectNode options) {
    try {
      send("DELETE", path, "application/json", options.toString());
    } catch (RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  public static ObjectNode object() {
    return JSON.createObjectNode();
  }

  public JsonNode toTree(Object model) {
    try {
      return JSON.readTree(client.getKubernetesSerialization().asJson(model));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode send(
      String method,
      String path,
      @org.jspecify.annotations.Nullable String contentType,
      @org.jspecify.annotations.Nullable String body) {
    HttpRequest.Builder request =
        client
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(url(path))
            .header("Accept", "application/json");
    if (body == null || contentType == null) {
      request.method(method, "application/json", null);
    } else {
      request.method(method, contentType, body);
    }
    try {
      HttpResponse<byte[]> response =
          client.getHttpClient().sendAsync(request.build(), byte[].class).join();
      byte[] bytes = response.body();
      JsonNode answer =
          bytes == null || bytes.length == 0 ? JSON.createObjectNode() : JSON.readTree(bytes);
      if (!response.isSuccessful()) {
        throw new RefusedException(
            response.code(),
            answer.path("reason").asText(""),
            answer.path("message").asText(method + " " + path + " gave " + response.code()));
      }
      return answer;
    } catch (IOException e) {
      throw new UncheckedIOException(method + " " + path, e);
    } catch (CompletionException e) {
      throw new UncheckedIOException(
          method + " " + path, new IOException(String.valueOf(e.getCause()), e));
    }
  }

  String url(String path) {
    return client.getMasterUrl().toString().replaceAll("/+$", "") + path;
  }
}
