// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The admission plugin NodeRestriction: a node writes only about itself and the pods bound to it.
public final class NodeRestriction implements Admission {
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final String SPEC_NODE = "spec.nodeName set to itself";

  /// The labels of Kubernetes' own prefixes that a node may give itself.
  private static final Set<String> OWN_LABELS =
      Set.of(
          "kubernetes.io/hostname",
          "kubernetes.io/arch",
          "kubernetes.io/os",
          "beta.kubernetes.io/arch",
          "beta.kubernetes.io/os",
          "beta.kubernetes.io/instance-type",
          "node.kubernetes.io/instance-type",
          "failure-domain.beta.kubernetes.io/region",
          "failure-domain.beta.kubernetes.io/zone",
          "failure-domain.kubernetes.io/region",
          "failure-domain.kubernetes.io/zone",
          "topology.kubernetes.io/region",
          "topology.kubernetes.io/zone");

  private static final List<String> OWN_PREFIXES =
      List.of("kubelet.kubernetes.io", "node.kubernetes.io");

  private final NodeAddresses addresses;

  public NodeRestriction(Objects objects, PluggedNodes plugged) {
    this.addresses = new NodeAddresses(objects, plugged);
  }

  @Override
  public void admit(Write write) {
    String node = NodeAuthorizer.nodeOf(write.user());
    if (node.isEmpty()) {
      return;
    }
    switch (write.type().group() + "/" + write.type().plural()) {
      case "/pods" -> {
        pod(node, write);
        addresses.ofPod(node, write);
      }
      case "/nodes" -> {
        node(node, write);
        addresses.ofNode(node, write);
      }
      case "/persistentvolumeclaims" -> claim(node, write);
      case "coordination.k8s.io/leases" -> named(node, write, "node lease");
      case "storage.k8s.io/csinodes" -> named(node, write, "CSINode");
      case "resource.k8s.io/resourceslices" -> slice(node, write);
      default -> {}
    }
  }

  @Override
  public void evict(Write write) {
    String node = NodeAuthorizer.nodeOf(write.user());
    if (!node.isEmpty() && !isOn(node, write.object())) {
      throw refused(write, "node %s can only evict pods with %s".formatted(node, SPEC_NODE));
    }
  }

  private static boolean isOn(String node, JsonNode pod) {
    return pod.path("spec").path("nodeName").asText().equals(node);
  }

  private static ApiException refused(Write write, String why) {
    return ApiException.forbidden(write.type(), write.name(), why);
  }

  private static String quoted(String node) {
    return "node \"" + node + "\"";
  }

  private static void pod(String node, Write write) {
    JsonNode pod = write.before() == null ? write.object() : write.before();
    boolean own = isOn(node, pod);
    switch (write.operation()) {
      case CREATE -> {
        if (!pod.path("metadata").path("annotations").has(MIRROR)) {
          throw refused(
              write,
              "pod does not have \"%s\" annotation, %s can only create mirror pods"
                  .formatted(MIRROR, quoted(node)));
        }
        if (!own) {
          throw refused(write, quoted(node) + " can only create pods with " + SPEC_NODE);
        }
        if (PodReferences.of(withoutMirror(pod)).size() > 1) {
          throw refused(
              write, quoted(node) + " can not create pods that reference other objects of the API");
        }
      }
      case UPDATE -> {
        if (!own) {
          throw refused(
              write, quoted(node) + " can only update pod status for pods with " + SPEC_NODE);
        }
        if (!pod.path("metadata")
            .path("labels")
            .equals(write.object().path("metadata").path("labels"))) {
          throw refused(write, quoted(node) + " cannot update labels through pod status");
        }
        if (!claims(pod).equals(claims(write.object()))) {
          throw refused(write, quoted(node) + " cannot update resource claim statues");
        }
        String extended = "extendedResourceClaimStatus";
        if (!pod.path("status")
            .path(extended)
            .equals(write.object().path("status").path(extended))) {
          throw refused(write, quoted(node) + " cannot update extended resource claim status");
        }
      }
      case DELETE -> {
        if (!own) {
          throw refused(write, quoted(node) + " can only delete pods with " + SPEC_NODE);
        }
      }
      case CONNECT -> {}
    }
  }

  /// A mirror pod leads to nothing by being one; here it matters what it would lead to.
  private static ObjectNode withoutMirror(JsonNode pod) {
    ObjectNode plain = pod.deepCopy();
    plain.withObjectProperty("metadata").remove("annotations");
    return plain;
  }

  private static JsonNode claims(JsonNode pod) {
    JsonNode claims = pod.path("status").path("resourceClaimStatuses");
    return claims.isMissingNode() ? JsonNodeFactory.instance.arrayNode() : claims;
  }

  /// Of a claim a node says how large its volume is and how it is resized, and nothing else.
  private static void claim(String node, Write write) {
    @Nullable ObjectNode before = write.before();
    if (before == null
        || write.operation() != Operation.UPDATE
        || !withoutSizes(before).equals(withoutSizes(write.object()))) {
      throw refused(
          write,
          quoted(node)
              + " is not allowed to update fields other than status.capacity and status.conditions");
    }
  }

  private static ObjectNode withoutSizes(ObjectNode claim) {
    ObjectNode plain = claim.deepCopy();
    plain.withObjectProperty("metadata").remove(List.of("resourceVersion", "managedFields"));
    plain
        .withObjectProperty("status")
        .remove(
            List.of("capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"));
    return plain;
  }

  private static void node(String node, Write write) {
    if (!write.name().equals(node)) {
      throw refused(
          write, "%s is not allowed to modify node \"%s\"".formatted(quoted(node), write.name()));
    }
    JsonNode labels = write.object().path("metadata").path("labels");
    @Nullable ObjectNode before = write.before();
    if (before == null) {
      Set<String> forbidden = forbidden(labels, JsonNodeFactory.instance.missingNode());
      if (!forbidden.isEmpty()) {
        throw refused(
            write,
            "%s is not allowed to set the following labels: %s"
                .formatted(quoted(node), String.join(", ", forbidden)));
      }
      return;
    }
    if (write.operation() == Operation.DELETE) {
      return;
    }
    if (!before.path("spec").path("taints").equals(write.object().path("spec").path("taints"))) {
      throw refused(write, quoted(node) + " is not allowed to modify taints");
    }
    // An owner in another place would have the garbage collector delete the node.
    if (!before
        .path("metadata")
        .path("ownerReferences")
        .equals(write.object().path("metadata").path("ownerReferences"))) {
      throw refused(write, quoted(node) + " is not allowed to modify ownerReferences");
    }
    Set<String> forbidden = forbidden(labels, before.path("metadata").path("labels"));
    if (!forbidden.isEmpty()) {
      throw refused(write, "is not allowed to modify labels: " + String.join(", ", forbidden));
    }
  }

  /// The labels that differ and are not the node's to set.
  private static Set<String> forbidden(JsonNode labels, JsonNode before) {
    Set<String> names = new HashSet<>();
    labels.fieldNames().forEachRemaining(names::add);
    before.fieldNames().forEachRemaining(names::add);
    Set<String> forbidden = new TreeSet<>();
    for (String name : names) {
      if (!labels.path(name).equals(before.path(name)) && !mayChange(name)) {
        forbidden.add(name);
      }
    }
    return forbidden;
  }

  private static boolean mayChange(String label) {
    int slash = label.indexOf('/');
    String prefix = slash < 0 ? "" : label.substring(0, slash);
    if (prefix.equals("node-restriction.kubernetes.io")
        || prefix.endsWith(".node-restriction.kubernetes.io")) {
      return false;
    }
    boolean kubernetes = isBelow(prefix, "kubernetes.io") || isBelow(prefix, "k8s.io");
    return !kubernetes
        || OWN_LABELS.contains(label)
        || OWN_PREFIXES.stream().anyMatch(each -> isBelow(prefix, each));
  }

  private static boolean isBelow(String prefix, String domain) {
    return prefix.equals(domain) || prefix.endsWith("." + domain);
  }

  private static void slice(String node, Write write) {
    JsonNode named = write.object().path("spec").path("nodeName");
    if (write.operation() != Operation.DELETE && !named.asText().equals(node)) {
      throw refused(
          write, "can only create ResourceSlice with the same NodeName as the requesting node");
    }
  }

  private static void named(String node, Write write, String what) {
    if (!write.name().equals(node)) {
      throw refused(
          write, "can only access " + what + " with the same name as the requesting node");
    }
  }

  /// Refuses a node a token that none of its pods needs.
  ///
  /// @param bound the `boundObjectRef` of the request
  /// @param pod the pod it names, or null
  static void admitToken(String node, Write write, JsonNode bound, @Nullable ObjectNode pod) {
    if (!bound.path("kind").asText().equals("Pod")
        || !bound.path("apiVersion").asText().equals("v1")
        || bound.path("name").asText().isEmpty()) {
      throw refused(write, "node requested token not bound to a pod");
    }
    if (bound.path("uid").asText("").isEmpty()) {
      throw refused(write, "node requested token with a pod binding without a uid");
    }
    if (pod == null || !pod.path("metadata").path("uid").equals(bound.path("uid"))) {
      throw refused(
          write,
          "the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated"
              .formatted(bound.path("uid").asText()));
    }
    if (!pod.path("spec").path("nodeName").asText().equals(node)) {
      throw refused(write, "node requested token bound to a pod scheduled on a different node");
    }
  }
}
