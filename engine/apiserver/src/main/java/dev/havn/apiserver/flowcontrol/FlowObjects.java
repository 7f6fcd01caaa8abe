// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.StoredObject;
import dev.havn.schema.ResourceType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The objects of flow control in the store: those that Kubernetes begins with, and the status of
/// FlowSchemas.
final class FlowObjects {
  static final String API = "flowcontrol.apiserver.k8s.io/v1";
  static final String SCHEMAS = "flowschemas";
  static final String LEVELS = "prioritylevelconfigurations";

  /// Those without which nothing would match.
  private static final Set<String> MANDATORY = Set.of("exempt", "catch-all");

  private static final String DANGLING = "Dangling";
  private static final int WRITE_ATTEMPTS_MAX = 5;

  private final Objects objects;
  private final InstantSource clock;
  private final Supplier<String> uid;

  /// Read once in a process, when first needed; nobody changes them.
  private static final class Defaults {
    static final List<ObjectNode> ALL = read();
  }

  FlowObjects(Objects objects, InstantSource clock, Supplier<String> uid) {
    this.objects = objects;
    this.clock = clock;
    this.uid = uid;
  }

  static boolean isMandatory(ObjectNode object) {
    return MANDATORY.contains(object.path("metadata").path("name").asText());
  }

  private static List<ObjectNode> read() {
    try (InputStream resource =
        FlowObjects.class.getResourceAsStream("default-flow-control.json")) {
      if (resource == null) {
        throw new AssertionError("default-flow-control.json is not on the class path");
      }
      List<ObjectNode> all = new ArrayList<>();
      new ObjectMapper().readTree(resource).forEach(each -> all.add((ObjectNode) each));
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException("default-flow-control.json", e);
    }
  }

  private ResourceType type(ObjectNode object) {
    return objects.registry().get(API, object.path("kind").asText().toLowerCase(Locale.ROOT) + "s");
  }

  /// Adds those of the objects of a new cluster that are not there.
  void add(Predicate<ObjectNode> which) {
    for (ObjectNode each : Defaults.ALL) {
      String name = each.path("metadata").path("name").asText();
      if (which.test(each) && objects.find(type(each), "", name) == null) {
        ObjectNode object = each.objectNode();
        object.set("kind", each.get("kind"));
        object.put("apiVersion", API);
        ObjectNode metadata = object.putObject("metadata").put("name", name);
        metadata.put("uid", uid.get()).put("generation", 1);
        metadata.put("creationTimestamp", now());
        metadata.putObject("annotations").put("apf.kubernetes.io/autoupdate-spec", "true");
        object.set("spec", each.get("spec").deepCopy());
        object.putObject("status");
        if (each.path("kind").asText().equals("FlowSchema")) {
          set(object, false);
        }
        objects.add(type(each), object);
      }
    }
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// Says in the status of a FlowSchema whether the level that it names is missing.
  void setDangling(ObjectNode schema, boolean dangling) {
    String name = schema.path("metadata").path("name").asText();
    for (int attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt++) {
      @Nullable StoredObject found = objects.find(type(schema), "", name);
      if (found == null || !found.shared().path("spec").equals(schema.path("spec"))) {
        return;
      }
      ObjectNode tree = found.toTree();
      if (!set(tree, dangling) || objects.replace(type(schema), found, tree)) {
        return;
      }
    }
  }

  private boolean set(ObjectNode schema, boolean dangling) {
    String level = schema.path("spec").path("priorityLevelConfiguration").path("name").asText();
    String message =
        "This FlowSchema references the PriorityLevelConfiguration object named \"%s\" %s"
            .formatted(level, dangling ? "but there is no such object" : "and it exists");
    String status = dangling ? "True" : "False";
    @Nullable ObjectNode condition = null;
    for (JsonNode each : schema.path("status").path("conditions")) {
      if (each.path("type").asText().equals(DANGLING)) {
        condition = (ObjectNode) each;
      }
    }
    boolean same = condition != null && condition.path("status").asText().equals(status);
    if (same && condition != null && condition.path("message").asText().equals(message)) {
      return false;
    }
    if (condition == null) {
      condition = schema.withObjectProperty("status").withArrayProperty("conditions").addObject();
    }
    condition.put("type", DANGLING).put("status", status);
    if (!same) {
      condition.put("lastTransitionTime", now());
    }
    condition.put("reason", dangling ? "NotFound" : "Found").put("message", message);
    return true;
  }
}
