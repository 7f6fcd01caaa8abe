// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Plugins as shell scripts that note how they are called, and folders for them.
final class TestPlugins {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String NOTES =
      """
      #!/bin/sh
      name=${0##*/}
      input=$(cat)
      printf '%%s\\n' "{\\"plugin\\":\\"$name\\",\\"verb\\":\\"$CNI_COMMAND\\",\\"id\\":\\"$CNI_CONTAINERID\\",\\"netns\\":\\"$CNI_NETNS\\",\\"link\\":\\"$CNI_IFNAME\\",\\"args\\":\\"$CNI_ARGS\\",\\"path\\":\\"$CNI_PATH\\",\\"input\\":$input}" >> %s
      """;

  final Path programs;
  final Path configurations;
  private final Path calls;

  TestPlugins(Path folder) throws IOException {
    this.programs = Files.createDirectories(folder.resolve("bin"));
    this.configurations = Files.createDirectories(folder.resolve("net.d"));
    this.calls = folder.resolve("calls");
  }

  CniPlaces places() {
    return new CniPlaces(configurations, List.of(programs));
  }

  /// @param script what it does when its call is noted
  TestPlugins plugin(String name, String script) throws IOException {
    Path program = programs.resolve(name);
    Files.writeString(program, NOTES.formatted(calls) + script + "\n");
    if (!program.toFile().setExecutable(true)) {
      throw new IOException(program + " cannot be made executable");
    }
    return this;
  }

  /// One that gives a pod this result for `ADD`.
  TestPlugins giving(String name, String result) throws IOException {
    return plugin(name, "[ $CNI_COMMAND != ADD ] || echo '" + result + "'");
  }

  TestPlugins configure(String file, String text) throws IOException {
    Files.writeString(configurations.resolve(file), text);
    return this;
  }

  List<JsonNode> calls() throws IOException {
    List<JsonNode> all = new ArrayList<>();
    if (Files.exists(calls)) {
      for (String line : Files.readAllLines(calls)) {
        all.add(JSON.readTree(line));
      }
    }
    return all;
  }

  /// Such as `ADD bridge`.
  List<String> verbs() throws IOException {
    return calls().stream()
        .map(each -> each.path("verb").asText() + " " + each.path("plugin").asText())
        .toList();
  }
}
