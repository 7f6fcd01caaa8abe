// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import org.jspecify.annotations.Nullable;

/// Gives each namespace what it must have: the `default` service account, the cluster's certificate
/// authority.
final class NamespaceDefaults implements Reconciler {
  static final String AUTHORITY = "kube-root-ca.crt";

  private final Informer<Namespace> namespaces;
  private final Api api;
  private final Provision provision;

  /// Something that must be there.
  @FunctionalInterface
  interface Provision {
    void ensure(Api api, String namespace);
  }

  NamespaceDefaults(Informer<Namespace> namespaces, Api api, Provision provision) {
    this.namespaces = namespaces;
    this.api = api;
    this.provision = provision;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Namespace namespace = namespaces.get("", key.name());
    if (namespace != null && namespace.getMetadata().getDeletionTimestamp() == null) {
      try {
        provision.ensure(api, key.name());
      } catch (Api.RefusedException e) {
        if (!e.reason().equals("AlreadyExists") && e.code() != 403 && e.code() != 404) {
          throw e;
        }
      }
    }
    return Result.DONE;
  }

  static Provision account(Informer<ServiceAccount> accounts) {
    return (api, namespace) -> {
      if (accounts.get(namespace, "default") == null) {
        ObjectNode account = Api.object().put("kind", "ServiceAccount").put("apiVersion", "v1");
        account.putObject("metadata").put("name", "default");
        api.create(Api.path(ServiceAccount.class, namespace, ""), account.toString());
      }
    };
  }

  static Provision authority(Informer<ConfigMap> maps, String pem) {
    return (api, namespace) -> {
      @Nullable ConfigMap known = maps.get(namespace, AUTHORITY);
      ObjectNode map = Api.object().put("kind", "ConfigMap").put("apiVersion", "v1");
      ObjectNode metadata = map.putObject("metadata").put("name", AUTHORITY);
      metadata
          .putObject("annotations")
          .put(
              "kubernetes.io/description",
              "Contains a CA bundle that can be used to verify the kube-apiserver when using internal"
                  + " endpoints such as the internal service IP or kubernetes.default.svc. No other"
                  + " usage is guaranteed across distributions of Kubernetes clusters.");
      map.putObject("data").put("ca.crt", pem);
      if (known == null) {
        api.create(Api.path(ConfigMap.class, namespace, ""), map.toString());
      } else if (known.getData() == null
          || !pem.equals(known.getData().get("ca.crt"))
          || known.getData().size() != 1) {
        api.update(Api.path(ConfigMap.class, namespace, AUTHORITY), map);
      }
    };
  }
}
