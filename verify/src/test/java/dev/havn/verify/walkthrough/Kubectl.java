// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// An unmodified kubectl of some version.
record Kubectl(Path program, String version) {
  private static final int DISCARDED_MAX = 5;
  private static final Pattern VERSION = Pattern.compile("v(\\d+\\.\\d+\\.\\d+)");

  /// Debian's, the one on the path and a current one (`HAVN_KUBECTL`, or the one beside the
  /// conformance suite), each version once. Which is missing, and why, is printed.
  static List<Kubectl> found(Path folder) {
    Map<String, Kubectl> byVersion = new LinkedHashMap<>();
    for (Candidate candidate :
        List.of(
            new Candidate("Debian's kubectl", debian(folder), "apt-get has none to download"),
            new Candidate("kubectl on PATH", Command.onPath("kubectl"), "there is none"),
            new Candidate("a current kubectl", current(), "set HAVN_KUBECTL to one"))) {
      if (candidate.program().isPresent()) {
        Kubectl kubectl = of(candidate.program().get());
        byVersion.putIfAbsent(kubectl.version(), kubectl);
      } else {
        System.out.println("skipped: " + candidate.name() + ": " + candidate.otherwise());
      }
    }
    return new ArrayList<>(byVersion.values());
  }

  private record Candidate(String name, Optional<Path> program, String otherwise) {}

  private static Kubectl of(Path program) {
    String said =
        Command.run(Map.of(), List.of(program.toString(), "version", "--client")).succeeded();
    Matcher version = VERSION.matcher(said);
    return new Kubectl(program, version.find() ? version.group(1) : said.strip());
  }

  /// The one of Debian's package, installed or unpacked from it.
  private static Optional<Path> debian(Path folder) {
    Path installed = Path.of("/usr/bin/kubectl");
    if (Command.onPath("dpkg-query").isEmpty()) {
      return Optional.empty();
    }
    List<String> owner = List.of("dpkg-query", "-S", installed.toString());
    if (Command.run(Map.of(), owner).output().startsWith("kubernetes-client:")) {
      return Optional.of(installed);
    }
    return DebianPackage.unpack("kubernetes-client", folder)
        .map(files -> files.resolve("usr/bin/kubectl"))
        .filter(Files::isExecutable);
  }

  private static Optional<Path> current() {
    String named = System.getenv("HAVN_KUBECTL");
    Path beside =
        Path.of(System.getProperty("user.home"), ".cache/havn-conformance/bin", "kubectl");
    return Stream.of(named == null ? beside : Path.of(named))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /// A word for names: `1-36-3`.
  String word() {
    return version.replace('.', '-');
  }

  @Override
  public String toString() {
    return "kubectl " + version;
  }

  /// Runs it on a cluster.
  Command.Result run(LaunchedCluster cluster, List<String> arguments) {
    return heard(() -> Command.run(Map.of(), command(cluster, arguments)));
  }

  /// kubectl throws away what a command says before kubectl has made its streams, and tells of it:
  /// then it is run again.
  static Command.Result heard(Supplier<Command.Result> runs) {
    Command.Result result = runs.get();
    for (int i = 0; i < DISCARDED_MAX && result.output().contains("Unknown stream id"); i++) {
      result = runs.get();
    }
    return result;
  }

  List<String> command(LaunchedCluster cluster, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(program.toString(), "--kubeconfig", cluster.kubeconfig().toString()));
    command.addAll(arguments);
    return command;
  }

  /// Starts it for as long as it is left alone.
  Process start(LaunchedCluster cluster, List<String> arguments, Path output) throws IOException {
    return Command.start(Map.of(), command(cluster, arguments), output);
  }
}
