// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.HashSet;
import java.util.Set;

/// What a schema may say of lists that are merged by their items.
final class ListSchemaRules {
  private static final String TYPE = "x-kubernetes-list-type";
  private static final String KEYS = "x-kubernetes-list-map-keys";

  private ListSchemaRules() {}

  static void check(At schema) {
    At kind = schema.at(TYPE);
    At keys = schema.at(KEYS);
    At items = schema.at("items");
    if (kind.isThere()) {
      SchemaRules.ofType(
          schema.at("type"), "array", "must be array if x-kubernetes-list-type is specified");
      if (schema.at("type").is("array") && kind.is("set")) {
        set(items);
      }
      kind.oneOf("atomic", "set", "map");
    }
    if (!keys.isEmpty()) {
      if (!kind.isThere()) {
        kind.required("must be map if x-kubernetes-list-map-keys is non-empty");
      } else if (!kind.is("map")) {
        kind.invalidText("must be map if x-kubernetes-list-map-keys is non-empty");
      }
    }
    if (kind.is("map")) {
      map(keys, items);
    }
    if (items.value().isObject() && (kind.is("set") || kind.is("map"))) {
      identities(kind, keys, items);
    }
  }

  private static void set(At items) {
    At list = items.at(TYPE);
    At map = items.at("x-kubernetes-map-type");
    String detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    if (items.at("type").is("array") && list.isThere() && !list.is("atomic")) {
      list.invalidText(detail);
    } else if (items.at("type").is("object") && !map.is("atomic")) {
      map.invalid(detail);
    }
  }

  private static void map(At keys, At items) {
    if (keys.isEmpty()) {
      keys.required("must not be empty if x-kubernetes-list-type is map");
    }
    if (!items.isThere()) {
      items.required("must have a schema if x-kubernetes-list-type is map");
      return;
    }
    if (!items.at("type").is("object")) {
      items
          .at("type")
          .invalidText("must be object if parent array's x-kubernetes-list-type is map");
      return;
    }
    Set<String> seen = new HashSet<>();
    for (At key : keys.items()) {
      At property = property(items, key.text());
      String type = property.at("type").text();
      if (!property.isThere()) {
        keys.invalid("entries must all be names of item properties");
      } else if (type.equals("array") || type.equals("object")) {
        property
            .at("type")
            .named(property.path() + ".type")
            .invalidText("must be a scalar type if parent array's x-kubernetes-list-type is map");
      }
      if (!seen.add(key.text())) {
        keys.invalid("must not contain duplicate entries");
      }
    }
  }

  private static At property(At items, String name) {
    At properties = items.at("properties");
    return properties.at(name).named(properties.path() + "[" + name + "]");
  }

  /// An item must always have what it is known by.
  private static void identities(At kind, At keys, At items) {
    if (items.at("nullable").flag()) {
      items
          .at("nullable")
          .forbidden("cannot be nullable when x-kubernetes-list-type is " + kind.text());
    }
    if (!kind.is("map")) {
      return;
    }
    Set<String> required = new HashSet<>();
    items.at("required").items().forEach(each -> required.add(each.text()));
    for (At key : keys.items()) {
      At property = property(items, key.text());
      if (!property.isThere()) {
        continue;
      }
      if (!required.contains(key.text()) && !property.at("default").isThere()) {
        property
            .at("default")
            .required(
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a"
                    + " required property");
      }
      if (property.at("nullable").flag()) {
        property
            .at("nullable")
            .forbidden("this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
      }
    }
  }
}
