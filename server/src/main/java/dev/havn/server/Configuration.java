// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.Ranges;
import dev.havn.apiserver.ConcurrencyLimits;
import dev.havn.apiserver.FeatureGates;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What a user can choose about a cluster; the flags of `havn up` and the keys of its `--config`
/// file.
///
/// @param port of the https door; 0 takes a free one
/// @param kubeconfig the file the context is merged into, or null for none
/// @param serviceRange in CIDR notation, or of each family with a comma between, empty for one that
///   is free
/// @param podRange the same
/// @param requests handled at a time
/// @param api files that say how the API server decides and what it keeps of requests
/// @param controllers when those of this process work, and how
/// @param scheduler when the scheduler of this process works
/// @param schedulerFile how it places pods, or null for Kubernetes' own way
/// @param registriesFile where images come from, or null for where they say
/// @param kubeletFile how nodes work, or null for the usual way
/// @param network what of it is not as usual
public record Configuration(
    Path dataDirectory,
    String bind,
    int port,
    @Nullable Path kubeconfig,
    int nodes,
    RuntimeChoice runtime,
    StoreChoice store,
    String serviceRange,
    String podRange,
    ConcurrencyLimits requests,
    ApiFiles api,
    ControllerChoice controllers,
    Leading scheduler,
    @Nullable Path schedulerFile,
    @Nullable Path registriesFile,
    @Nullable Path kubeletFile,
    NetworkChoice network) {

  public static final int PORT = 6443;
  public static final int NODES_MAX = 10_000;

  /// The container runtimes.
  public enum RuntimeChoice {
    /// the best that this machine can do
    AUTO,
    SIMULATED,
    PROCESS,
    RUNC,
    CRUN,
    /// one that speaks CRI, at its socket
    CONTAINERD
  }

  /// When the controllers, or the scheduler, of this process work, beside others that may be
  /// workloads of the cluster.
  public enum Leading {
    /// when no other one leads, and then for as long as it runs
    EMBEDDED,
    /// only while no other one wants to lead
    STANDBY,
    /// never
    OFF
  }

  /// With no file, as many requests at a time as Kubernetes takes, and its features and network.
  public Configuration(
      Path dataDirectory,
      String bind,
      int port,
      @Nullable Path kubeconfig,
      int nodes,
      RuntimeChoice runtime,
      StoreChoice store,
      String serviceRange,
      String podRange) {
    this(
        dataDirectory,
        bind,
        port,
        kubeconfig,
        nodes,
        runtime,
        store,
        serviceRange,
        podRange,
        ConcurrencyLimits.STANDARD,
        ApiFiles.NONE,
        ControllerChoice.USUAL,
        Leading.EMBEDDED,
        null,
        null,
        null,
        NetworkChoice.USUAL);
  }

  /// What `havn up` without flags and files means.
  public static Configuration of(Path dataDirectory) {
    return new Configuration(
        dataDirectory, "127.0.0.1", PORT, null, 1, RuntimeChoice.AUTO, StoreChoice.FILE, "", "");
  }

  /// The same with another store.
  public Configuration withStore(StoreChoice other) {
    return with(other, serviceRange, podRange, api, network);
  }

  /// The addresses of all pods, once they are settled; see [AddressRanges].
  Ranges pods() {
    return Ranges.parse(podRange);
  }

  /// The addresses of Services, once they are settled.
  Ranges services() {
    return Ranges.parse(serviceRange);
  }

  Configuration withRanges(String services, String pods) {
    return with(store, services, pods, api, network);
  }

  /// The feature gates that are not as Kubernetes sets them itself: `NAME=true,...`, or empty.
  public String featureGates() {
    return api.gates().toString();
  }

  /// The same with these feature gates.
  ///
  /// @throws IllegalArgumentException with what cannot be meant
  public Configuration withFeatureGates(String gates) {
    return withGates(FeatureGates.parse(gates));
  }

  Configuration withGates(FeatureGates gates) {
    return withApi(api.withGates(gates));
  }

  /// The same with other APIs of Kubernetes, `apps/v1=false,...`.
  ///
  /// @throws IllegalArgumentException with what cannot be meant
  public Configuration withRuntimeConfig(String text) {
    return withApi(api.withRuntimeConfig(ApiFiles.runtimeConfig(text)));
  }

  private Configuration withApi(ApiFiles other) {
    return with(store, serviceRange, podRange, other, network);
  }

  Configuration withNetwork(NetworkChoice choice) {
    return with(store, serviceRange, podRange, api, choice);
  }

  /// The same but for these.
  private Configuration with(
      StoreChoice otherStore,
      String services,
      String pods,
      ApiFiles otherApi,
      NetworkChoice otherNetwork) {
    return new Configuration(
        dataDirectory,
        bind,
        port,
        kubeconfig,
        nodes,
        runtime,
        otherStore,
        services,
        pods,
        requests,
        otherApi,
        controllers,
        scheduler,
        schedulerFile,
        registriesFile,
        kubeletFile,
        otherNetwork);
  }
}
