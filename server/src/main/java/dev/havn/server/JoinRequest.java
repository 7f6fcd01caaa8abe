// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What `havn join` was asked for.
///
/// @param server URL of the API, empty for a node that has joined already
/// @param token of `havn token create`, empty as well
/// @param caHash see [Pin]
/// @param name of the node, empty for that of the machine
/// @param address of the node, empty for the one by which it reaches the server
/// @param runtime of its containers
/// @param registriesFile where images come from, or null for where they say
public record JoinRequest(
    Path dataDirectory,
    String server,
    String token,
    String caHash,
    String name,
    String address,
    Configuration.RuntimeChoice runtime,
    @Nullable Path registriesFile) {
  private static final Path HOSTNAME = Path.of("/proc/sys/kernel/hostname");
  private static final String NAME = "[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?";

  /// Joins, if that has not been done: afterwards the directory holds all that the node needs.
  ///
  /// @throws StartException when the cluster does not take it, in words for the user
  NodeFile settle(NodeCertificates certificates) throws IOException {
    if (Files.exists(dataDirectory.resolve("store"))) {
      throw new StartException(
          dataDirectory + " is the data directory of a cluster: --data-dir takes another");
    }
    Optional<NodeFile> known = NodeFile.read(dataDirectory);
    if (known.isPresent()) {
      if (!server.isEmpty() && !server.equals(known.get().server())) {
        throw new StartException(
            "%s has joined %s as %s already: `havn reset` forgets that, --data-dir takes another"
                .formatted(dataDirectory, known.get().server(), known.get().name()));
      }
      return known.get();
    }
    if (server.isEmpty()) {
      throw new StartException(
          "this machine has joined no cluster yet: `havn token create` at the server prints the"
              + " whole command");
    }
    return join(certificates);
  }

  private NodeFile join(NodeCertificates certificates) throws IOException {
    NodeFile node = new NodeFile(server, ownName(), ownAddress());
    X509Certificate authority = new Discovery(server, token, caHash).authority();
    try (KubernetesClient client = new NodeClient(server, authority).of(token)) {
      Api api = new Api(client);
      requireFree(api, node.name());
      certificates.keepAuthority(authority);
      var unused =
          certificates.request(
              api, NodeCertificates.Purpose.CLIENT, node.name(), /* address= */ "");
    } catch (Api.RefusedException e) {
      throw new StartException(
          e.code() == 401
              ? "the token is not taken by " + server + ": `havn token create` there makes another"
              : server + " does not take this node: " + e.getMessage(),
          e);
    } catch (UncheckedIOException e) {
      throw new StartException(
          server + " does not speak for the cluster: " + cause(e).getMessage(), e);
    }
    node.write(dataDirectory);
    return node;
  }

  static Throwable cause(Throwable failure) {
    Throwable last = failure;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    return last;
  }

  /// A second node of a name would take the first one's place.
  private static void requireFree(Api api, String name) {
    Optional<JsonNode> node = api.find("/api/v1/nodes/" + name);
    if (node.isEmpty()) {
      return;
    }
    for (JsonNode each : node.get().path("status").path("conditions")) {
      if (each.path("type").asText().equals("Ready")
          && each.path("status").asText().equals("True")) {
        throw new StartException(
            "the cluster has a node "
                + name
                + " that is Ready: --name gives this one another name");
      }
    }
  }

  private String ownName() throws IOException {
    String own =
        name.isEmpty() ? Files.readString(HOSTNAME).strip().toLowerCase(Locale.ROOT) : name;
    if (!own.matches(NAME)) {
      throw new StartException(
          "'" + own + "' is no name for a node (lower case letters, digits, - and .): --name");
    }
    return own;
  }

  /// The one that packets to the server come from.
  private String ownAddress() {
    if (!address.isEmpty()) {
      return address;
    }
    URI uri = URI.create(server);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()));
      return HostAddress.text(socket.getLocalAddress());
    } catch (SocketException | java.io.UncheckedIOException | IllegalArgumentException e) {
      throw new StartException("this machine has no way to " + server + ": " + e.getMessage(), e);
    }
  }
}
