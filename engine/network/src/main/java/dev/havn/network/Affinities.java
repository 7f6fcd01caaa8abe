// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.rules.RuleBook;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which client goes to which endpoint is known to the kernel only; it is read before the table is
/// replaced, and put into the new one.
record Affinities(String table, Commands commands) {
  private static final Pattern SET = Pattern.compile("set (affinity-\\S+) \\{([^}]*\\{[^}]*\\})?");
  private static final Pattern ELEMENT =
      Pattern.compile("([0-9a-f.:]+)(?: timeout \\S+)? expires ([0-9a-z]+)");
  private static final String PREFIX = "affinity-";
  private static final int KEPT_MAX = 100_000;
  private static final int LISTED_MAX = 100;

  /// Commands that add them to sets that the book has.
  String kept(RuleBook book) throws IOException {
    List<String> sets = book.sets().stream().filter(each -> each.startsWith(PREFIX)).toList();
    if (sets.isEmpty()
        || !commands.run(Commands.TABLES, "").output().contains("table " + table + " {")) {
      return "";
    }
    StringBuilder listing = new StringBuilder();
    for (int i = 0; i < sets.size(); i += LISTED_MAX) {
      listing.append(listing(sets.subList(i, Math.min(sets.size(), i + LISTED_MAX))));
    }
    return commands(listing.toString());
  }

  /// These sets alone: the whole table has all Services in it. A set that is not there makes `nft`
  /// list none.
  private String listing(List<String> sets) throws IOException {
    String script =
        sets.stream()
            .map(each -> "list set " + table + " " + each + "\n")
            .collect(Collectors.joining());
    Commands.Output output = commands.run(List.of("nft", "-f", "-"), script);
    if (output.ok()) {
      return output.output() + "\n";
    }
    int half = sets.size() / 2;
    return half == 0
        ? ""
        : listing(sets.subList(0, half)) + listing(sets.subList(half, sets.size()));
  }

  private String commands(String listing) {
    StringBuilder text = new StringBuilder();
    int kept = 0;
    Matcher set = SET.matcher(listing);
    while (set.find()) {
      if (set.group(2) == null) {
        continue;
      }
      Matcher element = ELEMENT.matcher(set.group(2));
      while (element.find() && kept++ < KEPT_MAX) {
        text.append("add element ").append(table).append(' ').append(set.group(1));
        text.append(" { ").append(element.group(1)).append(" expires ");
        text.append(element.group(2)).append(" }\n");
      }
    }
    return text.toString();
  }
}
