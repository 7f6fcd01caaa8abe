// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.addresses.Ranges;
import dev.havn.controllers.autoscaling.ScalingCounts;
import dev.havn.controllers.autoscaling.ScalingOptions;
import dev.havn.controllers.certificates.CertificateSigner;
import dev.havn.controllers.garbage.GarbageCollector;
import dev.havn.controllers.nodes.NodeOptions;
import dev.havn.controllers.nodes.PodGarbage;
import dev.havn.controllers.storageversions.StorageVersionGarbage;
import dev.havn.controllers.tokens.SecretTokens;
import dev.havn.controllers.volumes.Disks;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// All controllers, each with its own rights, watching through shared informers.
public final class Controllers implements AutoCloseable {
  /// Who offers the lease to others and gets it back has been away no longer, and knows all that it
  /// knew: times that are counted, such as that for which a node is silent, go on.
  private static final Duration SHORT_REST = Duration.ofSeconds(10);

  private final Wiring wiring;
  private final GarbageCollector collector;
  private final ScalingCounts scaling;
  private final @Nullable StorageVersionGarbage versions;
  private volatile Instant restingSince = Instant.EPOCH;

  /// What the controllers run with.
  ///
  /// @param apis the API as a service account in `kube-system` sees it, by its name
  /// @param manager the API as `system:kube-controller-manager` sees it
  /// @param authority the cluster's certificate authority as PEM
  /// @param signer of the tokens that Secrets hold
  /// @param pods the addresses of all pods
  /// @param certificates the authority's key
  /// @param disks of the nodes of this process
  /// @param features that Kubernetes does not turn on by itself
  /// @param options what kube-controller-manager's options say
  public record Settings(
      Function<String, Api> apis,
      Api manager,
      String authority,
      SecretTokens signer,
      Ranges pods,
      CertificateSigner certificates,
      Disks disks,
      Features features,
      Options options,
      InstantSource clock,
      ScheduledExecutorService executor) {}

  /// Features of controllers that somebody has to ask for.
  ///
  /// @param severalAtOnce whether a StatefulSet's update may take several pods at once
  /// @param storageVersions whether servers say in which versions they keep resources
  public record Features(boolean severalAtOnce, boolean storageVersions) {
    /// Those that Kubernetes turns on by itself.
    public static final Features USUAL = new Features(false, false);
  }

  /// What users of kube-controller-manager choose.
  ///
  /// @param finishedPods that are kept, 0 or less for all; `--terminated-pod-gc-threshold`
  /// @param certificates for how long one is given at most; `--cluster-signing-duration`
  public record Options(
      NodeOptions nodes, ScalingOptions scaling, int finishedPods, Duration certificates) {
    /// Kubernetes' own.
    public static final Options USUAL =
        new Options(
            NodeOptions.USUAL, ScalingOptions.USUAL, PodGarbage.FINISHED_MAX, Duration.ofDays(365));
  }

  public Controllers(Settings settings, Informers informers) {
    this.wiring = new Wiring(settings, informers);
    new WorkloadControllers(wiring).add();
    new SetControllers(wiring).add();
    new BatchControllers(wiring).add();
    new NamespaceControllers(wiring).add();
    new EndpointControllers(wiring).add();
    new NodeControllers(wiring).add();
    new NodeUpkeepControllers(wiring, settings.pods()).add();
    this.scaling = new AutoscalingControllers(wiring).add();
    new StorageControllers(wiring).add();
    new VolumeControllers(wiring).add(settings.disks());
    new AttachmentControllers(wiring).add();
    new TokenControllers(wiring).add(settings.manager(), settings.signer());
    new CertificateControllers(wiring).add(settings.certificates());
    new DeviceControllers(wiring).add(settings.manager());
    roles();
    this.versions = settings.features().storageVersions() ? storageVersions() : null;
    Api collecting = wiring.api("generic-garbage-collector");
    this.collector =
        new GarbageCollector(
            collecting,
            new Events(collecting, "garbage-collector-controller", "", settings.clock()),
            informers,
            settings.clock(),
            settings.executor());
    BudgetControllers budgets = new BudgetControllers(wiring, collector);
    budgets.addQuotas();
    budgets.addDisruptions();
    collector.start();
  }

  private void roles() {
    Informer<ClusterRole> roles = wiring.informers().of(ClusterRole.class);
    Controller aggregation =
        wiring.add(
            "ClusterRoleAggregator",
            new ClusterRoleAggregation(roles, wiring.api("clusterrole-aggregation-controller")),
            1,
            roles);
    roles.onChange(
        (_, _) ->
            roles.list().stream()
                .filter(ClusterRoleAggregation::aggregates)
                .forEach(role -> aggregation.add(Informer.keyOf(role))));
  }

  private StorageVersionGarbage storageVersions() {
    StorageVersionGarbage garbage =
        new StorageVersionGarbage(
            wiring.informers(), wiring.api("storage-version-garbage-collector"), wiring.clock());
    Controller controller =
        wiring.add("storage_version_garbage_collector", garbage, 1, garbage.caches());
    garbage.watch(controller::add);
    return garbage;
  }

  /// Works only while it leads; caches are kept up to date always.
  public void lead(boolean leads) {
    Instant now = wiring.clock().instant();
    if (!leads) {
      restingSince = now;
    } else if (Duration.between(restingSince, now).abs().compareTo(SHORT_REST) > 0) {
      wiring.beginnings().forEach(Runnable::run);
    }
    for (Controller each : all()) {
      if (leads) {
        each.resume();
      } else {
        each.pause();
      }
    }
  }

  private List<Controller> all() {
    List<Controller> all = new ArrayList<>(wiring.controllers());
    all.add(collector.controller());
    return all;
  }

  public List<Controller.Counts> counts() {
    return all().stream().map(Controller::counts).toList();
  }

  /// What autoscalers have done.
  public ScalingCounts scaling() {
    return scaling;
  }

  public boolean haveSynced() {
    return wiring.informers().haveSynced();
  }

  @Override
  public void close() {
    wiring.controllers().forEach(Controller::close);
    collector.close();
    if (versions != null) {
      versions.close();
    }
  }
}
