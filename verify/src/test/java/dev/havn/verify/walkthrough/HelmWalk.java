// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A chart's life under some version of Helm: a definition, hooks around every step, a test.
record HelmWalk(ClientProgram program, Path helm, LaunchedCluster cluster, String namespace) {
  private String helm(String... arguments) {
    return Command.run(Map.of(), command(arguments)).succeeded();
  }

  private List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(helm.toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--namespace", namespace));
    command.addAll(List.of("--kubeconfig", cluster.kubeconfig().toString()));
    return command;
  }

  void walk() {
    String chart = program.source().resolve("bakery").toString();
    String pods = "pods=" + cluster.hasContainers();
    String wait = "--wait";
    assertThat(helm("install", "shop", chart, "--create-namespace", "--set", pods, wait))
        .contains("STATUS: deployed", "shop bakes rye");
    assertThat(helm("test", "shop")).contains("Succeeded");
    String changed = pods + ",replicas=3,recipe=wheat,image=example/web:2";
    assertThat(helm("upgrade", "shop", chart, "--set", changed, wait)).contains("shop bakes wheat");
    assertThat(helm("get", "manifest", "shop")).contains("example/web:2");
    assertThat(
            Command.run(Map.of(), command("upgrade", "shop", chart, "--set", pods + ",recipe=oat"))
                .failed())
        .contains("Unsupported value: \"oat\": supported values: \"rye\", \"wheat\"");
    assertThat(helm("rollback", "shop", "1", wait)).contains("Rollback was a success");
    assertThat(helm("get", "manifest", "shop")).contains("example/web:1");
    List<String> statuses =
        Stream.of(helm("history", "shop").split("\n"))
            .skip(1)
            .map(line -> line.split("\t")[2].strip())
            .toList();
    assertThat(statuses).containsExactly("superseded", "superseded", "failed", "deployed");
    assertThat(helm("uninstall", "shop", wait)).contains("uninstalled");
    assertThat(helm("list")).doesNotContain("shop");
  }
}
