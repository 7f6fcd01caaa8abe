// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.util.List;
import java.util.function.Consumer;

/// A device plugin that the node is connected with (`v1beta1.DevicePlugin`). Calls block, and none
/// does for ever. Threads: any.
public interface DevicePlugin extends AutoCloseable {

  /// What a plugin wants to be asked.
  ///
  /// @param preStart before each start of a container
  /// @param prefers which devices go together
  record Options(boolean preStart, boolean prefers) {
    public static final Options NONE = new Options(false, false);
  }

  Options options() throws PluginException;

  /// Tells of the devices, now and whenever they change, until the plugin says no more or the
  /// connection ends.
  void follow(Consumer<List<OfferedDevice>> seen) throws PluginException;

  Allocation allocate(List<String> ids) throws PluginException;

  /// Which devices a container had best get.
  ///
  /// @param size with those that must be among them
  List<String> prefer(List<String> available, List<String> mustInclude, int size)
      throws PluginException;

  void preStart(List<String> ids) throws PluginException;

  /// Ends the connection. The plugin itself goes on.
  @Override
  void close();
}
