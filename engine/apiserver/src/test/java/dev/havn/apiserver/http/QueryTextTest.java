// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryTextTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a=b&c=d&a=e | {a=[b, e], c=[d]}",
        "a&b= | {a=[], b=[]}",
        "a&=b=c | {a=[], =[b=c]}",
        "a=b;c=d&e=f | {e=[f]}",
        "a=%zz&b=%4&c=%41&%f=x | {c=[A]}",
        "a=b+c%20d%2B | {a=[b c d+]}",
        "a?b=c | {a?b=[c]}",
        "&&a=b=c& | {a=[b=c]}",
        "%E2%82%AC=%ff | {\u20ac=[\ufffd]}"
      })
  void readsAsGoDoes(String text, String parameters) {
    assertThat(QueryText.parameters(text)).hasToString(parameters);
  }
}
