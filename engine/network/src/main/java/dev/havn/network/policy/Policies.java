// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// All policies of a cluster, with the pods and namespaces that they speak of, at one moment.
///
/// @param namespaces their labels by name
public record Policies(
    List<NetworkPolicy> policies,
    List<PolicyPod> pods,
    Map<String, Map<String, String>> namespaces) {

  /// What becomes of a connection.
  ///
  /// @param reason which rules decide
  public record Verdict(boolean allowed, String reason) {}

  /// Who is at one end of a connection: a pod, or only an address.
  public record Party(String address, @Nullable PolicyPod pod) {
    @Override
    public String toString() {
      return pod == null ? address : pod.toString();
    }
  }

  Map<String, String> labelsOf(String namespace) {
    return namespaces.getOrDefault(namespace, Map.of());
  }

  /// Whether one may connect to the other, and why. Kubernetes' rule: both the policies for what
  /// leaves the one and those for what comes to the other must allow it; who is selected by no
  /// policy of a direction is free in it.
  ///
  /// @param protocol in small letters
  public Verdict decide(Party from, Party to, String protocol, int port) {
    if (from.address().equals(to.address())) {
      return new Verdict(true, "a pod always reaches itself");
    }
    Verdict leaving = decide(false, from, to, protocol, port);
    Verdict coming = decide(true, to, from, protocol, port);
    if (!leaving.allowed()) {
      return leaving;
    }
    return coming.allowed() ? new Verdict(true, leaving.reason() + "; " + coming.reason()) : coming;
  }

  private Verdict decide(boolean ingress, Party own, Party other, String protocol, int port) {
    String direction = (ingress ? "ingress of " : "egress of ") + own;
    List<NetworkPolicy> selecting = own.pod() == null ? List.of() : selecting(own.pod(), ingress);
    if (selecting.isEmpty()) {
      return new Verdict(true, direction + " is not restricted by any NetworkPolicy");
    }
    @Nullable PolicyPod target = ingress ? own.pod() : other.pod();
    for (NetworkPolicy policy : selecting) {
      for (Allowance each : allowances(policy, ingress)) {
        boolean means =
            isMeant(each, other)
                && (each.ports().isEmpty()
                    || each.ports().stream().anyMatch(one -> one.means(protocol, port, target)));
        if (means && isPortOf(other, port)) {
          return new Verdict(
              true,
              "%s is allowed by rule %d of NetworkPolicy %s"
                  .formatted(direction, each.index(), name(policy)));
        }
      }
    }
    String names = String.join(", ", selecting.stream().map(Policies::name).toList());
    return new Verdict(false, direction + " is allowed by no rule of NetworkPolicy " + names);
  }

  private static boolean isPortOf(Party other, int port) {
    return other.pod() == null || other.pod().port() == 0 || other.pod().port() == port;
  }

  private boolean isMeant(Allowance allowance, Party other) {
    return allowance.peers().isEmpty()
        || allowance.peers().stream()
            .anyMatch(
                peer ->
                    switch (peer) {
                      case Allowance.Block block ->
                          other.address().indexOf(':') < 0 && block.means(other.address());
                      case Allowance.Selected selected ->
                          other.pod() != null && selected.means(other.pod(), this);
                    });
  }

  private static List<Allowance> allowances(NetworkPolicy policy, boolean ingress) {
    return ingress ? Allowance.ingress(policy) : Allowance.egress(policy);
  }

  private static String name(NetworkPolicy policy) {
    return policy.getMetadata().getNamespace() + "/" + policy.getMetadata().getName();
  }

  private static boolean isOf(NetworkPolicy policy, boolean ingress) {
    List<String> types = policy.getSpec().getPolicyTypes();
    if (types == null || types.isEmpty()) {
      return ingress || !policy.getSpec().getEgress().isEmpty();
    }
    return types.contains(ingress ? "Ingress" : "Egress");
  }

  private static boolean selects(NetworkPolicy policy, PolicyPod pod) {
    return policy.getMetadata().getNamespace().equals(pod.namespace())
        && new Selector(policy.getSpec().getPodSelector()).selects(pod.labels());
  }

  private List<NetworkPolicy> selecting(PolicyPod pod, boolean ingress) {
    return policies.stream()
        .filter(each -> isOf(each, ingress) && selects(each, pod))
        .sorted(Comparator.comparing(Policies::name))
        .toList();
  }

  /// The rules by their owner: a chain for each direction of each policy, and one for each pod that
  /// some policy selects. The names of maps are those of `Frame`.
  public Map<String, Rules> rules() {
    Map<String, Rules> all = new TreeMap<>();
    for (NetworkPolicy policy : policies) {
      Rules.Builder rules = new Rules.Builder();
      for (boolean ingress : new boolean[] {true, false}) {
        if (isOf(policy, ingress)) {
          List<PolicyPod> own = pods.stream().filter(each -> selects(policy, each)).toList();
          PolicyText text = new PolicyText(this, name(policy), ingress, own, rules);
          rules.chain(text.chain(), List.of());
          allowances(policy, ingress).forEach(text::add);
        }
      }
      all.put("POLICY " + name(policy), rules.build());
    }
    for (PolicyPod pod : pods) {
      Rules rules = isolation(pod);
      if (!rules.equals(Rules.NONE)) {
        all.put("ISOLATION " + pod, rules);
      }
    }
    return all;
  }

  private Rules isolation(PolicyPod pod) {
    Rules.Builder rules = new Rules.Builder();
    if (pod.port() != 0) {
      return Rules.NONE;
    }
    for (boolean ingress : new boolean[] {true, false}) {
      List<NetworkPolicy> selecting = selecting(pod, ingress);
      if (selecting.isEmpty()) {
        continue;
      }
      String chain = (ingress ? "to-" : "from-") + pod.address();
      List<String> lines = new ArrayList<>();
      lines.add((ingress ? "ip saddr " : "ip daddr ") + pod.address() + " accept");
      selecting.forEach(each -> lines.add("jump " + PolicyText.chain(name(each), ingress)));
      lines.add("drop");
      // Its name is the address: of two pods that have it one after the other, only one is there.
      rules.chain(chain + "-" + pod.namespace() + "/" + pod.name(), lines);
      rules.element(
          ingress ? "policed-targets" : "policed-sources",
          pod.address(),
          "goto " + chain + "-" + pod.namespace() + "/" + pod.name());
    }
    return rules.build();
  }
}
