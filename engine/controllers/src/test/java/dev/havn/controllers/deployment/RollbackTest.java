// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RollbackTest {
  private static Deployment deployment(String image, Map<String, String> annotations) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("web")
        .withAnnotations(annotations)
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(Map.of("app", "web"))
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withImage(image)
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static ReplicaSet set(String image, String revision) {
    return new ReplicaSetBuilder()
        .withNewMetadata()
        .withName("web-" + revision)
        .addToAnnotations(Desired.REVISION, revision)
        .addToAnnotations("cause", "of " + revision)
        .endMetadata()
        .withNewSpec()
        .withTemplate(deployment(image, Map.of()).getSpec().getTemplate())
        .editTemplate()
        .editMetadata()
        .addToLabels(Desired.TEMPLATE_HASH, "x")
        .endMetadata()
        .endTemplate()
        .endSpec()
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "7,7",
    "+7,7",
    "-7,-7",
    "9223372036854775807,9223372036854775807",
    "9223372036854775808,",
    "1e3,",
    "'',",
    "'1 ',",
    "x,"
  })
  void aWishIsANumber(String text, @Nullable Long expected) {
    assertThat(Rollback.wish(deployment("a", Map.of(Rollback.TO, text))).stream().boxed())
        .isEqualTo(Stream.ofNullable(expected).toList());
  }

  @Test
  void whoWishesNothingGetsNothing() {
    assertThat(Rollback.wish(deployment("a", Map.of()))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 4: web-4",
        "2 | 2: web-2",
        "9 | DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.",
        "-1 | DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.",
        "7 | DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment \"web\"",
      })
  void theTemplateOfARevisionComesBackIfItIsAnother(long wished, String expected) {
    List<ReplicaSet> sets = List.of(set("b", "2"), set("a", "4"), set("c", "7"));
    assertThat(words(Rollback.of(deployment("c", Map.of(Rollback.TO, "x")), sets, wished)))
        .isEqualTo(expected);
  }

  private static String words(Change change) {
    return switch (change) {
      case Change.RollBack(ReplicaSet set, long revision, Map<String, String> _) ->
          revision + ": " + set.getMetadata().getName();
      case Change.RefuseRollback(Map<String, String> _, String reason, String message) ->
          reason + ": " + message;
      case Change.CreateSet _,
          Change.Resize _,
          Change.Annotate _,
          Change.DeleteSet _,
          Change.SetStatus _ ->
          change.toString();
    };
  }

  @Test
  void theFirstRevisionHasNoLast() {
    assertThat(words(Rollback.of(deployment("a", Map.of()), List.of(set("a", "1")), 0)))
        .isEqualTo("DeploymentRollbackRevisionNotFound: Unable to find last revision.");
  }

  @Test
  void theAnnotationsOfTheRevisionComeBackAndTheWishGoes() {
    Map<String, String> before =
        Map.of(Rollback.TO, "1", "cause", "of 2", "other", "of 2", Desired.REVISION, "2");
    Change change = Rollback.of(deployment("b", before), List.of(set("a", "1"), set("b", "2")), 1);
    assertThat(change)
        .isInstanceOfSatisfying(
            Change.RollBack.class,
            back ->
                assertThat(back.annotations())
                    .isEqualTo(Map.of("cause", "of 1", Desired.REVISION, "2")));
    assertThat(Rollback.of(deployment("b", before), List.of(set("b", "2")), 1))
        .isInstanceOfSatisfying(
            Change.RefuseRollback.class,
            refused ->
                assertThat(refused.annotations())
                    .isEqualTo(Map.of("cause", "of 2", "other", "of 2", Desired.REVISION, "2")));
  }
}
