// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.DeviceNode;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// How volumes and devices get into containers, whatever other containers do with them meanwhile.
abstract class ContainerMountsContract extends RuntimeFixture {
  private static final Duration STARTS_WITHIN = Duration.ofSeconds(60);

  @Test
  void aLinkInAVolumeDoesNotLeadMountsOutOfTheContainer() throws IOException {
    needs(Feature.LOGS);
    Path host = Files.createDirectories(folder.resolve("host"));
    Path volume = Files.createDirectories(folder.resolve("linked"));
    Files.createSymbolicLink(volume.resolve("link"), host);
    Path file = Files.writeString(folder.resolve("file"), "x");
    PodPlace pod = pods.place();
    runtime.ensurePod(pod);
    TestPods.Spec spec =
        pods.spec("main")
            .shell("exit 0")
            .mount(volume, "/volume", false)
            .mount(file, "/volume/link/file", false);
    try {
      runtime.start(pod, spec.get());
      awaitEnd(pod, find(pod, "main", 0));
    } catch (RuntimeException refused) {
      assertThat(refused).hasMessageContaining("link");
    }
    assertThat(host).isEmptyDirectory();
  }

  @Test
  void volumesAreSharedAndReadOnlyWhereTheyShallBe() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Path volume = Files.createDirectories(folder.resolve("volume"));
    Files.writeString(volume.resolve("in"), "from outside\n");
    Container container =
        start(
            pod,
            pods.spec("main")
                .mount(volume, "/data/deep", false)
                .mount(volume, "/fixed", true)
                .shell("cat /data/deep/in; echo inside >/data/deep/out; touch /fixed/x || exit 9"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isEqualTo(9);
    assertThat(log(container)).contains("from outside");
    assertThat(volume.resolve("out")).hasContent("inside");
  }

  /// Host paths without a type are given to the runtime as they are.
  @Test
  void aFolderOfTheMachineThatIsMissingIsMade() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Path missing = folder.resolve("missing").resolve("deep");
    Container container =
        start(
            pod,
            pods.spec("main")
                .mount(missing, "/data", false)
                .shell("echo inside >/data/out; exit 3"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isEqualTo(3);
    assertThat(missing.resolve("out")).hasContent("inside");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(missing)))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void aFolderOfTheMachineIsNotMadeWhereAFileIs() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Path file = Files.createFile(folder.resolve("file"));
    Path lost = Files.createSymbolicLink(folder.resolve("lost"), folder.resolve("nowhere"));
    for (Path each : List.of(file.resolve("deep"), lost)) {
      assertThatThrownBy(() -> start(pod, pods.spec("main").mount(each, "/data", false)))
          .isInstanceOfSatisfying(
              StartException.class, e -> assertThat(e.reason()).isEqualTo("CreateContainerError"))
          .hasMessageContaining("failed to generate spec: failed to ");
    }
  }

  @Test
  void partsOfVolumesAreFoldersAndFilesOfThem() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Path volume = Files.createDirectories(folder.resolve("a volume"));
    Files.writeString(volume.resolve("a file"), "from outside\n");
    Container container =
        start(
            pod,
            pods.spec("main")
                .mountPart(volume, "a file", "/data/a file")
                .mountPart(volume, "made/deep", "/part")
                .mount(volume, "/data/all", true)
                .shell(
                    "cat '/data/a file'; echo inside >/part/out; cat /data/all/made/deep/out; exit 3"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isEqualTo(3);
    assertThat(log(container)).contains("from outside", "inside");
    assertThat(volume.resolve("made/deep/out")).hasContent("inside");
  }

  @Test
  void aPartThatLeadsOutOfItsVolumeIsRefused() throws IOException {
    needs(Feature.LOGS);
    Path host = Files.createDirectories(folder.resolve("host"));
    Path volume = Files.createDirectories(folder.resolve("volume"));
    Files.createSymbolicLink(volume.resolve("link"), host);
    PodPlace pod = pods.place();
    for (String each : List.of("link", "link/made")) {
      assertThatThrownBy(() -> start(pod, pods.spec("main").mountPart(volume, each, "/part")))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("failed to prepare subPath " + each);
    }
    assertThat(host).isEmptyDirectory();
  }

  /// As a container does that shares the volume: its folder is now a folder, now a link to the
  /// machine.
  @Test
  void noContainerGetsAPathOfTheMachineWhileAnotherMovesThings() throws Exception {
    needs(Feature.LOGS);
    Path host = Files.createDirectories(folder.resolve("host"));
    Path volume = Files.createDirectories(folder.resolve("volume"));
    Files.createDirectories(volume.resolve("folder"));
    Files.createSymbolicLink(volume.resolve("link"), host);
    AtomicInteger moves = new AtomicInteger();
    Thread mover = Thread.ofPlatform().start(() -> moveAbout(volume, moves));
    PodPlace pod = pods.place();
    int before = 0;
    int started = 0;
    Instant end = Instant.now().plus(STARTS_WITHIN);
    for (int i = 0; i < 10 || (started == 0 && Instant.now().isBefore(end)); i++) {
      before = moves.get();
      try {
        start(
            pod,
            pods.spec("main")
                .attempt(i)
                .mount(volume, "/volume", false)
                .mountPart(volume, "it", "/part")
                .mountPart(volume, "it", "/volume/it/made")
                .shell("echo x >/part/written; exit 0"));
        started++;
      } catch (StartException moved) {
        // Refused is as good: what counts is that nothing of the machine is written to.
        assertThat(written(host)).isEmpty();
      }
    }
    assertThat(started).as("the folder was there").isPositive();
    assertThat(moves.get()).as("things moved until the last start").isGreaterThan(before);
    mover.interrupt();
    mover.join();
    assertThat(written(host)).isEmpty();
  }

  /// What there is on the machine that should not be.
  private List<Path> written(Path host) throws IOException {
    boolean foldersToo =
        !runtime.version().startsWith("runc") || runcMakesFoldersInContainersOnly();
    try (Stream<Path> all = Files.walk(host)) {
      return all.filter(each -> !each.equals(host) && (foldersToo || !Files.isDirectory(each)))
          .toList();
    }
  }

  /// Until it is interrupted. What a start makes at the place goes aside. One call of the system
  /// does it each time: a start may make something between a look and a move.
  private static void moveAbout(Path volume, AtomicInteger moves) {
    File place = volume.resolve("it").toFile();
    int aside = 0;
    while (!Thread.interrupted()) {
      for (String name : List.of("folder", "link")) {
        File each = volume.resolve(name).toFile();
        if (each.renameTo(place)) {
          moves.incrementAndGet();
          LockSupport.parkNanos(100_000);
          assertThat(place.renameTo(each)).isTrue();
        } else {
          aside++;
          assertThat(place.renameTo(volume.resolve("made-" + aside).toFile())).isTrue();
        }
      }
    }
  }

  @Test
  void whatIsMountedInsideAReadOnlyMountIsReadOnlyToo() throws IOException {
    needs(Feature.RECURSIVE_READ_ONLY);
    Path volume = Files.createDirectories(folder.resolve("outer"));
    Path inner = Files.createDirectories(volume.resolve("inner"));
    Mounts.inMemory(inner, 1 << 20);
    try {
      PodPlace pod = pods.place();
      Container container =
          start(
              pod,
              pods.spec("main")
                  .mount(new Mount(volume, "", "/plain", Access.READ, "rprivate"))
                  .mount(new Mount(volume, "", "/deep", Access.READ_ALL, "rprivate"))
                  .shell("echo x >/plain/inner/file && ! echo x >/deep/inner/other"));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
      assertThat(inner.resolve("file")).exists();
    } finally {
      Mounts.detachBelow(volume);
    }
  }

  @Test
  void whatIsMountedLaterIsSeenWhereItIsShared() throws IOException {
    needs(Feature.RECURSIVE_READ_ONLY);
    Path volume = Files.createDirectories(folder.resolve("shared"));
    Path later = Files.createDirectories(volume.resolve("later"));
    Mounts.share(volume);
    try {
      PodPlace pod = pods.place();
      Container container =
          start(
              pod,
              pods.spec("main")
                  .mount(new Mount(volume, "", "/slave", Access.WRITE, "rslave"))
                  .mount(new Mount(volume, "", "/private", Access.WRITE, "rprivate"))
                  .shell(
                      "for i in $(seq 100); do [ -e /slave/later/here ] && break; sleep 0.1; done;"
                          + " [ -e /slave/later/here ] && ! [ -e /private/later/here ]"));
      Mounts.inMemory(later, 1 << 20);
      Files.createFile(later.resolve("here"));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
    } finally {
      Mounts.detachBelow(volume);
    }
  }

  @Test
  void aVolumeHidesNoneThatLiesInIt() throws IOException {
    needs(Feature.LOGS);
    PodPlace pod = pods.place();
    Path outer = Files.createDirectories(folder.resolve("outer"));
    Path inner = Files.createDirectories(folder.resolve("inner"));
    Files.writeString(outer.resolve("here"), "outside\n");
    Files.writeString(inner.resolve("here"), "inside\n");
    Container container =
        start(
            pod,
            pods.spec("main")
                .mount(inner.resolve("here"), "/etc/hosts", false)
                .mount(inner, "/data/cache", false)
                .mount(outer, "/etc", false)
                .mount(outer, "/data", false)
                .shell("cat /etc/here /etc/hosts /data/here /data/cache/here"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
    assertThat(log(container).lines().map(each -> each.replaceFirst(".* F ", "")))
        .containsExactly("outside", "inside", "outside", "inside");
  }

  @Test
  void theContainersOfAPodShareMemoryAndNobodyElseHasIt() throws IOException {
    needs(Feature.SHARED_MEMORY);
    PodPlace pod = pods.place();
    Container first =
        start(
            pod,
            pods.spec("first")
                .user("1000")
                .shell("echo shared >/dev/shm/name && stat -c %a /dev/shm && df -k /dev/shm"));
    assertThat(awaitEnd(pod, first).exitCode()).as(log(first)).isZero();
    assertThat(log(first)).contains(" F 1777\n").containsPattern(" F shm +65536 ");
    Container second =
        start(pod, pods.spec("second").shell("cat /dev/shm/name && echo more >>/dev/shm/name"));
    assertThat(awaitEnd(pod, second).exitCode()).as(log(second)).isZero();
    assertThat(log(second)).contains("shared");
    Path volume = Files.createDirectories(folder.resolve("own"));
    for (PodPlace each : List.of(pod, pods.place())) {
      TestPods.Spec spec = pods.spec("other").shell("! [ -e /dev/shm/name ]");
      Container other = start(each, each == pod ? spec.mount(volume, "/dev/shm/", false) : spec);
      assertThat(awaitEnd(each, other).exitCode()).as(log(other)).isZero();
    }
    runtime.removePod(pod.uid());
    assertThat(Mounts.below(Path.of("/run")))
        .noneMatch(each -> each.toString().contains(pod.uid()));
  }

  @Test
  void whoHasTheMachinesIpcHasItsMemoryAndQueues() throws IOException {
    needs(Feature.SHARED_MEMORY);
    Path shared = Path.of("/dev/shm");
    assumeThat(shared).isDirectory();
    Path file = Files.writeString(shared.resolve("havn-test-" + id), "of the machine\n");
    try {
      PodPlace pod = pods.hostIpcPlace();
      String shell = "readlink /proc/self/ns/ipc; cat " + file + " && echo more >>" + file;
      Container container = start(pod, pods.spec("main").shell(shell));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
      String machines = Files.readSymbolicLink(Path.of("/proc/self/ns/ipc")).toString();
      assertThat(log(container)).contains("of the machine", machines);
      assertThat(file).hasContent("of the machine\nmore");
      PodPlace own = pods.place();
      Container other =
          start(own, pods.spec("main").shell("readlink /proc/self/ns/ipc; ! [ -e " + file + " ]"));
      assertThat(awaitEnd(own, other).exitCode()).as(log(other)).isZero();
      assertThat(log(other)).contains("ipc:").doesNotContain(machines);
      runtime.removePod(pod.uid());
      assertThat(file).exists();
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void onlyAPrivilegedContainerHasTheMachinesDevices() throws IOException {
    needs(Feature.LOGS);
    Path device = Path.of("/dev/loop0");
    assumeThat(device).as("a block device").exists();
    PodPlace pod = pods.privilegedPlace();
    Container container =
        start(
            pod,
            pods.spec("main")
                .privileged()
                .shell(
                    "ls /dev; [ -b /dev/loop0 ] && [ -c /dev/full ] && [ -e /dev/pts/ptmx ]"
                        + " && echo x >/dev/shm/x && echo x >/dev/null"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
    Container other = start(pod, pods.spec("other").shell("! [ -e /dev/loop0 ]"));
    assertThat(awaitEnd(pod, other).exitCode()).as(log(other)).isZero();
  }

  @Test
  void aContainerHasTheBlockDevicesThatItIsGivenAndNoOthers() throws IOException {
    needs(Feature.DEVICES);
    Path device = Path.of("/dev/loop0");
    assumeThat(device).as("a block device").exists();
    PodPlace pod = pods.place();
    Container container =
        start(
            pod,
            pods.spec("main")
                .device(device, "/dev/disk")
                .shell(
                    "[ -b /dev/disk ] && dd if=/dev/disk of=/dev/null count=0"
                        + " && mknod /other b 7 1 && ! dd if=/other of=/dev/null count=0"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
  }

  @Test
  void aContainerUsesADeviceOnlyAsItMay() throws IOException {
    needs(Feature.DEVICES);
    Path device = Path.of("/dev/loop0");
    assumeThat(device).as("a block device").exists();
    PodPlace pod = pods.place();
    Container container =
        start(
            pod,
            pods.spec("main")
                .device(new Device(device, "/dev/disk", "r", DeviceNode.AS_SOURCE))
                .device(new Device(Path.of("/dev/zero"), "/dev/nought", "rw", DeviceNode.AS_SOURCE))
                .shell(
                    "[ -c /dev/nought ] && dd if=/dev/disk of=/dev/null count=0"
                        + " && ! dd if=/dev/null of=/dev/disk count=0"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
  }

  @Test
  void volumesThatAnImageDeclaresAreEachContainersOwn() throws IOException {
    needs(Feature.LOGS);
    images.load(TestImages.volumes(folder));
    PodPlace pod = pods.place();
    for (int attempt = 0; attempt < 2; attempt++) {
      Container container =
          start(
              pod,
              pods.spec("main")
                  .image(TestImages.VOLUMES)
                  .attempt(attempt)
                  .readOnlyRoot()
                  .shell(
                      "ls -ldn /data; cat /data/of /data/deep/file /real/file; echo more >/data/of;"
                          + " echo x >/fresh/x && echo x >/real/x && echo x >/outer/inner/x"
                          + " && ! touch /other && exit 3"));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isEqualTo(3);
      assertThat(log(container)).contains("drwxr-x--x", "of the image", "deep", "behind a link");
      if (runtime.features().contains(Feature.USERS)) {
        assertThat(log(container)).containsPattern("1000 +1000");
      }
    }
    for (Container each : runtime.containers(pod.uid())) {
      runtime.remove(pod.uid(), each.id());
      assertThat(each.logFile().resolveSibling(ImageVolumes.FOLDER)).doesNotExist();
    }
  }

  @Test
  void aVolumeOfThePodComesBeforeThatOfAnImage() throws IOException {
    needs(Feature.LOGS);
    images.load(TestImages.volumes(folder));
    PodPlace pod = pods.place();
    Path own = Files.createDirectories(folder.resolve("own"));
    Path outer = Files.createDirectories(folder.resolve("outer"));
    Container container =
        start(
            pod,
            pods.spec("main")
                .image(TestImages.VOLUMES)
                .mount(own, "/data/", false)
                .mount(outer, "/outer", false)
                .shell(
                    "cat /data/of; echo mine >/data/of; echo outer >/outer/file;"
                        + " echo inner >/outer/inner/file && exit 3"));
    assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isEqualTo(3);
    assertThat(log(container)).doesNotContain("of the image");
    assertThat(own.resolve("of")).hasContent("mine");
    assertThat(outer.resolve("file")).hasContent("outer");
    assertThat(outer.resolve("inner/file")).doesNotExist();
  }
}
