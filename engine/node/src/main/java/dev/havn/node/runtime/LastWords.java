// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.ProcessSignals;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// When the machine goes down its processes are asked to end and then ended. Those that would not
/// listen are not waited for.
final class LastWords {
  private static final Logger LOG = LoggerFactory.getLogger(LastWords.class);
  private static final int LOOKS_MAX = 200;

  private LastWords() {}

  /// Finds the first process of a container by its folder.
  @FunctionalInterface
  interface FirstProcess {
    Optional<Long> of(Path home) throws IOException;
  }

  /// Asks the containers of all pods that listen, and gives them two seconds.
  static void await(ContainerFolders folders, FirstProcess first) {
    List<String> asked = new ArrayList<>();
    try {
      for (String uid : folders.pods()) {
        for (Container each : folders.containers(uid)) {
          Optional<Long> pid = first.of(folders.home(uid, each.id()));
          if (each.running() && pid.isPresent() && ProcessSignals.listensToEnd(pid.get())) {
            ProcessSignals.askToEnd(pid.get());
            asked.add(each.id());
          }
        }
      }
      for (int look = 0; look < LOOKS_MAX && !asked.isEmpty(); look++) {
        asked.removeIf(folders::hasEnded);
        Pause.brief();
      }
    } catch (IOException e) {
      LOG.info("containers in {} end without being asked: {}", folders.folder(), e.getMessage());
    }
  }
}
