// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.streaming.Channels;
import dev.havn.apiserver.streaming.NodeConnection;
import dev.havn.apiserver.streaming.NodeException;
import dev.havn.node.log.LogReader;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The API server's way to the nodes in this process.
final class NodeAdapter implements NodeConnection, AutoCloseable {
  private static final Duration RUN_WITHIN = Duration.ofMinutes(2);
  private static final int RUN_BYTES_MAX = 1 << 20;

  private final Map<String, ContainerRuntime> runtimes = new ConcurrentHashMap<>();
  private final InstantSource clock;
  private final Map<String, String> addresses = new ConcurrentHashMap<>();
  private final Map<String, KubeletPages> pages = new ConcurrentHashMap<>();

  private volatile @Nullable RemoteNodes remote;

  NodeAdapter(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public boolean isAt(ObjectNode pod, String address) {
    String node = pod.path("spec").path("nodeName").asText("");
    @Nullable ContainerRuntime runtime = runtimes.get(node);
    return runtime != null
        && runtime.pods().contains(uid(pod))
        && runtime.address(uid(pod)).orElse(addresses.getOrDefault(node, "")).equals(address);
  }

  /// @param address of the node, which pods without one of their own have, too
  void add(String node, String address, ContainerRuntime runtime) {
    addresses.put(node, address);
    runtimes.put(node, runtime);
  }

  /// A node has an API of its own.
  void add(KubeletPages node) {
    pages.put(node.node(), node);
  }

  @Override
  public boolean serve(String node, String path, Request request, Response response) {
    @Nullable KubeletPages own = pages.get(node);
    if (own == null) {
      @Nullable RemoteNodes others = remote;
      return others != null
          && !runtimes.containsKey(node)
          && others.pass(node, path, request.query(), request, response);
    }
    own.serve(path, request, response);
    return true;
  }

  /// Nodes that are not of this process are reached from now on.
  void reach(RemoteNodes others) {
    remote = others;
  }

  @Override
  public boolean pass(
      String session, ObjectNode pod, String container, Request request, Response response) {
    String node = pod.path("spec").path("nodeName").asText("");
    @Nullable RemoteNodes others = remote;
    if (others == null || node.isEmpty() || runtimes.containsKey(node)) {
      return false;
    }
    return others.pass(
        node,
        RemoteNodes.path(session, pod, container),
        RemoteNodes.query(request),
        request,
        response);
  }

  @Override
  public void close() {
    @Nullable RemoteNodes others = remote;
    if (others != null) {
      others.close();
    }
  }

  /// Runs a command in a container to its end.
  ///
  /// @return what it wrote, the beginning of it
  byte[] run(ObjectNode pod, String container, List<String> command) {
    ContainerRuntime.Container running = running(pod, container);
    FirstBytes written = new FirstBytes();
    try {
      runtime(pod)
          .exec(
              uid(pod),
              running.id(),
              command,
              false,
              new ContainerRuntime.Streams(null, written, written, _ -> {}, _ -> {}),
              RUN_WITHIN);
    } catch (ContainerRuntime.StartException e) {
      throw new NodeException(500, String.valueOf(e.getMessage()));
    }
    return written.bytes();
  }

  /// Keeps the beginning of what is written.
  private static final class FirstBytes extends OutputStream {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    @Override
    public synchronized void write(int b) {
      if (kept.size() < RUN_BYTES_MAX) {
        kept.write(b);
      }
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      kept.write(bytes, offset, Math.min(length, RUN_BYTES_MAX - kept.size()));
    }

    synchronized byte[] bytes() {
      return kept.toByteArray();
    }
  }

  private ContainerRuntime runtime(ObjectNode pod) {
    String node = pod.path("spec").path("nodeName").asText("");
    @Nullable ContainerRuntime runtime = runtimes.get(node);
    if (runtime == null) {
      throw new NodeException(
          400, node.isEmpty() ? "pod is not on a node yet" : "node " + node + " is not here");
    }
    return runtime;
  }

  private static String uid(ObjectNode pod) {
    return StaticPods.uid(pod);
  }

  private static String waiting(ObjectNode pod, String container) {
    for (String list : List.of("containerStatuses", "initContainerStatuses")) {
      for (JsonNode status : pod.path("status").path(list)) {
        String reason = status.path("state").path("waiting").path("reason").asText("");
        if (status.path("name").asText().equals(container) && !reason.isEmpty()) {
          return reason;
        }
      }
    }
    return "ContainerCreating";
  }

  /// The newest attempt of a container, or the one before it.
  private ContainerRuntime.Container find(ObjectNode pod, String name, boolean previous) {
    ContainerRuntime.Container newest = null;
    ContainerRuntime.Container older = null;
    for (ContainerRuntime.Container each : runtime(pod).containers(uid(pod))) {
      if (each.name().equals(name)) {
        older = newest;
        newest = each;
      }
    }
    String podName = pod.path("metadata").path("name").asText();
    ContainerRuntime.Container chosen = previous ? older : newest;
    if (chosen == null) {
      throw new NodeException(
          400,
          previous
              ? "previous terminated container \"%s\" in pod \"%s\" not found"
                  .formatted(name, podName)
              : "container \"%s\" in pod \"%s\" is waiting to start: %s"
                  .formatted(name, podName, waiting(pod, name)));
    }
    return chosen;
  }

  private ContainerRuntime.Container running(ObjectNode pod, String name) {
    ContainerRuntime.Container container = find(pod, name, false);
    if (!container.running()) {
      throw new NodeException(
          400,
          "container %s of pod %s is not running"
              .formatted(name, pod.path("metadata").path("name").asText()));
    }
    return container;
  }

  @Override
  public void logs(ObjectNode pod, LogOptions options, OutputStream out) {
    ContainerRuntime.Container container = find(pod, options.container(), options.previous());
    String id = container.id();
    new LogReader(
            new LogReader.Options(
                options.follow(),
                options.timestamps(),
                since(options),
                options.tailLines(),
                options.limitBytes()),
            () ->
                runtime(pod).containers(uid(pod)).stream()
                    .anyMatch(each -> each.id().equals(id) && each.running()))
        .copy(container.logFile(), out);
  }

  private @Nullable String since(LogOptions options) {
    if (options.sinceTime() != null) {
      return options.sinceTime();
    }
    return options.sinceSeconds() == null
        ? null
        : clock.instant().minusSeconds(options.sinceSeconds()).toString();
  }

  private static ContainerRuntime.Streams streams(Channels channels) {
    return new ContainerRuntime.Streams(
        channels.stdin(),
        channels.stdout(),
        channels.stderr(),
        channels::onResize,
        channels::onClose);
  }

  @Override
  public void exec(
      ObjectNode pod, String container, List<String> command, boolean tty, Channels channels) {
    ContainerRuntime.Container running = running(pod, container);
    try {
      channels.exit(
          runtime(pod)
              .exec(uid(pod), running.id(), command, tty, streams(channels), Duration.ZERO));
    } catch (ContainerRuntime.StartException e) {
      channels.fail(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void attach(ObjectNode pod, String container, boolean tty, Channels channels) {
    ContainerRuntime.Container running = running(pod, container);
    runtime(pod).attach(uid(pod), running.id(), tty, streams(channels));
    channels.exit(0);
  }

  @Override
  public void portForward(ObjectNode pod, int port, ByteDuplex connection) {
    try {
      runtime(pod).connect(uid(pod), port, connection.in(), connection.out());
    } catch (ContainerRuntime.StartException e) {
      throw new NodeException(500, String.valueOf(e.getMessage()));
    }
  }
}
