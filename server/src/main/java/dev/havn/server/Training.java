// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.Api;
import dev.havn.server.Configuration.RuntimeChoice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A short life of a cluster for the JVM to learn from: what it loads and runs then is in the
/// start-up cache (`docs/decisions/0002-jvm-flags.md`).
public final class Training {
  private Training() {}

  public static void run() {
    try {
      Path folder = Files.createTempDirectory("havn-training");
      Configuration plain = Configuration.of(folder);
      Configuration configuration =
          new Configuration(
              folder,
              plain.bind(),
              0,
              folder.resolve("kubeconfig"),
              1,
              RuntimeChoice.SIMULATED,
              plain.store(),
              plain.serviceRange(),
              plain.podRange());
      // What the first start makes the second one finds, as most starts do.
      try (Havn first = Havn.start(configuration)) {
        first.awaitReady();
      }
      try (Havn havn = Havn.start(configuration)) {
        havn.awaitReady();
        TrainingLoad.run(havn.cluster());
        Api admin = new Api(havn.cluster().client("system:admin", List.of("system:masters")));
        try (TrainingClient client =
            TrainingClient.of(havn.access().path("server").asText(), admin)) {
          client.run();
        }
      }
      Usage.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("training", e);
    }
  }
}
