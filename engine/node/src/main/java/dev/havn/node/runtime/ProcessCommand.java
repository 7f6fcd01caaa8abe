// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.image.RootPaths;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Finds the program of a container before it is started: a shell would only say that it ended.
///
/// @param process as an OCI bundle has it
record ProcessCommand(Path rootfs, ContainerSpec spec, JsonNode process) {
  /// @throws IOException in runc's words
  void check() throws IOException {
    if (!spec.mounts().stream().allMatch(each -> each.target().startsWith("/etc/"))) {
      // A volume may bring the program.
      return;
    }
    String program = process.path("args").path(0).asText();
    if (program.contains("/")) {
      String path =
          program.startsWith("/") ? program : process.path("cwd").asText() + "/" + program;
      if (!Files.exists(RootPaths.resolve(rootfs, path))) {
        throw new IOException(
            "exec: \"%s\": stat %s: no such file or directory".formatted(program, program));
      }
      return;
    }
    for (String folder : path().split(":")) {
      if (Files.exists(RootPaths.resolve(rootfs, folder + "/" + program))) {
        return;
      }
    }
    throw new IOException("exec: \"%s\": executable file not found in $PATH".formatted(program));
  }

  private String path() {
    String path = "";
    for (JsonNode each : process.path("env")) {
      if (each.asText().startsWith("PATH=")) {
        path = each.asText().substring("PATH=".length());
      }
    }
    return path;
  }
}
