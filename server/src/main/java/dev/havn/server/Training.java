// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Closing;
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

  /// Trains all that can be.
  ///
  /// @throws RuntimeException what has failed of it, when the rest is trained
  public static void run() {
    try {
      run(Files.createTempDirectory("havn-training"));
    } catch (IOException e) {
      throw new UncheckedIOException("training", e);
    }
  }

  static void run(Path folder) {
    Closing parts = new Closing();
    Path real = folder.resolve("real");
    parts.step(() -> realNode(real));
    boolean isClean = parts.step(() -> cleanUp(real));
    parts.step(() -> load(folder.resolve("simulated")));
    if (isClean) {
      parts.step(() -> Usage.delete(folder));
    } else {
      // What is still mounted in there must not be deleted.
      System.err.println("what is left of the training stays in " + folder);
    }
    parts.finish();
  }

  /// Starts as most do: with the best runtime of this machine, in a data directory that is there
  /// already. There is a second node, which may have a network of its own. A machine on which it
  /// does not start still gets a cache of the rest.
  private static void realNode(Path folder) throws IOException {
    for (int life = 0; life < 2; life++) {
      Havn started;
      try {
        started = Havn.start(configuration(folder, RuntimeChoice.AUTO, 2));
      } catch (StartException e) {
        System.err.println("not trained with a real node: " + e.getMessage());
        return;
      }
      try (Havn havn = started) {
        havn.awaitReady();
        if (life == 0) {
          TrainingPods.run(havn.cluster(), folder);
        }
      }
    }
  }

  private static void cleanUp(Path folder) {
    if (Havn.cleanUp(folder)) {
      System.err.println("the real node had left something behind, which is removed");
    }
    Havn.delete(folder);
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
