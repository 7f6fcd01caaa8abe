// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ManagedFieldsTest {
  private static final Schema.Struct DEPLOYMENT =
      BuiltinTypes.load().struct("io.k8s.api.apps.v1.Deployment");

  private static final String CONFIG =
      """
      metadata: {name: web, labels: {app: web}}
      spec:
        replicas: 1
        template: {spec: {containers: [{name: c, image: "c:1", ports: [{containerPort: 80}]}]}}
      """;

  @Test
  void applyingTwiceIsApplyingOnce() {
    ObjectNode once = apply("one", empty(), CONFIG, false);
    assertThat(apply("one", once, CONFIG, false)).isEqualTo(once);
  }

  @Test
  void timesThatAloneHaveChangedArePutBack() {
    ObjectNode before = apply("one", empty(), CONFIG, false);
    ObjectNode later = before.deepCopy();
    ((ObjectNode) later.at("/metadata/managedFields/0")).put("time", "2030-01-01T00:00:00Z");
    ObjectNode other = later.deepCopy();
    ManagedFields.keepTimes(before, later);
    assertThat(later).isEqualTo(before);
    other.withObjectProperty("spec").put("replicas", 2);
    ManagedFields.keepTimes(before, other);
    assertThat(other.at("/metadata/managedFields/0/time").asText()).startsWith("2030");
  }

  @Test
  void booksEndWithAnItemThatHadNoKey() {
    Schema.Struct account = BuiltinTypes.load().struct("io.k8s.api.core.v1.ServiceAccount");
    ObjectNode named = read("metadata: {name: a}\nsecrets: [{name: s}]");
    ObjectNode live = ManagedFields.updated(empty(), named, account, writer("kubectl"), Set.of());
    ObjectNode changed = live.deepCopy();
    ((ObjectNode) live.at("/secrets/0")).remove("name");
    assertThat(changed.at("/metadata/managedFields")).isNotEmpty();
    ObjectNode after = ManagedFields.updated(live, changed, account, writer("other"), Set.of());
    assertThat(after.path("metadata").has("managedFields")).isFalse();
  }

  @Test
  void aFieldThatIsNoLongerAppliedIsRemoved() {
    ObjectNode live = apply("one", empty(), CONFIG, false);
    ObjectNode after = apply("one", live, CONFIG.replace("replicas: 1", ""), false);
    assertThat(after.at("/spec").has("replicas")).isFalse();
  }

  @Test
  void aFieldThatAnotherAlsoAppliesStays() {
    ObjectNode live = apply("one", empty(), CONFIG, false);
    live = apply("two", live, "metadata: {name: web}\nspec: {replicas: 1}", false);
    ObjectNode after = apply("one", live, CONFIG.replace("replicas: 1", ""), false);
    assertThat(after.at("/spec/replicas").asInt()).isEqualTo(1);
  }

  @Test
  void changingAnothersFieldConflictsUnlessForced() {
    ObjectNode live = apply("one", empty(), CONFIG, false);
    String other = "metadata: {name: web}\nspec: {replicas: 5}";
    assertThatThrownBy(() -> apply("two", live, other, false))
        .hasMessage("Apply failed with 1 conflict: conflict with \"one\": .spec.replicas");
    ObjectNode forced = apply("two", live, other, true);
    assertThat(forced.at("/spec/replicas").asInt()).isEqualTo(5);
    assertThatThrownBy(() -> apply("one", forced, CONFIG, false))
        .hasMessageContaining("conflict with \"two\"");
  }

  @Test
  void anUpdateTakesOverWhatItChangesAndOnlyThat() {
    ObjectNode live = apply("one", empty(), CONFIG, false);
    ObjectNode changed = live.deepCopy();
    changed.withObjectProperty("spec").put("replicas", 9);
    ObjectNode after =
        ManagedFields.updated(live, changed, DEPLOYMENT, writer("kubectl"), Set.of("status"));
    assertThatThrownBy(() -> apply("one", after, CONFIG, false))
        .hasMessage(
            "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas");
    assertThat(
            apply("one", after, CONFIG.replace("replicas: 1", "replicas: 9"), false)
                .at("/spec/replicas")
                .asInt())
        .isEqualTo(9);
  }

  @Test
  void anUpdateWithoutChangeLeavesEverythingAsItIs() {
    ObjectNode live = apply("one", empty(), CONFIG, false);
    assertThat(
            ManagedFields.updated(
                live, live.deepCopy(), DEPLOYMENT, writer("kubectl"), Set.of("status")))
        .isEqualTo(live);
  }

  private static ObjectNode apply(String manager, ObjectNode live, String config, boolean force) {
    return ManagedFields.applied(
        live, read(config), DEPLOYMENT, writer(manager), force, Set.of("status"));
  }

  private static ObjectNode read(String yaml) {
    return (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
  }

  private static ManagedFields.Writer writer(String manager) {
    return new ManagedFields.Writer(manager, "apps/v1", "", "2026-01-01T00:00:00Z");
  }

  private static ObjectNode empty() {
    return JsonNodeFactory.instance.objectNode();
  }
}
