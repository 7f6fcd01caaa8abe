// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.claim.DriverRegistration;
import dev.havn.node.claim.Drivers;
import dev.havn.node.claim.ResourceClaims;
import dev.havn.node.device.DevicePlugins;
import dev.havn.node.device.DeviceRegistration;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.pod.PodDevices;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.rpc.WaitingSocket;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The devices of a node: those of device plugins, which its status counts, and those of the
/// drivers of ResourceClaims.
final class NodeDevices implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeDevices.class);
  private static final Duration EVERY = Duration.ofSeconds(10);

  private final Node.Settings settings;
  private final Api api;
  private final DevicePlugins plugins;
  private final Drivers drivers;
  private final ResourceClaims claims;
  private final DeviceRegistration registration;
  private final DriverRegistration driverRegistration;
  private final KubeletFolder folder;
  private final UnixSockets sockets;
  private final BoundPods pods;
  private @Nullable WaitingSocket told;
  private Map<String, DevicePlugins.Count> shown = Map.of();

  /// @param affected hears the uids of pods whose devices are well or ill now
  NodeDevices(
      Node.Settings settings,
      Api api,
      KubeletFolder folder,
      UnixSockets sockets,
      BoundPods pods,
      Consumer<Set<String>> affected) {
    this.settings = settings;
    this.api = api;
    this.folder = folder;
    this.sockets = sockets;
    this.pods = pods;
    this.plugins =
        new DevicePlugins(
            folder.path().resolve("devices.json"),
            settings.clock(),
            settings.executor(),
            affected,
            this::changed);
    this.drivers =
        new Drivers(
            settings.name(),
            path -> api.delete(path, Api.object()),
            settings.clock(),
            settings.executor());
    this.claims =
        new ResourceClaims(api::find, drivers, folder.path().resolve("claims.json"), affected);
    this.registration = new DeviceRegistration(folder, sockets, plugins, settings.executor());
    this.driverRegistration = new DriverRegistration(sockets, drivers);
  }

  PodDevices ofPods() {
    return PodDevices.of(plugins.allocator(), claims);
  }

  /// For those that come by `plugins_registry`.
  List<PluginHandler> handlers() {
    return List.of(registration, driverRegistration);
  }

  /// Listens for plugins from now on.
  void begin(Rounds rounds) {
    try {
      registration.begin();
      told =
          WaitingSocket.open(
              folder.path().resolve("pod-resources/kubelet.sock"),
              folder.path().resolve("pod-resources.sock"),
              sockets,
              () -> List.of(new PodResources(pods, plugins, claims)),
              settings.executor());
    } catch (IOException e) {
      LOG.warn("no device plugin can register at {}: {}", settings.name(), e.toString());
    }
    drivers.begin();
    rounds.now(EVERY, "devices of " + settings.name() + " are not shown", this::show);
  }

  private void changed() {
    try {
      settings
          .executor()
          .execute(
              () -> {
                try {
                  show();
                } catch (RuntimeException e) {
                  LOG.info("devices of {} are shown later: {}", settings.name(), e.toString());
                }
              });
    } catch (RejectedExecutionException closing) {
      LOG.debug("{} ends", settings.name());
    }
  }

  /// Writes what the node has of each extended resource, where that has changed.
  private synchronized void show() {
    Map<String, DevicePlugins.Count> counts = plugins.counts();
    if (counts.equals(shown)) {
      return;
    }
    ObjectNode patch = Api.object();
    ObjectNode status = patch.putObject("status");
    ObjectNode capacity = status.putObject("capacity");
    ObjectNode allocatable = status.putObject("allocatable");
    counts.forEach(
        (resource, count) -> {
          capacity.put(resource, String.valueOf(count.capacity()));
          allocatable.put(resource, String.valueOf(count.allocatable()));
        });
    api.merge("/api/v1/nodes/" + settings.name() + "/status", patch);
    shown = counts;
  }

  @Override
  public void close() {
    registration.close();
    if (told != null) {
      told.close();
    }
    drivers.close();
  }
}
