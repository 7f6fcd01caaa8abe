// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the links of a node's pods are.
///
/// @param namespace the node's own, null for the machine's
record LinkPlace(@Nullable NetworkNamespace namespace) {
  static final LinkPlace MACHINE = new LinkPlace(null);

  private List<String> command(List<String> command) {
    return namespace == null ? command : namespace.command(command);
  }

  Program.Result run(List<String> command, String input) throws IOException {
    return Program.run(command(command), input);
  }

  /// Several commands of `ip`, one after another.
  void batch(List<String> lines) throws IOException {
    Program.Result result = run(List.of("ip", "-batch", "-"), String.join("\n", lines) + "\n");
    if (!result.ok()) {
      throw new IOException(String.join("; ", lines) + ": " + result.output());
    }
  }

  List<String> links() throws IOException {
    return namespace == null
        ? Links.names()
        : Links.names(Program.must(command(List.of("cat", "/proc/self/net/dev"))).lines().toList());
  }

  /// Takes a link away at once. With its namespace alone it would go too, but as late as the last
  /// process or half-closed connection in there, and until then its name is taken.
  void delete(String link) throws IOException {
    if (links().contains(link)) {
      Program.Result result = run(List.of("ip", "link", "delete", link), "");
      if (!result.ok() && links().contains(link)) {
        throw new IOException("link " + link + " cannot be deleted: " + result.output());
      }
    }
  }
}
