// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A device of a claim as its driver prepared it.
///
/// @param requests of the claim that it is for; empty for all
/// @param cdiDevices qualified names of the Container Device Interface
/// @param share of a device that several claims share (KEP-5075)
public record PreparedDevice(
    List<String> requests,
    String pool,
    String device,
    List<String> cdiDevices,
    @Nullable String share) {

  /// @param request empty for all
  boolean isFor(String request) {
    return request.isEmpty() || requests.isEmpty() || requests.contains(request);
  }
}
