// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.ingress.gateway.GatewayObjects;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1beta1.ReferenceGrant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Those kinds of the Gateway API that the cluster has at the moment: an administrator installs
/// them, all or some, and may remove them. Of a kind that is not there, there are no objects. For
/// many threads.
final class GatewayKinds implements AutoCloseable {
  static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

  /// In the versions that all releases since 1.1 serve.
  private static final List<Class<? extends HasMetadata>> KINDS =
      List.of(
          GatewayClass.class,
          Gateway.class,
          HTTPRoute.class,
          GRPCRoute.class,
          ReferenceGrant.class);

  private final Informers informers;
  private final Runnable changed;
  private final Informer<Definition> definitions;
  private final Map<Class<? extends HasMetadata>, Open> open = new HashMap<>();
  private boolean closed;

  /// @param uid of the definition
  private record Open(String uid, Informer<? extends HasMetadata> informer) {}

  /// @param changed runs when something of all this is another; should be short
  GatewayKinds(Informers informers, Runnable changed) {
    this.informers = informers;
    this.changed = changed;
    this.definitions =
        informers.of(
            new Informer.Source<>(
                Definition.class,
                DEFINITIONS,
                "",
                "application/json",
                Definition::key,
                definition -> definition.metadata().resourceVersion(),
                false));
    definitions.onChange((_, _) -> changed.run());
    definitions.whenSynced(changed);
  }

  /// Watches what is served now, and nothing else.
  ///
  /// @return whether all that there is is known
  synchronized boolean follow() {
    if (closed || !definitions.hasSynced()) {
      return false;
    }
    for (Class<? extends HasMetadata> type : KINDS) {
      @Nullable Definition definition = definition(type);
      boolean isServed = definition != null && definition.serves(HasMetadata.getVersion(type));
      @Nullable Open before = open.get(type);
      if (before != null
          && (definition == null
              || !isServed
              || !before.uid().equals(definition.metadata().uid()))) {
        before.informer().close();
        open.remove(type);
      }
      if (definition != null && isServed && !open.containsKey(type)) {
        open.put(type, new Open(definition.metadata().uid(), opened(type)));
      }
    }
    return open.values().stream().allMatch(each -> each.informer().hasSynced());
  }

  private <T extends HasMetadata> Informer<T> opened(Class<T> type) {
    Informer<T> informer = informers.selecting(type, "");
    informer.onChange((_, _) -> changed.run());
    informer.whenSynced(changed);
    return informer;
  }

  @Nullable Definition definition(Class<? extends HasMetadata> type) {
    return definitions.get("", HasMetadata.getFullResourceName(type));
  }

  synchronized boolean has(Class<? extends HasMetadata> type) {
    return open.containsKey(type);
  }

  @SuppressWarnings("unchecked") // the map holds for each type the informer of that type
  private <T extends HasMetadata> List<T> list(Class<T> type) {
    @Nullable Open here = open.get(type);
    return here == null ? List.of() : (List<T>) here.informer().list();
  }

  synchronized GatewayObjects objects(Function<String, Map<String, String>> namespaceLabels) {
    return new GatewayObjects(
        list(GatewayClass.class),
        list(Gateway.class),
        list(HTTPRoute.class),
        list(GRPCRoute.class),
        list(ReferenceGrant.class),
        namespaceLabels);
  }

  @Override
  public synchronized void close() {
    closed = true;
    definitions.close();
    open.values().forEach(each -> each.informer().close());
  }
}
