// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.codec.CodecException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// `Time` (seconds) and `MicroTime` as Kubernetes prints them.
public final class Times {
  private Times() {}

  public static String seconds(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  public static String micros(Instant instant) {
    return "%s.%06dZ".formatted(seconds(instant).replace("Z", ""), instant.getNano() / 1_000);
  }

  /// The canonical form, or null when the value has it already.
  static @Nullable JsonNode canonical(JsonNode value, boolean micro) {
    try {
      Instant instant = OffsetDateTime.parse(value.asText()).toInstant();
      String text = micro ? micros(instant) : seconds(instant);
      return text.equals(value.asText()) ? null : JsonNodeFactory.instance.textNode(text);
    } catch (DateTimeException e) {
      throw new CodecException(
          "parsing time \"%s\" as \"2006-01-02T15:04:05%sZ07:00\": cannot parse \"%s\" as \"2006\""
              .formatted(value.asText(), micro ? ".000000" : "", value.asText()));
    }
  }
}
