// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import dev.havn.node.claim.PreparedDevice;
import dev.havn.node.claim.ResourceClaims;
import dev.havn.node.device.DevicePlugins;
import dev.havn.node.device.OfferedDevice;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.protocol.podresources.AllocatableResourcesRequest;
import dev.havn.node.protocol.podresources.AllocatableResourcesResponse;
import dev.havn.node.protocol.podresources.CDIDevice;
import dev.havn.node.protocol.podresources.ClaimResource;
import dev.havn.node.protocol.podresources.ContainerDevices;
import dev.havn.node.protocol.podresources.ContainerResources;
import dev.havn.node.protocol.podresources.DynamicResource;
import dev.havn.node.protocol.podresources.GetPodResourcesRequest;
import dev.havn.node.protocol.podresources.GetPodResourcesResponse;
import dev.havn.node.protocol.podresources.ListPodResourcesRequest;
import dev.havn.node.protocol.podresources.ListPodResourcesResponse;
import dev.havn.node.protocol.podresources.NUMANode;
import dev.havn.node.protocol.podresources.PodResourcesListerGrpc;
import dev.havn.node.protocol.podresources.TopologyInfo;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Tells programs of the machine which pod has which devices (KEP-606): `v1.PodResourcesLister`.
final class PodResources implements PodResourcesListerGrpc.AsyncService, BindableService {
  private final BoundPods pods;
  private final DevicePlugins plugins;
  private final ResourceClaims claims;

  PodResources(BoundPods pods, DevicePlugins plugins, ResourceClaims claims) {
    this.pods = pods;
    this.plugins = plugins;
    this.claims = claims;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return PodResourcesListerGrpc.bindService(this);
  }

  @Override
  public void list(
      ListPodResourcesRequest request, StreamObserver<ListPodResourcesResponse> answer) {
    ListPodResourcesResponse.Builder all = ListPodResourcesResponse.newBuilder();
    for (Pod each : pods.list()) {
      if (!isOver(each)) {
        all.addPodResources(resources(each));
      }
    }
    answer.onNext(all.build());
    answer.onCompleted();
  }

  private static boolean isOver(Pod pod) {
    return pod.getStatus() != null
        && Set.of("Succeeded", "Failed").contains(String.valueOf(pod.getStatus().getPhase()));
  }

  @Override
  public void get(GetPodResourcesRequest request, StreamObserver<GetPodResourcesResponse> answer) {
    @Nullable Pod pod = pods.get(request.getPodNamespace(), request.getPodName());
    if (pod == null) {
      answer.onError(
          Status.UNKNOWN
              .withDescription(
                  "pod %s in namespace %s not found"
                      .formatted(request.getPodName(), request.getPodNamespace()))
              .asException());
      return;
    }
    answer.onNext(GetPodResourcesResponse.newBuilder().setPodResources(resources(pod)).build());
    answer.onCompleted();
  }

  @Override
  public void getAllocatableResources(
      AllocatableResourcesRequest request, StreamObserver<AllocatableResourcesResponse> answer) {
    AllocatableResourcesResponse.Builder all = AllocatableResourcesResponse.newBuilder();
    plugins
        .healthy()
        .forEach(
            (resource, devices) ->
                devices.forEach(each -> all.addAllDevices(devices(resource, each))));
    answer.onNext(all.build());
    answer.onCompleted();
  }

  private dev.havn.node.protocol.podresources.PodResources resources(Pod pod) {
    var resources = dev.havn.node.protocol.podresources.PodResources.newBuilder();
    resources.setName(pod.getMetadata().getName());
    resources.setNamespace(pod.getMetadata().getNamespace());
    List<Container> containers = new ArrayList<>();
    for (Container each : pod.getSpec().getInitContainers()) {
      if ("Always".equals(each.getRestartPolicy())) {
        containers.add(each);
      }
    }
    containers.addAll(pod.getSpec().getContainers());
    containers.forEach(each -> resources.addContainers(resources(pod, each)));
    return resources.build();
  }

  private ContainerResources resources(Pod pod, Container container) {
    ContainerResources.Builder resources =
        ContainerResources.newBuilder().setName(container.getName());
    plugins
        .devicesOf(pod.getMetadata().getUid(), container.getName())
        .forEach(
            (resource, devices) ->
                devices.forEach(each -> resources.addAllDevices(devices(resource, each))));
    for (ResourceClaims.Claimed each : claims.claimed(pod, container)) {
      DynamicResource.Builder claim =
          DynamicResource.newBuilder()
              .setClaimName(each.name())
              .setClaimNamespace(each.namespace());
      for (Map.Entry<String, List<PreparedDevice>> driver : each.devices().entrySet()) {
        driver
            .getValue()
            .forEach(device -> claim.addClaimResources(claimed(driver.getKey(), device)));
      }
      resources.addDynamicResources(claim);
    }
    return resources.build();
  }

  /// One for each NUMA node that the device is near to.
  private static List<ContainerDevices> devices(String resource, OfferedDevice device) {
    ContainerDevices one =
        ContainerDevices.newBuilder().setResourceName(resource).addDeviceIds(device.id()).build();
    return device.numaNodes().isEmpty()
        ? List.of(one)
        : device.numaNodes().stream().map(each -> near(one, each)).toList();
  }

  private static ContainerDevices near(ContainerDevices device, long numaNode) {
    return device.toBuilder()
        .setTopology(TopologyInfo.newBuilder().addNodes(NUMANode.newBuilder().setID(numaNode)))
        .build();
  }

  private static ClaimResource claimed(String driver, PreparedDevice device) {
    ClaimResource.Builder resource =
        ClaimResource.newBuilder()
            .setDriverName(driver)
            .setPoolName(device.pool())
            .setDeviceName(device.device());
    device
        .cdiDevices()
        .forEach(each -> resource.addCdiDevices(CDIDevice.newBuilder().setName(each)));
    if (device.share() != null) {
      resource.setShareId(device.share());
    }
    return resource.build();
  }
}
