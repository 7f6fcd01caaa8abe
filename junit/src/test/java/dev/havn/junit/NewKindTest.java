// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// What controllers do for a kind that has just been defined.
@Havn
class NewKindTest {
  private static CustomResourceDefinition definition() {
    return new CustomResourceDefinitionBuilder()
        .withNewMetadata()
        .withName("shops.example.com")
        .endMetadata()
        .withNewSpec()
        .withGroup("example.com")
        .withScope("Namespaced")
        .withNewNames()
        .withPlural("shops")
        .withSingular("shop")
        .withKind("Shop")
        .endNames()
        .addNewVersion()
        .withName("v1")
        .withServed(true)
        .withStorage(true)
        .withNewSchema()
        .withOpenAPIV3Schema(new JSONSchemaPropsBuilder().withType("object").build())
        .endSchema()
        .endVersion()
        .endSpec()
        .build();
  }

  private static Resource<GenericKubernetesResource> shop(KubernetesClient client) {
    return client
        .genericKubernetesResources(
            new ResourceDefinitionContext.Builder()
                .withGroup("example.com")
                .withVersion("v1")
                .withKind("Shop")
                .withPlural("shops")
                .withNamespaced(true)
                .build())
        .inNamespace("default")
        .resource(
            new GenericKubernetesResourceBuilder()
                .withApiVersion("example.com/v1")
                .withKind("Shop")
                .withNewMetadata()
                .withName("corner")
                .endMetadata()
                .build());
  }

  @Test
  void whatItOwnsIsCollectedThoughTheOwnerWentBeforeControllersKnewTheKind(
      KubernetesClient client, Cluster cluster) {
    cluster.time().advance(Duration.ofSeconds(5));
    client.resource(definition()).create();
    cluster.settle();
    String uid = shop(client).create().getMetadata().getUid();
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("prices")
                .withNamespace("default")
                .addToOwnerReferences(
                    new OwnerReferenceBuilder()
                        .withApiVersion("example.com/v1")
                        .withKind("Shop")
                        .withName("corner")
                        .withUid(uid)
                        .build())
                .endMetadata()
                .build())
        .create();
    cluster.settle();
    shop(client).delete();
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat(client.configMaps().inNamespace("default").withName("prices").get()).isNull();
  }
}
