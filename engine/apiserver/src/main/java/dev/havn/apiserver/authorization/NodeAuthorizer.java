// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Store;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides about nodes, which are users `system:node:NAME` in the group `system:nodes`: they may do
/// what the role `system:node` says, and of objects only those that their pods refer to (KEP-4601).
/// That they write only about themselves is up to admission (`NodeRestriction`).
final class NodeAuthorizer {
  static final String GROUP = "system:nodes";
  static final String PREFIX = "system:node:";

  private static final Set<String> READS = Set.of("get", "list", "watch");
  private static final Set<String> LEASE_VERBS =
      Set.of("get", "create", "update", "patch", "delete");
  private static final Set<String> CHANGES = Set.of("update", "patch");

  /// What the role says as it is delivered: who edits it does not change what nodes may.
  private static final List<Rbac.Rule> RULES =
      Rbac.rules(BootstrapRoles.clusterRole("system:node"));

  private final Objects objects;

  /// Those of a volume that its driver is shown on a node.
  private static final List<String> SECRETS_OF_NODES =
      List.of("nodeStageSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef");

  private final NodeGraph graph;

  NodeAuthorizer(Objects objects, Store store) {
    this.objects = objects;
    this.graph = new NodeGraph(store);
  }

  /// The node that a user is, empty when it is none.
  static String nodeOf(UserInfo user) {
    return user.name().startsWith(PREFIX) && user.groups().contains(GROUP)
        ? user.name().substring(PREFIX.length())
        : "";
  }

  Decision decide(Attributes wish) {
    String node = nodeOf(wish.user());
    if (node.isEmpty()) {
      return Decision.NO_OPINION;
    }
    return switch (wish.group() + "/" + wish.resource()) {
      case "/secrets", "/configmaps" -> referred(node, wish);
      case "/persistentvolumeclaims" ->
          wish.subresource().equals("status") ? byRules(wish) : referred(node, wish);
      case "/persistentvolumes" -> volume(node, wish);
      case "storage.k8s.io/volumeattachments" -> attachment(node, wish);
      case "/serviceaccounts" -> account(node, wish);
      case "/nodes" -> node(node, wish);
      case "/pods" -> pod(node, wish);
      case "coordination.k8s.io/leases" -> lease(node, wish);
      case "storage.k8s.io/csinodes" -> own(node, wish);
      case "resource.k8s.io/resourceclaims" -> claim(node, wish);
      case "resource.k8s.io/resourceslices" -> slice(node, wish);
      default -> byRules(wish);
    };
  }

  private Decision byRules(Attributes wish) {
    return RULES.stream().anyMatch(rule -> rule.allows(wish))
        ? Decision.ALLOWED
        : Decision.NO_OPINION;
  }

  private Decision referred(String node, Attributes wish) {
    if (!READS.contains(wish.verb()) || !wish.subresource().isEmpty()) {
      return Decision.noOpinion("can only read resources of this type");
    }
    if (wish.name().isEmpty()) {
      return Decision.noOpinion("No Object name found");
    }
    Decision decision = connected(node, wish.resource(), wish.namespace(), wish.name());
    boolean isOfVolume =
        decision != Decision.ALLOWED
            && wish.resource().equals("secrets")
            && isOfVolume(node, wish.namespace(), wish.name());
    return isOfVolume ? Decision.ALLOWED : decision;
  }

  /// Whether a Secret is one that the node shows to the driver of a volume that a pod of the node
  /// claims.
  private boolean isOfVolume(String node, String namespace, String secret) {
    for (PodReferences.Reference claim : graph.of(node, "persistentvolumeclaims")) {
      @Nullable ObjectNode claimed =
          objects.read("v1", "persistentvolumeclaims", claim.namespace(), claim.name());
      String name = claimed == null ? "" : claimed.path("spec").path("volumeName").asText("");
      @Nullable ObjectNode volume =
          name.isEmpty() ? null : objects.read("v1", "persistentvolumes", "", name);
      if (volume != null && isBound(volume, claim) && shows(volume, namespace, secret)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isBound(ObjectNode volume, PodReferences.Reference claim) {
    JsonNode bound = volume.path("spec").path("claimRef");
    return bound.path("namespace").asText().equals(claim.namespace())
        && bound.path("name").asText().equals(claim.name());
  }

  private static boolean shows(ObjectNode volume, String namespace, String secret) {
    JsonNode source = volume.path("spec").path("csi");
    return SECRETS_OF_NODES.stream()
        .map(source::path)
        .anyMatch(
            each ->
                each.path("namespace").asText().equals(namespace)
                    && each.path("name").asText().equals(secret));
  }

  private Decision connected(String node, String resource, String namespace, String name) {
    return graph.connects(node, new PodReferences.Reference(resource, namespace, name))
        ? Decision.ALLOWED
        : unrelated(node);
  }

  private static Decision unrelated(String node) {
    return Decision.noOpinion("no relationship found between node '" + node + "' and this object");
  }

  private Decision volume(String node, Attributes wish) {
    if (!wish.verb().equals("get") || !wish.subresource().isEmpty()) {
      return Decision.noOpinion("can only get individual resources of this type");
    }
    @Nullable ObjectNode volume = objects.read("v1", "persistentvolumes", "", wish.name());
    if (volume == null) {
      return unrelated(node);
    }
    JsonNode claim = volume.path("spec").path("claimRef");
    return connected(
        node,
        "persistentvolumeclaims",
        claim.path("namespace").asText(""),
        claim.path("name").asText(""));
  }

  private Decision attachment(String node, Attributes wish) {
    if (!wish.verb().equals("get") || !wish.subresource().isEmpty()) {
      return Decision.noOpinion("can only get individual resources of this type");
    }
    @Nullable ObjectNode found =
        objects.read("storage.k8s.io/v1", "volumeattachments", "", wish.name());
    return found != null && found.path("spec").path("nodeName").asText().equals(node)
        ? Decision.ALLOWED
        : unrelated(node);
  }

  private Decision account(String node, Attributes wish) {
    boolean token = wish.subresource().equals("token") && wish.verb().equals("create");
    boolean get = wish.subresource().isEmpty() && wish.verb().equals("get");
    if (!token && !get) {
      return Decision.noOpinion(
          "can only create tokens for individual service accounts or get individual service"
              + " accounts");
    }
    return connected(node, "serviceaccounts", wish.namespace(), wish.name());
  }

  private static Decision node(String node, Attributes wish) {
    if (wish.subresource().equals("status")) {
      return CHANGES.contains(wish.verb()) ? Decision.ALLOWED : Decision.NO_OPINION;
    }
    if (!wish.subresource().isEmpty()) {
      return Decision.NO_OPINION;
    }
    if (READS.contains(wish.verb())) {
      if (wish.name().equals(node)) {
        return Decision.ALLOWED;
      }
      return Decision.noOpinion(
          wish.name().isEmpty()
              ? "node '%s' cannot read all nodes, only its own Node object".formatted(node)
              : "node '%s' cannot read '%s', only its own Node object"
                  .formatted(node, wish.name()));
    }
    return wish.verb().equals("create") || CHANGES.contains(wish.verb())
        ? Decision.ALLOWED
        : Decision.NO_OPINION;
  }

  private Decision pod(String node, Attributes wish) {
    return switch (wish.subresource()) {
      case "" ->
          switch (wish.verb()) {
            case "get" -> connected(node, "pods", wish.namespace(), wish.name());
            case "list", "watch" ->
                node.equals(wish.fields().required("spec.nodeName"))
                    ? Decision.ALLOWED
                    : Decision.noOpinion(
                        "can only list/watch pods with spec.nodeName field selector");
            case "create", "delete" -> Decision.ALLOWED;
            default -> Decision.NO_OPINION;
          };
      case "status" -> CHANGES.contains(wish.verb()) ? Decision.ALLOWED : Decision.NO_OPINION;
      case "eviction" -> wish.verb().equals("create") ? Decision.ALLOWED : Decision.NO_OPINION;
      default -> Decision.NO_OPINION;
    };
  }

  private static Decision lease(String node, Attributes wish) {
    if (!LEASE_VERBS.contains(wish.verb())) {
      return Decision.noOpinion("can only get, create, update, patch, or delete a node lease");
    }
    if (!wish.namespace().equals("kube-node-lease")) {
      return Decision.noOpinion(
          "can only access leases in the \"kube-node-lease\" system namespace");
    }
    return wish.verb().equals("create") || wish.name().equals(node)
        ? Decision.ALLOWED
        : Decision.noOpinion(
            "can only access node lease with the same name as the requesting node");
  }

  private Decision claim(String node, Attributes wish) {
    return wish.verb().equals("get") && wish.subresource().isEmpty()
        ? connected(node, "resourceclaims", wish.namespace(), wish.name())
        : Decision.noOpinion("can only get individual resources of this type");
  }

  private Decision slice(String node, Attributes wish) {
    if (!wish.subresource().isEmpty()) {
      return Decision.noOpinion("cannot authorize ResourceSlice subresources");
    }
    return switch (wish.verb()) {
      // Whose it is, admission sees.
      case "create" -> Decision.ALLOWED;
      case "get", "update", "patch", "delete" -> {
        @Nullable ObjectNode found =
            objects.read("resource.k8s.io/v1", "resourceslices", "", wish.name());
        yield found != null && found.path("spec").path("nodeName").asText().equals(node)
            ? Decision.ALLOWED
            : unrelated(node);
      }
      case "list", "watch", "deletecollection" ->
          node.equals(wish.fields().required("spec.nodeName"))
              ? Decision.ALLOWED
              : Decision.noOpinion(
                  "can only list/watch/deletecollection resourceslices with nodeName field selector");
      default ->
          Decision.noOpinion(
              "only the following verbs are allowed for a ResourceSlice: create, get, update, patch, delete, list, watch, deletecollection");
    };
  }

  private static Decision own(String node, Attributes wish) {
    if (!LEASE_VERBS.contains(wish.verb()) || !wish.subresource().isEmpty()) {
      return Decision.noOpinion("can only get, create, update, patch, or delete a CSINode");
    }
    return wish.verb().equals("create") || wish.name().equals(node)
        ? Decision.ALLOWED
        : Decision.noOpinion("can only access CSINode with the same name as the requesting node");
  }
}
