// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// JSON text as a tree. Unlike a plain reader it notices fields that stand twice, takes nothing
/// after the value, and words what is wrong as Go's `encoding/json`.
public final class Json {
  /// What reads and writes JSON. Buffers come from a pool that all share: Jackson's own keeps them
  /// by thread, and a thread here lives for one request.
  private static final JsonFactory FACTORY =
      JsonFactory.builder().recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool()).build();

  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

  /// Names of fields that come twice are told up to this length: each is as long as all above it.
  private static final int DUPLICATE_CHARS_MAX = 64 << 10;

  private final JsonParser parser;
  private final Set<String> duplicates = new LinkedHashSet<>();
  private int duplicateChars;

  private Json(JsonParser parser) {
    this.parser = parser;
  }

  /// @param duplicates paths of fields that stand more than once: `spec.replicas`; the last value
  ///   is the one in the tree
  public record Document(JsonNode tree, Set<String> duplicates) {}

  /// For trees that are known to be good: names and values as they come.
  public static ObjectMapper mapper() {
    return new ObjectMapper(FACTORY.copy());
  }

  /// @throws CodecException when it is no JSON
  public static Document read(byte[] bytes) {
    try (JsonParser parser = FACTORY.createParser(bytes)) {
      Json json = new Json(parser);
      @Nullable JsonToken first = parser.nextToken();
      if (first == null) {
        throw new CodecException(JsonSyntax.END);
      }
      JsonNode tree = json.value(first, new Path(null, "", -1));
      if (parser.nextToken() != null) {
        throw new CodecException(JsonSyntax.problem(bytes));
      }
      return new Document(tree, json.duplicates);
    } catch (JacksonException e) {
      throw new CodecException(JsonSyntax.problem(bytes));
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  /// Where the reader stands; written out only when a duplicate is found.
  private record Path(@Nullable Path parent, String field, int index) {
    @Override
    public String toString() {
      if (parent == null) {
        return "";
      }
      String before = parent.toString();
      if (index >= 0) {
        return before + "[" + index + "]";
      }
      return before.isEmpty() ? field : before + "." + field;
    }
  }

  private JsonNode value(JsonToken token, Path path) throws IOException {
    return switch (token) {
      case START_OBJECT -> object(path);
      case START_ARRAY -> array(path);
      case VALUE_STRING -> MAKE.textNode(parser.getText());
      case VALUE_TRUE -> MAKE.booleanNode(true);
      case VALUE_FALSE -> MAKE.booleanNode(false);
      case VALUE_NULL -> MAKE.nullNode();
      case VALUE_NUMBER_INT ->
          switch (parser.getNumberType()) {
            case INT -> MAKE.numberNode(parser.getIntValue());
            case LONG -> MAKE.numberNode(parser.getLongValue());
            default -> MAKE.numberNode(parser.getBigIntegerValue());
          };
      case VALUE_NUMBER_FLOAT -> MAKE.numberNode(finite(parser.getText()));
      case NOT_AVAILABLE, END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT ->
          throw new AssertionError("no value begins with " + token);
    };
  }

  private static double finite(String text) {
    double number = Double.parseDouble(text);
    if (Double.isInfinite(number)) {
      throw new CodecException(
          "json: cannot unmarshal number " + text + " into Go value of type float64");
    }
    return number;
  }

  private ObjectNode object(Path path) throws IOException {
    ObjectNode object = MAKE.objectNode();
    @Nullable String name;
    while ((name = parser.nextFieldName()) != null) {
      Path at = new Path(path, name, -1);
      @Nullable JsonNode before = object.replace(name, value(parser.nextToken(), at));
      if (before != null && duplicateChars < DUPLICATE_CHARS_MAX) {
        String twice = at.toString();
        duplicateChars += twice.length();
        duplicates.add(twice);
      }
    }
    return object;
  }

  private ArrayNode array(Path path) throws IOException {
    ArrayNode array = MAKE.arrayNode();
    JsonToken token;
    while ((token = parser.nextToken()) != JsonToken.END_ARRAY) {
      array.add(value(token, new Path(path, "", array.size())));
    }
    return array;
  }
}
