// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.rules.Family;
import dev.havn.network.service.Place;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The tables of each network namespace, one for each family of addresses.
record NetworkTables(
    Network.Settings settings,
    Informer<Service> services,
    Informer<Pod> pods,
    Informer<Node> machines,
    ServiceEndpoints endpoints) {

  /// Of the nodes that share the machine's.
  List<FamilyTable> ofMachine(PolicyWatch policies, HealthDoors doors) {
    List<String> links = settings.apart().stream().map(each -> each.place().link()).toList();
    return tables(names(settings.nodes()), links, settings.commands(), policies, doors);
  }

  List<FamilyTable> of(NodeNetwork node, PolicyWatch policies, HealthDoors doors) {
    Set<String> nodes = names(List.of(node.place()));
    return tables(nodes, List.of(node.uplink()), node.commands(), policies, doors);
  }

  /// What the machine sends in its own name, as it is seen in the namespace of a node: by IPv6 it
  /// goes to Services with the address that looks most like theirs, which is the API's.
  private List<String> machine(Set<String> nodes, Network.Part part) {
    return nodes.contains(settings.nodes().getFirst().node())
        ? List.of()
        : List.of(part.services().address(1));
  }

  private static Set<String> names(List<Place> places) {
    return places.stream().map(Place::node).collect(Collectors.toSet());
  }

  /// @param links that lead to other namespaces
  private List<FamilyTable> tables(
      Set<String> nodes,
      List<String> links,
      Commands commands,
      PolicyWatch policies,
      HealthDoors doors) {
    FamilyTable.Sources sources =
        new FamilyTable.Sources(
            services,
            pods,
            machines,
            endpoints,
            policies,
            new StaleFlows(commands, settings.executor()),
            doors);
    String names = settings.names().address();
    List<FamilyTable> all = new ArrayList<>();
    for (Network.Part part : settings.parts()) {
      Family family = Family.of(part.pods().family());
      Frame frame =
          new Frame(
              family,
              settings.clusterId(),
              part.pods(),
              part.local(),
              part.routes(),
              settings.plugged(),
              Family.of(names) == family ? names : "",
              joint(nodes, links, part.addresses(), machine(nodes, part)),
              settings.tunnel());
      all.add(new FamilyTable(frame, nodes, part.addresses(), sources, commands));
    }
    return all;
  }

  /// @param addresses of all nodes of the machine
  /// @param machine other addresses of it
  private static Frame.Joint joint(
      Set<String> nodes, List<String> links, Map<String, String> addresses, List<String> machine) {
    if (links.isEmpty()) {
      return Frame.Joint.NONE;
    }
    Set<String> others = new HashSet<>(addresses.keySet());
    others.removeAll(nodes);
    List<String> free = Stream.concat(of(addresses, others).stream(), machine.stream()).toList();
    return new Frame.Joint(links, of(addresses, nodes), free);
  }

  private static List<String> of(Map<String, String> addresses, Set<String> nodes) {
    return nodes.stream().sorted().map(addresses::get).toList();
  }
}
