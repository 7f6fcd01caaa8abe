// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A server that is measured: started, loaded through its kubeconfig, asked for its memory, ended.
interface Target {
  String name();

  /// Starts it and returns when it is ready.
  void up();

  Path kubeconfig();

  /// What stands before a command that is to reach it.
  default List<String> inside() {
    return List.of();
  }

  /// A command that reaches it.
  default List<String> within(List<String> command) {
    return Stream.concat(inside().stream(), command.stream()).toList();
  }

  /// Memory of all its processes, in MiB: of Havn what is shared counts in proportion (Pss), of the
  /// peer all that is resident counts for each process.
  long memoryMib();

  /// Ends it and deletes what it kept.
  void down();
}
