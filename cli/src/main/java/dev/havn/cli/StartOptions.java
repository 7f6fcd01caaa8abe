// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.Configuration.RuntimeChoice;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What can be chosen of a server and of a node that joins one.
final class StartOptions {
  @Option(names = "--foreground", description = "Stay; Ctrl-C is `havn down`.")
  private boolean foreground;

  @Option(
      names = "--runtime",
      paramLabel = "R",
      description = "auto, runc, crun, containerd, process or simulated (auto).")
  private @Nullable RuntimeChoice runtime;

  boolean foreground() {
    return foreground;
  }

  /// Null where it was not given.
  @Nullable RuntimeChoice runtime() {
    return runtime;
  }

  RuntimeChoice runtime(RuntimeChoice otherwise) {
    return runtime == null ? otherwise : runtime;
  }

  /// Takes it where it was not given.
  void complete(RuntimeChoice other) {
    runtime = runtime(other);
  }
}
