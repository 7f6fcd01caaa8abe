// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// As a kubelet of 1.36 reads them.
class EnvFileTest {
  private static final ByteBudget BUDGET = new ByteBudget(Long.MAX_VALUE, "");

  private static String value(String file, String name) throws IOException {
    byte[] bytes = file.getBytes(StandardCharsets.UTF_8);
    return new String(
        EnvFile.value(new ByteArrayInputStream(bytes), name, BUDGET), StandardCharsets.UTF_8);
  }

  static Stream<Arguments> values() {
    return Stream.of(
        arguments("A='1'\n\t  B='2'\n", "2"),
        arguments("# B='0'\n\n \t\n  # more\nB='2' # said", "2"),
        arguments("B=' a  b '\n", " a  b "),
        arguments("B='a=b#c \"$D\" \\n ü'\n", "a=b#c \"$D\" \\n ü"),
        arguments("A='x\nB=no'\nB='one\n\n  # two\n'\n", "one\n\n  # two\n"),
        arguments("B='windows'\r\n", "windows"),
        arguments("B=''\n", ""),
        arguments("B= '2'\n", ""),
        arguments("A= no matter what\nB='2'\n", "2"),
        arguments("B='1'\nB='2'\nwhat comes then is not read", "1"),
        arguments("BB='1'\n", ""),
        arguments("", ""));
  }

  @ParameterizedTest
  @MethodSource("values")
  void aValueIsWhatAShellReads(String file, String value) throws IOException {
    assertThat(value(file, "B")).isEqualTo(value);
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        arguments("A='1'\nB\n", "at line 2: missing '='"),
        arguments("='1'\n", "at line 1: empty variable name"),
        arguments("  ='1'\n", "at line 1: empty variable name"),
        arguments("\nB ='1'\n", "at line 2: whitespace before '=' is not allowed"),
        arguments("B=1\n", "at line 1: value must be enclosed in single quotes"),
        arguments("B=\"1\"\n", "at line 1: value must be enclosed in single quotes"),
        arguments("B=\n", "at line 1: value must be enclosed in single quotes"),
        arguments("A='1'\nB='1'2\n", "at line 2: unexpected content after closing quote"),
        arguments("A='\n'x\n", "at line 2: unexpected content after closing quote"),
        arguments("A='1'\nB='1\n2\n", "starting at line 2: unclosed single quote"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeIsToldWithItsLine(String file, String message) {
    assertThatThrownBy(() -> value(file, "B"))
        .isInstanceOf(IOException.class)
        .hasMessage("invalid environment variable format " + message);
  }

  @Test
  void linesAndFilesAreBounded() throws IOException {
    String most = "B='" + "x".repeat((64 << 10) - 5) + "'";
    assertThat(value(most + "\n", "B")).hasSize((64 << 10) - 5);
    assertThatThrownBy(() -> value("A='1'\n" + most + " ", "B")).hasMessageContaining("at line 2");
    assertThatThrownBy(() -> value("# comment\n".repeat((16 << 20) / 10 + 1), "B"))
        .hasMessageContaining("too large");
  }
}
