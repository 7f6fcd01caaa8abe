// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.Test;

@Havn
class RoleAggregationTest {
  private static ClusterRoleBuilder role(String name) {
    return new ClusterRoleBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("rbac.authorization.k8s.io/aggregate-to-view", "true")
        .endMetadata();
  }

  @Test
  void aRoleWithoutRulesDoesNotKeepOthersOut(Cluster cluster) {
    KubernetesClient client = cluster.client();
    ClusterRole empty = role("empty").withRules().build();
    empty.setRules(null);
    client.resource(empty).create();
    client
        .resource(
            role("gadgets")
                .addNewRule()
                .withApiGroups("example.com")
                .withResources("gadgets")
                .withVerbs("get")
                .endRule()
                .build())
        .create();
    cluster.settle();
    assertThat(client.rbac().clusterRoles().withName("view").get().getRules())
        .anyMatch(rule -> rule.getResources().contains("gadgets"));
  }
}
