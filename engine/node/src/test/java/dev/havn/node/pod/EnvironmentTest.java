// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.Ranges;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvironmentTest {
  private final TableApi api =
      new TableApi()
          .with("/api/v1/namespaces/shop/configmaps/settings", "{data: {color: red}}")
          .with("/api/v1/namespaces/shop/secrets/keys", "{data: {password: c2VzYW1l}}")
          .with(
              "/api/v1/namespaces/shop/secrets/bytes", "{data: {raw: '/w==', cut: '4oKs4oJi8A=='}}")
          .with(
              "/api/v1/namespaces/shop/services",
              """
              items:
                - metadata: {name: order-db}
                  spec:
                    clusterIP: 10.96.0.7
                    ports: [{name: sql, port: 5432, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]
                - metadata: {name: headless}
                  spec: {clusterIP: None, ports: [{port: 80}]}
              """);

  @TempDir private Path folder;

  private Map<String, String> of(String container) {
    Pod pod =
        GoldenPods.pod(
            """
            metadata: {name: web, namespace: shop, uid: u1, labels: {app: web}}
            spec:
              nodeName: n1
              serviceAccountName: seller
              volumes: [{name: written, emptyDir: {}}]
              containers:
                - %s
            """
                .formatted(container));
    Words words = new Words("c");
    new Environment(
            api,
            new Addresses("10.62.0.1", Ranges.parse("10.62.0.0/24,fd00:62::/64")),
            Map::of,
            (_, volume) -> folder.resolve(volume))
        .add(pod, pod.getSpec().getContainers().getFirst(), "10.62.0.2", words);
    return words.variables();
  }

  @Test
  void servicesOfTheNamespaceAreToldAsLinks() {
    assertThat(of("name: c"))
        .containsEntry("ORDER_DB_SERVICE_HOST", "10.96.0.7")
        .containsEntry("ORDER_DB_SERVICE_PORT", "5432")
        .containsEntry("ORDER_DB_SERVICE_PORT_DNS", "53")
        .containsEntry("ORDER_DB_PORT", "tcp://10.96.0.7:5432")
        .containsEntry("ORDER_DB_PORT_53_UDP", "udp://10.96.0.7:53")
        .containsEntry("ORDER_DB_PORT_5432_TCP_ADDR", "10.96.0.7")
        .doesNotContainKey("HEADLESS_SERVICE_HOST");
  }

  @Test
  void laterVariablesWinAndMayUseEarlierOnes() {
    Map<String, String> variables =
        of(
            """
            name: c
                  envFrom: [{prefix: P_, configMapRef: {name: settings}}, {secretRef: {name: keys}}]
                  env:
                    - {name: password, value: other}
                    - {name: BOTH, value: "$(P_color)-$(password)"}
                    - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
                    - {name: ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                    - {name: HOSTS, valueFrom: {fieldRef: {fieldPath: status.hostIPs}}}
                    - {name: ADDRESSES, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
                    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
                    - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: password}}}
                    - {name: NONE, valueFrom: {secretKeyRef: {name: keys, key: x, optional: true}}}
            """);
    assertThat(variables)
        .containsEntry("P_color", "red")
        .containsEntry("BOTH", "red-other")
        .containsEntry("HOST", "10.62.0.1")
        .containsEntry("ADDRESS", "10.62.0.2")
        .containsEntry("HOSTS", "10.62.0.1,fd00:62::1")
        .containsEntry("ADDRESSES", "10.62.0.2,fd00:62::2")
        .containsEntry("LABEL", "web")
        .containsEntry("KEY", "sesame")
        .doesNotContainKey("NONE");
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThatThrownBy(() -> of("{name: c, envFrom: [{secretRef: {name: none}}]}"))
        .isInstanceOf(StartException.class)
        .hasMessage("secret \"none\" not found");
    assertThatThrownBy(
            () ->
                of(
                    "{name: c, env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: x}}}]}"))
        .isInstanceOf(StartException.class)
        .hasMessage("couldn't find key x in ConfigMap shop/settings");
  }

  private Map<String, String> ofFile(String reference) {
    return of(
        "{name: c, env: [{name: A, valueFrom: {fileKeyRef: {volumeName: written, %s}}}]}"
            .formatted(reference));
  }

  @Test
  void aVariableIsWhatAnotherContainerHasWritten() throws IOException {
    Path file = Files.createDirectories(folder.resolve("written")).resolve("config.env");
    Files.writeString(file, "COLOR='red'\nEMPTY=''\n");
    assertThat(ofFile("path: config.env, key: COLOR")).containsEntry("A", "red");
    assertThat(ofFile("path: config.env, key: NONE, optional: true")).doesNotContainKey("A");
    for (String each : List.of("NONE", "EMPTY")) {
      assertThatThrownBy(() -> ofFile("path: config.env, key: " + each))
          .isInstanceOfSatisfying(
              StartException.class,
              e -> assertThat(e.reason()).isEqualTo("CreateContainerConfigError"))
          .hasMessage(
              "environment variable key \"%s\" not found in file \"%s\""
                  .formatted(each, file.toRealPath()));
    }
  }

  @Test
  void aFileOfVariablesThatIsMissingOrNoneIsAMistakeEvenWhereItIsOptional() throws IOException {
    Path written = Files.createDirectories(folder.resolve("written"));
    Files.writeString(written.resolve("other.env"), "COLOR=red\n");
    for (String each : List.of("config.env", "other.env", ".")) {
      assertThatThrownBy(() -> ofFile("path: %s, key: COLOR, optional: true".formatted(each)))
          .isInstanceOf(StartException.class)
          .hasMessage("couldn't parse env file");
    }
    assertThatThrownBy(
            () ->
                of(
                    "{name: c, env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k}}}]}"))
        .isInstanceOf(StartException.class)
        .hasMessage("cannot find the volume \"v\" referenced by FileKeyRef");
  }

  @Test
  void aLinkInAVolumeReadsNoFileOfTheMachine() throws IOException {
    Path secret = Files.writeString(folder.resolve("secret"), "COLOR='of the machine'\n");
    Path written = Files.createDirectories(folder.resolve("written"));
    Files.createSymbolicLink(written.resolve("up"), Path.of("../secret"));
    Files.createSymbolicLink(written.resolve("away"), secret);
    Files.createSymbolicLink(written.resolve("good"), Path.of("/secret"));
    for (String each : List.of("up", "away", "good")) {
      assertThatThrownBy(() -> ofFile("path: %s, key: COLOR".formatted(each)))
          .hasMessage("couldn't parse env file");
    }
    Files.writeString(written.resolve("secret"), "COLOR='of the volume'\n");
    assertThat(ofFile("path: good, key: COLOR")).containsEntry("A", "of the volume");
  }

  @Test
  void bytesThatAreNoTextAreToldOfOneByOne() throws IOException {
    assertThat(of("{name: c, envFrom: [{secretRef: {name: bytes}}]}"))
        .containsEntry("raw", "\ufffd")
        .containsEntry("cut", "\u20ac\ufffd\ufffdb\ufffd");
    assertThat(
            of(
                "{name: c, env: [{name: A, valueFrom: {secretKeyRef: {name: bytes, key: cut}}}, {name: B, value: $(A)}]}"))
        .containsEntry("A", "\u20ac\ufffd\ufffdb\ufffd")
        .containsEntry("B", "\u20ac\ufffd\ufffdb\ufffd");
    Path file = Files.createDirectories(folder.resolve("written")).resolve("config.env");
    Files.write(file, new byte[] {'C', '=', '\'', 'r', (byte) 0xff, '\'', '\n'});
    assertThat(ofFile("path: config.env, key: C")).containsEntry("A", "r\ufffd");
  }

  @Test
  void aVariableOfAResourceNamesAContainerThatIsThere() {
    assertThatThrownBy(
            () ->
                of(
                    "{name: c, env: [{name: A, valueFrom: {resourceFieldRef: {containerName: x, resource: limits.cpu}}}]}"))
        .isInstanceOf(StartException.class)
        .hasMessage("container x not found");
  }

  private static void isTooMuch(ThrowingCallable start, String what) {
    assertThatThrownBy(start)
        .isInstanceOfSatisfying(
            StartException.class,
            e -> assertThat(e.reason()).isEqualTo("CreateContainerConfigError"))
        .hasMessageStartingWith(what);
  }

  private static String env(String each, int count) {
    return IntStream.range(0, count)
        .mapToObj(each::formatted)
        .collect(Collectors.joining(",", "{name: c, env: [", "]}"));
  }

  @Test
  void manyVariablesOfALargeObjectDoNotFillTheMemory() {
    api.with(
        "/api/v1/namespaces/shop/configmaps/large",
        "{data: {a: %s}}".formatted("x".repeat(1 << 20)));
    String large = "{name: A%d, valueFrom: {configMapKeyRef: {name: large, key: a}}}";
    assertThat(of(env(large, 1)).get("A0")).hasSize(1 << 20);
    isTooMuch(() -> of(env(large, 3)), "variables, command and arguments of container c have more");
    String whole = "{prefix: P%d_, configMapRef: {name: large}}";
    isTooMuch(
        () -> of(env(whole, 3).replace("env:", "envFrom:")),
        "variables, command and arguments of container c have more");
  }

  @Test
  void smallVariablesOfManyLargeObjectsAreBounded() {
    for (int i = 0; i < 17; i++) {
      api.with(
          "/api/v1/namespaces/shop/configmaps/large" + i,
          "{data: {a: b, x: %s}}".formatted("x".repeat(1 << 20)));
    }
    String small = "{name: A%1$d, valueFrom: {configMapKeyRef: {name: large%1$d, key: a}}}";
    assertThat(of(env(small, 15))).containsEntry("A14", "b");
    isTooMuch(
        () -> of(env(small, 17)), "ConfigMaps and Secrets for variables of container c have more");
  }

  @Test
  void aLargeFileOfVariablesIsNotReadForEver() throws IOException {
    Path written = Files.createDirectories(folder.resolve("written"));
    String line = "# " + "x".repeat(60_000) + "\n";
    Files.writeString(written.resolve("large"), line.repeat(80) + "COLOR='red'\n");
    String each =
        "{name: A%d, valueFrom: {fileKeyRef: {volumeName: written, path: large, key: COLOR}}}";
    assertThat(of(env(each, 2))).containsEntry("A1", "red");
    isTooMuch(() -> of(env(each, 20)), "files for variables of container c are too large");
  }
}
