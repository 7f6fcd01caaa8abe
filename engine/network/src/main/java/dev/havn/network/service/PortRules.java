// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.ClientIPConfig;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The rules of one port of a Service. A chain for those who come by the cluster's address, where
/// it differs one for those who come from outside, and with affinity one for each endpoint.
///
/// A port that all reach in the same way, by the cluster's address alone, has no chain of its own:
/// its endpoints are elements of a map, and the rule that looks there is that of all ports with as
/// many. What a kernel, and `nft` before it, look through for a change is then the same with ten
/// thousand Services as with ten.
///
/// The names of maps are those of `Frame`.
///
/// @param outer addresses at which those from outside come
record PortRules(
    Family family,
    Service service,
    ServicePort port,
    PortName name,
    Choice choice,
    List<Place> places,
    String pods,
    List<String> outer,
    Rules.Builder rules) {
  private static final int AFFINITY_SECONDS = 10_800;

  private static final String DROP = "drop";
  private static final String REFUSE = "goto refuse";

  /// Where clients of each node go, and where the machine itself goes.
  private record Spread(Map<Place, List<Endpoint>> ofPlaces, List<Endpoint> ofMachine) {
    boolean isEmpty() {
      return ofMachine.isEmpty() && ofPlaces.values().stream().allMatch(List::isEmpty);
    }

    boolean hasGaps() {
      return ofMachine.isEmpty() || ofPlaces.values().stream().anyMatch(List::isEmpty);
    }
  }

  void add() {
    Spread anywhere = spread(choice::near);
    boolean keepsInside = "Local".equals(service.getSpec().getInternalTrafficPolicy());
    boolean keepsOutside = "Local".equals(service.getSpec().getExternalTrafficPolicy());
    Spread inside = keepsInside ? spread(choice::on) : anywhere;
    if (isShared(inside)) {
      share(inside.ofMachine());
      hairpins();
      return;
    }
    String chain = name.chain("service");
    boolean leads =
        lead(ServiceRules.clusterAddresses(family, service), inside, chain, port.getPort());
    TreeSet<Endpoint> chained = new TreeSet<>(java.util.Comparator.comparing(Endpoint::target));
    if (leads) {
      fill(chain, inside, chained);
    }
    addOuter(anywhere, keepsInside ? name.chain("cluster") : chain, leads && !keepsInside, chained);
    if (keepsOutside && nodePort() > 0) {
      keepOutside(anywhere, chained);
    }
    hairpins();
    if (hasAffinity()) {
      chained.forEach(this::endpointChain);
    }
    firewall();
  }

  private boolean isShared(Spread inside) {
    List<Endpoint> all = inside.ofMachine();
    return outer.isEmpty()
        && nodePort() == 0
        && !hasAffinity()
        && !all.isEmpty()
        && all.size() <= SharedChains.ENDPOINTS_MAX
        && inside.ofPlaces().values().stream().allMatch(all::equals);
  }

  private void share(List<Endpoint> endpoints) {
    String chain = SharedChains.name(endpoints.size());
    for (String address : ServiceRules.clusterAddresses(family, service)) {
      String key = name.key(address, port.getPort());
      rules.element("services", key, "goto " + chain);
      for (int i = 0; i < endpoints.size(); i++) {
        Endpoint each = endpoints.get(i);
        rules.element("endpoints", key + " . " + i, each.address() + " . " + each.port());
      }
    }
  }

  private int nodePort() {
    @Nullable Integer number = port.getNodePort();
    return number == null ? 0 : number;
  }

  /// What the machine sends itself is sent by its node, where there is only one.
  private Spread spread(Function<Place, List<Endpoint>> which) {
    Map<Place, List<Endpoint>> ofPlaces = new LinkedHashMap<>();
    places.forEach(place -> ofPlaces.put(place, which.apply(place)));
    boolean isOne = places.size() == 1;
    return new Spread(ofPlaces, isOne ? which.apply(places.getFirst()) : choice.everywhere());
  }

  /// Leads addresses to a chain, and says what becomes of packets that the chain has nothing for.
  ///
  /// @return whether anything uses the chain
  private boolean lead(List<String> addresses, Spread spread, String chain, int number) {
    for (String address : addresses) {
      String key = name.key(address, number);
      if (!spread.isEmpty()) {
        rules.element("services", key, "goto " + chain);
      }
      if (spread.hasGaps()) {
        rules.element("no-endpoints", key, choice.everywhere().isEmpty() ? REFUSE : DROP);
      }
    }
    return !addresses.isEmpty() && !spread.isEmpty();
  }

  private void addOuter(Spread anywhere, String chain, boolean isThere, TreeSet<Endpoint> chained) {
    boolean keepsOutside = "Local".equals(service.getSpec().getExternalTrafficPolicy());
    boolean leads = lead(outer, anywhere, chain, port.getPort());
    if (nodePort() > 0 && !keepsOutside) {
      leads |= lead(places.stream().map(Place::address).toList(), anywhere, chain, nodePort());
    }
    if ((leads || (nodePort() > 0 && keepsOutside)) && !isThere && !anywhere.isEmpty()) {
      fill(chain, anywhere, chained);
    }
  }

  /// Node ports of a Service whose traffic stays on the node it arrives at. A node's own pods reach
  /// all endpoints, as with kube-proxy.
  private void keepOutside(Spread anywhere, TreeSet<Endpoint> chained) {
    boolean keepsInside = "Local".equals(service.getSpec().getInternalTrafficPolicy());
    String all = name.chain(keepsInside ? "cluster" : "service");
    for (Place place : places) {
      String key = name.key(place.address(), nodePort());
      if (anywhere.isEmpty()) {
        rules.element("no-endpoints", key, REFUSE);
        continue;
      }
      String chain = name.chain("external", place.node());
      List<Endpoint> here = choice.on(place);
      rules.element("services", key, "goto " + chain);
      rules.chain(chain, List.of(fromPodsOf(place) + " goto " + all));
      rules.chain(chain, targets(here, chained));
      if (here.isEmpty()) {
        rules.element("no-endpoints", key, DROP);
      }
    }
  }

  /// What tells packets of a node's own pods: the link that they come by, and where plugins make
  /// links, their sender, who is of the range that has the node's address.
  private String fromPodsOf(Place place) {
    if (!pods.isEmpty()) {
      return "iifname \"" + place.link() + "\"";
    }
    int bits = AddressFamily.of(place.address()).nodeBits();
    return family.word() + " saddr " + AddressRange.parse(place.address() + "/" + bits);
  }

  /// Clients of nodes that go where everybody goes have no rule of their own.
  private void fill(String chain, Spread spread, TreeSet<Endpoint> chained) {
    List<String> main = new ArrayList<>();
    for (Map.Entry<Place, List<Endpoint>> each : spread.ofPlaces().entrySet()) {
      if (!each.getValue().equals(spread.ofMachine())) {
        String own = chain + "/" + each.getKey().node();
        rules.chain(own, targets(each.getValue(), chained));
        main.add(fromPodsOf(each.getKey()) + " goto " + own);
      }
    }
    main.addAll(targets(spread.ofMachine(), chained));
    rules.chain(chain, main);
  }

  private List<String> targets(List<Endpoint> endpoints, TreeSet<Endpoint> chained) {
    if (endpoints.isEmpty()) {
      return List.of();
    }
    if (hasAffinity()) {
      chained.addAll(endpoints);
      return affine(endpoints);
    }
    String start = translation();
    if (endpoints.size() == 1) {
      return List.of(start + endpoints.getFirst().target());
    }
    List<String> choices = new ArrayList<>();
    for (Endpoint each : endpoints) {
      choices.add(choices.size() + " : " + each.address() + " . " + each.port());
    }
    return List.of(
        start
            + "numgen random mod "
            + endpoints.size()
            + " map { "
            + String.join(", ", choices)
            + " }");
  }

  private String translation() {
    return "meta l4proto " + name.protocol() + " dnat " + family.word() + " to ";
  }

  private boolean hasAffinity() {
    return "ClientIP".equals(service.getSpec().getSessionAffinity());
  }

  private List<String> affine(List<Endpoint> endpoints) {
    List<String> lines = new ArrayList<>();
    List<String> choices = new ArrayList<>();
    for (Endpoint each : endpoints) {
      lines.add(family.word() + " saddr @" + affinitySet(each) + " goto " + endpointName(each));
      choices.add(choices.size() + " : goto " + endpointName(each));
    }
    lines.add(
        endpoints.size() == 1
            ? "goto " + endpointName(endpoints.getFirst())
            : "numgen random mod "
                + endpoints.size()
                + " vmap { "
                + String.join(", ", choices)
                + " }");
    return lines;
  }

  private String endpointName(Endpoint endpoint) {
    return name.chain("endpoint", Family.inName(endpoint.address()) + "/" + endpoint.port());
  }

  private String affinitySet(Endpoint endpoint) {
    return name.chain(
        "affinity",
        Family.inName(endpoint.address()) + "/" + endpoint.port() + "/" + affinitySeconds());
  }

  private int affinitySeconds() {
    var config = service.getSpec().getSessionAffinityConfig();
    @Nullable ClientIPConfig client = config == null ? null : config.getClientIP();
    @Nullable Integer seconds = client == null ? null : client.getTimeoutSeconds();
    return seconds == null ? AFFINITY_SECONDS : seconds;
  }

  private void endpointChain(Endpoint endpoint) {
    String set = affinitySet(endpoint);
    rules.set(
        set,
        "{ type "
            + family.type()
            + "; flags dynamic,timeout; size 65535; timeout "
            + affinitySeconds()
            + "s; }");
    rules.chain(
        endpointName(endpoint),
        List.of(
            "update @" + set + " { " + family.word() + " saddr }",
            translation() + endpoint.target()));
  }

  /// A pod that reaches itself must not see its own address as the sender's.
  private void hairpins() {
    for (Endpoint each : choice.endpoints()) {
      if (each.ready() || each.serving()) {
        rules.element("hairpins", each.address() + " . " + each.address(), "");
      }
    }
  }

  private void firewall() {
    List<String> ranges =
        service.getSpec().getLoadBalancerSourceRanges().stream()
            .map(String::strip)
            .filter(each -> Family.of(each) == family)
            .collect(Collectors.toList());
    List<String> addresses = ServiceRules.balancerAddresses(family, service);
    if (ranges.isEmpty() || addresses.isEmpty()) {
      return;
    }
    String chain = name.chain("firewall");
    List<String> lines = new ArrayList<>();
    ranges.forEach(range -> lines.add(family.word() + " saddr " + range + " return"));
    lines.add(DROP);
    rules.chain(chain, lines);
    addresses.forEach(each -> rules.element("firewall", name.key(each), "goto " + chain));
  }
}
