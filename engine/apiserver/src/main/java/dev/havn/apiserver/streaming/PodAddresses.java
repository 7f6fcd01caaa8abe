// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// Addresses that objects say pods have. They are written by whoever may patch a status: this
/// machine itself and its neighbours on the link are reached only when the node says that the pod
/// is there.
public final class PodAddresses {
  private static final InetAddress BROADCAST = InetAddress.ofLiteral("255.255.255.255");

  private PodAddresses() {}

  /// Who knows where pods are.
  @FunctionalInterface
  public interface Nodes {
    /// Whether the node itself knows a pod by an address, whatever the pod's status says.
    boolean isAt(ObjectNode pod, String address);
  }

  /// @param pod said to be there, or null when nobody says who is
  /// @throws ApiException when it is no address, or not one that may be reached
  public static InetAddress checked(String text, @Nullable ObjectNode pod, Nodes nodes) {
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException noAddress) {
      throw ApiException.badRequest("address not allowed");
    }
    boolean near =
        address.isAnyLocalAddress()
            || address.isLoopbackAddress()
            || address.isLinkLocalAddress()
            || address.isMulticastAddress()
            || address.equals(BROADCAST);
    if (near && (pod == null || !nodes.isAt(pod, text))) {
      throw ApiException.badRequest("address not allowed");
    }
    return address;
  }
}
