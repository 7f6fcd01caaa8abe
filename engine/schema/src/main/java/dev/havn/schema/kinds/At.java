// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Quantity;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A value and where it stands, with the checks that rules are made of. Each check adds what is
/// wrong, in Kubernetes' words, and says nothing when all is well. `null` is the same as absent.
///
/// @param errors shared by all places of one object, in the order in which they are found
record At(JsonNode value, Place place, List<FieldError> errors) {
  private static final String NEGATIVE = "must be greater than or equal to 0";

  At(JsonNode value, String path, List<FieldError> errors) {
    this(value, Place.of(path), errors);
  }

  /// Where a value stands. Its words are made when something is wrong there: rules look at hundreds
  /// of places of each object.
  ///
  /// @param isKey whether the step is a key or a number in brackets, else a field
  record Place(@Nullable Place above, String step, boolean isKey) {
    static Place of(String path) {
      return new Place(null, path, false);
    }

    Place field(String name) {
      return new Place(this, name, false);
    }

    Place key(String key) {
      return new Place(this, key, true);
    }

    String path() {
      if (above == null) {
        return step;
      }
      String before = above.path();
      if (isKey) {
        return before + "[" + step + "]";
      }
      return before.isEmpty() ? step : before + "." + step;
    }
  }

  static At root(JsonNode object, List<FieldError> errors) {
    return new At(object, "", errors);
  }

  /// `spec.containers[0].name`.
  String path() {
    return place.path();
  }

  At at(String field) {
    JsonNode next = value.path(field);
    return new At(next.isNull() ? MissingNode.getInstance() : next, place.field(field), errors);
  }

  /// The same value under another name, for errors that Kubernetes files elsewhere.
  At named(String elsewhere) {
    return new At(value, elsewhere, errors);
  }

  List<At> items() {
    List<At> items = new ArrayList<>();
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        items.add(new At(value.get(i), place.key(String.valueOf(i)), errors));
      }
    }
    return items;
  }

  /// The entries of a map in the order of their keys, each at `path[key]`.
  Map<String, At> entries() {
    Map<String, At> entries = new TreeMap<>();
    for (Map.Entry<String, JsonNode> each : value.properties()) {
      entries.put(each.getKey(), new At(each.getValue(), place.key(each.getKey()), errors));
    }
    return entries;
  }

  boolean isThere() {
    return !value.isMissingNode() && !value.isNull();
  }

  /// Absent, `""`, `[]` or `{}`.
  boolean isEmpty() {
    return !isThere()
        || value.isContainerNode() && value.isEmpty()
        || value.isTextual() && value.asText().isEmpty();
  }

  String text() {
    return value.asText("");
  }

  boolean is(String text) {
    return text().equals(text);
  }

  long number() {
    return value.asLong(0);
  }

  boolean flag() {
    return value.asBoolean();
  }

  /// The value as errors show it.
  private JsonNode shown() {
    return isThere() ? value : NullNode.getInstance();
  }

  void invalid(String detail) {
    errors.add(FieldError.invalid(path(), shown(), detail));
  }

  /// Of a text, which is shown as `""` when it is absent.
  void invalidText(String detail) {
    errors.add(FieldError.invalid(path(), text(), detail));
  }

  void forbidden(String detail) {
    errors.add(FieldError.forbidden(path(), detail));
  }

  void required(String detail) {
    errors.add(FieldError.required(path(), detail));
  }

  void duplicate() {
    String shown = value.isTextual() ? FieldError.quote(text()) : shown().toString();
    errors.add(new FieldError(FieldError.Type.DUPLICATE, path(), shown, ""));
  }

  /// Says so when the value is empty; true when it is not.
  boolean needs(String detail) {
    if (isEmpty()) {
      required(detail);
      return false;
    }
    return true;
  }

  boolean needs() {
    return needs("");
  }

  void notSupported(String... supported) {
    errors.add(FieldError.notSupported(path(), shown(), List.of(supported)));
  }

  /// One of these, and not empty.
  void oneOf(String... supported) {
    if (!List.of(supported).contains(text())) {
      notSupported(supported);
    }
  }

  /// One of these; an empty value is asked for instead of refused.
  void needsOneOf(String... supported) {
    if (needs()) {
      oneOf(supported);
    }
  }

  /// One of these if it is there at all.
  void mayBeOneOf(String... supported) {
    if (isThere()) {
      oneOf(supported);
    }
  }

  /// A syntax: the function lists what is wrong with a text.
  void has(Function<String, List<String>> syntax) {
    syntax.apply(text()).forEach(this::invalidText);
  }

  void nonNegative() {
    if (number() < 0) {
      invalid(NEGATIVE);
    }
  }

  void positive() {
    if (number() <= 0) {
      invalid("must be greater than 0");
    }
  }

  void between(long first, long last) {
    if (number() < first || number() > last) {
      invalid("must be between %d and %d, inclusive".formatted(first, last));
    }
  }

  void port() {
    between(1, 65_535);
  }

  void maxBytes(int most) {
    if (text().length() > most) {
      errors.add(FieldError.tooLong(path(), most));
    }
  }

  Quantity quantity() {
    return Quantity.parse(value.asText("0"));
  }

  void nonNegativeQuantity() {
    if (quantity().amount().signum() < 0) {
      invalid(NEGATIVE);
    }
  }

  /// Each item's text once.
  void unique() {
    Set<JsonNode> seen = new HashSet<>();
    for (At item : items()) {
      if (!seen.add(item.value())) {
        item.duplicate();
      }
    }
  }

  /// At most so many items; more are counted, and not looked at.
  boolean holdsAtMost(int most) {
    if (value.size() > most) {
      errors.add(FieldError.tooMany(path(), value.size(), most));
      return false;
    }
    return true;
  }

  /// Each text once, said at the item itself.
  ///
  /// @param field by which items are told apart
  void uniqueBy(String field) {
    Set<String> seen = new HashSet<>();
    for (At item : items()) {
      String text = item.at(field).text();
      if (!seen.add(text)) {
        item.errors().add(FieldError.duplicate(item.path(), text));
      }
    }
  }

  /// Runs `rules` on the value if it is there.
  void ifThere(Consumer<At> rules) {
    if (isThere()) {
      rules.accept(this);
    }
  }

  /// May not become another value.
  void same(@Nullable JsonNode before) {
    JsonNode was = before == null || before.isNull() ? MissingNode.getInstance() : before;
    JsonNode now = isThere() ? value : MissingNode.getInstance();
    boolean bothEmpty = was.isMissingNode() && isEmpty() && !now.isTextual();
    if (!was.equals(now) && !bothEmpty && !withoutEmptyLists(was).equals(withoutEmptyLists(now))) {
      invalid("field is immutable");
    }
  }

  /// The same of data that nothing is known of.
  void exactly(JsonNode before) {
    if (!before.equals(isThere() ? value : MissingNode.getInstance())) {
      invalid("field is immutable");
    }
  }

  /// An empty list says no more than none.
  private static JsonNode withoutEmptyLists(JsonNode value) {
    JsonNode copy = value.deepCopy();
    dropEmptyLists(copy);
    return copy;
  }

  private static void dropEmptyLists(JsonNode value) {
    if (value instanceof ObjectNode object) {
      object.properties().removeIf(each -> each.getValue().isArray() && each.getValue().isEmpty());
    }
    value.forEach(At::dropEmptyLists);
  }

  /// The same of a text, for which absent and empty are one.
  void sameText(JsonNode before) {
    if (!is(before.asText(""))) {
      invalidText("field is immutable");
    }
  }
}
