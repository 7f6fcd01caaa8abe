// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Opens what lies in a folder that others write to, and never anything outside, however they move
/// links and folders about meanwhile: names are looked up to learn where links lead, and then
/// walked again from the folder on, one by one, without following any.
public final class Beneath {
  private final Path root;

  private Beneath(Path root) {
    this.root = root;
  }

  /// Folders that are not there are made with the mode of the outermost.
  ///
  /// @param below relative, without `..`
  /// @throws IOException when it leads out of the folder, or changes while it is looked for
  public static Descriptor open(Path folder, String below) throws IOException {
    return new Beneath(folder.toRealPath()).open(below);
  }

  /// Opens what is there, and follows no link on the way.
  ///
  /// @param names below the folder, none of which is a link now
  /// @throws IOException when there is nothing, or some name has become a link
  public static Descriptor find(Path folder, Path names) throws IOException {
    Descriptor found = new Beneath(folder).walk(names);
    if (found.isLink()) {
      found.close();
      throw new IOException("it changes while it is opened, at " + names);
    }
    return found;
  }

  private Descriptor open(String below) throws IOException {
    Descriptor held = Descriptor.open(root);
    try {
      int mode = held.mode();
      Path at = root;
      for (String name : below.split("/")) {
        if (name.isEmpty() || name.equals(".")) {
          continue;
        }
        Path wanted = at.resolve(name);
        boolean there = Files.exists(wanted);
        at = there ? inside(wanted, name) : wanted;
        Descriptor next =
            !there
                ? held.makeFolder(name, mode)
                : at.equals(wanted) ? held.open(name) : walk(root.relativize(at));
        held.close();
        held = next;
        if (held.isLink()) {
          throw new IOException("it changes while it is opened, at " + name);
        }
      }
      return held;
    } catch (IOException | RuntimeException e) {
      held.close();
      throw e;
    }
  }

  private Path inside(Path path, String name) throws IOException {
    Path real = path.toRealPath();
    if (!real.startsWith(root)) {
      throw new IOException("it leads out of its volume at " + name);
    }
    return real;
  }

  private Descriptor walk(Path names) throws IOException {
    Descriptor held = Descriptor.open(root);
    for (Path name : names) {
      if (!name.toString().isEmpty()) {
        try (Descriptor last = held) {
          held = last.open(name.toString());
        }
      }
    }
    return held;
  }
}
