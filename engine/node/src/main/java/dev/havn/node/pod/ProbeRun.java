// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/// Asks, for one result.
final class ProbeRun {
  private static final int ATTEMPTS_MAX = 3;

  private ProbeRun() {}

  /// How it ended.
  enum Outcome {
    SUCCESS,
    /// a success that is to be told of all the same
    WARNING,
    FAILURE,
    /// nobody could be asked, which says nothing of the container
    ERROR
  }

  record Result(Outcome outcome, String message) {
    Result(boolean success, String message) {
      this(success ? Outcome.SUCCESS : Outcome.FAILURE, message);
    }

    static Result warning(String message) {
      return new Result(Outcome.WARNING, message);
    }

    boolean success() {
      return outcome == Outcome.SUCCESS || outcome == Outcome.WARNING;
    }
  }

  /// Asks, and once more and again where nobody could be asked, as a kubelet does.
  static Result run(
      ContainerRuntime runtime,
      Pod pod,
      io.fabric8.kubernetes.api.model.Container spec,
      Container container,
      Probe probe,
      String address,
      Duration timeout) {
    Result result = once(runtime, pod, spec, container, probe, address, timeout);
    for (int i = 1; i < ATTEMPTS_MAX && result.outcome() == Outcome.ERROR; i++) {
      result = once(runtime, pod, spec, container, probe, address, timeout);
    }
    return result;
  }

  private static Result once(
      ContainerRuntime runtime,
      Pod pod,
      io.fabric8.kubernetes.api.model.Container spec,
      Container container,
      Probe probe,
      String address,
      Duration timeout) {
    try {
      if (probe.getExec() != null) {
        return exec(runtime, pod, container, probe, timeout);
      }
      if (!runtime.needsImages()) {
        return new Result(true, ""); // nobody stands behind the address of a simulated pod
      }
      if (probe.getHttpGet() != null) {
        return http(
            runtime.sockets()::socket,
            spec,
            probe.getHttpGet(),
            address,
            timeout,
            "kube-probe/1.36");
      }
      if (probe.getGrpc() != null) {
        String service = probe.getGrpc().getService();
        return GrpcHealth.check(
            runtime.sockets().channel(),
            new InetSocketAddress(address, probe.getGrpc().getPort()),
            service == null ? "" : service,
            timeout);
      }
      if (probe.getTcpSocket() != null) {
        int port = port(spec, probe.getTcpSocket().getPort());
        String host = probe.getTcpSocket().getHost();
        try (Socket socket = runtime.sockets().socket()) {
          socket.connect(
              new InetSocketAddress(host == null || host.isEmpty() ? address : host, port),
              (int) timeout.toMillis());
          return new Result(true, "");
        }
      }
      return new Result(true, "");
    } catch (ContainerRuntime.StartException e) {
      return new Result(Outcome.ERROR, String.valueOf(e.getMessage()));
    } catch (IOException | IllegalArgumentException e) {
      return new Result(false, e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private static Result exec(
      ContainerRuntime runtime, Pod pod, Container container, Probe probe, Duration timeout) {
    FirstBytes output = new FirstBytes();
    int code =
        runtime.exec(
            pod.getMetadata().getUid(),
            container.id(),
            probe.getExec().getCommand(),
            false,
            new ContainerRuntime.Streams(null, output, output, _ -> {}, _ -> {}),
            timeout);
    if (code < 0) {
      return new Result(
          false,
          "command timed out: "
              + probe.getExec().getCommand()
              + " timed out after "
              + timeout.toSeconds()
              + "s");
    }
    return new Result(code == 0, output.toString());
  }

  static Result http(
      HttpProbe.Sockets sockets,
      io.fabric8.kubernetes.api.model.Container spec,
      HTTPGetAction get,
      String address,
      Duration timeout,
      String userAgent)
      throws IOException {
    String host = get.getHost() == null || get.getHost().isEmpty() ? address : get.getHost();
    return new HttpProbe(get, timeout, userAgent, sockets).ask(host, port(spec, get.getPort()));
  }

  private static int port(io.fabric8.kubernetes.api.model.Container spec, IntOrString port) {
    if (port.getIntVal() != null) {
      return port.getIntVal();
    }
    for (ContainerPort each : spec.getPorts()) {
      if (port.getStrVal().equals(each.getName())) {
        return each.getContainerPort();
      }
    }
    return port.getStrVal().matches("[0-9]{1,5}") ? Integer.parseInt(port.getStrVal()) : 0;
  }
}
