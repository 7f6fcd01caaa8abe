// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import picocli.CommandLine.Option;

/// `-o json`.
final class OutputOption {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "json for machines (default: for people).")
  private Format format = Format.TEXT;

  boolean json() {
    return format == Format.JSON;
  }

  /// The forms of an answer.
  enum Format {
    TEXT,
    JSON
  }
}
