// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.rules.Certificates;
import dev.havn.ingress.rules.Observed;
import dev.havn.ingress.rules.TlsSecret;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What Ingresses and routes refer to, as far as it is known here.
final class Caches {
  private static final String SERVICE_NAME = "kubernetes.io/service-name";

  private final Informer<Service> services;
  private final Informer<EndpointSlice> slices;
  private final Index<EndpointSlice> slicesOfService;
  private final Informer<Secret> secrets;
  private final @Nullable ClusterAddresses addresses;
  private final Certificates certificates = new Certificates();

  Caches(Informers informers, Exposure exposure) {
    this.services = informers.of(Service.class);
    this.slices = informers.of(EndpointSlice.class);
    this.slicesOfService = slices.index("service", Caches::service);
    this.secrets = informers.of(Secret.class, "&fieldSelector=type%3Dkubernetes.io%2Ftls");
    this.addresses = exposure instanceof Exposure.Balanced ? new ClusterAddresses(informers) : null;
  }

  private static List<String> service(EndpointSlice slice) {
    @Nullable Map<String, String> labels = slice.getMetadata().getLabels();
    return labels == null || !labels.containsKey(SERVICE_NAME)
        ? List.of()
        : List.of(slice.getMetadata().getNamespace() + "/" + labels.get(SERVICE_NAME));
  }

  Informer<Service> services() {
    return services;
  }

  Informer<EndpointSlice> slices() {
    return slices;
  }

  void onChange(Runnable task) {
    services.onChange((_, _) -> task.run());
    slices.onChange((_, _) -> task.run());
    secrets.onChange((_, _) -> task.run());
    if (addresses != null) {
      addresses.onChange(task);
    }
  }

  /// Runs a task each time that a part of it has been told all that there is.
  void whenSynced(Runnable task) {
    services.whenSynced(task);
    slices.whenSynced(task);
    secrets.whenSynced(task);
    if (addresses != null) {
      addresses.whenSynced(task);
    }
  }

  boolean haveSynced() {
    return services.hasSynced()
        && slices.hasSynced()
        && secrets.hasSynced()
        && (addresses == null || addresses.hasSynced());
  }

  /// As it is now. For one thread.
  Observed observed() {
    certificates.turn();
    return new Now();
  }

  private final class Now implements Observed {
    private final @Nullable Reach reach = addresses == null ? null : addresses.reach();

    /// Without a network of its own the cluster's pods are processes of the machine.
    @Override
    public boolean mayReach(String namespace, String address) {
      return reach == null || reach.allows(namespace, address);
    }

    @Override
    public @Nullable Service service(String namespace, String name) {
      return services.get(namespace, name);
    }

    @Override
    public Collection<EndpointSlice> slices(String namespace, String service) {
      return slicesOfService.list(namespace + "/" + service);
    }

    @Override
    public @Nullable Secret secret(String namespace, String name) {
      return secrets.get(namespace, name);
    }

    @Override
    public Identity identity(Secret secret) throws TlsSecret.UnusableException {
      return certificates.of(secret);
    }
  }
}
