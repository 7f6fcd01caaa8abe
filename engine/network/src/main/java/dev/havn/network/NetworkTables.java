// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.rules.Family;
import dev.havn.network.service.Place;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The tables of each network namespace, one for each family of addresses.
record NetworkTables(
    Network.Settings settings,
    Informer<Service> services,
    Informer<Pod> pods,
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
              joint(nodes, links, part.addresses()));
      all.add(new FamilyTable(frame, nodes, part.addresses(), sources, commands));
    }
    return all;
  }

  /// @param addresses of all nodes of the machine
  private static Frame.Joint joint(
      Set<String> nodes, List<String> links, Map<String, String> addresses) {
    if (links.isEmpty()) {
      return Frame.Joint.NONE;
    }
    Set<String> others = new HashSet<>(addresses.keySet());
    others.removeAll(nodes);
    return new Frame.Joint(links, of(addresses, nodes), of(addresses, others));
  }

  private static List<String> of(Map<String, String> addresses, Set<String> nodes) {
    return nodes.stream().sorted().map(addresses::get).toList();
  }
}
