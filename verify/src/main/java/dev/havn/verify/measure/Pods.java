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

/// How fast real containers start, and what a hundred of them cost: Havn with runc and, where there
/// is one, a real Kubernetes with kubelet and containerd, taking turns. Keeps the table in
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
  private final Figure middle = new Figure("pod created to Ready, p50 of 20", "ms", false);
  private final Figure slowest = new Figure("pod created to Ready, p99 of 20", "ms", false);
  private final Figure rollout = new Figure("Deployment of 30 available", "ms", false);
  private final Figure idle = new Figure("memory of all programs, no pods", "MiB", false);
  private final Figure full = new Figure("memory of all programs", "MiB", false);

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
    List<Target> up = new ArrayList<>();
    Runnable down = () -> up.forEach(Target::down);
    Thread end = new Thread(down, "end");
    Runtime.getRuntime().addShutdownHook(end);
    try {
      up.add(havn);
      havn.up();
      havn.load(archive);
      Optional<String> scripts = Optional.ofNullable(System.getenv("HAVN_ORACLE"));
      if (scripts.isPresent()) {
        Target peer = new ClusterTarget(Path.of(scripts.get()), folder);
        up.add(peer);
        peer.up();
      } else {
        System.err.println("left out: a Kubernetes beside it (HAVN_ORACLE is not set)");
      }
      // What is started for the first time is slower, on both sides.
      up.forEach(target -> call(target, "start", 1));
      up.forEach(target -> idle.add(target.name(), target.memoryMib()));
      for (int round = 1; round <= ROUNDS; round++) {
        for (Target target : up) {
          System.err.println("round " + round + " of " + ROUNDS + ": " + target.name());
          JsonNode start = call(target, "start", 20);
          middle.add(target.name(), start.path("p50_ms").asDouble());
          slowest.add(target.name(), start.path("p99_ms").asDouble());
          rollout.add(target.name(), call(target, "rollout", 30).path("available_ms").asDouble());
        }
      }
      for (Target target : up) {
        int pods = target == havn ? PODS : PODS_OF_PEER;
        full.add(target.name(), new Standing(target, image).memoryWith(pods));
      }
      keep();
    } finally {
      Runtime.getRuntime().removeShutdownHook(end);
      down.run();
    }
  }

  private JsonNode call(Target target, String what, int pods) {
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

        %d processors, Java %s; load average at the end %s. `verify/pods`, one node, best of %d rounds, the targets taking turns.
        The last row is with %d pods on Havn, with %d on the peer.

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
                List.of(middle, slowest, rollout, idle, full).stream()
                    .map(Figure::row)
                    .collect(Collectors.joining("\n")));
    System.out.println(table);
    String name = now.toString().replaceAll("[-:]", "").replace("Z", "") + "-" + commit;
    Files.writeString(root.resolve("verify/results").resolve(name + "-pods.md"), table);
  }
}
