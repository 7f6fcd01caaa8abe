// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.constructor.StandardConstructor;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// YAML as a JSON tree. One document, bounded in size and aliases.
public final class Yaml {
  private static final int CODE_POINTS_MAX = 3 << 20;
  private static final int ALIASES_MAX = 50;

  /// Beyond, not every whole number is exact.
  private static final double WHOLE_MAX = 1L << 53;

  private Yaml() {}

  /// @param repeated keys that stand more than once, as go-yaml says it: `line 7: key "a" already
  ///   set in map`
  public record Document(JsonNode tree, List<String> repeated) {}

  /// @throws CodecException when it is no YAML
  public static JsonNode read(byte[] bytes) {
    return document(bytes).tree();
  }

  /// @throws CodecException when it is no YAML, worded as go-yaml does
  public static Document document(byte[] bytes) {
    @Nullable String unreadable = YamlOctets.problem(bytes);
    if (unreadable != null) {
      throw new CodecException("yaml: " + unreadable);
    }
    LoadSettings settings =
        LoadSettings.builder()
            .setCodePointLimit(CODE_POINTS_MAX)
            .setMaxAliasesForCollections(ALIASES_MAX)
            .setAllowDuplicateKeys(true)
            .setSchema(YamlWords.READ)
            .build();
    try {
      Optional<Node> root =
          new Compose(settings).composeInputStream(new ByteArrayInputStream(bytes));
      root.ifPresent(YamlExpansion::check);
      List<String> repeated = new ArrayList<>();
      root.ifPresent(
          node -> repeated(node, Collections.newSetFromMap(new IdentityHashMap<>()), repeated));
      return new Document(
          tree(new StandardConstructor(settings).constructSingleDocument(root)), repeated);
    } catch (YamlEngineException e) {
      throw new CodecException(YamlSyntax.problem(e));
    } catch (StackOverflowError tooDeep) {
      // The parser goes down without a bound of its own.
      throw new CodecException(YamlExpansion.TOO_DEEP);
    }
  }

  private static void repeated(Node node, Set<Node> seen, List<String> found) {
    if (!seen.add(node)) {
      return;
    }
    switch (node) {
      case MappingNode map -> {
        Set<String> keys = new HashSet<>();
        for (NodeTuple each : map.getValue()) {
          if (each.getKeyNode() instanceof ScalarNode key && !keys.add(key.getValue())) {
            int line = key.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
            found.add("line %d: key \"%s\" already set in map".formatted(line, key.getValue()));
          }
          repeated(each.getValueNode(), seen, found);
        }
      }
      case SequenceNode list -> list.getValue().forEach(each -> repeated(each, seen, found));
      default -> {}
    }
  }

  public static String write(JsonNode tree) {
    DumpSettings settings =
        DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.BLOCK)
            .setSplitLines(false)
            .setSchema(YamlWords.WRITTEN)
            .build();
    return new Dump(settings).dumpToString(value(tree));
  }

  private static JsonNode tree(@Nullable Object value) {
    JsonNodeFactory make = JsonNodeFactory.instance;
    return switch (value) {
      case null -> make.nullNode();
      case Map<?, ?> map -> {
        ObjectNode object = make.objectNode();
        map.forEach((key, each) -> object.set(String.valueOf(key), tree(each)));
        yield object;
      }
      case Collection<?> list -> {
        ArrayNode array = make.arrayNode();
        list.forEach(each -> array.add(tree(each)));
        yield array;
      }
      case String text -> make.textNode(text);
      case Boolean flag -> make.booleanNode(flag);
      case Integer number -> make.numberNode(number.intValue());
      case Long number -> Numbers.node(number);
      case BigInteger number -> make.numberNode(number);
      case Number number -> floating(finite(number.doubleValue()));
      default -> make.textNode(value.toString());
    };
  }

  /// Go writes a whole number into JSON without a fraction.
  private static JsonNode floating(double number) {
    boolean whole = number == Math.rint(number) && Math.abs(number) < WHOLE_MAX;
    return whole ? Numbers.node((long) number) : JsonNodeFactory.instance.numberNode(number);
  }

  /// JSON has no other numbers.
  private static double finite(double number) {
    if (!Double.isFinite(number)) {
      throw new CodecException(
          "error converting YAML to JSON: json: unsupported value: " + GoText.number(number));
    }
    return number;
  }

  private static @Nullable Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        node.properties().forEach(field -> map.put(field.getKey(), value(field.getValue())));
        yield map;
      }
      case ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        node.forEach(each -> list.add(value(each)));
        yield list;
      }
      case STRING, BINARY -> node.asText();
      case BOOLEAN -> node.asBoolean();
      case NUMBER ->
          node.isIntegralNumber() ? (Object) node.longValue() : (Object) node.doubleValue();
      case NULL, MISSING, POJO -> null;
    };
  }
}
