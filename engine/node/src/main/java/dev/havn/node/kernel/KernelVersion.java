// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

/// The first two numbers of a kernel's version: what a system call needs.
public record KernelVersion(int major, int minor) {
  private static final KernelVersion MACHINE = parse(System.getProperty("os.version", ""));

  public static KernelVersion ofMachine() {
    return MACHINE;
  }

  /// What begins with no two numbers is as old as can be.
  static KernelVersion parse(String version) {
    String[] parts = version.split("[^0-9]+");
    return parts.length >= 2 && !parts[0].isEmpty()
        ? new KernelVersion(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]))
        : new KernelVersion(0, 0);
  }

  public boolean isAtLeast(int wantedMajor, int wantedMinor) {
    return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
  }
}
