// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OciProgramTest {
  @TempDir private Path groups;

  @Test
  void crunTakesNoControllersOfBothVersions() throws IOException {
    assertThat(OciProgram.CRUN.missing(groups)).noneMatch(each -> each.contains("control groups"));
    Path second = Files.createDirectories(groups.resolve("unified")).resolve("cgroup.controllers");
    Files.writeString(second, "\n");
    assertThat(OciProgram.CRUN.missing(groups)).noneMatch(each -> each.contains("control groups"));
    Files.writeString(second, "hugetlb\n");
    assertThat(OciProgram.CRUN.missing(groups))
        .contains(
            "control groups of one version (version 2 has hugetlb beside version 1 here, which runc takes)");
    assertThat(OciProgram.RUNC.missing(groups)).noneMatch(each -> each.contains("control groups"));
  }

  @Test
  void eachNeedsItself() {
    assertThat(OciProgram.RUNC.programs()).startsWith("runc", "conmon");
    assertThat(OciProgram.CRUN.programs()).startsWith("crun", "conmon");
  }
}
