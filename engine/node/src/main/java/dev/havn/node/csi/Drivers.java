// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import dev.havn.node.plugin.Plugin;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.plugin.PluginRefusedException;
import dev.havn.node.protocol.csi.NodeGetInfoResponse;
import dev.havn.node.rpc.UnixSockets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The drivers that are registered with a node.
final class Drivers implements PluginHandler {
  private static final Logger LOG = LoggerFactory.getLogger(Drivers.class);
  private static final Pattern VERSION = Pattern.compile("v?(\\d{1,6})\\.(\\d{1,6})(?:\\..*)?");

  /// The protocol's own versions; drivers of 0.x speak another one.
  private static final int MAJOR = 1;

  private final UnixSockets sockets;
  private final NodeRecord record;
  private final Duration timeout;
  private final Map<String, Registered> byName = new ConcurrentHashMap<>();

  /// @param endpoint in the driver's words
  record Registered(Driver driver, Path endpoint) {}

  Drivers(UnixSockets sockets, NodeRecord record, Duration timeout) {
    this.sockets = sockets;
    this.record = record;
    this.timeout = timeout;
  }

  Optional<Registered> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  @Override
  public String type() {
    return "CSIPlugin";
  }

  @Override
  public void check(Plugin plugin) throws PluginRefusedException {
    List<String> versions = plugin.versions();
    String problem =
        versions.isEmpty()
            ? "Plugin returned an empty list for supported versions"
            : versions.stream().noneMatch(Drivers::isSpoken)
                ? "None of the versions specified %s are supported.".formatted(versions)
                : byName.containsKey(plugin.name())
                    ? "Another driver with the same name is already registered"
                    : "";
    if (!problem.isEmpty()) {
      throw new PluginRefusedException(
          "validation failed for CSI Driver %s at endpoint %s: kubernetes.io/csi: ValidatePlugin for CSI driver \"%s\" failed. %s"
              .formatted(plugin.name(), plugin.endpoint(), plugin.name(), problem));
    }
  }

  private static boolean isSpoken(String version) {
    Matcher parts = VERSION.matcher(version);
    return parts.matches() && Integer.parseInt(parts.group(1)) == MAJOR;
  }

  @Override
  public void register(Plugin plugin) throws PluginRefusedException {
    Driver driver = new Driver(sockets, plugin.socket(), timeout);
    try {
      NodeGetInfoResponse info = driver.info();
      record.install(
          new NodeRecord.Facts(
              plugin.name(),
              info.getNodeId(),
              info.getMaxVolumesPerNode(),
              info.getAccessibleTopology().getSegmentsMap()));
      byName.put(plugin.name(), new Registered(driver, plugin.endpoint()));
    } catch (CsiException e) {
      throw new PluginRefusedException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      throw new PluginRefusedException("the API refuses: " + e.getMessage(), e);
    }
  }

  @Override
  public void forget(Plugin plugin) {
    if (byName.remove(plugin.name()) == null) {
      return;
    }
    try {
      record.uninstall(plugin.name());
    } catch (CsiException | RuntimeException e) {
      LOG.warn("that driver {} is gone is not shown: {}", plugin.name(), e.toString());
    }
  }
}
