// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/// Asks before something is deleted.
final class Confirmation {
  private Confirmation() {}

  /// Whether whoever sits at standard input says yes.
  static boolean given(String question) {
    System.out.print(question + " [y/N] ");
    System.out.flush();
    try {
      String answer =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
      return answer != null && Set.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
    } catch (IOException e) {
      throw new UncheckedIOException("standard input", e);
    }
  }
}
