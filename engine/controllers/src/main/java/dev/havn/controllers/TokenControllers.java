// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.tokens.AccountTokens;
import dev.havn.controllers.tokens.BootstrapSecret;
import dev.havn.controllers.tokens.BootstrapSigner;
import dev.havn.controllers.tokens.LegacyTokens;
import dev.havn.controllers.tokens.SecretTokens;
import dev.havn.controllers.tokens.TokenCleaner;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;

/// What looks after tokens in Secrets.
record TokenControllers(Wiring wiring) {
  /// @param manager the API with the rights of kube-controller-manager itself
  void add(Api manager, SecretTokens signer) {
    addAccounts(manager, signer);
    addBootstrap();
  }

  private Informer<Secret> secrets(String type) {
    return wiring.informers().of(Secret.class, "&fieldSelector=type%3D" + type.replace("/", "%2F"));
  }

  private void addAccounts(Api manager, SecretTokens signer) {
    Informer<Secret> secrets = secrets(AccountTokens.TYPE);
    Informer<ServiceAccount> accounts = wiring.informers().of(ServiceAccount.class);
    Controller tokens =
        wiring.add(
            "serviceaccount-token",
            new AccountTokens(secrets, accounts, manager, signer, wiring.authority()),
            Wiring.WORKERS,
            secrets,
            accounts);
    Wiring.watch(secrets, tokens);
    wiring
        .add(
            "legacy-serviceaccount-token-cleaner",
            new LegacyTokens(
                secrets,
                accounts,
                wiring.api("legacy-service-account-token-cleaner"),
                manager,
                wiring.clock()),
            1)
        .add(LegacyTokens.ALL);
    accounts.onChange(
        (before, after) -> {
          HasMetadata account = after == null ? Wiring.notNull(before) : after;
          String name = account.getMetadata().getName();
          for (Secret each : secrets.list(account.getMetadata().getNamespace())) {
            if (AccountTokens.accountOf(each).equals(name)) {
              tokens.add(Informer.keyOf(each));
            }
          }
        });
  }

  private void addBootstrap() {
    Informer<Secret> secrets = secrets(BootstrapSecret.TYPE);
    Informer<ConfigMap> maps =
        wiring
            .informers()
            .of(
                ConfigMap.class,
                "&fieldSelector=metadata.name%3D" + BootstrapSigner.CLUSTER_INFO.name());
    Controller cleaner =
        wiring.add(
            "token-cleaner",
            new TokenCleaner(secrets, wiring.api("token-cleaner"), wiring.clock()),
            1,
            secrets);
    Wiring.watch(secrets, cleaner);
    Controller signing =
        wiring.add(
            "bootstrap-signer",
            new BootstrapSigner(secrets, maps, wiring.api("bootstrap-signer"), wiring.clock()),
            1,
            secrets,
            maps);
    secrets.onChange((_, _) -> signing.add(BootstrapSigner.CLUSTER_INFO));
    maps.onChange((_, _) -> signing.add(BootstrapSigner.CLUSTER_INFO));
  }
}
