// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.havn.reconcile.Reconciler.Key;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A CustomResourceDefinition as far as it says whether objects of a kind can be read: its schema,
/// which is most of it, is left out.
@JsonIgnoreProperties(ignoreUnknown = true)
record Definition(Metadata metadata, @Nullable Spec spec, @Nullable Status status) {
  /// Says that the class `havn` was offered: whoever deletes it has it so for good.
  static final String OFFERED = "havn.dev/gateway-class-offered";

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Metadata(
      String name,
      String uid,
      String resourceVersion,
      @Nullable String deletionTimestamp,
      @Nullable Annotations annotations) {}

  /// @param bundle the release of the Gateway API that it belongs to
  @JsonIgnoreProperties(ignoreUnknown = true)
  record Annotations(
      @JsonProperty(OFFERED) @Nullable String offered,
      @JsonProperty("gateway.networking.k8s.io/bundle-version") @Nullable String bundle) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Spec(@Nullable List<Version> versions) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Version(String name, boolean served) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Status(@Nullable List<Condition> conditions) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Condition(String type, String status) {}

  Key key() {
    return new Key("", metadata.name());
  }

  boolean serves(String version) {
    return metadata.deletionTimestamp() == null
        && spec != null
        && spec.versions() != null
        && spec.versions().stream().anyMatch(each -> each.served() && each.name().equals(version))
        && status != null
        && status.conditions() != null
        && status.conditions().stream()
            .anyMatch(each -> each.type().equals("Established") && each.status().equals("True"));
  }

  boolean wasOffered() {
    return metadata.annotations() != null && metadata.annotations().offered() != null;
  }

  String bundle() {
    return metadata.annotations() == null || metadata.annotations().bundle() == null
        ? ""
        : metadata.annotations().bundle();
  }
}
