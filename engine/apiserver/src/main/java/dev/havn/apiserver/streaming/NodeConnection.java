// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way from the API server to a pod's node. In one process the node itself; else its https
/// port. All methods block until the session has ended.
public interface NodeConnection {

  /// Writes a container's log.
  ///
  /// @throws NodeException with the HTTP status that fits: 400 container not started, 404 unknown
  void logs(ObjectNode pod, LogOptions options, OutputStream out);

  /// Runs a command in a container, its streams on `channels`.
  void exec(ObjectNode pod, String container, List<String> command, boolean tty, Channels channels);

  /// Attaches to the container's main process.
  void attach(ObjectNode pod, String container, boolean tty, Channels channels);

  /// Whether the node itself knows a pod by an address, whatever the pod's status says.
  boolean isAt(ObjectNode pod, String address);

  /// Connects `connection` with a TCP port inside the pod until either side closes.
  void portForward(ObjectNode pod, int port, ByteDuplex connection);

  /// Hands a request over to the node's own API, as its administrator.
  ///
  /// @param path below the node's own root
  /// @return false when there is no way to that node
  default boolean serve(String node, String path, Request request, Response response) {
    return false;
  }

  /// Hands a session of a pod over to the API of its node, where that is in another process.
  ///
  /// @param session by the name that a kubelet gives it: `containerLogs`, `exec`, `attach`,
  ///   `portForward`
  /// @param container empty where the whole pod is meant
  /// @return false when the node is in this process, or unknown
  default boolean pass(
      String session, ObjectNode pod, String container, Request request, Response response) {
    return false;
  }

  /// `PodLogOptions` of the core group.
  ///
  /// @param sinceTime RFC 3339 or null
  /// @param tailLines the last lines only, or null for all
  /// @param limitBytes the most bytes, or null
  record LogOptions(
      String container,
      boolean follow,
      boolean previous,
      boolean timestamps,
      @Nullable Long sinceSeconds,
      @Nullable String sinceTime,
      @Nullable Long tailLines,
      @Nullable Long limitBytes) {}
}
