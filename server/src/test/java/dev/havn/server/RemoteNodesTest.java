// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a node in another process may say, over https.
@Timeout(60)
class RemoteNodesTest {
  private static final String FAR = "far";
  private static final int MEBIBYTE = 1 << 20;

  private static void join(Api api, String address, int port) {
    api.create(
        "/api/v1/nodes",
        "{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"%s\"}}"
            .formatted(FAR));
    ObjectNode change = Api.object();
    ObjectNode status = change.putObject("status");
    status.putObject("daemonEndpoints").putObject("kubeletEndpoint").put("Port", port);
    status.putArray("addresses").addObject().put("type", "InternalIP").put("address", address);
    api.merge("/api/v1/nodes/" + FAR + "/status", change);
  }

  @Test
  void noMoreThanAMebibyteIsReadOfWhatANodeSays(@TempDir Path folder) throws Exception {
    Optional<String> here = CustomMetricsTest.addressOfThisMachine();
    assumeTrue(here.isPresent(), "a node is at no loopback address, and there is no other");
    InstantSource clock = InstantSource.system();
    Authority authority = Authority.open(folder, clock, new SecureRandom());
    Authority.Identity node = authority.node(FAR, List.of(here.get()));
    AtomicInteger bytes = new AtomicInteger(MEBIBYTE);
    try (RealTime executor = new RealTime();
        EmbeddedCluster cluster = EmbeddedCluster.start(1);
        HttpsDoor door =
            HttpsDoor.open(
                here.get(),
                0,
                new HttpsDoor.Identity(
                    node.keys().getPrivate(), List.of(node.certificate()), List.of()),
                (_, response) ->
                    response.send(
                        200, new Headers(), List.of(ByteBuffer.wrap(new byte[bytes.get()]))),
                new HttpsDoor.Surroundings(executor, new Random(1), DoorLimits.standard()));
        RemoteNodes nodes =
            new RemoteNodes(
                new Api(cluster.client()),
                authority.certificate(),
                () -> authority.client("server", "server", List.of()),
                clock,
                executor)) {
      join(new Api(cluster.client()), here.get(), door.port());
      assertThat(nodes.summary(FAR)).hasSize(MEBIBYTE);
      bytes.incrementAndGet();
      assertThatThrownBy(() -> nodes.summary(FAR))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("the answer is longer than 1048576 bytes");
    }
  }
}
