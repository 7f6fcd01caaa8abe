// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BuiltinTypesTest {
  private final BuiltinTypes types = BuiltinTypes.load();

  @Test
  void everyServedResourceHasItsSchema() {
    assertThat(types.resources()).hasSizeGreaterThan(60);
    for (ResourceType resource : types.resources()) {
      assertThat(resource.schema().name()).endsWith("." + resource.kind());
    }
  }

  @Test
  void containersMergeByNameAndKnowTheirNumbers() {
    Schema.Field containers = types.struct("io.k8s.api.core.v1.PodSpec").field("containers");
    assertThat(containers.number()).isEqualTo(2);
    assertThat(containers.required()).isTrue();
    assertThat(containers.mergeKey()).isEqualTo("name");
    assertThat(containers.schema())
        .isInstanceOfSatisfying(
            Schema.ListOf.class,
            list -> {
              assertThat(list.type()).isEqualTo(Schema.ListType.MAP);
              assertThat(list.keys()).containsExactly("name");
            });
  }

  @Test
  void fieldsThatGoEmbedsAreFlattened() {
    Schema.Field hostPath = types.struct("io.k8s.api.core.v1.Volume").field("hostPath");
    assertThat(hostPath.embedding()).containsExactly(2);
    assertThat(hostPath.number()).isEqualTo(1);
  }
}
