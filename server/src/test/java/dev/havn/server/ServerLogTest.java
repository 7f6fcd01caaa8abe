// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerLogTest {
  @Test
  void whatNettySaysOfEachUnixSocketIsNoNews(@TempDir Path folder) {
    ServerLog log = ServerLog.open(folder);
    try {
      Logger logger = Logger.getLogger("io.netty.bootstrap.Bootstrap");
      logger.warning("Unknown channel option 'SO_KEEPALIVE' for channel '[id: 0x1]'");
      logger.warning("Unknown channel option 'OTHER' for channel '[id: 0x1]'");
    } finally {
      log.close();
    }
    assertThat(ServerLog.files(folder))
        .singleElement()
        .satisfies(
            file -> assertThat(file).content().contains("OTHER").doesNotContain("SO_KEEPALIVE"));
  }
}
