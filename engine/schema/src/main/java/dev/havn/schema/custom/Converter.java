// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// Makes of custom objects of one version what they are in another.
@FunctionalInterface
public interface Converter {
  /// Only the name of the version differs.
  Converter NONE =
      (objects, apiVersion) -> {
        objects.forEach(object -> object.put("apiVersion", apiVersion));
        return objects;
      };

  /// Converts objects, which it may change; those that are of the version already stay.
  ///
  /// @return as many, in the same order
  List<ObjectNode> convert(List<ObjectNode> objects, String apiVersion);
}
