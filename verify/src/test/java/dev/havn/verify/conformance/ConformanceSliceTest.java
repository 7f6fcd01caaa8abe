// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A slice of Kubernetes' own conformance suite, where it is built beside the repository or where
/// `HAVN_CONFORMANCE` names it: tokens, reviews and certificate requests, events, two nodes. The
/// whole of it is `verify/conformance`.
class ConformanceSliceTest {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", "..")).toAbsolutePath();

  @TempDir private Path folder;

  private static Optional<Path> suite() {
    return Stream.ofNullable(System.getenv("HAVN_CONFORMANCE"))
        .map(Path::of)
        .findFirst()
        .or(() -> Optional.of(ROOT.resolveSibling("shared").resolve("conformance")))
        .filter(each -> Files.isExecutable(each.resolve("run")));
  }

  private static boolean isBuilt() {
    String home =
        Optional.ofNullable(System.getenv("CONFORMANCE_HOME"))
            .orElse(System.getProperty("user.home") + "/.cache/havn-conformance");
    return Files.exists(Path.of(home, "tests.tsv"));
  }

  @Test
  @Timeout(value = 8, unit = TimeUnit.MINUTES)
  void aSlicePasses() throws IOException, InterruptedException {
    boolean may =
        suite().isPresent() && isBuilt() && System.getProperty("user.name").equals("root");
    if (!may) {
      System.out.println("skipped: a slice of conformance: no suite is built, or no root for runc");
    }
    Assumptions.assumeTrue(may, "no conformance suite is built, or no root for runc");
    Path said = folder.resolve("said");
    ProcessBuilder builder =
        new ProcessBuilder(
                ROOT.resolve("verify/conformance").toString(),
                "--area",
                "auth",
                "--area",
                "architecture",
                "--area",
                "instrumentation",
                "--parallel",
                "2")
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    builder.environment().put("HAVN_CONFORMANCE", suite().orElseThrow().toString());
    builder.environment().put("HAVN_BUILT", "yes");
    builder.environment().put("HAVN_RESULTS", folder.toString());
    builder.environment().put("HAVN_MIRROR_PORT", "5577");
    Process process = builder.start();

    int status = process.waitFor();

    List<String> lines = Files.readAllLines(said);
    assertThat(status).as(String.join("\n", lines)).isZero();
    assertThat(lines.getLast()).isEqualTo("15 of 15 passed");
  }
}
