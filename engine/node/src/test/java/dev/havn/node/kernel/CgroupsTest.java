// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Cgroups.Abilities;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
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
}
