// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import java.util.List;

/// Folders on the disks of nodes, which become volumes. Blocking; for many threads.
public interface Disks {
  /// The nodes whose disks are within reach, by name.
  List<String> nodes();

  /// Makes a folder that everybody may write to, and does nothing when it is there.
  ///
  /// @param name a single name
  /// @return its path on the node
  String create(String node, String name);

  /// Deletes a folder with all that is in it. Idempotent.
  void delete(String node, String name);
}
