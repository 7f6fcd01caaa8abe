// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.rules.Observed;
import dev.havn.ingress.rules.TlsSecret;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1beta1.ReferenceGrant;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/// The objects of some YAML as what the cluster has.
record Documents(List<Object> all) implements Observed {
  static final KubernetesSerialization YAML = new KubernetesSerialization();

  static Documents of(String... texts) {
    List<Object> all = new ArrayList<>();
    for (String text : texts) {
      for (String each : text.split("(?m)^---\n")) {
        if (!each.isBlank()) {
          all.add(YAML.unmarshal(each));
        }
      }
    }
    return new Documents(all);
  }

  <T> List<T> of(Class<T> type) {
    return all.stream().filter(type::isInstance).map(type::cast).toList();
  }

  private <T extends HasMetadata> T find(Class<T> type, String namespace, String name) {
    return of(type).stream()
        .filter(each -> namespace.equals(each.getMetadata().getNamespace()))
        .filter(each -> name.equals(each.getMetadata().getName()))
        .findFirst()
        .orElse(null);
  }

  @Override
  public Service service(String namespace, String name) {
    return find(Service.class, namespace, name);
  }

  @Override
  public Collection<EndpointSlice> slices(String namespace, String service) {
    return of(EndpointSlice.class).stream()
        .filter(each -> namespace.equals(each.getMetadata().getNamespace()))
        .filter(
            each ->
                service.equals(each.getMetadata().getLabels().get("kubernetes.io/service-name")))
        .toList();
  }

  @Override
  public boolean mayReach(String namespace, String address) {
    return true;
  }

  @Override
  public Secret secret(String namespace, String name) {
    return find(Secret.class, namespace, name);
  }

  @Override
  public Identity identity(Secret secret) throws TlsSecret.UnusableException {
    return TlsSecret.read(secret);
  }

  private Map<String, String> labels(String namespace) {
    return of(Namespace.class).stream()
        .filter(each -> namespace.equals(each.getMetadata().getName()))
        .findFirst()
        .map(each -> each.getMetadata().getLabels())
        .orElse(Map.of());
  }

  Plan plan() {
    return plan(new Expressions());
  }

  Plan plan(Expressions expressions) {
    return GatewayRules.of(
        new GatewayObjects(
            of(GatewayClass.class),
            of(Gateway.class),
            of(HTTPRoute.class),
            of(GRPCRoute.class),
            of(ReferenceGrant.class),
            this::labels),
        this,
        expressions);
  }
}
