// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import org.junit.jupiter.api.Test;

class CriAbilitiesTest {
  private static Cri.RuntimeHandler handler(String name, boolean deep, boolean ownUsers) {
    return Cri.RuntimeHandler.newBuilder()
        .setName(name)
        .setFeatures(
            Cri.RuntimeHandlerFeatures.newBuilder()
                .setRecursiveReadOnlyMounts(deep)
                .setUserNamespaces(ownUsers))
        .build();
  }

  /// Users of pods' own are made by nobody here, whatever the runtime could do.
  @Test
  void handlersAreThoseThatTheRuntimeTells() {
    Cri.StatusResponse status =
        Cri.StatusResponse.newBuilder()
            .addRuntimeHandlers(handler("runc", true, true))
            .addRuntimeHandlers(handler("kata", false, false))
            .addRuntimeHandlers(handler("", true, true))
            .build();
    assertThat(CriAbilities.of(status).handlers())
        .containsExactly(
            new RuntimeHandler("", true, false),
            new RuntimeHandler("kata", false, false),
            new RuntimeHandler("runc", true, false));
  }

  @Test
  void whatMountsAreIsSaidOfTheUsualHandler() {
    Cri.StatusResponse.Builder status = Cri.StatusResponse.newBuilder();
    status.addRuntimeHandlers(handler("runc", true, false));
    assertThat(CriAbilities.of(status.build()).features())
        .doesNotContain(Feature.RECURSIVE_READ_ONLY, Feature.GROUPS_POLICY);
    status.addRuntimeHandlers(handler("", true, false));
    status.setFeatures(Cri.RuntimeFeatures.newBuilder().setSupplementalGroupsPolicy(true));
    assertThat(CriAbilities.of(status.build()).features())
        .contains(Feature.RECURSIVE_READ_ONLY, Feature.GROUPS_POLICY)
        .doesNotContain(Feature.CDI, Feature.USER_NAMESPACES);
  }
}
