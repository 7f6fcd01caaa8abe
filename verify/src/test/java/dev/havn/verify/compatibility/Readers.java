// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.compatibility;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Which fields the parts of the engine beside the API server read: the getters of Kubernetes'
/// model that their class files call. What they write, they read nowhere.
final class Readers {
  private static final String MODEL = "io.fabric8.kubernetes.api.model.";

  private final Map<String, Set<String>> gettersByType = new HashMap<>();

  static Readers ofTheEngine() {
    Readers readers = new Readers();
    new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .importPackages(
            "dev.havn.controllers",
            "dev.havn.scheduler",
            "dev.havn.node",
            "dev.havn.network",
            "dev.havn.ingress")
        .forEach(readers::add);
    return readers;
  }

  private void add(JavaClass reader) {
    for (JavaCodeUnitAccess<?> access : reader.getCodeUnitAccessesFromSelf()) {
      AccessTarget.CodeUnitAccessTarget target = access.getTarget();
      if (target.getOwner().getName().startsWith(MODEL) && target.getName().startsWith("get")) {
        gettersByType
            .computeIfAbsent(target.getOwner().getSimpleName(), _ -> new HashSet<>())
            .add(target.getName());
      }
    }
  }

  /// @param type of Kubernetes' model, such as `io.k8s.api.core.v1.PodSpec`
  boolean read(String type, String field) {
    String named = type.substring(type.lastIndexOf('.') + 1);
    // The node makes ordinary containers of them.
    String name = named.equals("EphemeralContainer") ? "Container" : named;
    String getter = "get" + field.substring(0, 1).toUpperCase(java.util.Locale.ROOT);
    return gettersByType.getOrDefault(name, Set.of()).contains(getter + field.substring(1));
  }
}
