// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.admission.AdmissionChain;
import dev.havn.apiserver.admission.ClaimResize;
import dev.havn.apiserver.admission.ClassChoice;
import dev.havn.apiserver.admission.DeclaredFeatures;
import dev.havn.apiserver.admission.LimitRanges;
import dev.havn.apiserver.admission.NamespaceLifecycle;
import dev.havn.apiserver.admission.PodResize;
import dev.havn.apiserver.admission.Priorities;
import dev.havn.apiserver.admission.Protections;
import dev.havn.apiserver.admission.RuntimeClasses;
import dev.havn.apiserver.admission.ServiceAccounts;
import dev.havn.apiserver.admission.TolerationSeconds;
import dev.havn.apiserver.admission.TopologyLabels;
import dev.havn.apiserver.admission.podsecurity.PodSecurity;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.authorization.CertificateRequests;
import dev.havn.apiserver.authorization.NodeRestriction;
import dev.havn.apiserver.authorization.RoleEscalation;
import dev.havn.apiserver.resource.Objects;
import java.util.List;
import java.util.random.RandomGenerator;

/// The admission that every Kubernetes has switched on, in its order. Quotas come last and are
/// charged where objects are stored.
final class AdmissionPlugins {
  private AdmissionPlugins() {}

  static AdmissionChain chain(
      Objects objects, Authorizer authorizer, RandomGenerator random, ApiOptions options) {
    List<Admission> plugins =
        List.of(
            new NamespaceLifecycle(objects),
            new LimitRanges(objects),
            new ServiceAccounts(objects, random),
            new NodeRestriction(objects, options.pluggedNodes()),
            new PodSecurity(objects, options.podSecurity()),
            new Priorities(objects),
            new TolerationSeconds(),
            new ClassChoice(objects),
            new Protections(),
            new ClaimResize(objects),
            new RuntimeClasses(objects),
            new CertificateRequests(authorizer),
            new TopologyLabels(objects),
            new DeclaredFeatures(objects),
            new PodResize(objects),
            new RoleEscalation(authorizer, objects));
    return new AdmissionChain(plugins);
  }
}
