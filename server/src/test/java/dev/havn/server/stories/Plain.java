// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.stories;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Objects without what differs each time a story is told: times, uids, versions, random names,
/// addresses, keys.
final class Plain {
  private static final List<String> HASHES =
      List.of("pod-template-hash", "controller-revision-hash", "controller.kubernetes.io/hash");

  /// A CronJob calls its Jobs by the minute.
  private static final Pattern SCHEDULED = Pattern.compile("(.*-)\\d{8}");

  private static final Pattern HASH = Pattern.compile("HASH[0-9]+");
  private static final Set<String> OF_EACH_TIME =
      Set.of("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields");

  /// What is told of the spec of a pod that a controller makes; the rest is its template's.
  private static final Set<String> OF_PODS =
      Set.of("affinity", "hostname", "nodeName", "resourceClaims", "subdomain", "volumes");

  /// Kinds after which pods are named.
  private static final Set<String> MAKE_PODS =
      Set.of("DaemonSet", "Job", "ReplicaSet", "ReplicationController");

  private static final Map<Pattern, String> TEXTS =
      Map.of(
          Pattern.compile(
              "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:?\\d\\d)"),
          "TIME",
          Pattern.compile(
              "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d+)? \\+0000 UTC( m=\\S+)?"),
          "TIME",
          Pattern.compile("\\b10\\.96\\.\\d+\\.\\d+\\b"),
          "ADDRESS",
          Pattern.compile("\\b10\\.244\\.\\d+\\.\\d+/24\\b"),
          "RANGE",
          Pattern.compile("^\\(combined from similar events\\): "),
          "",
          Pattern.compile("(?s)-----BEGIN .*"),
          "PEM",
          Pattern.compile("^LS0tLS1CRUdJ.*"),
          "PEM",
          Pattern.compile("^(ZXlKaGJHY2|eyJhbGci).*"),
          "TOKEN");

  private final String namespace;
  private final String encoded;

  /// What is written instead of what, for example of a uid; the longest first, which may hold
  /// others.
  private final Map<String, String> words =
      new TreeMap<>(
          Comparator.comparingInt(String::length)
              .reversed()
              .thenComparing(Comparator.naturalOrder()));

  private final Map<String, Integer> numbers = new LinkedHashMap<>();
  private final Set<String> prefixes = new TreeSet<>(Comparator.reverseOrder());

  Plain(String namespace) {
    this.namespace = namespace;
    this.encoded = Base64.getEncoder().encodeToString(namespace.getBytes(StandardCharsets.UTF_8));
  }

  /// Gives the random names among new objects numbers: by what the objects say, then in the order
  /// in which they were made.
  void meet(Collection<JsonNode> objects) {
    List<JsonNode> all = new ArrayList<>(objects);
    all.sort(
        Comparator.comparingLong(each -> each.path("metadata").path("resourceVersion").asLong()));
    for (JsonNode each : all) {
      for (JsonNode labels : each.path("metadata").findValues("labels")) {
        HASHES.forEach(label -> meet(labels.path(label).asText(""), "HASH"));
      }
    }
    for (JsonNode each : all) {
      String name = each.path("metadata").path("name").asText();
      Matcher scheduled = SCHEDULED.matcher(name);
      if (each.path("kind").asText().equals("Job") && scheduled.matches()) {
        meet(name, scheduled.group(1) + "@");
      }
    }
    Map<JsonNode, String> said = new LinkedHashMap<>();
    all.forEach(each -> said.put(each, of(each).toString()));
    all.sort(
        Comparator.<JsonNode, String>comparing(each -> said.getOrDefault(each, ""))
            .thenComparing(each -> each.path("metadata").path("resourceVersion").asLong()));
    for (JsonNode each : all) {
      JsonNode metadata = each.path("metadata");
      if (each.path("kind").asText().equals("VolumeAttachment")) {
        meet(metadata.path("name").asText(), "csi-#");
      }
      if (MAKE_PODS.contains(each.path("kind").asText())) {
        prefixes.add(metadata.path("name").asText() + "-");
      }
      String prefix = metadata.path("generateName").asText("");
      if (!prefix.isEmpty() && metadata.path("name").asText().startsWith(prefix)) {
        prefixes.add(text(prefix));
        meet(metadata.path("name").asText(), text(prefix) + "#");
      }
    }
    for (JsonNode each : all) {
      words.putIfAbsent(
          each.path("metadata").path("uid").asText(), "uid(" + key(each).replace('/', ' ') + ")");
    }
  }

  private void meet(String word, String instead) {
    if (!word.isEmpty() && !words.containsKey(word)) {
      words.put(word, instead + numbers.merge(instead, 1, Integer::sum));
    }
  }

  /// `Kind/name`, with a namespace in between when it is not the story's.
  String key(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    String in = metadata.path("namespace").asText("");
    if (object.path("kind").asText().equals("IPAddress")) {
      JsonNode of = object.path("spec").path("parentRef");
      return "IPAddress of " + of.path("resource").asText() + "/" + text(of.path("name").asText());
    }
    return object.path("kind").asText()
        + (in.isEmpty() || in.equals(namespace) ? "/" : "/" + text(in) + "/")
        + text(metadata.path("name").asText());
  }

  /// The name behind one that a story says.
  String name(String said) {
    return words.entrySet().stream()
        .filter(each -> each.getValue().equals(said))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> withHashes(said));
  }

  private String withHashes(String said) {
    return HASH.matcher(said)
        .replaceAll(
            found ->
                words.entrySet().stream()
                    .filter(each -> each.getValue().equals(found.group()))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(found.group()));
  }

  String text(String text) {
    String plain = text;
    for (Map.Entry<String, String> word : words.entrySet()) {
      plain = plain.replace(word.getKey(), word.getValue());
    }
    for (Map.Entry<Pattern, String> each : TEXTS.entrySet()) {
      plain = each.getKey().matcher(plain).replaceAll(each.getValue());
    }
    for (String prefix : prefixes) {
      plain =
          plain.replaceAll(
              "\\b" + Pattern.quote(prefix) + "[bcdfghjklmnpqrstvwxz2456789]{5}\\b", prefix + "#");
    }
    return plain.replace(namespace, "NS").replace(encoded, "NS");
  }

  ObjectNode of(JsonNode object) {
    ObjectNode plain = (ObjectNode) plain(object);
    plain.remove(List.of("kind", "apiVersion"));
    if (plain.get("metadata") instanceof ObjectNode metadata) {
      metadata.remove(OF_EACH_TIME);
      metadata.remove(List.of("name", "namespace", "generateName"));
      if (metadata.isEmpty()) {
        plain.remove("metadata");
      }
    }
    if (object.path("kind").asText().equals("Pod")
        && plain.get("spec") instanceof ObjectNode spec) {
      spec.retain(OF_PODS);
      if (spec.get("volumes") instanceof ArrayNode volumes) {
        volumes.removeIf(each -> each.path("name").asText().startsWith("kube-api-access-"));
        if (volumes.isEmpty()) {
          spec.remove("volumes");
        }
      }
    }
    return plain;
  }

  /// Lists that have no order of their own.
  private static final Set<String> UNORDERED = Set.of("addresses", "endpoints", "ports", "subsets");

  private static ArrayNode sorted(ArrayNode array) {
    List<JsonNode> all = new ArrayList<>();
    array.forEach(all::add);
    all.sort(Comparator.comparing(JsonNode::toString));
    return JsonNodeFactory.instance.arrayNode().addAll(all);
  }

  private JsonNode plain(JsonNode node) {
    return switch (node) {
      case ObjectNode object -> {
        ObjectNode plain = JsonNodeFactory.instance.objectNode();
        for (String field : new TreeSet<>(fields(object))) {
          JsonNode value =
              switch (field) {
                case "nodePort" -> TextNode.valueOf("PORT");
                case "shareID" -> TextNode.valueOf("SHARE");
                default -> plain(object.get(field));
              };
          if (UNORDERED.contains(field) && value instanceof ArrayNode array) {
            value = sorted(array);
          }
          if (!field.equals("resourceVersion")
              && !value.isNull()
              && !(value.isContainerNode() && value.isEmpty())) {
            plain.set(text(field), value);
          }
        }
        yield plain;
      }
      case ArrayNode array -> {
        ArrayNode plain = JsonNodeFactory.instance.arrayNode();
        array.forEach(each -> plain.add(plain(each)));
        yield plain;
      }
      case TextNode text -> TextNode.valueOf(text(text.asText()));
      default -> node;
    };
  }

  private static List<String> fields(ObjectNode object) {
    List<String> fields = new ArrayList<>();
    object.fieldNames().forEachRemaining(fields::add);
    return fields;
  }
}
