// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import java.util.List;

/// Why a pod cannot stand somewhere, in kube-scheduler's words.
///
/// @param plugin that says so
/// @param resolvable whether fewer pods on the node could make room
public record Refusal(String plugin, List<String> reasons, boolean resolvable) {
  public static Refusal resolvable(String plugin, String reason) {
    return new Refusal(plugin, List.of(reason), true);
  }

  public static Refusal hopeless(String plugin, String reason) {
    return new Refusal(plugin, List.of(reason), false);
  }
}
