// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.quota;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.Service;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Counts anew what a quota limits, when something has changed or gone. What is created is counted
/// by the API server itself, at once.
public final class QuotaReconciler implements Reconciler {
  private static final Duration AGAIN = Duration.ofMinutes(5);
  private static final Duration UNCOUNTED = Duration.ofSeconds(1);
  private static final BigDecimal KIBI = BigDecimal.valueOf(1024);
  private static final String CLASS = ".storageclass.storage.k8s.io/";
  private static final String CLASS_OF_OLD = "volume.beta.kubernetes.io/storage-class";

  private final Caches caches;
  private final Api api;

  /// What is counted.
  public record Caches(
      Informer<ResourceQuota> quotas,
      Informer<Pod> pods,
      Informer<Service> services,
      Informer<PersistentVolumeClaim> claims,
      DeviceClaims devices,
      Counts counts) {}

  /// Numbers of objects of any kind.
  public interface Counts {
    /// Whether all objects of a kind are known; of one that nobody serves they are.
    boolean hasSynced(String resource);

    /// @param resource such as `configmaps` or `deployments.apps`
    /// @return -1 when there is no such resource
    int of(String resource, String namespace);
  }

  public QuotaReconciler(Caches caches, Api api) {
    this.caches = caches;
    this.api = api;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable ResourceQuota quota = caches.quotas().get(key.namespace(), key.name());
    if (quota == null || quota.getMetadata().getDeletionTimestamp() != null) {
      return Result.DONE;
    }
    Map<String, Quantity> hard = hard(quota);
    if (!hard.keySet().stream().allMatch(this::isKnown)) {
      return Result.after(UNCOUNTED);
    }
    Map<String, BigDecimal> used = new TreeMap<>();
    hard.keySet()
        .forEach(
            resource -> {
              @Nullable BigDecimal amount = used(quota, resource);
              if (amount != null) {
                used.put(resource, amount);
              }
            });
    if (!isSaid(quota, hard, used)) {
      ObjectNode status = Api.object();
      status.set("hard", api.toTree(hard));
      ObjectNode shown = status.putObject("used");
      used.forEach((resource, amount) -> shown.put(resource, text(amount, hard.get(resource))));
      api.updateStatus(quota, status);
    }
    return Result.after(AGAIN);
  }

  /// A quota of a kind that is not known whole waits for it, alone.
  private boolean isKnown(String resource) {
    return caches.counts().hasSynced(resource.replaceFirst("^count/", ""));
  }

  private static Map<String, Quantity> hard(ResourceQuota quota) {
    @Nullable Map<String, Quantity> hard =
        quota.getSpec() == null ? null : quota.getSpec().getHard();
    return hard == null ? Map.of() : hard;
  }

  private static boolean isSaid(
      ResourceQuota quota, Map<String, Quantity> hard, Map<String, BigDecimal> used) {
    if (quota.getStatus() == null || !hard.equals(quota.getStatus().getHard())) {
      return false;
    }
    @Nullable Map<String, Quantity> said = quota.getStatus().getUsed();
    return said != null
        && said.keySet().equals(used.keySet())
        && used.entrySet().stream()
            .allMatch(each -> isEqual(said.get(each.getKey()), each.getValue()));
  }

  private static boolean isEqual(@Nullable Quantity said, BigDecimal amount) {
    return said != null && said.getNumericalAmount().compareTo(amount) == 0;
  }

  /// Bytes are said in the way in which their limit is.
  private static String text(BigDecimal amount, @Nullable Quantity limit) {
    boolean binary = limit != null && limit.getFormat() != null && limit.getFormat().endsWith("i");
    boolean whole = amount.remainder(KIBI).signum() == 0;
    return binary && whole && amount.signum() > 0
        ? amount.divide(KIBI).toPlainString() + "Ki"
        : amount.toPlainString();
  }

  /// How much there is of what a quota limits; null when it is nothing that can be counted.
  private @Nullable BigDecimal used(ResourceQuota quota, String resource) {
    String namespace = quota.getMetadata().getNamespace();
    Scopes scopes = Scopes.of(quota.getSpec());
    String counted = resource.replaceFirst("^count/", "");
    if (resource.equals("count/pods")) {
      return BigDecimal.valueOf(pods(namespace, scopes).size());
    }
    if (resource.equals("pods") || isOfPods(resource)) {
      BigDecimal ofPods =
          ofPods(
              pods(namespace, scopes).stream().filter(pod -> !PodState.isFinished(pod)).toList(),
              resource);
      return resource.startsWith("requests.") && scopes.isEmpty()
          ? ofPods.add(caches.devices().of(namespace, resource))
          : ofPods;
    }
    if (counted.equals("persistentvolumeclaims")
        || resource.equals("requests.storage")
        || resource.contains(CLASS)) {
      return storage(namespace, scopes, counted);
    }
    if (!scopes.isEmpty()) {
      return BigDecimal.ZERO;
    }
    if (resource.endsWith(DeviceClaims.OF_CLASS)) {
      return caches.devices().of(namespace, resource);
    }
    if (resource.startsWith("services.")) {
      return BigDecimal.valueOf(
          caches.services().list(namespace).stream()
              .mapToLong(service -> ofService(service, resource))
              .sum());
    }
    int count = caches.counts().of(counted, namespace);
    return count < 0 ? null : BigDecimal.valueOf(count);
  }

  private static boolean isOfPods(String resource) {
    return resource.startsWith("limits.")
        || (resource.startsWith("requests.") && !resource.equals("requests.storage"))
        || resource.startsWith("hugepages-")
        || Set.of("cpu", "memory", "ephemeral-storage").contains(resource);
  }

  private List<Pod> pods(String namespace, Scopes scopes) {
    return caches.pods().list(namespace).stream().filter(scopes::holds).toList();
  }

  private static BigDecimal ofPods(List<Pod> pods, String resource) {
    if (resource.equals("pods")) {
      return BigDecimal.valueOf(pods.size());
    }
    boolean limits = resource.startsWith("limits.");
    String name = resource.replaceFirst("^(limits|requests)\\.", "");
    return pods.stream()
        .map(pod -> new PodAmounts(pod, limits, name).total())
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  private static long ofService(Service service, String resource) {
    boolean balanced = "LoadBalancer".equals(service.getSpec().getType());
    if (resource.equals("services.loadbalancers")) {
      return balanced ? 1 : 0;
    }
    boolean opens = "NodePort".equals(service.getSpec().getType());
    boolean allocates = !Boolean.FALSE.equals(service.getSpec().getAllocateLoadBalancerNodePorts());
    return service.getSpec().getPorts().stream()
        .filter(
            port ->
                opens
                    || (balanced
                        && (allocates || (port.getNodePort() != null && port.getNodePort() > 0))))
        .count();
  }

  /// @param resource of all claims or of those of a class
  private BigDecimal storage(String namespace, Scopes scopes, String resource) {
    int at = resource.indexOf(CLASS);
    @Nullable String wanted = at < 0 ? null : resource.substring(0, at);
    List<PersistentVolumeClaim> claims =
        caches.claims().list(namespace).stream()
            .filter(scopes::holds)
            .filter(claim -> wanted == null || wanted.equals(className(claim)))
            .toList();
    if (resource.endsWith("persistentvolumeclaims")) {
      return BigDecimal.valueOf(claims.size());
    }
    BigDecimal total = BigDecimal.ZERO;
    for (PersistentVolumeClaim claim : claims) {
      @Nullable Quantity own = claim.getSpec().getResources().getRequests().get("storage");
      total = own == null ? total : total.add(own.getNumericalAmount());
    }
    return total;
  }

  /// Said in the way of old it goes before.
  private static @Nullable String className(PersistentVolumeClaim claim) {
    @Nullable Map<String, String> annotations = claim.getMetadata().getAnnotations();
    @Nullable String old = annotations == null ? null : annotations.get(CLASS_OF_OLD);
    return old == null ? claim.getSpec().getStorageClassName() : old;
  }
}
