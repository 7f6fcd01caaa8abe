// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerExtendedResourceRequest;
import io.fabric8.kubernetes.api.model.ContainerExtendedResourceRequestBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequest;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The claim that the scheduler makes for a pod whose extended resources are devices (KEP-5004).
///
/// @param claim not yet in the API
/// @param mappings by which requests of the claim a container's resource is given
public record ExtendedClaim(ResourceClaim claim, List<ContainerExtendedResourceRequest> mappings) {
  private static final String ANNOTATION = "resource.kubernetes.io/extended-resource-claim";
  private static final String ALWAYS = "Always";

  /// Whether a claim was made, or is to be made, for extended resources.
  public static boolean isOne(ResourceClaim claim) {
    Map<String, String> annotations = claim.getMetadata().getAnnotations();
    return annotations != null && "true".equals(annotations.get(ANNOTATION));
  }

  static boolean isOf(ResourceClaim claim, String podUid) {
    return isOne(claim)
        && claim.getMetadata().getOwnerReferences().stream()
            .anyMatch(
                each -> Boolean.TRUE.equals(each.getController()) && podUid.equals(each.getUid()));
  }

  /// @param resources that devices give, each with its class
  static ExtendedClaim of(Pod pod, Map<String, DeviceClass> resources) {
    List<Container> containers = new ArrayList<>(pod.getSpec().getInitContainers());
    int others = containers.size();
    containers.addAll(pod.getSpec().getContainers());
    List<DeviceRequest> requests = new ArrayList<>();
    List<ContainerExtendedResourceRequest> mappings = new ArrayList<>();
    for (String resource : new TreeSet<>(resources.keySet())) {
      @Nullable DeviceClass ofResource = resources.get(resource);
      if (ofResource != null) {
        String className = ofResource.getMetadata().getName();
        new OfResource(containers, others, resource, className).addTo(requests, mappings);
      }
    }
    requests.sort(Comparator.comparing(DeviceRequest::getName));
    ResourceClaim claim =
        new ResourceClaimBuilder()
            .withNewMetadata()
            .withNamespace(pod.getMetadata().getNamespace())
            .withGenerateName(pod.getMetadata().getName() + "-extended-resources-")
            .withUid("extended-" + pod.getMetadata().getUid())
            .addToAnnotations(ANNOTATION, "true")
            .addNewOwnerReference()
            .withApiVersion("v1")
            .withKind("Pod")
            .withName(pod.getMetadata().getName())
            .withUid(pod.getMetadata().getUid())
            .withController(true)
            .endOwnerReference()
            .endMetadata()
            .withNewSpec()
            .withNewDevices()
            .withRequests(requests)
            .endDevices()
            .endSpec()
            .build();
    return new ExtendedClaim(claim, mappings);
  }

  /// The requests for one resource. Containers that run for as long as the pod have their own; init
  /// containers use those of containers that come after them, and together one for what is lacking.
  ///
  /// @param inits how many of the containers are init containers
  private record OfResource(
      List<Container> containers, int inits, String resource, String className) {

    void addTo(List<DeviceRequest> requests, List<ContainerExtendedResourceRequest> mappings) {
      @Nullable DeviceRequest[] lasting = new DeviceRequest[containers.size()];
      for (int i = 0; i < containers.size(); i++) {
        long count = isPassing(i) ? 0 : count(i);
        if (count > 0) {
          DeviceRequest own = request(i, count);
          lasting[i] = own;
          requests.add(own);
          mappings.add(mapping(i, name(i)));
        }
      }
      addPassing(lasting, requests, mappings);
    }

    private void addPassing(
        @Nullable DeviceRequest[] lasting,
        List<DeviceRequest> requests,
        List<ContainerExtendedResourceRequest> mappings) {
      List<ContainerExtendedResourceRequest> passing = new ArrayList<>();
      @Nullable DeviceRequest largest = null;
      Set<String> lacking = new HashSet<>();
      for (int i = 0; i < inits; i++) {
        long left = isPassing(i) ? count(i) : 0;
        for (int later = i; later < lasting.length && left > 0; later++) {
          @Nullable DeviceRequest other = lasting[later];
          if (other != null) {
            left -= other.getExactly().getCount();
            passing.add(mapping(i, other.getName()));
          }
        }
        if (left > 0) {
          lacking.add(name(i));
          passing.add(mapping(i, name(i)));
          largest =
              largest == null || largest.getExactly().getCount() < left
                  ? request(i, left)
                  : largest;
        }
      }
      if (largest != null) {
        requests.add(largest);
        String one = largest.getName();
        passing.replaceAll(
            each ->
                lacking.contains(each.getRequestName())
                    ? each.toBuilder().withRequestName(one).build()
                    : each);
      }
      mappings.addAll(passing);
    }

    private boolean isPassing(int container) {
      return container < inits && !ALWAYS.equals(containers.get(container).getRestartPolicy());
    }

    private long count(int container) {
      Map<String, Quantity> asked = asked(container);
      @Nullable Quantity amount = asked.get(resource);
      return amount == null ? 0 : Quantity.getAmountInBytes(amount).longValue();
    }

    private Map<String, Quantity> asked(int container) {
      var resources = containers.get(container).getResources();
      return resources == null || resources.getRequests() == null
          ? Map.of()
          : resources.getRequests();
    }

    /// Says which of a container's requests it is, in the order of their names.
    private String name(int container) {
      Collection<String> names = new TreeSet<>(asked(container).keySet());
      long before = names.stream().filter(each -> each.compareTo(resource) < 0).count();
      return "container-" + container + "-request-" + before;
    }

    private DeviceRequest request(int container, long count) {
      return new DeviceRequestBuilder()
          .withName(name(container))
          .withNewExactly()
          .withDeviceClassName(className)
          .withAllocationMode("ExactCount")
          .withCount(count)
          .endExactly()
          .build();
    }

    private ContainerExtendedResourceRequest mapping(int container, String request) {
      return new ContainerExtendedResourceRequestBuilder()
          .withContainerName(containers.get(container).getName())
          .withResourceName(resource)
          .withRequestName(request)
          .build();
    }
  }
}
