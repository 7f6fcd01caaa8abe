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

/// The move from client-side to server-side apply.
class LastAppliedTest {
  private static final String ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
  private static final Schema.Struct MAP =
      BuiltinTypes.load().struct("io.k8s.api.core.v1.ConfigMap");

  private final ObjectNode live = appliedByClient();

  /// As `kubectl apply` leaves it: the configuration in an annotation, the fields `Update`'s.
  private static ObjectNode appliedByClient() {
    ObjectNode object = tree("a: '1', b: '1'");
    object
        .withObjectProperty("metadata")
        .withObjectProperty("annotations")
        .put(ANNOTATION, tree("a: '1', b: '1'").toString());
    return ManagedFields.updated(
        JsonNodeFactory.instance.objectNode(),
        object,
        MAP,
        writer("kubectl-client-side-apply"),
        Set.of());
  }

  @Test
  void whatStandsAsItWasAppliedIsKubectlsOwn() {
    ObjectNode after = apply("kubectl", tree("a: '2', b: '1'"));
    assertThat(after.at("/data/a").asText()).isEqualTo("2");
    assertThat(after.at("/metadata/annotations").path(ANNOTATION).asText())
        .isEqualTo(
            "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"2\",\"b\":\"1\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"}}\n");
  }

  @Test
  void whatAnotherHasChangedSinceConflicts() {
    ObjectNode edited = live.deepCopy();
    edited.withObjectProperty("data").put("b", "9");
    ObjectNode changed = ManagedFields.updated(live, edited, MAP, writer("editor"), Set.of());
    assertThatThrownBy(
            () ->
                LastApplied.applied(
                    changed, tree("a: '2', b: '2'"), MAP, writer("kubectl"), false, Set.of()))
        .hasMessage("Apply failed with 1 conflict: conflict with \"editor\" using v1: .data.b");
  }

  @Test
  void anotherManagerHasOptedOut() {
    assertThatThrownBy(() -> apply("other", tree("a: '2', b: '1'")))
        .hasMessage(
            "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.a");
  }

  @Test
  void booksThatAreHandedInCount() {
    ObjectNode moved = live.deepCopy();
    ((ObjectNode) moved.at("/metadata/managedFields/0")).put("manager", "kubectl");
    ObjectNode after = ManagedFields.updated(live, moved, MAP, writer("mover"), Set.of());
    assertThat(after.at("/metadata/managedFields")).hasSize(1);
    assertThat(after.at("/metadata/managedFields/0/manager").asText()).isEqualTo("kubectl");
  }

  private ObjectNode apply(String manager, ObjectNode config) {
    return LastApplied.applied(live, config, MAP, writer(manager), false, Set.of());
  }

  private static ObjectNode tree(String data) {
    String text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {%s}}";
    return (ObjectNode) Yaml.read(text.formatted(data).getBytes(StandardCharsets.UTF_8));
  }

  private static ManagedFields.Writer writer(String manager) {
    return new ManagedFields.Writer(manager, "v1", "", "2026-01-01T00:00:00Z");
  }
}
