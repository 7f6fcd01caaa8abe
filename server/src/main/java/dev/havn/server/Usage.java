// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.io.IOException;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/// How much room things take, and how they are deleted.
final class Usage {
  /// Below this a status warns.
  private static final long FREE_BYTES_MIN = 64 << 20;

  /// Of the heap's pool of what lives long; above this a status warns.
  private static final double HEAP_KEPT_MAX = 0.9;

  private static final long PAGE_BYTES = 4_096;

  private Usage() {}

  /// The size of all files below a folder; files that vanish meanwhile count nothing.
  static long bytesOf(Path folder) {
    long[] bytes = {0};
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              bytes[0] += attributes.size();
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException vanished) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException vanished) {
      // A folder that was there when it was found counts what was seen of it.
      return bytes[0];
    }
    return bytes[0];
  }

  /// What is wrong with the room on the folder's disk, if anything is.
  static Optional<String> shortage(Path folder) {
    try {
      long left = Files.getFileStore(folder).getUsableSpace();
      return left >= FREE_BYTES_MIN
          ? Optional.empty()
          : Optional.of(
              "the disk of %s has only %d MiB left: free some, a full disk takes no writes"
                  .formatted(folder, left >> 20));
    } catch (IOException e) {
      return Optional.of("the disk of " + folder + " cannot be looked at: " + e.getMessage());
    }
  }

  /// What is wrong with the heap: how full it was after the last collection says what is needed.
  static Optional<String> heapShortage() {
    return JvmMemory.oldPool()
        .map(MemoryPoolMXBean::getCollectionUsage)
        .filter(kept -> kept.getMax() > 0 && kept.getUsed() > kept.getMax() * HEAP_KEPT_MAX)
        .map(
            kept ->
                "%d of %d MiB of memory are in use: JAVA_TOOL_OPTIONS=-Xmx1g at the start allows more"
                    .formatted(kept.getUsed() >> 20, kept.getMax() >> 20));
  }

  /// The memory of this process, 0 where the system does not say.
  static long residentBytes() {
    try {
      String[] fields = Files.readString(Path.of("/proc/self/statm")).split(" ");
      return Long.parseLong(fields[1]) * PAGE_BYTES;
    } catch (IOException notLinux) {
      return 0;
    }
  }

  static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path each, java.io.IOException failure)
              throws IOException {
            Optional<IOException> failed = Optional.ofNullable(failure);
            if (failed.isPresent()) {
              throw failed.get();
            }
            Files.delete(each);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
