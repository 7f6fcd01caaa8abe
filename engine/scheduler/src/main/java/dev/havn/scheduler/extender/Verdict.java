// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import dev.havn.scheduler.plugin.Refusal;
import java.util.Map;

/// What all extenders together say of the nodes that would do for a pod.
///
/// @param refused the nodes that will not do, and why
/// @param scores to be added to the others'; of no node means nothing
public record Verdict(Map<String, Refusal> refused, Map<String, Long> scores) {
  /// Said of what an extender refused: anything that happens may help.
  public static final String PLUGIN = "Extender";
}
