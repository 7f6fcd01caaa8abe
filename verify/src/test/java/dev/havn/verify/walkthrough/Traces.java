// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/// What a cluster has of its machine: processes, mounts, links, network namespaces, control groups,
/// rules of the kernel, and files. Compared with another time it shows what was left behind.
record Traces(Path data, String clusterId) {
  /// What grows with time by itself: the store and the log.
  private static final Set<String> FILES_THAT_CHANGE = Set.of("store");

  private static final String LOG = "havn.log";

  /// All of it but the server's own process, whose number differs each time.
  ///
  /// @return empty when something went while it was looked at
  Optional<SortedSet<String>> all() {
    try {
      SortedSet<String> all = new TreeSet<>(outside());
      files().forEach(each -> all.add("file " + each));
      return Optional.of(all);
    } catch (UncheckedIOException | IOException going) {
      return Optional.empty();
    }
  }

  /// What there is outside of the data directory.
  SortedSet<String> outside() throws IOException {
    SortedSet<String> all = new TreeSet<>();
    List<Long> servers = Processes.startedWith("dev.havn.cli.Main");
    for (String words : List.of(data.toString(), "havn-" + clusterId)) {
      Processes.startedWith(words).stream()
          .filter(each -> !servers.contains(each))
          .forEach(each -> all.add("process " + each));
    }
    Mounts.below(data).forEach(each -> all.add("mount " + each));
    Links.names().stream()
        .filter(each -> each.contains(clusterId))
        .forEach(each -> all.add("link " + each));
    Cgroups.below("havn-" + clusterId + "00").forEach(each -> all.add("cgroup " + each));
    for (Path folder : List.of(Path.of("/run/netns"), Path.of("/run"))) {
      if (Files.isDirectory(folder)) {
        try (var files = Files.newDirectoryStream(folder, "h*" + clusterId + "*")) {
          files.forEach(each -> all.add("state " + each));
        }
      }
    }
    rules().forEach(each -> all.add("rule " + each));
    return all;
  }

  /// Of all tables of the cluster, each line and each element once.
  private List<String> rules() {
    if (Command.onPath("nft").isEmpty()) {
      return List.of();
    }
    List<String> rules = new ArrayList<>();
    Command.run(Map.of(), List.of("nft", "list", "tables"))
        .output()
        .lines()
        .filter(each -> each.contains(clusterId))
        .forEach(
            table -> {
              List<String> words = new ArrayList<>(List.of("nft", "list"));
              words.addAll(List.of(table.split(" ")));
              Command.run(Map.of(), words)
                  .output()
                  .lines()
                  .flatMap(line -> Stream.of(line.replaceAll("elements = \\{| }$", "").split(",")))
                  .map(each -> table + ": " + each.strip())
                  .forEach(rules::add);
            });
    return rules;
  }

  /// Not what volumes and the roots of containers hold, which are mounts.
  private List<String> files() throws IOException {
    Set<Path> mounts = Set.copyOf(Mounts.below(data));
    List<String> found = new ArrayList<>();
    Files.walkFileTree(
        data,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = data.relativize(folder).toString();
            boolean skipped = FILES_THAT_CHANGE.contains(name) || mounts.contains(folder);
            found.add(name + "/");
            return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!file.getFileName().toString().startsWith(LOG)) {
              found.add(data.relativize(file).toString());
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return found;
  }
}
