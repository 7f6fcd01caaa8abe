// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import java.net.InetSocketAddress;

/// Finds the pods behind a Service.
@FunctionalInterface
public interface ServiceResolver {
  /// The address of one that is ready, and its port.
  ///
  /// @param port of the Service
  /// @throws UnreachableException when there is no such Service or port, or nobody is ready behind
  ///   it
  InetSocketAddress resolve(String namespace, String name, int port);
}
