// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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

  @Test
  void aProfileOfSomebodysOwnIsNothingToRunWithout() {
    PodPlace pod = pods.place();
    TestPods.Spec spec = pods.spec("main").command("sleep", "1").seccomp("/profiles/no-time.json");
    assertThatThrownBy(() -> start(pod, spec))
        .isInstanceOfSatisfying(
            StartException.class, e -> assertThat(e.reason()).isEqualTo("CreateContainerError"))
        .hasMessage("seccomp is not supported, cannot set profile \"localhost/no-time.json\"");
    assertThat(runtime.containers(pod.uid())).isEmpty();
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    Processes.startedWith(folder.toString()).forEach(each -> left.add("process " + each));
    return left;
  }
}
