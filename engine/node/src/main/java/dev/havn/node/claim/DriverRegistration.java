// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import dev.havn.node.plugin.Plugin;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.plugin.PluginRefusedException;
import dev.havn.node.rpc.UnixSockets;
import java.io.IOException;

/// Drivers of ResourceClaims come by a socket in `plugins_registry`.
public final class DriverRegistration implements PluginHandler {
  private final UnixSockets sockets;
  private final Drivers drivers;

  public DriverRegistration(UnixSockets sockets, Drivers drivers) {
    this.sockets = sockets;
    this.drivers = drivers;
  }

  @Override
  public String type() {
    return "DRAPlugin";
  }

  @Override
  public void check(Plugin plugin) throws PluginRefusedException {
    String unused = service(plugin);
  }

  private static String service(Plugin plugin) throws PluginRefusedException {
    try {
      return Drivers.service(plugin.name(), plugin.endpoint().toString(), plugin.versions());
    } catch (ClaimException e) {
      throw new PluginRefusedException(e.text(), e);
    }
  }

  @Override
  public void register(Plugin plugin) throws PluginRefusedException {
    try {
      drivers.add(
          plugin.name(),
          plugin.endpoint().toString(),
          new DriverClient(sockets.connect(plugin.socket()), service(plugin)));
    } catch (ClaimException | IOException e) {
      throw new PluginRefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void forget(Plugin plugin) {
    drivers.remove(plugin.name(), plugin.endpoint().toString());
  }
}
