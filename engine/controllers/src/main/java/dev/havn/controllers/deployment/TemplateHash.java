// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A short name for a pod template: FNV-1a (32 bit) over its JSON, printed in an alphabet without
/// vowels so that no words come out.
final class TemplateHash {
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
  private static final int FNV_OFFSET = 0x811c9dc5;
  private static final int FNV_PRIME = 0x01000193;

  private TemplateHash() {}

  /// @param json the template as JSON, fields in a fixed order
  /// @param collisions how often an earlier name was taken by another template, or null
  static String of(String json, @Nullable Integer collisions) {
    int hash = add(FNV_OFFSET, json);
    if (collisions != null) {
      hash = add(hash, "#" + collisions);
    }
    StringBuilder name = new StringBuilder();
    for (char digit : Integer.toUnsignedString(hash).toCharArray()) {
      name.append(ALPHABET.charAt(digit % ALPHABET.length()));
    }
    return name.toString();
  }

  /// Whether two templates differ in nothing but the hash label.
  static boolean same(PodTemplateSpec one, PodTemplateSpec other) {
    return Objects.equals(one.getSpec(), other.getSpec())
        && Objects.equals(without(one.getMetadata()), without(other.getMetadata()));
  }

  private static @Nullable ObjectMeta without(@Nullable ObjectMeta metadata) {
    if (metadata == null
        || metadata.getLabels() == null
        || !metadata.getLabels().containsKey(Desired.TEMPLATE_HASH)) {
      return metadata;
    }
    return new ObjectMetaBuilder(metadata).removeFromLabels(Desired.TEMPLATE_HASH).build();
  }

  private static int add(int hash, String text) {
    int result = hash;
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      result = (result ^ (each & 0xff)) * FNV_PRIME;
    }
    return result;
  }
}
