// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.Policies;
import dev.havn.network.rules.RuleBook;
import dev.havn.network.rules.Rules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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

  /// Rules that others stand in for until their owner has others.
  private final Map<String, Rules> refused = new HashMap<>();

  private boolean complete;

  RuleKeeper(Frame frame, Commands commands) {
    this.frame = frame;
    this.book = new RuleBook(frame.table(), frame.commands());
    this.commands = commands;
    this.affinities = new Affinities(frame.table(), commands);
  }

  /// Makes the change; all of it is made when this returns, but for owners whose rules the kernel
  /// does not take: the others' must not wait for theirs.
  void change(Map<String, Rules> changes) {
    Map<String, Rules> tried = new HashMap<>();
    changes.forEach(
        (owner, rules) -> {
          if (!rules.equals(refused.get(owner))) {
            refused.remove(owner);
            tried.put(owner, rules);
          }
        });
    Map<String, Rules> before = new HashMap<>();
    tried.keySet().forEach(each -> before.put(each, known(each)));
    String script = book.change(tried);
    try {
      if (!complete || !(takes(script) || takesWithoutSome(before, tried))) {
        complete = false;
        replace();
        complete = true;
      }
    } catch (IOException e) {
      complete = false;
      throw new UncheckedIOException("the rules of the cluster's network", e);
    }
  }

  private Rules known(String owner) {
    @Nullable Rules rules = book.of(owner);
    return rules == null ? Rules.NONE : rules;
  }

  private boolean takes(String script) throws IOException {
    if (script.isEmpty()) {
      return true;
    }
    Commands.Output output = commands.run(List.of("nft", "-f", "-"), script);
    if (!output.ok()) {
      LOG.warn("rules are refused: {}", output.output());
    }
    return output.ok();
  }

  /// Makes a change that was refused, without those to whom that is due.
  ///
  /// @param before the rules that the kernel has
  private boolean takesWithoutSome(Map<String, Rules> before, Map<String, Rules> tried)
      throws IOException {
    Map<String, Rules> instead = inPlaceOf(culprits(tried.keySet()));
    if (instead.isEmpty()) {
      return false;
    }
    Map<String, Rules> rest = new HashMap<>(tried);
    rest.putAll(instead);
    book.change(before);
    return takes(book.change(rest));
  }

  private void replace() throws IOException {
    if (takes(whole())) {
      return;
    }
    Map<String, Rules> instead = inPlaceOf(culprits(book.owners()));
    book.change(instead);
    if (instead.isEmpty() || !takes(whole())) {
      throw new IOException("nft takes no rules at all");
    }
  }

  private String whole() throws IOException {
    return book.all() + affinities.kept(book);
  }

  /// Who is to be kept out must not be let in because a kernel did not understand the rule.
  private Map<String, Rules> inPlaceOf(List<String> culprits) throws IOException {
    Map<String, Rules> instead = new HashMap<>();
    for (String owner : culprits) {
      Rules closed = Policies.closed(known(owner));
      instead.put(owner, refusal(Map.of(owner, closed)).isEmpty() ? closed : Rules.NONE);
    }
    return instead;
  }

  /// Those of the owners whose rules are refused even where there are no others, in as few
  /// questions as can be.
  private List<String> culprits(Collection<String> owners) throws IOException {
    return refusal(List.of()).isEmpty() ? among(List.copyOf(owners)) : List.of();
  }

  private List<String> among(List<String> owners) throws IOException {
    String said = refusal(owners);
    if (said.isEmpty()) {
      return List.of();
    }
    if (owners.size() == 1) {
      String owner = owners.getFirst();
      LOG.error(
          "the kernel does not take the rules of {}, which others stand in for: {}", owner, said);
      refused.put(owner, known(owner));
      return owners;
    }
    int half = owners.size() / 2;
    List<String> all = new ArrayList<>(among(owners.subList(0, half)));
    all.addAll(among(owners.subList(half, owners.size())));
    return all;
  }

  private String refusal(List<String> owners) throws IOException {
    Map<String, Rules> rules = new HashMap<>();
    owners.forEach(each -> rules.put(each, known(each)));
    return refusal(rules);
  }

  /// What is said against a table with these rules alone; empty for nothing. That the chains of
  /// others which they lead to are not there is no fault of theirs: they are there, without rules.
  private String refusal(Map<String, Rules> rules) throws IOException {
    RuleBook some = new RuleBook(frame.table(), frame.commands());
    Rules.Builder others = new Rules.Builder();
    rules.values().forEach(each -> each.targets().forEach(name -> others.chain(name, List.of())));
    some.change(rules);
    some.change(Map.of("the chains of others", others.build()));
    Commands.Output output = commands.run(List.of("nft", "-c", "-f", "-"), some.all());
    return output.ok() ? "" : "nft: " + output.output();
  }

  /// Looks whether the table is still there: others flush all tables now and then.
  void look() {
    try {
      Commands.Output output = commands.run(Commands.TABLES, "");
      if (output.ok() && complete && !output.output().contains("table " + frame.table() + " {")) {
        LOG.warn("somebody has deleted the table {}", frame.table());
        complete = false;
        change(Map.of());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the rules of the cluster's network", e);
    }
  }
}
