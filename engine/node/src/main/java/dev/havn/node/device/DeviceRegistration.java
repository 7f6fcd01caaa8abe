// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.Plugin;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.plugin.PluginRefusedException;
import dev.havn.node.protocol.deviceplugin.Empty;
import dev.havn.node.protocol.deviceplugin.RegisterRequest;
import dev.havn.node.protocol.deviceplugin.RegistrationGrpc;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.rpc.WaitingSocket;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The two ways by which device plugins come: they call `kubelet.sock`, or show a socket in
/// `plugins_registry`.
public final class DeviceRegistration implements PluginHandler, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceRegistration.class);
  private static final int SOCKET = 0140000;
  private static final int KIND = 0170000;

  private final KubeletFolder folder;
  private final UnixSockets sockets;
  private final DevicePlugins plugins;
  private final Executor executor;
  private final Duration timeout;
  private @Nullable WaitingSocket socket;

  public DeviceRegistration(
      KubeletFolder folder, UnixSockets sockets, DevicePlugins plugins, Executor executor) {
    this(folder, sockets, plugins, executor, DevicePluginClient.TIMEOUT);
  }

  /// @param timeout of what a plugin is asked for
  DeviceRegistration(
      KubeletFolder folder,
      UnixSockets sockets,
      DevicePlugins plugins,
      Executor executor,
      Duration timeout) {
    this.folder = folder;
    this.sockets = sockets;
    this.plugins = plugins;
    this.executor = executor;
    this.timeout = timeout;
  }

  /// Listens at `kubelet.sock`, made anew: that is how plugins that are there already see that they
  /// must come again. What sockets others left beside it are removed, as a kubelet does.
  public void begin() throws IOException {
    removeSockets();
    socket =
        WaitingSocket.open(
            folder.devicePlugins().resolve("kubelet.sock"),
            folder.path().resolve("device-plugins.sock"),
            sockets,
            () -> List.of(new Service()),
            executor);
  }

  private void removeSockets() throws IOException {
    if (!Files.isDirectory(folder.devicePlugins())) {
      return;
    }
    try (Stream<Path> all = Files.list(folder.devicePlugins())) {
      for (Path each : all.toList()) {
        int mode = (int) Files.getAttribute(each, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & KIND) == SOCKET) {
          Files.deleteIfExists(each);
        }
      }
    }
  }

  private final class Service implements RegistrationGrpc.AsyncService, BindableService {
    @Override
    public ServerServiceDefinition bindService() {
      return RegistrationGrpc.bindService(this);
    }

    @Override
    public void register(RegisterRequest request, StreamObserver<Empty> answer) {
      try {
        DeviceRegistration.this.register(request);
        answer.onNext(Empty.getDefaultInstance());
        answer.onCompleted();
      } catch (PluginException e) {
        LOG.warn("device plugin of {} is not used: {}", request.getResourceName(), e.text());
        answer.onError(Status.UNKNOWN.withDescription(e.text()).asException());
      }
    }
  }

  private void register(RegisterRequest request) throws PluginException {
    String resource = request.getResourceName();
    @Nullable String problem = DevicePlugins.problem(resource, List.of(request.getVersion()));
    if (problem != null) {
      throw new PluginException(problem, null);
    }
    Path endpoint = folder.devicePlugins().resolve(request.getEndpoint()).normalize();
    if (request.getEndpoint().isEmpty() || !endpoint.startsWith(folder.devicePlugins())) {
      throw new PluginException(
          "endpoint \"%s\" is no socket beside kubelet.sock".formatted(request.getEndpoint()),
          null);
    }
    plugins.connect(resource, DevicePluginClient.at(endpoint, sockets, timeout));
  }

  @Override
  public String type() {
    return "DevicePlugin";
  }

  @Override
  public void check(Plugin plugin) throws PluginRefusedException {
    @Nullable String problem = DevicePlugins.problem(plugin.name(), plugin.versions());
    if (problem != null) {
      throw new PluginRefusedException(problem);
    }
  }

  @Override
  public void register(Plugin plugin) throws PluginRefusedException {
    try {
      plugins.connect(plugin.name(), DevicePluginClient.at(plugin.socket(), sockets, timeout));
    } catch (PluginException e) {
      throw new PluginRefusedException(e.text(), e);
    }
  }

  @Override
  public void forget(Plugin plugin) {
    plugins.disconnect(plugin.name());
  }

  @Override
  public void close() {
    if (socket != null) {
      socket.close();
    }
    plugins.close();
  }
}
