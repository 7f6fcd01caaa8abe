// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WrongUsageTest {
  @ParameterizedTest
  @CsvSource({
    "stop,there is no command 'stop': is `havn down` meant?",
    "statsu,there is no command 'statsu': is `havn status` meant?",
    "get pods,there is no command 'get': is `kubectl get` meant?",
    "up --detach,Unknown option: '--detach'",
    "up --nodes 0,'--nodes must be 1 to 10000, not 0'",
    "image load,Missing required parameter: 'FILE.tar'",
  })
  void saysWhatIsWrongAndWhereTheRightWordsStand(String words, String message) {
    StringWriter errors = new StringWriter();
    String[] arguments = words.split(" ", -1);
    int status = Main.commandLine(arguments).setErr(new PrintWriter(errors)).execute(arguments);
    assertThat(status).isEqualTo(2);
    assertThat(errors.toString().lines())
        .hasSize(2)
        .first()
        .asString()
        .startsWith("havn: " + message);
    assertThat(errors.toString()).contains("--help` shows what there is.");
  }
}
