// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Measures a whole Havn and, where there is one, a real Kubernetes API server in the same run, and
/// keeps the table in `verify/results`.
///
/// `HAVN_BENCH` names the load tool `apiload`, `HAVN_ORACLE` the folder with the scripts that start
/// a kube-apiserver. What is not there is left out, and said. `-Dhavn.objects=1000` makes it short.
final class Measure {
  private static final int OBJECTS = Integer.getInteger("havn.objects", 10_000);
  private static final int IDLE_SECONDS = 20;

  /// One JVM compiles now this first, now that.
  private static final int JVMS = 5;

  private final Path root = Path.of(System.getProperty("havn.root", ".")).toAbsolutePath();
  private final Path folder;
  private final Optional<Path> apiload = named("HAVN_BENCH", "the load");
  private final Optional<Path> oracle = named("HAVN_ORACLE", "a kube-apiserver beside it");
  private final List<Figure> figures = new ArrayList<>();

  private Measure(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createTempDirectory("havn-measure");
    new Measure(folder).run();
    Program.run(Map.of(), List.of("rm", "-rf", folder.toString()));
  }

  private static Optional<Path> named(String variable, String what) {
    String value = System.getenv(variable);
    if (value == null) {
      System.err.println("left out: " + what + " (" + variable + " is not set)");
      return Optional.empty();
    }
    return Optional.of(Path.of(value));
  }

  private void run() throws IOException {
    junit();
    HavnTarget havn = new HavnTarget(root, folder, "simulated");
    List<Target> up = new ArrayList<>(List.of(havn));
    Runnable down = () -> up.forEach(Target::down);
    Thread end = new Thread(down, "end");
    Runtime.getRuntime().addShutdownHook(end);
    try {
      System.err.println("start");
      figures.addAll(new Start(havn, apiload).run());
      if (oracle.isPresent()) {
        Target peer = new OracleTarget(oracle.get(), folder);
        up.add(peer);
        peer.up();
      }
      memory("memory when idle", up, IDLE_SECONDS);
      if (apiload.isPresent()) {
        new Load(apiload.get(), OBJECTS).run(up, figures);
        memory("memory after the load", up, 1);
      }
    } finally {
      keep();
      Runtime.getRuntime().removeShutdownHook(end);
      down.run();
    }
  }

  private void memory(String name, List<Target> targets, int afterSeconds) {
    try {
      Thread.sleep(afterSeconds * 1_000L);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Figure memory = new Figure(name, "MiB", false);
    targets.forEach(target -> memory.add(target.name(), target.memoryMib()));
    figures.add(memory);
  }

  /// In a JVM as a build tool forks it: without flags, and with those that the guide names.
  private void junit() {
    junit("", List.of());
    junit(", flags of the guide", List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
  }

  private void junit(String flagged, List<String> flags) {
    System.err.println("a cluster in a test" + flagged);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), JunitStart.class.getName()));
    List<Double> first = new ArrayList<>();
    List<Double> further = new ArrayList<>();
    for (int i = 0; i < JVMS; i++) {
      String[] times = Program.run(Map.of(), command).strip().split(" ");
      first.add(Double.parseDouble(times[0]));
      further.add(Double.parseDouble(times[1]));
    }
    figures.add(
        Figure.of(
            "test cluster until a Deployment of 3 is available, first in a JVM, median of %d%s"
                .formatted(JVMS, flagged),
            "ms",
            "Havn",
            median(first)));
    figures.add(
        Figure.of(
            "the same, median of 20 after 5, median of %d%s".formatted(JVMS, flagged),
            "ms",
            "Havn",
            median(further)));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private void keep() throws IOException {
    String commit =
        Program.run(Map.of(), List.of("git", "-C", root.toString(), "rev-parse", "--short", "HEAD"))
            .strip();
    Instant now = Instant.now().truncatedTo(ChronoUnit.MINUTES);
    String rows = figures.stream().map(Figure::row).collect(Collectors.joining("\n"));
    String table =
        """
        # %s at %s

        %d processors, Java %s; load average of the last minutes %s. `verify/measure`, best of three, %,d objects.

        | What | Havn | kube-apiserver | Ratio |
        |---|---|---|---|
        %s
        """
            .formatted(
                commit,
                now,
                Runtime.getRuntime().availableProcessors(),
                Runtime.version(),
                Files.readString(Path.of("/proc/loadavg"))
                    .replaceAll("^(\\S+ \\S+ \\S+).*\\n", "$1"),
                OBJECTS,
                rows);
    Path results = Files.createDirectories(root.resolve("verify/results"));
    Path file = results.resolve(now.toString().replaceAll("[-:]|Z", "") + "-" + commit + ".md");
    Files.writeString(file, table);
    System.out.println(table);
    System.out.println("kept in " + root.relativize(file));
  }
}
