// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/// A class whose superclass is not one of ours.
final class ExtendsNothingOfHavn extends ArchCondition<JavaClass> {
  ExtendsNothingOfHavn() {
    super("extend no class of Havn");
  }

  @Override
  public void check(JavaClass type, ConditionEvents events) {
    type.getRawSuperclass()
        .filter(parent -> parent.getPackageName().startsWith("dev.havn"))
        .filter(parent -> !parent.isEnum())
        .ifPresent(
            parent ->
                events.add(
                    SimpleConditionEvent.violated(
                        type, type.getName() + " extends " + parent.getName())));
  }
}
