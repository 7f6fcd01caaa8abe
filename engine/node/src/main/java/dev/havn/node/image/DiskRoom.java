// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.kernel.FileSystemFigures;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;

/// What images leave free on the disk, which they share with pods and with the records of the
/// cluster. An image that is too large is refused before others have nothing left to write to, and
/// before the node is so short of its disk that pods have to go.
public final class DiskRoom {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final long LOOK_EVERY_BYTES = 1L << 20;
  private static final int LOOK_EVERY_FILES = 20_000;

  private final Path folder;
  private final EvictionPolicy policy;

  /// @param policy which says when pods have to go
  DiskRoom(Path folder, EvictionPolicy policy) {
    this.folder = folder;
    this.policy = policy;
  }

  /// A quarter more than that, for what others write meanwhile.
  private long kept(boolean inBytes, long capacity) {
    return policy.diskKept(inBytes, capacity) / 4 * 5;
  }

  /// Asks for room before anything is written.
  ///
  /// @param what needs it
  /// @throws IOException when there would be too little left
  public void require(String what, long bytes) throws IOException {
    long left = folder.toFile().getUsableSpace();
    long kept = kept(true, folder.toFile().getTotalSpace());
    if (left - bytes < kept) {
      throw new IOException(
          "no space left on device: %s needs %d bytes more, and of the %d that are free the node keeps %d"
              .formatted(what, bytes, left, kept));
    }
  }

  /// Looks now and then as something grows: others may have taken the room that was there for it.
  ///
  /// @param before how many bytes of it were there when this was asked last
  /// @param now how many are
  public void requireMore(String what, long before, long now) throws IOException {
    if (before / LOOK_EVERY_BYTES != now / LOOK_EVERY_BYTES) {
      require(what, LOOK_EVERY_BYTES);
    }
  }

  /// Copies all that comes as long as there is room, of which nobody need have said how much it is.
  ///
  /// @return how many bytes came
  long copy(String what, InputStream from, OutputStream to) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    long all = 0;
    long next = 0;
    for (int read = from.read(chunk); read >= 0; read = from.read(chunk)) {
      if (all >= next) {
        require(what, read);
        next = all + LOOK_EVERY_BYTES;
      }
      to.write(chunk, 0, read);
      all += read;
    }
    return all;
  }

  /// What is written through it is there as long as there is room.
  Growing growing(String what, OutputStream to) {
    return new Growing(what, to);
  }

  /// Looks for room now and then as it writes.
  final class Growing extends FilterOutputStream {
    private final String what;
    private long bytes;

    private Growing(String what, OutputStream to) {
      super(to);
      this.what = what;
    }

    /// How many were written.
    long bytes() {
      return bytes;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      requireMore(what, bytes, bytes + length);
      out.write(from, offset, length);
      bytes += length;
    }
  }

  /// Looks now and then whether there may be more files.
  ///
  /// @param count how many there are already
  void requireFiles(String what, int count) throws IOException {
    if (count % LOOK_EVERY_FILES != 0) {
      return;
    }
    FileSystemFigures.Inodes inodes = FileSystemFigures.inodes(folder);
    // Of a file system without a bound there are none.
    if (inodes.all() > 0 && inodes.free() - LOOK_EVERY_FILES < kept(false, inodes.all())) {
      throw new IOException(
          "no space left on device: %s has too many files, of which %d more could be made"
              .formatted(what, inodes.free()));
    }
  }
}
