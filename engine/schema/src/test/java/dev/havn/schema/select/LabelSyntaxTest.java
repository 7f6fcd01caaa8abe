// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.select;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Names are told apart by hand; these are the expressions that the refusals name.
class LabelSyntaxTest {
  private static final String NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
  private static final String SUBDOMAIN =
      "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.strings().withChars("a0-.").ofMaxLength(6),
        Arbitraries.strings().withChars("az09AZ-_./ é\n@[`{:").ofMaxLength(7));
  }

  @Property
  void asTheExpressionsSay(@ForAll("texts") String text) {
    assertThat(LabelSyntax.subdomainProblems(text).isEmpty()).isEqualTo(text.matches(SUBDOMAIN));
    assertThat(LabelSyntax.valueProblems(text).isEmpty())
        .isEqualTo(text.isEmpty() || text.matches(NAME));
    if (!text.contains("/")) {
      assertThat(LabelSyntax.keyProblems(text).isEmpty()).isEqualTo(text.matches(NAME));
    }
  }
}
