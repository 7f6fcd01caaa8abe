// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.util.stream.Stream;

/// How fast real containers start, and what a hundred of them cost: Havn with runc and, where there
/// is one, a real Kubernetes with kubelet and containerd. They take turns, and while one is
/// measured the other is down: a cluster at rest keeps a processor busy, too. In each round a
/// target is started, measured right after that, and measured once more. Keeps the table in
/// `verify/results`.
///
/// `HAVN_BENCH` names the load tool `apiload`, `HAVN_ORACLE` the folder with the peer's scripts.
final class Pods {
  private static final int ROUNDS = 3;
  private static final int PODS = 100;

  /// The peer is not asked for more: its baseline was measured with 31.
  private static final int PODS_OF_PEER = 30;

  private final Path root = Path.of(System.getProperty("havn.root", ".")).toAbsolutePath();
  private final Path folder;
  private final Path apiload;
  private final Path archive;
  private final String image;
  private final Starts starts = new Starts("");
  private final Starts first = new Starts(", the first after a start");
  private final Figure idle = new Figure("memory of all programs, no pods", "MiB", false);
  private final Figure full = new Figure("memory of all programs", "MiB", false);

  private record Starts(Figure middle, Figure slowest, Figure rollout) {
    Starts(String when) {
      this(
          new Figure("pod created to Ready, p50 of 20" + when, "ms", false),
          new Figure("pod created to Ready, p99 of 20" + when, "ms", false),
          new Figure("Deployment of 30 available" + when, "ms", false));
    }

    Stream<Figure> figures() {
      return Stream.of(middle, slowest, rollout);
    }
  }

  /// @param archive of an image with `sleep`, which the peer has already
  private Pods(Path folder, Path apiload, Path archive, String image) {
    this.folder = folder;
    this.apiload = apiload;
    this.archive = archive;
    this.image = image;
  }

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2 || System.getenv("HAVN_BENCH") == null) {
      System.err.println(
          "usage: HAVN_BENCH=apiload [HAVN_ORACLE=folder] verify/pods ARCHIVE IMAGE: an image with sleep");
      System.exit(2);
    }
    Path folder = Files.createTempDirectory("havn-pods");
    new Pods(
            folder,
            Path.of(System.getenv("HAVN_BENCH")),
            Path.of(arguments[0]).toAbsolutePath(),
            arguments[1])
        .run();
    Program.run(Map.of(), List.of("rm", "-rf", folder.toString()));
  }

  private void run() throws IOException {
    HavnTarget havn = new HavnTarget(root, folder, "runc");
    List<Target> all = new ArrayList<>(List.of(havn));
    Optional<String> scripts = Optional.ofNullable(System.getenv("HAVN_ORACLE"));
    if (scripts.isPresent()) {
      all.add(new ClusterTarget(Path.of(scripts.get()), folder));
    } else {
      System.err.println("left out: a Kubernetes beside it (HAVN_ORACLE is not set)");
    }
    for (int round = 1; round <= ROUNDS; round++) {
      for (Target target : all) {
        System.err.println("round " + round + " of " + ROUNDS + ": " + target.name());
        boolean isLast = round == ROUNDS;
        whileUp(target, () -> measure(target, target == havn ? PODS : PODS_OF_PEER, isLast));
      }
    }
    keep();
  }

  private void whileUp(Target target, Runnable what) {
    Thread end = new Thread(target::down, "end");
    Runtime.getRuntime().addShutdownHook(end);
    try {
      target.up();
      what.run();
    } finally {
      Runtime.getRuntime().removeShutdownHook(end);
      target.down();
    }
  }

  private void measure(Target target, int pods, boolean isLast) {
    if (target instanceof HavnTarget havn) {
      havn.load(archive);
    }
    idle.add(target.name(), target.memoryMib());
    add(target, first);
    add(target, starts);
    if (isLast) {
      full.add(target.name(), new Standing(target, image).memoryWith(pods));
    }
  }

  private void add(Target target, Starts figures) {
    JsonNode start = call(target, "start", 20);
    figures.middle().add(target.name(), start.path("p50_ms").asDouble());
    figures.slowest().add(target.name(), start.path("p99_ms").asDouble());
    JsonNode rollout = call(target, "rollout", 30);
    figures.rollout().add(target.name(), rollout.path("available_ms").asDouble());
  }

  private JsonNode call(Target target, String what, int pods) {
    new Standing(target, image).clear();
    List<String> command =
        target.within(
            List.of(
                apiload.toString(),
                what,
                "-n",
                String.valueOf(pods),
                "-image",
                image,
                "-kubeconfig",
                target.kubeconfig().toString()));
    try {
      return new ObjectMapper().readTree(Program.run(Map.of(), command));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("apiload's answer", e);
    }
  }

  private void keep() throws IOException {
    String commit =
        Program.run(Map.of(), List.of("git", "-C", root.toString(), "rev-parse", "--short", "HEAD"))
            .strip();
    Instant now = Instant.now().truncatedTo(ChronoUnit.MINUTES);
    String table =
        """
        # %s at %s: real containers

        %d processors, Java %s; load average at the end %s. `verify/pods`, one node, best of %d rounds, the targets taking turns, one of them up at a time.
        The last row is with %d pods on Havn, with %d on the peer. Of Havn shared memory counts in proportion (Pss), of the peer for each process (resident).

        | What | Havn with runc | Kubernetes with containerd | Ratio |
        |---|---|---|---|
        %s
        """
            .formatted(
                commit,
                now,
                Runtime.getRuntime().availableProcessors(),
                Runtime.version(),
                Files.readString(Path.of("/proc/loadavg")).split(" ")[0],
                ROUNDS,
                PODS,
                PODS_OF_PEER,
                Stream.of(starts.figures(), first.figures(), Stream.of(idle, full))
                    .flatMap(each -> each)
                    .map(Figure::row)
                    .collect(Collectors.joining("\n")));
    System.out.println(table);
    String name = now.toString().replaceAll("[-:]", "").replace("Z", "") + "-" + commit;
    Files.writeString(root.resolve("verify/results").resolve(name + "-pods.md"), table);
  }
}
