// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Mounts;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Pods with users of their own are what other pods are, and nobody to the machine.
class OwnUsersTest extends RuncRuntimeTest {
  @BeforeEach
  void ownUsers() {
    needs(Feature.USER_NAMESPACES);
    pods.ownUsers();
  }

  /// runc gives them only devices that they find where the machine has them.
  @Override
  protected void needs(Feature feature) {
    Assumptions.assumeTrue(feature != Feature.DEVICES, "such pods have no devices");
    super.needs(feature);
  }

  @Override
  void aContainerGetsWhatSpecificationsOfItsDevicesSay() {
    needs(Feature.DEVICES);
  }

  @Test
  void rootIsAnotherForEachPodAndNobodyToTheMachine() throws IOException {
    PodPlace pod = pods.place();
    Container main = start(pod, pods.spec("main").shell("id -u; sleep 1000"));
    Container beside = start(pod, pods.spec("beside").command("sleep", "1000"));
    PodPlace other = pods.place();
    Container elsewhere = start(other, pods.spec("main").command("sleep", "1000"));
    long first = first(pod, main);
    assertThat(first).isPositive().isEqualTo(first(pod, beside));
    assertThat(first(other, elsewhere))
        .isPositive()
        .isNotEqualTo(first)
        .matches(f -> f % 65_536 == 0);
    TestPods.await(() -> text(main), each -> each.endsWith(" 0\n"));
    Path process = Path.of("/proc", Files.readString(main.logFile().resolveSibling("pid")).strip());
    assertThat(Files.getAttribute(process, "unix:uid")).isEqualTo((int) first);
    assertThat(ns(main, "user")).isEqualTo(ns(beside, "user")).isNotEqualTo(ns(elsewhere, "user"));
  }

  /// The machine's id of the container's root.
  private long first(PodPlace pod, Container container) {
    for (String kind : List.of("uid_map", "gid_map")) {
      assertThat(exec(pod, container, "", "cat", "/proc/self/" + kind))
          .matches(" +0 +[1-9][0-9]+ +65536\n0");
    }
    return Long.parseLong(
        exec(pod, container, "", "cat", "/proc/self/uid_map").strip().split(" +")[1]);
  }

  private static Path ns(Container container, String kind) throws IOException {
    String pid = Files.readString(container.logFile().resolveSibling("pid")).strip();
    return Files.readSymbolicLink(Path.of("/proc", pid, "ns", kind));
  }

  @Test
  void filesBelongToTheSameIdsInsideAndOnTheDisk() throws IOException {
    PodPlace pod = pods.place();
    for (String each : List.of("disk", "memory")) {
      Path volume = Files.createDirectories(folder.resolve("closed").resolve(each));
      if (each.equals("memory")) {
        Mounts.dataInMemory(volume, 1 << 20);
      }
      Files.setAttribute(folder.resolve("closed"), "unix:mode", 0700);
      Files.setAttribute(volume, "unix:uid", 1000);
      Path secret = Files.writeString(volume.resolve("secret"), "hidden\n");
      Files.setAttribute(secret, "unix:uid", 1000);
      Files.setAttribute(secret, "unix:gid", 2000);
      Files.setAttribute(secret, "unix:mode", 0600);
      Container container =
          start(
              pod,
              pods.spec(each)
                  .user("1000")
                  .mount(volume, "/volume", false)
                  .mount(secret, "/etc/one", true)
                  .mount(volume, "/fixed", true)
                  .shell(
                      "cat /volume/secret /etc/one; ls -ln /volume /bin/busybox; echo x >/volume/made"));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
      assertThat(log(container))
          .contains("hidden")
          .containsPattern(" 1000 +2000 .* secret\n")
          .containsPattern(" 0 +0 .* /bin/busybox\n");
      assertThat(Files.getAttribute(volume.resolve("made"), "unix:uid")).isEqualTo(1000);
    }
    Mounts.detachBelow(folder.resolve("closed"));
  }

  @Test
  void rootWritesToItsRootAndEverybodyToTheirStreams() throws IOException {
    for (String user : List.of("0", "1000")) {
      PodPlace pod = pods.place();
      Container container =
          start(
              pod,
              pods.spec("main")
                  .user(user)
                  .shell(
                      "echo out >/dev/stdout && echo bad >/dev/stderr && touch /tmp/x; "
                          + (user.equals("0") ? "touch /x /etc/passwd" : "! touch /x")));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
      assertThat(log(container)).contains("stdout F out", "stderr F bad");
    }
  }

  @Test
  void networkAndMessagesArePodsOwn() throws IOException {
    String setting = "net.ipv4.ip_unprivileged_port_start";
    PodPlace pod = pods.place(false, Map.of(setting, "7", "kernel.shm_rmid_forced", "1"));
    Container container =
        start(
            pod,
            pods.spec("main")
                .shell(
                    "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced;"
                        + " ls /sys/class/net; touch /dev/mqueue/x /dev/shm/x"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
    assertThat(log(container)).contains(" F 7\n", " F 1\n", " F eth0\n");
  }

  @Test
  void theFirstOfSharedProcessesIsThePodsAndSeesProgramsOnly() throws IOException {
    PodPlace pod = pods.place(true, Map.of());
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    Path parent = Path.of("/run/havn-" + id, "pods", pod.uid(), "first");
    long first =
        ProcessHandle.of(Long.parseLong(Files.readString(parent).strip()))
            .flatMap(each -> each.children().findFirst())
            .orElseThrow()
            .pid();
    assertThat(Files.getAttribute(Path.of("/proc", "" + first), "unix:uid"))
        .isEqualTo((int) first(pod, container) + 65_534);
    assertThat(Files.readAllLines(Path.of("/proc", "" + first, "mountinfo")))
        .extracting(each -> each.split(" ")[4])
        .contains("/", "/usr")
        .allMatch(each -> each.matches("/|/dev/null|/(usr|bin|sbin|lib[0-9x]*)(/.*)?"));
  }

  @Test
  void idsAreKeptOverARestartAndFreeAfterThePod() throws IOException {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    long first = first(pod, container);
    runtime.close();
    runtime = open();
    runtime.ensurePod(pod);
    assertThat(Set.copyOf(ranges())).containsExactly(String.valueOf(first));
    Container next = start(pod, pods.spec("next").command("sleep", "1000"));
    assertThat(first(pod, next)).isEqualTo(first);
    PodPlace other = pods.place();
    runtime.ensurePod(other);
    assertThat(ranges()).hasSize(2);
    runtime.removePod(pod.uid());
    assertThat(ranges()).hasSize(1).doesNotContain(String.valueOf(first));
  }
}
