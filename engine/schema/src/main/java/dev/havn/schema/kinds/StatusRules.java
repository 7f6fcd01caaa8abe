// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/// What a status must satisfy that is written through the subresource of that name.
public final class StatusRules {
  private static final Map<String, BiConsumer<At, ObjectNode>> OF_KIND =
      Map.ofEntries(
          Map.entry("APIService", StatusRules::apiService),
          Map.entry("DaemonSet", StatusCounts::daemonSet),
          Map.entry("Deployment", StatusCounts::deployment),
          Map.entry("FlowSchema", StatusRules::distinctConditions),
          Map.entry("HorizontalPodAutoscaler", StatusCounts::autoscaler),
          Map.entry("Ingress", StatusRules::ingress),
          Map.entry("Job", JobStatusRules::check),
          Map.entry("Namespace", StatusRules::namespace),
          Map.entry("Node", StatusRules::node),
          Map.entry("PersistentVolume", (_, _) -> {}),
          Map.entry("PersistentVolumeClaim", StatusRules::claim),
          Map.entry("Pod", PodStatusRules::check),
          Map.entry("PodDisruptionBudget", StatusCounts::disruptionBudget),
          Map.entry("PriorityLevelConfiguration", StatusRules::distinctConditions),
          Map.entry("ReplicaSet", StatusCounts::replicaSet),
          Map.entry("ReplicationController", StatusCounts::replicationController),
          Map.entry("ResourceClaim", ClaimAllocationRules::check),
          Map.entry("ResourceQuota", (after, _) -> QuotaRules.status(after.at("status"))),
          Map.entry("Service", StatusRules::service),
          Map.entry("StatefulSet", StatusCounts::statefulSet),
          Map.entry("StorageVersion", (after, _) -> StorageVersionRules.status(after)),
          Map.entry(
              "ValidatingAdmissionPolicy", (after, _) -> AdmissionPolicyRules.checked(after)));

  /// Kinds whose rules of a status say nothing of metadata.
  private static final Set<String> WITHOUT_METADATA =
      Set.of(
          "FlowSchema",
          "PodDisruptionBudget",
          "PriorityLevelConfiguration",
          "StorageVersion",
          "ValidatingAdmissionPolicy");

  private StatusRules() {}

  /// Errors of an object whose status has changed.
  public static List<FieldError> onUpdate(String kind, ObjectNode before, ObjectNode after) {
    if (kind.equals("CertificateSigningRequest")) {
      return SigningRequestRules.onStatus(before, after);
    }
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(after, errors);
    At metadata = root.at("metadata");
    MetadataRules.changed(metadata);
    MetadataRules.onUpdate(metadata, before.path("metadata"));
    boolean again = OF_KIND.containsKey(kind) && !WITHOUT_METADATA.contains(kind);
    boolean last = kind.equals("StatefulSet");
    if (again && !last) {
      metadataAgain(kind, metadata, before);
    }
    OF_KIND.getOrDefault(kind, (_, _) -> {}).accept(root, before);
    if (again && last) {
      metadataAgain(kind, metadata, before);
    }
    return errors;
  }

  /// Errors of a request for a certificate of which somebody has approved, or which was denied.
  public static List<FieldError> onApproval(ObjectNode before, ObjectNode after) {
    return SigningRequestRules.onApproval(before, after);
  }

  /// Errors of a namespace whose own finalizers have changed.
  public static List<FieldError> onFinalize(ObjectNode before, ObjectNode after) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(after, errors);
    At metadata = root.at("metadata");
    MetadataRules.changed(metadata);
    MetadataRules.onUpdate(metadata, before.path("metadata"));
    metadataAgain("Namespace", metadata, before);
    for (At finalizer : root.at("spec").at("finalizers").items()) {
      finalizer.has(Formats::qualifiedName);
      MetadataRules.standardFinalizer(finalizer);
    }
    return errors;
  }

  private static void metadataAgain(String kind, At metadata, ObjectNode before) {
    MetadataRules.onUpdate(metadata, before.path("metadata"));
    MetadataRules.standardFinalizers(kind, metadata);
  }

  private static void namespace(At after, JsonNode before) {
    At phase = after.at("status").at("phase").named("status.Phase");
    if (!after.at("metadata").at("deletionTimestamp").isThere()) {
      if (!phase.is("Active")) {
        phase.invalidText("may only be 'Active' if `deletionTimestamp` is empty");
      }
    } else if (!phase.is("Terminating")) {
      phase.invalidText("may only be 'Terminating' if `deletionTimestamp` is not empty");
    }
  }

  private static void node(At after, ObjectNode before) {
    NodeRules.changed(after, before);
  }

  private static void claim(At after, JsonNode before) {
    At status = after.at("status");
    for (Map.Entry<String, At> each : status.at("capacity").entries().entrySet()) {
      basic(each.getValue());
    }
    At states = status.at("allocatedResourceStatuses");
    for (Map.Entry<String, At> each : states.entries().entrySet()) {
      claimResource(states, each.getKey());
      List<String> known =
          List.of(
              "ControllerResizeInProgress",
              "ControllerResizeInfeasible",
              "NodeResizeInProgress",
              "NodeResizeInfeasible",
              "NodeResizePending");
      if (!known.contains(each.getValue().text())) {
        states.errors().add(FieldError.notSupported(states.path(), each.getKey(), known));
      }
    }
    At allocated = status.at("allocatedResources");
    for (Map.Entry<String, At> each : allocated.entries().entrySet()) {
      if (claimResource(allocated, each.getKey()) && basic(each.getValue())) {
        each.getValue().nonNegativeQuantity();
      }
    }
  }

  /// A claim has storage, and whatever carries a domain that is not Kubernetes' own.
  private static boolean claimResource(At at, String name) {
    int before = at.errors().size();
    if (!name.equals("storage")) {
      for (String problem : LabelSyntax.keyProblems(name)) {
        at.errors().add(FieldError.invalid(at.path(), name, problem));
      }
      boolean standard = !name.contains("/") || name.contains("kubernetes.io/");
      if (standard && at.errors().size() == before) {
        at.errors().add(FieldError.notSupported(at.path(), name, List.of("storage")));
      }
    }
    return at.errors().size() == before;
  }

  private static boolean basic(At amount) {
    boolean negative = amount.quantity().amount().signum() < 0;
    if (negative) {
      // shown as the number that it comes to
      new At(
              LongNode.valueOf(amount.quantity().amount().longValue()),
              amount.path(),
              amount.errors())
          .invalid("must be a valid resource quantity");
    }
    return !negative;
  }

  private static void service(At after, JsonNode before) {
    At ingress = after.at("status").at("loadBalancer").at("ingress");
    if (!after.at("spec").at("type").is("LoadBalancer") && !ingress.isEmpty()) {
      ingress.forbidden("may only be used when `spec.type` is 'LoadBalancer'");
      return;
    }
    for (At each : ingress.items()) {
      At address = each.at("ip");
      At mode = each.at("ipMode");
      if (!address.isEmpty()) {
        address.has(Formats::address);
      }
      if (!mode.isThere()) {
        if (!address.isEmpty()) {
          mode.required("must be specified when `ip` is set");
        }
      } else if (address.isEmpty()) {
        mode.forbidden("may not be specified when `ip` is not set");
      } else {
        mode.oneOf("Proxy", "VIP");
      }
      host(each.at("hostname"));
    }
  }

  private static void ingress(At after, JsonNode before) {
    for (At each : after.at("status").at("loadBalancer").at("ingress").items()) {
      At address = each.at("ip");
      if (!address.isEmpty()) {
        address.has(Formats::address);
      }
      host(each.at("hostname"));
    }
  }

  private static void host(At host) {
    if (!host.isEmpty()) {
      host.has(Formats::subdomain);
      if (Formats.address(host.text()).isEmpty()) {
        host.invalidText("must be a DNS name, not an IP address");
      }
    }
  }

  private static void apiService(At after, JsonNode before) {
    for (At each : after.at("status").at("conditions").items()) {
      each.at("status").oneOf("True", "False", "Unknown");
    }
  }

  private static void distinctConditions(At after, JsonNode before) {
    Set<String> seen = new HashSet<>();
    for (At each : after.at("status").at("conditions").items()) {
      At type = each.at("type");
      if (!seen.add(type.text())) {
        type.duplicate();
      }
      if (type.isEmpty()) {
        type.required("");
      }
    }
  }
}
