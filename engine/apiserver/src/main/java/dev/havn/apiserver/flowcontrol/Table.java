// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import java.util.List;

/// Rows whose columns stand below each other, separated by commas.
final class Table {
  private Table() {}

  static String of(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length() + 2);
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        boolean last = i == columns - 1;
        String cell = row.get(i) + (last ? "" : ",");
        text.append(cell).append(last ? "\n" : " ".repeat(widths[i] - cell.length()));
      }
    }
    return text.toString();
  }
}
