// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

import dev.havn.node.protocol.registration.InfoRequest;
import dev.havn.node.protocol.registration.PluginInfo;
import dev.havn.node.protocol.registration.RegistrationGrpc;
import dev.havn.node.protocol.registration.RegistrationGrpc.RegistrationBlockingStub;
import dev.havn.node.protocol.registration.RegistrationStatus;
import dev.havn.node.rpc.SocketConnection;
import dev.havn.node.rpc.UnixSockets;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The conversation by which a plugin becomes known: `pluginregistration.Registration`, served by
/// the plugin.
final class Registration {
  private static final int CONNECT_SECONDS = 10;
  private static final int NOTIFY_SECONDS = 5;

  private final KubeletFolder folder;
  private final UnixSockets sockets;
  private final Map<String, PluginHandler> handlers = new HashMap<>();

  /// A plugin and who works with it.
  record Registered(Plugin plugin, PluginHandler handler) {}

  Registration(KubeletFolder folder, UnixSockets sockets, List<PluginHandler> handlers) {
    this.folder = folder;
    this.sockets = sockets;
    handlers.forEach(each -> this.handlers.put(each.type(), each));
  }

  /// Asks whoever listens who it is, and begins to work with it.
  ///
  /// @throws PluginRefusedException with the reason, which the plugin was told where it listens
  Registered of(Path socket) throws PluginRefusedException {
    try (SocketConnection connection = sockets.connect(socket)) {
      RegistrationBlockingStub stub =
          RegistrationGrpc.newBlockingStub(connection.channel()).withWaitForReady();
      PluginInfo info = info(stub, socket);
      @Nullable PluginHandler handler = handlers.get(info.getType());
      if (handler == null) {
        throw refuse(
            stub,
            "RegisterPlugin error -- no handler registered for plugin type: %s at socket %s"
                .formatted(info.getType(), socket));
      }
      Plugin plugin = plugin(info, socket);
      take(stub, handler, plugin);
      return new Registered(plugin, handler);
    } catch (IOException e) {
      throw new PluginRefusedException("nobody can connect: " + e.getMessage(), e);
    }
  }

  private static PluginInfo info(RegistrationBlockingStub stub, Path socket)
      throws PluginRefusedException {
    try {
      return stub.withDeadlineAfter(CONNECT_SECONDS, TimeUnit.SECONDS)
          .getInfo(InfoRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      throw new PluginRefusedException(
          "RegisterPlugin error -- failed to get plugin info using RPC GetInfo at socket %s, err: %s"
              .formatted(socket, e.getMessage()),
          e);
    }
  }

  private Plugin plugin(PluginInfo info, Path socket) {
    Path endpoint = info.getEndpoint().isEmpty() ? socket : Path.of(info.getEndpoint());
    return new Plugin(
        info.getType(),
        info.getName(),
        endpoint,
        folder.real(endpoint),
        List.copyOf(info.getSupportedVersionsList()));
  }

  private static void take(RegistrationBlockingStub stub, PluginHandler handler, Plugin plugin)
      throws PluginRefusedException {
    try {
      handler.check(plugin);
    } catch (PluginRefusedException e) {
      throw refuse(
          stub, "RegisterPlugin error -- plugin validation failed with err: " + e.getMessage());
    }
    try {
      handler.register(plugin);
    } catch (PluginRefusedException e) {
      throw refuse(
          stub, "RegisterPlugin error -- plugin registration failed with err: " + e.getMessage());
    }
    try {
      tell(stub, RegistrationStatus.newBuilder().setPluginRegistered(true).build());
    } catch (StatusRuntimeException e) {
      handler.forget(plugin);
      throw new PluginRefusedException(
          "RegisterPlugin error -- failed to send registration status, err: " + e.getMessage(), e);
    }
  }

  private static PluginRefusedException refuse(RegistrationBlockingStub stub, String why) {
    try {
      tell(stub, RegistrationStatus.newBuilder().setError(why).build());
      return new PluginRefusedException(why);
    } catch (StatusRuntimeException e) {
      return new PluginRefusedException(why + "; nor does it hear so: " + e.getMessage(), e);
    }
  }

  private static void tell(RegistrationBlockingStub stub, RegistrationStatus status) {
    var unused =
        stub.withDeadlineAfter(NOTIFY_SECONDS, TimeUnit.SECONDS).notifyRegistrationStatus(status);
  }
}
