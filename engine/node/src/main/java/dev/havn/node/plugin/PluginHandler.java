// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

/// What the node does with plugins of one type. Called by one thread at a time for each socket, for
/// several sockets at once.
public interface PluginHandler {
  /// As plugins say it: `CSIPlugin`.
  String type();

  /// Looks whether a plugin is one that can be worked with.
  ///
  /// @throws PluginRefusedException with what the plugin is told
  void check(Plugin plugin) throws PluginRefusedException;

  /// Begins to work with a plugin; also with one that is known already and came back.
  ///
  /// @throws PluginRefusedException with what the plugin is told; it is tried again later
  void register(Plugin plugin) throws PluginRefusedException;

  /// The plugin is gone.
  void forget(Plugin plugin);
}
