// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.Node;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.image.Platform;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.runtime.SimulatedRuntime;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;

/// A simulated node `rock` beside those of a cluster, which may have a configuration of its own and
/// pods from files in `manifests`.
final class ExtraNode implements AutoCloseable {
  static final String NAME = "rock";
  private static final BuiltinTypes TYPES = BuiltinTypes.load();

  private final SimulatedRuntime runtime;
  private final NodeImages images;
  private final Node node;

  ExtraNode(EmbeddedCluster cluster, Path folder, KubeletConfiguration configuration)
      throws IOException {
    runtime =
        new SimulatedRuntime(cluster.time(), cluster.time(), AddressRange.parse("192.0.2.0/24"));
    images =
        new NodeImages(
            folder.resolve("images"),
            Platform.architecture(),
            configuration.evictions(),
            RegistriesFile.read(null, Map.of()),
            new World(cluster.time(), cluster.time(), new SecureRandom()),
            true);
    Api api = new Api(cluster.clientOf("system:node:" + NAME, List.of("system:nodes")));
    Node.Settings settings =
        new Node.Settings(
            NAME,
            "192.0.2.1",
            "",
            "v1",
            Ranges.parse("192.0.2.0/24"),
            runtime,
            new UsageMeter(runtime, cluster.time()),
            folder.resolve("pods"),
            "",
            images,
            configuration,
            cluster.time(),
            cluster.time());
    BoundPods bound = BoundPods.watched(new Informers(api, cluster.time()), NAME);
    node =
        new Node(
            settings, api, StaticPodFile.join(bound, api, TYPES, settings), new Events.Memory());
    node.start();
    cluster.settle();
  }

  SimulatedRuntime runtime() {
    return runtime;
  }

  Node node() {
    return node;
  }

  @Override
  public void close() {
    node.close();
    images.close();
  }
}
