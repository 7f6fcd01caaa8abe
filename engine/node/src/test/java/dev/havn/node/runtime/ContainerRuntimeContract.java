// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Cgroups.Abilities;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// What every container runtime does.
abstract class ContainerRuntimeContract extends ContainerMountsContract {
  @Test
  void aStartedContainerRunsUntilItIsStopped() {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    assertThat(container.running()).isTrue();
    assertThat(container.image()).isEqualTo(TestImages.BUSYBOX);
    assertThat(runtime.pods()).containsExactly(pod.uid());
    runtime.stop(pod.uid(), container.id(), Duration.ZERO);
    Container ended = awaitEnd(pod, container);
    assertThat(ended.finished()).isAfterOrEqualTo(ended.started());
  }

  @Test
  void whoListensHearsOfAnEnd() {
    ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
    runtime.onChange(heard::add);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    heard.clear();
    runtime.stop(pod.uid(), container.id(), Duration.ZERO);
    TestPods.await(() -> heard, each -> each.contains(pod.uid()));
  }

  @Test
  void whatARunningContainerUsesIsCounted() {
    needs(Feature.USAGE);
    PodPlace pod = pods.place();
    String work = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000";
    Container container = start(pod, pods.spec("main").command("sh", "-c", work));
    TestPods.await(
        () -> runtime.consumption(pod.uid(), container.id()),
        used -> used.isPresent() && used.get().cpuNanos() > 0 && used.get().memoryBytes() > 0);
  }

  @Test
  void attemptsAreListedInTheirOrderUntilTheyAreRemoved() {
    PodPlace pod = pods.place();
    Container first = start(pod, pods.spec("main").command("sleep", "1000"));
    runtime.stop(pod.uid(), first.id(), Duration.ZERO);
    awaitEnd(pod, first);
    Container second = start(pod, pods.spec("main").attempt(1).command("sleep", "1000"));
    assertThat(runtime.containers(pod.uid()))
        .extracting(Container::id)
        .containsExactly(first.id(), second.id());
    runtime.remove(pod.uid(), first.id());
    assertThat(runtime.containers(pod.uid()))
        .extracting(Container::id)
        .containsExactly(second.id());
  }

  @Test
  void aRemovedPodLeavesNothing() throws IOException {
    PodPlace pod = pods.place();
    start(pod, pods.spec("main").command("sleep", "1000"));
    runtime.removePod(pod.uid());
    runtime.removePod(pod.uid());
    assertThat(runtime.pods()).isEmpty();
    assertThat(runtime.containers(pod.uid())).isEmpty();
  }

  @Test
  void removingAllLeavesNothingOutsideTheFolder() throws IOException {
    for (int i = 0; i < 2; i++) {
      start(pods.place(), pods.spec("main").command("sleep", "1000"));
    }
    runtime.removeAll();
    TestPods.await(this::left, List::isEmpty);
  }

  @Test
  void podsHaveDifferentAddresses() {
    needs(Feature.POD_ADDRESSES);
    String first = runtime.ensurePod(pods.place());
    PodPlace pod = pods.place();
    String second = runtime.ensurePod(pod);
    assertThat(second).isNotEqualTo(first).isEqualTo(runtime.ensurePod(pod));
  }

  @Test
  void aContainerHasItsCommandEnvironmentFolderAndLog() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Container container =
        start(
            pod,
            pods.spec("main")
                .shell(
                    "echo $GREETING $FROM_IMAGE from $(pwd) on $(hostname); echo bad >&2; exit 3")
                .environment("GREETING", "it's \"me\"")
                .workingDirectory("/home"));
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(3);
    assertThat(log(container).lines())
        .anyMatch(
            line ->
                line.matches(
                    "[0-9T:.-]+(Z|\\+00:00) stdout F it's \"me\" yes from /home on test-host"))
        .anyMatch(line -> line.endsWith(" stderr F bad"));
  }

  /// As `setHostnameAsFQDN` wants it; the kernel takes 64 characters.
  @Test
  void aContainersNameMayBeAFullOneOfTheDomain() throws IOException {
    needs(Feature.LOGS);
    String domain = ".sub.default.svc.cluster.local";
    String full = "w".repeat(64 - domain.length()) + domain;
    PodPlace pod = pods.place(full);
    Container container = start(pod, pods.spec("main").shell("hostname; echo env $HOSTNAME"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
    assertThat(log(container)).contains(" F " + full + "\n", " F env " + full + "\n");
  }

  @Test
  void aLineWithoutAnEndIsKept() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").shell("echo -n half"));
    awaitEnd(pod, container);
    assertThat(log(container)).endsWith(" stdout P half\n");
  }

  @Test
  void aProgramThatIsNotThereIsAnError() {
    needs(Feature.EXEC);
    PodPlace pod = pods.place();
    assertThatThrownBy(() -> start(pod, pods.spec("main").command("not-there")))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(notThere());
    assertThat(runtime.containers(pod.uid())).isEmpty();
  }

  /// What is said of that program.
  String notThere() {
    return "exec: \"not-there\": executable file not found in $PATH";
  }

  @Test
  void aCommandIsRunAsTheContainersUserIs() {
    needs(Feature.EXEC);
    needs(Feature.USERS);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").user("1000").command("sleep", "1000"));
    assertThat(exec(pod, container, "", "id"))
        .contains("uid=1000(web) gid=1000(web)", "2000(extra)")
        .endsWith("0");
    assertThat(
            exec(
                pod,
                container,
                "",
                "sh",
                "-c",
                "grep Cap /proc/1/status >/tmp/c && grep Cap /proc/$$/status | diff - /tmp/c"))
        .isEqualTo("0");
  }

  @Test
  void aCommandJoinsAContainer() {
    needs(Feature.EXEC);
    PodPlace pod = pods.place();
    Container container =
        start(pod, pods.spec("main").environment("WHO", "you").command("sleep", "1000"));
    assertThat(exec(pod, container, "", "sh", "-c", "echo $WHO; echo no >&2; exit 4"))
        .contains("you\n", "no\n")
        .endsWith("4");
    assertThat(exec(pod, container, "given", "cat")).isEqualTo("given0");
    assertThat(exec(pod, container, "", "sh", "-c", "echo $PPID; ls /proc/1/exe"))
        .contains("/proc/1/exe");
  }

  @Test
  void aCommandThatTakesTooLongIsGivenUp() {
    needs(Feature.EXEC);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int code =
        runtime.exec(
            pod.uid(),
            container.id(),
            List.of("sleep", "100"),
            false,
            new Streams(null, out, out, _ -> {}, _ -> {}),
            Duration.ofMillis(300));
    assertThat(code).isEqualTo(-1);
  }

  @Test
  void whoAttachesSpeaksWithTheFirstProcess() {
    needs(Feature.ATTACH);
    PodPlace pod = pods.place();
    Container container =
        start(
            pod,
            pods.spec("main").stdinOnce().shell("read name; echo hello $name; read rest; exit 5"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Streams streams =
        new Streams(
            new ByteArrayInputStream("you\n".getBytes(StandardCharsets.UTF_8)),
            out,
            out,
            _ -> {},
            _ -> {});
    runtime.attach(pod.uid(), container.id(), false, streams);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("hello you\n");
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(5);
  }

  @Test
  void aTerminalIsOne() throws IOException {
    needs(Feature.TERMINALS);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").tty().shell("tty && exit 6"));
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(6);
    assertThat(log(container)).contains("/dev/").doesNotContain("not a tty");
  }

  @Test
  void oneThatListensToTheSignalEndsWithinItsGrace() {
    needs(Feature.EXEC);
    PodPlace pod = pods.place();
    Container container =
        start(pod, pods.spec("main").shell("trap 'exit 7' TERM; while :; do sleep 0.1; done"));
    TestPods.await(
        () ->
            exec(
                pod,
                container,
                "",
                "sh",
                "-c",
                "grep SigCgt /proc/1/status 2>&1; cat /proc/1/status"),
        each -> each.matches("(?s).*SigCgt:\\s*[0-9a-f]*[4-7c-f][0-9a-f]{3}\\s.*"));
    runtime.stop(pod.uid(), container.id(), Duration.ofSeconds(30));
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(7);
  }

  @Test
  void oneThatDoesNotIsEndedAfterItsGrace() {
    needs(Feature.EXEC);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    // What stands there until then is the runtime's own, and listens.
    TestPods.await(
        () -> exec(pod, container, "", "sh", "-c", "cat /proc/1/comm"),
        each -> each.contains("sleep"));
    runtime.stop(pod.uid(), container.id(), Duration.ofMillis(300));
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(137);
  }

  @Test
  void usersGroupsAndARootThatIsReadOnly() throws IOException {
    needs(Feature.USERS);
    PodPlace pod = pods.place();
    Container container =
        start(
            pod, pods.spec("main").user("1000").readOnlyRoot().shell("id; touch /tmp/x || exit 8"));
    assertThat(awaitEnd(pod, container).exitCode()).isEqualTo(8);
    assertThat(log(container)).contains("uid=1000(web) gid=1000(web)", "2000(extra)", "Read-only");
  }

  @Test
  void aPortOfAPodIsReached() throws IOException {
    needs(Feature.PORTS);
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    PodPlace pod = pods.place();
    Container container =
        start(
            pod, pods.spec("main").shell("while :; do echo answer | nc -l -p " + port + "; done"));
    ByteArrayOutputStream out =
        TestPods.await(
            () -> connect(pod, port),
            each -> each.toString(StandardCharsets.UTF_8).equals("answer\n"));
    assertThat(out.size()).isPositive();
    assertThat(container.running()).isTrue();
  }

  private ByteArrayOutputStream connect(PodPlace pod, int port) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      runtime.connect(pod.uid(), port, new ByteArrayInputStream(new byte[0]), out);
    } catch (StartException notYet) {
      out.reset();
    }
    return out;
  }

  @Test
  void theNextRuntimeFindsWhatRunsAndLearnsHowTheRestEnded() throws IOException {
    needs(Feature.ADOPTION);
    PodPlace pod = pods.place();
    Container stays = start(pod, pods.spec("stays").stdin().shell("read x; echo got $x; exit 11"));
    Path gate = Files.createDirectories(folder.resolve("gate"));
    Container ends =
        start(
            pod,
            pods.spec("ends")
                .mount(gate, "/gate", false)
                .shell("while [ ! -e /gate/go ]; do sleep 0.05; done; echo bye; exit 12"));
    runtime.close();
    Files.createFile(gate.resolve("go"));
    TestPods.await(() -> hasEndedUnseen(ends), ended -> ended);
    runtime = open();
    assertThat(find(pod, "stays", 0).running()).isTrue();
    Container ended = find(pod, "ends", 0);
    assertThat(ended.exitCode()).isEqualTo(12);
    assertThat(log(ended)).contains("bye");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    runtime.attach(
        pod.uid(),
        stays.id(),
        false,
        new Streams(
            new ByteArrayInputStream("it\n".getBytes(StandardCharsets.UTF_8)),
            out,
            out,
            _ -> {},
            _ -> {}));
    assertThat(awaitEnd(pod, stays).exitCode()).isEqualTo(11);
    assertThat(log(stays)).contains("got it");
  }

  @Test
  void whenAllIsRemovedItStaysKnownHowContainersEnded() {
    needs(Feature.ADOPTION);
    PodPlace pod = pods.place();
    Container container =
        start(pod, pods.spec("main").command("sh", "-c", "echo up; exec sleep 1000"));
    // What runc leaves behind for the command to begin ends otherwise.
    TestPods.await(() -> logOf(container), each -> each.contains("up\n"));
    runtime.removeAll();
    runtime.close();
    runtime = open();
    Container ended = find(pod, "main", 0);
    assertThat(ended.running()).isFalse();
    assertThat(ended.exitCode()).isEqualTo(137);
    Container again = start(pod, pods.spec("main").attempt(1).command("sleep", "1000"));
    assertThat(again.running()).isTrue();
    assertThat(again.id()).isNotEqualTo(container.id());
  }

  @Test
  void oneThatListensIsAskedBeforeAllIsRemoved() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Container container =
        start(
            pod,
            pods.spec("main")
                .shell("trap 'echo saved; exit 0' TERM; echo on; while :; do sleep 0.1; done"));
    TestPods.await(() -> logOf(container), each -> each.contains(" on\n"));
    runtime.removeAll();
    assertThat(find(pod, "main", 0).exitCode()).isZero();
    assertThat(log(container)).contains("saved");
  }

  private String logOf(Container container) {
    try {
      return log(container);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aContainerWhoseParentWasKilledHasEnded() throws IOException {
    needs(Feature.ADOPTION);
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    runtime.close();
    long parent = parentOf(container);
    ProcessHandle.of(parent).ifPresent(ProcessHandle::destroyForcibly);
    TestPods.await(() -> Path.of("/proc/" + parent + "/exe"), each -> !Files.exists(each));
    runtime = open();
    assertThat(awaitEnd(pod, container).exitCode()).isNotZero();
  }

  @Test
  void noContainerOrPodSwapsHoweverItIsResized() throws IOException {
    needs(Feature.LIMITS);
    Abilities abilities = Cgroups.abilities();
    Assumptions.assumeTrue(abilities.swap(), "this machine does not bound swap");
    PodPlace pod = pods.place(new Resources(2, 0, 256 << 20));
    Container container = start(pod, pods.spec("main").memory(64 << 20).command("sleep", "1000"));
    assertThat(swap(pod, "")).isEqualTo(abilities.unified() ? 0 : 256 << 20);
    assertThat(swap(pod, container.id())).isEqualTo(abilities.unified() ? 0 : 64 << 20);
    for (long mebibytes : List.of(128L, 32L)) {
      runtime.resizePod(pod.uid(), new Resources(2, 0, 4 * mebibytes << 20));
      runtime.resize(pod.uid(), container.id(), new Resources(2, 0, mebibytes << 20));
      assertThat(swap(pod, "")).isEqualTo(abilities.unified() ? 0 : 4 * mebibytes << 20);
      assertThat(swap(pod, container.id())).isEqualTo(abilities.unified() ? 0 : mebibytes << 20);
    }
  }

  private long swap(PodPlace pod, String containerId) throws IOException {
    String group = runtime.cgroup(pod.uid(), containerId).orElseThrow();
    String file = Cgroups.areUnified() ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
    return Long.parseLong(Cgroups.read(group, "memory", file).orElseThrow());
  }

  /// Each of the processes waits, so that even without a bound there are no more than five hundred.
  @Test
  void aPodThatStartsEverMoreProcessesIsToldSoAndHarmsNobodyElse() throws IOException {
    needs(Feature.LIMITS);
    PodPlace pod = pods.place();
    PodPlace other = pods.place();
    Container beside = start(other, pods.spec("main").command("sleep", "1000"));
    String more = "i=0; while [ $i -lt 500 ]; do sleep 1000 & i=$((i+1)); done; wait";
    Container container = start(pod, pods.spec("main").shell(more));
    assertThat(awaitEnd(pod, container).exitCode()).isNotZero();
    assertThat(log(container)).contains("fork");
    if (!(runtime instanceof CriRuntime)) {
      // There the group of a container that has ended goes, with what it had counted.
      assertThat(runtime.processBound(pod.uid()).max()).isEqualTo(PROCESSES_MAX);
      assertThat(runtime.processBound(pod.uid()).refused()).isPositive();
    }
    assertThat(runtime.processBound(other.uid()).refused()).isZero();
    assertThat(exec(other, beside, "", "sh", "-c", "sleep 0 & wait; echo forks"))
        .isEqualTo("forks\n0");
  }

  /// Who asked for it is gone, and with it whoever gave it its time.
  @Test
  void aCommandOfAServerThatIsGoneEndsWhenTheNextOneStarts() throws Exception {
    needs(Feature.ADOPTION);
    Assumptions.assumeFalse(runtime instanceof CriRuntime, "commands are not its own");
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    ContainerRuntime first = runtime;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Streams streams = new Streams(null, out, out, _ -> {}, _ -> {});
    List<String> command = List.of("sh", "-c", "echo runs; sleep 2000; true");
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(
            () -> first.exec(pod.uid(), container.id(), command, false, streams, Duration.ZERO));
    TestPods.await(() -> out.toString(StandardCharsets.UTF_8), each -> each.contains("runs"));
    runtime.close();
    runtime = open();
    assertThat(code.get(20, TimeUnit.SECONDS)).isNotZero();
    assertThat(find(pod, "main", 0).running()).isTrue();
  }
}
