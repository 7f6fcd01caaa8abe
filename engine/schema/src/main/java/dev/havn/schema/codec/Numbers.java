// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

/// Whole numbers as the JSON parser makes them: of the smallest kind that holds them, so that equal
/// numbers are equal nodes wherever they came from.
public final class Numbers {
  private Numbers() {}

  public static JsonNode node(long number) {
    return number == (int) number
        ? JsonNodeFactory.instance.numberNode((int) number)
        : JsonNodeFactory.instance.numberNode(number);
  }
}
