// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Havn as a user starts it, with one node: a whole cluster, with all its controllers.
///
/// @param runtime of the node
record HavnTarget(Path root, Path folder, String runtime) implements Target {
  private static final Pattern PSS = Pattern.compile("Pss: +(\\d+) kB");

  @Override
  public String name() {
    return "Havn";
  }

  private String havn(String... arguments) {
    List<String> command = new ArrayList<>(List.of(root.resolve("havn").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data-dir", folder.resolve("havn").toString()));
    return Program.run(Map.of(), command);
  }

  @Override
  public void up() {
    up(0);
  }

  /// @param port 0 for a free one
  void up(int port) {
    havn(
        "up",
        "--runtime",
        runtime,
        "--port",
        String.valueOf(port),
        "--kubeconfig",
        kubeconfig().toString());
  }

  void stop() {
    havn("down");
  }

  @Override
  public Path kubeconfig() {
    return folder.resolve("havn.kubeconfig");
  }

  void load(Path archive) {
    havn("image", "load", archive.toString());
  }

  /// With what keeps its containers when it does not run.
  @Override
  public long memoryMib() {
    long kib = pssKib(process());
    for (ProcessHandle each : ProcessHandle.allProcesses().toList()) {
      if (keepsContainers(each.pid())) {
        kib += pssKib(each.pid());
      }
    }
    return kib >> 10;
  }

  /// The server's.
  long process() {
    try {
      return new ObjectMapper().readTree(havn("status", "-o", "json")).path("process").asLong();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("status -o json", e);
    }
  }

  private boolean keepsContainers(long process) {
    try {
      String command = Files.readString(Path.of("/proc/" + process + "/cmdline"), ISO_8859_1);
      return command.startsWith("conmon\0") && command.contains(folder.toString());
    } catch (IOException ended) {
      return false;
    }
  }

  private static long pssKib(long process) {
    try {
      Matcher pss = PSS.matcher(Files.readString(Path.of("/proc/" + process + "/smaps_rollup")));
      if (!pss.find()) {
        throw new IllegalStateException("no Pss in smaps_rollup");
      }
      return Long.parseLong(pss.group(1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void down() {
    havn("reset", "--yes");
  }
}
