// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.reconcile.Histogram;
import java.math.BigDecimal;

/// The lines of a histogram that a controller or the scheduler keeps.
final class HistogramText {
  /// Below, Go writes numbers with an exponent.
  private static final double PLAIN_MIN = 1e-4;

  private HistogramText() {}

  /// @param labels such as `name="job"`, or empty
  static void write(MetricsText text, String metric, String labels, Histogram.Counts counts) {
    for (int i = 0; i < counts.bounds().size(); i++) {
      String bound = bound(counts.bounds().get(i));
      text.sample(metric + "_bucket", le(labels, bound), counts.within().get(i));
    }
    text.sample(metric + "_bucket", le(labels, "+Inf"), counts.count());
    text.sample(metric + "_sum", labels, counts.seconds());
    text.sample(metric + "_count", labels, counts.count());
  }

  private static String le(String labels, String bound) {
    return labels + (labels.isEmpty() ? "" : ",") + "le=\"" + bound + "\"";
  }

  /// As Go writes it: whoever asks for a bucket compares its bound as text.
  private static String bound(double bound) {
    String text = Double.toString(bound);
    if (bound >= PLAIN_MIN) {
      return new BigDecimal(text).stripTrailingZeros().toPlainString();
    }
    int e = text.indexOf("E-");
    String mantissa = text.substring(0, e).replaceFirst("\\.0$", "");
    String exponent = text.substring(e + 2);
    return mantissa + "e-" + (exponent.length() == 1 ? "0" : "") + exponent;
  }
}
