// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.usage;

import dev.havn.apiserver.resource.Registry;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The kinds of `metrics.k8s.io/v1beta1`.
///
/// @param nodes NodeMetrics
/// @param pods PodMetrics
record UsageTypes(
    ResourceType nodes, ResourceType pods, Schema.Struct nodeList, Schema.Struct podList) {
  static final String GROUP = "metrics.k8s.io";
  static final String VERSION = "v1beta1";
  static final String API_VERSION = GROUP + "/" + VERSION;

  private static final String PREFIX = "io.k8s.metrics.pkg.apis.metrics.v1beta1.";
  private static final String META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
  private static final Set<String> VERBS = Set.of("get", "list");

  /// As JSON has them, and documents describe them.
  static UsageTypes ofJson(Registry registry) {
    return of(registry, text(""));
  }

  /// As protobuf has them, where a duration is a message with a number in it.
  static UsageTypes ofProtobuf(Registry registry) {
    Schema.Scalar number = new Schema.Scalar(Schema.ScalarType.INTEGER, "int64", List.of(), "");
    return of(
        registry, struct(META + "Duration", Map.of("duration", field("duration", number, 1))));
  }

  private static UsageTypes of(Registry registry, Schema window) {
    Schema.Scalar quantity = new Schema.Scalar(Schema.ScalarType.QUANTITY, "", List.of(), "");
    Schema usage = new Schema.MapOf(quantity, false);
    Schema.Struct container =
        struct(
            PREFIX + "ContainerMetrics",
            Map.of("name", field("name", text(""), 1), "usage", field("usage", usage, 2)));
    Schema containers = new Schema.ListOf(container, Schema.ListType.ATOMIC, List.of());
    Schema.Struct node =
        struct(PREFIX + "NodeMetrics", measured(registry, window, field("usage", usage, 4)));
    Schema.Struct pod =
        struct(
            PREFIX + "PodMetrics", measured(registry, window, field("containers", containers, 4)));
    return new UsageTypes(
        type("NodeMetrics", "nodes", false, node),
        type("PodMetrics", "pods", true, pod),
        list(registry, node),
        list(registry, pod));
  }

  /// As metrics-server calls what it does not have.
  static ResourceType inErrors(ResourceType of) {
    String name = of.kind().toLowerCase(Locale.ROOT);
    return type(of.kind(), name, of.namespaced(), of.schema());
  }

  private static Map<String, Schema.Field> measured(
      Registry registry, Schema window, Schema.Field figures) {
    Map<String, Schema.Field> fields = new TreeMap<>();
    fields.put("apiVersion", field("apiVersion", text(""), 0));
    fields.put("kind", field("kind", text(""), 0));
    fields.put("metadata", field("metadata", known(registry, "ObjectMeta"), 1));
    fields.put("timestamp", field("timestamp", text("date-time"), 2));
    fields.put("window", field("window", window, 3));
    fields.put(figures.name(), figures);
    return fields;
  }

  private static Schema.Struct list(Registry registry, Schema.Struct item) {
    Schema items = new Schema.ListOf(item, Schema.ListType.ATOMIC, List.of());
    return struct(
        item.name() + "List",
        Map.of(
            "metadata",
            field("metadata", known(registry, "ListMeta"), 1),
            "items",
            field("items", items, 2)));
  }

  private static Schema.Struct known(Registry registry, String name) {
    Schema.Struct struct = registry.struct(META + name);
    if (struct == null) {
      throw new AssertionError("no " + name);
    }
    return struct;
  }

  private static Schema.Scalar text(String format) {
    return new Schema.Scalar(Schema.ScalarType.STRING, format, List.of(), "");
  }

  private static Schema.Field field(String name, Schema schema, int number) {
    return new Schema.Field(
        name,
        schema,
        false,
        number,
        List.of(),
        null,
        Schema.PatchStrategy.NONE,
        null,
        Schema.Zero.DROPPED);
  }

  private static Schema.Struct struct(String name, Map<String, Schema.Field> fields) {
    return new Schema.Struct(name).complete(new TreeMap<>(fields), false, false);
  }

  private static ResourceType type(
      String kind, String plural, boolean namespaced, Schema.Struct schema) {
    return new ResourceType(
        GROUP,
        VERSION,
        kind,
        plural,
        "",
        List.of(),
        List.of(),
        namespaced,
        VERBS,
        List.of(),
        schema);
  }
}
