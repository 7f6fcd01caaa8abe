// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.resource.Objects;
import java.util.Set;

/// The plugins of the server, then those that users configured, in Kubernetes' order: plugins,
/// mutating policies, mutating webhooks; when one of those changed the object, all of them once
/// more; and after the object was validated, plugins, validating policies, validating webhooks.
public final class DynamicAdmission implements Admission {
  private static final String GROUP = "admissionregistration.k8s.io";

  /// What decides about admission is not itself decided about: nobody could remove a webhook that
  /// refuses everything.
  private static final Set<String> EXEMPT =
      Set.of(
          "validatingwebhookconfigurations",
          "mutatingwebhookconfigurations",
          "validatingadmissionpolicies",
          "validatingadmissionpolicybindings",
          "mutatingadmissionpolicies",
          "mutatingadmissionpolicybindings");

  private final Admission plugins;
  private final Registrations registrations;
  private final MutatingPolicies mutatingPolicies;
  private final ValidatingPolicies validatingPolicies;
  private final MutatingWebhooks mutatingWebhooks;
  private final ValidatingWebhooks validatingWebhooks;

  /// @param plugins of the server itself
  public DynamicAdmission(
      Admission plugins,
      Registrations registrations,
      WebhookCalls calls,
      Objects objects,
      Variables variables,
      AdmissionMetrics metrics) {
    this.plugins = plugins;
    this.registrations = registrations;
    this.mutatingPolicies = new MutatingPolicies(objects, variables, metrics);
    this.validatingPolicies = new ValidatingPolicies(objects, variables, metrics);
    this.mutatingWebhooks = new MutatingWebhooks(calls);
    this.validatingWebhooks = new ValidatingWebhooks(calls);
  }

  @Override
  public void admit(Write write) {
    boolean plugged = write.form().audience() != Audience.CONFIGURED;
    if (plugged) {
      plugins.admit(write);
    }
    Registrations.Registered registered = registrations.current();
    if (!registered.mutates() || isExempt(write)) {
      return;
    }
    Reinvocation reinvocation = new Reinvocation();
    mutate(write, registered, reinvocation);
    if (reinvocation.isNeeded()) {
      reinvocation.begin();
      if (plugged) {
        plugins.admit(write);
      }
      mutate(write, registered, reinvocation);
    }
  }

  private void mutate(Write write, Registrations.Registered registered, Reinvocation reinvocation) {
    mutatingPolicies.admit(write, registered.mutatingPolicies(), reinvocation);
    mutatingWebhooks.admit(write, registered.mutatingWebhooks(), reinvocation);
  }

  @Override
  public void validate(Write write) {
    if (write.form().audience() != Audience.CONFIGURED) {
      plugins.validate(write);
    }
    Registrations.Registered registered = registrations.current();
    if (!registered.validates() || isExempt(write)) {
      return;
    }
    validatingPolicies.validate(write, registered.validatingPolicies());
    validatingWebhooks.validate(write, registered.validatingWebhooks());
  }

  @Override
  public void evict(Write write) {
    plugins.evict(write);
  }

  private static boolean isExempt(Write write) {
    return write.form().audience() == Audience.PLUGINS
        || (write.type().group().equals(GROUP) && EXEMPT.contains(write.type().plural()));
  }
}
