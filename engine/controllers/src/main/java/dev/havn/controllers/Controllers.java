// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.deployment.DeploymentReconciler;
import dev.havn.controllers.disruption.BudgetReconciler;
import dev.havn.controllers.disruption.Scales;
import dev.havn.controllers.endpoints.Backends;
import dev.havn.controllers.endpoints.EndpointSliceReconciler;
import dev.havn.controllers.endpoints.EndpointsReconciler;
import dev.havn.controllers.endpoints.MirrorReconciler;
import dev.havn.controllers.garbage.GarbageCollector;
import dev.havn.controllers.nodes.NodeLifecycle;
import dev.havn.controllers.nodes.PodGarbage;
import dev.havn.controllers.quota.QuotaReconciler;
import dev.havn.controllers.replicas.Kinds;
import dev.havn.controllers.replicas.ReplicaSetReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// All controllers, each with its own rights, watching through shared informers.
public final class Controllers implements AutoCloseable {
  private static final int WORKERS = 5;

  private final List<Controller> controllers = new ArrayList<>();
  private final Informers informers;
  private final ScheduledExecutorService executor;
  private final GarbageCollector collector;

  /// What the controllers run with.
  ///
  /// @param apis the API as a service account in `kube-system` sees it, by its name
  /// @param authority the cluster's certificate authority as PEM
  public record Settings(
      Function<String, Api> apis,
      String authority,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  public Controllers(Settings settings, Informers informers) {
    this.informers = informers;
    this.executor = settings.executor();
    workloads(settings);
    namespaces(settings);
    endpoints(settings);
    nodes(settings);
    roles(settings);
    this.collector =
        new GarbageCollector(
            settings.apis().apply("generic-garbage-collector"), informers, executor);
    quotas(settings);
    disruptions(settings);
    collector.start();
  }

  private Controller add(String name, Reconciler reconciler, int workers) {
    Controller controller = new Controller(name, reconciler, executor, workers);
    controllers.add(controller);
    return controller;
  }

  private static <T extends HasMetadata> void watch(Informer<T> informer, Controller controller) {
    informer.onChange(
        (before, after) -> controller.add(Informer.keyOf(after == null ? notNull(before) : after)));
  }

  private static <T> T notNull(@Nullable T object) {
    if (object == null) {
      throw new AssertionError("a change from nothing to nothing");
    }
    return object;
  }

  /// Adds the owner of `kind` of whatever changes.
  private static <T extends HasMetadata> void watchOwned(
      Informer<T> informer, Controller controller, String kind) {
    informer.onChange(
        (before, after) -> {
          for (@Nullable T each :
              new ArrayList<@Nullable T>(java.util.Arrays.asList(before, after))) {
            if (each != null) {
              for (OwnerReference owner : each.getMetadata().getOwnerReferences()) {
                if (owner.getKind().equals(kind)) {
                  controller.add(new Key(each.getMetadata().getNamespace(), owner.getName()));
                }
              }
            }
          }
        });
  }

  private void workloads(Settings settings) {
    Informer<Pod> pods = informers.of(Pod.class);
    Informer<ReplicaSet> sets = informers.of(ReplicaSet.class);
    Api setApi = settings.apis().apply("replicaset-controller");
    Controller replicaSets =
        add(
            "replicaset",
            new ReplicaSetReconciler<>(
                Kinds.replicaSets(),
                sets,
                pods,
                setApi,
                new Events(setApi, "replicaset-controller", "", settings.clock()),
                settings.clock()),
            WORKERS);
    watch(sets, replicaSets);
    watchOwned(pods, replicaSets, "ReplicaSet");
    watchOrphans(pods, replicaSets, sets);
    replicationControllers(settings, pods);
    deployments(settings, sets, pods);
  }

  private void deployments(Settings settings, Informer<ReplicaSet> sets, Informer<Pod> pods) {
    Informer<Deployment> deployments = informers.of(Deployment.class);
    Api api = settings.apis().apply("deployment-controller");
    Controller rollouts =
        add(
            "deployment",
            new DeploymentReconciler(
                deployments,
                sets,
                pods,
                api,
                new Events(api, "deployment-controller", "", settings.clock()),
                settings.clock()),
            WORKERS);
    watch(deployments, rollouts);
    watchOwned(sets, rollouts, "Deployment");
    sets.onChange(
        (_, after) -> {
          if (after != null && after.getMetadata().getOwnerReferences().isEmpty()) {
            deployments
                .list(after.getMetadata().getNamespace())
                .forEach(each -> rollouts.add(Informer.keyOf(each)));
          }
        });
    pods.onChange(
        (_, after) -> {
          if (after == null) {
            deployments.list().stream()
                .filter(
                    each ->
                        each.getSpec().getStrategy() != null
                            && "Recreate".equals(each.getSpec().getStrategy().getType()))
                .forEach(each -> rollouts.add(Informer.keyOf(each)));
          }
        });
  }

  private void replicationControllers(Settings settings, Informer<Pod> pods) {
    Informer<ReplicationController> old = informers.of(ReplicationController.class);
    Api oldApi = settings.apis().apply("replication-controller");
    Controller replicationControllers =
        add(
            "replication-controller",
            new ReplicaSetReconciler<>(
                Kinds.replicationControllers(),
                old,
                pods,
                oldApi,
                new Events(oldApi, "replication-controller", "", settings.clock()),
                settings.clock()),
            WORKERS);
    watch(old, replicationControllers);
    watchOwned(pods, replicationControllers, "ReplicationController");
    watchOrphans(pods, replicationControllers, old);
  }

  /// A pod without controller may match any set of its namespace.
  private static <T extends HasMetadata> void watchOrphans(
      Informer<Pod> pods, Controller controller, Informer<T> sets) {
    Predicate<Pod> orphan = pod -> dev.havn.controllers.replicas.PodState.controller(pod) == null;
    pods.onChange(
        (_, after) -> {
          if (after != null && orphan.test(after)) {
            sets.list(after.getMetadata().getNamespace())
                .forEach(set -> controller.add(Informer.keyOf(set)));
          }
        });
  }

  private void namespaces(Settings settings) {
    Informer<Namespace> namespaces = informers.of(Namespace.class);
    Informer<ServiceAccount> accounts = informers.of(ServiceAccount.class);
    Informer<ConfigMap> maps =
        informers.of(
            ConfigMap.class, "&fieldSelector=metadata.name%3D" + NamespaceDefaults.AUTHORITY);
    Controller defaults =
        add(
            "serviceaccount",
            new NamespaceDefaults(
                namespaces,
                settings.apis().apply("service-account-controller"),
                NamespaceDefaults.account(accounts)),
            WORKERS);
    watch(namespaces, defaults);
    accounts.onChange(
        (before, after) -> {
          if (after == null && before != null) {
            defaults.add(new Key("", before.getMetadata().getNamespace()));
          }
        });
    Controller publisher =
        add(
            "root-ca-certificate-publisher",
            new NamespaceDefaults(
                namespaces,
                settings.apis().apply("root-ca-cert-publisher"),
                NamespaceDefaults.authority(maps, settings.authority())),
            WORKERS);
    watch(namespaces, publisher);
    maps.onChange(
        (before, after) -> {
          HasMetadata map = after == null ? notNull(before) : after;
          publisher.add(new Key("", map.getMetadata().getNamespace()));
        });
    Controller deletion =
        add(
            "namespace",
            new NamespaceReconciler(
                namespaces, settings.apis().apply("namespace-controller"), settings.clock()),
            WORKERS);
    watch(namespaces, deletion);
  }

  private void nodes(Settings settings) {
    Informer<Node> nodes = informers.of(Node.class);
    Informer<Pod> pods = informers.of(Pod.class);
    Api api = settings.apis().apply("node-controller");
    Events events = new Events(api, "node-controller", "", settings.clock());
    Controller lifecycle =
        add(
            "node_lifecycle_controller",
            new NodeLifecycle(
                nodes, informers.of(Lease.class), pods, api, events, settings.clock()),
            1);
    watch(nodes, lifecycle);
    evictions(settings, nodes);
    Controller garbage =
        add(
            "pod-garbage-collector",
            new PodGarbage(
                pods, nodes, settings.apis().apply("pod-garbage-collector"), settings.clock()),
            1);
    garbage.add(PodGarbage.ALL);
  }

  private void evictions(Settings settings, Informer<Node> nodes) {
    Informer<Pod> pods = informers.of(Pod.class);
    Api api = settings.apis().apply("node-controller");
    Events events = new Events(api, "taint-eviction-controller", "", settings.clock());
    Controller evictions =
        add(
            "taint-eviction",
            new TaintEviction(pods, nodes, api, events, settings.clock()),
            WORKERS);
    pods.onChange(
        (_, after) -> {
          String node = after == null ? null : after.getSpec().getNodeName();
          if (after != null && node != null && TaintEviction.isTainted(nodes.get("", node))) {
            evictions.add(Informer.keyOf(after));
          }
        });
    nodes.onChange(
        (before, after) -> {
          if (TaintEviction.isTainted(before) || TaintEviction.isTainted(after)) {
            String name = (after == null ? notNull(before) : after).getMetadata().getName();
            pods.list().stream()
                .filter(pod -> name.equals(pod.getSpec().getNodeName()))
                .forEach(pod -> evictions.add(Informer.keyOf(pod)));
          }
        });
  }

  private void endpoints(Settings settings) {
    Informer<Service> services = informers.of(Service.class);
    Informer<Pod> pods = informers.of(Pod.class);
    Informer<EndpointSlice> slices = informers.of(EndpointSlice.class);
    Informer<Endpoints> endpoints = informers.of(Endpoints.class);
    Controller sliced =
        add(
            "endpoint_slice",
            new EndpointSliceReconciler(
                new EndpointSliceReconciler.Caches(
                    services, pods, informers.of(Node.class), slices),
                settings.apis().apply("endpointslice-controller")),
            WORKERS);
    Controller whole =
        add(
            "endpoint",
            new EndpointsReconciler(
                services, pods, endpoints, settings.apis().apply("endpoint-controller")),
            WORKERS);
    watch(endpoints, whole);
    slices.onChange(
        (before, after) -> {
          @Nullable Key service =
              EndpointSliceReconciler.serviceOf(after == null ? notNull(before) : after);
          if (service != null) {
            sliced.add(service);
          }
        });
    mirrors(settings, endpoints, services, slices);
    for (Controller controller : List.of(sliced, whole)) {
      watch(services, controller);
      pods.onChange(
          (before, after) -> {
            HasMetadata pod = after == null ? notNull(before) : after;
            services.list(pod.getMetadata().getNamespace()).stream()
                .filter(each -> Backends.mayConcern(each, before, after))
                .forEach(each -> controller.add(Informer.keyOf(each)));
          });
    }
  }

  private void mirrors(
      Settings settings,
      Informer<Endpoints> endpoints,
      Informer<Service> services,
      Informer<EndpointSlice> slices) {
    Controller controller =
        add(
            "endpoint_slice_mirroring",
            new MirrorReconciler(
                endpoints,
                services,
                slices,
                settings.apis().apply("endpointslicemirroring-controller")),
            1);
    watch(endpoints, controller);
    watch(services, controller);
    slices.onChange(
        (before, after) -> {
          @Nullable Key mirrored =
              MirrorReconciler.mirrored(after == null ? notNull(before) : after);
          if (mirrored != null) {
            controller.add(mirrored);
          }
        });
  }

  private void quotas(Settings settings) {
    Informer<ResourceQuota> quotas = informers.of(ResourceQuota.class);
    Informer<Pod> pods = informers.of(Pod.class);
    Controller controller =
        add(
            "resourcequota",
            new QuotaReconciler(
                new QuotaReconciler.Caches(
                    quotas,
                    pods,
                    informers.of(Service.class),
                    informers.of(PersistentVolumeClaim.class),
                    collector),
                settings.apis().apply("resourcequota-controller")),
            WORKERS);
    watch(quotas, controller);
    Consumer<String> changed =
        namespace -> quotas.list(namespace).forEach(quota -> controller.add(Informer.keyOf(quota)));
    collector.onCount(changed);
    pods.onChange(
        (before, after) ->
            changed.accept((after == null ? notNull(before) : after).getMetadata().getNamespace()));
  }

  private void disruptions(Settings settings) {
    Informer<PodDisruptionBudget> budgets = informers.of(PodDisruptionBudget.class);
    Informer<Pod> pods = informers.of(Pod.class);
    Api api = settings.apis().apply("disruption-controller");
    Controller controller =
        add(
            "disruption",
            new BudgetReconciler(budgets, pods, new Scales(api), api, settings.clock()),
            1);
    watch(budgets, controller);
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? notNull(before) : after;
          budgets.list(pod.getMetadata().getNamespace()).stream()
              .filter(
                  budget ->
                      BudgetReconciler.selects(budget, pod)
                          || (before != null && BudgetReconciler.selects(budget, before)))
              .forEach(budget -> controller.add(Informer.keyOf(budget)));
        });
  }

  private void roles(Settings settings) {
    Informer<ClusterRole> roles = informers.of(ClusterRole.class);
    Controller aggregation =
        add(
            "ClusterRoleAggregator",
            new ClusterRoleAggregation(
                roles, settings.apis().apply("clusterrole-aggregation-controller")),
            1);
    roles.onChange(
        (_, _) ->
            roles.list().stream()
                .filter(ClusterRoleAggregation::aggregates)
                .forEach(role -> aggregation.add(Informer.keyOf(role))));
  }

  /// Works only while it leads; caches are kept up to date always.
  public void lead(boolean leads) {
    for (Controller each : all()) {
      if (leads) {
        each.resume();
      } else {
        each.pause();
      }
    }
  }

  private List<Controller> all() {
    List<Controller> all = new ArrayList<>(controllers);
    all.add(collector.controller());
    return all;
  }

  public List<Controller.Counts> counts() {
    return all().stream().map(Controller::counts).toList();
  }

  public boolean haveSynced() {
    return informers.haveSynced();
  }

  @Override
  public void close() {
    controllers.forEach(Controller::close);
    collector.close();
  }
}
