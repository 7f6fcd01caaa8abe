// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A whole Kubernetes of one node with its kubelet and containerd, by the scripts `cluster-up.sh`,
/// `cluster-down.sh` and `memory.sh` in a folder, in a network namespace of its own.
record ClusterTarget(Path scripts, Path folder) implements Target {
  private static final String NAMESPACE = "havn-measured";

  @Override
  public String name() {
    return "kube-apiserver";
  }

  @Override
  public List<String> inside() {
    return List.of("nsenter", "--net=/run/netns/" + NAMESPACE);
  }

  private String run(String script) {
    return Program.run(
        Map.of("STATE", folder.resolve("peer").toString(), "CGROUP", "/" + NAMESPACE),
        within(List.of(scripts.resolve(script).toString())));
  }

  @Override
  public void up() {
    Program.run(Map.of(), List.of("ip", "netns", "add", NAMESPACE));
    Program.run(Map.of(), within(List.of("ip", "link", "set", "lo", "up")));
    run("cluster-up.sh");
  }

  @Override
  public Path kubeconfig() {
    return folder.resolve("peer").resolve("kubeconfig");
  }

  @Override
  public long memoryMib() {
    String sum = run("memory.sh").strip();
    return Long.parseLong(sum.replaceAll("(?s).*sum +(\\d+) MiB.*", "$1"));
  }

  @Override
  public void down() {
    run("cluster-down.sh");
    Program.run(Map.of(), List.of("ip", "netns", "delete", NAMESPACE));
  }
}
