// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Instant;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/// One column of a table.
///
/// @param format `name` where the cell names the object, else empty
/// @param description empty for the columns of Kubernetes' own kinds
/// @param priority 0 always shown, 1 only with `-o wide`
public record Column(
    String name, String type, String format, String description, int priority, Cell cell) {
  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

  Column(String name, String type, String format, int priority, Cell cell) {
    this(name, type, format, "", priority, cell);
  }

  /// What stands in the column for an object at a time.
  @FunctionalInterface
  public interface Cell {
    JsonNode of(JsonNode object, Instant now);
  }

  static Column name(Function<JsonNode, String> cell) {
    return new Column("Name", "string", "name", 0, (o, _) -> MAKE.textNode(cell.apply(o)));
  }

  static Column text(String name, Function<JsonNode, String> cell) {
    return new Column(name, "string", "", 0, (o, _) -> MAKE.textNode(cell.apply(o)));
  }

  static Column text(String name, String path) {
    return text(name, object -> Cells.at(object, path));
  }

  static Column timed(String name, int priority, Timed cell) {
    return new Column(name, "string", "", priority, (o, now) -> MAKE.textNode(cell.apply(o, now)));
  }

  static Column integer(String name, String path) {
    return new Column(name, "integer", "", 0, (o, _) -> MAKE.numberNode(Cells.number(o, path)));
  }

  static Column size(String name, String path) {
    return new Column(
        name, "integer", "", 0, (o, _) -> MAKE.numberNode(Cells.node(o, path).size()));
  }

  /// A number in a column that Kubernetes declares to be text.
  static Column count(String name, ToIntFunction<JsonNode> cell) {
    return new Column(name, "string", "", 0, (o, _) -> MAKE.numberNode(cell.applyAsInt(o)));
  }

  static Column flag(String name, Predicate<JsonNode> cell) {
    return new Column(name, "boolean", "", 0, (o, _) -> MAKE.booleanNode(cell.test(o)));
  }

  static Column age() {
    return timed("Age", 0, (o, now) -> Age.since(Cells.at(o, "metadata.creationTimestamp"), now));
  }

  /// The same as a cell that Kubernetes gives without declaring a column for it.
  Column undeclared() {
    return new Column("", type, format, description, priority, cell);
  }

  public boolean isDeclared() {
    return !name.isEmpty();
  }

  static Column created() {
    return text("Created At", "metadata.creationTimestamp").typed("date");
  }

  Column wide() {
    return new Column(name, type, format, 1, cell);
  }

  Column typed(String other) {
    return new Column(name, other, format, priority, cell);
  }

  Column naming() {
    return new Column(name, type, "name", priority, cell);
  }

  /// A cell's text that moves with the clock.
  @FunctionalInterface
  interface Timed {
    String apply(JsonNode object, Instant now);
  }
}
