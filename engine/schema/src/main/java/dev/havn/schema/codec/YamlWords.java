// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.JsonSchema;
import org.snakeyaml.engine.v2.schema.Schema;

/// Which words without quotes are no texts, as go-yaml 2 reads them and Kubernetes with it: YAML
/// 1.1, where `y`, `off` and `017` are a flag, a flag and a number, without its numbers to the base
/// of 60. Times are texts, but stand in quotes when they are written.
final class YamlWords implements Schema {
  static final YamlWords READ = new YamlWords(Tag.STR);
  static final YamlWords WRITTEN = new YamlWords(new Tag("tag:yaml.org,2002:timestamp"));

  private static final Set<String> NULL = Set.of("", "~", "null", "Null", "NULL");
  private static final Set<String> TRUE =
      Set.of("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON");
  private static final Set<String> FALSE =
      Set.of("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF");
  private static final Map<String, Double> ENDLESS =
      Map.of(
          ".nan", Double.NaN,
          ".NaN", Double.NaN,
          ".NAN", Double.NaN,
          ".inf", Double.POSITIVE_INFINITY,
          ".Inf", Double.POSITIVE_INFINITY,
          ".INF", Double.POSITIVE_INFINITY);
  private static final Pattern INTEGER =
      Pattern.compile(
          "([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))");
  private static final int[] RADIX = {16, 2, 8, 8, 10};

  /// How many digits, after leading zeros, 64 bits may take.
  private static final int[] DIGITS_MAX = {16, 64, 22, 22, 20};

  private static final Pattern FLOAT =
      Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
  private static final Pattern TIME =
      Pattern.compile("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ]+[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?");

  private final Tag time;

  private YamlWords(Tag time) {
    this.time = time;
  }

  @Override
  public ScalarResolver getScalarResolver() {
    return (text, isPlain) -> isPlain ? tag(text) : Tag.STR;
  }

  @Override
  public Map<Tag, ConstructNode> getSchemaTagConstructors() {
    Map<Tag, ConstructNode> constructors =
        new HashMap<>(new JsonSchema().getSchemaTagConstructors());
    constructors.put(Tag.BOOL, node -> flag(node));
    constructors.put(Tag.INT, node -> value(node, integer(text(node))));
    constructors.put(Tag.FLOAT, node -> value(node, floating(text(node))));
    return constructors;
  }

  private Tag tag(String text) {
    if (NULL.contains(text)) {
      return Tag.NULL;
    } else if (TRUE.contains(text) || FALSE.contains(text)) {
      return Tag.BOOL;
    } else if (text.equals("<<")) {
      return Tag.MERGE;
    } else if ("+-.0123456789".indexOf(text.charAt(0)) < 0) {
      return Tag.STR;
    } else if (integer(text) != null) {
      return Tag.INT;
    } else if (floating(text) != null) {
      return Tag.FLOAT;
    }
    return TIME.matcher(text).matches() ? time : Tag.STR;
  }

  /// Null for a text that is none; numbers of more than 64 bits are floating.
  private static @Nullable Number integer(String text) {
    Matcher matcher = INTEGER.matcher(text.replace("_", ""));
    if (!matcher.matches()) {
      return null;
    }
    for (int i = 0; i < RADIX.length; i++) {
      @Nullable String digits = matcher.group(i + 2);
      if (digits != null) {
        String significant = digits.replaceFirst("^0+(?=.)", "");
        if (significant.length() > DIGITS_MAX[i]) {
          return null;
        }
        BigInteger number = new BigInteger(significant, RADIX[i]);
        BigInteger signed = "-".equals(matcher.group(1)) ? number.negate() : number;
        boolean fits = signed.signum() < 0 ? signed.bitLength() < 64 : signed.bitLength() <= 64;
        if (!fits) {
          return null;
        }
        return signed.bitLength() < 64 ? (Number) signed.longValueExact() : signed;
      }
    }
    throw new AssertionError(text);
  }

  private static @Nullable Double floating(String text) {
    String unsigned = text.replaceFirst("^[-+]", "");
    @Nullable Double endless = ENDLESS.get(unsigned);
    if (endless != null) {
      return text.startsWith("-") ? -endless : endless;
    }
    String plain = text.replace("_", "");
    if (!FLOAT.matcher(plain).matches()) {
      return null;
    }
    double number = Double.parseDouble(plain);
    return Double.isInfinite(number) ? null : number;
  }

  private static Object flag(Node node) {
    String text = text(node);
    return value(node, TRUE.contains(text) ? Boolean.TRUE : FALSE.contains(text) ? false : null);
  }

  /// A tag that is written may be wrong.
  private static Object value(Node node, @Nullable Object value) {
    if (value == null) {
      throw new YamlEngineException(
          "cannot decode !!str `%s` as a %s"
              .formatted(text(node), node.getTag().getValue().replace(Tag.PREFIX, "!!")));
    }
    return value;
  }

  private static String text(Node node) {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw new YamlEngineException(
        "cannot decode a collection as a " + node.getTag().getValue().replace(Tag.PREFIX, "!!"));
  }
}
