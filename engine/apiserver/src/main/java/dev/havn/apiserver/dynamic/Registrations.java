// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Derived;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What is registered for admission, compiled. Whoever asks after a change was acknowledged sees
/// it.
public final class Registrations {
  private static final String GROUP = "admissionregistration.k8s.io/v1";
  private static final String PREFIX = "/registry/admissionregistration.k8s.io/";

  private final Objects objects;
  private final Derived<Registered> registered;

  /// All of it at one moment, in the order in which they are asked.
  record Registered(
      List<Policy> mutatingPolicies,
      List<Webhook> mutatingWebhooks,
      List<Policy> validatingPolicies,
      List<Webhook> validatingWebhooks) {
    boolean mutates() {
      return !mutatingWebhooks.isEmpty() || !mutatingPolicies.isEmpty();
    }

    boolean validates() {
      return !validatingWebhooks.isEmpty() || !validatingPolicies.isEmpty();
    }
  }

  public Registrations(Objects objects, Store store) {
    this.objects = objects;
    this.registered = new Derived<>(store, PREFIX, this::compile);
  }

  Registered current() {
    return registered.now();
  }

  private Registered compile() {
    return new Registered(
        policies("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
        webhooks("mutatingwebhookconfigurations"),
        policies("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
        webhooks("validatingwebhookconfigurations"));
  }

  private List<ObjectNode> sorted(String plural) {
    List<ObjectNode> sorted = new ArrayList<>(objects.list(GROUP, plural, ""));
    sorted.sort(Comparator.comparing(Registrations::name));
    return sorted;
  }

  private static String name(ObjectNode object) {
    return object.path("metadata").path("name").asText();
  }

  private List<Webhook> webhooks(String plural) {
    return sorted(plural).stream().flatMap(each -> Webhook.of(each).stream()).toList();
  }

  /// Those that are bound; without a binding a policy is in force nowhere.
  private List<Policy> policies(String plural, String bindings) {
    Map<String, List<Policy.Binding>> bound = new HashMap<>();
    for (ObjectNode each : sorted(bindings)) {
      bound
          .computeIfAbsent(each.path("spec").path("policyName").asText(), _ -> new ArrayList<>())
          .add(Policy.Binding.of(each));
    }
    return sorted(plural).stream()
        .filter(each -> bound.containsKey(name(each)))
        .map(each -> Policy.of(each, bound.getOrDefault(name(each), List.of())))
        .toList();
  }
}
