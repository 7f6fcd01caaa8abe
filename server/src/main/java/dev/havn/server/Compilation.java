// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.kernel.CompilerThreads;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The JVM's compiler in a process that is a server and nothing else.
public final class Compilation {
  private static final Logger LOG = LoggerFactory.getLogger(Compilation.class);
  private static final int NICE = 10;

  private Compilation() {}

  /// Before a server starts: what the JVM compiles meanwhile is to make the first minutes faster
  /// and not to take them (`docs/decisions/0002-jvm-flags.md`).
  public static void giveWay() {
    try {
      int unused = CompilerThreads.giveWay(NICE);
    } catch (IOException e) {
      LOG.warn("the JVM's compiler does not give way to a start: {}", e.toString());
    }
  }
}
