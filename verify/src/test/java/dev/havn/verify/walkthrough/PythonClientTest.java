// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The walk-through's steps with the Python client, where its package `kubernetes` is installed for
/// `python3` or for what `HAVN_PYTHON` names.
@ExtendWith(LaunchedCluster.Shared.class)
class PythonClientTest {
  @Test
  void theStepsOfTheWalkThrough(LaunchedCluster cluster) throws IOException {
    Optional<Path> python =
        Optional.ofNullable(System.getenv("HAVN_PYTHON"))
            .map(Path::of)
            .or(() -> Command.onPath("python3"));
    boolean hasClient =
        python.isPresent()
            && Command.run(Map.of(), List.of("" + python.get(), "-c", "import kubernetes")).status()
                == 0;
    if (!hasClient) {
      System.out.println("skipped: the Python client: pip install kubernetes");
    }
    Assumptions.assumeTrue(hasClient, "no package kubernetes for Python");
    Path script = cluster.folder().resolve("walk.py");
    try (InputStream source = getClass().getResourceAsStream("walk.py")) {
      Files.copy(Objects.requireNonNull(source), script);
    }
    String pods = cluster.hasContainers() ? "containers" : "simulated";
    List<String> command =
        List.of("" + python.orElseThrow(), "" + script, "" + cluster.kubeconfig(), pods);
    assertThat(Command.run(Map.of(), command).succeeded()).contains("walked through");
  }
}
