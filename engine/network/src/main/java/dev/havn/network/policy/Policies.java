// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// All policies of a cluster, with the pods and namespaces that they speak of, at one moment.
///
/// @param namespaces their labels by name
public record Policies(
    List<NetworkPolicy> policies,
    List<PolicyPod> pods,
    Map<String, Map<String, String>> namespaces) {

  private static final String TARGETS = "policed-targets";
  private static final String SOURCES = "policed-sources";

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

  /// Who has an address.
  public Party party(String address) {
    return new Party(
        address,
        pods.stream().filter(each -> each.address().equals(address)).findFirst().orElse(null));
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
                      case Allowance.Block block -> block.means(other.address());
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

  /// The rules of one family by their owner: a chain for each direction of each policy, and one for
  /// each address of a pod that some policy selects. The names of maps are those of `Frame`. A pod
  /// whose address is of another family has none here.
  public Map<String, Rules> rules(Family family) {
    Policies here = of(family);
    Map<String, Rules> all = new TreeMap<>();
    here.policies.forEach(each -> all.put(owner(each), here.rules(family, each)));
    here.claimants()
        .forEach(
            (address, claimants) ->
                all.put(owner(address), here.isolation(family, address, claimants)));
    all.values().removeIf(Rules.NONE::equals);
    return all;
  }

  /// Of all these rules those that may be others since some pods have changed; [Rules#NONE] for who
  /// has none any more.
  ///
  /// @param changed these pods as they were before, and as they are
  public Map<String, Rules> rules(Family family, Collection<PolicyPod> changed) {
    Policies here = of(family);
    List<PolicyPod> pods =
        changed.stream().filter(each -> family.isAddress(each.address())).toList();
    Map<String, Rules> some = new TreeMap<>();
    here.policies.stream()
        .filter(policy -> pods.stream().anyMatch(pod -> here.concerns(policy, pod)))
        .forEach(each -> some.put(owner(each), here.rules(family, each)));
    Map<String, List<PolicyPod>> claimants = here.claimants();
    for (PolicyPod each : pods) {
      String address = each.address();
      some.put(
          owner(address),
          here.isolation(family, address, claimants.getOrDefault(address, List.of())));
    }
    return some;
  }

  private Policies of(Family family) {
    List<PolicyPod> here = pods.stream().filter(each -> family.isAddress(each.address())).toList();
    return here.size() == pods.size() ? this : new Policies(policies, here, namespaces);
  }

  private static String owner(NetworkPolicy policy) {
    return "POLICY " + name(policy);
  }

  private static String owner(String address) {
    return "ISOLATION " + address;
  }

  /// Whether a pod may be named in a policy's rules.
  private boolean concerns(NetworkPolicy policy, PolicyPod pod) {
    if (selects(policy, pod)) {
      return true;
    }
    for (boolean ingress : new boolean[] {true, false}) {
      for (Allowance each : allowances(policy, ingress)) {
        boolean namesPorts =
            !ingress
                && !pod.ports().isEmpty()
                && each.ports().stream().anyMatch(port -> !port.name().isEmpty());
        if (namesPorts
            || each.peers().stream()
                .anyMatch(
                    peer -> peer instanceof Allowance.Selected some && some.means(pod, this))) {
          return true;
        }
      }
    }
    return false;
  }

  private Rules rules(Family family, NetworkPolicy policy) {
    Rules.Builder rules = new Rules.Builder();
    for (boolean ingress : new boolean[] {true, false}) {
      if (isOf(policy, ingress)) {
        List<PolicyPod> own = pods.stream().filter(each -> selects(policy, each)).toList();
        PolicyText text = new PolicyText(family, this, name(policy), ingress, own, rules);
        rules.chain(text.chain(), List.of());
        allowances(policy, ingress).forEach(text::add);
      }
    }
    return rules.build();
  }

  private Map<String, List<PolicyPod>> claimants() {
    Map<String, List<PolicyPod>> byAddress = new TreeMap<>();
    pods.stream()
        .filter(each -> each.port() == 0)
        .forEach(
            each -> byAddress.computeIfAbsent(each.address(), _ -> new ArrayList<>()).add(each));
    return byAddress;
  }

  /// Chains are named by the address alone: names of pods are longer than a kernel takes.
  private Rules isolation(Family family, String address, List<PolicyPod> claimants) {
    Rules.Builder rules = new Rules.Builder();
    for (boolean ingress : new boolean[] {true, false}) {
      Set<List<String>> claims = new HashSet<>();
      claimants.forEach(pod -> claims.add(jumps(pod, ingress)));
      claims.remove(List.<String>of());
      if (claims.isEmpty()) {
        continue;
      }
      String chain = (ingress ? "to-" : "from-") + Family.inName(address);
      List<String> lines = new ArrayList<>();
      lines.add(family.word() + (ingress ? " saddr " : " daddr ") + address + " accept");
      // Whose address it is cannot be told: what one allows would be held against the other.
      if (claims.size() == 1) {
        lines.addAll(claims.iterator().next());
      }
      lines.add("drop");
      rules.chain(chain, lines);
      rules.element(ingress ? TARGETS : SOURCES, address, "goto " + chain);
    }
    return rules.build();
  }

  private List<String> jumps(PolicyPod pod, boolean ingress) {
    return selecting(pod, ingress).stream()
        .map(each -> "jump " + PolicyText.chain(name(each), ingress))
        .toList();
  }

  /// What stands in place of rules that a kernel does not take: of a policy chains that allow
  /// nothing, of a pod that it is cut off. Rules that are not of policies leave nothing.
  public static Rules closed(Rules refused) {
    Rules.Builder rules = new Rules.Builder();
    refused.chains().keySet().stream()
        .filter(PolicyText::isChain)
        .forEach(each -> rules.chain(each, List.of()));
    refused.elements().keySet().stream()
        .filter(each -> each.set().equals(TARGETS) || each.set().equals(SOURCES))
        .forEach(each -> rules.element(each.set(), each.key(), "drop"));
    return rules.build();
  }
}
