// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.stories;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Api.RefusedException;
import dev.havn.server.stories.Kinds.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One telling of a story: what somebody does, step by step, and what a cluster does about it.
///
/// A step has any of
/// - `make`: objects; a `status` is written right after, `uid(Kind/name)` is that object's uid
/// - `set`: what is to change, by `Kind/name`, a merge patch each, with uids as in `make`
/// - `delete`: `Kind/name` each; `how`: the options
/// - `post`: a body by `Kind/name/part`, such as an eviction or a binding
/// - `at`: the second of a minute that is waited for
/// - `wait`: seconds
final class Story {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern UID = Pattern.compile("uid\\(([^)]+)\\)");

  private final Ground ground;
  private final Kinds kinds;
  private final String namespace;
  private final Plain plain;
  private final Map<String, JsonNode> before = new HashMap<>();

  /// What is there without anybody else's doing, by uid: as made, with the story's own changes.
  private final Map<String, ObjectNode> mine = new HashMap<>();

  private final Set<String> toldEvents = new HashSet<>();
  private final Set<String> everMine = new HashSet<>();
  private final List<String> refusals = new ArrayList<>();

  Story(Ground ground, Kinds kinds, String namespace) {
    this.ground = ground;
    this.kinds = kinds;
    this.namespace = namespace;
    this.plain = new Plain(namespace);
  }

  /// @return of each step what became of it
  List<JsonNode> tell(JsonNode steps) {
    ObjectNode place = JsonNodeFactory.instance.objectNode();
    place.put("apiVersion", "v1").put("kind", "Namespace");
    place.putObject("metadata").put("name", namespace);
    while (api().find("/api/v1/namespaces/" + namespace).isPresent()) {
      ground.pass(Ground.SOON);
    }
    api().create("/api/v1/namespaces", place.toString());
    settle();
    before.putAll(look());
    plain.meet(before.values());
    List<JsonNode> told = new ArrayList<>();
    try {
      for (JsonNode step : steps) {
        mine.clear();
        refusals.clear();
        step.properties().forEach(act -> act(act.getKey(), act.getValue()));
        settle();
        told.add(difference());
      }
    } finally {
      leave();
    }
    return told;
  }

  private Api api() {
    return ground.api();
  }

  private void settle() {
    ground.settle(
        () -> {
          Set<String> versions = new TreeSet<>();
          look()
              .values()
              .forEach(each -> versions.add(each.at("/metadata/resourceVersion").asText()));
          return versions;
        });
  }

  private void act(String verb, JsonNode what) {
    switch (verb) {
      case "make" -> what.forEach(each -> attempt(() -> make(withUids(each))));
      case "set" ->
          what.properties()
              .forEach(each -> attempt(() -> set(each.getKey(), withUids(each.getValue()))));
      case "delete" -> what.forEach(each -> attempt(() -> delete(each)));
      case "post" ->
          what.properties()
              .forEach(
                  each ->
                      attempt(() -> api().create(path(each.getKey()), posted(each).toString())));
      case "at" -> ground.passUntil(what.asInt());
      case "wait" -> ground.pass(Duration.ofSeconds(what.asLong()));
      default -> throw new IllegalArgumentException(verb);
    }
  }

  private void attempt(Runnable act) {
    try {
      act.run();
    } catch (RefusedException e) {
      refusals.add(plain.text(e.code() + " " + e.reason() + ": " + e.getMessage()));
    }
  }

  private ObjectNode withUids(JsonNode object) {
    String text =
        UID.matcher(object.toString())
            .replaceAll(found -> api().get(path(found.group(1))).at("/metadata/uid").asText());
    try {
      return (ObjectNode) JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void make(ObjectNode object) {
    Kind kind = kinds.of(object.path("kind").asText());
    ObjectNode metadata = object.withObjectProperty("metadata");
    if (kind.isNamespaced() && !metadata.has("namespace")) {
      metadata.put("namespace", namespace);
    }
    ObjectNode made =
        (ObjectNode)
            api().create(kind.path(metadata.path("namespace").asText(""), ""), object.toString());
    String uid = made.at("/metadata/uid").asText();
    mine.put(uid, made.deepCopy());
    everMine.add(uid);
    if (object.has("status") && kind.parts().contains("status")) {
      ObjectNode patch = JsonNodeFactory.instance.objectNode();
      patch.set("status", object.get("status"));
      patch(
          kind.path(metadata.path("namespace").asText(""), made.at("/metadata/name").asText())
              + "/status",
          uid,
          patch);
    }
  }

  private void set(String key, ObjectNode patch) {
    String path = path(key);
    String uid = api().get(path.replaceAll("/(approval)$", "")).at("/metadata/uid").asText();
    JsonNode known = before.get(uid);
    if (known != null) {
      mine.putIfAbsent(uid, known.deepCopy());
    }
    if (patch.has("status") && !path.endsWith("/approval")) {
      ObjectNode status = JsonNodeFactory.instance.objectNode();
      status.set("status", patch.remove("status"));
      patch(path + "/status", uid, status);
    }
    if (!patch.isEmpty()) {
      patch(path, uid, patch);
    }
  }

  private void patch(String path, String uid, ObjectNode patch) {
    api().merge(path, patch);
    ObjectNode as = mine.get(uid);
    if (as != null) {
      mine.put(uid, (ObjectNode) Trees.merged(as, patch));
    }
  }

  /// A Binding names the pod that it is posted to, by a name that may be one of chance.
  private ObjectNode posted(Map.Entry<String, JsonNode> what) {
    ObjectNode body = what.getValue().deepCopy();
    if (body.path("kind").asText().equals("Binding")) {
      String[] parts = what.getKey().split("/");
      body.putObject("metadata").put("name", plain.name(parts[parts.length - 2]));
    }
    return body;
  }

  private void delete(JsonNode what) {
    ObjectNode options = Api.object();
    if (what.isObject()) {
      options.setAll((ObjectNode) what.path("how"));
    }
    String path = path(what.isObject() ? what.path("of").asText() : what.asText());
    api().get(path);
    api().delete(path, options);
  }

  /// @param key `Kind/name`, `Kind/name/part`, or `Kind/namespace/name/part`
  private String path(String key) {
    String[] parts = key.split("/");
    Kind kind = kinds.of(parts[0]);
    int last = parts.length - 1;
    boolean hasPart = last > 1 && kind.parts().contains(parts[last]);
    int name = hasPart ? last - 1 : last;
    String in = name == 2 ? parts[1] : namespace;
    return kind.path(in, plain.name(parts[name])) + (hasPart ? "/" + parts[last] : "");
  }

  /// All that has to do with the story's namespace, by uid: stories may be told side by side.
  private Map<String, JsonNode> look() {
    Map<String, JsonNode> all = new HashMap<>();
    for (String kind : kinds.names()) {
      JsonNode list = api().get(kinds.of(kind).path("", ""));
      for (JsonNode item : list.path("items")) {
        if (item.toString().contains(namespace)) {
          ((ObjectNode) item).put("kind", kind);
          all.put(item.at("/metadata/uid").asText(), item);
        }
      }
    }
    return all;
  }

  private JsonNode difference() {
    Map<String, JsonNode> now = look();
    List<JsonNode> fresh =
        now.entrySet().stream()
            .filter(each -> !before.containsKey(each.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    plain.meet(fresh);
    Map<String, JsonNode> created = new TreeMap<>();
    Map<String, JsonNode> changed = new TreeMap<>();
    Set<String> gone = new TreeSet<>();
    Set<String> events = new TreeSet<>();
    now.forEach(
        (uid, object) -> {
          @Nullable JsonNode was = mine.containsKey(uid) ? mine.get(uid) : before.get(uid);
          if (object.path("kind").asText().equals("Event")) {
            String event = event(object);
            if (toldEvents.add(event)) {
              events.add(event);
            }
          } else if (was == null) {
            created.put(plain.key(object), plain.of(object));
          } else if (!object.equals(was)) {
            JsonNode change = Trees.change(plain.of(was), plain.of(object));
            if (!change.isEmpty()) {
              changed.put(plain.key(object), change);
            }
          }
        });
    Map<String, JsonNode> known = new HashMap<>(before);
    known.putAll(mine);
    known.forEach(
        (uid, object) -> {
          if (!now.containsKey(uid) && !object.path("kind").asText().equals("Event")) {
            gone.add(plain.key(object));
          }
        });
    before.clear();
    before.putAll(now);
    ObjectNode told = JsonNodeFactory.instance.objectNode();
    put(told, "refused", refusals);
    putAll(told, "created", created);
    putAll(told, "changed", changed);
    put(told, "gone", gone);
    put(told, "events", events);
    return told;
  }

  private static void put(ObjectNode told, String name, Iterable<String> texts) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    texts.forEach(all::add);
    if (!all.isEmpty()) {
      told.set(name, all);
    }
  }

  private static void putAll(ObjectNode told, String name, Map<String, JsonNode> objects) {
    if (!objects.isEmpty()) {
      told.putObject(name).setAll(objects);
    }
  }

  private String event(JsonNode event) {
    JsonNode of = event.path("involvedObject");
    String by = event.path("source").path("component").asText("");
    return String.join(
        " ",
        event.path("type").asText(),
        event.path("reason").asText(),
        of.path("kind").asText() + "/" + plain.text(of.path("name").asText()),
        "by",
        (by.isEmpty() ? event.path("reportingComponent").asText() : by) + ":",
        plain.text(event.path("message").asText()));
  }

  /// Takes away what the story made.
  private void leave() {
    for (JsonNode each : look().values()) {
      Kind kind = kinds.of(each.path("kind").asText());
      if (everMine.contains(each.at("/metadata/uid").asText())
          && !each.at("/metadata/namespace").asText("").equals(namespace)) {
        String path =
            kind.path(
                each.at("/metadata/namespace").asText(""), each.at("/metadata/name").asText());
        api().delete(path, Api.object());
        if (!each.at("/metadata/finalizers").isEmpty()
            && !each.path("kind").asText().equals("Namespace")) {
          free(path);
        }
      }
    }
    api().delete("/api/v1/namespaces/" + namespace, Api.object());
  }

  /// Nobody waits for what is deleted.
  private void free(String path) {
    ObjectNode free = Api.object();
    free.putObject("metadata").putNull("finalizers");
    try {
      api().merge(path, free);
    } catch (RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
    }
  }
}
