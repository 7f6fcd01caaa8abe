// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.jdk.StringDeserializer;
import tools.jackson.databind.module.SimpleModule;

/// Reads words that came lately as the same string: objects of one kind say the same words, images,
/// labels, names of owners, and are kept by the thousand.
final class Words extends ValueDeserializer<String> {
  private static final int PLACES = 1 << 12;
  private static final int LENGTH_MAX = 128;

  /// Each at the place that its hash gives. Threads may overwrite each other's: then a word is kept
  /// twice.
  private final @Nullable String[] lately = new @Nullable String[PLACES];

  static SimpleModule module() {
    return new SimpleModule("words").addDeserializer(String.class, new Words());
  }

  @Override
  public String deserialize(JsonParser parser, DeserializationContext context) {
    return parser.hasToken(JsonToken.VALUE_STRING)
        ? known(parser.getString())
        : StringDeserializer.instance.deserialize(parser, context);
  }

  private String known(String word) {
    if (word.length() > LENGTH_MAX) {
      return word;
    }
    int hash = word.hashCode();
    int place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    @Nullable String known = lately[place];
    if (known != null && known.equals(word)) {
      return known;
    }
    lately[place] = word;
    return word;
  }
}
