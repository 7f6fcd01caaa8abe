// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import java.io.IOException;
import java.util.List;

/// The machine's programs, by which its kernel is told what to do with packets.
@FunctionalInterface
public interface Commands {
  /// Those that are needed; `conntrack` is used where it is there.
  List<String> NEEDED = List.of("nft", "ip");

  /// Says which tables there are, each as `table ip NAME {` with its chains. Asked for tables
  /// alone, `nft` reads all rules and elements of all of them before.
  List<String> TABLES = List.of("nft", "list", "chains");

  /// @param output standard output and errors together
  record Output(int status, String output) {
    public boolean ok() {
      return status == 0;
    }
  }

  /// Runs a program to its end.
  ///
  /// @param input what it reads
  /// @throws IOException when it cannot be started or does not end
  Output run(List<String> command, String input) throws IOException;
}
