// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.Policies;
import dev.havn.network.policy.Policies.Party;
import dev.havn.network.policy.Policies.Verdict;
import dev.havn.network.policy.PolicyPod;
import dev.havn.network.rules.Family;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether one may connect to another, by the policies that are there and some that are not yet.
///
/// @param from a pod as `NAME` or `NAMESPACE/NAME`, or an address
/// @param to the same
/// @param protocol in small letters
/// @param namespace of pods without one
/// @param tried policies, in place of those with the same name
public record ConnectionQuestion(
    String from,
    String to,
    String protocol,
    int port,
    String namespace,
    List<NetworkPolicy> tried) {

  /// @throws IllegalArgumentException when there is no such pod, or it has no address
  public Verdict answer(Api api) {
    List<NetworkPolicy> policies = new ArrayList<>(tried);
    for (NetworkPolicy each : api.list(NetworkPolicy.class, "")) {
      if (tried.stream().noneMatch(other -> isSame(each, other))) {
        policies.add(each);
      }
    }
    List<Pod> pods = api.list(Pod.class, "");
    Policies world = PolicyWatch.world(policies, pods, api.list(Namespace.class, ""));
    Optional<Pod> sender = find(from, pods);
    if (sender.isPresent() && Boolean.TRUE.equals(sender.get().getSpec().getHostNetwork())) {
      return new Verdict(true, from + " is on its node's network, which reaches the node's pods");
    }
    if (isAddress(from) && isAddress(to) && Family.of(from) != Family.of(to)) {
      throw new IllegalArgumentException(from + " and " + to + " are of different families");
    }
    String given = isAddress(from) ? from : isAddress(to) ? to : "";
    return world.decide(
        party(from, given, pods, world), party(to, given, pods, world), protocol, port);
  }

  private static boolean isSame(NetworkPolicy one, NetworkPolicy other) {
    return one.getMetadata().getName().equals(other.getMetadata().getName())
        && one.getMetadata().getNamespace().equals(other.getMetadata().getNamespace());
  }

  private static boolean isAddress(String text) {
    return Family.of(text).isAddress(text);
  }

  private Optional<Pod> find(String who, List<Pod> pods) {
    int slash = who.indexOf('/');
    String in = slash < 0 ? namespace : who.substring(0, slash);
    String name = who.substring(slash + 1);
    return pods.stream()
        .filter(
            each ->
                each.getMetadata().getNamespace().equals(in)
                    && each.getMetadata().getName().equals(name))
        .findFirst();
  }

  /// @param given the address of the other end, whose family counts; empty for the pod's own first
  private Party party(String who, String given, List<Pod> pods, Policies world) {
    if (isAddress(who)) {
      String address = Family.of(who).canonical(who);
      return new Party(address, byAddress(address, world));
    }
    Pod pod =
        find(who, pods)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "there is no pod " + who + " in namespace " + namespace));
    @Nullable String first = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    if (first == null || first.isEmpty()) {
      throw new IllegalArgumentException("pod " + who + " has no address yet");
    }
    Family family = Family.of(given.isEmpty() ? first : given);
    String address =
        Pods.addresses(pod).stream()
            .filter(family::isAddress)
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException("pod " + who + " has no address of " + family));
    return new Party(address, byAddress(address, world));
  }

  private static @Nullable PolicyPod byAddress(String address, Policies world) {
    return world.pods().stream()
        .filter(each -> each.address().equals(address))
        .findFirst()
        .orElse(null);
  }
}
