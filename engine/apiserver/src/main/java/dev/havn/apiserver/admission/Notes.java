// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What is said about one request besides its answer: warnings to the client (KEP-1693) and
/// annotations of its audit event. A request is looked at by one thread at a time.
public final class Notes {
  /// Characters of all warnings of one request that are kept; Kubernetes truncates there, too.
  private static final int WARNING_CHARS_MAX = 4 << 10;

  private static final int ANNOTATIONS_MAX = 64;

  private final List<String> warnings = new ArrayList<>();
  private final Map<String, String> annotations = new TreeMap<>();
  private int chars;

  /// Tells the client, once, however often the write is tried.
  public void warn(String text) {
    if (!warnings.contains(text) && chars + text.length() <= WARNING_CHARS_MAX) {
      warnings.add(text);
      chars += text.length();
    }
  }

  /// Adds to the audit event, unless the key is taken: what was said first stays.
  ///
  /// @param key with its domain, such as `pod-security.kubernetes.io/enforce-policy`
  public void annotate(String key, String value) {
    if (annotations.size() < ANNOTATIONS_MAX) {
      annotations.putIfAbsent(key, value);
    }
  }

  /// To be read and added to.
  public List<String> warnings() {
    return warnings;
  }

  public Map<String, String> annotations() {
    return Collections.unmodifiableMap(annotations);
  }
}
