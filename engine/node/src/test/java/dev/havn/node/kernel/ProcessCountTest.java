// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessCountTest {
  @TempDir private Path proc;

  @Test
  void theSmallerBoundCounts() throws IOException {
    Path kernel = Files.createDirectories(proc.resolve("sys/kernel"));
    Files.writeString(proc.resolve("loadavg"), "0.10 0.20 0.30 2/345 6789\n");
    Files.writeString(kernel.resolve("pid_max"), "32768\n");
    Files.writeString(kernel.resolve("threads-max"), "20000\n");
    assertThat(ProcessCount.read(proc)).isEqualTo(new ProcessCount(345, 20_000));
  }

  @Test
  void aFileSystemTellsItsFilesAndAFolderThatIsNotThereIsWhereItWouldBe() throws IOException {
    FileSystemFigures.Inodes here = FileSystemFigures.inodes(proc);
    assertThat(here.all()).isGreaterThanOrEqualTo(here.free());
    assertThat(FileSystemFigures.inodes(proc.resolve("not/there")).all()).isEqualTo(here.all());
  }
}
