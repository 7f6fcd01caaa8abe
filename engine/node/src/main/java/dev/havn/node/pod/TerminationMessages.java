// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.log.LogReader;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a container says of its end: the file at `terminationMessagePath`, or the last lines of its
/// log when it failed and said nothing there.
final class TerminationMessages {
  private static final Logger LOG = LoggerFactory.getLogger(TerminationMessages.class);
  private static final int BYTES_MAX = 4_096;
  private static final int POD_BYTES_MAX = 12_288;
  private static final int LOG_BYTES_MAX = 2_048;
  private static final long LOG_LINES_MAX = 80;

  private final Path folder;

  /// @param folder of all pods
  TerminationMessages(Path folder) {
    this.folder = folder;
  }

  private Path file(Pod pod, String container, int attempt) {
    return folder
        .resolve(pod.getMetadata().getUid())
        .resolve("termination")
        .resolve(container + "-" + attempt);
  }

  /// The empty file, writable by every user, and where the container sees it.
  Mount mount(Pod pod, Container container, int attempt) throws IOException {
    Path file = file(pod, container.getName(), attempt);
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[0]);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    String path = container.getTerminationMessagePath();
    return new Mount(file, path == null || path.isEmpty() ? "/dev/termination-log" : path, false);
  }

  void forget(Pod pod, String container, int attempt) {
    try {
      Files.deleteIfExists(file(pod, container, attempt));
    } catch (IOException e) {
      LOG.info("the last message of {} stays: {}", container, e.getMessage());
    }
  }

  /// Empty when there is nothing to say.
  String of(Pod pod, Container container, ContainerRuntime.Container ended) {
    int all = pod.getSpec().getContainers().size() + pod.getSpec().getInitContainers().size();
    int most = Math.min(BYTES_MAX, POD_BYTES_MAX / Math.max(1, all));
    try {
      Path file = file(pod, container.getName(), ended.attempt());
      String said = Files.exists(file) ? head(file, most) : "";
      boolean fallsBack =
          said.isEmpty()
              && ended.exitCode() != 0
              && "FallbackToLogsOnError".equals(container.getTerminationMessagePolicy());
      return fallsBack ? tail(ended.logFile()) : said;
    } catch (IOException e) {
      LOG.info("the last message of {} cannot be read: {}", ended.id(), e.getMessage());
      return "";
    }
  }

  private static String head(Path file, int most) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(most), StandardCharsets.UTF_8);
    }
  }

  private static String tail(Path log) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    new LogReader(new LogReader.Options(false, false, null, LOG_LINES_MAX, null), () -> false)
        .copy(log, text);
    byte[] bytes = text.toByteArray();
    int from = Math.max(0, bytes.length - LOG_BYTES_MAX);
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
  }
}
