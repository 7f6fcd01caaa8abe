// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.garbage;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.havn.controllers.resources.Resources;
import dev.havn.reconcile.Reconciler.Key;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An object as far as ownership goes.
@JsonIgnoreProperties(ignoreUnknown = true)
record Owned(Metadata metadata) {
  static final String FOREGROUND = "foregroundDeletion";
  static final String ORPHAN = "orphan";

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Metadata(
      String name,
      @Nullable String namespace,
      String uid,
      String resourceVersion,
      @Nullable String deletionTimestamp,
      @Nullable List<String> finalizers,
      @Nullable List<Owner> ownerReferences) {}

  /// A reference to an owner.
  @JsonIgnoreProperties(ignoreUnknown = true)
  record Owner(
      String apiVersion,
      String kind,
      String name,
      String uid,
      @Nullable Boolean controller,
      @Nullable Boolean blockOwnerDeletion) {
    boolean blocks() {
      return Boolean.TRUE.equals(blockOwnerDeletion);
    }

    /// Whether it refers to an object of that kind, in whichever version.
    boolean isOf(Resources.Resource resource) {
      return kind.equals(resource.kind()) && group(apiVersion).equals(group(resource.apiVersion()));
    }

    private static String group(String apiVersion) {
      int slash = apiVersion.indexOf('/');
      return slash < 0 ? "" : apiVersion.substring(0, slash);
    }
  }

  String uid() {
    return metadata.uid();
  }

  String namespace() {
    @Nullable String namespace = metadata.namespace();
    return namespace == null ? "" : namespace;
  }

  Key key() {
    return new Key(namespace(), metadata.name());
  }

  List<Owner> owners() {
    @Nullable List<Owner> owners = metadata.ownerReferences();
    return owners == null ? List.of() : owners;
  }

  List<String> finalizers() {
    @Nullable List<String> finalizers = metadata.finalizers();
    return finalizers == null ? List.of() : finalizers;
  }

  boolean isTerminating() {
    return metadata.deletionTimestamp() != null;
  }

  /// Whether it goes only after the dependents that block it.
  boolean waitsForDependents() {
    return isTerminating() && finalizers().contains(FOREGROUND);
  }

  boolean orphansDependents() {
    return isTerminating() && finalizers().contains(ORPHAN);
  }

  String path(Resources.Resource resource) {
    return resource.path(namespace()) + "/" + metadata.name();
  }
}
