// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/// Quantities as thousandths, and back.
final class Amounts {
  private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);
  private static final BigDecimal LEAST = BigDecimal.valueOf(Long.MIN_VALUE);
  private static final long THOUSAND = 1_000;
  private static final long KIBI = 1_024;
  private static final String[] DECIMAL = {"m", "", "k", "M", "G", "T", "P", "E"};
  private static final String[] BINARY = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

  private Amounts() {}

  /// Rounded up; what does not fit is the most that does.
  static long milli(Quantity quantity) {
    BigDecimal milli = quantity.getNumericalAmount().scaleByPowerOfTen(3);
    // Nobody writes out what an exponent says.
    if (milli.compareTo(MOST) >= 0) {
      return Long.MAX_VALUE;
    }
    if (milli.compareTo(LEAST) <= 0) {
      return Long.MIN_VALUE;
    }
    if (milli.abs().compareTo(BigDecimal.ONE) < 0) {
      return milli.signum() > 0 ? 1 : 0;
    }
    return milli.setScale(0, RoundingMode.CEILING).longValue();
  }

  /// The sum, or the most that fits.
  static long plus(long one, long other) {
    return fitting(BigInteger.valueOf(one).add(BigInteger.valueOf(other)));
  }

  /// As many times an amount, without the fraction, or the most that fits.
  static long times(long amount, long times, long dividedBy) {
    return fitting(
        BigInteger.valueOf(amount)
            .multiply(BigInteger.valueOf(times))
            .divide(BigInteger.valueOf(dividedBy)));
  }

  /// What fits into an amount, which is the most that does otherwise.
  static long fitting(BigInteger exact) {
    return exact.bitLength() < Long.SIZE
        ? exact.longValue()
        : exact.signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
  }

  static long milli(String quantity) {
    return milli(new Quantity(quantity));
  }

  /// The shortest writing of a quantity that loses nothing, with decimal suffixes.
  static String decimal(long milli) {
    return shortest(milli, THOUSAND, DECIMAL);
  }

  /// The same with binary suffixes, as Kubernetes writes memory: whole bytes, rounded up, once they
  /// are a kibibyte or more.
  static String binary(long milli) {
    if (Math.abs(milli) < KIBI * THOUSAND) {
      return decimal(milli);
    }
    return shortest(Math.ceilDiv(milli, THOUSAND), KIBI, BINARY);
  }

  private static String shortest(long amount, long factor, String[] suffixes) {
    if (amount == 0) {
      return "0";
    }
    long rest = amount;
    int suffix = 0;
    while (rest % factor == 0 && suffix < suffixes.length - 1) {
      rest /= factor;
      suffix++;
    }
    return rest + suffixes[suffix];
  }
}
