// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import java.util.List;

/// Folders on the disks of nodes, which become volumes. Blocking; for many threads.
public interface Disks {
  /// The nodes whose disks are within reach, by name.
  List<String> nodes();

  /// The path on the node of a folder, whether it is there or not.
  ///
  /// @param name a single name
  String path(String node, String name);

  /// Makes a folder that everybody may write to, and does nothing when it is there.
  void create(String node, String name);

  /// Deletes a folder with all that is in it. Idempotent.
  void delete(String node, String name);
}
