// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.rules.RuleBook;
import dev.havn.network.rules.Rules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the kernel's table as the book says. The first time, and after a change that the kernel
/// did not take, the whole table is replaced in one transaction, so that there is no moment without
/// rules: connections that were made stay.
///
/// Threads: one at a time.
final class RuleKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(RuleKeeper.class);

  private final Frame frame;
  private final RuleBook book;
  private final Commands commands;
  private final Affinities affinities;
  private boolean complete;

  RuleKeeper(Frame frame, Commands commands) {
    this.frame = frame;
    this.book = new RuleBook(frame.table(), frame.commands());
    this.commands = commands;
    this.affinities = new Affinities(frame.table(), commands);
  }

  /// Makes the change; all of it is made when this returns.
  void change(Map<String, Rules> changes) {
    String script = book.change(changes);
    try {
      if (complete && (script.isEmpty() || applied(script))) {
        return;
      }
      complete = false;
      String all = book.all() + affinities.kept(book);
      Commands.Output output = commands.run(List.of("nft", "-f", "-"), all);
      if (!output.ok()) {
        throw new IOException("nft: " + output.output());
      }
      complete = true;
    } catch (IOException e) {
      throw new UncheckedIOException("the rules of the cluster's network", e);
    }
  }

  private boolean applied(String script) throws IOException {
    Commands.Output output = commands.run(List.of("nft", "-f", "-"), script);
    if (!output.ok()) {
      LOG.warn("the whole table is made anew: {}", output.output());
    }
    return output.ok();
  }

  /// Looks whether the table is still there: others flush all tables now and then.
  void look() {
    try {
      Commands.Output output = commands.run(List.of("nft", "list", "tables"), "");
      if (output.ok() && complete && !output.output().contains("table " + frame.table())) {
        LOG.warn("somebody has deleted the table {}", frame.table());
        complete = false;
        change(Map.of());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the rules of the cluster's network", e);
    }
  }
}
