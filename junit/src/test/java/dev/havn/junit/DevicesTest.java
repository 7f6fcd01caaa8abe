// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDR;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDRBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplateBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Claims to devices, and ranges of addresses, are given out and come back.
@Havn
class DevicesTest {
  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("main")
        .withImage("example/main:1")
        .endContainer()
        .addNewResourceClaim()
        .withName("gpu")
        .withResourceClaimTemplateName("gpus")
        .endResourceClaim()
        .addToNodeSelector("no", "such")
        .endSpec()
        .build();
  }

  private static void template(KubernetesClient client) {
    client
        .resource(
            new ResourceClaimTemplateBuilder()
                .withNewMetadata()
                .withName("gpus")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withNewMetadata()
                .withLabels(Map.of("a", "b"))
                .endMetadata()
                .withNewSpec()
                .withNewDevices()
                .addNewRequest()
                .withName("one")
                .withNewExactly()
                .withDeviceClassName("gpu")
                .endExactly()
                .endRequest()
                .endDevices()
                .endSpec()
                .endSpec()
                .build())
        .create();
  }

  private static List<ResourceClaim> claims(KubernetesClient client) {
    return client.resources(ResourceClaim.class).inNamespace("default").list().getItems();
  }

  @Test
  void aPodGetsAClaimFromATemplateThatComesLater(KubernetesClient client, Cluster cluster) {
    client.resource(pod()).create();
    cluster.settle();
    assertThat(client.v1().events().inNamespace("default").list().getItems())
        .filteredOn(event -> event.getReason().equals("FailedResourceClaimCreation"))
        .singleElement()
        .extracting(Event::getMessage)
        .isEqualTo(
            "PodResourceClaim gpu: resource claim template \"gpus\":"
                + " resourceclaimtemplate.resource.k8s.io \"gpus\" not found");
    template(client);
    cluster.time().advance(Duration.ofSeconds(16));
    ResourceClaim claim = claims(client).getFirst();
    assertThat(claim.getMetadata().getName()).startsWith("web-gpu-");
    assertThat(claim.getMetadata().getLabels()).containsEntry("a", "b");
    assertThat(claim.getMetadata().getAnnotations())
        .containsEntry("resource.kubernetes.io/pod-claim-name", "gpu");
    Pod pod = client.pods().inNamespace("default").withName("web").get();
    assertThat(pod.getStatus().getResourceClaimStatuses())
        .singleElement()
        .matches(status -> status.getName().equals("gpu"))
        .matches(status -> status.getResourceClaimName().equals(claim.getMetadata().getName()));
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(claims(client)).hasSize(1);
  }

  @Test
  void aClaimComesBackWhenItsPodIsDone(KubernetesClient client, Cluster cluster) {
    template(client);
    client.resource(pod()).create();
    cluster.settle();
    var claim =
        client
            .resources(ResourceClaim.class)
            .inNamespace("default")
            .withName(claims(client).getFirst().getMetadata().getName());
    String uid = client.pods().inNamespace("default").withName("web").get().getMetadata().getUid();
    claim.edit(
        each ->
            new ResourceClaimBuilder(each)
                .editMetadata()
                .addToFinalizers("resource.kubernetes.io/delete-protection")
                .endMetadata()
                .build());
    claim.editStatus(
        each ->
            new ResourceClaimBuilder(each)
                .withNewStatus()
                .withNewAllocation()
                .endAllocation()
                .addNewReservedFor()
                .withResource("pods")
                .withName("web")
                .withUid(uid)
                .endReservedFor()
                .endStatus()
                .build());
    cluster.settle();
    assertThat(claims(client).getFirst().getStatus().getReservedFor()).hasSize(1);
    client
        .pods()
        .inNamespace("default")
        .withName("web")
        .editStatus(
            each -> new PodBuilder(each).editStatus().withPhase("Succeeded").endStatus().build());
    cluster.time().advance(Duration.ofSeconds(1));
    assertThat(claims(client)).isEmpty();
  }

  @Test
  void aClaimOfSomebodyElsesIsFreedButKept(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ResourceClaimBuilder()
                .withNewMetadata()
                .withName("shared")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build())
        .create();
    client
        .resources(ResourceClaim.class)
        .inNamespace("default")
        .withName("shared")
        .editStatus(
            each ->
                new ResourceClaimBuilder(each)
                    .withNewStatus()
                    .withNewAllocation()
                    .endAllocation()
                    .addNewReservedFor()
                    .withResource("pods")
                    .withName("gone")
                    .withUid("1")
                    .endReservedFor()
                    .endStatus()
                    .build());
    cluster.settle();
    assertThat(claims(client).getFirst().getStatus().getReservedFor()).isEmpty();
    assertThat(claims(client).getFirst().getStatus().getAllocation()).isNotNull();
  }

  private static @Nullable ServiceCIDR range(KubernetesClient client) {
    return client.resources(ServiceCIDR.class).withName("more").get();
  }

  @Test
  void aRangeIsReadyAndStaysWhileAServiceHasAnAddressOfIt(
      KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ServiceCIDRBuilder()
                .withNewMetadata()
                .withName("more")
                .endMetadata()
                .withNewSpec()
                .withCidrs("192.168.77.0/24")
                .endSpec()
                .build())
        .create();
    cluster.settle();
    ServiceCIDR range = Objects.requireNonNull(range(client));
    assertThat(range.getMetadata().getFinalizers())
        .containsExactly("networking.k8s.io/service-cidr-finalizer");
    assertThat(range.getStatus().getConditions())
        .singleElement()
        .matches(each -> each.getStatus().equals("True"))
        .matches(each -> each.getMessage().equals("Kubernetes Service CIDR is ready"));
    client.resources(ServiceCIDR.class).withName("more").delete();
    cluster.time().advance(Duration.ofSeconds(9));
    assertThat(range(client)).isNotNull();
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat(range(client)).isNull();
  }

  @Test
  void theRangeThatServicesHaveTheirAddressesFromStays(KubernetesClient client, Cluster cluster) {
    client.resources(ServiceCIDR.class).withName("kubernetes").delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(
            client
                .resources(ServiceCIDR.class)
                .withName("kubernetes")
                .get()
                .getStatus()
                .getConditions())
        .singleElement()
        .matches(each -> each.getReason().equals("Terminating"))
        .matches(
            each ->
                each.getMessage()
                    .equals(
                        "There are still IPAddresses referencing the ServiceCIDR, please remove"
                            + " them or create a new ServiceCIDR"));
  }

  @Test
  void aRangeGoesWhenItsLastServiceHasGone(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ServiceCIDRBuilder()
                .withNewMetadata()
                .withName("more")
                .endMetadata()
                .withNewSpec()
                .withCidrs("192.168.77.0/24")
                .endSpec()
                .build())
        .create();
    cluster.settle();
    client
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName("s")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withClusterIP("192.168.77.7")
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    client.resources(ServiceCIDR.class).withName("more").delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(range(client)).isNotNull();
    client.services().inNamespace("default").withName("s").delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(range(client)).isNull();
  }
}
