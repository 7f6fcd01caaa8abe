// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/// Times of events, to the microsecond.
final class AuditTimes {
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private AuditTimes() {}

  static void add(ObjectNode event, Instant received, Instant stage) {
    event.put("requestReceivedTimestamp", MICROS.format(received));
    event.put("stageTimestamp", MICROS.format(stage));
  }
}
