// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All extenders, asked one after another, those that may be missed last. They are others' programs
/// on the network: nothing is asked under the scheduler's lock, and a pod that one of them fails is
/// looked at again later. For many threads.
public final class Extenders implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Extenders.class);

  private final List<Extender> all;
  private final Function<Object, JsonNode> toTree;

  /// @param toTree writes a model as JSON
  public Extenders(
      List<ExtenderSettings> settings,
      Function<Object, JsonNode> toTree,
      ScheduledExecutorService executor) {
    this.toTree = toTree;
    this.all =
        settings.stream()
            .sorted(Comparator.comparing(ExtenderSettings::ignorable))
            .map(each -> new Extender(each, new Line(each, executor)))
            .toList();
  }

  /// Whether somebody wants a say in where a pod goes.
  public boolean choose(Pod pod) {
    return all.stream()
        .anyMatch(each -> (each.filters() || each.prioritizes()) && each.isInterestedIn(pod));
  }

  /// Whether somebody wants a say in who has to go for a pod.
  public boolean preempt(Pod pod) {
    return all.stream().anyMatch(each -> each.preempts() && each.isInterestedIn(pod));
  }

  /// @param whole the pod with all its fields
  /// @param nodes that would do
  /// @throws ExtenderException when one gives no answer that may not be missed
  public Verdict choose(Pod pod, JsonNode whole, List<Node> nodes) {
    Question question = new Question(pod, whole, nodes, toTree);
    List<String> left = question.names();
    Map<String, Refusal> refused = new HashMap<>();
    for (Extender each : all) {
      if (left.isEmpty() || !each.filters() || !each.isInterestedIn(pod)) {
        continue;
      }
      try {
        Extender.Filtered filtered = each.filter(question, left);
        refused.putAll(filtered.refused());
        left = filtered.left();
      } catch (ExtenderException e) {
        miss(each, e);
      }
    }
    return new Verdict(refused, left.size() > 1 ? scores(question, left) : Map.of());
  }

  private static void miss(Extender extender, ExtenderException failure) {
    if (!extender.isIgnorable()) {
      throw failure;
    }
    LOG.info("extender {} is left out, as it may be: {}", extender.url(), failure.getMessage());
  }

  private Map<String, Long> scores(Question question, List<String> nodes) {
    Map<String, Long> scores = new HashMap<>();
    for (Extender each : all) {
      if (each.prioritizes() && each.isInterestedIn(question.pod())) {
        try {
          each.prioritize(question, nodes)
              .forEach((node, score) -> scores.merge(node, score, Long::sum));
        } catch (ExtenderException e) {
          LOG.info("extender {} gives no scores: {}", each.url(), e.getMessage());
        }
      }
    }
    return scores;
  }

  /// Which of the nodes may be cleared, and from whom.
  ///
  /// @throws ExtenderException when one gives no answer that may not be missed
  public List<Candidate> preempt(Pod pod, JsonNode whole, List<Clearing> clearings) {
    Map<String, Clearing> byNode = new LinkedHashMap<>();
    Map<String, Extender.Victims> victims = new LinkedHashMap<>();
    for (Clearing each : clearings) {
      byNode.put(each.node(), each);
      victims.put(
          each.node(),
          new Extender.Victims(
              each.candidate().victims().stream().map(PodFacts::uid).toList(),
              each.candidate().violations()));
    }
    for (Extender each : all) {
      if (victims.isEmpty() || !each.preempts() || !each.isInterestedIn(pod)) {
        continue;
      }
      try {
        victims = preempt(each, whole, victims, byNode);
      } catch (ExtenderException e) {
        miss(each, e);
      }
    }
    List<Candidate> left = new ArrayList<>();
    victims.forEach(
        (node, each) -> {
          @Nullable Clearing clearing = byNode.get(node);
          if (clearing != null) {
            left.add(candidate(clearing, each));
          }
        });
    return left;
  }

  private Map<String, Extender.Victims> preempt(
      Extender extender,
      JsonNode whole,
      Map<String, Extender.Victims> victims,
      Map<String, Clearing> byNode) {
    Map<String, PodFacts> pods = new HashMap<>();
    byNode.values().forEach(each -> each.there().forEach(pod -> pods.put(pod.uid(), pod)));
    Map<String, Extender.Victims> left = new LinkedHashMap<>();
    extender
        .preempt(whole, victims, uid -> shown(pods, uid))
        .forEach(
            (node, each) -> {
              check(extender, node, each, byNode.get(node));
              if (!each.uids().isEmpty()) {
                left.put(node, each);
              } else if (!extender.isIgnorable()) {
                throw new ExtenderException(
                    "expected at least one victim pod on node \"%s\"".formatted(node));
              }
            });
    return left;
  }

  private JsonNode shown(Map<String, PodFacts> pods, String uid) {
    @Nullable PodFacts pod = pods.get(uid);
    if (pod == null) {
      throw new ExtenderException("pod (UID: %s) is not there any more".formatted(uid));
    }
    return toTree.apply(pod.pod());
  }

  private static void check(
      Extender extender, String node, Extender.Victims victims, @Nullable Clearing clearing) {
    if (clearing == null) {
      throw new ExtenderException("nodeinfo not found for node name \"%s\"".formatted(node));
    }
    for (String uid : victims.uids()) {
      if (clearing.there().stream().noneMatch(pod -> pod.uid().equals(uid))) {
        throw new ExtenderException(
            "extender: %s claims to preempt pod (UID: &{%s}) on node: %s, but the pod is not found on that node"
                .formatted(extender.url(), uid, node));
      }
    }
  }

  private static Candidate candidate(Clearing clearing, Extender.Victims victims) {
    List<PodFacts> pods = new ArrayList<>();
    for (PodFacts each : clearing.there()) {
      if (victims.uids().contains(each.uid())) {
        pods.add(each);
      }
    }
    return Candidate.of(clearing.candidate().node(), pods, victims.violations());
  }

  /// Lets the extender bind a pod whose business that is.
  ///
  /// @return false when nobody does
  /// @throws ExtenderException when it was not bound
  public boolean bind(Pod pod, String node) {
    for (Extender each : all) {
      if (each.binds() && each.isInterestedIn(pod)) {
        try {
          each.bind(pod, node);
          return true;
        } catch (ExtenderException e) {
          miss(each, e);
        }
      }
    }
    return false;
  }

  @Override
  public void close() {
    all.forEach(Extender::close);
  }
}
