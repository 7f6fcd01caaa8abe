// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.node.kernel.Cgroups.Abilities;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class CgroupsTest {
  @TempDir private Path root;

  private static Map<String, Map<String, String>> files(String file) {
    Map<String, Map<String, String>> files = new LinkedHashMap<>();
    files.put("cpu", Map.of("cpu." + file, "1"));
    files.put("memory", Map.of("memory." + file, "2"));
    return files;
  }

  @Test
  void versionOneHasAFolderForEachController() throws IOException {
    Cgroups.write(root, false, "node/pod", files("x"));
    assertThat(root.resolve("cpu/node/pod/cpu.x")).hasContent("1");
    assertThat(root.resolve("memory/node/pod/memory.x")).hasContent("2");
  }

  @Test
  void whatHasEndedBoundsNobody() throws IOException {
    for (String each : new String[] {"ended", "runs"}) {
      Path group = Files.createDirectories(root.resolve("pod").resolve(each));
      Files.writeString(group.resolve("cgroup.procs"), each.equals("runs") ? "7\n" : "");
      Files.writeString(group.resolve("cpu.cfs_quota_us"), "40000");
    }
    Cgroups.freeEmpty(root.resolve("pod"));
    Cgroups.freeEmpty(root.resolve("none"));
    assertThat(root.resolve("pod/ended/cpu.cfs_quota_us")).hasContent("-1");
    assertThat(root.resolve("pod/runs/cpu.cfs_quota_us")).hasContent("40000");
  }

  @Test
  void inVersionTwoTheGroupsAroundPassControllersOn() throws IOException {
    Cgroups.write(root, true, "node/pod", files("max"));
    assertThat(root.resolve("node/pod/cpu.max")).hasContent("1");
    assertThat(root.resolve("node/pod/memory.max")).hasContent("2");
    for (Path each : new Path[] {root, root.resolve("node")}) {
      // The kernel takes one after the other, a plain file keeps the last.
      assertThat(each.resolve("cgroup.subtree_control")).hasContent("+memory");
    }
    assertThat(Files.exists(root.resolve("node/pod/cgroup.subtree_control"))).isFalse();
  }

  @Test
  void swapIsBoundedWhereAGroupHasAFileForIt() throws IOException {
    Files.createDirectories(root.resolve("memory"));
    Files.createDirectories(root.resolve("system.slice"));
    assertThat(Cgroups.abilities(root, false)).isEqualTo(new Abilities(false, false));
    assertThat(Cgroups.abilities(root, true)).isEqualTo(new Abilities(true, false));
    Files.createFile(root.resolve("memory/memory.memsw.limit_in_bytes"));
    assertThat(Cgroups.abilities(root, true)).isEqualTo(new Abilities(true, false));
    Files.createFile(root.resolve("system.slice/memory.swap.max"));
    assertThat(Cgroups.abilities(root, false)).isEqualTo(new Abilities(false, true));
    assertThat(Cgroups.abilities(root, true)).isEqualTo(new Abilities(true, true));
  }

  @Test
  void theInnermostGroupsComeFirstAndFilesAreNone() throws IOException {
    Path inner = Files.createDirectories(root.resolve("node/pod/container"));
    Files.createDirectories(root.resolve("node/empty"));
    Files.writeString(root.resolve("node/pod/cgroup.procs"), "");
    Files.createSymbolicLink(root.resolve("node/link"), inner);
    assertThat(Cgroups.below(root.resolve("node")))
        .startsWith(inner)
        .endsWith(root.resolve("node"))
        .containsExactlyInAnyOrder(
            inner, root.resolve("node/pod"), root.resolve("node/empty"), root.resolve("node"));
    assertThat(Cgroups.below(root.resolve("none"))).isEmpty();
  }

  /// As when a worker removes a pod's groups and the whole node is removed.
  @Test
  @Timeout(60)
  void groupsThatGoWhileTheyAreLookedAtAreGone() throws Exception {
    Path pod = Files.createDirectories(root.resolve("pod"));
    CountDownLatch came = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    CompletableFuture<Void> others = CompletableFuture.runAsync(() -> comeAndGo(pod, came, looked));
    try {
      assertThat(came.await(30, TimeUnit.SECONDS)).isTrue();
      for (int look = 0; look < 2_000; look++) {
        for (Path each : Cgroups.below(pod)) {
          Cgroups.kill(each);
        }
        Cgroups.freeEmpty(pod);
      }
    } finally {
      looked.countDown();
    }
    others.join();
  }

  private static void comeAndGo(Path pod, CountDownLatch came, CountDownLatch until) {
    try {
      while (until.getCount() > 0) {
        Path group = Files.createDirectory(pod.resolve("container"));
        Path inner = Files.createDirectory(group.resolve("inner"));
        for (Path each : new Path[] {inner, group}) {
          for (String file : new String[] {"cgroup.procs", "cpu.stat", "cpu.cfs_quota_us"}) {
            Files.writeString(each.resolve(file), "");
          }
        }
        for (Path each : new Path[] {inner, group}) {
          for (String file : new String[] {"cgroup.procs", "cpu.stat", "cpu.cfs_quota_us"}) {
            Files.delete(each.resolve(file));
          }
          while (Files.exists(each)) {
            delete(each);
          }
        }
        came.countDown();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Who frees a group may have written a file anew, which no kernel would let it.
  private static void delete(Path group) throws IOException {
    try {
      Files.deleteIfExists(group);
    } catch (DirectoryNotEmptyException written) {
      Files.deleteIfExists(group.resolve("cpu.cfs_quota_us"));
    }
  }

  @Test
  void whatCannotBeReadOrRemovedOfAGroupThatIsThereIsTold() throws IOException {
    Path group = Files.createDirectories(root.resolve("group"));
    Files.createDirectory(group.resolve("cgroup.procs"));
    assertThatThrownBy(() -> Cgroups.kill(group))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("directory");
    assertThatThrownBy(() -> Cgroups.remove(group)).isInstanceOf(FileSystemException.class);
  }

  @Test
  @Timeout(60)
  void twoMayRemoveTheSameGroupsAtOnce() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && Files.isDirectory(Path.of("/sys/fs/cgroup")),
        "needs root and control groups");
    String name = "havn-test-" + UUID.randomUUID();
    for (int round = 0; round < 30; round++) {
      for (int container = 0; container < 5; container++) {
        Map<String, Map<String, String>> all = Map.of("cpu", Map.of(), "pids", Map.of());
        Cgroups.write(name + "/pod/" + container, all);
      }
      CompletableFuture<Void> other = CompletableFuture.runAsync(() -> remove(name));
      remove(name);
      other.join();
      assertThat(Cgroups.below(name)).isEmpty();
    }
  }

  private static void remove(String name) {
    try {
      Cgroups.kill(name);
      Cgroups.remove(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
