// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class StatusCommandTest {
  @Test
  void aPullIsShownWithWhatHasComeAndHowFastItComes() {
    ObjectNode pull = JsonNodeFactory.instance.objectNode().put("image", "docker.io/library/web:1");
    assertThat(StatusCommand.pull(pull))
        .isEqualTo("docker.io/library/web:1, its registry is asked");
    pull.put("bytes", 31_981_568).put("bytesDone", 12_582_912).put("bytesPerSecond", 524_288);
    assertThat(StatusCommand.pull(pull))
        .isEqualTo("docker.io/library/web:1, 12.0 of 30.5 MiB, 0.5 MiB/s");
  }
}
