// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Blocks of addresses in policies, as Kubernetes judges them.
class NetworkingRulesTest {
  private static final Schema.Struct POLICY =
      BuiltinTypes.load().struct("io.k8s.api.networking.v1.NetworkPolicy");

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.1.0.0/16, ''",
    "2001:db8::/32, 2001:db8:1::/48, ''",
    "0.0.0.0/0, 10.0.0.0/8, ''",
    "10.0.0.0/8, 11.0.0.0/9, must be a strict subset of `cidr`",
    "10.0.0.0/8, 10.0.0.0/8, must be a strict subset of `cidr`",
    "10.0.0.0/8, 0.0.0.0/0, must be a strict subset of `cidr`",
    "0.0.0.0/0, fe80::/10, must be a strict subset of `cidr`",
    "10.0.0.0/8, 10.0.0.1/16, must not have bits set beyond the prefix length",
    "10.0.0.1/8, 10.1.0.0/16, must not have bits set beyond the prefix length",
    "10.0.0.0/08, 10.1.0.0/16, must not have leading 0s in IP or prefix length"
  })
  void anExceptionLiesWithinItsBlock(String block, String exception, String problem) {
    String yaml =
        """
        metadata: {name: p}
        spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "%s", except: ["%s"]}}]}]}
        """
            .formatted(block, exception);
    ObjectNode policy = (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
    assertThat(Rules.onCreate("NetworkPolicy", policy, POLICY).stream().map(FieldError::message))
        .allMatch(each -> !problem.isEmpty() && each.endsWith(problem))
        .hasSize(problem.isEmpty() ? 0 : 1);
  }
}
