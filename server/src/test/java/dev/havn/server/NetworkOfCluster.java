// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressRange;
import dev.havn.network.Commands;
import dev.havn.network.Network;
import dev.havn.network.dns.Predecessor;
import dev.havn.network.service.Place;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.RealTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/// The network of a cluster in a test, on a machine whose kernel takes everything and does nothing;
/// the cluster's DNS listens on the machine's loopback.
final class NetworkOfCluster implements AutoCloseable {
  private static final AddressRange PODS = AddressRange.parse("10.244.0.0/16");
  private static final AddressRange SERVICES = AddressRange.parse("10.96.0.0/16");

  /// So much later it is each time that somebody looks at the clock for durations.
  static final long NANOS_LATER = 600_000;

  private final RealTime answering = new RealTime();
  private final AtomicLong moment = new AtomicLong();
  private final Informers informers;
  private final Network network;

  /// @param balancers the addresses of load balancers
  NetworkOfCluster(EmbeddedCluster cluster, String balancers) {
    Api api = new Api(cluster.client());
    this.informers = new Informers(api, cluster.time());
    Network.Part part =
        new Network.Part(
            Map.of("havn", "127.0.0.1"), PODS, SERVICES, AddressRange.parse(balancers), false);
    this.network =
        new Network(
            new Network.Settings(
                "0123abcd",
                List.of(new Place("havn", "hv0123abcd00", "127.0.0.1", "")),
                List.of(),
                List.of(part),
                List.of(),
                false,
                (_, _) -> new Commands.Output(0, ""),
                new Network.Names(
                    "10.96.0.10",
                    api,
                    Predecessor.NONE,
                    cluster.time(),
                    () -> moment.getAndAdd(NANOS_LATER),
                    new Random(1),
                    answering),
                null,
                1,
                cluster.time()),
            informers);
  }

  Network network() {
    return network;
  }

  @Override
  public void close() {
    network.close();
    informers.close();
    answering.shutdownNow();
  }
}
