// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class RuncRuntimeTest extends ContainerRuntimeContract {
  @Override
  ContainerRuntime open() {
    return RuncRuntime.open(settings());
  }

  private RuncRuntime.Settings settings() {
    return new RuncRuntime.Settings(
        folder.resolve("runtime"),
        id,
        "198.18.61",
        List.of("198.18.61.0/24"),
        "198.18.62.1",
        images,
        CLOCK,
        executor);
  }

  @Override
  String missing() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root";
    }
    List<String> programs = Program.missing(RuncRuntime.PROGRAMS);
    return programs.isEmpty() ? TestImages.missing() : "needs " + programs;
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    Processes.startedWith(folder.toString()).forEach(each -> left.add("process " + each));
    Links.names().stream().filter(each -> each.contains(id.toString())).forEach(left::add);
    Cgroups.below("havn-" + id).forEach(each -> left.add("cgroup " + each));
    for (Path run : List.of(Path.of("/run"), Path.of("/run/netns"))) {
      try (Stream<Path> files = Files.list(run)) {
        files.map(Path::toString).filter(each -> each.contains(id.toString())).forEach(left::add);
      }
    }
    String routes = Program.must(List.of("ip", "route", "show", "metric", "" + id.metric()));
    routes.lines().map(each -> "route " + each).forEach(left::add);
    return left;
  }
}
