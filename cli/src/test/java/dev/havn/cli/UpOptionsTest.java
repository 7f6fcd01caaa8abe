// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.server.Configuration;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class UpOptionsTest {
  /// A command with these options.
  @Command
  private static final class Some {
    @Mixin private UpOptions options = new UpOptions();
  }

  private static UpOptions options(String... words) {
    Some command = new Some();
    new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(words);
    return command.options;
  }

  @Test
  void whatIsNotGivenIsAsTheRunningServerWasGivenIt() {
    ObjectNode running =
        options(
                "--port",
                "0",
                "--bind",
                "0.0.0.0",
                "--nodes",
                "3",
                "--runtime",
                "process",
                "--kubeconfig",
                "/k",
                "--store",
                "etcd=http://127.0.0.1:2379",
                "--feature-gates",
                "MaxUnavailableStatefulSet=true")
            .given();
    running.put("port", 12_345);
    UpOptions options = options("--nodes", "2");
    options.complete(running);
    Configuration configuration = options.configuration(Path.of("/d"));
    assertThat(configuration.port()).isEqualTo(12_345);
    assertThat(configuration.bind()).isEqualTo("0.0.0.0");
    assertThat(configuration.nodes()).isEqualTo(2);
    assertThat(configuration.runtime()).isEqualTo(Configuration.RuntimeChoice.PROCESS);
    assertThat(configuration.kubeconfig()).isEqualTo(Path.of("/k"));
    assertThat(configuration.store()).hasToString("etcd=http://127.0.0.1:2379");
    assertThat(configuration.featureGates()).isEqualTo("MaxUnavailableStatefulSet=true");
  }

  @Test
  void featuresThatAreNotThereAreRefusedAndOthersThanThoseOfTheServerSaid() {
    UpOptions wrong = options("--feature-gates", "MaxUnavailable=true");
    assertThatThrownBy(() -> wrong.configuration(Path.of("/d")))
        .isInstanceOf(CommandLine.ParameterException.class)
        .hasMessageStartingWith(
            "--feature-gates: unrecognized feature gate: MaxUnavailable; there are [");
    UpOptions options = options("--feature-gates", "MaxUnavailableStatefulSet=1");
    ObjectNode status = options().given();
    assertThat(options.unlike(status)).containsExactly("--feature-gates");
    status.put("featureGates", "MaxUnavailableStatefulSet=true");
    assertThat(options.unlike(status)).isEmpty();
  }

  @Test
  void saysThatAServerWhichRunsReadsNoFileAndWhatDoes() {
    ObjectNode status = options().given();
    assertThat(options().said(status, "")).isEmpty();
    assertThat(options("--config", "havn.yaml").said(status, ""))
        .containsExactly(
            "it runs already and does not read havn.yaml now: `havn restart --config havn.yaml` does");
    assertThat(options("--config", "f.yaml", "--nodes", "2").said(status, " --data-dir /d"))
        .containsExactly(
            "it runs already, with another --nodes: `havn down` first",
            "it runs already and does not read f.yaml now: `havn restart --config f.yaml --data-dir /d` does");
  }

  @Test
  void whatNobodyGaveIsAsUsual() {
    UpOptions options = options();
    options.complete(options().given());
    assertThat(options.given()).isEmpty();
    assertThat(options.configuration(Path.of("/d")).port()).isEqualTo(Configuration.PORT);
  }
}
