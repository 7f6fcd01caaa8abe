// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The plugin LimitRanger: gives containers that ask for nothing what the namespace's limit ranges
/// say, and refuses pods and claims that ask for too little or too much.
public final class LimitRanges implements Admission {
  private static final String ANNOTATION = "kubernetes.io/limit-ranger";

  private final Objects objects;

  public LimitRanges(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void admit(Write write) {
    if (isConcerned(write) && write.object().get("spec") instanceof ObjectNode spec) {
      List<ObjectNode> ranges = objects.list("v1", "limitranges", write.namespace());
      if (!ranges.isEmpty() && write.type().builtinKind().equals("Pod")) {
        ranges.forEach(range -> fill(write.object(), spec, range.path("spec").path("limits")));
      }
    }
  }

  @Override
  public void validate(Write write) {
    if (!isConcerned(write)) {
      return;
    }
    for (ObjectNode range : objects.list("v1", "limitranges", write.namespace())) {
      List<String> problems = new ArrayList<>();
      for (JsonNode limit : range.path("spec").path("limits")) {
        if (write.type().builtinKind().equals("Pod")) {
          checkPod(limit, write.object().path("spec"), problems);
        } else {
          checkClaim(limit, write.object().path("spec").path("resources"), problems);
        }
      }
      List<String> distinct = problems.stream().distinct().toList();
      if (!distinct.isEmpty()) {
        throw ApiException.forbidden(
            write.type(),
            write.name(),
            distinct.size() == 1 ? distinct.getFirst() : "[" + String.join(", ", distinct) + "]");
      }
    }
  }

  /// New pods and their resizes, claims; nothing that is about to go.
  private static boolean isConcerned(Write write) {
    boolean resize =
        write.type().builtinKind().equals("Pod")
            && write.subresource().equals("resize")
            && write.operation() == Operation.UPDATE;
    boolean created = write.operation() == Operation.CREATE && write.isOf("", "pods");
    boolean claim =
        write.operation() != Operation.DELETE && write.isOf("", "persistentvolumeclaims");
    @Nullable ObjectNode before = write.before();
    boolean goes = before != null && before.path("metadata").has("deletionTimestamp");
    return (resize || created || claim) && !goes;
  }

  private static void fill(ObjectNode pod, ObjectNode spec, JsonNode limits) {
    ObjectNode usual = spec.objectNode();
    for (JsonNode limit : limits) {
      if (limit.path("type").asText().equals("Container")) {
        usual.withObjectProperty("limits").setAll(map(limit.path("default")));
        usual.withObjectProperty("requests").setAll(map(limit.path("defaultRequest")));
      }
    }
    List<String> filled = new ArrayList<>();
    spec.path("containers").forEach(each -> fill(usual, each, "container", filled));
    spec.path("initContainers").forEach(each -> fill(usual, each, "init container", filled));
    if (!filled.isEmpty()) {
      pod.withObjectProperty("metadata")
          .withObjectProperty("annotations")
          .put(ANNOTATION, "LimitRanger plugin set: " + String.join("; ", filled));
    }
  }

  private static Map<String, JsonNode> map(JsonNode amounts) {
    Map<String, JsonNode> map = new TreeMap<>();
    amounts.properties().forEach(each -> map.put(each.getKey(), each.getValue()));
    return map;
  }

  private static void fill(JsonNode usual, JsonNode container, String what, List<String> filled) {
    for (String kind : List.of("requests", "limits")) {
      List<String> names = new ArrayList<>();
      for (Map.Entry<String, JsonNode> each : map(usual.path(kind)).entrySet()) {
        ObjectNode own =
            ((ObjectNode) container).withObjectProperty("resources").withObjectProperty(kind);
        if (!own.has(each.getKey())) {
          own.set(each.getKey(), each.getValue());
          names.add(each.getKey());
        }
      }
      if (!names.isEmpty()) {
        String called = kind.equals("requests") ? "request" : "limit";
        filled.add(
            "%s %s for %s %s"
                .formatted(
                    String.join(", ", names), called, what, container.path("name").asText()));
      }
    }
  }

  private static void checkPod(JsonNode limit, JsonNode spec, List<String> problems) {
    switch (limit.path("type").asText()) {
      case "Container" -> {
        for (String list : List.of("containers", "initContainers")) {
          for (JsonNode each : spec.path(list)) {
            check(limit, "Container", each.path("resources"), problems);
          }
        }
      }
      case "Pod" -> check(limit, "Pod", total(spec), problems);
      default -> {}
    }
  }

  /// Of a claim only the request counts, also where a maximum is meant.
  private static void checkClaim(JsonNode limit, JsonNode resources, List<String> problems) {
    String type = limit.path("type").asText();
    if (!type.equals("PersistentVolumeClaim")) {
      return;
    }
    JsonNode requests = resources.path("requests");
    for (Map.Entry<String, JsonNode> min : limit.path("min").properties()) {
      isWithin("request", min, type, requests.get(min.getKey()), -1, problems);
    }
    for (Map.Entry<String, JsonNode> max : limit.path("max").properties()) {
      isWithin("request", max, type, requests.get(max.getKey()), 1, problems);
    }
  }

  private static ObjectNode total(JsonNode spec) {
    ObjectNode total = JsonNodeFactory.instance.objectNode();
    for (String kind : List.of("requests", "limits")) {
      ObjectNode sums = total.putObject(kind);
      PodResources.total(spec, kind, false)
          .forEach((name, amount) -> sums.put(name, amount.toString()));
    }
    return total;
  }

  private static void check(
      JsonNode limit, String what, JsonNode resources, List<String> problems) {
    JsonNode requests = resources.path("requests");
    JsonNode limits = resources.path("limits");
    for (Map.Entry<String, JsonNode> min : limit.path("min").properties()) {
      boolean fine = isWithin("request", min, what, requests.get(min.getKey()), -1, problems);
      if (fine && limits.has(min.getKey())) {
        isWithin("limit", min, what, limits.get(min.getKey()), -1, problems);
      }
    }
    for (Map.Entry<String, JsonNode> max : limit.path("max").properties()) {
      boolean fine = isWithin("limit", max, what, limits.get(max.getKey()), 1, problems);
      if (fine && requests.has(max.getKey())) {
        isWithin("request", max, what, requests.get(max.getKey()), 1, problems);
      }
    }
    for (Map.Entry<String, JsonNode> ratio : limit.path("maxLimitRequestRatio").properties()) {
      ratio(ratio, what, requests.get(ratio.getKey()), limits.get(ratio.getKey()), problems);
    }
  }

  /// @param beyond the sign of the difference that is too much: 1 above a maximum
  private static boolean isWithin(
      String kind,
      Map.Entry<String, JsonNode> bound,
      String what,
      @Nullable JsonNode actual,
      int beyond,
      List<String> problems) {
    String begin =
        "%s %s usage per %s is %s"
            .formatted(
                beyond > 0 ? "maximum" : "minimum",
                bound.getKey(),
                what,
                bound.getValue().asText());
    if (actual == null) {
      problems.add(begin + ".  No " + kind + " is specified");
      return false;
    }
    if (Integer.signum(amount(actual).compareTo(amount(bound.getValue()))) == beyond) {
      problems.add(begin + ", but " + kind + " is " + actual.asText());
      return false;
    }
    return true;
  }

  private static void ratio(
      Map.Entry<String, JsonNode> ratio,
      String what,
      @Nullable JsonNode request,
      @Nullable JsonNode limit,
      List<String> problems) {
    String begin =
        "%s max limit to request ratio per %s is %s"
            .formatted(ratio.getKey(), what, ratio.getValue().asText());
    if (request == null || amount(request).signum() == 0) {
      problems.add(begin + ", but no request is specified or request is 0");
    } else if (limit == null) {
      problems.add(begin + ", but no limit is specified or limit is 0");
    } else {
      BigDecimal actual = amount(limit).divide(amount(request), MathContext.DECIMAL64);
      if (actual.compareTo(amount(ratio.getValue())) > 0) {
        problems.add(begin + ", but provided ratio is %f".formatted(actual));
      }
    }
  }

  private static BigDecimal amount(JsonNode quantity) {
    return Quantity.parse(quantity.asText()).amount();
  }
}
