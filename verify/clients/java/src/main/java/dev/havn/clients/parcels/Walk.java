// SPDX-License-Identifier: Apache-2.0
package dev.havn.clients.parcels;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.javaoperatorsdk.operator.Operator;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/// Runs the operator, writes parcels as a user does and looks at what comes of them: `Walk
/// KUBECONFIG`. Ends with "walked through", or with what was not as expected.
public final class Walk {
  private static final String NAMESPACE = "walk-java-operator-sdk";
  private static final long PATIENCE_SECONDS = 60;

  private final KubernetesClient client;

  private Walk(KubernetesClient client) {
    this.client = client;
  }

  public static void main(String[] arguments) throws IOException {
    Config config = Config.fromKubeconfig(new File(arguments[0]));
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
      new Walk(client).run();
    }
    System.out.println("walked through");
  }

  private void run() throws IOException {
    var namespace =
        new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build();
    client.resource(namespace).create();
    try (InputStream file = Walk.class.getResourceAsStream("parcels.yaml")) {
      client.load(Objects.requireNonNull(file)).serverSideApply();
    }
    var definition =
        client
            .apiextensions()
            .v1()
            .customResourceDefinitions()
            .withName("parcels.java.example.com");
    definition.waitUntilCondition(
        now ->
            now != null
                && now.getStatus() != null
                && now.getStatus().getConditions().stream()
                    .anyMatch(
                        each ->
                            each.getType().equals("Established")
                                && each.getStatus().equals("True")),
        PATIENCE_SECONDS,
        TimeUnit.SECONDS);
    Operator operator =
        new Operator(
            overrider -> overrider.withKubernetesClient(client).withCloseClientOnStop(false));
    operator.register(new ParcelReconciler(), each -> each.settingNamespace(NAMESPACE));
    operator.start();
    try {
      parcels();
    } finally {
      operator.stop();
    }
    definition.delete();
    client.resource(namespace).delete();
  }

  private void parcels() {
    Resource<Parcel> parcel = client.resource(parcel("first", "Aarhus"));
    parcel.create();
    labelled("Aarhus");
    parcel.waitUntilCondition(
        now -> now != null && now.getStatus() != null && arrived(now).equals("Aarhus"),
        PATIENCE_SECONDS,
        TimeUnit.SECONDS);
    parcel.edit(
        now -> {
          now.setSpec(new ParcelSpec("Bergen"));
          return now;
        });
    labelled("Bergen");
    map("first").delete();
    labelled("Bergen");
    try {
      client.resource(parcel("nowhere", "")).create();
      throw new AssertionError("a parcel to nowhere was taken");
    } catch (KubernetesClientException refused) {
      if (refused.getCode() != 422) {
        throw refused;
      }
    }
    parcel.delete();
    parcel.waitUntilCondition(Objects::isNull, PATIENCE_SECONDS, TimeUnit.SECONDS);
    map("first").waitUntilCondition(Objects::isNull, PATIENCE_SECONDS, TimeUnit.SECONDS);
    Objects.requireNonNull(map("receipt-first").get(), "no receipt");
  }

  private static String arrived(Parcel parcel) {
    return parcel.getStatus().arrivedAt();
  }

  private static Parcel parcel(String name, String to) {
    Parcel parcel = new Parcel();
    parcel.setMetadata(new ObjectMetaBuilder().withName(name).withNamespace(NAMESPACE).build());
    parcel.setSpec(new ParcelSpec(to));
    return parcel;
  }

  private Resource<ConfigMap> map(String name) {
    return client.configMaps().inNamespace(NAMESPACE).withName(name);
  }

  private void labelled(String to) {
    map("first")
        .waitUntilCondition(
            now -> now != null && to.equals(now.getData().get("to")),
            PATIENCE_SECONDS,
            TimeUnit.SECONDS);
  }
}
