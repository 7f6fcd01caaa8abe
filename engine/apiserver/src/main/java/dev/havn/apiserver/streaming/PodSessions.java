// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Call;
import dev.havn.apiserver.resource.NodeSessions;
import dev.havn.apiserver.streaming.NodeConnection.LogOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// `pods/log`, `exec`, `attach` and `portforward`, on top of a [NodeConnection].
public final class PodSessions implements NodeSessions, AutoCloseable {
  private final NodeConnection nodes;
  private final Executor executor;
  private final PodProxy proxy;

  public PodSessions(NodeConnection nodes, Executor executor) {
    this.nodes = nodes;
    this.executor = executor;
    this.proxy = new PodProxy(nodes, executor);
  }

  @Override
  public void serve(Call call, ObjectNode pod, Response response) {
    if (!call.info().subresource().equals("proxy")) {
      serve(call.info().subresource(), call.request(), pod, response);
      return;
    }
    try {
      proxy.serve(call, pod, response);
    } catch (NodeException e) {
      throw ApiException.ofCode(e.status(), String.valueOf(e.getMessage()));
    }
  }

  @Override
  public boolean serveNode(String node, String path, Call call, Response response) {
    return nodes.serve(node, path, call.request(), response);
  }

  /// Serves one of the sessions of a pod to whoever may have it.
  ///
  /// @param session `log`, `exec`, `attach` or `portforward`
  public void serve(String session, Request request, ObjectNode pod, Response response) {
    try {
      switch (session) {
        case "log" -> logs(request, pod, response);
        case "exec" -> exec(request, pod, response);
        case "attach" -> attach(request, pod, response);
        case "portforward" -> {
          if (!nodes.pass("portForward", pod, "", request, response)) {
            PortForward.serve(nodes, executor, request, pod, response);
          }
        }
        default -> throw ApiException.ofCode(404, "pods have no " + session);
      }
    } catch (NodeException e) {
      throw ApiException.ofCode(e.status(), String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {
    proxy.close();
  }

  @Override
  public boolean isAt(ObjectNode pod, String address) {
    return nodes.isAt(pod, address);
  }

  /// The container meant: the one named, or the only one.
  private static String container(Request request, ObjectNode pod) {
    String name = pod.path("metadata").path("name").asText();
    @Nullable String asked = request.query().first("container");
    List<String> names = new ArrayList<>();
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      for (JsonNode each : pod.path("spec").path(list)) {
        names.add(each.path("name").asText());
      }
    }
    if (asked != null && !asked.isEmpty()) {
      if (!names.contains(asked)) {
        throw ApiException.badRequest(
            "container %s is not valid for pod %s".formatted(asked, name));
      }
      return asked;
    }
    JsonNode containers = pod.path("spec").path("containers");
    if (containers.size() == 1) {
      return containers.get(0).path("name").asText();
    }
    throw ApiException.badRequest(
        "a container name must be specified for pod %s, choose one of: [%s]"
            .formatted(name, String.join(" ", names)));
  }

  private void logs(Request request, ObjectNode pod, Response response) {
    String container = container(request, pod);
    LogOptions options =
        new LogOptions(
            container,
            flag(request, "follow"),
            flag(request, "previous"),
            flag(request, "timestamps"),
            number(request, "sinceSeconds"),
            request.query().first("sinceTime"),
            number(request, "tailLines"),
            number(request, "limitBytes"));
    if (pod.path("spec").path("nodeName").asText("").isEmpty()) {
      throw ApiException.badRequest(
          "pod %s does not have a host assigned"
              .formatted(pod.path("metadata").path("name").asText()));
    }
    if (nodes.pass("containerLogs", pod, container, request, response)) {
      return;
    }
    if (WebSocketChannels.isHandshake(request)) {
      try (WebSocketLog log = WebSocketLog.accept(request, response)) {
        nodes.logs(pod, options, log);
      }
      return;
    }
    LazyBody body = new LazyBody(response);
    nodes.logs(pod, options, body);
    body.finish();
  }

  private static boolean flag(Request request, String name) {
    return WebSocketChannels.asks(request, name);
  }

  private static @Nullable Long number(Request request, String name) {
    @Nullable String text = request.query().first(name);
    if (text == null || text.isEmpty()) {
      return null;
    }
    if (!text.matches("[0-9]{1,18}")) {
      throw ApiException.badRequest(
          "PodLogOptions \"\" is invalid: " + name + ": Invalid value: \"" + text + "\"");
    }
    return Long.valueOf(text);
  }

  private void exec(Request request, ObjectNode pod, Response response) {
    String container = container(request, pod);
    List<String> command = request.query().all("command");
    if (command.isEmpty()) {
      throw ApiException.badRequest("you must specify at least one command for the container");
    }
    if (nodes.pass("exec", pod, container, request, response)) {
      return;
    }
    boolean tty = WebSocketChannels.asks(request, "tty");
    session(request, response, channels -> nodes.exec(pod, container, command, tty, channels));
  }

  private void attach(Request request, ObjectNode pod, Response response) {
    String container = container(request, pod);
    if (nodes.pass("attach", pod, container, request, response)) {
      return;
    }
    boolean tty = WebSocketChannels.asks(request, "tty");
    session(request, response, channels -> nodes.attach(pod, container, tty, channels));
  }

  private void session(Request request, Response response, Consumer<Channels> work) {
    Optional<? extends Channels> opened = channels(request, response);
    if (opened.isEmpty()) {
      return;
    }
    Channels channels = opened.get();
    try {
      work.accept(channels);
    } catch (NodeException e) {
      channels.fail(String.valueOf(e.getMessage()));
    }
  }

  private Optional<? extends Channels> channels(Request request, Response response) {
    boolean any = false;
    for (String stream : List.of("stdin", "stdout", "stderr")) {
      any |= WebSocketChannels.asks(request, stream);
    }
    if (!any) {
      throw ApiException.badRequest("you must specify at least 1 of stdin, stdout, stderr");
    }
    if (WebSocketChannels.isHandshake(request)) {
      Optional<WebSocketChannels> accepted = WebSocketChannels.accept(request, response);
      if (accepted.isPresent()) {
        return accepted;
      }
      throw ApiException.badRequest("no known subprotocol is offered");
    }
    if (SpdyChannels.isUpgrade(request)) {
      return SpdyChannels.accept(request, response, executor);
    }
    throw ApiException.badRequest("Upgrade request required");
  }

  /// A body that begins with its first byte, so that a refusal before it is still a refusal.
  private static final class LazyBody extends java.io.OutputStream {
    private final Response response;
    private @Nullable BodyStream stream;
    private volatile boolean gone;

    LazyBody(Response response) {
      this.response = response;
    }

    private BodyStream stream() {
      BodyStream open = stream;
      if (open == null) {
        open = response.stream(200, new Headers().set("content-type", "text/plain"));
        open.onClose(() -> gone = true);
        stream = open;
      }
      return open;
    }

    void finish() {
      stream().close();
    }

    /// Begins the body although there is nothing to say yet.
    @Override
    public void flush() {
      stream();
    }

    @Override
    public void write(int b) throws java.io.IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws java.io.IOException {
      BodyStream to = stream();
      if (gone) {
        throw new java.io.IOException("the client has gone");
      }
      to.write(
          List.of(
              java.nio.ByteBuffer.wrap(
                  java.util.Arrays.copyOfRange(bytes, offset, offset + length))));
      java.util.concurrent.CountDownLatch writable = new java.util.concurrent.CountDownLatch(1);
      if (!to.writable()) {
        to.onWritable(writable::countDown);
        try {
          writable.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new java.io.InterruptedIOException("interrupted");
        }
      }
    }
  }
}
