// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A server that stops leaves nothing behind.
class StopTest {
  private static final int ROUNDS = 4;

  @TempDir private Path folder;

  private Configuration with(Configuration.RuntimeChoice runtime, int nodes, StoreChoice store) {
    Configuration plain = Configuration.of(folder);
    return new Configuration(
        folder,
        plain.bind(),
        0,
        null,
        nodes,
        runtime,
        store,
        plain.serviceRange(),
        plain.podRange());
  }

  /// Its control socket cannot be removed.
  private Havn hindered(StoreChoice store) throws IOException {
    Havn havn = Havn.start(with(Configuration.RuntimeChoice.SIMULATED, 1, store));
    havn.awaitReady();
    Path socket = DataDirectory.controlSocket(folder);
    Files.delete(socket);
    Files.createDirectories(socket.resolve("inside"));
    return havn;
  }

  @Test
  void aStepThatFailsKeepsNoOtherFromBeingTaken() throws IOException {
    Havn havn = hindered(StoreChoice.MEMORY);
    assertThatThrownBy(havn::close).hasMessageContaining("control.sock");
    assertIsStopped();
  }

  @Test
  void norWhenAnotherServerFollows() throws IOException {
    Havn havn = hindered(StoreChoice.FILE);
    havn.askToLeave();
    assertThatThrownBy(havn::awaitStop).hasMessageContaining("control.sock");
    assertIsStopped();
  }

  private void assertIsStopped() throws IOException {
    assertThat(DataDirectory.isInUse(folder)).isFalse();
    assertThat(log()).contains("ERROR Havn: the server is not wholly stopped", "control.sock");
    Path socket = DataDirectory.controlSocket(folder);
    Files.delete(socket.resolve("inside"));
    Files.delete(socket);
    try (Havn next = Havn.start(with(Configuration.RuntimeChoice.SIMULATED, 1, StoreChoice.FILE))) {
      next.awaitReady();
    }
  }

  /// What failed. That work takes longer than a server waits for it is no failure: machines may be
  /// slow, and what is left behind is looked for.
  private List<String> complaints() throws IOException {
    return log()
        .lines()
        .filter(line -> line.contains(" WARN ") || line.contains(" ERROR "))
        .filter(line -> !line.contains(" WARN EndOfWork: "))
        .toList();
  }

  private String log() throws IOException {
    return Files.readString(ServerLog.files(folder).getLast());
  }

  @Test
  @Timeout(300)
  void whoMakesAndRemovesPodsIsAwaitedBeforeTheRestIsRemoved() throws IOException {
    List<String> missing = RuntimeKind.RUNC.missing();
    if (!missing.isEmpty()) {
      System.out.println("skipped StopTest: needs " + missing);
    }
    assumeTrue(missing.isEmpty(), "needs " + missing);
    Configuration runc = with(Configuration.RuntimeChoice.RUNC, 2, StoreChoice.MEMORY);
    for (int round = 0; round < ROUNDS; round++) {
      try (Havn havn = Havn.start(runc)) {
        havn.awaitReady();
        comeToTheMidst(havn.cluster(), round % 2 == 0);
      }
      assertThat(left()).as("round " + round).isEmpty();
      assertThat(complaints()).as("round " + round).isEmpty();
    }
    assertThat(Havn.cleanUp(folder)).as("whether anything was left").isFalse();
  }

  /// Returns when some pods have come, or gone, and others are just coming or going.
  private void comeToTheMidst(Cluster cluster, boolean going) throws IOException {
    var unused = cluster.runtimes().imageCommands().load(TrainingPods.archive(folder));
    Api api = new Api(cluster.client("system:admin", List.of("system:masters")));
    api.create(TrainingPods.DEPLOYMENTS, TrainingPods.deployment().toString());
    if (going) {
      await(() -> TrainingPods.available(api) == TrainingPods.PODS);
      api.delete(
          TrainingPods.DEPLOYMENTS + "/training",
          Api.object().put("propagationPolicy", "Background"));
      await(() -> api.get(TrainingPods.PODS_PATH).path("items").size() < TrainingPods.PODS);
    } else {
      // The first pod has a network, and no container yet.
      Pattern namespace = Pattern.compile("/run/netns/hv" + clusterId() + "0[01]-.*");
      await(() -> left().stream().anyMatch(namespace.asMatchPredicate()));
    }
  }

  private static void await(BooleanSupplier isSo) {
    for (int look = 0; look < 10; look++) {
      if (TrainingLoad.await(isSo)) {
        return;
      }
    }
    throw new AssertionError("the pods do not come and go");
  }

  /// What there is outside the data directory.
  private List<String> left() {
    try {
      return left(clusterId());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String clusterId() throws IOException {
    return Files.readString(folder.resolve("cluster-id")).strip();
  }

  private List<String> left(String cluster) throws IOException {
    List<String> left = new ArrayList<>();
    for (String words : List.of(folder.toString(), "havn-" + cluster)) {
      Processes.startedWith(words).forEach(each -> left.add("process " + each));
    }
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    Links.names().stream().filter(each -> each.contains(cluster)).forEach(left::add);
    for (String node : List.of("00", "01")) {
      Cgroups.below("havn-" + cluster + node).forEach(each -> left.add("cgroup " + each));
    }
    for (Path run : List.of(Path.of("/run"), Path.of("/run/netns"))) {
      try (Stream<Path> files = Files.list(run)) {
        files.map(Path::toString).filter(each -> each.contains(cluster)).forEach(left::add);
      }
    }
    return left;
  }
}
