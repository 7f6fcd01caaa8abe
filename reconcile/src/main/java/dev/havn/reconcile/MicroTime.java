// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/// Kubernetes' `MicroTime`: always six digits of a second, and nothing else is read as one.
public final class MicroTime {
  private static final DateTimeFormatter FORM =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private MicroTime() {}

  public static String of(Instant instant) {
    return FORM.format(instant);
  }
}
