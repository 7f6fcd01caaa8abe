// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

/// The processes and threads of a control group and of those in it.
///
/// @param count how many there are
/// @param max how many there may be, -1 for any number
/// @param refused how many more the kernel has refused; what a group had counted goes with it
public record ProcessBound(long count, long max, long refused) {
  public static final ProcessBound NONE = new ProcessBound(0, -1, 0);
}
