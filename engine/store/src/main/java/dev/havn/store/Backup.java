// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;

/// A cluster in one file (`docs/formats/backup.md`): all that a store held at one revision, in the
/// form in which it was kept, with what its user needs beside it.
///
/// @param manifest what the file is of, as its writer put it
/// @param files by name
public record Backup(String manifest, Map<String, byte[]> files, Contents contents) {
  static final byte[] MAGIC = "HAVNBAK".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 1;
  static final int HEADER_BYTES = MAGIC.length + 1;

  /// Length and checksum.
  static final int HEAD_BYTES = 8;

  /// The longest part taken: a record of the store and what is around it.
  static final int PART_BYTES_MAX = RecordCodec.RECORD_BYTES_MAX + 1_024;

  static final int DIGEST_BYTES = 32;

  /// The kinds of parts, by their number in the file.
  enum Part {
    MANIFEST,
    FILE,
    ENTRY,
    END
  }

  /// Writes it, readable by its owner only, and makes it durable. A backup that was there before
  /// stays until the new one is whole.
  ///
  /// @return its size in bytes
  /// @throws StoreException when the file cannot be written or is something else
  public long write(Path file) {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      requireOurs(file);
      Files.deleteIfExists(fresh);
      long bytes;
      try (FileChannel channel =
          FileChannel.open(
              fresh,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        writeParts(new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16));
        channel.force(true);
        bytes = channel.size();
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncFolder(file);
      return bytes;
    } catch (IOException e) {
      StoreException failure =
          new StoreException("the backup " + file + " cannot be written: " + e, e);
      removeUnfinished(fresh, failure);
      throw failure;
    }
  }

  private static void removeUnfinished(Path fresh, StoreException failure) {
    try {
      Files.deleteIfExists(fresh);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static void requireOurs(Path file) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    byte[] head = new byte[MAGIC.length];
    if (Files.isRegularFile(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        ByteBuffer window = ByteBuffer.wrap(head);
        while (window.hasRemaining() && channel.read(window) >= 0) {}
      }
    }
    if (!java.util.Arrays.equals(head, MAGIC)) {
      throw new StoreException(
          file + " is there and is no backup of Havn: name another file", null);
    }
  }

  private static void syncFolder(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private void writeParts(OutputStream out) throws IOException {
    BackupDigest digest = new BackupDigest();
    write(ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).put((byte) VERSION).array(), digest, out);
    write(part(Part.MANIFEST, manifest.getBytes(StandardCharsets.UTF_8)), digest, out);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      byte[] name = file.getKey().getBytes(StandardCharsets.UTF_8);
      ByteBuffer body = ByteBuffer.allocate(2 + name.length + file.getValue().length);
      body.putShort((short) name.length).put(name).put(file.getValue());
      write(part(Part.FILE, body.array()), digest, out);
    }
    for (Journal.Write entry : contents.writes()) {
      ByteArrayOutputStream record = new ByteArrayOutputStream();
      RecordCodec.encode(entry, Sealing.NONE, record);
      write(part(Part.ENTRY, record.toByteArray()), digest, out);
    }
    ByteBuffer end = ByteBuffer.allocate(8 + DIGEST_BYTES);
    end.putLong(contents.revision()).put(digest.value());
    out.write(part(Part.END, end.array()));
    out.flush();
  }

  private static void write(byte[] bytes, BackupDigest digest, OutputStream out)
      throws IOException {
    digest.add(bytes);
    out.write(bytes);
  }

  private static byte[] part(Part kind, byte[] body) {
    ByteBuffer part = ByteBuffer.allocate(HEAD_BYTES + 1 + body.length);
    part.position(HEAD_BYTES).put((byte) kind.ordinal()).put(body);
    CRC32C checksum = new CRC32C();
    checksum.update(part.array(), HEAD_BYTES, 1 + body.length);
    return part.putInt(0, 1 + body.length).putInt(4, (int) checksum.getValue()).array();
  }

  /// Reads all of a file and looks at every checksum.
  ///
  /// @throws StoreException when it is none, damaged, unfinished or of an unknown version
  public static Backup read(Path file) {
    try {
      return new BackupReader(file).read();
    } catch (IOException e) {
      throw new StoreException("the backup " + file + " cannot be read: " + e, e);
    }
  }
}
