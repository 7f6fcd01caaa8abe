// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.resources.Resources;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Empties a namespace that is being deleted, kind by kind, says in its conditions what is left,
/// and finally lets it go.
///
/// Longer than the rule because the five conditions stand together with their words.
final class NamespaceReconciler implements Reconciler {
  private static final Duration AGAIN = Duration.ofSeconds(1);
  private static final Duration AGAIN_AFTER_FAILURE = Duration.ofSeconds(15);

  private static final String UNEXPECTED =
      "unexpected items still remain in namespace: %s for gvr: /v1, Resource=pods";

  private final Informer<Namespace> namespaces;
  private final Api api;
  private final InstantSource clock;

  NamespaceReconciler(Informer<Namespace> namespaces, Api api, InstantSource clock) {
    this.namespaces = namespaces;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Namespace namespace = namespaces.get("", key.name());
    if (namespace == null
        || namespace.getMetadata().getDeletionTimestamp() == null
        || !namespace.getSpec().getFinalizers().contains("kubernetes")) {
      return Result.DONE;
    }
    Map<String, Integer> left = new TreeMap<>();
    Map<String, Integer> finalizers = new TreeMap<>();
    List<String> failures = new ArrayList<>();
    Resources.Found found = Resources.discover(api);
    List<Resources.Resource> resources =
        found.resources().stream()
            .filter(each -> each.namespaced() && each.verbs().contains("delete"))
            .toList();
    // Pods go before what they may still need or are guarded by (KEP-5080).
    for (boolean ofPods : new boolean[] {true, false}) {
      if (left.isEmpty() && failures.isEmpty()) {
        resources.stream()
            .filter(each -> each.path("").equals("/api/v1/pods") == ofPods)
            .forEach(each -> tryToEmpty(each, key.name(), left, finalizers, failures));
      }
    }
    boolean isWaiting = !left.isEmpty() || !found.unavailable().isEmpty();
    List<String> told = new ArrayList<>(failures);
    if (left.remove("pods.") != null) {
      // What is left is counted once pods are gone.
      if (finalizers.isEmpty() && !mayPodsStay(namespace)) {
        told.add(UNEXPECTED.formatted(key.name()));
      }
      finalizers.clear();
    }
    ObjectNode status = Api.object().put("phase", "Terminating");
    status.set("conditions", conditions(namespace, found, left, finalizers, told));
    api.updateStatus(namespace, status);
    if (!failures.isEmpty()) {
      return Result.after(AGAIN_AFTER_FAILURE);
    }
    if (isWaiting) {
      return Result.after(AGAIN);
    }
    letGo(Api.path(Namespace.class, "", key.name()));
    return Result.DONE;
  }

  /// Takes this controller's own finalizer away.
  private void letGo(String path) {
    JsonNode current = api.get(path);
    if (current instanceof ObjectNode object) {
      ArrayNode kept = Api.object().putArray("finalizers");
      for (JsonNode finalizer : object.path("spec").path("finalizers")) {
        if (!finalizer.asText().equals("kubernetes")) {
          kept.add(finalizer);
        }
      }
      object.withObjectProperty("spec").set("finalizers", kept);
      api.update(path + "/finalize", object);
    }
  }

  /// Whether its pods may take longer still, by the longest time that one has to end.
  private boolean mayPodsStay(Namespace namespace) {
    long seconds = 0;
    String path = Api.path(Pod.class, namespace.getMetadata().getName(), "");
    for (JsonNode pod : api.get(path).path("items")) {
      String phase = pod.path("status").path("phase").asText();
      if (!phase.equals("Succeeded") && !phase.equals("Failed")) {
        seconds =
            Math.max(seconds, pod.path("spec").path("terminationGracePeriodSeconds").asLong());
      }
    }
    Instant since = Instant.parse(namespace.getMetadata().getDeletionTimestamp());
    return Duration.between(since, clock.instant()).compareTo(Duration.ofSeconds(seconds)) < 0;
  }

  /// A kind that cannot be emptied keeps none from it, and is told of.
  private void tryToEmpty(
      Resources.Resource resource,
      String namespace,
      Map<String, Integer> left,
      Map<String, Integer> finalizers,
      List<String> failures) {
    try {
      empty(resource, namespace, left, finalizers);
    } catch (Api.RefusedException e) {
      failures.add(String.valueOf(e.getMessage()));
    }
  }

  private void empty(
      Resources.Resource resource,
      String namespace,
      Map<String, Integer> left,
      Map<String, Integer> finalizers) {
    String path = resource.path(namespace);
    JsonNode before = api.get(path);
    if (before.path("items").isEmpty()) {
      return;
    }
    ObjectNode options = Api.object().put("propagationPolicy", "Background");
    if (resource.verbs().contains("deletecollection")) {
      api.delete(path, options);
    } else {
      for (JsonNode item : before.path("items")) {
        api.delete(path + "/" + item.path("metadata").path("name").asText(), options);
      }
    }
    JsonNode after = api.get(path);
    if (!after.path("items").isEmpty()) {
      left.put(resource.qualifiedName(), after.path("items").size());
    }
    for (JsonNode item : after.path("items")) {
      for (JsonNode finalizer : item.path("metadata").path("finalizers")) {
        finalizers.merge(finalizer.asText(), 1, Integer::sum);
      }
    }
  }

  private ArrayNode conditions(
      Namespace namespace,
      Resources.Found found,
      Map<String, Integer> left,
      Map<String, Integer> finalizers,
      List<String> failures) {
    ArrayNode conditions = Api.object().putArray("conditions");
    boolean failed = !found.unavailable().isEmpty();
    condition(
        namespace,
        conditions,
        "NamespaceDeletionDiscoveryFailure",
        failed,
        failed ? "DiscoveryFailed" : "ResourcesDiscovered",
        failed
            ? undiscovered(found.unavailable().keySet())
            : "All resources successfully discovered");
    condition(
        namespace,
        conditions,
        "NamespaceDeletionGroupVersionParsingFailure",
        false,
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed");
    condition(
        namespace,
        conditions,
        "NamespaceDeletionContentFailure",
        !failures.isEmpty(),
        failures.isEmpty() ? "ContentDeleted" : "ContentDeletionFailed",
        failures.isEmpty()
            ? "All content successfully deleted, may be waiting on finalization"
            : "Failed to delete all resource types, %d remaining: %s"
                .formatted(
                    failures.size(), String.join(", ", failures.stream().sorted().toList())));
    StringBuilder remaining = new StringBuilder();
    left.forEach(
        (resource, count) ->
            remaining
                .append(remaining.isEmpty() ? "" : ", ")
                .append(resource)
                .append(" has ")
                .append(count)
                .append(" resource instances"));
    condition(
        namespace,
        conditions,
        "NamespaceContentRemaining",
        !left.isEmpty(),
        left.isEmpty() ? "ContentRemoved" : "SomeResourcesRemain",
        left.isEmpty()
            ? "All content successfully removed"
            : "Some resources are remaining: " + remaining);
    StringBuilder held = new StringBuilder();
    finalizers.forEach(
        (finalizer, count) ->
            held.append(held.isEmpty() ? "" : ", ")
                .append(finalizer)
                .append(" in ")
                .append(count)
                .append(" resource instances"));
    condition(
        namespace,
        conditions,
        "NamespaceFinalizersRemaining",
        !finalizers.isEmpty(),
        finalizers.isEmpty() ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
        finalizers.isEmpty()
            ? "All content-preserving finalizers finished"
            : "Some content in the namespace has finalizers remaining: " + held);
    return conditions;
  }

  private static String undiscovered(Set<String> groups) {
    return "Discovery failed for some groups, %d failing: unable to retrieve the complete list of server APIs: %s"
        .formatted(
            groups.size(),
            groups.stream()
                .map(each -> each + ": stale GroupVersion discovery: " + each)
                .collect(Collectors.joining(", ")));
  }

  private void condition(
      Namespace namespace, ArrayNode to, String type, boolean is, String reason, String message) {
    String status = is ? "True" : "False";
    String since = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    if (namespace.getStatus() != null) {
      for (var before : namespace.getStatus().getConditions()) {
        if (before.getType().equals(type) && before.getStatus().equals(status)) {
          since = before.getLastTransitionTime();
        }
      }
    }
    to.addObject()
        .put("type", type)
        .put("status", status)
        .put("lastTransitionTime", since)
        .put("reason", reason)
        .put("message", message);
  }
}
