// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import dev.havn.addresses.AddressRange;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One rule of a policy.
///
/// @param index counted from 1, as people count
/// @param peers empty for everybody
/// @param ports empty for all
record Allowance(int index, List<Peer> peers, List<Port> ports) {

  /// Who is meant.
  sealed interface Peer {}

  /// @param namespace of pods, null for all
  record Selected(@Nullable String namespace, Selector namespaces, Selector pods) implements Peer {
    boolean means(PolicyPod pod, Policies world) {
      return (namespace == null || namespace.equals(pod.namespace()))
          && namespaces.selects(world.labelsOf(pod.namespace()))
          && pods.selects(pod.labels());
    }
  }

  record Block(String range, List<String> except) implements Peer {
    boolean means(String address) {
      return AddressRange.parse(range).contains(address)
          && except.stream().noneMatch(each -> AddressRange.parse(each).contains(address));
    }
  }

  /// @param name of a port of the pod that is connected to, empty for a number
  /// @param first 0 for all ports
  record Port(String protocol, String name, int first, int last) {
    boolean means(String asked, int number, @Nullable PolicyPod target) {
      if (!protocol.equals(asked)) {
        return false;
      }
      if (name.isEmpty()) {
        return first == 0 || (first <= number && number <= last);
      }
      return target != null
          && target.ports().contains(new PolicyPod.NamedPort(name, protocol, number));
    }
  }

  static List<Allowance> ingress(NetworkPolicy policy) {
    List<Allowance> all = new ArrayList<>();
    for (var rule : policy.getSpec().getIngress()) {
      all.add(of(policy, all.size() + 1, rule.getFrom(), rule.getPorts()));
    }
    return all;
  }

  static List<Allowance> egress(NetworkPolicy policy) {
    List<Allowance> all = new ArrayList<>();
    for (var rule : policy.getSpec().getEgress()) {
      all.add(of(policy, all.size() + 1, rule.getTo(), rule.getPorts()));
    }
    return all;
  }

  private static Allowance of(
      NetworkPolicy policy,
      int index,
      @Nullable List<NetworkPolicyPeer> peers,
      @Nullable List<NetworkPolicyPort> ports) {
    String namespace = policy.getMetadata().getNamespace();
    return new Allowance(
        index,
        peers == null ? List.of() : peers.stream().map(each -> peer(namespace, each)).toList(),
        ports == null ? List.of() : ports.stream().map(Allowance::port).toList());
  }

  private static Peer peer(String namespace, NetworkPolicyPeer peer) {
    if (peer.getIpBlock() != null) {
      @Nullable List<String> except = peer.getIpBlock().getExcept();
      return new Block(
          peer.getIpBlock().getCidr(), except == null ? List.of() : List.copyOf(except));
    }
    return new Selected(
        peer.getNamespaceSelector() == null ? namespace : null,
        new Selector(peer.getNamespaceSelector()),
        new Selector(peer.getPodSelector()));
  }

  private static Port port(NetworkPolicyPort port) {
    String protocol =
        Objects.requireNonNullElse(port.getProtocol(), "TCP").toLowerCase(Locale.ROOT);
    if (port.getPort() == null) {
      return new Port(protocol, "", 0, 0);
    }
    @Nullable Integer number = port.getPort().getIntVal();
    if (number == null) {
      return new Port(protocol, port.getPort().getStrVal(), 0, 0);
    }
    @Nullable Integer end = port.getEndPort();
    return new Port(protocol, "", number, end == null ? number : end);
  }
}
