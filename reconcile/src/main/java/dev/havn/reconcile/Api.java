// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Writes to the Kubernetes API: creates, patches and deletes of JSON, over the transport of a
/// [KubernetesClient]. Blocks.
public final class Api {

  /// Without Jackson's table of names, which each name that is new copies: `managedFields` of many
  /// objects name their uids and addresses. Buffers come from a pool that all share, because a
  /// thread lives for one request.
  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
              .recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool())
              .build());

  private static final int WORDS_BYTES_MAX = 200;

  /// How a refusal says that an object has another uid than asked for; its reason says only that
  /// there is a conflict.
  private static final Pattern OTHER_UID = Pattern.compile("UID in (the )?precondition");

  /// By kind; the library makes a plural with regular expressions each time it is asked.
  private static final ClassValue<Collection> COLLECTIONS =
      new ClassValue<>() {
        @Override
        protected Collection computeValue(Class<?> type) {
          String apiVersion = HasMetadata.getApiVersion(type.asSubclass(HasMetadata.class));
          return new Collection(
              (apiVersion.indexOf('/') < 0 ? "/api/" : "/apis/") + apiVersion,
              HasMetadata.getPlural(type.asSubclass(HasMetadata.class)));
        }
      };

  private static final String APPLY_PATCH = "application/apply-patch+yaml";
  private static final String MERGE_PATCH = "application/merge-patch+json";
  private static final String STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";

  private final HttpClient http;
  private final String server;
  private final KubernetesSerialization serialization;

  /// @param base of a path, such as `/apis/apps/v1`
  private record Collection(String base, String plural) {}

  public Api(KubernetesClient client) {
    this(
        client.getHttpClient(),
        client.getMasterUrl().toString(),
        client.getKubernetesSerialization());
  }

  /// @param server its URL
  public Api(HttpClient http, String server, KubernetesSerialization serialization) {
    this.http = http;
    this.server = server.replaceAll("/+$", "");
    this.serialization = serialization;
  }

  HttpClient http() {
    return http;
  }

  /// The API refuses.
  public static final class RefusedException extends RuntimeException {
    private final int code;
    private final String reason;
    private final boolean ofEndingNamespace;

    RefusedException(int code, String reason, String message, boolean ofEndingNamespace) {
      super(message);
      this.code = code;
      this.reason = reason;
      this.ofEndingNamespace = ofEndingNamespace;
    }

    public int code() {
      return code;
    }

    /// Whether the object has changed since it was read: whoever follows it hears of the change and
    /// looks again.
    public boolean isStale() {
      return code == 409 && reason.equals("Conflict");
    }

    /// Whether the object is gone, or another has its name by now.
    public boolean isGone() {
      return code == 404 || (isStale() && OTHER_UID.matcher(String.valueOf(getMessage())).find());
    }

    /// Whether nothing can be made any more because the namespace is being deleted.
    public boolean isOfEndingNamespace() {
      return ofEndingNamespace;
    }

    /// Of the `Status`, such as `AlreadyExists`.
    public String reason() {
      return reason;
    }
  }

  /// The path of a resource, or of one object when `name` is not empty.
  public static String path(Class<? extends HasMetadata> type, String namespace, String name) {
    Collection collection = COLLECTIONS.get(type);
    return collection.base()
        + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/")
        + collection.plural()
        + (name.isEmpty() ? "" : "/" + name);
  }

  /// The path of an object.
  public static String path(HasMetadata object) {
    String namespace = object.getMetadata().getNamespace();
    return path(
        object.getClass(), namespace == null ? "" : namespace, object.getMetadata().getName());
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
    return create(path(object.getClass(), namespace == null ? "" : namespace, ""), toJson(object));
  }

  public String toJson(HasMetadata object) {
    return serialization.asJson(object);
  }

  public JsonNode create(String path, String json) {
    return send("POST", path, "application/json", json);
  }

  /// Creates what nobody looks at as the server made it: the answer is not read.
  public void post(String path, JsonNode object) {
    byte[] _ = exchange("POST", path, "application/json", object.toString());
  }

  /// What makers of many ask of an answer.
  ///
  /// @param version the `resourceVersion`
  public record Made(String name, String version) {}

  /// Creates what is not looked at any further; of the answer no more is read.
  ///
  /// @param json an object as [#toJson(HasMetadata)] writes it
  public Made make(String path, String json) {
    byte[] answer = exchange("POST", path, "application/json", json);
    try (JsonParser parser = JSON.createParser(answer)) {
      return made(parser);
    } catch (IOException e) {
      throw new UncheckedIOException("POST " + path, e);
    }
  }

  private static Made made(JsonParser parser) throws IOException {
    String name = "";
    String version = "";
    parser.nextToken();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean isMetadata = parser.currentName().equals("metadata");
      boolean isObject = parser.nextToken() == JsonToken.START_OBJECT;
      if (!isMetadata || !isObject) {
        parser.skipChildren();
        continue;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME && (name.isEmpty() || version.isEmpty())) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "name" -> name = parser.getText();
          case "resourceVersion" -> version = parser.getText();
          default -> parser.skipChildren();
        }
      }
      break;
    }
    return new Made(name, version);
  }

  /// A merge of what nobody looks at afterwards: the answer is not read.
  public void patchMerging(String path, JsonNode patch) {
    byte[] _ = exchange("PATCH", path, MERGE_PATCH, patch.toString());
  }

  /// A strategic merge of what nobody looks at afterwards: the answer is not read.
  public void patchStrategic(String path, JsonNode patch) {
    byte[] _ = exchange("PATCH", path, STRATEGIC_MERGE_PATCH, patch.toString());
  }

  public JsonNode merge(String path, JsonNode patch) {
    return send("PATCH", path, MERGE_PATCH, patch.toString());
  }

  /// Merges lists by their keys, so that what others wrote into them stays.
  public JsonNode strategicMerge(String path, JsonNode patch) {
    return send("PATCH", path, STRATEGIC_MERGE_PATCH, patch.toString());
  }

  /// Says what fields of an object `manager` wants, whoever had them before; what it said earlier
  /// and says no longer goes, unless others said it, too (KEP-555).
  public JsonNode apply(String path, String manager, JsonNode object) {
    return send(
        "PATCH", path + "?force=true&fieldManager=" + manager, APPLY_PATCH, object.toString());
  }

  /// A patch of this very object, refused for another that has its name by now.
  public static ObjectNode patchOf(HasMetadata object) {
    ObjectNode patch = object();
    patch.putObject("metadata").put("uid", object.getMetadata().getUid());
    return patch;
  }

  /// Whether merging `patch` into `object` would change nothing.
  public static boolean says(JsonNode object, JsonNode patch) {
    if (!patch.isObject()) {
      return patch.isNull() ? object.isMissingNode() : patch.equals(object);
    }
    return patch.properties().stream()
        .allMatch(field -> says(object.path(field.getKey()), field.getValue()));
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
    body.set("metadata", metadata(object.getMetadata(), annotations));
    body.set("status", status);
    return update(path(object) + "/status", body);
  }

  /// What an update may change or must name, written here because a library's way there, by text,
  /// takes a multiple of the time.
  private static ObjectNode metadata(ObjectMeta metadata, Map<String, String> annotations) {
    ObjectNode tree = object().put("name", metadata.getName());
    if (metadata.getGenerateName() != null) {
      tree.put("generateName", metadata.getGenerateName());
    }
    if (metadata.getNamespace() != null) {
      tree.put("namespace", metadata.getNamespace());
    }
    tree.put("uid", metadata.getUid()).put("resourceVersion", metadata.getResourceVersion());
    putAll(tree, "labels", metadata.getLabels(), Map.of());
    putAll(tree, "annotations", metadata.getAnnotations(), annotations);
    for (OwnerReference owner : metadata.getOwnerReferences()) {
      ObjectNode reference = tree.withArrayProperty("ownerReferences").addObject();
      reference.put("apiVersion", owner.getApiVersion()).put("kind", owner.getKind());
      reference.put("name", owner.getName()).put("uid", owner.getUid());
      if (owner.getController() != null) {
        reference.put("controller", owner.getController());
      }
      if (owner.getBlockOwnerDeletion() != null) {
        reference.put("blockOwnerDeletion", owner.getBlockOwnerDeletion());
      }
    }
    for (String finalizer : metadata.getFinalizers()) {
      tree.withArrayProperty("finalizers").add(finalizer);
    }
    return tree;
  }

  private static void putAll(
      ObjectNode tree,
      String field,
      @Nullable Map<String, String> values,
      Map<String, String> more) {
    if ((values == null || values.isEmpty()) && more.isEmpty()) {
      return;
    }
    ObjectNode all = tree.putObject(field);
    if (values != null) {
      values.forEach(all::put);
    }
    more.forEach(all::put);
  }

  /// Deletes; an object that is gone already is fine.
  public void delete(String path, ObjectNode options) {
    try {
      byte[] _ = exchange("DELETE", path, "application/json", options.toString());
    } catch (RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  /// Deletes this very object, and no other that has its name by now.
  ///
  /// @return whether it was there
  public boolean delete(HasMetadata object) {
    ObjectNode options = object();
    options.putObject("preconditions").put("uid", object.getMetadata().getUid());
    try {
      byte[] _ = exchange("DELETE", path(object), "application/json", options.toString());
      return true;
    } catch (RefusedException e) {
      if (e.isGone()) {
        return false;
      }
      throw e;
    }
  }

  public static ObjectNode object() {
    return JSON.createObjectNode();
  }

  /// Everything of a kind as the API has it now, for decisions that a cache may come too late for.
  public <T extends HasMetadata> List<T> list(Class<T> type, String namespace) {
    List<T> all = new ArrayList<>();
    get(path(type, namespace, "")).path("items").forEach(item -> all.add(toModel(item, type)));
    return all;
  }

  /// What the API answered as a model.
  public <T> T toModel(JsonNode answer, Class<T> type) {
    return serialization.unmarshal(answer.toString(), type);
  }

  /// A model as one of another type that has the same fields.
  public <T> T convert(Object model, Class<T> type) {
    return serialization.convertValue(model, type);
  }

  public JsonNode toTree(Object model) {
    try {
      return JSON.readTree(serialization.asJson(model));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode send(
      String method, String path, @Nullable String contentType, @Nullable String body) {
    byte[] answer = exchange(method, path, contentType, body);
    try {
      return answer.length == 0 ? JSON.createObjectNode() : JSON.readTree(answer);
    } catch (IOException e) {
      throw new UncheckedIOException(method + " " + path, e);
    }
  }

  private byte[] exchange(
      String method, String path, @Nullable String contentType, @Nullable String body) {
    HttpRequest.Builder request =
        http.newHttpRequestBuilder().uri(url(path)).header("Accept", "application/json");
    if (body == null || contentType == null) {
      request.method(method, "application/json", null);
    } else {
      request.method(method, contentType, body);
    }
    try {
      HttpResponse<byte[]> response = http.sendAsync(request.build(), byte[].class).join();
      byte[] bytes = response.body() == null ? new byte[0] : response.body();
      if (!response.isSuccessful()) {
        throw refusal(response.code(), bytes, method + " " + path);
      }
      return bytes;
    } catch (CompletionException e) {
      throw new UncheckedIOException(
          method + " " + path, new IOException(String.valueOf(e.getCause()), e));
    }
  }

  /// Of a `Status`; others in between answer with whatever text they have.
  private static RefusedException refusal(int code, byte[] body, String asked) {
    JsonNode answer = JSON.createObjectNode();
    String words = asked + " gave " + code;
    try {
      answer = JSON.readTree(body);
    } catch (IOException noStatus) {
      words += ": " + new String(body, 0, Math.min(body.length, WORDS_BYTES_MAX), UTF_8).strip();
    }
    boolean ofEndingNamespace = false;
    for (JsonNode cause : answer.path("details").path("causes")) {
      ofEndingNamespace |= cause.path("reason").asText("").equals("NamespaceTerminating");
    }
    return new RefusedException(
        code,
        answer.path("reason").asText(""),
        answer.path("message").asText(words),
        ofEndingNamespace);
  }

  String url(String path) {
    return server + path;
  }
}
