// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TypedCheckTest {
  private static final Schema.Struct ACCOUNT =
      BuiltinTypes.load().struct("io.k8s.api.core.v1.ServiceAccount");

  private static ObjectNode read(String yaml) {
    return (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "metadata: {finalizers: [a/b, null, null]} | .metadata.finalizers: element 1: associative list without keys has an element that's an explicit null",
        "metadata: {ownerReferences: [null]} | .metadata.ownerReferences: element 0: associative list with keys may not have a null element",
        "secrets: [{}, {}] | .secrets: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key fields)",
        "metadata: {creationTimestamp: {a: b}} | .metadata.creationTimestamp: expected any scalar, got &{map[a:b]}",
        "metadata: {name: {a: b}} | .metadata.name: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"a\":\"b\"}}",
      })
  void whatCannotBeAppliedIsSaidUpToTheFirstItemThatHasNoPath(String config, String problem) {
    assertThat(TypedCheck.problems(read(config), ACCOUNT)).isEqualTo(problem);
  }

  @Test
  void whatIsStoredMayHaveItemsOfOneKeyButNotOfNone() {
    assertThat(TypedCheck.keyless(read("secrets: [{name: a}, {name: a}]"), ACCOUNT)).isEmpty();
    assertThat(TypedCheck.keyless(read("secrets: [{name: a}, {name: a}, {}]"), ACCOUNT))
        .startsWith(".secrets: element 2: ");
  }
}
