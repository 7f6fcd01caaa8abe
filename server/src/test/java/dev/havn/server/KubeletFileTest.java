// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.KubeletConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeletFileTest {
  @TempDir private Path folder;

  private KubeletConfiguration read(String yaml) throws IOException {
    return KubeletFile.read(Files.writeString(folder.resolve("kubelet.yaml"), yaml));
  }

  @Test
  void aKubeletsOwnFileIsRead() throws IOException {
    KubeletConfiguration read =
        read(
            """
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            imageGCHighThresholdPercent: 100
            """);
    assertThat(read.images().highPercent()).isEqualTo(100);
    assertThat(KubeletFile.read(null)).isEqualTo(KubeletConfiguration.STANDARD);
  }

  @Test
  void theGuidesExampleIsOne() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "guide", "nodes.md"));
    int begin = page.indexOf("```yaml") + "```yaml".length();
    KubeletConfiguration read = read(page.substring(begin, page.indexOf("```", begin)));
    assertThat(read.images()).isEqualTo(KubeletConfiguration.STANDARD.images());
    assertThat(read.shutdown()).isEqualTo(KubeletConfiguration.STANDARD.shutdown());
    assertThat(read.evictions().thresholds()).hasSize(5);
    assertThat(read.staticPodPath()).isEqualTo("/etc/havn/pods");
  }

  @Test
  void whatIsWrongIsToldWithTheFile() {
    assertThatThrownBy(() -> read("kind: Pod"))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("kubelet.yaml")
        .hasMessageContaining("expected kind KubeletConfiguration");
    assertThatThrownBy(() -> KubeletFile.read(folder.resolve("none.yaml")))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("no such file");
  }
}
