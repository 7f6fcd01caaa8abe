// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.rules.RuleBook;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which client goes to which endpoint is known to the kernel only; it is read before the table is
/// replaced, and put into the new one.
record Affinities(String table, Commands commands) {
  private static final Pattern SET = Pattern.compile("set (affinity-\\S+) \\{([^}]*\\{[^}]*\\})?");
  private static final Pattern ELEMENT =
      Pattern.compile("([0-9a-f.:]+)(?: timeout \\S+)? expires ([0-9a-z]+)");
  private static final int KEPT_MAX = 100_000;

  /// Commands that add them to sets that the book has.
  String kept(RuleBook book) throws IOException {
    if (!book.hasSets()) {
      return "";
    }
    Commands.Output output = commands.run(List.of("nft", "list", "table " + table), "");
    return output.ok() ? commands(output.output(), book) : "";
  }

  String commands(String listing, RuleBook book) {
    StringBuilder text = new StringBuilder();
    int kept = 0;
    Matcher set = SET.matcher(listing);
    while (set.find()) {
      String name = set.group(1);
      if (set.group(2) == null || !book.hasSet(name)) {
        continue;
      }
      Matcher element = ELEMENT.matcher(set.group(2));
      while (element.find() && kept++ < KEPT_MAX) {
        text.append("add element ").append(table).append(' ').append(name);
        text.append(" { ").append(element.group(1)).append(" expires ");
        text.append(element.group(2)).append(" }\n");
      }
    }
    return text.toString();
  }
}
