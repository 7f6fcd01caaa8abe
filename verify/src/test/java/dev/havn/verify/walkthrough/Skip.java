// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// Tests that this machine cannot run are left out, and `./havn verify` lists them by these words.
final class Skip {
  private Skip() {}

  static void unless(boolean possible, String otherwise) {
    if (!possible) {
      System.out.println("skipped: " + otherwise);
    }
    Assumptions.assumeTrue(possible, otherwise);
  }

  /// @param what is tried, for the words
  static void unlessRootWith(String what, List<String> programs) {
    List<String> missing = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      missing.add("root");
    }
    programs.stream().filter(each -> Command.onPath(each).isEmpty()).forEach(missing::add);
    unless(missing.isEmpty(), what + " needs " + String.join(", ", missing));
  }
}
