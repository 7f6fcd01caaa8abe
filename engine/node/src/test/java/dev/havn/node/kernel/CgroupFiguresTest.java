// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Both layouts of control groups, as files.
class CgroupFiguresTest {
  @TempDir private Path root;

  private CgroupFigures figures() {
    return new CgroupFigures(root, root.resolve("meminfo"));
  }

  private void file(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void versionOneKeepsEachFigureInAHierarchyOfItsOwn() throws IOException {
    file("cpuacct/havn/a/cpuacct.usage", "1500000000\n");
    file("memory/havn/a/memory.usage_in_bytes", "10485760\n");
    file("memory/havn/a/memory.stat", "cache 7\ninactive_file 1\ntotal_inactive_file 1048576\n");
    assertThat(figures().read("havn/a")).contains(new Consumption(1_500_000_000L, 9_437_184L));
    assertThat(figures().read("havn/b")).isEmpty();
  }

  @Test
  void versionTwoKeepsThemInOneFolder() throws IOException {
    file("cgroup.controllers", "cpu memory\n");
    file("havn/a/cpu.stat", "usage_usec 2500\nuser_usec 1\n");
    file("havn/a/memory.current", "4096\n");
    file("havn/a/memory.stat", "anon 1\ninactive_file 8192\n");
    assertThat(figures().read("havn/a")).contains(new Consumption(2_500_000L, 0));
    assertThat(figures().read("havn/b")).isEmpty();
  }

  @Test
  void theRootOfVersionTwoHasItsMemoryFromTheMachine() throws IOException {
    file("cgroup.controllers", "cpu memory\n");
    file("cpu.stat", "usage_usec 10\n");
    file("memory.stat", "inactive_file 1024\n");
    file("meminfo", "MemTotal:        1000 kB\nMemFree:          400 kB\n");
    assertThat(figures().read("")).contains(new Consumption(10_000L, 599 * 1_024L));
  }

  @Test
  void whatIsRefusedIsCountedWhereTheProcessIsOrWhereItsBoundIs() throws IOException {
    file("pids/havn/pod/pids.current", "64\n");
    file("pids/havn/pod/pids.max", "64\n");
    file("pids/havn/pod/pids.events", "max 0\n");
    file("pids/havn/pod/a-0/pids.events", "max 3\n");
    file("pids/havn/pod/b-0/pids.events", "max 4\n");
    file("pids/havn/pod/c-0/pids.current", "1\n");
    assertThat(figures().processBound("havn/pod")).isEqualTo(new ProcessBound(64, 64, 7));
    assertThat(figures().processBound("havn/other")).isEqualTo(ProcessBound.NONE);
    file("cgroup.controllers", "pids\n");
    file("havn/pod/pids.current", "10\n");
    file("havn/pod/pids.max", "max\n");
    file("havn/pod/pids.events", "max 9\n");
    file("havn/pod/a-0/pids.events", "max 0\n");
    assertThat(figures().processBound("havn/pod")).isEqualTo(new ProcessBound(10, -1, 9));
  }
}
