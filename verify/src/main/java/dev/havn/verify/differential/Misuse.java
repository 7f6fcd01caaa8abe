// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.random.RandomGenerator;

/// Requests that are used rarely or wrongly: bodies that are no objects, names that do not match,
/// methods that a path does not have, whole collections deleted, other subresources.
final class Misuse {
  private static final String YAML = "application/yaml";

  /// They stream, ask a node, or are asked rightly elsewhere.
  private static final List<String> LEFT_OUT =
      List.of(
          "log",
          "exec",
          "attach",
          "portforward",
          "proxy",
          "status",
          "scale",
          "binding",
          "eviction");

  private final RandomGenerator random;
  private final Target target;

  Misuse(RandomGenerator random, Target target) {
    this.random = random;
    this.target = target;
  }

  /// @param body an object of the kind, changed at random
  Script.Step of(ObjectNode body) {
    String dry = "?dryRun=All";
    return switch (random.nextInt(10)) {
      case 0 -> post("text", dry, broken(body.toString()), Target.JSON);
      case 1 -> post("yaml", dry, body.toPrettyString(), YAML);
      case 2 -> post("content type", dry, body.toString(), contentType());
      case 3 -> post("identity", dry, otherIdentity(body).toString(), Target.JSON);
      case 4 -> method(body);
      case 5 -> put(body);
      case 6 -> patch(body);
      case 7 -> collection();
      default -> subresource(body);
    };
  }

  private Script.Step post(String shows, String query, String body, String contentType) {
    return Target.step("create " + shows, "POST", target.collection() + query, contentType, body);
  }

  private String broken(String text) {
    return switch (random.nextInt(7)) {
      case 0 -> text.substring(0, text.length() / 2);
      case 1 -> "[" + text + "]";
      case 2 -> "{}";
      case 3 -> "null";
      case 4 -> text + text;
      case 5 -> text.replaceFirst("\\{", "{\"kind\":\"Other\",");
      default -> "\"" + target.name() + "\"";
    };
  }

  private String contentType() {
    return List.of("text/plain", "application/json; charset=utf-8", "x", "application/xml")
        .get(random.nextInt(4));
  }

  private ObjectNode otherIdentity(ObjectNode body) {
    switch (random.nextInt(7)) {
      case 0 -> body.put("apiVersion", "v9");
      case 1 -> body.put("kind", "Other");
      case 2 -> body.remove(List.of("kind", "apiVersion"));
      case 3 -> body.withObjectProperty("metadata").put("namespace", "default");
      case 4 -> {
        body.withObjectProperty("metadata").remove("name");
        body.withObjectProperty("metadata").put("generateName", "generated-");
      }
      case 5 -> body.withObjectProperty("metadata").remove("name");
      default -> body.withObjectProperty("metadata").put("resourceVersion", "1");
    }
    return body;
  }

  private Script.Step method(ObjectNode body) {
    return switch (random.nextInt(5)) {
      case 0 -> Target.step("post item", "POST", target.item(), Target.JSON, body);
      case 1 -> Target.step("put all", "PUT", target.collection(), Target.JSON, body);
      case 2 -> Target.step("patch all", "PATCH", target.collection(), Requests.MERGE, "{}");
      case 3 -> Target.step("no such", "GET", target.item() + "/nothing", Target.JSON, "");
      default -> Target.step("no kind", "GET", target.root() + "/nothings", Target.JSON, "");
    };
  }

  private Script.Step put(ObjectNode body) {
    String name = target.name() + "-other";
    if (random.nextBoolean()) {
      body.withObjectProperty("metadata").put("name", name);
    }
    String path = target.collection() + "/" + name + "?dryRun=All";
    return Target.step("update of nothing", "PUT", path, Target.JSON, body);
  }

  private Script.Step patch(ObjectNode body) {
    String text =
        List.of("{", "[]", "{}", "null", "1", "[{\"op\":\"add\"}]", "").get(random.nextInt(7));
    String type =
        List.of(
                Requests.MERGE,
                Requests.STRATEGIC,
                Requests.JSON_PATCH,
                Requests.APPLY + "?fieldManager=a",
                Target.JSON)
            .get(random.nextInt(5));
    if (random.nextInt(4) == 0) {
      String path = target.item() + "-other";
      return Target.step("patch of nothing", "PATCH", path, Requests.MERGE, body);
    }
    String[] parts = type.split("\\?", 2);
    String query = parts.length == 2 ? "?" + parts[1] : "";
    return Target.step("bad patch", "PATCH", target.item() + query, parts[0], text);
  }

  private Script.Step collection() {
    String query =
        switch (random.nextInt(6)) {
          case 0 -> "&dryRun=All";
          case 1 -> "&propagationPolicy=Bogus";
          case 2 -> "&gracePeriodSeconds=0";
          case 3 -> "&fieldSelector=spec.nothing%3D1";
          case 4 -> "&resourceVersion=x";
          default -> "";
        };
    String path = target.collection() + "?" + target.selector() + query;
    return Target.step("delete collection", "DELETE", path, Target.JSON, "");
  }

  private Script.Step subresource(ObjectNode body) {
    List<ResourceType.Subresource> all =
        target.type().subresources().stream()
            .filter(each -> !LEFT_OUT.contains(each.name()))
            .toList();
    if (all.isEmpty()) {
      return Target.step(
          "delete", "DELETE", target.item() + "?gracePeriodSeconds=x", Target.JSON, "");
    }
    ResourceType.Subresource one = all.get(random.nextInt(all.size()));
    String path = target.item() + "/" + one.name() + "?dryRun=All";
    List<String> verbs = one.verbs().stream().sorted().toList();
    String shows = "subresource " + one.name();
    return switch (verbs.get(random.nextInt(verbs.size()))) {
      case "create" -> Target.step(shows, "POST", path, Target.JSON, token());
      case "update" -> Target.step(shows, "PUT", path, Target.JSON, body);
      case "patch" -> Target.step(shows, "PATCH", path, Requests.STRATEGIC, body);
      default -> Target.step(shows, "GET", path, Target.JSON, "");
    };
  }

  /// What is posted to a service account.
  private String token() {
    return List.of(
            "{\"spec\":{\"audiences\":[\"a\"],\"expirationSeconds\":600}}",
            "{\"spec\":{\"audiences\":[],\"expirationSeconds\":1}}",
            "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"x\"}}}",
            "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Bogus\",\"name\":\"x\"}}}",
            "{\"metadata\":{\"name\":\"other\"}}")
        .get(random.nextInt(5));
  }
}
