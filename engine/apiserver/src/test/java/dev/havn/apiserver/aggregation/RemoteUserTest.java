// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Headers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RemoteUserTest {
  private static String name(String user) {
    Headers headers = RemoteUser.headers(new UserInfo(user, List.of()), "/", "*/*", "h");
    @Nullable String header = headers.first("x-remote-user");
    assertThat(header).isNotNull();
    assertThat(header.chars()).allMatch(each -> each < 256);
    return new String(header.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  @Test
  void namesInAnyScriptStayApart() {
    assertThat(name("jane")).isEqualTo("jane");
    assertThat(name("Жан")).isEqualTo("Жан");
    assertThat(name("Шан")).isEqualTo("Шан");
  }
}
