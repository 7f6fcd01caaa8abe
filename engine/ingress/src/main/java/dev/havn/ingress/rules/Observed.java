// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import dev.havn.ingress.routing.RoutingTable.Identity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// What rules refer to.
public interface Observed {
  @Nullable Service service(String namespace, String name);

  /// Of a Service.
  Collection<EndpointSlice> slices(String namespace, String service);

  /// Whether a Service of a namespace may lead there. What this process sends is beyond all
  /// policies, so an EndpointSlice is not believed just because somebody may write it.
  boolean mayReach(String namespace, String address);

  @Nullable Secret secret(String namespace, String name);

  /// The certificate of a Secret.
  Identity identity(Secret secret) throws TlsSecret.UnusableException;
}
