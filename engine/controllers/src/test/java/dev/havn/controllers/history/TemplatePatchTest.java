// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.Golden;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TemplatePatchTest {
  private static final TemplatePatch PATCH =
      TemplatePatch.of(
          Golden.tree(
              Map.of(
                  "spec",
                  Map.of(
                      "tolerations",
                      List.of(),
                      "containers",
                      List.of(Map.of("name", "c", "args", List.of("a<b>&\"\\\n\t\u0001\u2028é")))),
                  "metadata",
                  Map.of("labels", Map.of("b", "1", "a", "2"), "annotations", Map.of()))));

  @Test
  void isWrittenAsGoWritesMaps() {
    assertThat(PATCH.json())
        .isEqualTo(
            """
            {"spec":{"template":{"$patch":"replace","metadata":{"annotations":{},"labels":{"a":"2","b":"1"}},\
            "spec":{"containers":[{"args":["a\\u003cb\\u003e\\u0026\\"\\\\\\n\\t\\u0001\\u2028é"],"name":"c"}],"tolerations":[]}}}}""");
  }

  @Test
  void keepsItsNamesInOrderInTheTreeToo() {
    assertThat(PATCH.tree().toString())
        .startsWith(
            """
            {"spec":{"template":{"$patch":"replace","metadata":{"annotations":{},"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"args":""");
  }

  @Test
  void collisionsGiveOtherNamesWithoutVowels() {
    assertThat(PATCH.hash("0")).isNotEqualTo(PATCH.hash("1")).matches("[b-df-hj-np-tv-xz0-9]+");
  }

  @Test
  void givesItsTemplateBack() {
    assertThat(TemplatePatch.template(PATCH.tree()).has("$patch")).isFalse();
    assertThat(TemplatePatch.of(TemplatePatch.template(PATCH.tree()))).isEqualTo(PATCH);
    assertThat(TemplatePatch.template(Golden.tree(Map.of("other", "thing")))).isEmpty();
  }
}
