// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.usage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.aggregation.InnerApi;
import dev.havn.apiserver.discovery.OpenApi;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Media;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Output;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.schema.Schema;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.select.SelectorException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Answers `metrics.k8s.io/v1beta1` as metrics-server does: lists and single figures, as JSON,
/// YAML, protobuf and tables, and what the group says of itself.
public final class UsageApi implements InnerApi {
  private static final String BASE = "/apis/" + UsageTypes.API_VERSION;
  private static final String DOCUMENT = "/openapi/v3" + BASE;

  private final NodeUsage nodes;
  private final Objects objects;
  private final InstantSource clock;
  private final UsageTypes types;
  private final UsageTypes messages;
  private final OpenApi documents;

  public UsageApi(NodeUsage nodes, Objects objects, InstantSource clock) {
    this.nodes = nodes;
    this.objects = objects;
    this.clock = clock;
    this.types = UsageTypes.ofJson(objects.registry());
    this.messages = UsageTypes.ofProtobuf(objects.registry());
    this.documents = new OpenApi(List.of(types.nodes(), types.pods()));
  }

  @Override
  public String group() {
    return UsageTypes.GROUP;
  }

  @Override
  public String version() {
    return UsageTypes.VERSION;
  }

  @Override
  public String openApi() {
    return DOCUMENT;
  }

  @Override
  public ObjectNode resources() {
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    list.put("kind", "APIResourceList").put("apiVersion", "v1");
    list.put("groupVersion", UsageTypes.API_VERSION);
    ArrayNode resources = list.putArray("resources");
    for (var each : List.of(types.nodes(), types.pods())) {
      ObjectNode resource = resources.addObject().put("name", each.plural());
      resource.put("singularName", "").put("namespaced", each.namespaced());
      resource.put("kind", each.kind()).putArray("verbs").add("get").add("list");
    }
    return list;
  }

  @Override
  public void handle(Request request, Response response) {
    String path = request.path().replaceAll("/+$", "");
    if (path.equals(DOCUMENT)) {
      if (!documents.handle(request, response, _ -> {})) {
        throw ApiException.unknownPath();
      }
      return;
    }
    RequestInfo info = RequestInfo.of(request);
    boolean isRead = List.of("GET", "HEAD").contains(request.method());
    if (path.equals(BASE)) {
      check(isRead);
      Output.send(
          response,
          Media.of(request, false),
          200,
          resources(),
          objects.registry().struct("io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList"),
          List.of());
      return;
    }
    boolean ofPods = info.resource().equals("pods");
    boolean known = ofPods || (info.resource().equals("nodes") && info.namespace().isEmpty());
    if (!known || !info.subresource().isEmpty()) {
      throw ApiException.unknownPath();
    }
    check(isRead && !info.verb().equals("watch"));
    if (info.name().isEmpty()) {
      list(request, info, ofPods, response);
    } else {
      get(request, info, ofPods, response);
    }
  }

  private static void check(boolean allowed) {
    if (!allowed) {
      throw ApiException.methodNotAllowed();
    }
  }

  private void get(Request request, RequestInfo info, boolean ofPods, Response response) {
    Media media = Media.of(request, true);
    String plural = ofPods ? "pods" : "nodes";
    @Nullable ObjectNode found =
        ofPods && info.namespace().isEmpty()
            ? null
            : objects.read("v1", plural, info.namespace(), info.name());
    List<UsageTable.Row> rows =
        found == null ? List.of() : rows(List.of(found), ofPods, made(media));
    if (rows.isEmpty()) {
      String name = ofPods ? info.namespace() + "/" + info.name() : info.name();
      throw ApiException.notFound(UsageTypes.inErrors(ofPods ? types.pods() : types.nodes()), name);
    }
    ObjectNode object = rows.getFirst().object();
    switch (media.as()) {
      case "Table" -> send(response, media, table(request, media, rows), null);
      case "" ->
          send(response, media, object, (ofPods ? messages.pods() : messages.nodes()).schema());
      default -> send(response, media, partial(media, object), null);
    }
  }

  private UsageObjects made(Media media) {
    boolean message = media.format() == Media.Format.PROTOBUF && media.as().isEmpty();
    return new UsageObjects(clock.instant(), message);
  }

  private static ObjectNode table(Request request, Media media, List<UsageTable.Row> rows) {
    @Nullable String include = request.query().first("includeObject");
    return UsageTable.of(media, include == null ? "" : include, rows);
  }

  private static ObjectNode partial(Media media, ObjectNode object) {
    ObjectNode partial = JsonNodeFactory.instance.objectNode();
    partial.put("kind", "PartialObjectMetadata");
    partial.put("apiVersion", "meta.k8s.io/" + media.asVersion());
    partial.set("metadata", object.path("metadata"));
    return partial;
  }

  private static void send(
      Response response, Media media, ObjectNode tree, Schema.@Nullable Struct schema) {
    Output.send(response, media, 200, tree, schema, List.of());
  }

  private void list(Request request, RequestInfo info, boolean ofPods, Response response) {
    Media media = Media.of(request, true);
    List<ObjectNode> chosen = chosen(request, info, ofPods);
    List<UsageTable.Row> rows = rows(chosen, ofPods, made(media));
    if (media.as().equals("Table")) {
      send(response, media, table(request, media, rows), null);
      return;
    }
    boolean partial = !media.as().isEmpty();
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    list.put(
        "kind",
        partial ? "PartialObjectMetadataList" : ofPods ? "PodMetricsList" : "NodeMetricsList");
    list.put("apiVersion", partial ? "meta.k8s.io/" + media.asVersion() : UsageTypes.API_VERSION);
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    for (UsageTable.Row each : rows) {
      items.add(
          partial
              ? partial(media, each.object())
              : each.object().without(List.of("kind", "apiVersion")));
    }
    send(response, media, list, ofPods ? messages.podList() : messages.nodeList());
  }

  private List<ObjectNode> chosen(Request request, RequestInfo info, boolean ofPods) {
    @Nullable String labels = request.query().first("labelSelector");
    @Nullable String fields = request.query().first("fieldSelector");
    LabelSelector byLabels;
    FieldSelector byFields;
    try {
      byLabels = labels == null ? LabelSelector.EVERYTHING : LabelSelector.parse(labels);
      byFields = fields == null ? FieldSelector.EVERYTHING : FieldSelector.parse(fields);
    } catch (SelectorException e) {
      throw ApiException.badRequest(String.valueOf(e.getMessage()));
    }
    List<ObjectNode> chosen = new ArrayList<>();
    for (ObjectNode each : objects.list("v1", ofPods ? "pods" : "nodes", info.namespace())) {
      JsonNode metadata = each.path("metadata");
      Function<String, @Nullable String> fieldOf =
          field -> metadata.path(field.replaceFirst("^metadata\\.", "")).asText("");
      if (byLabels.matches(labels(metadata)) && byFields.matches(fieldOf)) {
        chosen.add(each);
      }
    }
    return chosen;
  }

  private static Map<String, String> labels(JsonNode metadata) {
    Map<String, String> labels = new HashMap<>();
    metadata
        .path("labels")
        .properties()
        .forEach(each -> labels.put(each.getKey(), each.getValue().asText()));
    return labels;
  }

  private List<UsageTable.Row> rows(List<ObjectNode> of, boolean ofPods, UsageObjects made) {
    return ofPods ? podRows(of, made) : nodeRows(of, made);
  }

  private List<UsageTable.Row> podRows(List<ObjectNode> pods, UsageObjects made) {
    List<UsageTable.Row> rows = new ArrayList<>();
    for (ObjectNode pod : pods) {
      if (pod.path("status").path("phase").asText().equals("Running")) {
        nodes
            .ofPod(pod)
            .filter(figures -> !figures.containers().isEmpty())
            .ifPresent(
                figures -> {
                  Amount sum =
                      figures.containers().values().stream().reduce(new Amount(0, 0), Amount::plus);
                  rows.add(new UsageTable.Row(made.pod(pod, figures), sum));
                });
      }
    }
    return rows;
  }

  private List<UsageTable.Row> nodeRows(List<ObjectNode> of, UsageObjects made) {
    Map<String, List<ObjectNode>> byNode = new HashMap<>();
    for (ObjectNode pod : objects.list("v1", "pods", "")) {
      byNode
          .computeIfAbsent(pod.path("spec").path("nodeName").asText(""), _ -> new ArrayList<>())
          .add(pod);
    }
    List<UsageTable.Row> rows = new ArrayList<>();
    for (ObjectNode node : of) {
      String name = node.path("metadata").path("name").asText();
      nodes
          .ofNode(node, byNode.getOrDefault(name, List.of()))
          .ifPresent(
              figures -> rows.add(new UsageTable.Row(made.node(node, figures), figures.used())));
    }
    return rows;
  }
}
