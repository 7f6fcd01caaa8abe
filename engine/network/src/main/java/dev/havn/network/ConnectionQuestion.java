// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.Policies;
import dev.havn.network.policy.Policies.Party;
import dev.havn.network.policy.Policies.Verdict;
import dev.havn.network.policy.PolicyPod;
import dev.havn.network.rules.Family;
import dev.havn.network.service.Place;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether one may connect to another, by the policies that are there and some that are not yet.
///
/// @param from a pod as `NAME` or `NAMESPACE/NAME`, or an address
/// @param to the same, or a Service as `service/NAME` or `NAMESPACE/service/NAME` or by its address
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
  private static final String DNS_NAMESPACE = "kube-system";

  /// @param nodes of the machine that answers, by each of their addresses
  /// @throws IllegalArgumentException when there is no such pod or Service, or it has no address
  public Verdict answer(Api api, Map<String, String> nodes) {
    @Nullable String node = isAddress(from) ? nodes.get(Family.of(from).canonical(from)) : null;
    if (node != null) {
      return new Verdict(
          true,
          from + " is the address of node " + node + ", which reaches the pods of its machine");
    }
    List<NetworkPolicy> policies = new ArrayList<>(tried);
    for (NetworkPolicy each : api.list(NetworkPolicy.class, "")) {
      if (tried.stream().noneMatch(other -> isSame(each, other))) {
        policies.add(each);
      }
    }
    List<Pod> pods = api.list(Pod.class, "");
    Policies world = PolicyWatch.world(policies, pods, api.list(Namespace.class, ""));
    @Nullable PolicyPod names =
        PolicyWatch.nameServer(api.list(EndpointSlice.class, DNS_NAMESPACE));
    if (names != null) {
      world.pods().add(names);
    }
    Optional<Pod> sender = find(from, pods);
    if (sender.isPresent() && Boolean.TRUE.equals(sender.get().getSpec().getHostNetwork())) {
      return new Verdict(
          true, from + " is on its node's network, which reaches the pods of its machine");
    }
    Optional<Service> service =
        find(to, pods).isPresent()
            ? Optional.empty()
            : ServiceConnection.find(to, namespace, api.list(Service.class, ""));
    if (service.isPresent()) {
      return toService(service.get(), api, pods, world);
    }
    if (isAddress(from) && isAddress(to) && Family.of(from) != Family.of(to)) {
      throw new IllegalArgumentException(from + " and " + to + " are of different families");
    }
    String given = isAddress(from) ? from : isAddress(to) ? to : "";
    return world.decide(
        party(from, given, pods, world), party(to, given, pods, world), protocol, port);
  }

  private Verdict toService(Service service, Api api, List<Pod> pods, Policies world) {
    String address = isAddress(to) ? Family.of(to).canonical(to) : "";
    ServiceConnection connection =
        new ServiceConnection(service, api.list(EndpointSlice.class, ""), address, protocol, port);
    List<String> families = service.getSpec().getIpFamilies();
    String given = !address.isEmpty() || families.isEmpty() ? address : any(families.getFirst());
    return connection.decide(world, party(from, given, pods, world), sender(api, pods));
  }

  /// An address of a family.
  private static String any(String family) {
    return family.equals(Family.IPV6.toString()) ? "::" : "";
  }

  /// The node that a pod connects from.
  private Place sender(Api api, List<Pod> pods) {
    String node =
        find(from, pods)
            .map(each -> Objects.requireNonNullElse(each.getSpec().getNodeName(), ""))
            .orElse("");
    String zone =
        api.list(Node.class, "").stream()
            .filter(each -> each.getMetadata().getName().equals(node))
            .map(each -> Network.zone(each))
            .findFirst()
            .orElse("");
    return new Place(node, "", "", zone);
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
      return world.party(address);
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
    return world.party(address);
  }
}
