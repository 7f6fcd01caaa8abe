// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import dev.havn.server.EmbeddedCluster;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;

/// A cluster in a test. Nothing happens in it by itself: [#settle()] lets everything happen that
/// takes no time, [#time()] lets time pass.
public final class Cluster implements AutoCloseable {
  private final EmbeddedCluster embedded;

  private Cluster(EmbeddedCluster embedded) {
    this.embedded = embedded;
  }

  /// A cluster without the annotation; close it.
  public static Cluster start(int nodes) {
    return new Cluster(EmbeddedCluster.start(nodes));
  }

  /// The same with features that Kubernetes does not turn on by itself; close it.
  ///
  /// @param featureGates `NAME=true,...`, as `--feature-gates` of Kubernetes' programs says it
  /// @throws IllegalArgumentException with what of them cannot be meant
  public static Cluster start(int nodes, String featureGates) {
    return new Cluster(EmbeddedCluster.start(nodes, featureGates));
  }

  /// A client with all rights.
  public KubernetesClient client() {
    return embedded.client();
  }

  public void settle() {
    embedded.settle();
  }

  public Time time() {
    return new Time(embedded);
  }

  @Override
  public void close() {
    embedded.close();
  }

  /// The cluster's clock.
  public record Time(EmbeddedCluster embedded) {
    public Instant now() {
      return embedded.now();
    }

    /// Moves the clock; every timer in between runs at its own time.
    public void advance(Duration duration) {
      embedded.advance(duration);
    }
  }
}
