// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.streaming.Channels;
import dev.havn.apiserver.streaming.NodeConnection;
import dev.havn.apiserver.streaming.NodeException;
import java.io.OutputStream;
import java.util.List;

/// The way to nodes where there are none.
final class NoNodes implements NodeConnection {
  @Override
  public void logs(ObjectNode pod, LogOptions options, OutputStream out) {
    throw none(pod);
  }

  @Override
  public void exec(
      ObjectNode pod, String container, List<String> command, boolean tty, Channels channels) {
    throw none(pod);
  }

  @Override
  public void attach(ObjectNode pod, String container, boolean tty, Channels channels) {
    throw none(pod);
  }

  @Override
  public boolean isAt(ObjectNode pod, String address) {
    return false;
  }

  @Override
  public void portForward(ObjectNode pod, int port, ByteDuplex connection) {
    throw none(pod);
  }

  private static NodeException none(ObjectNode pod) {
    String node = pod.path("spec").path("nodeName").asText("");
    return new NodeException(
        400, node.isEmpty() ? "pod is not on a node yet" : "node " + node + " is not here");
  }
}
