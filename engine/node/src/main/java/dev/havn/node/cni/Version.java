// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import java.util.List;

/// A version of the specification that is spoken here; plugins and results of others are refused.
enum Version {
  V0_3_0("0.3.0"),
  V0_3_1("0.3.1"),
  V0_4_0("0.4.0"),
  V1_0_0("1.0.0"),
  V1_1_0("1.1.0");

  private final String text;

  Version(String text) {
    this.text = text;
  }

  /// @throws CniException when it is none of these
  static Version parse(String text, String where) throws CniException {
    for (Version each : values()) {
      if (each.text.equals(text)) {
        return each;
      }
    }
    throw new CniException(
        CniException.INCOMPATIBLE_VERSION,
        "incompatible CNI versions; %s is %s, Havn supports %s"
            .formatted(where, text.isEmpty() ? "of none" : "\"" + text + "\"", all()));
  }

  /// The newest of some, if it is spoken here.
  static Version newest(List<String> texts, String where) throws CniException {
    for (Version each : List.of(values()).reversed()) {
      if (texts.contains(each.text)) {
        return each;
      }
    }
    return parse(String.join(", ", texts), where);
  }

  private static List<String> all() {
    return List.of(values()).stream().map(each -> '"' + each.text + '"').toList();
  }

  boolean isAtLeast(Version other) {
    return compareTo(other) >= 0;
  }

  @Override
  public String toString() {
    return text;
  }
}
