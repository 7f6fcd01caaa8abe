// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import dev.havn.node.device.PluginException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The plugin of a driver on the node (`v1.DRAPlugin`). Calls block, and none does for ever.
/// Threads: any.
public interface Driver extends AutoCloseable {

  /// A claim as drivers are told of it.
  record Claim(String namespace, String uid, String name) {}

  /// What became of one claim.
  ///
  /// @param error empty when all is well
  record Answer(List<PreparedDevice> devices, String error) {}

  /// Makes devices ready for pods. To be asked again for a claim changes nothing.
  ///
  /// @return by uid of the claim
  Map<String, Answer> prepare(List<Claim> claims) throws PluginException;

  /// The opposite.
  ///
  /// @return what went wrong, by uid of the claim; empty when all is well
  Map<String, String> unprepare(List<Claim> claims) throws PluginException;

  /// Tells of the health of devices, now and whenever it changes, until the plugin says no more.
  ///
  /// @return whether the plugin tells of such at all
  boolean follow(Consumer<List<Health>> seen) throws PluginException;

  /// Whether the plugin can be reached.
  boolean isConnected();

  /// Hears, from now on, when that may have changed.
  void onConnection(Runnable changed);

  @Override
  void close();
}
