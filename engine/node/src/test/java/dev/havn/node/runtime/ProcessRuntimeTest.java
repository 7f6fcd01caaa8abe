// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// With the rights that the test has: root's, or those of a user namespace.
class ProcessRuntimeTest extends ContainerRuntimeContract {
  boolean rootless() {
    return !"root".equals(System.getProperty("user.name"));
  }

  @Override
  ContainerRuntime open() {
    return ProcessRuntime.open(
        new ProcessRuntime.Settings(
            folder.resolve("runtime"), id, rootless(), images, CLOCK, executor));
  }

  @Override
  String missing() {
    List<String> programs = Program.missing(ProcessRuntime.PROGRAMS);
    if (!programs.isEmpty()) {
      return "needs " + programs;
    }
    return TestImages.missing() + ProcessRuntime.refusal(rootless());
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    Processes.startedWith(folder.toString()).forEach(each -> left.add("process " + each));
    return left;
  }
}
