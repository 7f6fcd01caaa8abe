// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.nio.file.Path;

/// A server that is measured: started, loaded through its kubeconfig, asked for its memory, ended.
interface Target {
  String name();

  /// Starts it and returns when it is ready.
  void up();

  Path kubeconfig();

  /// Resident memory of all its processes, in MiB; shared pages count in proportion where the
  /// kernel tells.
  long memoryMib();

  /// Ends it and deletes what it kept.
  void down();
}
