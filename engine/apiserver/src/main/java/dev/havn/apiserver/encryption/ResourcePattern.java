// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

/// Resources that a rule is for: `secrets`, `deployments.apps`, `*.apps` for a group, `*.` for the
/// one without a name, `*.*` for all.
///
/// @param plural or `*`
/// @param group or `*`
record ResourcePattern(String plural, String group) {
  private static final String ALL = "*";

  /// @throws IllegalArgumentException when it names no resource
  static ResourcePattern parse(String text) {
    int dot = text.indexOf('.');
    String plural = dot < 0 ? text : text.substring(0, dot);
    String group = dot < 0 ? "" : text.substring(dot + 1);
    boolean star = plural.equals(ALL);
    boolean good =
        !plural.isEmpty()
            && (star || plural.matches("[a-z0-9-]+"))
            && (dot >= 0 || !star)
            && (group.isEmpty() || group.equals(ALL) || group.matches("[a-z0-9.-]+"))
            && (star || !group.equals(ALL));
    if (!good) {
      throw new IllegalArgumentException(
          "'" + text + "' must be a resource such as secrets, deployments.apps, *.apps, *. or *.*");
    }
    return new ResourcePattern(plural, group);
  }

  boolean matches(String ofGroup, String ofPlural) {
    return (group.equals(ALL) || group.equals(ofGroup))
        && (plural.equals(ALL) || plural.equals(ofPlural));
  }
}
