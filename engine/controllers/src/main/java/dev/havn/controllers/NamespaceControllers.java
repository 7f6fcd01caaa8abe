// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ServiceAccount;

/// What every namespace gets from its first moment, and what takes it down.
record NamespaceControllers(Wiring wiring) {
  void add() {
    Informer<Namespace> namespaces = wiring.informers().of(Namespace.class);
    Informer<ServiceAccount> accounts = wiring.informers().of(ServiceAccount.class);
    Informer<ConfigMap> maps =
        wiring
            .informers()
            .of(ConfigMap.class, "&fieldSelector=metadata.name%3D" + NamespaceDefaults.AUTHORITY);
    Controller defaults =
        wiring.add(
            "serviceaccount",
            new NamespaceDefaults(
                namespaces,
                wiring.api("service-account-controller"),
                NamespaceDefaults.account(accounts)),
            Wiring.WORKERS,
            namespaces,
            accounts);
    Wiring.watch(namespaces, defaults);
    accounts.onChange(
        (before, after) -> {
          if (after == null && before != null) {
            defaults.add(new Key("", before.getMetadata().getNamespace()));
          }
        });
    Controller publisher =
        wiring.add(
            "root-ca-certificate-publisher",
            new NamespaceDefaults(
                namespaces,
                wiring.api("root-ca-cert-publisher"),
                NamespaceDefaults.authority(maps, wiring.authority())),
            Wiring.WORKERS,
            namespaces,
            maps);
    Wiring.watch(namespaces, publisher);
    maps.onChange(
        (before, after) -> {
          HasMetadata map = after == null ? Wiring.notNull(before) : after;
          publisher.add(new Key("", map.getMetadata().getNamespace()));
        });
    Controller deletion =
        wiring.add(
            "namespace",
            new NamespaceReconciler(namespaces, wiring.api("namespace-controller"), wiring.clock()),
            Wiring.WORKERS,
            namespaces);
    Wiring.watch(namespaces, deletion);
  }
}
