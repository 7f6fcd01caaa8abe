// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import org.junit.jupiter.api.Test;

class BudgetControllersTest {
  private static final Pod MADE =
      new PodBuilder()
          .withNewSpec()
          .addNewContainer()
          .withName("main")
          .withNewResources()
          .addToRequests("cpu", new Quantity("2"))
          .endResources()
          .endContainer()
          .endSpec()
          .withNewStatus()
          .withPhase("Pending")
          .endStatus()
          .build();

  /// Counted then, its siblings that are being made would be forgotten: a quota of two let three
  /// in.
  @Test
  void aPodThatGetsANodeGivesNothingBackToItsQuota() {
    Pod bound = MADE.edit().editSpec().withNodeName("a").endSpec().build();
    assertThat(BudgetControllers.usesLess(MADE, bound)).isFalse();
  }

  @Test
  void aPodThatEndsOrIsResizedDoes() {
    Pod over = MADE.edit().editStatus().withPhase("Succeeded").endStatus().build();
    Pod resized =
        MADE.edit()
            .editSpec()
            .editFirstContainer()
            .editResources()
            .addToRequests("cpu", new Quantity("1"))
            .endResources()
            .endContainer()
            .endSpec()
            .build();
    assertThat(BudgetControllers.usesLess(MADE, over)).isTrue();
    assertThat(BudgetControllers.usesLess(MADE, resized)).isTrue();
  }
}
