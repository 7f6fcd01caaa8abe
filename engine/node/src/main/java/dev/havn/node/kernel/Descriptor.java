// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file, folder or link that is held open without being read or written (`O_PATH`): whoever
/// renames things meanwhile does not change which one it is. Links are never followed.
public final class Descriptor implements AutoCloseable {
  private static final int AT_FDCWD = -100;
  private static final int O_PATH = 010000000;
  private static final int O_CLOEXEC = 02000000;
  private static final int O_NOFOLLOW_MOST = 0400000;
  private static final int O_NOFOLLOW_ARM = 0100000;
  private static final int PERMISSIONS = 07777;
  private static final int OWNER_ONLY = 0700;

  private static final MethodHandle OPEN =
      CLibrary.function("openat", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final MethodHandle MAKE_FOLDER =
      CLibrary.function("mkdirat", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final MethodHandle CLOSE = CLibrary.function("close", ValueLayout.JAVA_INT);

  private final int number;
  private boolean closed;

  private Descriptor(int number) {
    this.number = number;
  }

  private static int flags() {
    boolean arm = System.getProperty("os.arch").equals("aarch64");
    return O_PATH | O_CLOEXEC | (arm ? O_NOFOLLOW_ARM : O_NOFOLLOW_MOST);
  }

  /// @throws IOException when there is nothing
  static Descriptor open(Path path) throws IOException {
    return open(AT_FDCWD, path.toString());
  }

  /// @param name in this folder, one name without a slash
  /// @throws IOException when there is nothing, or this is no folder
  Descriptor open(String name) throws IOException {
    return open(number, name);
  }

  private static Descriptor open(int at, String name) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      int opened = (int) OPEN.invokeExact(at, arena.allocateFrom(name), flags());
      if (opened < 0) {
        throw new IOException("nothing can be opened as " + name);
      }
      return new Descriptor(opened);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("opening " + name, e);
    }
  }

  /// Makes a folder in this one; one that is there already is fine.
  ///
  /// @param mode whatever the umask says
  Descriptor makeFolder(String name, int mode) throws IOException {
    int status;
    try (Arena arena = Arena.ofConfined()) {
      status = (int) MAKE_FOLDER.invokeExact(number, arena.allocateFrom(name), OWNER_ONLY);
    } catch (Throwable e) {
      throw new IOException("making " + name, e);
    }
    Descriptor made = open(name);
    if (status == 0 && !made.isLink()) {
      Files.setAttribute(made.path(), "unix:mode", mode);
    }
    return made;
  }

  /// By which programs reach it while it is held.
  public Path path() {
    return Path.of("/proc", String.valueOf(ProcessHandle.current().pid()), "fd", "" + number);
  }

  /// Where it lies now.
  public Path place() throws IOException {
    return Files.readSymbolicLink(path());
  }

  /// What `stat -c %d:%i` says of it.
  public String identity() throws IOException {
    return Files.getAttribute(path(), "unix:dev") + ":" + Files.getAttribute(path(), "unix:ino");
  }

  /// Its permissions.
  public int mode() throws IOException {
    return (int) Files.getAttribute(path(), "unix:mode") & PERMISSIONS;
  }

  public boolean isFolder() throws IOException {
    return kind() == 0040000;
  }

  public boolean isFile() throws IOException {
    return kind() == 0100000;
  }

  public boolean isLink() throws IOException {
    return kind() == 0120000;
  }

  private int kind() throws IOException {
    return (int) Files.getAttribute(path(), "unix:mode") & 0170000;
  }

  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      int unused = (int) CLOSE.invokeExact(number);
    } catch (Throwable e) {
      throw new IOException("closing a descriptor", e);
    }
  }
}
