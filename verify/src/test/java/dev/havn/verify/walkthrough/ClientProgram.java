// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/// A program of `verify/clients`, built with its language's ordinary tool. What the tool needs
/// comes from its registry; where tool or registry are not there, the test is skipped and says so.
///
/// @param name of its folder
/// @param target where what is built goes
record ClientProgram(String name, Path target) {
  private static final Path ROOT =
      Path.of(System.getProperty("havn.root", "..")).toAbsolutePath().normalize();

  /// A registry that has much to send, or a compiler that has much to do.
  private static final Duration BUILT_WITHIN = Duration.ofMinutes(40);

  static ClientProgram of(String name) {
    return new ClientProgram(name, ROOT.resolve("verify/target/clients").resolve(name));
  }

  Path source() {
    return ROOT.resolve("verify/clients").resolve(name);
  }

  /// Whether the long suites run.
  static boolean isFull() {
    return Boolean.getBoolean("havn.full");
  }

  /// Skips what takes minutes, but for a full verification.
  void onlyInFull() {
    skipUnless(isFull(), "takes minutes to build; ./havn verify --full builds it");
  }

  /// A program on the path, or a skipped test.
  String tool(String tool) {
    Optional<Path> found = Command.onPath(tool);
    skipUnless(found.isPresent(), "there is no " + tool);
    return found.orElseThrow().toString();
  }

  /// Runs what asks the registry; a test whose registry is not there is skipped.
  void fetch(Map<String, String> environment, String... command) {
    Command.Result result = Command.run(environment, List.of(command), BUILT_WITHIN);
    String said = result.output().strip();
    skipUnless(
        result.status() == 0,
        String.join(" ", command) + ": " + said.substring(said.lastIndexOf('\n') + 1));
  }

  /// Runs what must succeed once the registry has answered.
  String run(Map<String, String> environment, String... command) {
    return Command.run(environment, List.of(command), BUILT_WITHIN).succeeded();
  }

  void skipUnless(boolean possible, String reason) {
    if (!possible) {
      System.out.println("skipped: " + name + ": " + reason);
    }
    Assumptions.assumeTrue(possible, reason);
  }
}
