// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What somebody wants to do, as the `spec` of a SubjectAccessReview.
final class AccessReviewSpec {
  private AccessReviewSpec() {}

  /// With every text of it, also those that are empty, as expressions see it.
  static ObjectNode whole(Attributes wish) {
    ObjectNode spec = JsonNodeFactory.instance.objectNode();
    if (wish.resource().isEmpty()) {
      spec.putObject("nonResourceAttributes").put("path", wish.path()).put("verb", wish.verb());
    } else {
      ObjectNode resource = spec.putObject("resourceAttributes");
      texts(wish).forEach(resource::put);
      selectors(wish, resource);
    }
    UserInfo user = wish.user();
    spec.put("user", user.name());
    user.groups().forEach(spec.putArray("groups")::add);
    ObjectNode extra = spec.putObject("extra");
    user.extra().forEach((key, values) -> values.forEach(extra.putArray(key)::add));
    return spec.put("uid", user.uid());
  }

  /// Without what is empty, as it is sent.
  static ObjectNode sent(Attributes wish) {
    ObjectNode spec = whole(wish);
    List.copyOf(spec.properties()).stream()
        .filter(each -> each.getValue().isEmpty() && each.getValue().asText("").isEmpty())
        .forEach(each -> spec.remove(each.getKey()));
    for (String attributes : List.of("resourceAttributes", "nonResourceAttributes")) {
      if (spec.get(attributes) instanceof ObjectNode object) {
        List.copyOf(object.properties()).stream()
            .filter(each -> each.getValue().isTextual() && each.getValue().asText().isEmpty())
            .forEach(each -> object.remove(each.getKey()));
      }
    }
    return spec;
  }

  private static Map<String, String> texts(Attributes wish) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("namespace", wish.namespace());
    texts.put("verb", wish.verb());
    texts.put("group", wish.group());
    texts.put("version", wish.version());
    texts.put("resource", wish.resource());
    texts.put("subresource", wish.subresource());
    texts.put("name", wish.name());
    return texts;
  }

  private static void selectors(Attributes wish, ObjectNode resource) {
    if (!wish.fields().isEverything()) {
      ArrayNode list = resource.putObject("fieldSelector").putArray("requirements");
      for (FieldSelector.Requirement each : wish.fields().requirements()) {
        ObjectNode requirement = list.addObject().put("key", each.field());
        requirement.put("operator", each.equal() ? "In" : "NotIn");
        requirement.putArray("values").add(each.value());
      }
    }
    if (!wish.labels().isEverything()) {
      ArrayNode list = resource.putObject("labelSelector").putArray("requirements");
      for (LabelSelector.Requirement each : wish.labels().requirements()) {
        String operator = operator(each.operator());
        if (!operator.isEmpty()) {
          ObjectNode requirement = list.addObject().put("key", each.key());
          requirement.put("operator", operator);
          if (!each.values().isEmpty()) {
            each.values().forEach(requirement.putArray("values")::add);
          }
        }
      }
    }
  }

  /// Empty for those that reviews do not know: without them more is asked for, not less.
  private static String operator(LabelSelector.Operator operator) {
    return switch (operator) {
      case IN -> "In";
      case NOT_IN -> "NotIn";
      case EXISTS -> "Exists";
      case ABSENT -> "DoesNotExist";
      case GREATER, LESS -> "";
    };
  }
}
