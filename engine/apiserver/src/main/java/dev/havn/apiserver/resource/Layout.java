// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import java.nio.charset.StandardCharsets;

/// Where things lie in the JSON of a stored object, found by one look at its metadata: so that its
/// bytes can be spliced instead of parsed.
///
/// @param inside the byte after the brace that opens `metadata`
/// @param fieldsFrom where `managedFields` begins, its comma included; equal to `fieldsUntil` when
///   there is none
/// @param fieldsValue where the array of managed fields begins
/// @param fieldsUntil the byte after it, and after its comma when it stands first
/// @param end the byte after the brace that closes `metadata`
record Layout(int inside, int fieldsFrom, int fieldsValue, int fieldsUntil, int end) {
  private static final byte[] METADATA = bytes("\"metadata\":{");
  private static final byte[] MANAGED_FIELDS = bytes("\"managedFields\":");

  /// @param json compact, its `metadata` an object that no value before it imitates
  static Layout of(byte[] json) {
    int inside = indexOf(json, METADATA) + METADATA.length;
    int from = inside;
    int fieldsValue = inside;
    int until = inside;
    int at = inside;
    while (json[at] != '}') {
      int value = afterString(json, at) + 1;
      int end = afterValue(json, value);
      boolean comma = json[end] == ',';
      if (startsWith(json, at, MANAGED_FIELDS)) {
        boolean first = at == inside;
        from = first ? at : at - 1;
        fieldsValue = value;
        until = first && comma ? end + 1 : end;
      }
      at = comma ? end + 1 : end;
    }
    return new Layout(inside, from, fieldsValue, until, at + 1);
  }

  boolean hasManagedFields() {
    return fieldsUntil > fieldsFrom;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int indexOf(byte[] json, byte[] part) {
    for (int i = 0; i <= json.length - part.length; i++) {
      if (startsWith(json, i, part)) {
        return i;
      }
    }
    throw new IllegalStateException("a stored object has no metadata");
  }

  private static boolean startsWith(byte[] json, int at, byte[] part) {
    for (int i = 0; i < part.length; i++) {
      if (json[at + i] != part[i]) {
        return false;
      }
    }
    return true;
  }

  private static int afterString(byte[] json, int quote) {
    int at = quote + 1;
    while (json[at] != '"') {
      at += json[at] == '\\' ? 2 : 1;
    }
    return at + 1;
  }

  private static int afterValue(byte[] json, int value) {
    int at = value;
    int depth = 0;
    while (true) {
      byte here = json[at];
      if (here == '"') {
        at = afterString(json, at);
        continue;
      }
      boolean ends = here == ',' || here == '}' || here == ']';
      if (depth == 0 && ends) {
        return at;
      }
      if (here == '{' || here == '[') {
        depth++;
      } else if (here == '}' || here == ']') {
        depth--;
      }
      at++;
    }
  }
}
