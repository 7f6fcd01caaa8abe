// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.Api;
import dev.havn.server.Configuration.RuntimeChoice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Short lives of clusters for the JVM to learn from: what it loads and runs then is in the
/// start-up cache (`docs/decisions/0002-jvm-flags.md`).
public final class Training {
  private Training() {}

  public static void run() {
    try {
      Path folder = Files.createTempDirectory("havn-training");
      realNode(folder.resolve("real"));
      load(folder.resolve("simulated"));
      Usage.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("training", e);
    }
  }

  /// Starts as most do: with the best runtime of this machine, in a data directory that is there
  /// already. There is a second node, which may have a network of its own. A machine on which that
  /// fails still gets a cache of the rest.
  private static void realNode(Path folder) throws IOException {
    try {
      for (int life = 0; life < 2; life++) {
        try (Havn havn = Havn.start(configuration(folder, RuntimeChoice.AUTO, 2))) {
          havn.awaitReady();
          if (life == 0) {
            TrainingPods.run(havn.cluster(), folder);
          }
        }
      }
    } catch (StartException e) {
      System.err.println("not trained with a real node: " + e.getMessage());
    } finally {
      boolean unused = Havn.cleanUp(folder);
      Havn.delete(folder);
    }
  }

  private static void load(Path folder) {
    try (Havn havn = Havn.start(configuration(folder, RuntimeChoice.SIMULATED, 1))) {
      havn.awaitReady();
      TrainingLoad.run(havn.cluster());
      Api admin = new Api(havn.cluster().client("system:admin", List.of("system:masters")));
      String server = havn.access().path("server").asText();
      try (TrainingClient client = TrainingClient.of(server, admin, folder.resolve("kubeconfig"))) {
        client.run();
      }
    }
  }

  private static Configuration configuration(Path folder, RuntimeChoice runtime, int nodes) {
    Configuration plain = Configuration.of(folder);
    return new Configuration(
        folder,
        plain.bind(),
        0,
        folder.resolve("kubeconfig"),
        nodes,
        runtime,
        plain.store(),
        plain.serviceRange(),
        plain.podRange());
  }
}
