// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The plugin LimitRanger: gives containers that ask for nothing what the namespace's limit ranges
/// say, and refuses pods that ask for too little or too much.
final class LimitRanges {
  private LimitRanges() {}

  static void admit(Objects objects, Admission.Write write, ObjectNode spec) {
    List<String> problems = new ArrayList<>();
    for (ObjectNode range : objects.list("v1", "limitranges", write.namespace())) {
      for (JsonNode limit : range.path("spec").path("limits")) {
        if (limit.path("type").asText().equals("Container")) {
          for (String list : List.of("initContainers", "containers")) {
            spec.path(list).forEach(each -> fill(limit, (ObjectNode) each));
          }
        }
      }
    }
    for (ObjectNode range : objects.list("v1", "limitranges", write.namespace())) {
      for (JsonNode limit : range.path("spec").path("limits")) {
        check(limit, spec, problems);
      }
    }
    if (!problems.isEmpty()) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          problems.size() == 1 ? problems.getFirst() : "[" + String.join(", ", problems) + "]");
    }
  }

  private static void fill(JsonNode limit, ObjectNode container) {
    fill(limit.path("default"), container, "limits");
    fill(limit.path("defaultRequest"), container, "requests");
  }

  private static void fill(JsonNode amounts, ObjectNode container, String kind) {
    for (Map.Entry<String, JsonNode> each : amounts.properties()) {
      ObjectNode own = container.withObjectProperty("resources").withObjectProperty(kind);
      if (!own.has(each.getKey())) {
        own.set(each.getKey(), each.getValue());
      }
    }
  }

  private static void check(JsonNode limit, ObjectNode spec, List<String> problems) {
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

  private static ObjectNode total(ObjectNode spec) {
    ObjectNode total = spec.objectNode();
    for (String kind : List.of("requests", "limits")) {
      ObjectNode sums = total.putObject(kind);
      for (JsonNode container : spec.path("containers")) {
        for (Map.Entry<String, JsonNode> each :
            container.path("resources").path(kind).properties()) {
          Quantity own = Quantity.parse(each.getValue().asText());
          JsonNode before = sums.path(each.getKey());
          Quantity sum =
              before.isMissingNode() ? own : QuotaUsage.sum(Quantity.parse(before.asText()), own);
          sums.put(each.getKey(), sum.toString());
        }
      }
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
