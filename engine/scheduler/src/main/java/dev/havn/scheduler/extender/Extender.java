// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.scheduler.plugin.Refusal;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One extender: what it is asked, and what its answers mean. The messages are kube-scheduler's.
final class Extender implements AutoCloseable {
  /// What an extender's scores, up to ten, are multiplied by to be like the plugins'.
  private static final long SCORE_SCALE = 10;

  private final ExtenderSettings settings;
  private final Line line;

  Extender(ExtenderSettings settings, Line line) {
    this.settings = settings;
    this.line = line;
  }

  /// Nodes that would do, and why others will not.
  record Filtered(List<String> left, Map<String, Refusal> refused) {}

  /// Who would have to leave a node.
  ///
  /// @param uids of pods
  /// @param violations of disruption budgets
  record Victims(List<String> uids, int violations) {}

  String url() {
    return settings.url();
  }

  boolean isIgnorable() {
    return settings.ignorable();
  }

  boolean filters() {
    return !settings.verbs().filter().isEmpty();
  }

  boolean prioritizes() {
    return !settings.verbs().prioritize().isEmpty();
  }

  boolean preempts() {
    return !settings.verbs().preempt().isEmpty();
  }

  boolean binds() {
    return !settings.verbs().bind().isEmpty();
  }

  /// Whether a pod is its business: one that wants a resource that it looks after.
  boolean isInterestedIn(Pod pod) {
    return settings.managed().isEmpty()
        || Stream.of(pod.getSpec().getContainers(), pod.getSpec().getInitContainers())
            .flatMap(List::stream)
            .anyMatch(this::wantsManaged);
  }

  private boolean wantsManaged(Container container) {
    return container.getResources() != null
        && Stream.of(container.getResources().getRequests(), container.getResources().getLimits())
            .anyMatch(
                amounts ->
                    amounts != null
                        && amounts.keySet().stream().anyMatch(settings.managed()::contains));
  }

  /// @param nodes that would do as far as is known
  Filtered filter(Question question, List<String> nodes) {
    JsonNode answer =
        line.ask(settings.verbs().filter(), question.about(nodes, settings.knowsNodes()));
    fail(answer);
    Set<String> left = new HashSet<>();
    JsonNode names = Answers.field(answer, "NodeNames");
    if (settings.knowsNodes() && names.isArray()) {
      names.forEach(each -> left.add(each.asText()));
    } else {
      Answers.field(Answers.field(answer, "Nodes"), "items")
          .forEach(each -> left.add(Answers.text(Answers.field(each, "metadata"), "name")));
    }
    for (String each : left) {
      if (!nodes.contains(each)) {
        throw new ExtenderException(
            "extender \"%s\" claims a filtered node \"%s\" which is not found in the input node list"
                .formatted(settings.url(), each));
      }
    }
    return new Filtered(
        nodes.stream().filter(left::contains).toList(), refused(answer, nodes, left));
  }

  /// Of a node that is neither among those left nor among those that failed nothing is known, and
  /// nothing said.
  private static Map<String, Refusal> refused(
      JsonNode answer, List<String> nodes, Set<String> left) {
    Map<String, String> failed = Answers.texts(answer, "FailedNodes");
    Map<String, String> hopeless = Answers.texts(answer, "FailedAndUnresolvableNodes");
    Map<String, Refusal> refused = new HashMap<>();
    for (String each : nodes) {
      if (left.contains(each)) {
        continue;
      }
      @Nullable String never = hopeless.get(each);
      @Nullable String reason = never == null ? failed.get(each) : never;
      refused.put(
          each,
          new Refusal(
              Verdict.PLUGIN,
              reason == null ? List.of() : List.of(reason),
              never == null && reason != null));
    }
    return refused;
  }

  /// By node, as they are added to the scores of plugins.
  Map<String, Long> prioritize(Question question, List<String> nodes) {
    JsonNode answer =
        line.ask(settings.verbs().prioritize(), question.about(nodes, settings.knowsNodes()));
    Map<String, Long> scores = new HashMap<>();
    for (JsonNode each : answer) {
      long score = Answers.field(each, "Score").asLong(0) * settings.weight() * SCORE_SCALE;
      scores.merge(Answers.text(each, "Host"), score, Long::sum);
    }
    return scores;
  }

  /// @param victims by node, in what others have left of the candidates
  /// @param shown a pod as this extender is to see it
  Map<String, Victims> preempt(
      JsonNode pod, Map<String, Victims> victims, Function<String, JsonNode> shown) {
    ObjectNode arguments = JsonNodeFactory.instance.objectNode();
    arguments.set("Pod", pod);
    boolean byName = settings.knowsNodes();
    arguments.putNull(byName ? "NodeNameToVictims" : "NodeNameToMetaVictims");
    ObjectNode byNode = arguments.putObject(byName ? "NodeNameToMetaVictims" : "NodeNameToVictims");
    victims.forEach(
        (node, each) -> {
          ObjectNode of = byNode.putObject(node);
          ArrayNode pods = of.putArray("Pods");
          for (String uid : each.uids()) {
            pods.add(
                byName ? JsonNodeFactory.instance.objectNode().put("UID", uid) : shown.apply(uid));
          }
          of.put("NumPDBViolations", each.violations());
        });
    JsonNode answer = line.ask(settings.verbs().preempt(), arguments);
    Map<String, Victims> left = new HashMap<>();
    Answers.field(answer, "NodeNameToMetaVictims")
        .properties()
        .forEach(each -> left.put(each.getKey(), victims(each.getValue())));
    return left;
  }

  private static Victims victims(JsonNode said) {
    List<String> uids = new ArrayList<>();
    Answers.field(said, "Pods").forEach(each -> uids.add(Answers.text(each, "UID")));
    return new Victims(uids, Answers.field(said, "NumPDBViolations").asInt(0));
  }

  void bind(Pod pod, String node) {
    JsonNode answer =
        line.ask(
            settings.verbs().bind(),
            JsonNodeFactory.instance
                .objectNode()
                .put("PodName", pod.getMetadata().getName())
                .put("PodNamespace", pod.getMetadata().getNamespace())
                .put("PodUID", pod.getMetadata().getUid())
                .put("Node", node));
    fail(answer);
  }

  private static void fail(JsonNode answer) {
    String error = Answers.text(answer, "Error");
    if (!error.isEmpty()) {
      throw new ExtenderException(error);
    }
  }

  @Override
  public void close() {
    line.close();
  }
}
