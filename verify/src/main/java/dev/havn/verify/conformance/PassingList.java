// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// `PassingList LIST RESULTS.tsv [--update]`: compares a run with the list of tests that are known
/// to pass, both ways. Exit status 1 when one began or ceased to pass; `--update` writes the list
/// instead. A run of a part of the suite is compared by the tests it holds.
final class PassingList {
  private static final int NAME = 1;
  private static final int RESULT = 2;

  private PassingList() {}

  /// What a run says.
  ///
  /// @param run all tests it holds
  /// @param passed those that passed
  record Run(Set<String> run, Set<String> passed) {
    static Run of(List<String> lines) {
      Set<String> run = new TreeSet<>();
      Set<String> passed = new TreeSet<>();
      for (String line : lines) {
        String[] fields = line.split("\t", -1);
        if (fields.length > RESULT && !fields[RESULT].equals("result")) {
          run.add(fields[NAME]);
          if (fields[RESULT].equals("passed")) {
            passed.add(fields[NAME]);
          }
        }
      }
      return new Run(run, passed);
    }

    Set<String> began(Set<String> listed) {
      Set<String> began = new TreeSet<>(passed);
      began.removeAll(listed);
      return began;
    }

    Set<String> ceased(Set<String> listed) {
      Set<String> ceased = new TreeSet<>(listed);
      ceased.retainAll(run);
      ceased.removeAll(passed);
      return ceased;
    }

    /// The list after this run.
    Set<String> update(Set<String> listed) {
      Set<String> updated = new TreeSet<>(listed);
      updated.removeAll(run);
      updated.addAll(passed);
      return updated;
    }
  }

  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 2) {
      System.err.println("usage: LIST RESULTS.tsv [--update]");
      System.exit(2);
    }
    Path list = Path.of(arguments[0]);
    Set<String> listed = new TreeSet<>(Files.exists(list) ? Files.readAllLines(list) : List.of());
    Run run = Run.of(Files.readAllLines(Path.of(arguments[1])));
    if (arguments.length > 2 && arguments[2].equals("--update")) {
      Files.write(list, run.update(listed));
      return;
    }
    run.began(listed).forEach(test -> System.out.println("began to pass: " + test));
    run.ceased(listed).forEach(test -> System.out.println("ceased to pass: " + test));
    boolean same = run.began(listed).isEmpty() && run.ceased(listed).isEmpty();
    System.out.println(run.passed().size() + " of " + run.run().size() + " passed");
    System.exit(same ? 0 : 1);
  }
}
