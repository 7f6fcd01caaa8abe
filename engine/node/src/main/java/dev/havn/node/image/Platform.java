// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

/// The machine as images name it.
public final class Platform {
  private Platform() {}

  public static String architecture() {
    return switch (System.getProperty("os.arch")) {
      case "aarch64" -> "arm64";
      case "arm" -> "arm";
      default -> "amd64";
    };
  }
}
