// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// What a write has made of an object. What is stored is answered as it is stored: its bytes are
/// there already.
sealed interface Written {
  record Stored(StoredObject object) implements Written {}

  /// Of a write that stores nothing: a dry run, one that changes nothing or ends the object.
  record Unstored(ObjectNode object) implements Written {}

  /// A tree of the caller's own, with `resourceVersion`, in the version in which it is stored.
  default ObjectNode tree() {
    return switch (this) {
      case Stored(StoredObject object) -> object.toTree();
      case Unstored(ObjectNode object) -> object;
    };
  }
}
