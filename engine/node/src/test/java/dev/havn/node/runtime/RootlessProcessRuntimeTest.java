// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

/// As without root, also where the test has it.
class RootlessProcessRuntimeTest extends ProcessRuntimeTest {
  @Override
  boolean rootless() {
    return true;
  }
}
