// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// The page of fields is that of this code. `-Dhavn.write=true` writes it.
class CompatibilityTest {
  private static final Path PAGE =
      Path.of(System.getProperty("havn.root", ".."), "docs/guide/fields.md");

  private final Declared declared = Declared.load();

  private String page() {
    Readers readers = Readers.ofTheEngine();
    FieldsPage page = new FieldsPage();
    for (ResourceType type : BuiltinTypes.load().resources()) {
      page.add(type, new KindFields(type, readers, declared));
    }
    return page.markdown();
  }

  @Test
  void thePageOfFieldsIsThatOfThisCode() throws IOException {
    String page = page();
    if (Boolean.getBoolean("havn.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(PAGE)
        .as("run this test with -Dhavn.write=true and look at what changed")
        .hasContent(page);
  }

  @Test
  void nothingIsStatedOfFieldsThatAreNotThere() {
    page();
    assertThat(declared.unused()).isEmpty();
  }
}
