// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What one entry of a layer's tar says.
///
/// @param name without `.` and slashes that say nothing, empty for the root
/// @param link of a link, where it leads; else empty
/// @param file of a file, the number under which its content lies beside; else -1
record LayerEntry(
    String name,
    Kind kind,
    int mode,
    int user,
    int group,
    long seconds,
    int nanos,
    String link,
    int file) {
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  enum Kind {
    FILE,
    FOLDER,
    SYMBOLIC_LINK,
    HARD_LINK,
    PIPE
  }

  private String last() {
    return name.substring(name.lastIndexOf('/') + 1);
  }

  String folder() {
    int slash = name.lastIndexOf('/');
    return slash < 0 ? "" : name.substring(0, slash);
  }

  /// Whether it stands for something that is not there any more.
  boolean isWhiteout() {
    return last().startsWith(WHITEOUT);
  }

  /// Whether it hides all that lower layers have in its folder.
  boolean isOpaque() {
    return last().equals(OPAQUE);
  }

  /// The name that a whiteout hides, null when there can be no such name.
  @Nullable String hidden() {
    String gone = last().substring(WHITEOUT.length());
    return gone.isEmpty() || gone.equals(".") || gone.equals("..") ? null : gone;
  }

  Instant modified() {
    return Instant.ofEpochSecond(seconds, nanos);
  }
}
