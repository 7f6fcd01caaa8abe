// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import org.junit.jupiter.api.Test;

class RuncUpdateTest {
  @Test
  void memoryIsBoundedWithSwapWhereTheMachineBoundsSwap() {
    Resources bounds = new Resources(512, 0, 64 << 20);
    assertThat(RuncUpdate.words("c", bounds, true, true))
        .containsExactly(
            "update",
            "--cpu-share=512",
            "--cpu-period=100000",
            "--cpu-quota=-1",
            "--memory=67108864",
            "--memory-swap=67108864",
            "c");
    assertThat(RuncUpdate.words("c", bounds, true, false)).doesNotContain("--memory-swap=67108864");
    assertThat(RuncUpdate.words("c", Resources.NONE, true, true))
        .noneMatch(each -> each.startsWith("--memory"));
  }
}
