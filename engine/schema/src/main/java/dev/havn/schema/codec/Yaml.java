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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// YAML as a JSON tree. One document, bounded in size and aliases.
public final class Yaml {
  private static final int CODE_POINTS_MAX = 3 << 20;
  private static final int ALIASES_MAX = 50;

  private Yaml() {}

  /// @throws CodecException when it is no YAML
  public static JsonNode read(byte[] bytes) {
    LoadSettings settings =
        LoadSettings.builder()
            .setCodePointLimit(CODE_POINTS_MAX)
            .setMaxAliasesForCollections(ALIASES_MAX)
            .setAllowDuplicateKeys(false)
            .build();
    try {
      return tree(new Load(settings).loadFromInputStream(new ByteArrayInputStream(bytes)));
    } catch (YamlEngineException e) {
      String where = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CodecException("error converting YAML to JSON: yaml: " + where);
    }
  }

  public static String write(JsonNode tree) {
    DumpSettings settings =
        DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).setSplitLines(false).build();
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
      case Number number -> make.numberNode(number.doubleValue());
      default -> make.textNode(value.toString());
    };
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
