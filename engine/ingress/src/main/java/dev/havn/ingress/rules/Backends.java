// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.routing.Rule.Answer;
import dev.havn.ingress.routing.Rule.Backend;
import dev.havn.ingress.routing.Rule.Endpoint;
import dev.havn.ingress.routing.Rule.Protocol;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Services to where their requests go: to the endpoints, not to the Service's address.
public final class Backends {
  private Backends() {}

  /// @param problem why it answers by itself, or null
  public record Found(Rule.Target target, @Nullable Problem problem) {}

  public enum Problem {
    NO_SERVICE,
    NO_PORT,
    EXTERNAL_NAME,
    UNKNOWN_PROTOCOL
  }

  /// @param status of the answer where there is nothing to send to
  public static Found of(
      Observed observed, String namespace, String name, Predicate<ServicePort> isPort, int status) {
    String said = namespace + "/" + name;
    @Nullable Service service = observed.service(namespace, name);
    if (service == null) {
      return wrong(status, "there is no Service " + said, Problem.NO_SERVICE);
    }
    if ("ExternalName".equals(service.getSpec().getType())) {
      return wrong(
          status,
          "Service " + said + " is only a name of something outside",
          Problem.EXTERNAL_NAME);
    }
    @Nullable ServicePort port =
        service.getSpec().getPorts().stream().filter(isPort).findFirst().orElse(null);
    if (port == null) {
      return wrong(status, "Service " + said + " has no such port", Problem.NO_PORT);
    }
    @Nullable Protocol protocol = protocol(port.getAppProtocol());
    if (protocol == null) {
      return wrong(
          status,
          "what Service " + said + " speaks is not known here: " + port.getAppProtocol(),
          Problem.UNKNOWN_PROTOCOL);
    }
    String portName = Objects.requireNonNullElse(port.getName(), "");
    return new Found(
        new Backend(
            "Service " + said,
            protocol,
            endpoints(
                observed.slices(namespace, name),
                portName,
                address -> observed.mayReach(namespace, address)),
            namespace),
        null);
  }

  private static Found wrong(int status, String words, Problem problem) {
    return new Found(new Answer(status, words), problem);
  }

  /// By KEP-3726; others are told by clients among themselves and mean HTTP here.
  private static @Nullable Protocol protocol(@Nullable String appProtocol) {
    return switch (Objects.requireNonNullElse(appProtocol, "")) {
      case "kubernetes.io/h2c", "grpc" -> Protocol.H2C;
      case "kubernetes.io/wss" -> null;
      default -> Protocol.HTTP;
    };
  }

  /// Those that may be reached and are ready; where none is, those that end and still serve.
  static List<Endpoint> endpoints(
      Collection<EndpointSlice> slices, String portName, Predicate<String> mayReach) {
    Set<Endpoint> ready = new LinkedHashSet<>();
    Set<Endpoint> ending = new LinkedHashSet<>();
    for (EndpointSlice slice : slices) {
      @Nullable Integer port = port(slice, portName);
      if (port == null || slice.getEndpoints() == null || "FQDN".equals(slice.getAddressType())) {
        continue;
      }
      for (var each : slice.getEndpoints()) {
        EndpointConditions conditions =
            Objects.requireNonNullElseGet(each.getConditions(), EndpointConditions::new);
        boolean isReady = !Boolean.FALSE.equals(conditions.getReady());
        boolean serves =
            conditions.getServing() == null
                ? isReady
                : Boolean.TRUE.equals(conditions.getServing());
        if (isReady || serves && Boolean.TRUE.equals(conditions.getTerminating())) {
          each.getAddresses().stream()
              .filter(mayReach)
              .forEach(address -> (isReady ? ready : ending).add(new Endpoint(address, port)));
        }
      }
    }
    List<Endpoint> all = new ArrayList<>(ready.isEmpty() ? ending : ready);
    all.sort(Comparator.comparing(Endpoint::address).thenComparing(Endpoint::port));
    return all;
  }

  private static @Nullable Integer port(EndpointSlice slice, String name) {
    if (slice.getPorts() == null) {
      return null;
    }
    for (EndpointPort each : slice.getPorts()) {
      boolean isTcp = each.getProtocol() == null || each.getProtocol().equals("TCP");
      if (isTcp && Objects.requireNonNullElse(each.getName(), "").equals(name)) {
        return each.getPort();
      }
    }
    return null;
  }
}
