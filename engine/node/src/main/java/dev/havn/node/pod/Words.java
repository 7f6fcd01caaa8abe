// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a container's process begins with: variables and the words of its command, `$(NAME)`
/// expanded. A few variables that name each other many times would fill any memory, so there is a
/// bound to all of it together, which is that of the kernel where a stack has the usual 8 MiB:
/// nothing larger would start.
final class Words {
  /// A quarter of the stack (execve(2)), with the end of each word and the pointer to it.
  static final int BYTES_MAX = 2 << 20;

  private static final int BYTES_OF_EACH = 1 + Long.BYTES;

  private final Map<String, String> variables = new LinkedHashMap<>();
  private final ByteBudget budget;

  /// @param container its name
  Words(String container) {
    this.budget =
        new ByteBudget(
            BYTES_MAX,
            "variables, command and arguments of container %s have more than %d bytes, no process takes so many: let it read large values from volumes"
                .formatted(container, BYTES_MAX));
  }

  /// @throws StartException where it is too much
  void put(String name, String value) {
    take(name, 1 + Math.max(value.length(), bytes(value)));
    variables.put(name, value);
  }

  /// A variable whose value may name others.
  void putExpanded(String name, String value) {
    put(name, expanded(value));
  }

  void putAll(Map<String, String> more) {
    more.forEach(this::put);
  }

  /// What is there so far, in the order in which it came.
  Map<String, String> variables() {
    return Collections.unmodifiableMap(variables);
  }

  /// Words of a command.
  List<String> expand(List<String> words) {
    return words.stream().map(this::expand).toList();
  }

  String expand(String word) {
    String expanded = expanded(word);
    take(expanded, 0);
    return expanded;
  }

  private void take(String word, long more) {
    budget.take(BYTES_OF_EACH + bytes(word) + more);
  }

  /// What is too long anyhow is not made once more to be measured.
  private long bytes(String text) {
    return text.length() > budget.left()
        ? text.length()
        : text.getBytes(StandardCharsets.UTF_8).length;
  }

  /// `$(NAME)` becomes the variable's value; `$$` is a dollar; what is unknown stays.
  private String expanded(String text) {
    StringBuilder expanded = new StringBuilder();
    int at = 0;
    int lastEnd = text.lastIndexOf(')');
    for (int dollar = text.indexOf('$'); dollar >= 0; dollar = text.indexOf('$', at)) {
      append(expanded, text, at, dollar);
      if (text.startsWith("$(", dollar) && dollar < lastEnd) {
        at = text.indexOf(')', dollar) + 1;
        @Nullable String value = variables.get(text.substring(dollar + 2, at - 1));
        append(
            expanded,
            value == null ? text : value,
            value == null ? dollar : 0,
            value == null ? at : value.length());
      } else {
        append(expanded, text, dollar, dollar + 1);
        at = dollar + (text.startsWith("$$", dollar) ? 2 : 1);
      }
    }
    return append(expanded, text, at, text.length()).toString();
  }

  private StringBuilder append(StringBuilder expanded, String text, int from, int to) {
    if (expanded.length() + to - from > budget.left()) {
      budget.take(budget.left() + 1);
    }
    return expanded.append(text, from, to);
  }
}
