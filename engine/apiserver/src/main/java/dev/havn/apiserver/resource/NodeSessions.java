// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Response;

/// Requests that a pod's node answers: logs, exec, attach, port-forward, proxy.
@FunctionalInterface
public interface NodeSessions {
  /// @param pod as stored, bound to a node
  void serve(Call call, ObjectNode pod, Response response);

  /// Whether the node itself knows a pod by an address, whatever the pod's status says.
  default boolean isAt(ObjectNode pod, String address) {
    return false;
  }

  /// Hands a request over to the API of a node itself.
  ///
  /// @param path below the node's own root
  /// @return false when this server has no way to that node
  default boolean serveNode(String node, String path, Call call, Response response) {
    return false;
  }
}
