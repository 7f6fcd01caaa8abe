// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// kube-apiserver and etcd alone, without controllers, by the scripts `apiserver-up.sh`,
/// `apiserver-down.sh` and `memory.sh` in a folder.
record OracleTarget(Path scripts, Path folder) implements Target {
  @Override
  public String name() {
    return "kube-apiserver";
  }

  private String run(String script) {
    return Program.run(
        Map.of(
            "STATE",
            folder.resolve("oracle").toString(),
            "PORT",
            System.getenv().getOrDefault("HAVN_ORACLE_PORT", "26443")),
        List.of(scripts.resolve(script).toString()));
  }

  @Override
  public void up() {
    run("apiserver-up.sh");
  }

  @Override
  public Path kubeconfig() {
    return folder.resolve("oracle").resolve("kubeconfig");
  }

  @Override
  public long memoryMib() {
    String sum = run("memory.sh").strip();
    return Long.parseLong(sum.replaceAll("(?s).*sum +(\\d+) MiB.*", "$1"));
  }

  @Override
  public void down() {
    run("apiserver-down.sh");
  }
}
