// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.codec.CodecException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `resource.Quantity`: a number with a suffix (`100m`, `1Gi`, `1e3`), printed in canonical form:
/// no fraction, the largest suffix that allows it.
///
/// @param amount in units
/// @param format how it was written, which is how it is printed
public record Quantity(BigDecimal amount, Format format) {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?");
  private static final List<String> BINARY = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei");
  private static final List<String> DECIMAL =
      List.of("n", "u", "m", "", "k", "M", "G", "T", "P", "E");
  private static final int DECIMAL_ONE = 3;

  /// More digits than anything has; the work to read and print them grows with their square.
  private static final int CHARS_MAX = 256;

  private static final int EXPONENT_CHARS_MAX = 8;
  private static final int PLAIN_DIGITS_MAX = 12;
  private static final BigDecimal KIBI = BigDecimal.valueOf(1024);

  /// The three ways of writing.
  public enum Format {
    DECIMAL_SI,
    BINARY_SI,
    DECIMAL_EXPONENT
  }

  /// @throws CodecException when it is none
  public static Quantity parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (text.length() > CHARS_MAX || !matcher.matches()) {
      throw new CodecException(
          "quantities must match the regular expression"
              + " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    }
    BigDecimal number = new BigDecimal(matcher.group(1));
    String suffix = matcher.group(2) == null ? "" : matcher.group(2);
    if (suffix.length() > 1
        && (suffix.charAt(0) == 'e' || suffix.charAt(0) == 'E')
        && !suffix.endsWith("i")) {
      if (suffix.length() > EXPONENT_CHARS_MAX) {
        throw new CodecException("unable to parse quantity's suffix");
      }
      int exponent = Integer.parseInt(suffix.substring(1));
      if (Math.abs(exponent) > 100) {
        throw new CodecException("unable to parse quantity's suffix");
      }
      return new Quantity(number.scaleByPowerOfTen(exponent), Format.DECIMAL_EXPONENT);
    }
    if (suffix.endsWith("i")) {
      return new Quantity(number.multiply(KIBI.pow(BINARY.indexOf(suffix))), Format.BINARY_SI);
    }
    int power = (DECIMAL.indexOf(suffix) - DECIMAL_ONE) * 3;
    return new Quantity(number.scaleByPowerOfTen(power), Format.DECIMAL_SI);
  }

  /// The canonical form, or null when the value has it already.
  static @Nullable JsonNode canonical(JsonNode value) {
    String text = value.isTextual() ? value.asText() : value.toString();
    if (value.isTextual() && isPlain(text)) {
      return null;
    }
    String canonical = parse(text).toString();
    return value.isTextual() && canonical.equals(text)
        ? null
        : JsonNodeFactory.instance.textNode(canonical);
  }

  /// Whether it is a whole number that no larger suffix could say, as most are that people write:
  /// seen without reading it.
  private static boolean isPlain(String text) {
    int digits = 0;
    long number = 0;
    while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
      number = 10 * number + text.charAt(digits) - '0';
      digits++;
      if (number == 0 || digits > PLAIN_DIGITS_MAX) {
        return false;
      }
    }
    String suffix = text.substring(digits);
    return digits > 0
        && (DECIMAL.contains(suffix)
            ? number % 1000 != 0
            : BINARY.contains(suffix) && number % 1024 != 0);
  }

  @Override
  public String toString() {
    if (amount.signum() == 0) {
      return "0";
    }
    BigDecimal nano =
        amount.setScale(9, amount.signum() > 0 ? RoundingMode.CEILING : RoundingMode.FLOOR);
    boolean binary =
        format == Format.BINARY_SI
            && nano.stripTrailingZeros().scale() <= 0
            && nano.abs().compareTo(KIBI) >= 0;
    if (binary) {
      BigInteger whole = nano.toBigIntegerExact();
      int power = 0;
      while (power < BINARY.size() - 1 && whole.mod(BigInteger.valueOf(1024)).signum() == 0) {
        whole = whole.shiftRight(10);
        power++;
      }
      return whole + BINARY.get(power);
    }
    int power = 0;
    BigDecimal rest = nano.scaleByPowerOfTen(9);
    while (power < DECIMAL.size() - 1 && isMultiple(rest)) {
      rest = rest.scaleByPowerOfTen(-3);
      power++;
    }
    int exponent = (power - DECIMAL_ONE) * 3;
    String digits = rest.toBigInteger().toString();
    return format == Format.DECIMAL_EXPONENT
        ? digits + (exponent == 0 ? "" : "e" + exponent)
        : digits + DECIMAL.get(power);
  }

  private static boolean isMultiple(BigDecimal nanos) {
    return nanos.remainder(BigDecimal.valueOf(1000)).signum() == 0;
  }
}
