// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.util.List;
import org.junit.jupiter.api.Test;

class RulesTest {
  /// Kinds that are validated by their schema alone: types, required values, enumerations, names.
  private static final List<String> NO_MORE_THAN_STRUCTURE = List.of("ServiceAccount");

  @Test
  void aKindWithoutRulesOfItsOwnIsListed() {
    List<String> kinds =
        BuiltinTypes.load().resources().stream()
            .filter(type -> type.verbs().contains("update"))
            .map(ResourceType::kind)
            .filter(kind -> !Rules.has(kind))
            .sorted()
            .toList();
    assertThat(kinds).isEqualTo(NO_MORE_THAN_STRUCTURE);
  }
}
