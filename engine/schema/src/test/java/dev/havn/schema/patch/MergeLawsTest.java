// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import dev.havn.schema.apply.ManagedFields;
import dev.havn.schema.apply.TypedCheck;
import dev.havn.schema.codec.RandomObjects;
import java.util.Set;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// What holds for every merge, whatever is merged.
class MergeLawsTest {
  private static final BuiltinTypes TYPES = BuiltinTypes.load();
  private static final ManagedFields.Writer WRITER =
      new ManagedFields.Writer("a", "v1", "", "2026-01-01T00:00:00Z");

  private static ResourceType type(int index) {
    return TYPES.resources().get(Math.floorMod(index, TYPES.resources().size()));
  }

  private static ObjectNode empty() {
    return JsonNodeFactory.instance.objectNode();
  }

  @Property(tries = 100)
  void anEmptyPatchChangesNothing(@ForAll long seed, @ForAll int index) {
    ResourceType type = type(index);
    ObjectNode object = new RandomObjects(seed).object(type.schema());
    assertThat(MergePatch.apply(object, empty())).isEqualTo(object);
    assertThat(StrategicMergePatch.apply(object, empty(), type.schema())).isEqualTo(object);
    assertThat(JsonPatch.apply(object, JsonNodeFactory.instance.arrayNode())).isEqualTo(object);
  }

  @Property(tries = 100)
  void aMergePatchTwiceIsTheSameAsOnce(@ForAll long seed, @ForAll long other, @ForAll int index) {
    ResourceType type = type(index);
    ObjectNode object = new RandomObjects(seed).object(type.schema());
    ObjectNode patch = new RandomObjects(other).object(type.schema());
    ObjectNode once = (ObjectNode) MergePatch.apply(object, patch);
    assertThat(MergePatch.apply(once, patch)).isEqualTo(once);
  }

  @Property(tries = 100)
  void aStrategicMergePatchTwiceIsTheSameAsOnce(
      @ForAll long seed, @ForAll long other, @ForAll int index) {
    ResourceType type = type(index);
    ObjectNode object = new RandomObjects(seed).object(type.schema());
    ObjectNode patch = new RandomObjects(other).object(type.schema());
    ObjectNode once;
    ObjectNode twice;
    try {
      once = StrategicMergePatch.apply(object, patch, type.schema());
      twice = StrategicMergePatch.apply(once, patch, type.schema());
    } catch (PatchException e) {
      Assume.that(false); // an item without its merge key
      return;
    }
    assertThat(twice).isEqualTo(once);
  }

  @Property(tries = 50, maxDiscardRatio = 50)
  void whoAppliesTheSameAgainChangesNothing(@ForAll long seed, @ForAll int index) {
    ResourceType type = type(index);
    ObjectNode config = new RandomObjects(seed).object(type.schema());
    config.remove("metadata");
    Assume.that(TypedCheck.problems(config, type.schema()).isEmpty());
    ObjectNode once = applied(empty(), config, type);
    assertThat(applied(once, config, type)).isEqualTo(once);
  }

  @Property(tries = 50)
  void whoAppliesNothingAnyMoreLeavesNothing(@ForAll long seed, @ForAll int index) {
    ResourceType type = type(index);
    ObjectNode config = empty();
    config.putObject("metadata").putObject("labels").put("a", String.valueOf(seed));
    ObjectNode once = applied(empty(), config, type);
    ObjectNode none = applied(once, empty(), type);
    assertThat(none.path("metadata").has("labels")).isFalse();
  }

  private static ObjectNode applied(ObjectNode live, ObjectNode config, ResourceType type) {
    return ManagedFields.applied(live, config, type.schema(), WRITER, false, Set.of());
  }
}
