// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TrainingTest {
  @TempDir private Path folder;

  /// A real node that can neither start nor be cleaned up after.
  @Test
  @Timeout(120)
  void theRestIsTrainedWhateverBecomesOfTheRealNode() throws IOException {
    Path real = folder.resolve("real");
    try (DataDirectory _ = DataDirectory.open(real, new SecureRandom())) {
      assertThatThrownBy(() -> Training.run(folder))
          .isInstanceOf(StartException.class)
          .hasMessageContaining(real + " is in use");
      assertThat(real.resolve("cluster-id")).as("what another may need").exists();
    }
    Path simulated = folder.resolve("simulated");
    assertThat(Files.readString(ServerLog.files(simulated).getLast()))
        .contains("listening at", "stopping")
        .doesNotContain("ERROR");
    assertThat(DataDirectory.isInUse(simulated)).isFalse();
  }
}
