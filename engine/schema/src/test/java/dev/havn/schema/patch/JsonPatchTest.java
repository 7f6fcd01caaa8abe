// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Json;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class JsonPatchTest {
  private static JsonNode tree(String text) {
    return Json.read(text.getBytes(StandardCharsets.UTF_8)).tree();
  }

  @Test
  void aDocumentDoesNotDoubleForEver() {
    JsonNode document = tree("{\"a\":{\"text\":\"" + "x".repeat(1_000) + "\"}}");
    String copy = "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/b\"},";
    String copies = copy.repeat(100);
    JsonNode patch = tree("[" + copies.substring(0, copies.length() - 1) + "]");
    assertThatThrownBy(() -> JsonPatch.apply(document, patch))
        .isInstanceOf(PatchException.class)
        .hasMessageContaining("the accumulated size increase of copy")
        .hasMessageEndingWith("exceeding the limit 3145728");
  }
}
