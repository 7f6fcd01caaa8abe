// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who is asked once more because somebody after them changed the object: those who asked for it by
/// their `reinvocationPolicy`, and of those nobody for the first time.
final class Reinvocation {
  private final Set<String> asked = new HashSet<>();
  private final Set<String> again = new HashSet<>();
  private final Map<String, ObjectNode> outputs = new HashMap<>();
  private boolean needed;
  private boolean second;

  boolean isNeeded() {
    return needed;
  }

  /// Begins the second round, the last one.
  void begin() {
    second = true;
  }

  boolean isSecond() {
    return second;
  }

  /// Whether somebody may be asked now.
  boolean isDue(String who) {
    return !second || again.contains(who);
  }

  /// Somebody changed the object: those asked before are due once more.
  void changed() {
    needed = true;
    again.addAll(asked);
    asked.clear();
  }

  /// Somebody was asked who wants to be asked again.
  void wantsAgain(String who) {
    asked.add(who);
  }

  /// Before all of a sort are asked: what others made of the object since is a change as well.
  void enter(String sort, ObjectNode object) {
    @Nullable ObjectNode before = outputs.get(sort);
    if (second && before != null && !before.equals(object)) {
      again.addAll(asked);
      asked.clear();
    }
  }

  void leave(String sort, ObjectNode object) {
    outputs.put(sort, object.deepCopy());
  }
}
