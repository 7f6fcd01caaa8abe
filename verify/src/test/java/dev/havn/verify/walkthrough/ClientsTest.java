// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Clients of other languages, and operators written with them: each program of `verify/clients`
/// walks through the cluster and ends with `walked through`. Those whose build takes minutes run in
/// a full verification only.
@ExtendWith(LaunchedCluster.Shared.class)
class ClientsTest {
  private static LaunchedCluster cluster;
  private static boolean isPythonFetched;

  @BeforeAll
  static void share(LaunchedCluster shared) {
    cluster = shared;
  }

  private static String kubeconfig() {
    return cluster.kubeconfig().toString();
  }

  private static String pods() {
    return cluster.hasContainers() ? "containers" : "simulated";
  }

  private static ClientProgram python() {
    ClientProgram program = ClientProgram.of("python");
    if (!isPythonFetched) {
      program.fetch(Map.of(), program.tool("python3"), "-m", "venv", program.target().toString());
      program.fetch(
          Map.of(),
          program.target().resolve("bin/pip").toString(),
          "install",
          "--quiet",
          "--disable-pip-version-check",
          "--requirement",
          program.source().resolve("requirements.txt").toString());
      isPythonFetched = true;
    }
    return program;
  }

  @Test
  void pythonsKubernetes() {
    ClientProgram program = python();
    String python = program.target().resolve("bin/python").toString();
    String walk = program.source().resolve("walk.py").toString();
    assertThat(program.run(Map.of(), python, walk, kubeconfig(), pods()))
        .endsWith("walked through\n");
  }

  @Test
  void kopf() {
    ClientProgram program = python();
    String python = program.target().resolve("bin/python").toString();
    String walk = program.source().resolve("operator_walk.py").toString();
    assertThat(program.run(Map.of(), python, walk, kubeconfig())).endsWith("walked through\n");
  }

  @Test
  void javascriptsClientNode() throws IOException {
    ClientProgram program = ClientProgram.of("javascript");
    String node = program.tool("node");
    Files.createDirectories(program.target());
    for (String file : List.of("package.json", "package-lock.json", "walk.js")) {
      Path copy = program.target().resolve(file);
      Files.deleteIfExists(copy);
      Files.copy(program.source().resolve(file), copy);
    }
    program.fetch(
        Map.of(), program.tool("npm"), "ci", "--no-audit", "--prefix", program.target().toString());
    String walk = program.target().resolve("walk.js").toString();
    assertThat(program.run(Map.of(), node, walk, kubeconfig(), pods()))
        .endsWith("walked through\n");
  }

  @Test
  void javaOperatorSdk() {
    ClientProgram program = ClientProgram.of("java");
    String pom = program.source().resolve("pom.xml").toString();
    Map<String, String> jdk = Map.of("JAVA_HOME", System.getProperty("java.home"));
    String mvn = program.tool("mvn");
    program.fetch(jdk, mvn, "-q", "-B", "-f", pom, "dependency:resolve");
    String walk = "-Dexec.args=" + kubeconfig();
    assertThat(program.run(jdk, mvn, "-q", "-B", "-f", pom, "compile", "exec:java", walk))
        .contains("walked through");
  }

  private static ClientProgram go() throws IOException {
    ClientProgram program = ClientProgram.of("go");
    program.onlyInFull();
    String go = program.tool("go");
    String source = program.source().toString();
    Files.createDirectories(program.target());
    program.fetch(Map.of(), go, "-C", source, "mod", "download");
    program.run(Map.of(), go, "-C", source, "build", "-o", program.target() + "/", "./...");
    return program;
  }

  @Test
  void clientGo() throws IOException {
    ClientProgram program = go();
    String walk = program.target().resolve("walk").toString();
    assertThat(program.run(Map.of(), walk, kubeconfig(), pods())).endsWith("walked through\n");
  }

  @Test
  void controllerRuntime() throws IOException {
    ClientProgram program = go();
    String operator = program.target().resolve("operator").toString();
    assertThat(program.run(Map.of(), operator, kubeconfig())).endsWith("walked through\n");
  }

  @Test
  void kubeRs() {
    ClientProgram program = ClientProgram.of("rust");
    program.onlyInFull();
    String cargo = program.tool("cargo");
    String manifest = program.source().resolve("Cargo.toml").toString();
    Map<String, String> target = Map.of("CARGO_TARGET_DIR", program.target().toString());
    program.fetch(target, cargo, "fetch", "--locked", "--manifest-path", manifest);
    program.run(target, cargo, "build", "--locked", "--manifest-path", manifest);
    String walk = program.target().resolve("debug/walk").toString();
    assertThat(program.run(Map.of(), walk, kubeconfig(), pods())).endsWith("walked through\n");
  }

  @Test
  void helm3() throws IOException {
    helm("helm.sh/helm/v3/cmd/helm@v3.22.0", "3");
  }

  @Test
  void helm4() throws IOException {
    helm("helm.sh/helm/v4/cmd/helm@v4.3.1", "4");
  }

  private static void helm(String module, String version) throws IOException {
    ClientProgram program = ClientProgram.of("helm");
    program.onlyInFull();
    Path folder = Files.createDirectories(program.target().resolve(version));
    Path helm = folder.resolve("helm");
    if (!Files.exists(helm)) {
      Map<String, String> into = Map.of("GOBIN", folder.toString(), "GOFLAGS", "-buildvcs=false");
      program.fetch(into, program.tool("go"), "install", module);
    }
    new HelmWalk(program, helm, cluster, "walk-helm-" + version).walk();
  }

  /// What the programs' folders hold is what this test runs.
  @Test
  void everyProgramIsRun() throws IOException {
    try (Stream<Path> folders = Files.list(ClientProgram.of("go").source().resolveSibling("."))) {
      assertThat(folders.filter(Files::isDirectory).map(each -> "" + each.getFileName()))
          .containsExactlyInAnyOrder("go", "helm", "java", "javascript", "python", "rust");
    }
  }
}
